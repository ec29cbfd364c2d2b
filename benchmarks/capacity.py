"""What both systems' limits leave room for: `python -m benchmarks.capacity --customers 800 --projects 20000 ...`.

Computed, not measured: no sync can be quicker than this, since every request to Trello needs a place within its
token's limit. How near the real one comes is in MEASURED. `docs/write_capacity.py` writes docs/capacity.md from it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from math import ceil

PLACES, WINDOW = 100, 10.0
"""Requests that Trello takes from a token in so many seconds (300 for a key, so three tokens at most gain anything)."""

ANSWER = 0.25
"""Seconds that Trello takes to answer. A place is held until WINDOW after the answer."""

# https://support.atlassian.com/trello/docs/ and the answers of the API: most workspaces of a member, most members of a
# workspace. A free one takes ten, those who are invited included; nobody of this size has one.
WORKSPACES, MEMBERS = 850, 4000

BATCH, COMMENTS, ERP_PAGE = 10, 999, 500
"""What a request reads: workspaces with their members; comments, one of each page twice; records of the ERP."""

# Requests to Trello for one record, as sides/ sends them (a test counts them). A record is read again just before it is
# changed, and a member's standing after it; for a workspace the activity tells whether somebody was faster. Before an
# invitation it is read who is in.
CREATE = {"customers": 1, "employees": 2, "contacts": 2, "projects": 1}
UPDATE = {"customers": 3, "employees": 4, "contacts": 4, "projects": 2}

LINK_BYTES, CHANGE_BYTES = 1500, 1400
"""Of the state database: a link with its words to search by; a changed property's line of history and write."""

RUN_BYTES, FRAME_BYTES = 60_000, 50
"""Of a run's tables: whatever there is to do, and a record of one side with eight short texts, as parquet."""

RECONCILE_SECONDS, RECONCILE_MB = (0.15, 3.05), (150, 2020)
"""What a run costs at least, and for each million records more: `make bench` at 10,000 and 1,000,000."""

IN_MEMORY = 1_000_000
LARGE_SECONDS, LARGE_MB = (0.2, 3.0), (870, 228)
"""The same of a pair with more records on a side than are taken into memory: `make bench-large`."""


@dataclass(frozen=True)
class Company:
    """How many records there are, and how many of them change in a day.

    Attributes:
        changes: properties edited a day, on both sides together, for each hundred records.
        staff_workspaces: whose members are employees.
    """

    customers: int = 800
    employees: int = 500
    contacts: int = 1600
    projects: int = 5000
    staff_workspaces: int = 2
    changes: float = 2.0

    @property
    def records(self) -> dict[str, int]:
        """Pair -> records."""
        return {pair: getattr(self, pair) for pair in CREATE}


def rate(answer: float = ANSWER) -> float:
    """Requests a second that one token may send for hours."""
    return PLACES / (WINDOW + answer)


def listing(company: Company) -> dict[str, int]:
    """Requests to Trello of a run that has nothing to do: pair -> requests."""
    workspaces = company.customers + company.staff_workspaces
    return {
        "customers": 1 + 2,
        "employees": ceil(company.staff_workspaces / BATCH) + 2,
        "contacts": ceil(workspaces / BATCH) + 2,
        "projects": ceil(company.projects / COMMENTS) + 1 + 2,
    }


def first_load(company: Company) -> dict[str, int]:
    """Requests to Trello that a first load needs in which nothing is there yet: pair -> requests."""
    nothing = Company(company.customers, 0, 0, 0, company.staff_workspaces)
    listed = listing(nothing)
    return {pair: listed[pair] + CREATE[pair] * number for pair, number in company.records.items()}


def daily_writes(company: Company) -> dict[str, int]:
    """Requests to Trello that a day's changes need: pair -> requests."""
    return {pair: ceil(number * company.changes / 100) * UPDATE[pair] for pair, number in company.records.items()}


def run_seconds(company: Company, answer: float = ANSWER) -> float:
    """The shortest time in which all four pairs can be looked through once, if nothing has changed."""
    return shortest(sum(listing(company).values()), answer)


def most_changes(company: Company, every_minutes: float = 15.0) -> int:
    """Changed records a day after which the limit is used up, if every pair runs so often."""
    runs = 24 * 60 / every_minutes
    free = rate() * 86_400 - runs * sum(listing(company).values())
    return max(0, int(free / max(UPDATE.values())))


def erp_pages(company: Company) -> int:
    """Requests to the ERP of a complete listing of all four kinds."""
    return sum(ceil(number / ERP_PAGE) for number in company.records.values())


def state_bytes(company: Company, days: int = 90) -> float:
    """The state database after so many days."""
    records = sum(company.records.values())
    # The first load is a change of each property; after the retention its lines are forgotten.
    return records * (LINK_BYTES + (8 + company.changes / 100 * days) * CHANGE_BYTES)


def storage_bytes(company: Company, every_minutes: float = 15.0, days: int = 90) -> float:
    """The runs' tables after so many days: Trello's side is listed whole by each run, CustomERP's once a day."""
    runs = 24 * 60 / every_minutes * days
    return len(CREATE) * runs * RUN_BYTES + sum(company.records.values()) * FRAME_BYTES * (runs + days)


def reconcile(records: int) -> tuple[float, float]:
    """Seconds and megabytes of the step *reconcile* for the records of one pair."""
    seconds, megabytes = (LARGE_SECONDS, LARGE_MB) if records > IN_MEMORY else (RECONCILE_SECONDS, RECONCILE_MB)
    millions = records / 1e6
    return seconds[0] + seconds[1] * millions, megabytes[0] + megabytes[1] * millions


def beyond(company: Company) -> list[str]:
    """What of a company Trello itself does not take; empty if it takes all of it."""
    said = []
    if company.customers > WORKSPACES:
        said.append(f"{company.customers:,} customers: a member has {WORKSPACES} workspaces at most")
    if company.employees > company.staff_workspaces * MEMBERS:
        said.append(f"{company.employees:,} employees: a workspace has {MEMBERS:,} members at most")
    if company.contacts > company.customers * MEMBERS:
        said.append(f"{company.contacts:,} contacts: a workspace has {MEMBERS:,} members at most")
    return said


@dataclass(frozen=True)
class Measured:
    """A first load that was measured under Trello's real limits (`make bench-limits`).

    Attributes:
        records: how many were written.
        requests: that Trello counted.
        seconds: from the first to the last request.
        what: for people.
        at_once: whether several records were in flight.
    """

    records: int
    requests: int
    seconds: float
    what: str
    at_once: bool = True


MEASURED_ANSWER = 0.1
MEASURED = (
    Measured(200, 199, 26.1, "projects, one record in flight", at_once=False),
    Measured(2000, 1999, 202.2, "projects"),
    Measured(2800, 2802, 290.2, "projects and customers, SQLite"),
    Measured(2800, 2802, 293.3, "projects and customers, PostgreSQL"),
)

MEASURED_LISTING = {"customers": (800, 3), "employees": (5000, 7), "projects": (5000, 9), "contacts": (1600, 87)}
"""Pair -> records, requests of a run without a change (`make bench-requests`: 800 customers, 50 staff workspaces)."""

MEASURED_RECONCILE = ((10_000, 0.23, 156), (100_000, 0.39, 314), (1_000_000, 3.2, 2167), (10_000_000, 30.1, 3147))
"""Records, seconds, megabytes (`make bench`, `make bench-large`)."""


def shortest(requests: float, answer: float = ANSWER) -> float:
    """Seconds for so many requests: the first PLACES go out at once, each further one waits for a place."""
    return max(answer, (requests - PLACES) / rate(answer))


def duration(seconds: float) -> str:
    """For people: one unit."""
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 1 else f"{seconds:g} seconds"


def size(number: float) -> str:
    """Bytes for people."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB")):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number / 1e3:.0f} kB"


def table(company: Company) -> list[tuple[str, str]]:
    """What can be said of a company: what, how much."""
    largest = max(company.records.values())
    seconds, megabytes = reconcile(largest)
    loading, daily = sum(first_load(company).values()), sum(daily_writes(company).values())
    return [
        ("records", f"{sum(company.records.values()):,}"),
        ("first load, at least", f"{duration(shortest(loading))} ({loading:,} requests to Trello)"),
        (
            "a run of all pairs without a change, at least",
            f"{duration(run_seconds(company))} ({sum(listing(company).values()):,} requests)",
        ),
        (
            "a day's changes, at least",
            f"{duration(shortest(daily))} ({daily:,} requests)",
        ),
        ("changed records a day that the limit allows", f"{most_changes(company):,}"),
        ("a complete listing of the ERP", f"{erp_pages(company):,} requests"),
        ("*reconcile* of the largest pair", f"{seconds:.1f} s, {megabytes / 1000:.1f} GB"),
        ("state database after 90 days", size(state_bytes(company))),
        ("runs' tables kept for 90 days", size(storage_bytes(company))),
        ("runs' tables kept for 7 days", size(storage_bytes(company, days=7))),
        ("what Trello does not take", "; ".join(beyond(company)) or "nothing"),
    ]


def main() -> None:
    """Print the table for the company that the options describe."""
    parser = argparse.ArgumentParser(description="The shortest times that both systems' limits allow.")
    for one in fields(Company):
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=type(one.default), default=one.default)
    company = Company(**vars(parser.parse_args()))
    width = max(len(what) for what, _ in table(company))
    for what, much in table(company):
        print(f"{what.replace('*', ''):<{width}}  {much}")


if __name__ == "__main__":
    main()
