"""Writes that an interrupted run left without an outcome: find out what happened before anything else is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from customerp_trello.errors import RecordError
from customerp_trello.flow.outcome import RESTORE, Write, record_first_half, record_written, write_again
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.mapping.frame import Record
from customerp_trello.mapping.model import SideName
from customerp_trello.reconcile.plan import CREATE, CUSTOMERP, TRELLO, UPDATE
from customerp_trello.reconcile.undo import UNDO
from customerp_trello.sides.base import Side
from customerp_trello.state.intents import NOT_DONE, REFUSED, Intent, close_intent, open_intents
from customerp_trello.state.lease import Fence
from customerp_trello.state.work import Work, note_failure

log = structlog.get_logger(__name__)


def recover(run: PairRun, fence: Fence, open_side: Callable[[str], Side]) -> dict[str, int]:
    """Resolve the pair's open intents (contract, section 7, intents).

    A create is found by marker or by the key that we gave and adopted; proved absent after the settle time it is
    forgotten, so that reconcile plans it anew; until then it stays open and its record is left alone.

    Returns:
        How many were adopted, forgotten, left open.
    """
    with run.store.read() as tx:
        intents = open_intents(tx, run.pair)
    ends = {"adopted": 0, "forgotten": 0, "left open": 0}
    for intent in intents:
        try:
            end = _resolve(run, fence, open_side, intent)
        except RecordError as error:
            log.warning("interrupted write could not be looked up", side=intent.side, reason=str(error))
            end = "left open"
        ends[end] += 1
        log.info("interrupted write", side=intent.side, operation=intent.operation, outcome=end)
    return ends


def _resolve(run: PairRun, fence: Fence, open_side: Callable[[str], Side], intent: Intent) -> str:
    side, write = open_side(intent.side), write_again(intent)
    if intent.operation in (UPDATE, UNDO):
        return _resolve_update(run, fence, side, intent, write)
    if intent.operation not in (CREATE, RESTORE) or side.repeatable_creates:
        # Repeating it does no harm, and reconcile decides from what is there now.
        return _forget(run, fence, intent)
    marker = intent.customerp_id if intent.side == TRELLO else intent.trello_id
    found = side.find(dict(write.sent), marker=marker)
    if len(found) == 1:
        replaces = intent.side == CUSTOMERP and open_side(TRELLO).replaces_sources
        record = record_first_half if replaces and intent.operation == CREATE else record_written
        with run.begin(fence) as tx:
            record(tx, run.pair, run.id, intent.id, write, found[0])
        return "adopted"
    if found:
        return _ask(run, fence, intent, len(found))
    with run.store.read() as tx:
        opened = intent.opened_at or tx.now
        young = tx.now - opened < timedelta(seconds=run.mapping.settle_seconds)
    return "left open" if young else _forget(run, fence, intent)


def _resolve_update(run: PairRun, fence: Fence, side: Side, intent: Intent, write: Write) -> str:
    record: Record | None = side.read(write.target_id)
    if record is None or any(record.values.get(name) != text for name, text in write.sent.items()):
        return _forget(run, fence, intent)
    with run.begin(fence) as tx:
        record_written(tx, run.pair, run.id, intent.id, write, record)
    return "adopted"


def _forget(run: PairRun, fence: Fence, intent: Intent) -> str:
    with run.begin(fence) as tx:
        close_intent(tx, intent.id, NOT_DONE, outcome="not found; decided anew")
    return "forgotten"


def _ask(run: PairRun, fence: Fence, intent: Intent, number: int) -> str:
    """Several records could be the one that was created: a person decides, nothing is created again."""
    side: SideName = "customerp" if intent.customerp_id else "trello"
    reason = f"an interrupted create may have left any of {number} records in {intent.side}; link one and drop the rest"
    with run.begin(fence) as tx:
        close_intent(tx, intent.id, REFUSED, outcome=reason)
        note_failure(tx, run.pair, Work(side, intent.customerp_id or intent.trello_id, "quarantined", reason))
    return "left open"
