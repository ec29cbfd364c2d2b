"""A large company's scenario beside a plain loop of requests: `python -m benchmarks.scenario [CUSTOMERS [CONTACTS]]`.

100,000 customers and 150,000 contacts come to Trello, nothing happens, and people edit: one customer in a hundred, half
of them on each side, and one contact in two hundred. Ours are two pairs, each in a process of its own, as tasks of a
worker are; beside it :mod:`benchmarks.scenario_plain` does the same on the same company in another pair of servers, one
request after another. Trello's caps and rate limits are lifted: under them the first load would take eleven hours.

A row has the seconds and the requests to each system; after it the most memory that each process has had.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.company import CONTACTS, CUSTOMERS, Running, Size, running
from benchmarks.measured import peak_mb, save
from benchmarks.requests_made import OPTIONS
from benchmarks.scenario_plain import Plain

EVERY = 200
"""One in so many is edited in CustomERP, and another one in Trello."""
SYSTEMS = ("customerp", "trello")
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
        running(Path(folder), size, *OPTIONS, requests_per_10_seconds=1_000_000) as systems,
    ):
        yield systems


def ours(size: Size, told: Told) -> dict[str, int]:
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
    peaks = (f"{name} {peak:,} MB" for one in found.values() for name, peak in one["peak_mb"].items())
    return "\n".join([*lines, f"most memory: {'; '.join(peaks)}"])


def main(customers: int = 100_000, contacts: int = 150_000) -> None:
    """Measure both, print the table, leave the figures; fail at once where ours wrote other records than the loop."""
    size = Size(customers, 4, 6, 1, contacts / customers, in_trello=False)
    found: dict[str, Any] = {}

    def keep(name: str, step: str, figures: Step) -> None:
        found[name]["steps"][step] = figures
        save("scenario", {"scenes": found}, "requests", "pandas")  # each takes up to hours
        print(f"{name}, {step}: {figures}", file=sys.stderr, flush=True)
        first = found["plain"]["steps"][step]["writes"]
        if sum(figures["writes"].values()) != sum(first.values()):
            raise SystemExit(f"{step}: {name} wrote {figures['writes']}, the loop {first}")

    for name, act in {"plain": plain, "ours": ours}.items():
        found[name] = {"steps": {}}
        found[name]["peak_mb"] = act(size, partial(keep, name))
    save("scenario", {"scenes": found}, "requests", "pandas")
    print(table(found, size))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
