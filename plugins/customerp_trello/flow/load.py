"""Applying a plan's changes to one side: state first, then write by write; one bad record never stops the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from customerp_trello.errors import RecordError, RetriableError
from customerp_trello.flow.apply_state import apply_state
from customerp_trello.flow.artifacts import read_frame, read_snapshot
from customerp_trello.flow.change_log import ChangeLog, Progress
from customerp_trello.flow.labels import labels_of
from customerp_trello.flow.outcome import change_key, record_written, write_again
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.flow.recover import recover
from customerp_trello.flow.write import Deferred, Writer
from customerp_trello.mapping.model import SideName
from customerp_trello.reconcile.plan import CUSTOMERP, TRELLO, WRITES, Change, changes
from customerp_trello.sides.base import Side
from customerp_trello.state.conflicts import ANSWERED, conflicts, settle_conflicts
from customerp_trello.state.intents import (
    CLOSED,
    NOT_DONE,
    OPEN,
    PLANNED,
    close_intent,
    done_changes,
    planned_intents,
    start_intent,
)
from customerp_trello.state.lease import Fence
from customerp_trello.state.work import Work, clear_work, load_open_work, note_failure, note_work

TOO_MANY_FAILURES = 5
"""So many retriable failures in a row mean that the system is away, not that records are bad."""

SideOpener = Callable[[str], Side]


def load(run: PairRun, name: SideName, open_side: SideOpener) -> dict[str, Any]:
    """Apply the run's plan to one side; a second attempt goes on where the first one stopped.

    Args:
        run: the run.
        name: the side to write.
        open_side: opens either side.

    Returns:
        Counts for the log.

    Raises:
        LeaseLost: another attempt or run owns the pair; nothing more is written.
        RetriableError: the system is away.
    """
    fence = run.attempt()
    recover(run, fence, open_side)
    plan = read_frame(run.folder, "plan")
    if name == CUSTOMERP:
        apply_state(run, plan, fence)
    side = open_side(name)
    side.hook.before_write = lambda seconds: run.may_send(fence, seconds)
    seen = {read: read_snapshot(run.folder, read).frame for read in dict.fromkeys((CUSTOMERP, name))}
    writer = Writer(
        run,
        name,
        side,
        fence,
        seen=seen[name],
        labels=labels_of(seen[CUSTOMERP]),
        replaces_sources=name == CUSTOMERP and open_side(TRELLO).replaces_sources,
    )
    loop = _Loop(run, name, writer, fence, ChangeLog(run.mapping))
    loop.apply(plan)
    if name == TRELLO:
        loop.second_halves(open_side(CUSTOMERP))
    return {"side": name, "written": loop.written, "put_off": loop.put_off, "requests": side.requests_made}


class _Loop:
    """One attempt to apply all writes of one side."""

    def __init__(self, run: PairRun, name: SideName, writer: Writer, fence: Fence, lines: ChangeLog) -> None:
        self.run, self.name, self.writer, self.fence, self.lines = run, name, writer, fence, lines
        self.written = self.put_off = self.in_a_row = 0

    def apply(self, plan: Any) -> None:
        with self.run.store.read() as tx:
            # Also what was refused, or is still open: this run does not try it again.
            tried = done_changes(tx, self.run.id, statuses=(*set(CLOSED) - {NOT_DONE}, OPEN, PLANNED))
        todo = [c for c in changes(plan, self.name, WRITES) if change_key(c) not in tried]
        progress = Progress(len(todo), self.name)
        refused = self._refused_in_customerp()
        for change in todo:
            if change.detail.startswith("amendment") and change.customerp_id in refused:
                self._postpone(change, "deferred", "CustomERP has not taken the amendment")
            else:
                self._one(change)
            progress.step()

    def _one(self, change: Change) -> None:
        try:
            write = self.writer.write(change)
        except Deferred as reason:
            self._postpone(change, "deferred", str(reason))
        except RetriableError as error:
            self._postpone(change, "deferred", str(error))
            self.in_a_row += 1
            if self.in_a_row >= TOO_MANY_FAILURES:
                raise
        except RecordError as error:
            self._postpone(change, "quarantined", words(error))
        else:
            self.in_a_row = 0
            self.written += 1
            self._well(change)
            self.lines.done(write)

    def _postpone(self, change: Change, kind: str, reason: str) -> None:
        """Leave the change to later runs; CustomERP's record is named if there is one, since it is read by id then."""
        self.put_off += 1
        work = Work(*_who(change), kind, f"{self.name}: {reason}")
        with self.run.begin(self.fence) as tx:
            (note_failure if kind == "quarantined" else note_work)(tx, self.run.pair, work)
        self.lines.trouble(change, kind, reason)

    def _well(self, change: Change) -> None:
        asked = {(change.link, name) for name in change.values}
        with self.run.begin(self.fence) as tx:
            clear_work(tx, self.run.pair, *_who(change), kinds=("quarantined", "deferred"))
            answered = conflicts(tx, self.run.pair, status=ANSWERED)
            ids = [c.id for c in answered if (c.link, c.property) in asked]
            settle_conflicts(tx, ids, winner=TRELLO if self.name == CUSTOMERP else CUSTOMERP)

    def _refused_in_customerp(self) -> set[str]:
        with self.run.store.read() as tx:
            work = load_open_work(tx, self.run.pair)
        since = work["last_seen"] >= self.run.row.started_at
        return set(work.loc[since & work["reason"].str.startswith(f"{CUSTOMERP}:"), "record_id"])

    def second_halves(self, customerp: Side) -> None:
        """Post what the first side's creates call for: our own record in place of its source."""
        with self.run.store.read() as tx:
            planned = [intent for intent in planned_intents(tx, self.run.pair) if intent.side == self.name]
        for intent in planned:
            record = customerp.read(intent.customerp_id)
            with self.run.begin(self.fence) as tx:
                if record is None:
                    close_intent(tx, intent.id, NOT_DONE, outcome="the new record is gone by now")
                    continue
                start_intent(tx, intent.id)
            values = {
                n: v for n, v in record.values.items() if v is not None and self.run.mapping.property(n).to(TRELLO)
            }
            write = write_again(intent).with_values(values, "born_in_trello")
            answer = self.writer.side.create(
                values, marker=intent.customerp_id, labels=labels_of(record), source=intent.source
            )
            with self.run.begin(self.fence) as tx:
                record_written(tx, self.run.pair, self.run.id, intent.id, write, answer)
            self.written += 1
            self.lines.done(write.answered_by(answer.id))


def _who(change: Change) -> tuple[SideName, str]:
    return ("customerp", change.customerp_id) if change.customerp_id else ("trello", change.trello_id)


def words(error: RecordError) -> str:
    """An error with the system's own words per field."""
    fields = "; ".join(f"{name}: {text}" for name, text in error.fields.items())
    return f"{error} ({fields})" if fields and fields not in str(error) else str(error)
