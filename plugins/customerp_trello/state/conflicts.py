"""Both sides changed a property: what was decided and why, and what a person has been asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, and_, insert, select, update

from customerp_trello.errors import RecordError
from customerp_trello.state.history import Entry, append_history
from customerp_trello.state.tables import Side, conflict, link, open_work
from customerp_trello.state.tables import run as run_table
from customerp_trello.state.transaction import Transaction, chunks

OPEN, ANSWERED, SETTLED = "open", "answered", "settled"


@dataclass(frozen=True)
class Conflict:
    """One property of one link that changed on both sides.

    Attributes:
        base_customerp, base_trello, customerp, trello: texts, None unknown or none.
        winner: the side that won, "" while nobody has.
        reason: why (policy, times, `first_link`, `by estimate`...).
        status: open (a person has to answer), answered (not applied yet), settled.
        answer: the side that a person let win, "" before.
    """

    link: int
    property: str
    base_customerp: str | None
    base_trello: str | None
    customerp: str | None
    trello: str | None
    winner: str = ""
    reason: str = ""
    status: str = OPEN
    pair: str = ""
    run: str = ""
    id: int = 0
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    created_at: datetime | None = None


OVERWRITTEN = "overwritten"
"""Reason: a write of ours replaced a value that we had not read."""

SUPERSEDED = "superseded"
"""Reason: the values were edited before anybody's answer was applied; another conflict asks about the new ones."""

_ASKED = ("customerp", "trello")
_SEEN = ("base_customerp", "base_trello", *_ASKED)
_DECIDED = ("winner", "reason", "status")
_UNANSWERED = {"answer": "", "answered_by": "", "answered_at": None}


def record_conflict(tx: Transaction, pair: str, run: str, new: Conflict) -> int:
    """Record a conflict and return its id; recording the same again writes nothing.

    One of the same link and property that is not settled yet is brought up to date, and so is what this run settled
    in an earlier attempt, or an interrupted run about the same values. A question about other values is closed and
    asked anew under another number, so that no answer counts for values that nobody was shown. An answer that is
    applied now stays one until its winner is written.
    """
    seen = {name: getattr(new, name) for name in _SEEN}
    values: dict[str, Any] = seen | {name: getattr(new, name) for name in _DECIDED}
    standing = _standing(tx, pair, run, new)
    if standing is not None and new.status == OPEN and standing["status"] in (OPEN, ANSWERED):
        # What nobody sees now is no other value.
        now = {name: standing[name] if seen[name] is None else seen[name] for name in _ASKED}
        if any(standing[name] != now[name] for name in _ASKED):
            closed = update(conflict).where(conflict.c.id == standing["id"])
            tx.execute(closed.values(status=SETTLED, reason=SUPERSEDED))
            run, standing = standing["run"], None  # the question keeps the run that asked it first
        elif standing["status"] == ANSWERED:
            return int(standing["id"])
        else:
            values |= now
    if standing is None:
        row = values | _UNANSWERED | {"pair": pair, "run": run, "link": new.link, "property": new.property}
        return int(tx.execute(insert(conflict).values(**row, created_at=tx.now).returning(conflict.c.id)).scalar_one())
    if standing["status"] == ANSWERED and new.winner == standing["answer"]:
        # Settled when its winner is written, in the same transaction: an interrupted run must not lose the answer.
        values["status"] = ANSWERED
    if any(standing[name] != value for name, value in values.items()):
        values |= {"run": run} if new.status == SETTLED else {}
        tx.execute(update(conflict).where(conflict.c.id == standing["id"]).values(**values))
    return int(standing["id"])


def _standing(tx: Transaction, pair: str, run: str, new: Conflict) -> RowMapping | None:
    c = conflict.c
    same = (c.pair == pair) & (c.link == new.link) & (c.property == new.property)
    # What a write replaced unread is a loss of its own, beside the conflict that called for the write.
    same &= (c.reason == OVERWRITTEN) if new.reason == OVERWRITTEN else (c.reason != OVERWRITTEN)
    mine = c.status != SETTLED
    if new.status == SETTLED:
        unchanged = [c[name].is_not_distinct_from(getattr(new, name)) for name in (*_SEEN, "reason")]
        interrupted = select(run_table.c.id).where(run_table.c.pair == pair, run_table.c.status != "success")
        mine |= (c.run == run) | and_(c.run.in_(interrupted), *unchanged)
    newest = select(conflict).where(same, mine).order_by(c.id.desc()).limit(1)
    return tx.execute(newest.with_for_update()).mappings().first()  # a person may be answering it


def standing_decisions(tx: Transaction, pair: str) -> list[Conflict]:
    """Conflicts with a winner that is not written yet, oldest first: answers, and of records with open work."""
    c = conflict.c
    waits = select(open_work.c.record_id).where(open_work.c.pair == pair, open_work.c.side == "customerp")
    waiting = select(link.c.id).where(link.c.pair == pair, link.c.customerp_id.in_(waits))
    # Found by link: these are few, and the pair's settled conflicts are not.
    decided = (c.status == SETTLED) & (c.winner != "") & c.reason.not_in((OVERWRITTEN, SUPERSEDED))
    rows = tx.execute(select(conflict).where(c.link.in_(waiting), decided)).mappings()
    answered = [one for one in answers(tx, pair) if one.winner]
    return sorted([*(Conflict(**row) for row in rows), *answered], key=lambda one: one.id)


def asked_ids(tx: Transaction, pair: str, side: Side) -> frozenset[str]:
    """Ids of a side's records with a question that is not settled, to be read by every run.

    Of one that is not read its base stands in, and that is not what was asked about.
    """
    c = conflict.c
    asked = select(link.c[f"{side}_id"]).join(conflict, c.link == link.c.id)
    return frozenset(tx.execute(asked.where(c.pair == pair, c.status.in_((OPEN, ANSWERED)))).scalars())


def answer_conflict(tx: Transaction, conflict_id: int, answer: Side, by: str) -> None:
    """A person says which side wins; the next run applies it.

    Raises:
        RecordError: the conflict is not open (any more).
    """
    c = conflict.c
    values = {"status": ANSWERED, "answer": answer, "answered_by": by, "answered_at": tx.now}
    if tx.execute(update(conflict).where(c.id == conflict_id, c.status == OPEN).values(**values)).rowcount == 0:
        raise RecordError(f"Conflict {conflict_id} is not open: it was answered or settled meanwhile. Reload the list.")
    found = Conflict(**tx.execute(select(conflict).where(c.id == conflict_id)).mappings().one())
    append_history(tx, found.pair, found.run, [_told(tx, found)])


def _told(tx: Transaction, answered: Conflict) -> Entry:
    """The answer as a line of the record's history."""
    query = select(link.c.customerp_id, link.c.trello_id).where(link.c.id == answered.link)
    customerp_id, trello_id = tx.connection.execute(query).one_or_none() or ("", "")
    return Entry(
        "",
        "answer",
        f"conflict {answered.id}",
        customerp_id,
        trello_id,
        answered.property,
        before=answered.customerp,
        after=answered.trello,
        link=answered.link,
        cause=answered.reason,
        winner=answered.answer,
        actor=answered.answered_by,
    )


def answer_conflicts(tx: Transaction, pair: str, ids: Collection[int], answer: Side, by: str) -> int:
    """A person gives one answer to many questions; those that are not open (any more) are left out.

    Returns:
        How many were answered. The next run applies the answers.
    """
    wanted = set(ids)
    asked = [one for one in conflicts(tx, pair) if one.id in wanted]
    for one in asked:
        answer_conflict(tx, one.id, answer, by)
    return len(asked)


def settle_conflicts(tx: Transaction, ids: Collection[int], *, winner: str = "") -> int:
    """Close conflicts: the answer has been applied, or both sides agree by now. Returns how many were not closed."""
    c = conflict.c
    values = {"status": SETTLED} | ({"winner": winner} if winner else {})
    return sum(
        tx.execute(update(conflict).where(c.id.in_(part), c.status != SETTLED).values(**values)).rowcount
        for part in chunks(sorted(ids))
    )


def conflicts(
    tx: Transaction, pair: str, *, status: str = OPEN, run: str = "", links: Collection[int] | None = None
) -> list[Conflict]:
    """The pair's conflicts of one status, oldest first; with *run* those that it asked, with *links* those of them."""
    c = conflict.c
    chosen = select(conflict).where(c.pair == pair, c.status == status).order_by(c.id)
    if run:
        chosen = chosen.where(c.run == run)
    parts = [chosen] if links is None else [chosen.where(c.link.in_(part)) for part in chunks(sorted(links))]
    return [Conflict(**row) for part in parts for row in tx.execute(part).mappings()]


def answers(tx: Transaction, pair: str) -> list[Conflict]:
    """The pair's conflicts that a person has answered and no run has applied yet, oldest first."""
    return conflicts(tx, pair, status=ANSWERED)
