"""Values between an ERP's JSON and ours: null, text, bool, ``Decimal``, RFC 3339 in UTC, ``2026-03-31``, bare ids.

Pure: what a field's values look like comes from the profile. What does not look so is left as it is, so that a wrong
profile shows in the values instead of losing them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from customerp_trello.hooks.answers import ABSENT, at
from customerp_trello.hooks.profile import Entity
from customerp_trello.hooks.profile_values import FieldForm, Values
from customerp_trello.hooks.templates import fill, read

Fields = dict[str, Any]
_PLAIN = FieldForm()


class Codec:
    """Reads and writes the records of one entity.

    Args:
        values: forms that the ERP uses throughout.
        entity: the entity, with the fields that differ.
    """

    def __init__(self, values: Values, entity: Entity) -> None:
        self._values, self._zone = values, ZoneInfo(values.zone)
        forms = {name: FieldForm(kind="datetime") for name in (entity.modified, entity.created) if name}
        forms |= {name: FieldForm(kind="boolean") for name in (entity.active,) if name}
        self._forms: dict[str, FieldForm] = forms | entity.fields
        self._ours = {form.of: name for name, form in self._forms.items() if form.of}
        self._readers = {name: self._reader(form) for name, form in self._forms.items()}
        self._plain = self._reader(_PLAIN)

    def their_name(self, field: str) -> str:
        """The ERP's name of a field of ours."""
        return self._forms.get(field, _PLAIN).of or field

    def decode(self, record: Mapping[str, Any]) -> Fields:
        """The ERP's record in our names and values."""
        if not self._ours and not self._values.nulls:  # most fields stay as they are
            ours = dict(record)
            for name, read_value in self._readers.items():
                if name in ours:
                    ours[name] = read_value(ours[name])
            return ours
        return {
            (name := self._ours.get(theirs, theirs)): self._readers.get(name, self._plain)(value)
            for theirs, value in record.items()
        }

    def encode(self, fields: Mapping[str, Any]) -> Fields:
        """Our fields in the ERP's names and values."""
        return {
            self.their_name(name): self._write(value, self._forms.get(name, _PLAIN)) for name, value in fields.items()
        }

    def moment(self, value: datetime) -> Any:
        """A moment as the ERP writes it."""
        form = self._values.datetime
        local = value.astimezone(self._zone)
        if form == "seconds":
            return int(value.timestamp())
        if form == "milliseconds":
            return int(value.timestamp() * 1000)
        if form == "iso":
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return fill(form, _parts(local)) if isinstance(form, dict) else local.strftime(form)

    # -- reading -----------------------------------------------------------------------------------------------

    def _reader(self, form: FieldForm) -> Callable[[Any], Any]:
        """What reads one field's values; chosen once, since a list has many records."""
        if form.kind == "boolean":
            return partial(_boolean, form)
        by_kind: dict[str, Callable[[Any], Any]] = {
            "decimal": self._decimal,
            "datetime": self._datetime,
            "date": self._date,
            "reference": partial(_referred, form),
        }
        return partial(self._unless_null, by_kind.get(form.kind, _as_it_is))

    def _unless_null(self, read_value: Callable[[Any], Any], value: Any) -> Any:
        nulls = self._values.nulls
        if value is None or (nulls and any(value == null and type(value) is type(null) for null in nulls)):
            return None
        return read_value(value)

    def _decimal(self, value: Any) -> Any:
        found = read(self._values.decimal, value) if isinstance(self._values.decimal, dict) else {"value": value}
        try:
            return Decimal(str(found["value"])) if found else value
        except InvalidOperation:
            return value

    def _datetime(self, value: Any) -> Any:
        form = self._values.datetime
        if form == "iso" and isinstance(value, str) and value.endswith("Z"):
            return value
        try:
            if form in ("seconds", "milliseconds"):
                seconds = Decimal(str(value)) / (1000 if form == "milliseconds" else 1)
                moment = datetime.fromtimestamp(float(seconds), UTC)
            elif isinstance(form, dict):
                parts = read(form, value)
                moment = datetime(**{"year": 0, **(parts or {})})  # noqa: DTZ001 - its zone is added below
            else:
                moment = datetime.fromisoformat(value) if form == "iso" else datetime.strptime(value, form)  # noqa: DTZ007
            moment = moment if moment.tzinfo else moment.replace(tzinfo=self._zone)
            return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (TypeError, ValueError, InvalidOperation, OverflowError):
            return value

    def _date(self, value: Any) -> Any:
        form = self._values.date
        try:
            if isinstance(form, dict):
                return date(**(read(form, value) or {"year": 0})).isoformat()
            if form != "iso":
                return datetime.strptime(value, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
            return self._day(datetime.fromisoformat(value)) or value
        except (TypeError, ValueError, OverflowError):
            return value

    def _day(self, moment: datetime) -> str:
        """The day of a moment where the ERP is, "" if it has no zone; by midnight some write a mere date."""
        if moment.tzinfo is None:
            return ""
        local = moment if moment.time() == time() else moment.astimezone(self._zone)
        return local.date().isoformat()

    # -- writing -----------------------------------------------------------------------------------------------

    def _write(self, value: Any, form: FieldForm) -> Any:
        if form.kind == "boolean" and isinstance(value, bool):
            return form.when_true if value else form.when_false
        if value is None:
            return self._values.empty
        if form.kind == "decimal" and isinstance(value, Decimal | int):
            return self._written_decimal(Decimal(value))
        try:
            if form.kind == "datetime":
                return self.moment(_aware(datetime.fromisoformat(value)))
            if form.kind == "date":
                return self._written_date(date.fromisoformat(value))
        except (TypeError, ValueError):
            return value
        return value

    def _written_decimal(self, value: Decimal) -> Any:
        form = self._values.decimal
        if form == "number":
            return value
        return format(value, "f") if form == "text" else fill(form, {"value": format(value, "f")})

    def _written_date(self, value: date) -> Any:
        form = self._values.date
        if form == "iso":
            return value.isoformat()
        return fill(form, _parts(value)) if isinstance(form, dict) else value.strftime(str(form))


def _as_it_is(value: Any) -> Any:
    return value


def _boolean(form: FieldForm, value: Any) -> Any:
    if value == form.when_true:
        return True
    return False if value == form.when_false else value


def _referred(form: FieldForm, value: Any) -> Any:
    found = at(value, form.id)
    return value if found is ABSENT else found


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parts(value: date) -> dict[str, int]:
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {name: getattr(value, name) for name in names if hasattr(value, name)}
