"""ERP records as JSON -> canonical rows, whole columns at a time."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

import pandas as pd

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile_writing import FieldDelete, TombstoneDelete
from customerp_trello.mapping import membership
from customerp_trello.mapping.conditions import hold
from customerp_trello.mapping.converters import ACTIVE, Converter, code_text, converter_for, fields_frame, raw_text
from customerp_trello.mapping.frame import (
    BY,
    GONE,
    HOLD,
    ID,
    LABEL,
    LIVE,
    MODIFIED_AT,
    OUT_OF_SCOPE,
    PROBLEM,
    REASON,
    SCOPE,
    STATE,
    SUSPENDED,
    VERSION,
    conform,
)
from customerp_trello.mapping.model import CustomERPSide, Mapping, Property
from customerp_trello.mapping.validity import invalid
from customerp_trello.mapping.values import to_text
from customerp_trello.sides.customerp_directory import Directories
from customerp_trello.sides.rows import moment, packed

_DESTROYED = "_destroyed"

NO_ADDRESS = "no address: only somebody with an e-mail address can be invited"

_MUST_FIT = ("enum", "date", "datetime", "integer", "decimal", "boolean", "tags")
"""Types in which a text that does not fit could not be read back from the other side."""


class CustomERPReader:
    """Turns records of the pair's entity into a canonical frame."""

    def __init__(self, mapping: Mapping, settings: CustomERPSide, hook: CustomERPHook) -> None:
        self._mapping, self._settings, self._hook = mapping, settings, hook
        self._directories = Directories(hook)
        self._kind = hook.profile.entities[settings.entity]

    def converter(self, prop: Property, text: str = "") -> Converter:
        """The property's converter for writing *text*, with a directory that knows whom it means."""
        entity = self._numbered(prop)
        return converter_for(prop, self._directories.by_text(entity, text) if entity else None)

    def directory(self, entity: str) -> pd.DataFrame:
        """Everybody who can be referred to: id, number, label; str columns."""
        rows = self._directories.everybody(entity)
        return pd.DataFrame(rows, columns=["id", "number", "label"]).astype("str")

    def frame(
        self, records: Sequence[Dict[str, Any]], versions: Dict[str, str], linked: frozenset[str]
    ) -> pd.DataFrame:
        """Canonical frame of *records*; those out of scope only where they are linked, as suspended.

        Args:
            records: raw records.
            versions: id -> version, where it is known.
            linked: ids of linked records.
        """
        raw = [{**record, ACTIVE: self.is_active(record), _DESTROYED: self._is_destroyed(record)} for record in records]
        names = {*self._mapping.customerp_fields, ACTIVE, _DESTROYED, self._kind.id}
        fields = fields_frame(
            raw, [*names, *filter(None, (self._kind.modified, self._kind.created, self._kind.modified_by))]
        )
        ids = raw_text(fields, self._kind.id)
        columns: dict[str, Any] = {ID: ids, VERSION: ids.map(versions), MODIFIED_AT: self._times(fields)}
        columns |= self._states(fields) | self._properties(fields)
        if self._kind.modified_by is not None:
            columns[BY] = raw_text(fields, self._kind.modified_by)
        columns |= self._people(columns)
        frame = conform(pd.DataFrame(columns), self._mapping.names)
        away = frame[STATE].eq(SUSPENDED) & ~frame[ID].isin(linked)
        return frame[~away].reset_index(drop=True)

    def is_active(self, record: Dict[str, Any]) -> bool:
        """Whether a record is switched on, however the ERP says so."""
        if self._is_destroyed(record):
            return False
        delete = self._hook.profile.delete_of(self._kind)
        if self._kind.active is not None:
            return to_text(record.get(self._kind.active, True)).casefold() in ("true", "1", "")
        if isinstance(delete, FieldDelete):
            return any(record.get(name) != value for name, value in delete.fields.items())
        return True

    def _is_destroyed(self, record: Dict[str, Any]) -> bool:
        """Whether a list of changes only tells that the record is not there any more."""
        delete = self._hook.profile.delete_of(self._kind)
        return isinstance(delete, TombstoneDelete) and record.get(delete.field) is True

    def _numbered(self, prop: Property) -> str | None:
        by_number = prop.convert.using == "reference" and prop.convert.by == "number"
        return prop.references if by_number else None

    def _times(self, fields: pd.DataFrame) -> pd.Series[Any]:
        """Modification times; an ERP may leave them empty until the first change."""
        times = pd.Series(None, index=fields.index, dtype=object)
        for name in (self._kind.modified, self._kind.created):
            if name is not None:
                found = [moment(value, self._hook.clock_offset) for value in fields[name]]
                times = times.where(times.notna(), pd.Series(found, index=fields.index, dtype=object))
        return pd.to_datetime(times, utc=True)

    def _states(self, fields: pd.DataFrame) -> dict[str, pd.Series[str]]:
        gone_if_off = self._settings.inactive == GONE
        met = hold(self._settings.on_unlinked.when, fields)
        found: dict[str, list[str]] = {STATE: [], REASON: [], HOLD: []}
        within = hold(self._settings.filter, fields)
        for active, destroyed, inside, creates in zip(fields[ACTIVE], fields[_DESTROYED], within, met, strict=True):
            state, reason = LIVE, ""
            if destroyed:
                state, reason = GONE, "CustomERP says that the record was destroyed"
            elif gone_if_off and not active:
                state, reason = GONE, "switched off in CustomERP"
            elif not inside:
                state, reason = SUSPENDED, OUT_OF_SCOPE
            found[STATE].append(state)
            found[REASON].append(reason)
            found[HOLD].append("" if creates else "the mapping's condition is not met")
        return {name: pd.Series(texts, index=fields.index, dtype="str") for name, texts in found.items()}

    def _properties(self, fields: pd.DataFrame) -> dict[str, pd.Series[str]]:
        columns: dict[str, pd.Series[str]] = {}
        problems = pd.Series("", index=fields.index, dtype="str")
        labels: list[dict[str, str]] = [{} for _ in range(len(fields))]
        for prop in self._mapping.properties:
            converter = self._converter_of(prop, fields)
            column = converter.get_column(fields)
            columns[prop.name] = column
            problems = _and(problems, converter.problems(fields))
            if prop.type in _MUST_FIT:
                problems = _and(problems, invalid(column, prop.type, prop.allowed), prop.label)
            if entity := self._numbered(prop):
                names = self._directories.by_id(entity, ()).labels
                for label, number in zip(labels, column, strict=True):
                    if isinstance(number, str) and names.get(number):
                        label[number] = names[number]
        columns[PROBLEM] = problems
        columns[LABEL] = pd.Series([packed(label) for label in labels], index=fields.index, dtype="str")
        return columns

    def _converter_of(self, prop: Property, fields: pd.DataFrame) -> Converter:
        entity = self._numbered(prop)
        if entity is None:
            return converter_for(prop)
        ids = code_text(fields, prop.customerp[0]).dropna()
        return converter_for(prop, self._directories.by_id(entity, ids.unique()))

    def _people(self, columns: dict[str, Any]) -> dict[str, pd.Series[str]]:
        """What only pairs with members need: the customer as the scope of keys, and who cannot be invited."""
        if self._mapping.trello.entity != "member":
            return {}
        names = {prop.trello: prop.name for prop in self._mapping.properties}
        more: dict[str, pd.Series[str]] = {}
        if self._mapping.trello.scope.workspaces == "linked" and "customer" in names:
            more[SCOPE] = columns[names["customer"]].fillna("")
        hold_ = columns[HOLD]
        if "membership" in names:
            waits = columns[names["membership"]].ne(membership.ACTIVE) & hold_.eq("")
            hold_ = hold_.mask(waits, "is not active, so nobody is invited")
        if "email" in names:
            address = columns[names["email"]].fillna("")
            hold_ = hold_.mask(address.eq("") & hold_.eq(""), NO_ADDRESS)
            hold_ = hold_.mask(invalid(address, "email", ()).ne("") & hold_.eq(""), "its email is no address")
        return more | {HOLD: hold_}


def _and(problems: pd.Series[str], more: pd.Series[str], about: str = "") -> pd.Series[str]:
    """Join what is wrong; most of the time nothing is, and then nothing is done."""
    if not any(more):
        return problems
    pairs = zip(problems, more, strict=True)
    texts = ["; ".join(filter(None, (one, two and f"{about} {two}".strip()))) for one, two in pairs]
    return pd.Series(texts, index=problems.index, dtype="str")
