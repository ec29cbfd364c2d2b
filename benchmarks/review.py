"""How long the review page's views take the server: `python -m benchmarks.review [LINKS] [LINES]`.

The queries and the template of a view; Airflow's answer about rights is not asked for. SQLite and PostgreSQL, each in a
database of its own, which takes some gigabytes while it is there. Every view is asked for with other records each time,
so that no cache knows the answer.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "state"))

from postgres_server import binaries, running_server
from starlette.testclient import TestClient

from benchmarks.measured import save
from benchmarks.review_rows import DAYS, PAIR, RUNS_A_DAY, fill, name_of
from customerp_trello.review import access
from customerp_trello.review.app import build_app
from customerp_trello.review.database import opened
from customerp_trello.state.store import Store

LINKS, LINES, TIMES = 1_000_000, 5_000_000, 40
LIMIT_MS = 300.0
"""No view's p95 may be beyond it."""


class _Somebody:
    def get_name(self) -> str:
        return "benchmark"


def views(links: int) -> dict[str, Callable[[random.Random], tuple[str, str, dict[str, str]]]]:
    """View -> method, address and form of one request, another each time."""
    here = f"/pair/{PAIR}"

    def get(path: Callable[[random.Random], str]) -> Callable[[random.Random], tuple[str, str, dict[str, str]]]:
        return lambda by: ("GET", path(by), {})

    def find(text: Callable[[int], str]) -> Callable[[random.Random], tuple[str, str, dict[str, str]]]:
        return lambda by: ("POST", "/search", {"text": text(by.randrange(links))})

    return {
        "overview": get(lambda by: "/"),
        "pair, 30 days": get(lambda by: here),
        "pair, 24 hours": get(lambda by: f"{here}?span=day"),
        "conflicts": get(lambda by: f"{here}/conflicts?after={by.randrange(links // 600)}"),
        "quarantined": get(lambda by: f"{here}/open/quarantined?after={by.randrange(links // 250)}"),
        "waiting": get(lambda by: f"{here}/open/waiting?after={by.randrange(links // 250)}"),
        "not writable": get(lambda by: f"{here}/not-writable?before={by.randrange(links) // 10 * 10 + 4}"),
        "suspended": get(lambda by: f"{here}/suspended?after={by.randrange(links)}"),
        "runs": get(lambda by: f"{here}/runs"),
        "record": get(lambda by: f"{here}/record/{1 + by.randrange(links)}"),
        "run": get(lambda by: f"{here}/run/{1 + by.randrange(RUNS_A_DAY * DAYS - 1):032x}"),
        "run of a million changes": get(lambda by: f"{here}/run/{0:032x}?after={by.randrange(links)}"),
        "search, number": find(lambda n: f"c{n}"),
        "search, id": find(lambda n: f"t{n}"),
        "search, name": find(name_of),
        "search, a word of a hundred thousand": find(lambda n: name_of(n).split()[0]),
        "search, two words of many": find(lambda n: f"gmbh {name_of(n).split()[1]}"),
        "search, nobody": find(lambda n: f"zebra {n}"),
    }


def measure(store: Store, links: int) -> dict[str, dict[str, float]]:
    """Ask for each view and give its p50, p95 and slowest in milliseconds."""
    app = build_app()
    access._require = lambda *_: None  # type: ignore[assignment]
    app.dependency_overrides = {access.caller: _Somebody, opened: lambda: store}
    found = {}
    with TestClient(app) as client:
        for name, ask in views(links).items():
            by, taken = random.Random(7), []
            for turn in range(TIMES + 2):
                method, path, form = ask(by)
                begun = time.perf_counter()
                answer = client.request(method, path, data=form, headers={"Authorization": "Bearer benchmark"})
                taken.append((time.perf_counter() - begun) * 1000)
                assert answer.status_code == 200, (path, answer.text)
                if turn < 2:
                    taken.clear()  # modules and templates are read once
            cuts = statistics.quantiles(taken, n=20)
            found[name] = {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "max": round(max(taken), 1)}
    return found


@contextmanager
def databases(folder: Path) -> Iterator[Iterator[tuple[str, str]]]:
    """Name and URL of each database to measure on."""

    def each() -> Iterator[tuple[str, str]]:
        yield "SQLite", f"sqlite:///{folder / 'state.db'}"
        if binaries():
            with running_server() as url:
                yield "PostgreSQL", url

    yield each()


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures for people."""
    lines = [f"{'view':<40}" + "".join(f"{name + ' p50':>16}{'p95':>9}" for name in found)]
    for view in next(iter(found.values())):
        lines.append(
            f"{view:<40}" + "".join(f"{one[view]['p50']:>16.1f}{one[view]['p95']:>9.1f}" for one in found.values())
        )
    return "\n".join(lines)


def main(links: int, lines: int) -> int:
    """Fill, measure, print, leave the figures; 1 if a view is too slow."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as each:
        for name, url in each:
            with Store(url) as store:
                begun = time.perf_counter()
                fill(store, links, lines)
                print(f"{name}: {links:,} links, {lines:,} lines in {time.perf_counter() - begun:.0f} s", flush=True)
                found[name] = measure(store, links)
    print(table(found))
    save("review", {"links": links, "lines": lines, "milliseconds": found}, "sqlalchemy", "fastapi", "jinja2")
    slow = [(name, view) for name, one in found.items() for view, figures in one.items() if figures["p95"] > LIMIT_MS]
    print(f"beyond {LIMIT_MS:.0f} ms: {slow or 'none'}")
    return 1 if slow else 0


if __name__ == "__main__":
    sizes = [int(size) for size in sys.argv[1:]]
    sys.exit(main(*(sizes or (LINKS, LINES))))
