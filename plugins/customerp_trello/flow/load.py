"""Applying a plan's changes to one side: state first, then the writes; one bad record never stops the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from customerp_trello.errors import RecordError, RecordWaits, RetriableError
from customerp_trello.flow.apply_state import apply_state
from customerp_trello.flow.artifacts import read_frame
from customerp_trello.flow.change_log import ChangeLog, Progress, folded
from customerp_trello.flow.in_flight import carry_out
from customerp_trello.flow.outcome import Write, change_key, who
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.flow.recover import recover
from customerp_trello.flow.restrict import carried_out
from customerp_trello.flow.second_half import SecondHalves
from customerp_trello.flow.write import Deferred, Writer
from customerp_trello.mapping.model import SideName, other
from customerp_trello.reconcile.plan import CUSTOMERP, TRELLO, WRITES, Change, changes
from customerp_trello.sides.action_rows import AMENDMENT
from customerp_trello.sides.base import Side
from customerp_trello.state.intents import CLOSED, NOT_DONE, OPEN, PLANNED, Intent, done_changes
from customerp_trello.state.lease import Fence
from customerp_trello.state.work import Work, load_open_work, note_failure, note_work

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
    recover(run, fence, open_side, planned=True)
    plan = carried_out(run, read_frame(run.folder, "plan"))
    if name == CUSTOMERP:
        with folded("Links, bases and conflicts"):
            apply_state(run, plan, fence)
    side = open_side(name)
    side.hook.before_write = lambda seconds: run.may_send(fence, seconds)
    writer = Writer(
        run,
        name,
        side,
        fence,
        across=open_side(other(name)),
        replaces_sources=name == CUSTOMERP and open_side(TRELLO).replaces_sources,
    )
    loop = _Loop(run, name, writer, fence, ChangeLog(run.mapping))
    with folded(f"Writes to {name}"):
        loop.apply(plan)
        if name == TRELLO:
            loop.second_halves(SecondHalves(writer, open_side(CUSTOMERP)))
    counts = {"requests": side.requests_made, "rate_limited": side.hook.rate_limited}
    return {"side": name, "written": loop.written, "put_off": loop.put_off, **counts}


class _Loop:
    """One attempt to apply all writes of one side."""

    def __init__(self, run: PairRun, name: SideName, writer: Writer, fence: Fence, lines: ChangeLog) -> None:
        self.run, self.name, self.writer, self.fence, self.lines = run, name, writer, fence, lines
        self.written = self.put_off = self.in_a_row = 0
        self._counting = threading.Lock()

    def apply(self, plan: Any) -> None:
        with self.run.store.read() as tx:
            # Also what was refused, or is still open: this run does not try it again.
            tried = done_changes(tx, self.run.id, statuses=(*set(CLOSED) - {NOT_DONE}, OPEN, PLANNED))
        todo = [c for c in changes(plan, self.name, WRITES) if change_key(c) not in tried]
        progress = Progress(len(todo), self.name)
        refused = self._refused_in_customerp()

        def one(change: Change) -> None:
            if AMENDMENT in change.detail and change.customerp_id in refused:
                self._postpone(change, "deferred", "CustomERP has not taken the amendment")
            else:
                self._attempt(change, lambda: self.writer.write(change))
            with self._counting:
                progress.step()

        at_once = self.writer.side.writes_in_flight
        carry_out(todo, one, at_once=at_once, records=_records, kind=lambda change: (change.operation, change.detail))

    def second_halves(self, halves: SecondHalves) -> None:
        """Post what the first side's creates call for: our own record in place of its source."""

        def one(intent: Intent) -> None:
            self._attempt(halves.write_of(intent), lambda: halves.post(intent))

        at_once = self.writer.side.writes_in_flight
        record, kind = lambda intent: [intent.customerp_id], lambda intent: intent.operation
        carry_out(halves.due(), one, at_once=at_once, records=record, kind=kind)

    def _attempt(self, change: Change | Write, act: Callable[[], Write | None]) -> None:
        try:
            write = act()
        except Deferred as reason:
            self._postpone(change, "deferred", str(reason))
        except RetriableError as error:
            self._postpone(change, "deferred", str(error))
            with self._counting:
                self.in_a_row += 1
                if self.in_a_row >= TOO_MANY_FAILURES:
                    raise
        except RecordError as error:
            self._postpone(change, "waiting" if isinstance(error, RecordWaits) else "quarantined", words(error))
        else:
            with self._counting:
                self.in_a_row = 0
                self.written += write is not None
            if write is not None:
                self.lines.done(write)

    def _postpone(self, change: Change | Write, kind: str, reason: str) -> None:
        """Leave the change to later runs; CustomERP's record is named if there is one, since it is read by id then."""
        with self._counting:
            self.put_off += 1
        work = Work(*who(change), kind, f"{self.name}: {reason}")
        with self.run.begin(self.fence) as tx:
            (note_work if kind == "deferred" else note_failure)(tx, self.run.pair, work)
        self.lines.trouble(change, kind, reason)

    def _refused_in_customerp(self) -> set[str]:
        with self.run.store.read() as tx:
            work = load_open_work(tx, self.run.pair)
        since = work["last_seen"] >= self.run.row.started_at
        return set(work.loc[since & work["reason"].str.startswith(f"{CUSTOMERP}:"), "record_id"])


def _records(change: Change) -> Iterator[tuple[str, str]]:
    """The records that a change is about, on both sides."""
    named = {CUSTOMERP: change.customerp_id, TRELLO: change.trello_id}
    return ((side, id_) for side, id_ in named.items() if id_)


def words(error: RecordError) -> str:
    """An error with the system's own words per field."""
    fields = "; ".join(f"{name}: {text}" for name, text in error.fields.items() if text)
    return f"{error} ({fields})" if fields and fields not in str(error) else str(error)
