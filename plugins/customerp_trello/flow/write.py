"""One write: read just before, intent, request, outcome (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import pandas as pd

from customerp_trello.errors import RecordError, RecordStale, RetriableError, UnknownOutcome
from customerp_trello.flow.artifacts import read_frame, read_listing, read_planned
from customerp_trello.flow.form import APPLY_PLAN
from customerp_trello.flow.labels import labels_of
from customerp_trello.flow.outcome import (
    RESTORE,
    Write,
    record_deleted,
    record_first_half,
    record_written,
    who,
    write_of,
)
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.flow.past import known_of
from customerp_trello.mapping.frame import GONE, ID, LIVE, PROBLEM, STATE, TAKES_PLACE, Record, bearing
from customerp_trello.mapping.model import SideName, other
from customerp_trello.reconcile.plan import CREATE, CUSTOMERP, DELETE, MOVE, TRELLO, Change
from customerp_trello.sides.base import Reading, Side
from customerp_trello.state.bases import load_links
from customerp_trello.state.intents import NOT_DONE, REFUSED, close_intent, open_intent
from customerp_trello.state.lease import Fence
from customerp_trello.state.links import included_of
from customerp_trello.state.work import Work, note_work

T = TypeVar("T")
_AS_PREVIEWED = "applied as previewed; what was edited since is compared in the next run"


class Deferred(Exception):
    """The change waits for the next run."""


@dataclass
class Writer:
    """Writes changes of one run to one side.

    Attributes:
        run: the run.
        name: the side.
        side: how to write it.
        fence: this attempt's right to write.
        across: the other side.
        replaces_sources: a record created from the other side is followed by one of ours that replaces its source.
    """

    run: PairRun
    name: SideName
    side: Side
    fence: Fence
    across: Side
    replaces_sources: bool = False

    @cached_property
    def seen(self) -> pd.DataFrame:
        """The side's records as the plan saw them; read when they are asked for, since most runs write nothing."""
        return read_planned(self.run.folder, self.name)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Reference value -> human name, of the records that were read for the plan."""
        return labels_of(self.seen if self.name == CUSTOMERP else read_planned(self.run.folder, CUSTOMERP))

    def write(self, change: Change) -> Write:
        """Carry a change out and record what came of it.

        Raises:
            Deferred: the record moved since the plan was made.
            RecordError: the system refuses the record.
            RetriableError: the system could not be reached; ``UnknownOutcome`` if the write may have happened.
            LeaseLost: another run or attempt owns the pair.
        """
        if change.operation == DELETE:
            return self._delete(change)
        if change.operation == CREATE and change.detail == RESTORE:
            return self._restore(change)
        if change.operation == CREATE:
            return self._create(change)
        return self._update(change)

    def _update(self, change: Change) -> Write:
        for last in (False, True):
            record = self._read(change)
            values = self._unmoved(change, record)
            if not values and (change.values or not change.detail):
                raise Deferred("somebody changed it since it was read")
            try:
                left = sorted(change.values.keys() - values.keys())
                return self._send(write_of(change, values), self._request(change, record, values), left)
            except RecordStale:
                if last:
                    raise Deferred("somebody keeps changing it") from None
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _restore(self, change: Change) -> Write:
        values, labels = change.values, self.labels
        if self.name == TRELLO:
            survivor = self.across.read(change.source_id)
            if survivor is None or survivor.meta.get(STATE, LIVE) == GONE:
                raise Deferred("its counterpart is gone as well by now")
            # It was not edited, as a rule, so that an incremental listing left it out, and its names with it.
            labels = labels | labels_of(survivor)
        elif record := self.side.read(change.target_id):
            if record.meta.get(STATE, LIVE) != GONE:
                raise Deferred("it is back by now")
            values = self._unmoved(change, record)
        with self.run.store.read() as tx:
            included = included_of(tx, change.link)
        touch = included or read_listing(self.run.folder, self.name).facts.get("read_up_to", "")
        kept = {"marker": change.source_id, "touch": touch}
        left = sorted(change.values.keys() - values.keys())
        return self._send(
            write_of(change, values), lambda: self.side.restore(change.target_id, values, labels=labels, **kept), left
        )

    def _request(self, change: Change, record: Record, values: dict[str, str]) -> Callable[[], Record]:
        taking = str(record.meta.get(TAKES_PLACE) or "").split(",")
        if values.keys() & set(taking):
            record = self._completed(change, record)
        if change.operation == MOVE:
            return lambda: self.side.move(record, values, labels=self.labels)
        return lambda: self.side.update(record, values, labels=self.labels, touch=change.detail)

    def _completed(self, change: Change, record: Record) -> Record:
        """The record with what its counterpart says now: whoever comes (back) in gets that role, at that address."""
        source = self.across.read(change.source_id)
        if source is None:
            return record
        names = [prop.name for prop in self.run.mapping.properties if prop.to(self.name)]
        told = {name: text for name in names if (text := source.values.get(name)) is not None}
        return replace(record, values={**record.values, **told})

    def _read(self, change: Change) -> Record:
        record = self.side.read(change.target_id)
        if record is None:
            raise Deferred("it is gone by now")
        if record.meta.get(STATE, LIVE) != LIVE:
            # A listing by change does not show again what was switched off or left the scope some runs ago.
            raise Deferred("it was switched off or has left the scope")
        if problem := record.meta.get(PROBLEM):
            raise RecordError(str(problem))
        return record

    def _unmoved(self, change: Change, record: Record) -> dict[str, str]:
        """The values whose property still shows what the plan saw, or already what is to be written."""
        before = change.column("before")
        return {
            name: value
            for name, value in change.values.items()
            if record.values.get(name) in (None, before[name], value) or self._as_seen(record, name)
        }

    def _as_seen(self, record: Record, name: str) -> bool:
        """Whether a property shows what was read; the plan may know it by another word (a bare name by its number)."""
        return bool(self.seen.loc[self.seen[ID] == record.id, name].isin([record.values[name]]).any())

    def _create(self, change: Change) -> Write:
        replaced = self._source_now(change) if self.replaces_sources else {}
        self._check_absent(change)
        write = replace(write_of(change), replaced=replaced)
        return self._send(write, lambda: self.side.create(change.values, marker=change.source_id, labels=self.labels))

    @cached_property
    def _sources(self) -> pd.DataFrame:
        return read_frame(self.run.folder, other(self.name))

    def _source_now(self, change: Change) -> dict[str, str | None]:
        """A source that ours will replace is read again: an edit of it since the plan would be in nobody's sight."""
        source = self.across.read(change.source_id)
        if source is None:
            raise Deferred("what it comes from is gone by now")
        if problem := source.meta.get(PROBLEM):
            raise Deferred(f"what it comes from cannot be read any more: {problem}")
        planned = change.column(other(self.name))
        read = self._sources[self._sources[ID] == change.source_id]
        for name, text in source.values.items():
            if text is not None and text != planned.get(name) and not read[name].isin([text]).any():
                raise Deferred("what it comes from was changed since it was read")
        return source.values

    def _check_absent(self, change: Change) -> None:
        """A create needs its key absent: in a direct look-up, or in a second complete listing (contract, section 7)."""
        if self.side.repeatable_creates:
            return
        if self.name == CUSTOMERP:
            appeared = bool(self.side.find(change.values, marker=change.source_id))
        else:
            appeared = self._bears_a_key(self._second_listing, change.values)
        if appeared:
            raise Deferred("a record with its key appeared since the listing")

    def _bears_a_key(self, listing: pd.DataFrame, values: dict[str, str]) -> bool:
        """Whether an unlinked record of the listing agrees with *values* on any key that counts by itself."""
        for key in self.run.mapping.link_keys:
            wanted = {name: values.get(name, "") for name in key.properties}
            alone = not key.with_second and all(wanted.values())
            if alone and bearing(listing, wanted, self.run.mapping.folded).any():
                return True
        return False

    @cached_property
    def _second_listing(self) -> pd.DataFrame:
        known = known_of(self.run.store, self.run.mapping, self.name)
        frame = self.side.extract(Reading(since=None, known=known)).frame
        return frame[~frame[ID].isin(known.ids)]

    def _delete(self, change: Change) -> Write:
        write = write_of(change)
        record = self.side.read(change.target_id)
        if record is not None and self._edited(change, record):
            raise Deferred("somebody changed it since it was read")
        intent = self._open(write)
        if record is not None:
            act = self.side.delete if change.detail == "delete" else self.side.deactivate
            self.sent(intent, lambda: act(record))
        with self.run.begin(self.fence) as tx:
            record_deleted(tx, self.run.pair, self.run.id, intent, write, for_good=change.detail == "delete")
        return write

    def _edited(self, change: Change, record: Record) -> bool:
        """Whether the record shows anything else than when the plan was made; unlisted, it was as its bases say."""
        told = {name: text for name, text in record.values.items() if text is not None}
        seen = self.seen[self.seen[ID] == record.id]
        if seen.empty:
            with self.run.store.read() as tx:
                links = load_links(tx, self.run.pair, list(told), customerp_ids=[change.customerp_id])
            bases = links[links["link"] == change.link]
            seen = pd.DataFrame({name: bases[f"{self.name[0]}.{name}"] for name in told})
            told = {name: text for name, text in told.items() if seen[name].notna().any()}
        return any(not seen[name].isin([text]).any() for name, text in told.items())

    def _send(self, write: Write, request: Callable[[], Record], left: Sequence[str] = ()) -> Write:
        intent = self._open(write)
        answer = self.sent(intent, request)
        with self.run.begin(self.fence) as tx:
            record = record_first_half if self.replaces_sources and write.operation == CREATE else record_written
            record(tx, self.run.pair, self.run.id, intent, write, answer)
            if self.run.form.action == APPLY_PLAN:  # what came after the preview may have been open, and is not written
                note_work(tx, self.run.pair, Work(*who(write), "deferred", f"{self.name}: {_AS_PREVIEWED}"))
            if left:
                reason = f"{self.name}: not as the plan saw it, so left for the next run: {', '.join(left)}"
                note_work(tx, self.run.pair, Work(*who(write), "deferred", reason))
        return write.answered_by(answer)

    def _open(self, write: Write) -> int:
        with self.run.begin(self.fence) as tx:
            return open_intent(tx, write.intent(self.run.pair, self.run.id))

    def sent(self, intent: int, request: Callable[[], T]) -> T:
        """Send an open intent's request and close the intent if the write certainly did not happen.

        What may have happened stays open and is looked up first by whoever comes next: a lost answer, and whatever
        went wrong after the system had confirmed a part of it. So does what a person has to mend (configuration, an
        answer that nobody understands): nobody knows how far it came.
        """
        taken = self.side.hook.writes_taken
        try:
            return request()
        except UnknownOutcome:
            raise
        except (RetriableError, RecordError) as error:
            if self.side.hook.writes_taken > taken:
                raise
            self._close(intent, _closing(error), str(error))
            raise

    def _close(self, intent: int, status: str, outcome: str) -> None:
        with self.run.begin(self.fence) as tx:
            close_intent(tx, intent, status, outcome=outcome)


def _closing(error: RetriableError | RecordError) -> str:
    """What becomes of an intent whose request the system did not take."""
    return REFUSED if isinstance(error, RecordError) and not isinstance(error, RecordStale) else NOT_DONE
