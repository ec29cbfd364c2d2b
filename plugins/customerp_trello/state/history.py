"""What was done, property by property; only ever added to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Select, case, distinct, func, insert, literal, or_, select

from customerp_trello.state.frames import read_frame
from customerp_trello.state.tables import history, plan
from customerp_trello.state.tables import run as run_table
from customerp_trello.state.transaction import Transaction

BY_HAND = ""
"""Instead of a run: what a person did outside of one."""


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
        actor: who made the edit that this carries, where the system said so.
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
    actor: str = ""


def append_history(tx: Transaction, pair: str, run: str, entries: Iterable[Entry]) -> None:
    """Add entries, stamped with the transaction's moment."""
    stamp = {"pair": pair, "run": run, "at": tx.now}
    tx.execute_many(insert(history), [stamp | asdict(entry) for entry in entries])


_COLUMNS = tuple(column for column in history.c if column.name != "pair")
_OF_RUN = tuple(run_table.c[name] for name in ("dag_id", "airflow_run_id", "action", "started_by"))


def history_of(tx: Transaction, pair: str, record_id: str, property: str | None = None) -> pd.DataFrame:
    """All that happened to a record, oldest first: who changed what, when, from what to what, in which run and why.

    Args:
        tx: any transaction.
        pair: the pair.
        record_id: either id of the record, or one that it had before its link moved.
        property: only this one.

    Returns:
        Frame with the table's columns and, of the run: `dag_id`, `airflow_run_id`, `action`, `started_by`.
    """
    h = history.c
    named = (h.pair == pair) & or_(h.customerp_id == record_id, h.trello_id == record_id)
    links = select(h.link).where(named, h.link.is_not(None))
    query = (
        select(*_COLUMNS, *_OF_RUN)
        .outerjoin_from(history, run_table, run_table.c.id == h.run)
        .where(h.pair == pair, or_(named, h.link.in_(links)))
        .order_by(h.id)
    )
    return read_frame(tx, query if property is None else query.where(h.property == property))


def history_of_run(tx: Transaction, run: str) -> pd.DataFrame:
    """All that a run did, in order (columns as in the table)."""
    return read_frame(tx, select(*_COLUMNS).where(history.c.run == run).order_by(history.c.id))


def counts_of_run(tx: Transaction, run: str) -> dict[tuple[str, str], tuple[int, int]]:
    """What a run did, by (side, operation): the number of changes, and of their lines (one for each property)."""
    c = history.c
    change = (c.side, c.operation, c.change_key, c.link)
    lines = select(*change, func.count().label("lines")).where(c.run == run).group_by(*change).subquery()
    side, operation = lines.c.side, lines.c.operation
    counted = select(side, operation, func.count(), func.sum(lines.c.lines)).group_by(side, operation)
    return {(side, name): (changes, int(each)) for side, name, changes, each in tx.connection.execute(counted).all()}


def has_done(tx: Transaction, run: str, operations: Collection[str]) -> bool:
    """Whether a run did any of these operations."""
    c = history.c
    found = select(c.id).where(c.run == run, c.operation.in_(operations)).limit(1)
    return tx.execute(found).first() is not None


def links_touched(tx: Transaction, run: str, ended: Collection[str]) -> int:
    """The number of links that a run did anything with, those of the operations *ended* left out."""
    c = history.c
    over = select(c.link).where(c.run == run, c.operation.in_(ended), c.link.is_not(None))
    touched = select(func.count(distinct(c.link))).where(c.run == run, c.link.is_not(None), c.link.not_in(over))
    return int(tx.execute(touched).scalar_one())


def recent_counts(
    tx: Transaction, pair: str, since: datetime, memberships: Mapping[str, Collection[str]] | None = None
) -> dict[tuple[str, str], int]:
    """Count changes (not properties) since a moment by (side, operation), for the guard.

    What a person let through or did by hand is left out: it was looked at, and must not hold the small changes that
    follow it.

    Args:
        tx: any transaction.
        pair: the pair.
        since: from when on.
        memberships: operation by which a write of one of these ``property=value`` counts, in place of its own.
    """
    c = history.c
    approved = select(plan.c.run).where(plan.c.pair == pair, plan.c.approved_by != "")
    mine = (c.pair == pair) & (c.at >= since) & c.run.not_in(approved) & (c.run != BY_HAND)
    written, changed = c.property + "=" + func.coalesce(c.after, ""), c.operation.in_(("update", "move", "undo"))
    told = [(changed & written.in_(values), literal(name)) for name, values in (memberships or {}).items()]
    about = case(*told, else_=literal("")) if told else literal("")
    lines = select(c.side, c.operation, c.run, c.change_key, func.max(about).label("about")).where(mine)
    done = lines.group_by(c.side, c.operation, c.run, c.change_key).subquery()
    operation = case((done.c.about != "", done.c.about), else_=done.c.operation)
    counted: Select[str, str, int] = select(done.c.side, operation, func.count()).group_by(done.c.side, operation)
    return {(side, operation): number for side, operation, number in tx.connection.execute(counted).all()}
