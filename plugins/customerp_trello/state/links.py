"""Links: which record is bound to which. Within a pair no id is in two links."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Column, delete, func, insert, or_, select, update

from customerp_trello.errors import RecordError, RecordMissing
from customerp_trello.state.bases import both, not_writable, texts
from customerp_trello.state.frames import read_frame
from customerp_trello.state.search import SearchIndex
from customerp_trello.state.tables import CUSTOMERP, Side, conflict, link
from customerp_trello.state.transaction import Transaction, chunks

LINKED, SUSPENDED = "linked", "suspended"


@dataclass(frozen=True)
class NewLink:
    """A link to be made.

    Attributes:
        customerp_id, trello_id: what it binds.
        customerp, trello: property -> base text of that side; what is left out has no base yet.
        marks: property -> cause of a standing difference (`normalised`, `not_writable: ...`).
        written_customerp, written_trello: modified_at that our own last write produced, "" if none.
        included: the last amendment that Trello's comment includes, as its ``_touch``; "" if that is not known.
    """

    customerp_id: str
    trello_id: str
    customerp: Mapping[str, str] = field(default_factory=dict)
    trello: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    written_customerp: str = ""
    written_trello: str = ""
    included: str = ""
    status: str = LINKED
    reason: str = ""


def link_ids(tx: Transaction, pair: str) -> pd.DataFrame:
    """Load the ids alone: `link` (int64), `customerp_id`, `trello_id`, `status`, sorted by link."""
    c = link.c
    query = select(c.id.label("link"), c.customerp_id, c.trello_id, c.status).where(c.pair == pair).order_by(c.id)
    frame = read_frame(tx, query)
    return frame.astype({"link": "int64"})


def add_link(tx: Transaction, pair: str, new: NewLink, *, run: str) -> int:
    """Bind two records and return the link's id.

    Raises:
        RecordError: one of the two is in another link of the pair.
    """
    return add_links(tx, pair, [new], run=run)[0]


def add_links(tx: Transaction, pair: str, new: Iterable[NewLink], *, run: str) -> list[int]:
    """Bind many pairs of records; all or none.

    Returns:
        The new links' ids in the order given.

    Raises:
        RecordError: an id is in another link of the pair, or twice in *new*.
    """
    rows = [_row(item, pair, run, tx.now) for item in new]
    for side in ("customerp_id", "trello_id"):
        _refuse_taken(tx, pair, link.c[side], [row[side] for row in rows])
    if not rows:
        return []
    statement = insert(link).returning(link.c.id, sort_by_parameter_order=True)
    numbers = list(tx.connection.execute(statement, rows).scalars())
    SearchIndex(tx, pair).move({number: ((), both(row)) for number, row in zip(numbers, rows, strict=True)})
    return numbers


def _row(new: NewLink, pair: str, run: str, now: datetime) -> dict[str, Any]:
    return {
        "pair": pair,
        "customerp_id": new.customerp_id,
        "trello_id": new.trello_id,
        "status": new.status,
        "reason": new.reason,
        "base_customerp": texts(new.customerp),
        "base_trello": texts(new.trello),
        "marks": texts(new.marks),
        "written_customerp": new.written_customerp,
        "written_trello": new.written_trello,
        "included": new.included,
        "created_run": run,
        "changed_run": run,
        "not_writable_since": now if not_writable(new.marks) else None,
    }


def _refuse_taken(tx: Transaction, pair: str, column: Column[Any], ids: Sequence[str]) -> None:
    twice = len(set(ids)) < len(ids)
    taken = [
        found
        for part in chunks(ids)
        for found in tx.execute(select(column).where(link.c.pair == pair, column.in_(part))).scalars()
    ]
    if taken or twice:
        named = ", ".join(sorted(taken)[:5]) or "an id given twice"
        raise RecordError(
            f"{pair}: cannot link {column.name} {named}: a record is in one link at most. Unlink or relink it first."
        )


def find_link(tx: Transaction, pair: str, customerp_id: str, trello_id: str) -> int:
    """The link that binds these two records.

    Raises:
        RecordMissing: there is none (any more).
    """
    c = link.c
    mine = (c.pair == pair) & (c.customerp_id == customerp_id) & (c.trello_id == trello_id)
    found = tx.execute(select(c.id).where(mine)).scalar_one_or_none()
    if found is None:
        raise RecordMissing(
            f"{pair}: CustomERP {customerp_id} and Trello {trello_id} are not linked (any more); the next run decides."
        )
    return int(found)


def counterpart_of(tx: Transaction, pair: str, side: Side, record_id: str) -> str:
    """The record that this one of *side* is linked with; "" if it is not linked."""
    c = link.c
    mine, other = (c.customerp_id, c.trello_id) if side == CUSTOMERP else (c.trello_id, c.customerp_id)
    return str(tx.execute(select(other).where(c.pair == pair, mine == record_id)).scalar_one_or_none() or "")


def made_by(tx: Transaction, pair: str, run: str) -> frozenset[str]:
    """CustomERP ids of the links that this run has made."""
    c = link.c
    return frozenset(tx.execute(select(c.customerp_id).where(c.pair == pair, c.created_run == run)).scalars())


def find_ends(tx: Transaction, link_id: int) -> tuple[str, str]:
    """The two ids that a link binds, CustomERP's first; empty texts if it is gone."""
    found = tx.execute(select(link.c.customerp_id, link.c.trello_id).where(link.c.id == link_id)).one_or_none()
    return ("", "") if found is None else (str(found.customerp_id), str(found.trello_id))


def relink(tx: Transaction, link_id: int, side: Side, new_id: str, *, run: str) -> None:
    """Let the link name another record of *side*; bases stay.

    Raises:
        RecordMissing: there is no such link.
        RecordError: the record is in another link of the pair.
    """
    column = link.c.customerp_id if side == CUSTOMERP else link.c.trello_id
    current = tx.execute(select(link.c.pair, column.label("record")).where(link.c.id == link_id)).one_or_none()
    if current is None:
        raise RecordMissing(f"There is no link {link_id} (any more) to be moved to another record; read again.")
    if current.record != new_id:
        _refuse_taken(tx, current.pair, column, [new_id])
        unknown = {} if side == CUSTOMERP else {link.c.included: ""}
        moved = {column: new_id, link.c.changed_run: run} | unknown
        tx.execute(update(link).where(link.c.id == link_id).values(moved))


def included_of(tx: Transaction, link_id: int) -> str:
    """The last amendment that the link's comment includes, as its ``_touch``; "" if that is not known."""
    return str(tx.execute(select(link.c.included).where(link.c.id == link_id)).scalar() or "")


def note_included(tx: Transaction, link_id: int, touch: str) -> None:
    """Remember it: a comment that somebody deletes tells it no more."""
    tx.execute(update(link).where(link.c.id == link_id, link.c.included != touch).values(included=touch))


def suspend(tx: Transaction, link_ids: Collection[int], reason: str, *, away: Side, run: str) -> int:
    """Suspend links, *away* being out of sight: neither side is written until they resume. Returns how many changed."""
    return _set_status(tx, link_ids, SUSPENDED, reason, away, run)


def resume(tx: Transaction, link_ids: Collection[int], *, run: str) -> int:
    """Let suspended links take part again. Returns how many changed."""
    return _set_status(tx, link_ids, LINKED, "", "", run)


def _set_status(tx: Transaction, ids: Collection[int], status: str, reason: str, away: str, run: str) -> int:
    values = {"status": status, "reason": reason, "away": away}
    other = or_(*(link.c[name] != value for name, value in values.items()))
    changed = update(link).values(changed_run=run, **values)
    return sum(tx.execute(changed.where(link.c.id.in_(part), other)).rowcount for part in chunks(sorted(ids)))


def unlink(tx: Transaction, link_ids: Collection[int]) -> int:
    """Remove links and settle what was open about them; a tombstone, if one is due, is the caller's next line.

    Returns:
        How many links there were.
    """
    removed = 0
    for part in chunks(sorted(link_ids)):
        about = conflict.c.link.in_(part) & (conflict.c.status != "settled")
        tx.execute(update(conflict).where(about).values(status="settled", reason="unlinked"))
        _forget_words(tx, part)
        removed += tx.execute(delete(link).where(link.c.id.in_(part))).rowcount
    return removed


def _forget_words(tx: Transaction, link_ids: Sequence[int]) -> None:
    c = link.c
    chosen = select(c.id, c.pair, c.base_customerp, c.base_trello).where(c.id.in_(link_ids))
    rows = [dict(row) for row in tx.execute(chosen).mappings()]
    for pair in {row["pair"] for row in rows}:
        SearchIndex(tx, pair).move({row["id"]: (both(row), ()) for row in rows if row["pair"] == pair})


def count_links(tx: Transaction, pair: str) -> int:
    """Count a pair's links."""
    return int(tx.execute(select(func.count()).select_from(link).where(link.c.pair == pair)).scalar_one())
