"""Write docs/capacity.md and its plot: `.venv/bin/python docs/write_capacity.py`; a test compares them."""
# ruff: noqa: E501 - rows of tables are as long as they are

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from benchmarks.capacity import (  # noqa: E402 - the folder has to be known first
    ANSWER,
    CREATE,
    MEASURED,
    MEASURED_ANSWER,
    MEASURED_LISTING,
    MEASURED_RECONCILE,
    PLACES,
    UPDATE,
    WINDOW,
    Company,
    Measured,
    duration,
    listing,
    rate,
    reconcile,
    shortest,
    table,
)

COMPANIES = {
    "small": Company(100, 60, 200, 500, 1, 2.0),
    "medium": Company(800, 500, 1600, 5000, 2, 2.0),
    "large": Company(850, 4000, 40_000, 100_000, 2, 2.0),
    "beyond": Company(850, 4000, 150_000, 1_000_000, 2, 2.0),
}
_WHAT = {
    "customers": "a customer's workspace",
    "employees": "an employee",
    "contacts": "a contact",
    "projects": "a project",
}


def pages() -> dict[str, str]:
    """File name -> text."""
    return {"capacity.md": page(), "capacity.svg": plot()}


def page() -> str:
    """The page."""
    return "\n".join([_head(), _companies(), _formulas(), _ceilings(), _measured()])


def _head() -> str:
    return f"""# Capacity

Made by `docs/write_capacity.py` from `benchmarks/capacity.py`; do not edit this page. For a company of your own:

```
.venv/bin/python -m benchmarks.capacity --customers 800 --employees 500 --contacts 1600 --projects 5000 --changes 2
```

What decides is Trello: {PLACES} requests in {WINDOW:.0f} seconds for a token, for all pairs and all workers together. A place
is held until {WINDOW:.0f} seconds after the answer, so that with answers after {ANSWER} s at most {rate():.2f} requests a second
are possible. More workers, processors or memory do not make a load quicker; they keep several pairs from waiting for
one another. The times below are the shortest that this allows; [below](#measured-beside-it) is how near the real ones are.
"""


def _companies() -> str:
    columns = {name: table(company) for name, company in COMPANIES.items()}
    rows = [[what, *(column[at][1] for column in columns.values())] for at, (what, _) in enumerate(columns["small"])]
    sizes = [[pair, *(f"{company.records[pair]:,}" for company in COMPANIES.values())] for pair in CREATE]
    return (
        "## Four companies\n\nTwo records in a hundred change in a day, on either side; every pair runs every 15 minutes.\n\n"
        + _grid(["", *COMPANIES], [*sizes, *rows])
    )


def _formulas() -> str:
    rows = [[_WHAT[pair], str(CREATE[pair]), str(UPDATE[pair])] for pair in CREATE]
    return (
        "## What is counted\n\nRequests to Trello for one record that is written:\n\n"
        + _grid(["", "new", "changed"], rows)
        + """
A changed record is read again just before it is written, and a workspace's activity is read after it, since Trello has no
conditional writes. Two more requests a run ask who the token's member is and where the register card lies.

| listing | requests |
|---|---|
| workspaces | 1 |
| members | one for ten workspaces; contacts look into every customer's, since a profile changes without a sign |
| projects | one for 999 comments, and one to see the end |
| the ERP | one for 500 records (the profile's page), of which only the changes since the last run are asked for |

A run needs time for itself as well, which no limit explains: Airflow's twelve tasks take some ten seconds, and *reconcile*
what the table says. With Trello's limits lifted, two Celery workers wrote 100,000 customers in 29 minutes and 150,000
contacts in 84 (`make bench-scenario`): a fraction of what the limits ask for. The first run after such a load takes 4
ms more for each person that it invited: it notes the name that Trello shows.
"""
    )


def _ceilings() -> str:
    million, ten = reconcile(1_000_000), reconcile(10_000_000)
    return f"""## Where the ceiling is

| what | ceiling | what to do |
|---|---|---|
| customers | 850: a member's workspaces | another account, with pairs of its own |
| people in a workspace | 4,000; 10 in a free one | a paid plan |
| first load | {duration(shortest(100_000))} for 100,000 records, {duration(shortest(1_000_000))} for a million; people take twice as long | start it on a Friday; it goes on where it stopped, whatever happens |
| changes | about {int(rate() * 86_400 / max(UPDATE.values()) // 1000 * 1000):,} records a day, less what the runs need to look | a longer schedule for pairs that seldom change |
| memory | *reconcile* takes a pair of up to a million records into memory ({million[1] / 1000:.1f} GB) and decides a larger one from disk ({ten[1] / 1000:.1f} GB for ten million that are linked, and as much disk as three listings take); each extraction holds what it has listed | workers of that size (`WORKER_MEMORY`); see [decision 27](decisions/0027-large-pairs-from-disk.md) |
| storage | each run keeps what it has listed for 90 days | `customerp_trello_retention_days`; but history and undo go as far back |
| the ERP | its own limit, if it has one: {850 + 4000 + 150_000 + 1_000_000:,} records are {math.ceil((850 + 4000 + 150_000 + 1_000_000) / 500):,} pages | `full_listing_every_hours` |
"""


def _measured() -> str:
    loads = [
        [
            one.what,
            f"{one.records:,}",
            f"{shortest(one.requests, MEASURED_ANSWER):.0f} s",
            f"{one.seconds} s",
            _ratio(one),
        ]
        for one in MEASURED
    ]
    company = Company(800, 5000, 1600, 5000, 50)
    listed = [
        [pair, f"{records:,}", str(listing(company)[pair]), str(requests)]
        for pair, (records, requests) in MEASURED_LISTING.items()
    ]
    steps = [
        [
            f"{records:,}",
            *(f"{reconcile(records)[0]:.1f} s|{seconds} s|{reconcile(records)[1]:,.0f} MB|{memory:,} MB").split("|"),
        ]
        for records, seconds, memory in MEASURED_RECONCILE
    ]
    return (
        "## Measured beside it\n\nFirst loads under Trello's real limits, answers after "
        f"{MEASURED_ANSWER} s (`make bench-limits`):\n\n"
        + _grid(["first load", "records", "computed", "measured", "ratio"], loads)
        + "\n![First loads: computed and measured](capacity.svg)\n\n"
        "With one record in flight it is the answers that are waited for, not the limit.\n\n"
        "Requests of a run without a change, 50 staff workspaces (`make bench-requests`):\n\n"
        + _grid(["pair", "records", "computed", "measured"], listed)
        + "\n*Reconcile* (`make bench`, `make bench-large`):\n\n"
        + _grid(["records", "computed", "measured", "memory, computed", "measured"], steps)
    )


def _ratio(one: Measured) -> str:
    return f"{one.seconds / shortest(one.requests, MEASURED_ANSWER):.2f}"


def _grid(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


# -- the plot ----------------------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 420, 70, 24, 20, 50
_RECORDS, _SECONDS = (100.0, 1e7), (1.0, 2e6)
_TIMES = {"1 minute": 60, "1 hour": 3600, "1 day": 86_400, "1 week": 604_800}
_STYLE = (
    "text{font:12px sans-serif;fill:#555}.grid{stroke:#8884;fill:none}.line{stroke:#0b66c3;stroke-width:2;fill:none}"
    ".many{fill:#d9480f}.one{fill:none;stroke:#d9480f;stroke-width:2}"
)


def plot() -> str:
    """Time of a first load over its records, both logarithmic: the limit's line, and what was measured."""
    parts = [*_grid_lines(), f'<polyline class="line" points="{_curve()}"/>', *_points(), *_words()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="First loads: computed and measured">\n<style>{_STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _x(records: float) -> float:
    return _LEFT + _share(records, _RECORDS) * (_WIDTH - _LEFT - _RIGHT)


def _y(seconds: float) -> float:
    return _HEIGHT - _BOTTOM - _share(seconds, _SECONDS) * (_HEIGHT - _TOP - _BOTTOM)


def _share(value: float, ends: tuple[float, float]) -> float:
    return math.log(value / ends[0]) / math.log(ends[1] / ends[0])


def _grid_lines() -> list[str]:
    parts = []
    for power in range(2, 8):
        x = _x(10**power)
        parts.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 30}" text-anchor="middle">{10**power:,}</text>')
    for name, seconds in _TIMES.items():
        y = _y(seconds)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
    return parts


def _curve() -> str:
    powers = [2.01 + step * 0.1 for step in range(50)]
    return " ".join(f"{_x(10**power):.1f},{_y(max(1.0, shortest(10**power, MEASURED_ANSWER))):.1f}" for power in powers)


def _points() -> list[str]:
    return [
        f'<circle class="{"many" if one.at_once else "one"}" cx="{_x(one.records):.1f}" cy="{_y(one.seconds):.1f}" r="4">'
        f"<title>{one.what}: {one.records:,} in {one.seconds} s</title></circle>"
        for one in MEASURED
    ]


def _words() -> list[str]:
    x, y = _LEFT + 20, _TOP + 16
    return [
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" text-anchor="middle">records in a first load</text>',
        f'<path class="line" d="M{x} {y - 4}h24"/><text x="{x + 32}" y="{y}">shortest time that Trello\'s limit allows</text>',
        f'<circle class="many" cx="{x + 12}" cy="{y + 16}" r="4"/><text x="{x + 32}" y="{y + 20}">measured</text>',
        f'<circle class="one" cx="{x + 12}" cy="{y + 36}" r="4"/>'
        f'<text x="{x + 32}" y="{y + 40}">measured, one record in flight</text>',
    ]


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
