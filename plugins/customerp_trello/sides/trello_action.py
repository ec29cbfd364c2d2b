"""Projects as comments on the register card (contract, section 8, custom_project).

Requests: a listing takes two for the card and the token's member, one per 1,000 comments and one more to see their
end; a linked comment that is not among them takes a tenth. Reading one record takes one, and the first of a task the
listing as well, for the amendments. Everything is listed every time: Trello never tells of edits and deletions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from customerp_trello.errors import ConfigurationError, RecordError, RecordMissing
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.frame import (
    GONE,
    ID,
    REASON,
    STATE,
    SUSPENDED,
    Record,
    Snapshot,
    make_frame,
    make_record,
)
from customerp_trello.mapping.model import Mapping, TrelloSide
from customerp_trello.sides.action_rows import ActionRows, last_of, touch_of
from customerp_trello.sides.base import AUTHOR, INCLUDED, NOT_TAKEN, Known, Reading
from customerp_trello.sides.comment import Footer, render
from customerp_trello.sides.comment_layout import Texts, layout_of
from customerp_trello.sides.comment_reading import Canonical, parse
from customerp_trello.sides.comment_text import fold
from customerp_trello.sides.register import Comment, Project, Register
from customerp_trello.sides.rows import Row, moment


class TrelloActions:
    """The comments of one card as projects.

    Attributes:
        replaces_sources: a project born as a comment gets a comment of ours, which takes its place.

    Raises:
        ConfigurationError: the card cannot be read or is archived, or the mapping makes no comment.
    """

    repeatable_creates = False
    hides_deleted = False
    replaces_sources = True

    def __init__(self, mapping: Mapping, hook: TrelloHook, known: Known) -> None:
        self.mapping, self.hook, self.known = mapping, hook, known
        self._layout = layout_of(mapping)
        self._texts = Texts(mapping)
        self._rows = ActionRows(mapping, self._texts, hook, lambda: self._card)
        self._register: Register | None = None

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return self.hook.requests_made

    @property
    def writes_in_flight(self) -> int:
        """As many as the connection allows."""
        return self.hook.writes_in_flight

    def identity(self) -> dict[str, str]:
        """Base URL, token's member and card."""
        identity = self.hook.identity()
        return {"base_url": identity["base_url"], "member": identity["member"], "card": str(self._card["id"])}

    # -- reading -----------------------------------------------------------------------------------------------

    def extract(self, reading: Reading) -> Snapshot:
        """Read all comments of the card, whatever the window: see the module's text."""
        self.known = reading.known
        register = self._read_all()
        rows = [self._rows.of_project(project) for project in register.projects.values()]
        rows += [self._rows.of_born(*born) for born in register.born.values()]
        rows += [self._rows.of_broken(*broken) for broken in register.broken.values()]
        rows = [row for one in rows if (row := self._rows.in_scope(one, reading.known.ids))]
        rows += self._absent(reading.known.ids - {row[ID] for row in rows} - reading.known.consumed_sources)
        facts: dict[str, Any] = {
            "identity": self.identity(),
            "clock_offset": self.hook.clock_offset,
            "read_up_to": touch_of(register.newest) if register.newest else "",
            "notes": sorted(register.notes, key=lambda note: note["comment"]),
        }
        return Snapshot(make_frame(rows, self.mapping.names), complete=True, facts=facts)

    def read(self, record_id: str) -> Record | None:
        """Read one comment now, its amendments as of this side's first listing.

        A later amendment is not lost by that: only those up to the plan's ``_touch`` are ever taken as included.
        """
        register = self._listed()
        try:
            action = self.hook.get_action(record_id)
        except RecordMissing:
            self._check_card()
            return None
        register.refresh(action)
        return self._record_of(register, record_id)

    def change_times(self, ids: list[str]) -> dict[str, dict[str, datetime]]:
        """When the amendments that change a property were written: better than any record's time."""
        times: dict[str, dict[str, datetime]] = {}
        projects = self._listed().projects
        for project in (projects[id_] for id_ in ids if id_ in projects):
            for amended in project.pending:
                at = moment(amended.comment.at.at, self.hook.clock_offset)
                if at:
                    times.setdefault(project.comment.id, {}).update(dict.fromkeys(amended.values, at))
        return times

    def find(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Our own comments with this marker or number as they were posted, from a fresh listing."""
        register = self._read_all()
        number = fold(values.get(self._layout.number, ""))
        found = [
            project
            for project in (*register.projects.values(), *register.heirs.values())
            if project.ours
            and (
                (marker and project.parsed.footer.marker == marker)
                or (number and fold(project.values.get(self._layout.number, "")) == number)
            )
        ]
        return [self._as_written(project.comment) for project in found]

    # -- writing -----------------------------------------------------------------------------------------------

    def create(self, values: dict[str, str], *, marker: str, labels: dict[str, str], source: str = "") -> Record:
        """Post a comment; *source* is the comment that the project was born from."""
        return self._post(values, labels, Footer(marker=marker, source=source))

    def update(self, record: Record, values: dict[str, str], *, labels: dict[str, str], touch: str = "") -> Record:
        """Render the comment anew with *values* on top; what renders the same is not sent.

        With ``touch="author"`` another account wrote the comment, so ours is posted: the record gets another id.
        """
        register = self._listed()
        project = register.projects.get(record.id) or self._again(register, record.id)
        included = last_of(touch) or project.parsed.footer.included
        whole = project.up_to(last_of(touch)) | values
        # names as the caller knows them, else as the comment shows them already
        labels = project.parsed.names | labels
        footer = replace(project.parsed.footer, included=included)
        if not project.ours:
            # amendments later than those that it includes stay pending, whatever the date of ours
            return self._post(whole, labels, replace(footer, included=project.comment.since(footer)))
        rendered = render(self._layout, whole, labels, footer)
        if rendered.text == project.comment.text:
            return self._as_written(self._taken(project.comment.raw))
        return self._as_written(self._taken(self.hook.update_comment(record.id, rendered.text)))

    def move(self, record: Record, values: dict[str, str], *, labels: dict[str, str]) -> Record:
        """Post the comment of another account as ours; our own stays where it is."""
        return self.update(record, values, labels=labels, touch=AUTHOR)

    def delete(self, record: Record) -> None:
        """Delete the comment for good; one that is not there is deleted."""
        try:
            self.hook.delete_comment(record.id)
        except RecordMissing:
            self._check_card()

    def deactivate(self, record: Record) -> None:
        """A comment cannot be switched off."""
        raise ConfigurationError(
            f"mapping {self.mapping.pair}, trello.on_gone: a comment cannot be deactivated; "
            "valid: delete, unlink, restore, ignore"
        )

    def restore(
        self, record_id: str, values: dict[str, str], *, labels: dict[str, str], marker: str = "", touch: str = ""
    ) -> Record:
        """Post the comment again; it gets another id. Amendments that the plan had not seen yet stay pending."""
        return self._post(values, labels, Footer(marker=marker, included=last_of(touch)))

    # -- the card ----------------------------------------------------------------------------------------------

    @cached_property
    def _card(self) -> dict[str, Any]:
        return self._check_card()

    def _check_card(self) -> dict[str, Any]:
        settings = self.mapping.trello
        named = (settings.scope.card if isinstance(settings, TrelloSide) else None) or self.hook.register_card
        where = f"mapping {self.mapping.pair}, trello.scope.card, or else connection {self.hook.conn_id}, register_card"
        if not named:
            raise ConfigurationError(
                f"{where}: no card is named; give the id or URL of the card that holds the projects"
            )
        try:
            card = self.hook.get_card(named)
        except RecordError as error:
            raise ConfigurationError(f"{where}: the card {named!r} cannot be read ({error})") from None
        if card.get("closed") or (card.get("board") or {}).get("closed"):
            raise ConfigurationError(f"{where}: the card {named!r} or its board is archived; reopen it or name another")
        return card

    def _read_all(self) -> Register:
        me = str(self.hook.me()["id"])
        actions = self.hook.comments(str(self._card["id"]))
        self._register = Register.of(self._layout, self._texts, me, self.known, actions)
        return self._register

    def _listed(self) -> Register:
        return self._register or self._read_all()

    def _again(self, register: Register, record_id: str) -> Project:
        """Read a comment that is about to be written and was not read before."""
        register.refresh(self.hook.get_action(record_id))
        if record_id in register.projects:
            return register.projects[record_id]
        raise RecordError(f"comment {record_id}: it has not the form of a project (any more) and is not overwritten")

    def _absent(self, ids: frozenset[str] | set[str]) -> list[Row]:
        """Look up linked comments that the listing did not show; the card itself has just been read."""
        absent = sorted(ids)
        rows: list[Row] = []
        for id_, answer in zip(absent, self.hook.batch(f"/actions/{id_}" for id_ in absent), strict=True):
            if isinstance(answer, RecordMissing):
                rows.append({ID: id_, STATE: GONE, REASON: "the comment was deleted"})
            elif isinstance(answer, RecordError):
                rows.append({ID: id_, STATE: SUSPENDED, REASON: f"the comment cannot be read: {answer}"})
            else:
                rows.append({ID: id_, STATE: SUSPENDED, REASON: "the comment is not on the register card (any more)"})
        return rows

    # -- comments ----------------------------------------------------------------------------------------------

    def _post(self, values: dict[str, str], labels: dict[str, str], footer: Footer) -> Record:
        rendered = render(self._layout, dict(values), labels, footer)
        return self._as_written(self._taken(self.hook.post_comment(str(self._card["id"]), rendered.text)))

    def _taken(self, action: dict[str, Any]) -> Comment:
        """Trello's own answer to a write, which the register holds from now on."""
        self._listed().refresh(action)
        return Comment.of(action)

    def _as_written(self, comment: Comment) -> Record:
        """A comment of ours as a record, without amendments that it does not include."""
        parsed = parse(self._layout, comment.text)
        row = self._rows.of_broken(comment, "")
        if not isinstance(parsed, Canonical):
            return make_record(row, self.mapping.names)
        values, _ = self._texts.read(parsed.values, parsed.places)
        row |= values
        record = make_record(row, self.mapping.names)
        record.meta[INCLUDED] = touch_of(comment.since(parsed.footer))
        if parsed.footer.left_out and self._layout.block:
            # a comment that shows no description has an empty one: whoever writes one there has made a change
            record.values[self._layout.block] = ""
            record.meta[NOT_TAKEN] = {self._layout.block: ""}
        return record

    def _record_of(self, register: Register, record_id: str) -> Record:
        if record_id in register.projects:
            project = register.projects[record_id]
            record = make_record(self._rows.of_project(project), self.mapping.names)
            record.meta[INCLUDED] = touch_of(project.comment.since(project.parsed.footer))
            return record
        if record_id in register.born:
            row = self._rows.of_born(*register.born[record_id])
        else:
            row = self._rows.of_broken(*register.broken[record_id])
        return make_record(row, self.mapping.names)
