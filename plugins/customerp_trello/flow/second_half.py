"""The second half of a project born in Trello: our own comment, which takes the place of the one that it came from.

Its intent is planned in the transaction that closes the first half, and stays planned until the comment is posted:
while it stands, the comment that the project came from is no new project (contract, section 8).
"""

from __future__ import annotations

from dataclasses import replace

from customerp_trello.errors import RecordError, RetriableError, UnknownOutcome
from customerp_trello.flow.form import RELINK
from customerp_trello.flow.labels import labels_of, meant_by_names, unclear_name
from customerp_trello.flow.outcome import Write, record_written, write_again
from customerp_trello.flow.write import Writer
from customerp_trello.mapping.frame import GONE, LIVE, PROBLEM, STATE, Record
from customerp_trello.mapping.model import Property
from customerp_trello.reconcile.plan import CUSTOMERP, TRELLO
from customerp_trello.sides.base import NOT_TAKEN, UNSEEN, Directory, Side
from customerp_trello.sides.comment_layout import OWN_FIELDS
from customerp_trello.sides.comment_text import BY_NAME
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
        values, edits = self._values(record), self._edits(intent)
        # Edited in the ERP as well since it was created: nothing is settled, and the two are compared as first linked.
        made = intent.outcome or values
        settled = {name: text for name, text in values.items() if name not in edits or made.get(name) == text}
        write = write_again(intent).with_values(settled, "born_in_trello")
        answer = _settled(self._sent(intent, record, settled, {**values, **edits}), settled, edits)
        with self.run.begin(self.writer.fence) as tx:
            record_written(tx, self.run.pair, self.run.id, intent.id, write, answer)
        return write.answered_by(answer)

    def _values(self, record: Record) -> dict[str, str]:
        to_trello = {prop.name for prop in self.run.mapping.properties if prop.to(TRELLO)}
        return {name: text for name, text in record.values.items() if text is not None and name in to_trello}

    def _edits(self, intent: Intent) -> dict[str, str]:
        """What the source says otherwise by now, of what may travel from there; nothing if it was deleted."""
        source = self.writer.side.read(intent.source) if intent.before else None
        if source is None:
            return {}
        told = [
            prop
            for prop in self.run.mapping.properties
            if prop.to(CUSTOMERP) and not prop.create_only and prop.trello not in OWN_FIELDS
        ]
        now = {prop.name: text for prop in told if (text := source.values.get(prop.name)) is not None}
        problem = source.meta.get(PROBLEM)
        if problem and now:  # without any value it is no project any more, and says nothing of this one
            raise RecordError(str(problem))
        edits = {name: text for name, text in now.items() if text != (intent.before or {}).get(name)}
        for prop in told:
            if prop.references and edits.get(prop.name, "").startswith(BY_NAME):
                self._check_name(prop, edits[prop.name].removeprefix(BY_NAME))
        return edits

    def _check_name(self, prop: Property, name: str) -> None:
        """Nobody but the token's member can correct our comment, so a name that is unclear stays in its source."""
        if isinstance(self.customerp, Directory):
            directory = self.customerp.directory(str(prop.references))
            if name not in meant_by_names(directory, prop).index:
                raise RecordError(unclear_name(prop))

    def _sent(self, intent: Intent, record: Record, settled: dict[str, str], shown: dict[str, str]) -> Record:
        """Send it; what the system certainly did not take is planned again, and open is what it may have taken."""
        with self.run.begin(self.writer.fence) as tx:
            start_intent(tx, intent.id, settled)
        side = self.writer.side
        taken = side.hook.writes_taken
        try:
            return side.create(shown, marker=intent.customerp_id, labels=labels_of(record), source=intent.source)
        except UnknownOutcome:
            raise
        except (RetriableError, RecordError):
            if side.hook.writes_taken == taken:
                with self.run.begin(self.writer.fence) as tx:
                    postpone_intent(tx, intent.id)
            raise


def _settled(answer: Record, settled: dict[str, str], edits: dict[str, str]) -> Record:
    """The answer to a comment that shows *edits*, as far as it is a base; what had no room is recorded as replaced."""
    lost = {name: edits[name] for name in edits if name in answer.meta.get(NOT_TAKEN, {})}
    known = {name: settled.get(name) for name in edits if name not in lost}
    return replace(answer, values={**answer.values, **known}, meta={**answer.meta, UNSEEN: lost})
