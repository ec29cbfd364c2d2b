"""What was done, property by property; only ever added to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Select, func, insert, or_, select

from customerp_trello.state.frames import read_frame
from customerp_trello.state.tables import history, plan
from customerp_trello.state.transaction import Transaction


@dataclass(frozen=True)
class Entry:
    """One property of one change (or a whole-record change, with property "").

    Attributes:
        side: where it was written, "" for state only.
        operation: create, update, delete, move, link, adopt...
        change_key: names the change within its run; entries of one change share it.
        customerp_id, trello_id: the records after the change, "" if none.
        before, after: the target's values, None unknown.
        link: the link's number, None if none.
        cause, winner: why, and who won where both had changed.
    """

    side: str
    operation: str
    change_key: str
    customerp_id: str = ""
    trello_id: str = ""
    property: str = ""
    before: str | None = None
    after: str | None = None
    link: int | None = None
    cause: str = ""
    winner: str = ""


def append_history(tx: Transaction, pair: str, run: str, entries: Iterable[Entry]) -> None:
    """Add entries, stamped with the transaction's moment."""
    stamp = {"pair": pair, "run": run, "at": tx.now}
    tx.execute_many(insert(history), [stamp | asdict(entry) for entry in entries])


_COLUMNS = tuple(column for column in history.c if column.name != "pair")


def history_of(tx: Transaction, pair: str, record_id: str, property: str | None = None) -> pd.DataFrame:
    """All that happened to a record, under either of its ids, oldest first (columns as in the table)."""
    mine = or_(history.c.customerp_id == record_id, history.c.trello_id == record_id)
    query = select(*_COLUMNS).where(history.c.pair == pair, mine).order_by(history.c.id)
    return read_frame(tx, query if property is None else query.where(history.c.property == property))


def history_of_run(tx: Transaction, run: str) -> pd.DataFrame:
    """All that a run did, in order (columns as in the table)."""
    return read_frame(tx, select(*_COLUMNS).where(history.c.run == run).order_by(history.c.id))


def recent_counts(tx: Transaction, pair: str, since: datetime) -> dict[tuple[str, str], int]:
    """Count changes (not properties) since a moment by (side, operation), for the guard.

    What a person let through is left out: it was looked at, and must not hold the small changes that follow it.
    """
    c = history.c
    approved = select(plan.c.run).where(plan.c.pair == pair, plan.c.approved_by != "")
    mine = (c.pair == pair) & (c.at >= since) & c.run.not_in(approved)
    done = select(c.side, c.operation, c.run, c.change_key).where(mine).distinct().subquery()
    counted: Select[str, str, int] = select(done.c.side, done.c.operation, func.count()).group_by(
        done.c.side, done.c.operation
    )
    return {(side, operation): number for side, operation, number in tx.connection.execute(counted).all()}
