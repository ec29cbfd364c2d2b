"""Converters: how a canonical text comes out of an ERP record's fields and goes back in.

Each one is a lens (contract, P21): ``get(put(v, s)) == v`` for every text that the ERP can express, and
``put(get(s), s)`` changes nothing. They sit at the CustomERP end only: canonical text is in Trello's terms already.

Raw fields come as JSON: None is null (empty), a key that a record lacks is *unknown*. A DataFrame cannot tell the two
apart by itself, so build it with :func:`fields_frame`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from customerp_trello.errors import RecordError
from customerp_trello.mapping import model
from customerp_trello.mapping.convert import PersonName, Reference, ShortName, ValueTable
from customerp_trello.mapping.directory import Directory
from customerp_trello.mapping.person_name import split
from customerp_trello.mapping.short_name import short_name
from customerp_trello.mapping.values import WHITESPACE, from_text, normalise, normalise_one, to_text

ACTIVE = "active"
"""Field that says whether a record is switched on, for value tables with ``inactive``; the side provides it as a bool,
whatever the ERP calls it."""

MISSING = pd.NA


def fields_frame(records: Sequence[Mapping[str, Any]], fields: Iterable[str]) -> pd.DataFrame:
    """Raw JSON records as object columns in which None is null and ``MISSING`` an absent key."""
    columns = {name: pd.Series([record.get(name, MISSING) for record in records], dtype=object) for name in fields}
    return pd.DataFrame(columns, index=range(len(records)))


class Converter(Protocol):
    """One property's way between ERP fields and canonical text."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The ERP fields that :meth:`get_column` needs."""

    def get_column(self, fields: pd.DataFrame) -> pd.Series[str]:
        """Canonical texts of a :func:`fields_frame`; unknown where a field is missing or its value has no text."""

    def problems(self, fields: pd.DataFrame) -> pd.Series[str]:
        """Why a value has no text (an ERP code that the table lacks, a reference to nobody), ``""`` where it has."""

    def get(self, record: Mapping[str, Any]) -> str | None:
        """Canonical text of one raw record, None for unknown."""

    def put(self, text: str, old: Mapping[str, Any]) -> dict[str, Any]:
        """The fields to write so that the record says *text*; nothing where it does already.

        Raises:
            RecordError: the ERP cannot express *text*.
        """


def converter_for(prop: model.Property, directory: Directory | None = None) -> Converter:
    """The converter of a property.

    Args:
        prop: property of a mapping.
        directory: the ERP records that a reference by number may mean; needed for those only.
    """
    convert = prop.convert
    if isinstance(convert, PersonName):
        given, family = prop.customerp
        return PersonNameConverter(prop, given, family, convert.one_word_to)
    if isinstance(convert, ValueTable):
        return ValueTableConverter(prop, convert)
    if isinstance(convert, ShortName):
        return ShortNameConverter(prop)
    if isinstance(convert, Reference) and convert.by == "number":
        return ReferenceConverter(prop, directory or Directory())
    return TextConverter(prop)


def raw_text(fields: pd.DataFrame, name: str, kind: str = "string") -> pd.Series[str]:
    """A raw field as text, not normalised; missing for unknown, as is a field that the frame lacks."""
    column = fields[name] if name in fields else [MISSING] * len(fields)
    texts = [None if _missing(value) else to_text(value, kind) for value in column]
    return pd.Series(texts, index=fields.index, dtype="str")


def code_text(fields: pd.DataFrame, name: str) -> pd.Series[str]:
    """A raw field as the code that it is looked up by: fixed columns of older databases fill codes up with blanks."""
    return raw_text(fields, name).str.strip(WHITESPACE)


def _missing(value: Any) -> bool:
    return value is MISSING or (isinstance(value, float) and value != value)


@dataclass(frozen=True)
class TextConverter:
    """The field's value as it is, in the property's type."""

    prop: model.Property

    @property
    def fields(self) -> tuple[str, ...]:
        """See :class:`Converter`."""
        return self.prop.customerp

    def get_column(self, fields: pd.DataFrame) -> pd.Series[str]:
        """See :class:`Converter`."""
        texts = raw_text(fields, self.prop.customerp[0], self.prop.type)
        return normalise(texts, self.prop.type, self.prop.allowed)

    def problems(self, fields: pd.DataFrame) -> pd.Series[str]:
        """Nothing: every value has a text."""
        return pd.Series("", index=fields.index, dtype="str")

    def get(self, record: Mapping[str, Any]) -> str | None:
        """See :class:`Converter`."""
        text = self.get_column(fields_frame([record], self.fields)).iloc[0]
        return text if isinstance(text, str) else None

    def put(self, text: str, old: Mapping[str, Any]) -> dict[str, Any]:
        """See :class:`Converter`."""
        wanted = normalise_one(text, self.prop.type, self.prop.allowed) or ""
        return {} if self.get(old) == wanted else self._put(wanted, old)

    def _put(self, text: str, old: Mapping[str, Any]) -> dict[str, Any]:
        name = self.prop.customerp[0]
        if self.prop.type == "tags" and isinstance(old.get(name), str):
            return {name: text}  # an ERP that keeps them as a text
        return {name: from_text(text, self.prop.type)}


@dataclass(frozen=True)
class ValueTableConverter(TextConverter):
    """ERP codes as words of Trello."""

    table: ValueTable

    @property
    def fields(self) -> tuple[str, ...]:
        """The field and, where the table has a text for inactive records, :data:`ACTIVE`."""
        extra = (ACTIVE,) if self.table.inactive is not None and ACTIVE not in self.prop.customerp else ()
        return (*self.prop.customerp, *extra)

    def get_column(self, fields: pd.DataFrame) -> pd.Series[str]:
        """See :class:`Converter`."""
        code = code_text(fields, self.prop.customerp[0])
        texts = code.map(self._texts()).astype("str")
        if self.table.inactive is not None:
            off = raw_text(fields, ACTIVE).str.casefold().eq("false")
            texts = texts.mask(off, self.table.inactive)
        return normalise(texts, self.prop.type, self.prop.allowed)

    def problems(self, fields: pd.DataFrame) -> pd.Series[str]:
        """Say where the ERP has a code that the table lacks."""
        code = code_text(fields, self.prop.customerp[0])
        lost = code.notna() & self.get_column(fields).isna()
        valid = ", ".join(to_text(value) for value, _ in self.table.values)
        where = f"{self.prop.customerp[0]} holds a value that the mapping's table for {self.prop.name!r} lacks"
        return pd.Series("", index=fields.index, dtype="str").mask(lost, f"{where}; it has: {valid}")

    def _texts(self) -> dict[str, str]:
        return {"": self.table.empty or "", **{to_text(value): text for value, text in self.table.values}}

    def _put(self, text: str, old: Mapping[str, Any]) -> dict[str, Any]:
        field = self.prop.customerp[0]
        for value, word in (*self.table.values, (None, self.table.empty), (None, "")):
            if normalise_one(word, self.prop.type, self.prop.allowed) == text:
                return {field: value}
        valid = ", ".join(word for _, word in self.table.values)
        raise RecordError(
            f"CustomERP has no value for this {self.prop.label}. Valid: {valid}.",
            fields={field: "not in the value table"},
        )


@dataclass(frozen=True)
class PersonNameConverter(TextConverter):
    """Given name and family name as a full name."""

    given: str
    family: str
    one_word_to: str

    def get_column(self, fields: pd.DataFrame) -> pd.Series[str]:
        """See :class:`Converter`."""
        given, family = (normalise(raw_text(fields, name), "string") for name in (self.given, self.family))
        between = (given.ne("") & family.ne("")).map({True: " ", False: ""}).astype("str")
        return given + between + family

    def _put(self, text: str, old: Mapping[str, Any]) -> dict[str, Any]:
        parts = self._part(old, self.given), self._part(old, self.family)
        wanted = split(text, parts, one_word_to=0 if self.one_word_to == self.given else 1)
        fields = zip((self.given, self.family), wanted, strict=True)
        return {name: part or None for name, part in fields if self._part(old, name) != part}

    def _part(self, old: Mapping[str, Any], name: str) -> str | None:
        """One part as it is compared, None where the record does not say."""
        return normalise_one(to_text(old[name]), "string") if name in old else None


@dataclass(frozen=True)
class ShortNameConverter(TextConverter):
    """A customer number as a Trello short name; one way."""

    def get_column(self, fields: pd.DataFrame) -> pd.Series[str]:
        """See :class:`Converter`."""
        return raw_text(fields, self.prop.customerp[0]).map(short_name, na_action="ignore").astype("str")

    def put(self, text: str, old: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse: nobody can tell the number from the short name."""
        raise RecordError(f"{self.prop.label} goes to Trello only; a short name cannot be turned back into a number.")


@dataclass(frozen=True)
class ReferenceConverter(TextConverter):
    """The id of another ERP record as that record's number."""

    directory: Directory

    def get_column(self, fields: pd.DataFrame) -> pd.Series[str]:
        """See :class:`Converter`."""
        return code_text(fields, self.prop.customerp[0]).map(self._numbers()).astype("str")

    def problems(self, fields: pd.DataFrame) -> pd.Series[str]:
        """Say where the id leads to no record that can be read."""
        column = code_text(fields, self.prop.customerp[0])
        lost = column.notna() & ~column.isin(self._numbers())
        field, entity = self.prop.customerp[0], self.prop.references
        where = f"{field} refers to a record of {entity!r} that does not exist or has no number"
        return pd.Series("", index=fields.index, dtype="str").mask(lost, where)

    def _numbers(self) -> dict[str, str]:
        return {"": "", **self.directory.numbers}

    def _put(self, text: str, old: Mapping[str, Any]) -> dict[str, Any]:
        return {self.prop.customerp[0]: self.directory.find(text, self.prop.label) if text else None}
