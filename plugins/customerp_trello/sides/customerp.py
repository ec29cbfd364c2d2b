"""Contacts, customers, projects and employees of the ERP: one class, the profile says what differs.

Requests: a listing takes one per page, plus up to 20 for references by number (or a listing of the referred entity,
once), plus one per linked record that a full listing lacks and per open record that a partial one lacks. Reading takes
one, writing one (two where the ERP's answer does not show the record).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from customerp_trello.errors import ConfigurationError, RecordError, RecordMissing
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile_writing import FieldDelete, HardDelete, NoDelete, TombstoneDelete
from customerp_trello.mapping.frame import (
    GONE,
    HOLD,
    ID,
    REASON,
    STATE,
    SUSPENDED,
    Record,
    Snapshot,
    bearing,
    make_frame,
)
from customerp_trello.mapping.model import CUSTOMERP, Mapping, Property
from customerp_trello.mapping.values import to_text
from customerp_trello.sides.base import Known, Reading
from customerp_trello.sides.comment_text import BY_NAME
from customerp_trello.sides.customerp_reading import CustomERPReader
from customerp_trello.sides.rows import first_record

LOOK_UPS = 500
"""Records that are linked, or have open work, and that a listing lacks: so many are looked up in one run, the rest in
the next."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class _Read:
    """A record as the ERP just showed it."""

    fields: Fields
    version: str


class CustomERPRecords:
    """One entity of the ERP.

    Raises:
        ConfigurationError: the profile has no such entity, or cannot do what the mapping asks for.
    """

    repeatable_creates = False
    hides_deleted = False
    writes_in_flight = 1
    replaces_sources = False

    def __init__(self, mapping: Mapping, hook: CustomERPHook) -> None:
        self.mapping, self.hook = mapping, hook
        self._settings = mapping.customerp
        self._entity = self._settings.entity
        if self._entity not in hook.profile.entities:
            raise ConfigurationError(
                f"mapping {mapping.pair}, customerp.entity: the ERP's profile has no {self._entity!r}; "
                f"valid: {', '.join(sorted(hook.profile.entities))}"
            )
        self._kind = hook.profile.entities[self._entity]
        self._reader = CustomERPReader(mapping, self._settings, hook)
        self._last: dict[str, _Read] = {}

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return self.hook.requests_made

    def identity(self) -> dict[str, str]:
        """Base URL, profile and entity."""
        return {**self.hook.identity(), "entity": self._entity}

    # -- reading -----------------------------------------------------------------------------------------------

    def extract(self, reading: Reading) -> Snapshot:
        """List what changed since ``reading.since``, or everything; see :class:`customerp_trello.sides.base.Side`.

        An ERP that cannot be asked for changes is listed whole, and then absence means something. It never means that
        open work is done: that is looked up, and what could not be read of it is in ``facts["unread"]``.
        """
        partial = reading.since is not None and self.hook.profile.listing_of(self._kind).since is not None
        records = {
            to_text(record[self._kind.id]): record
            for record in self.hook.list_records(self._entity, since=reading.since if partial else None)
        }
        listed = frozenset(records)
        known, wanted = reading.known, reading.known.open_ids
        wanted |= frozenset() if partial else known.ids
        # Open work first: whoever found no place last time is.
        turn = sorted(wanted - listed, key=lambda id_: (id_ not in known.open_ids, id_))
        found, missing = self._look_up(turn[:LOOK_UPS])
        records |= found
        proved = bool(known.ids & frozenset(records))
        frame = self._held_back(self._frame(records.values(), known.ids), records, known)
        gone = [self._missing_row(id_, proved) for id_ in missing if id_ in known.ids]
        if gone:
            frame = pd.concat([frame, make_frame(gone, self.mapping.names)], ignore_index=True)
            frame = frame.sort_values(ID, kind="stable")
        unread = sorted(known.open_ids.difference(records, missing))
        facts: dict[str, Any] = {"identity": self.identity(), "clock_offset": self.hook.clock_offset}
        facts |= {"listed": len(listed), "unread": unread}
        return Snapshot(frame.reset_index(drop=True), complete=not partial, facts=facts)

    def _held_back(self, frame: pd.DataFrame, records: dict[str, Fields], known: Known) -> pd.DataFrame:
        """Mode ``related``: no counterpart before the record that this one belongs to is linked.

        The ERP's own field says by its id which one that is, whatever the property shows of it.
        """
        mode = self._settings.on_unlinked
        if mode.mode != "related" or mode.via is None:
            return frame
        (field,) = self.mapping.property(mode.via).customerp
        related = {id_: to_text(fields.get(field)) for id_, fields in records.items()}
        apart = ~frame[ID].map(related).isin(set(known.workspace_customer.values())) & frame[HOLD].eq("")
        return frame.assign(**{HOLD: frame[HOLD].mask(apart, f"its {mode.via} is not linked")})

    def directory(self, entity: str) -> pd.DataFrame:
        """All records of *entity* that can be referred to by number: id, number, label; str columns."""
        return self._reader.directory(entity)

    def read(self, record_id: str) -> Record | None:
        """Read one record now; None when the ERP says that it is not there."""
        try:
            return self._answer(*self.hook.get_record(self._entity, record_id))
        except RecordMissing:
            return None

    def find(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Records with this marker; where the ERP keeps none, records with the keys that we gave."""
        if self._can_look_up(marker):
            return self._found(self.hook.list_records(self._entity, filters={str(self._kind.marker): marker}))
        for key in self.mapping.link_keys:
            wanted = {name: values.get(name, "") for name in key.properties}
            if all(wanted.values()) and (found := self._by_key(wanted)):
                return found
        return []

    def find_alike(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Where neither a marker nor a whole key can be looked up: records that show all that was sent."""
        keyed = any(all(values.get(name) for name in key.properties) for key in self.mapping.link_keys)
        if keyed or self._can_look_up(marker):
            return []
        wanted = {name: text for name, text in values.items() if text and self.mapping.property(name).to(CUSTOMERP)}
        frame = self._frame(self.hook.list_records(self._entity), frozenset())
        found = frame.loc[bearing(frame, wanted, self.mapping.folded), ID]
        return [record for id_ in found if (record := self.read(id_))]

    # -- writing -----------------------------------------------------------------------------------------------

    def create(self, values: dict[str, str], *, marker: str, labels: dict[str, str], source: str = "") -> Record:
        """Create a record; the marker goes where the profile has a field for it."""
        fields = self._fields({name: text for name, text in values.items() if text}, {})
        if self._kind.marker and marker:
            fields[self._kind.marker] = marker
        return self._answer(*self.hook.create_record(self._entity, fields))

    def update(self, record: Record, values: dict[str, str], *, labels: dict[str, str], touch: str = "") -> Record:
        """Write the fields that *values* change, on condition that nobody else changed the record meanwhile."""
        version = str(record.meta.get("_version") or "")
        old = self._last.get(record.id)
        if old is None or (version and old.version != version):
            old = _Read(*self.hook.get_record(self._entity, record.id))
        fields = self._fields(values, old.fields)
        if not fields:
            return self._answer(old.fields, old.version)
        return self._answer(*self.hook.update_record(self._entity, record.id, fields, version or old.version))

    def move(self, record: Record, values: dict[str, str], *, labels: dict[str, str]) -> Record:
        """An ERP record keeps its id whatever changes."""
        return self.update(record, values, labels=labels)

    def delete(self, record: Record) -> None:
        """Delete in the way that the ERP has; one that is not there is deleted."""
        self._last.pop(record.id, None)
        try:
            self.hook.delete_record(self._entity, record.id)
        except RecordMissing:
            return

    def deactivate(self, record: Record) -> None:
        """Switch a record off, without destroying anything."""
        if not isinstance(self.hook.profile.delete_of(self._kind), HardDelete | TombstoneDelete | NoDelete):
            self.delete(record)
        elif self._kind.active:
            self._last.pop(record.id, None)
            version = str(record.meta.get("_version") or "")
            self.hook.update_record(self._entity, record.id, {self._kind.active: False}, version)
        else:
            raise ConfigurationError(
                f"mapping {self.mapping.pair}, customerp.on_gone: this ERP cannot switch a {self._entity} off; "
                "valid: delete, unlink, restore, ignore"
            )

    def restore(
        self, record_id: str, values: dict[str, str], *, labels: dict[str, str], marker: str = "", touch: str = ""
    ) -> Record:
        """Switch a record on again with *values*; one that is gone for good is created anew."""
        try:
            old = _Read(*self.hook.get_record(self._entity, record_id))
        except RecordMissing:
            return self.create(values, marker=marker, labels=labels)
        fields = self._fields(values, old.fields)
        if not self._reader.is_active(old.fields):
            fields |= self._switched_on()
        return self._answer(*self.hook.update_record(self._entity, record_id, fields, old.version))

    # -- between the two ---------------------------------------------------------------------------------------

    def _frame(self, records: Iterable[Fields], linked: frozenset[str]) -> pd.DataFrame:
        rows = list(records)
        versions = {to_text(row[self._kind.id]): self.hook.version_of(self._entity, row) for row in rows}
        return self._reader.frame(rows, versions, linked)

    def _answer(self, fields: Fields, version: str) -> Record:
        """The ERP's own answer as a record; remembered, since a later write builds on its fields."""
        id_ = to_text(fields[self._kind.id])
        self._last[id_] = _Read(fields, version)
        frame = self._reader.frame([fields], {id_: version}, frozenset({id_}))
        return first_record(frame, self.mapping.names)

    def _found(self, records: Iterable[Fields]) -> list[Record]:
        return [self._answer(fields, self.hook.version_of(self._entity, fields)) for fields in records]

    def _fields(self, values: dict[str, str], old: Fields) -> Fields:
        """The ERP fields to write so that a record with *old* fields says *values*."""
        fields: Fields = {}
        for prop in self.mapping.properties:
            if prop.name in values and prop.to(CUSTOMERP):
                text = values[prop.name].removeprefix(BY_NAME) if prop.references else values[prop.name]
                sent = self._reader.converter(prop, text).put(text, old)
                fields |= {name: self._typed(prop, value) for name, value in sent.items()}
        return fields

    def _typed(self, prop: Property, value: Any) -> Any:
        """An id as the ERP types it, where a property is one: a text in its place is refused, or taken for none."""
        kind = self.hook.profile.entities.get(prop.references or "")
        number = kind is not None and kind.id_is == "integer" and isinstance(value, str) and value.isdecimal()
        return int(value) if number else value

    def _look_up(self, ids: list[str]) -> tuple[dict[str, Fields], list[str]]:
        found: dict[str, Fields] = {}
        missing: list[str] = []
        for id_ in ids:
            try:
                found[id_], _ = self.hook.get_record(self._entity, id_)
            except RecordMissing:
                missing.append(id_)
            except RecordError:
                continue
        return found, missing

    def _missing_row(self, id_: str, proved: bool) -> dict[str, Any]:
        """A record that the ERP says is not there: believed only while another linked record can be read."""
        if proved:
            return {ID: id_, STATE: GONE, REASON: "CustomERP says that the record does not exist"}
        return {ID: id_, STATE: SUSPENDED, REASON: "not found, and neither is any other linked record"}

    def _can_look_up(self, marker: str) -> bool:
        return bool(marker) and self._kind.marker in self._kind.filters

    def _by_key(self, wanted: dict[str, str]) -> list[Record]:
        """Records that show the canonical key values *wanted*, looked up by a filter where the ERP has one.

        A filter's value is part of the URL, so a personal one is never looked up but compared here; so is one in which
        capitals do not matter, since they may to the ERP.
        """
        filters: dict[str, str] = {}
        for name, text in wanted.items():
            prop = self.mapping.property(name)
            filtered = len(prop.customerp) == 1 and prop.customerp[0] in self._kind.filters
            if filtered and prop.to(CUSTOMERP) and not prop.personal and not prop.ignore_case:
                sent = self._reader.converter(prop, text).put(text, {})
                filters |= {field: to_text(value) for field, value in sent.items()}
        records = self._found(self.hook.list_records(self._entity, filters=filters))
        return [
            one for one in records if all(self._same(name, one.values.get(name), text) for name, text in wanted.items())
        ]

    def _same(self, name: str, shown: str | None, text: str) -> bool:
        fold = name in self.mapping.folded
        return shown == text or (fold and shown is not None and shown.casefold() == text.casefold())

    def _switched_on(self) -> Fields:
        delete = self.hook.profile.delete_of(self._kind)
        if self._kind.active:
            return {self._kind.active: True}
        if isinstance(delete, FieldDelete) and all(isinstance(value, bool) for value in delete.fields.values()):
            return {name: not value for name, value in delete.fields.items()}
        raise RecordError(
            f"profile, entities.{self._entity}.active: without it nobody can tell how a {self._entity} is switched on "
            "again; name the field, or switch the record on in the ERP"
        )
