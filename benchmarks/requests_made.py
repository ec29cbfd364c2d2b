"""Requests to Trello that a run without any change needs: `python -m benchmarks.requests_made [DIVISOR]`.

800 organizations, 5,000 members in 50 staff workspaces, 5,000 project comments, two contacts in each of the 800
workspaces; everything is linked and equal. The sandbox's Trello counts. With a DIVISOR the company is so much smaller.
"""

from __future__ import annotations

import sys
import tempfile
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.company import CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS, Running, Size, running
from benchmarks.measured import save

OPTIONS = ("--no-caps", "--rate-limits", "off")
"""Of the sandbox's Trello: 850 workspaces are a member's most, and nothing is measured here but how many requests."""

LISTINGS = {
    CUSTOMERS: ("GET /1/members/{id}/organizations", "one listing has all organizations"),
    EMPLOYEES: ("GET /1/batch", "the memberships of ten staff workspaces in a request"),
    PROJECTS: ("GET /1/cards/{id}/actions", "1,000 comments in a request, one of them twice, and one to see the end"),
    CONTACTS: ("GET /1/batch", "the memberships of ten workspaces in a request: customers' and staff's"),
}


def size_of(divisor: int) -> Size:
    """The company."""
    return Size(800 // divisor, 5000 // divisor, 5000 // divisor, ceil(50 / divisor), 2, in_trello=True)


def needed(size: Size) -> dict[str, int]:
    """How many requests the listing of each pair may take."""
    staff = ceil(size.staff_workspaces / 10)
    # Each further page repeats one comment at least; those of the same millisecond come again with it.
    pages = ceil(size.projects / 999) + 1
    contacts = ceil((size.customers + size.staff_workspaces) / 10)
    return {CUSTOMERS: 1, EMPLOYEES: staff, PROJECTS: pages, CONTACTS: contacts}


def measure(systems: Running, pair: str) -> dict[str, Any]:
    """The requests of a run without a change; runs before it link and settle everything."""
    with systems.pair(pair) as process:
        for _ in range(4):
            systems.ask("DELETE", "requests")
            done = process.run()
            if not done["changes"]:
                break
        else:
            raise SystemExit(f"{pair}: a fourth run in a row still finds changes: {done['changes']}")
        return {"requests": systems.ask("GET", "requests")["requests"], "records": _records(done)}


def _records(done: dict[str, Any]) -> int:
    return int(done["steps"]["extract_trello"]["records"])


def table(found: dict[str, dict[str, Any]], allowed: dict[str, int]) -> str:
    """The figures for people."""
    lines = [
        "Requests to Trello in a run without a change, counted by the server",
        f"{'pair':<40} {'records':>8} {'listing':>8} {'at most':>8} {'all':>5}",
    ]
    for pair, one in found.items():
        listing, why = LISTINGS[pair]
        requests = one["requests"]
        lines.append(
            f"{pair:<40} {one['records']:>8,} {requests.get(listing, 0):>8} {allowed[pair]:>8} "
            f"{sum(requests.values()):>5}"
        )
        lines.append(f"    {listing}: {why}")
        others = ", ".join(f"{route} {count}" for route, count in requests.items() if route != listing)
        lines.append(f"    besides: {others or 'nothing'}")
    return "\n".join(lines)


def main(divisor: int = 1) -> None:
    """Measure, print the table, leave the figures; fail where a listing takes more than it needs."""
    size = size_of(divisor)
    allowed = needed(size)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), size, *OPTIONS, requests_per_10_seconds=100_000) as systems,
    ):
        found = {pair: measure(systems, pair) for pair in (CUSTOMERS, EMPLOYEES, PROJECTS, CONTACTS)}
    print(table(found, allowed))
    save("requests", {"allowed": allowed, "pairs": found}, "requests")
    more = [pair for pair, one in found.items() if one["requests"].get(LISTINGS[pair][0], 0) > allowed[pair]]
    if more:
        raise SystemExit(f"More requests than needed: {', '.join(more)}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
