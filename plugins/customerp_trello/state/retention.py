"""Forgetting what is old and closed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, Delete, Table, Text, cast, delete, exists, func, select, update

from customerp_trello.state import conflicts, intents, plans
from customerp_trello.state.tables import conflict, delivery, history, intent, pair_lease, plan, question, run
from customerp_trello.state.transaction import Transaction

AT_ONCE = 10_000
"""Lines of history, and intents, that one transaction forgets: others wait for it to write."""


def forget_older(tx: Transaction, days: float) -> dict[str, int]:
    """Delete history, closed intents, settled conflicts, plans, questions, runs and deliveries older than *days*.

    What is open stays: runs that hold a lease, open or planned intents, open or answered conflicts, approved plans of
    syncs and the latest held one, each with its run. A run that was killed before it could say so has ended as well. Of
    a create that took the place of its source only the values are forgotten: the source is there as long as people
    leave it, and must not give birth once more.

    Returns:
        Rows deleted per table; where one reaches :data:`AT_ONCE` there may be more.
    """
    before = tx.now - timedelta(days=days)
    # A preview's plan, or an undo's, that nobody let through: no later run makes it anew, so nothing else ends it.
    asked_in_vain = exists().where(run.c.id == plan.c.run, run.c.action.in_(("preview", "undo")))
    decided = plan.c.status.not_in((plans.HELD, plans.APPROVED)) | asked_in_vain | _held_once_more()
    waiting = exists().where(plan.c.run == run.c.id)
    closed = intent.c.status.in_(intents.CLOSED) & (intent.c.closed_at < before)
    consuming = (intent.c.source != "") & (intent.c.status == intents.DONE)
    journal = exists().where(intent.c.run == run.c.id, ~consuming)
    asks = exists().where(conflict.c.run == run.c.id, conflict.c.status != conflicts.SETTLED)
    owners = select(pair_lease.c.owner_run).where(pair_lease.c.owner_run.is_not(None))
    values = cast(intent.c.before, Text) + cast(intent.c.after, Text) + func.coalesce(cast(intent.c.outcome, Text), "")
    tx.execute(update(intent).where(closed, consuming, values != "{}{}").values(before={}, after={}, outcome=None))
    # Of each pair that ever had a turn: of history, pair and moment are one index.
    deletes = {
        "history": _some(history, history.c.pair.in_(select(pair_lease.c.pair)), history.c.at < before),
        "intent": _some(intent, closed, ~consuming),
        "conflict": delete(conflict).where(conflict.c.status == conflicts.SETTLED, conflict.c.created_at < before),
        "delivery": delete(delivery).where(delivery.c.received_at < before),
        "question": delete(question).where(question.c.rests_until < before),
        "plan": delete(plan).where(decided, plan.c.created_at < before),
        "run": delete(run).where(run.c.started_at < before, ~waiting, ~journal, ~asks, run.c.id.not_in(owners)),
    }
    return {name: tx.execute(statement).rowcount for name, statement in deletes.items()}


def _some(table: Table, *old: ColumnElement[bool]) -> Delete:
    """Deletes a part of what is *old*; an index has to lead there, since the table may be of millions."""
    return delete(table).where(table.c.id.in_(select(table.c.id).where(*old).limit(AT_ONCE)))


def _held_once_more() -> ColumnElement[bool]:
    """Held plans that a later run of the same action holds up the pair instead of; people are asked about that one."""
    of, later, of_later = run.alias(), plan.alias(), run.alias()
    newer = exists().where(
        of.c.id == plan.c.run,
        later.c.pair == plan.c.pair,
        later.c.status == plans.HELD,
        later.c.created_at > plan.c.created_at,
        of_later.c.id == later.c.run,
        of_later.c.action == of.c.action,
    )
    return (plan.c.status == plans.HELD) & newer
