"""What a person has to decide: held plans and conflicts that nobody has answered, and which of them have been asked.

What is open is read from plans and conflicts each time; a row of `question` says only that one is being asked, so that
nobody is asked twice, and what the answer was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from customerp_trello.errors import FatalError
from customerp_trello.state.conflicts import OPEN, Conflict
from customerp_trello.state.plans import held_pairs, waiting_plan
from customerp_trello.state.tables import conflict, question
from customerp_trello.state.transaction import Transaction

PLAN, CONFLICT = "plan", "conflict"

TOGETHER = 10
"""More conflicts than these about one property, from one run and for one reason, are one question with one answer."""


@dataclass(frozen=True)
class Question:
    """Something that waits for a person.

    Attributes:
        pair: the pair.
        kind: ``plan`` or ``conflict``.
        about: names it within pair and kind: a plan's digest, a conflict's id, or run, property and reason of many.
        subjects: the plan's run, or the conflicts' ids.
        asked_in: Airflow's run in which it is asked, "" before.
        rests_until: not asked again before, None if it was never asked.
        answer, answered_by: what a person said and who, "" before.
    """

    pair: str
    kind: str
    about: str
    subjects: Sequence[Any] = field(default_factory=list)
    asked_in: str = ""
    rests_until: datetime | None = None
    answer: str = ""
    answered_by: str = ""
    id: int = 0


def due(tx: Transaction, *, pair: str = "") -> list[Question]:
    """What is open and is not being asked, of a pair or of all, oldest first.

    Of a pair's held plans it is the newest, and only while no other plan of the pair is being asked about.
    """
    asked = _asked(tx)
    being_asked = {one.pair for one in asked.values() if one.kind == PLAN and not one.answer and _rests(tx, one)}
    found = [*_plans(tx, pair), *_conflicts(tx, pair)]
    # A form that asks about many goes on asking about the rest once some are answered elsewhere.
    in_a_form = {
        (one.pair, subject)
        for one in asked.values()
        if one.kind == CONFLICT and not one.answer and _rests(tx, one)
        for subject in one.subjects
    }
    return [
        one
        for one in found
        if not _rests(tx, asked.get((one.pair, one.kind, one.about)))
        and not (one.kind == PLAN and one.pair in being_asked)
        and not (one.kind == CONFLICT and {(one.pair, subject) for subject in one.subjects} <= in_a_form)
    ]


def ask(tx: Transaction, asked_in: str, wait: timedelta, *, most: int) -> list[int]:
    """Take what is due for a run of Airflow that asks it; asking again for the same run gives the same questions.

    Args:
        tx: a writing transaction.
        asked_in: Airflow's run id.
        wait: how long the question waits for its answer, and rests after it.
        most: questions in one run; the rest stays due.

    Returns:
        Ids of the questions.
    """
    q = question.c
    mine = list(tx.execute(select(q.id).where(q.asked_in == asked_in).order_by(q.id)).scalars())
    if mine:
        return mine
    return [_take(tx, one, asked_in, wait) for one in due(tx)[:most]]


def get_question(tx: Transaction, question_id: int) -> Question:
    """One question.

    Raises:
        FatalError: there is none of this id.
    """
    row = tx.execute(select(question).where(question.c.id == question_id)).mappings().one_or_none()
    if row is None:
        raise FatalError(f"The state database has no question {question_id}; was another database configured?")
    return _question(row)


def write_answer(tx: Transaction, question_id: int, answer: str, by: str, *, rests: bool) -> None:
    """Write down what a person said; *rests*: a question that stays open is not asked again before its time."""
    values = {"answer": answer, "answered_by": by, "answered_at": tx.now} | ({} if rests else {"rests_until": tx.now})
    tx.execute(update(question).where(question.c.id == question_id).values(**values))


def _take(tx: Transaction, new: Question, asked_in: str, wait: timedelta) -> int:
    values = {"subjects": list(new.subjects), "asked_in": asked_in, "asked_at": tx.now, "rests_until": tx.now + wait}
    values |= {"answer": "", "answered_by": "", "answered_at": None}
    q = question.c
    same = (q.pair == new.pair) & (q.kind == new.kind) & (q.about == new.about)
    found = tx.execute(update(question).where(same).values(**values).returning(q.id)).scalar_one_or_none()
    if found is None:
        row = {"pair": new.pair, "kind": new.kind, "about": new.about}
        found = tx.execute(insert(question).values(**row, **values).returning(q.id)).scalar_one()
    return int(found)


def _asked(tx: Transaction) -> dict[tuple[str, str, str], Question]:
    rows = tx.execute(select(question)).mappings()
    return {(row["pair"], row["kind"], row["about"]): _question(row) for row in rows}


def _question(row: Any) -> Question:
    return Question(**{name: row[name] for name in Question.__dataclass_fields__})


def _rests(tx: Transaction, one: Question | None) -> bool:
    return one is not None and one.rests_until is not None and one.rests_until > tx.now


def _plans(tx: Transaction, pair: str) -> Iterator[Question]:
    """The newest held plan of each pair; a preview's holds nothing up."""
    for of in [pair] if pair else held_pairs(tx):
        if found := waiting_plan(tx, of):
            yield Question(of, PLAN, found[0].digest, [found[0].run])


def _conflicts(tx: Transaction, pair: str) -> Iterator[Question]:
    c = conflict.c
    chosen = select(conflict).where(c.status == OPEN).order_by(c.id)
    groups: dict[tuple[str, str, str, str], list[Conflict]] = defaultdict(list)
    for row in tx.execute(chosen.where(c.pair == pair) if pair else chosen).mappings():
        one = Conflict(**row)
        groups[(one.pair, one.run, one.property, one.reason)].append(one)
    for (of, run_id, name, reason), group in groups.items():
        if len(group) > TOGETHER:
            yield Question(of, CONFLICT, f"{run_id} {name} {reason}", [one.id for one in group])
        else:
            yield from (Question(of, CONFLICT, str(one.id), [one.id]) for one in group)
