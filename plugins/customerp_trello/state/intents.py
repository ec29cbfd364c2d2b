"""The intent journal: what is about to be written is committed before it, its outcome after (contract, section 7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update

from customerp_trello.errors import FatalError
from customerp_trello.state.tables import Side, intent
from customerp_trello.state.transaction import Transaction

OPEN, PLANNED, DONE, NOT_DONE, REFUSED = "open", "planned", "done", "not_done", "refused"
CLOSED = (DONE, NOT_DONE, REFUSED)
_OF_PLAN = "@"


@dataclass(frozen=True)
class Intent:
    """One write, from before it is sent to its known outcome.

    Attributes:
        id: number in the journal, 0 while it is not in it.
        pair, run: whose write it is.
        fence: number of the lease under which it was opened.
        side, operation: where it writes and what (create, update, delete, move...).
        change_key: names the change within its plan, the same in every attempt.
        customerp_id, trello_id: the records, "" while unknown.
        before: property -> value of the target as read.
        after: property -> value sent.
        source: id of the record that a create replaces (a project born as a comment), else "".
        status: planned (waits for the write before it), open (may have been sent), done, not_done or refused.
        opened_at, closed_at: UTC.
        outcome: what the system answered, JSON-compatible; of a planned write, to the one before it.
    """

    pair: str
    run: str
    side: Side
    operation: str
    change_key: str
    customerp_id: str = ""
    trello_id: str = ""
    before: Mapping[str, str | None] | None = None
    after: Mapping[str, str | None] | None = None
    source: str = ""
    id: int = 0
    fence: int = 0
    status: str = OPEN
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: Any = None


def open_intent(tx: Transaction, new: Intent) -> int:
    """Write down a write that is about to be sent; commit before sending.

    Returns:
        The intent's id.

    Raises:
        FatalError: one is open for this change, or (from another run) for the same operation on the same records;
            resolve that one first.
    """
    return _add(tx, new, OPEN)


def plan_intent(tx: Transaction, new: Intent) -> int:
    """Write down the next link of a chain, in the transaction that closes the one before; returns its id.

    Raises:
        FatalError: the change has an open or planned intent already.
    """
    return _add(tx, new, PLANNED)


def _add(tx: Transaction, new: Intent, status: str) -> int:
    c = intent.c
    if (found := tx.execute(select(c.id).where(_same_write(new))).scalars().first()) is not None:
        raise FatalError(
            f"{new.pair}: change {new.change_key} of run {new.run} ({new.operation} on {new.side}) meets intent "
            f"{found}, whose outcome is not known yet; that one has to be resolved before this is written."
        )
    row = {name: getattr(new, name) for name in _GIVEN}
    row |= {"before": dict(new.before or {}), "after": dict(new.after or {}), "outcome": new.outcome}
    statement = insert(intent).values(**row, status=status, fence=tx.fence, opened_at=tx.now).returning(c.id)
    return int(tx.execute(statement).scalar_one())


def _same_write(new: Intent) -> ColumnElement[bool]:
    """Standing intents of this change, or of the same operation on the same records in whichever run."""
    c = intent.c
    same = (c.run == new.run) & (c.change_key == new.change_key)
    if new.customerp_id or new.trello_id or new.source:
        records = (c.customerp_id == new.customerp_id) & (c.trello_id == new.trello_id) & (c.source == new.source)
        same |= (c.side == new.side) & (c.operation == new.operation) & records
    return (c.pair == new.pair) & c.status.in_((OPEN, PLANNED)) & same


_GIVEN = ("pair", "run", "side", "operation", "change_key", "customerp_id", "trello_id", "source")


def start_intent(tx: Transaction, intent_id: int, after: Mapping[str, str]) -> None:
    """Turn a planned intent into an open one: *after* is about to be sent.

    Raises:
        FatalError: it is not planned.
    """
    planned = (intent.c.id == intent_id) & (intent.c.status == PLANNED)
    values = {"status": OPEN, "opened_at": tx.now, "fence": tx.fence, "after": dict(after)}
    if tx.execute(update(intent).where(planned).values(**values)).rowcount == 0:
        raise FatalError(f"Intent {intent_id} is not planned, so it cannot be started; read the open intents again.")


def postpone_intent(tx: Transaction, intent_id: int) -> None:
    """Turn an open intent, whose write certainly did not happen, back into a planned one: its turn comes again.

    Raises:
        FatalError: it is not open.
    """
    standing = (intent.c.id == intent_id) & (intent.c.status == OPEN)
    if tx.execute(update(intent).where(standing).values(status=PLANNED)).rowcount == 0:
        raise FatalError(f"Intent {intent_id} is not open, so it cannot be postponed; read the open intents again.")


def close_intent(
    tx: Transaction,
    intent_id: int,
    status: str,
    *,
    outcome: Any = None,
    customerp_id: str | None = None,
    trello_id: str | None = None,
) -> None:
    """Write down an outcome: done, not_done or refused.

    Args:
        tx: a writing transaction; what follows from the outcome (link, base, history) belongs into the same.
        intent_id: which.
        status: one of :data:`CLOSED`.
        outcome: the system's answer or reason, JSON-compatible.
        customerp_id: the record's id that the write brought about; None keeps what is known.
        trello_id: likewise.

    Raises:
        ValueError: not an outcome.
        FatalError: it is closed already, by another attempt.
    """
    if status not in CLOSED:
        raise ValueError(f"{status!r} is no outcome of an intent; valid: {', '.join(CLOSED)}.")
    ids = {"customerp_id": customerp_id, "trello_id": trello_id}
    values = {"status": status, "outcome": outcome, "closed_at": tx.now}
    values |= {name: value for name, value in ids.items() if value is not None}
    standing = (intent.c.id == intent_id) & intent.c.status.in_((OPEN, PLANNED))
    if tx.execute(update(intent).where(standing).values(**values)).rowcount == 0:
        raise FatalError(f"Intent {intent_id} is not open, so it has no outcome to come; read the open intents again.")


def open_intents(tx: Transaction, pair: str, *, statuses: Collection[str] = (OPEN,)) -> list[Intent]:
    """The pair's intents whose outcome is not known, oldest first; with ``(OPEN, PLANNED)`` chains that wait too."""
    chosen = select(intent).where(intent.c.pair == pair, intent.c.status.in_(statuses)).order_by(intent.c.id)
    return [Intent(**row) for row in tx.execute(chosen).mappings()]


def planned_intents(tx: Transaction, pair: str) -> list[Intent]:
    """The pair's writes that follow from one that is done, oldest first."""
    return open_intents(tx, pair, statuses=(PLANNED,))


def get_intent(tx: Transaction, intent_id: int) -> Intent | None:
    """One intent, None if there is none of this id."""
    row = tx.execute(select(intent).where(intent.c.id == intent_id)).mappings().one_or_none()
    return None if row is None else Intent(**row)


def done_changes(tx: Transaction, run: str, *, statuses: Collection[str] = (DONE,)) -> set[str]:
    """The change keys that a run has done, in whichever attempt, so that a retried load skips them."""
    chosen = select(intent.c.change_key).where(intent.c.run == run, intent.c.status.in_(statuses))
    return set(tx.execute(chosen).scalars())


def retire_changes(tx: Transaction, run: str, digest: str) -> None:
    """Mark the change keys of a run as those of plan *digest*, which is not the run's any more.

    A run that was cleared as a whole makes another plan under its own id, and numbers its changes anew: none of them
    counts as done because the old plan had one of its number.
    """
    old = (intent.c.run == run) & ~intent.c.change_key.contains(_OF_PLAN)
    tx.execute(update(intent).where(old).values(change_key=intent.c.change_key + f"{_OF_PLAN}{digest}"))


def consumed_sources(tx: Transaction, pair: str) -> frozenset[str]:
    """Ids of records that a create already replaces, or is about to: they are chatter now."""
    holding = intent.c.status.in_((OPEN, PLANNED, DONE))
    chosen = select(intent.c.source).where(intent.c.pair == pair, intent.c.source != "", holding)
    return frozenset(tx.execute(chosen).scalars())
