"""Writes that an interrupted run left without an outcome: find out what happened before anything else is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import structlog

from customerp_trello.errors import RecordError, RecordMissing
from customerp_trello.flow.outcome import (
    RESTORE,
    Write,
    link_of,
    record_deleted,
    record_first_half,
    record_written,
    write_again,
)
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.mapping.frame import GONE, LIVE, OUT_OF_SCOPE, READONLY, REASON, STATE, SUSPENDED, Record
from customerp_trello.mapping.model import SideName, other
from customerp_trello.reconcile.plan import CREATE, CUSTOMERP, DELETE, MOVE, TRELLO, UPDATE
from customerp_trello.reconcile.undo import UNDO
from customerp_trello.sides.base import NOT_TAKEN, Alike, Movable, Side
from customerp_trello.state.bases import load_links
from customerp_trello.state.intents import NOT_DONE, REFUSED, Intent, close_intent, open_intents, postpone_intent
from customerp_trello.state.lease import Fence
from customerp_trello.state.links import counterpart_of
from customerp_trello.state.transaction import Transaction
from customerp_trello.state.work import FORGOTTEN, FOUND, RESOLVED, Work, note_failure, note_work

_Recorder = Callable[[Transaction, str, str, int, Write, Record], None]

log = structlog.get_logger(__name__)


def recover(run: PairRun, fence: Fence, open_side: Callable[[str], Side], *, planned: bool = False) -> dict[str, int]:
    """Resolve the pair's open intents (contract, section 7, intents).

    A create is found by marker or by the key that we gave and adopted; proved absent after the settle time it is
    forgotten, so that reconcile plans it anew; until then it stays open and its record is left alone.

    Args:
        run: the run.
        fence: its right to write.
        open_side: opens either side.
        planned: the run's plan is made already, so that what is forgotten is the next run's.

    Returns:
        How many were adopted, forgotten, left open, or are asked about.
    """
    with run.store.read() as tx:
        intents = open_intents(tx, run.pair)
    ends = {"adopted": 0, "forgotten": 0, "left open": 0, "asked": 0}
    for intent in intents:
        one = _Interrupted(run, fence, open_side, intent, planned=planned)
        try:
            end = one.resolve()
        except RecordMissing:
            end = one.forget()  # nobody has the link any more that the write was about
        except RecordError as error:
            log.warning("interrupted write could not be looked up", side=intent.side, reason=str(error))
            end = "left open"
        ends[end] += 1
        log.info("interrupted write", side=intent.side, operation=intent.operation, outcome=end)
    return ends


class _Interrupted:
    """One write without an outcome."""

    def __init__(
        self, run: PairRun, fence: Fence, open_side: Callable[[str], Side], intent: Intent, *, planned: bool
    ) -> None:
        self.run, self.fence, self.open_side, self.intent, self.planned = run, fence, open_side, intent, planned
        self.side, self.write = open_side(intent.side), write_again(intent)
        if intent.run != run.id:  # this run's own changes are counted from 0 as well
            self.write = replace(self.write, change_key=f"{intent.change_key}@{intent.id}")

    def resolve(self) -> str:
        """Find out what happened and record it; ``adopted``, ``forgotten``, ``left open`` or ``asked``."""
        operation = self.intent.operation
        if operation in (CREATE, MOVE) and not self.side.repeatable_creates:
            return self._create()
        if operation == RESTORE and not self.side.repeatable_creates:
            return self._restore()
        if operation in (UPDATE, UNDO):
            return self._update()
        if operation == DELETE:
            return self._delete()
        # Repeating it does no harm, and reconcile decides from what is there now.
        return self.forget()

    def _update(self) -> str:
        record = self.side.read(self.write.target_id)
        if isinstance(self.side, Movable):
            self.side.hook.before_write = lambda seconds: self.run.may_send(self.fence, seconds)
            if moved := self.side.finish_move(self.write.target_id, dict(self.write.sent)):
                return self._adopt(record_written, moved)
        if record is None or not self._shows(record):
            return self.forget()
        if self.intent.operation == UNDO:  # the question that is left shows both sides
            source = self.open_side(other(self.write.side)).read(self.write.source_id)
            self.write = replace(self.write, source=source.values if source else {})
        return self._adopt(record_written, record)

    def _shows(self, record: Record) -> bool:
        """Whether the record shows what was sent; nobody can tell of a write that sent no value."""
        sent = self.write.sent
        return bool(sent) and all(record.values.get(name) == text for name, text in sent.items())

    def _delete(self) -> str:
        record = self.side.read(self.write.target_id)
        if record is not None and not self._is_gone(record):
            return self.forget()
        with self.run.begin(self.fence) as tx:
            write = replace(self.write, link=link_of(tx, self.run.pair, self.write), key=self._key(tx))
            for_good = self.run.mapping.side(write.side).on_gone == "delete"
            record_deleted(tx, self.run.pair, self.run.id, self.intent.id, write, for_good=for_good)
        return "adopted"

    def _is_gone(self, record: Record) -> bool:
        """Whether the record that we asked to delete is there no more, or as far as anybody can see."""
        state, reason = record.meta.get(STATE), record.meta.get(REASON)
        out_of_sight = state == SUSPENDED and reason != OUT_OF_SCOPE
        return state == GONE or (self.side.hides_deleted and out_of_sight)

    def _key(self, tx: Transaction) -> str:
        """The display key that the plan had: the first key property of which the link has a base."""
        write, mapping = self.write, self.run.mapping
        names = list(dict.fromkeys(name for key in mapping.link_keys for name in key.properties))
        link = load_links(tx, self.run.pair, names, customerp_ids=[write.customerp_id]).iloc[0]
        bases = (link[f"{side}.{name}"] for name in names for side in ("c", "t"))
        return next((str(base) for base in bases if not pd.isna(base) and base), write.customerp_id)

    def _restore(self) -> str:
        """A record is restored in its place, or (what cannot be switched on again) by a create."""
        record = self.side.read(self.write.target_id)
        if record is None:
            return self._create()
        lives = record.meta.get(STATE, LIVE) == LIVE and self._shows(record)
        return self._adopt(record_written, record) if lives else self.forget()

    def _create(self) -> str:
        intent = self.intent
        marker = intent.customerp_id if intent.side == TRELLO else intent.trello_id
        found = self.side.find(dict(self.write.sent), marker=marker)
        if not found and isinstance(self.side, Alike):
            found = self.side.find_alike(dict(self.write.sent), marker=marker)
        found = [one for one in found if not self._is_another(one)]
        if len(found) == 1:
            replaces = intent.side == CUSTOMERP and self.open_side(TRELLO).replaces_sources
            record = record_first_half if replaces and intent.operation == CREATE else record_written
            return self._adopt(record, self._as_answered(found[0]))
        if found:
            return self._ask(len(found))
        return "left open" if self._young() else self.forget()

    def _is_another(self, found: Record) -> bool:
        """Whether a record that bears the key is linked with somebody else, and was so before."""
        with self.run.store.read() as tx:
            linked = counterpart_of(tx, self.run.pair, self.intent.side, found.id)
        return linked not in ("", self.write.source_id)

    def _as_answered(self, found: Record) -> Record:
        """The answer that was lost: what is read otherwise by now is an edit, which the next run has to see.

        Only a value that the system gives on creation, or had no room for, is taken from the record itself.
        """
        given = {prop.name for prop in self.run.mapping.properties if prop.create_only}
        given |= {*str(found.meta.get(READONLY) or "").split(","), *found.meta.get(NOT_TAKEN, {})}
        sent = {name: text for name, text in self.write.sent.items() if name not in given}
        shown = {name for name, text in found.values.items() if text is not None}
        return replace(found, values=found.values | {name: sent[name] for name in sent.keys() & shown})

    def _young(self) -> bool:
        """Whether the write may still be on its way."""
        with self.run.store.read() as tx:
            opened = self.intent.opened_at or tx.now
            return tx.now - opened < timedelta(seconds=self.run.mapping.settle_seconds)

    def _adopt(self, record: _Recorder, answer: Record) -> str:
        with self.run.begin(self.fence) as tx:
            record(tx, self.run.pair, self.run.id, self.intent.id, self.write, answer)
            if self.write.customerp_id:
                reason = RESOLVED if self.planned else FOUND
                note_work(tx, self.run.pair, Work("customerp", self.write.customerp_id, "waiting", reason))
        return "adopted"

    def forget(self) -> str:
        """Close it: it is decided anew; the second half of a chain is planned anew, since nothing else would be."""
        with self.run.begin(self.fence) as tx:
            if self.intent.source:
                postpone_intent(tx, self.intent.id)
            else:
                close_intent(tx, self.intent.id, NOT_DONE, outcome="not found; decided anew")
                late = self.planned and self.intent.run != self.run.id
                if late and self.write.customerp_id:  # a listing by change leaves it out of the run that decides
                    note_work(tx, self.run.pair, Work("customerp", self.write.customerp_id, "waiting", FORGOTTEN))
        return "forgotten"

    def _ask(self, number: int) -> str:
        """Several records could be the one that was created: a person decides, nothing is created again."""
        intent = self.intent
        side: SideName = "customerp" if intent.customerp_id else "trello"
        reason = (
            f"an interrupted create may have left any of {number} records in {intent.side}; link one and drop the rest"
        )
        with self.run.begin(self.fence) as tx:
            close_intent(tx, intent.id, REFUSED, outcome=reason)
            work = Work(side, intent.customerp_id or intent.trello_id, "quarantined", reason)
            note_failure(tx, self.run.pair, work)
        return "asked"
