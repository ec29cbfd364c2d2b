"""A large company beside a plain loop of requests: `python -m benchmarks.scenario [CUSTOMERS [CONTACTS [WAY ...]]]`.

100,000 customers and 150,000 contacts come to Trello, nothing happens, and people edit: one customer in a hundred, half
of them on each side, and one contact in two hundred. There are three ways, each with a pair of servers of its own:

* `plain`: :mod:`benchmarks.scenario_plain`, one request after another;
* `workers`: both DAGs in Airflow with Celery workers, PostgreSQL, Redis and an object store
  (:mod:`benchmarks.scenario_workers`);
* `embedded`: the pairs on SQLite and without Airflow, each in a process of its own; only when it is asked for.

Trello's caps and rate limits are lifted: under them the first load would take eleven hours. The workers take hours even
so, and a way can be asked for by itself; the figures of the others are kept if they are of the same company.

A row has the seconds and the requests to each system; after it the most memory that each process has had.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.company import CONTACTS, CUSTOMERS, Running, Size, running
from benchmarks.measured import RESULTS, peak_mb, save
from benchmarks.requests_made import OPTIONS
from benchmarks.scenario_plain import Plain
from benchmarks.scenario_workers import Peaks, workers

EVERY = 200
"""One in so many is edited in CustomERP, and another one in Trello."""
SYSTEMS = ("customerp", "trello")
UNLIMITED = {"requests_per_10_seconds": 1_000_000}
Answers = Mapping[str, Any]
Step = dict[str, Any]
Told = Callable[[str, Step], None]


def scenario(systems: Running, go: Callable[[], Answers], told: Told) -> None:
    """First load, a run without a change, edits and a run; *told* gets each step's figures, and what *go* answered."""
    for step, before in (("first load", None), ("no change", None), ("edits", edit)):
        if before:
            before(systems)
        for system in SYSTEMS:
            systems.ask("DELETE", "requests", system=system)
        begun = time.monotonic()
        writes = go()
        seconds = time.monotonic() - begun
        counts = {system: systems.ask("GET", "requests", system=system)["total"] for system in SYSTEMS}
        told(step, {"seconds": round(seconds, 1), "requests": counts, "writes": dict(writes)})


def edit(systems: Running) -> None:
    """Customers get another name, on one side or the other, contacts another role in CustomERP."""
    people = Plain(systems.environment)
    for entity, field in (("customers", "name"), ("contacts", "trello_role")):
        for row in people.listed(entity):
            if row["id"] % EVERY == 0:
                value = "admin" if field == "trello_role" else f"{row['name']} & Sons"
                people.change_in_erp(entity, row["id"], {field: value})
    mine = people.ask_trello("GET", "/members/me/organizations", params={"fields": "displayName"})
    for number, one in enumerate(row for row in mine if row["displayName"].startswith("Customer ")):
        # Of those that were not edited in CustomERP, whose numbers are one more than their names say.
        if number % EVERY == EVERY // 2 and not one["displayName"].endswith("99"):
            people.ask_trello("PUT", f"/organizations/{one['id']}", json={"displayName": f"{one['displayName']} Ltd"})


@contextmanager
def _company(size: Size) -> Iterator[Running]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), size, *OPTIONS, **UNLIMITED) as systems,
    ):
        yield systems


def in_workers(size: Size, told: Told) -> dict[str, int]:
    """Both DAGs on the distributed installation; answers the peak memory of each machine's largest process in MB."""
    with (
        _left_on_failure() as folder,
        workers(folder, size, OPTIONS, UNLIMITED) as running_there,
        Peaks(running_there.systems.folder) as peaks,
    ):
        scenario(running_there.systems, running_there.run, told)
        return dict(sorted(peaks.mb.items()))


@contextmanager
def _left_on_failure() -> Iterator[Path]:
    """A folder for as long as this takes; it stays for a look at the logs if something fails after hours."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    except BaseException:
        print(f"left for a look: {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)


def embedded(size: Size, told: Told) -> dict[str, int]:
    """Both pairs, the customers first; answers each one's peak memory in MB."""
    with _company(size) as systems, systems.pair(CUSTOMERS) as customers, systems.pair(CONTACTS) as contacts:

        def go() -> Answers:
            written = {}
            for pair in (customers, contacts):
                done = pair.run()["steps"]
                written[pair.name] = sum(done[f"load_{system}"]["written"] for system in SYSTEMS)
            return written

        scenario(systems, go, told)
        return {pair.name: peak_mb(pair.process.pid) for pair in (customers, contacts)}


def plain(size: Size, told: Told) -> dict[str, int]:
    """The loop."""
    with _company(size) as systems, systems.process("plain", "benchmarks.scenario_plain") as loop:
        scenario(systems, loop.run, told)
        return {"plain": peak_mb(loop.process.pid)}


def table(found: Mapping[str, Mapping[str, Any]], size: Size) -> str:
    """The figures for people."""
    lines = [
        f"{size.customers:,} customers and {int(size.customers * size.contacts_of_each):,} contacts; Trello's caps and "
        "rate limits lifted",
        f"{'':<24} {'written':>9} {'seconds':>9} {'to CustomERP':>12} {'to Trello':>10}",
    ]
    for name, one in found.items():
        for step, row in one["steps"].items():
            asked = row["requests"]
            lines.append(
                f"{name + ', ' + step:<24} {sum(row['writes'].values()):>9,} {row['seconds']:>9,.1f} "
                f"{asked['customerp']:>12,} {asked['trello']:>10,}"
            )
    for name, one in found.items():
        peaks = (f"{process} {peak:,} MB" for process, peak in one["peak_mb"].items())
        lines.append(f"most memory of a process, {name}: {'; '.join(peaks)}")
    return "\n".join(lines)


WAYS = {"plain": plain, "workers": in_workers, "embedded": embedded}
USUAL = ("plain", "workers")


def main(customers: int = 100_000, contacts: int = 150_000, *ways: str) -> None:
    """Measure, print the table, leave the figures; fail at once where ours wrote other records than the loop.

    Raises:
        SystemExit: that, or there is no such way.
    """
    if unknown := set(ways) - WAYS.keys():
        raise SystemExit(f"There is no way {', '.join(sorted(unknown))}: {', '.join(WAYS)}")
    size = Size(customers, 4, 6, 1, contacts / customers, in_trello=False)
    asked = [customers, contacts]
    found = _kept(asked)

    def leave() -> None:
        save("scenario", {"company": asked, "scenes": found}, "requests", "pandas")

    def keep(name: str, step: str, figures: Step) -> None:
        found[name]["steps"][step] = figures
        leave()  # the next one takes up to hours
        print(f"{name}, {step}: {figures}", file=sys.stderr, flush=True)
        first = found.get("plain", {}).get("steps", {}).get(step, figures)["writes"]
        if sum(figures["writes"].values()) != sum(first.values()):
            raise SystemExit(f"{step}: {name} wrote {figures['writes']}, the loop {first}")

    for name in ways or USUAL:
        found[name] = {"steps": {}, "peak_mb": {}}
        found[name]["peak_mb"] = WAYS[name](size, partial(keep, name))
        leave()
    print(table(found, size))


def _kept(asked: list[int]) -> dict[str, Any]:
    """What an earlier measurement of the same company has left."""
    path = RESULTS / "scenario.json"
    left = json.loads(path.read_text()) if path.exists() else {}
    return dict(left["scenes"]) if left.get("company") == asked else {}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])
