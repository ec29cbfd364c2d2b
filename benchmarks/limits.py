"""First loads under Trello's limits: `python -m benchmarks.limits [PROJECTS [CUSTOMERS]]`, a quarter of an hour.

2,000 projects become comments, alone and beside 800 customers that become workspaces, each pair in a process of its own
on one token. The sandbox's Trello has Trello's own limits and takes a tenth of a second for an answer; it counts what
comes and what it refuses. A row says which share of the permitted rate was used: how full the whole windows were, from
the first request on.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.company import CUSTOMERS, PROJECTS, REPOSITORY, Pair, Running, Size, running
from benchmarks.measured import save

sys.path.append(str(REPOSITORY / "tests" / "state"))

from postgres_server import binaries, running_server

LIMIT, WINDOW = 100, 10.0
ANSWER_SECONDS = 0.1
"""What a request to Trello takes, from far away."""


@dataclass(frozen=True)
class Scene:
    """What is measured."""

    title: str
    pairs: tuple[str, ...]
    size: Size
    in_flight: int = 8
    postgres: bool = False


def scenes(projects: int, customers: int) -> list[Scene]:
    """All of them; without a PostgreSQL server that is said, and left out."""

    def size(projects: int, customers: int) -> Size:
        return Size(customers, projects, 50, 1, 0, in_trello=False)

    few = size(projects // 10, 20)
    found = [
        Scene("projects, one record in flight", (PROJECTS,), few, in_flight=1),
        Scene("projects", (PROJECTS,), size(projects, 20)),
        Scene("projects and customers", (PROJECTS, CUSTOMERS), size(projects, customers)),
    ]
    if binaries():
        both = size(projects, customers)
        found.append(Scene("projects and customers, PostgreSQL", (PROJECTS, CUSTOMERS), both, postgres=True))
    else:
        print("No PostgreSQL is installed here: not measured with it.")
    return found


def measure(scene: Scene) -> dict[str, Any]:
    """One first load."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), scene.size, writes_in_flight=scene.in_flight) as systems,
        _state_url(scene) as state,
        ExitStack() as stack,
    ):
        processes = [stack.enter_context(systems.pair(name, *state)) for name in scene.pairs]
        systems.ask("POST", "faults", match="* *", kind=f"slow:{ANSWER_SECONDS}", times=10**9)
        for process in processes:
            process.start()
        seen = list(_watch(systems, processes))
        written = sum(process.answer()["steps"]["load_trello"]["written"] for process in processes)
        most = systems.ask("GET", "limits")["most"]["token"]
        return _figures(seen) | {"written": written, "most_in_a_window": most}


@contextmanager
def _state_url(scene: Scene) -> Iterator[Sequence[str]]:
    if not scene.postgres:
        yield ()
        return
    with running_server() as url:
        yield (url,)


def _watch(systems: Running, processes: Sequence[Pair]) -> Iterator[tuple[float, dict[str, Any]]]:
    """What the server has counted, from the first write until nothing came for a while; (seconds, counts)."""
    last, quiet_since = -1, time.monotonic()
    while time.monotonic() - quiet_since < 3 * WINDOW:
        now, counts = time.monotonic(), systems.ask("GET", "requests")
        if counts["total"] != last or not counts["writes_taken"]:
            last, quiet_since = counts["total"], now
            if counts["writes_taken"]:
                yield now, counts
        if any(process.process.poll() for process in processes):
            raise SystemExit("\n".join(process.log.read_text() for process in processes))
        time.sleep(0.1)


def _figures(seen: list[tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    (begun, first), (ended, last) = seen[0], seen[-1]
    requests, seconds = last["total"] - first["total"], ended - begun
    windows = max(1, int(seconds // WINDOW))
    within = max(counts["total"] for at, counts in seen if at <= begun + windows * WINDOW) - first["total"]
    share = within / (windows * LIMIT)
    return {
        "requests": requests,
        "seconds": round(seconds, 1),
        "share": round(share, 4),
        "refused_429": last["refused_429"],
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures for people."""
    lines = [
        f"First loads under Trello's limit of {LIMIT} requests in {WINDOW:.0f} s, an answer taking {ANSWER_SECONDS} s",
        f"{'':<36} {'written':>8} {'requests':>8} {'seconds':>8} {'of the rate':>11} {'most/10 s':>9} {'429':>4}",
    ]
    for title, one in found.items():
        lines.append(
            f"{title:<36} {one['written']:>8,} {one['requests']:>8,} {one['seconds']:>8.1f} {one['share']:>11.1%} "
            f"{one['most_in_a_window']:>9} {one['refused_429']:>4}"
        )
    return "\n".join(lines)


def main(projects: int = 2000, customers: int = 800) -> None:
    """Measure, print the table, leave the figures; fail where a load was refused or left the limit unused."""
    found = {}
    for scene in scenes(projects, customers):
        found[scene.title] = measure(scene)
        print(f"{scene.title}: {found[scene.title]}", file=sys.stderr, flush=True)
    print(table(found))
    save("limits", {"scenes": found}, "requests", "sqlalchemy")
    if any(one["refused_429"] for one in found.values()):
        raise SystemExit("Trello had to refuse requests.")
    if any(one["share"] < 0.95 for title, one in found.items() if "one record" not in title):
        raise SystemExit("Less than 95 % of the permitted rate was used.")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
