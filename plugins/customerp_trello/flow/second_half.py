"""The second half of a project born in Trello: our own comment, which takes the place of the one that it came from.

Its intent is planned in the transaction that closes the first half, and stays planned until the comment is posted:
while it stands, the comment that the project came from is no new project (contract, section 8).
"""

from __future__ import annotations

from dataclasses import replace

from customerp_trello.errors import RecordError, RetriableError, UnknownOutcome
from customerp_trello.flow.form import RELINK
from customerp_trello.flow.labels import labels_of
from customerp_trello.flow.outcome import Write, record_written, write_again
from customerp_trello.flow.write import Writer
from customerp_trello.mapping.frame import GONE, LIVE, PROBLEM, STATE, Record
from customerp_trello.reconcile.plan import CUSTOMERP, TRELLO
from customerp_trello.sides.base import Side
from customerp_trello.state.intents import (
    DONE,
    Intent,
    close_intent,
    planned_intents,
    postpone_intent,
    start_intent,
)
from customerp_trello.state.work import not_due


class SecondHalves:
    """Posts the records that creates in CustomERP call for.

    Args:
        writer: writes the side that the records belong to.
        customerp: where their values are read.
    """

    def __init__(self, writer: Writer, customerp: Side) -> None:
        self.run, self.writer, self.customerp = writer.run, writer, customerp

    def due(self) -> list[Intent]:
        """Planned second halves of this and of interrupted runs; a refused one rests as other records do.

        Whoever re-links, or asks for a part, has not asked for what other runs have left.
        """
        own = self.run.form.partial or self.run.form.action == RELINK
        with self.run.store.read() as tx:
            resting = not_due(tx, self.run.pair)
            planned = planned_intents(tx, self.run.pair)
        mine = [one for one in planned if one.side == self.writer.name and (not own or one.run == self.run.id)]
        return [intent for intent in mine if ("customerp", intent.customerp_id) not in resting]

    def write_of(self, intent: Intent) -> Write:
        """The write that an intent stands for."""
        return write_again(intent)

    def post(self, intent: Intent) -> Write | None:
        """Post one of them; None if its record is gone by now, so that there is nothing to post.

        What somebody has edited in the source since its record was created is shown by ours as well, and is no base:
        the next run finds an edit, as in any comment.

        Raises:
            RecordError: the system refuses it, or nobody can read the source any more.
            RetriableError: the system could not be reached; ``UnknownOutcome`` if it may have been posted.
        """
        record = self.customerp.read(intent.customerp_id)
        if record is None or record.meta.get(STATE, LIVE) == GONE:
            with self.run.begin(self.writer.fence) as tx:
                # Done, not "not done": the source must not give birth to it once more.
                close_intent(tx, intent.id, DONE, outcome="the new record was deleted before it had a counterpart")
            return None
        values = self._values(record)
        write = write_again(intent).with_values(values, "born_in_trello")
        edits = self._edits(intent, write)
        answer = self._sent(intent, record, values, edits)
        answer = replace(answer, values={**answer.values, **_bases(write, edits)})
        with self.run.begin(self.writer.fence) as tx:
            record_written(tx, self.run.pair, self.run.id, intent.id, write, answer)
        return write.answered_by(answer)

    def _values(self, record: Record) -> dict[str, str]:
        to_trello = {prop.name for prop in self.run.mapping.properties if prop.to(TRELLO)}
        return {name: text for name, text in record.values.items() if text is not None and name in to_trello}

    def _edits(self, intent: Intent, write: Write) -> dict[str, str]:
        """What the source says otherwise by now, of what may travel from there; nothing if it was deleted."""
        source = self.writer.side.read(intent.source) if write.replaced else None
        if source is None:
            return {}
        told = [prop.name for prop in self.run.mapping.properties if prop.to(CUSTOMERP) and not prop.create_only]
        now = {name: text for name in told if (text := source.values.get(name)) is not None}
        problem = source.meta.get(PROBLEM)
        if problem and now:  # without any value it is no project any more, and says nothing of this one
            raise RecordError(str(problem))
        return {name: text for name, text in now.items() if text != write.replaced.get(name)}

    def _sent(self, intent: Intent, record: Record, values: dict[str, str], edits: dict[str, str]) -> Record:
        """Send it; what the system certainly did not take is planned again, and open is what it may have taken."""
        with self.run.begin(self.writer.fence) as tx:
            start_intent(tx, intent.id, values)
        side = self.writer.side
        taken = side.hook.writes_taken
        try:
            shown, marker = {**values, **edits}, intent.customerp_id
            return side.create(shown, marker=marker, labels=labels_of(record), source=intent.source)
        except UnknownOutcome:
            raise
        except (RetriableError, RecordError):
            if side.hook.writes_taken == taken:
                with self.run.begin(self.writer.fence) as tx:
                    postpone_intent(tx, intent.id)
            raise


def _bases(write: Write, edits: dict[str, str]) -> dict[str, str | None]:
    """What counts as settled of the properties that were edited in the source: what the ERP says, if it is as created.

    Where somebody has edited it in the ERP as well, nothing is settled: the next run compares the two as first linked.
    """
    created = {name: write.replaced.get(name) or write.sent[name] for name in edits if name in write.sent}
    return {name: text if write.sent[name] == text else None for name, text in created.items()}
