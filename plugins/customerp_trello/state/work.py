"""Open work: records that wait, are ambiguous or refused, and are looked at again whatever their age."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd
from sqlalchemy import bindparam, delete, insert, select, update

from customerp_trello.state.frames import read_frame
from customerp_trello.state.tables import Side, open_work
from customerp_trello.state.transaction import Transaction, chunks

FIRST_DELAY = timedelta(seconds=60)
LONGEST_DELAY = timedelta(hours=6)

TAKEN_APART = "apart: a person took it and its counterpart apart"
SURVIVES = "tombstone: its counterpart was deleted"
"""Why a record waits whose link has ended. CustomERP is read by change: without open work it would be out of sight, and
whatever bears its key in Trello would seem to be new."""

NEW_IN_TRELLO = "new in Trello, or back: compared in the next run"
"""Why a CustomERP record waits whose counterpart was invited, linked, posted again, has joined or is back in sight in
this run: only from now on does Trello show what it says, and CustomERP is read by change."""

FOUND = "found: an interrupted write was found before anything was read, compared in this run"
"""Why a CustomERP record is read of which a write was open: what was edited meanwhile is an edit."""

RESOLVED = "resolved: an interrupted write was found, compared in the next run"
"""Why a CustomERP record waits of which a write was open: what was edited meanwhile has been read, and left alone."""

FORGOTTEN = "an interrupted write was not found, decided anew in the next run"
"""Why a CustomERP record waits that a run has left alone for a write of another run, which has not happened."""

Key = tuple[str, str, str]
"""side, record id, kind"""


@dataclass(frozen=True)
class Work:
    """Something about one record that is not done.

    Attributes:
        side, record_id: the record.
        kind: quarantined (refused), quarantine (cannot be read), waiting, deferred, not_writable or conflict.
        reason: in a sentence; the system's own message where there is one.
    """

    side: Side
    record_id: str
    kind: str
    reason: str = ""


def backoff(attempts: int) -> timedelta:
    """How long to wait before the next try after *attempts* earlier failures: 1, 2, 4... minutes, at most 6 hours."""
    return min(FIRST_DELAY * int(2 ** min(attempts, 20)), LONGEST_DELAY)


def replace_open_work(tx: Transaction, pair: str, rows: Iterable[Work]) -> int:
    """Make the pair's open work equal to *rows*; only differences are written, so `last_seen` is the last change.

    Counters of rows that stay are kept.

    Args:
        tx: a writing transaction.
        pair: the pair.
        rows: all of it.

    Returns:
        Rows inserted, updated and deleted.
    """
    wanted: dict[Key, str] = {(work.side, work.record_id, work.kind): work.reason for work in rows}
    standing = _standing(tx, pair)
    stale = [row.id for key, row in standing.items() if key not in wanted]
    other = [
        {"of": row.id, "new_reason": wanted[key]}
        for key, row in standing.items()
        if wanted.get(key, row.reason) != row.reason
    ]
    new = [_new(tx, pair, key, reason) for key, reason in wanted.items() if key not in standing]
    for part in chunks(stale):
        tx.execute(delete(open_work).where(open_work.c.id.in_(part)))
    changed = update(open_work).where(open_work.c.id == bindparam("of"))
    tx.execute_many(changed.values(reason=bindparam("new_reason"), last_seen=tx.now), other)
    tx.execute_many(insert(open_work), new)
    return len(stale) + len(other) + len(new)


def _standing(tx: Transaction, pair: str) -> dict[Key, Any]:
    c = open_work.c
    rows = tx.execute(select(c.id, c.side, c.record_id, c.kind, c.reason).where(c.pair == pair))
    return {(row.side, row.record_id, row.kind): row for row in rows}


def _new(tx: Transaction, pair: str, key: Key, reason: str) -> dict[str, Any]:
    side, record_id, kind = key
    row = {"pair": pair, "side": side, "record_id": record_id, "kind": kind, "reason": reason, "attempts": 0}
    return row | {"first_seen": tx.now, "last_seen": tx.now, "next_try_at": None}


def note_work(tx: Transaction, pair: str, work: Work) -> None:
    """Add one record's open work, due at once, or say that it was met again: by that the run's end knows it stands."""
    key = (work.side, work.record_id, work.kind)
    mine = _one(pair, work.side, work.record_id) & (open_work.c.kind == work.kind)
    if not tx.execute(update(open_work).where(mine).values(reason=work.reason, last_seen=tx.now)).rowcount:
        tx.execute(insert(open_work).values(**_new(tx, pair, key, work.reason)))


def note_failure(tx: Transaction, pair: str, work: Work) -> None:
    """Count one more failed try of this record and set when the next is due (:func:`backoff`)."""
    mine = _one(pair, work.side, work.record_id) & (open_work.c.kind == work.kind)
    attempts = tx.execute(select(open_work.c.attempts).where(mine)).scalar_one_or_none()
    if attempts is None:
        tx.execute(insert(open_work).values(**_new(tx, pair, (work.side, work.record_id, work.kind), work.reason)))
    failures = attempts or 0
    values = {"attempts": failures + 1, "reason": work.reason, "last_seen": tx.now}
    tx.execute(update(open_work).where(mine).values(**values, next_try_at=tx.now + backoff(failures)))


def clear_work(
    tx: Transaction, pair: str, side: Side, record_id: str, *, kinds: Collection[str] | None = None, of: str = ""
) -> int:
    """The record is well (in these respects): forget its open work. Returns how many rows there were.

    With *kinds* only work of these; with *of* only what writes to that side have left, as the reason begins: the other
    side's refusal stands.
    """
    chosen = delete(open_work).where(_one(pair, side, record_id))
    if of:
        chosen = chosen.where(open_work.c.reason.startswith(f"{of}: ", autoescape=True))
    return tx.execute(chosen if kinds is None else chosen.where(open_work.c.kind.in_(kinds))).rowcount


def _one(pair: str, side: str, record_id: str) -> Any:
    c = open_work.c
    return (c.pair == pair) & (c.side == side) & (c.record_id == record_id)


def open_ids(tx: Transaction, pair: str, side: Side) -> frozenset[str]:
    """Ids of a side's records with open work, to be read by every run."""
    chosen = select(open_work.c.record_id).where(open_work.c.pair == pair, open_work.c.side == side)
    return frozenset(tx.execute(chosen).scalars())


def not_due(tx: Transaction, pair: str) -> set[tuple[str, str]]:
    """(side, record id) of records whose next try is not due yet: read, but do not write them."""
    c = open_work.c
    return {
        (row.side, row.record_id)
        for row in tx.execute(select(c.side, c.record_id).where(c.pair == pair, c.next_try_at > tx.now))
    }


def load_open_work(tx: Transaction, pair: str) -> pd.DataFrame:
    """All open work of a pair, sorted by side and id.

    Returns:
        Frame: `side`, `record_id`, `kind`, `reason`, `attempts` (Int64), `first_seen`, `last_seen`, `next_try_at`.
    """
    c = open_work.c
    columns = (c.side, c.record_id, c.kind, c.reason, c.attempts, c.first_seen, c.last_seen, c.next_try_at)
    return read_frame(tx, select(*columns).where(c.pair == pair).order_by(c.side, c.record_id, c.kind))
