"""How an ERP writes values that JSON has no one way for: decimals, times, dates, booleans, references, nothing."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import field_validator, model_validator

from customerp_trello.hooks.profile_parts import BodyPath, Strict, holds

DATE_PARTS = ("year", "month", "day")
TIME_PARTS = (*DATE_PARTS, "hour", "minute", "second", "microsecond")
EPOCHS = ("seconds", "milliseconds")


class Values(Strict):
    """The forms that the ERP uses throughout.

    Attributes:
        nulls: values that mean nothing, beside null. Not looked at in fields of the kind ``boolean``.
        empty: what is sent to empty a field.
        decimal: ``number``, ``text``, or an object with ``{value}``.
        datetime: ``iso``, ``seconds`` or ``milliseconds`` since 1970, a strftime format, or an object with parts.
        date: ``iso``, a strftime format, or an object with parts.
        zone: time zone of times that name none, and of the days of those that do.
    """

    nulls: tuple[str | int | bool, ...] = ()
    empty: str | int | bool | None = None
    decimal: Annotated[str | dict[str, Any], holds("value")] = "number"
    datetime: Annotated[str | dict[str, Any], holds(*TIME_PARTS)] = "iso"
    date: Annotated[str | dict[str, Any], holds(*DATE_PARTS)] = "iso"
    zone: str = "UTC"

    @field_validator("decimal")
    @classmethod
    def _is_a_decimal(cls, form: Any) -> Any:
        if isinstance(form, str) and form not in ("number", "text"):
            raise ValueError("must be `number`, `text`, or an object with {value}")
        return form

    @field_validator("datetime", "date")
    @classmethod
    def _is_a_time(cls, form: Any, info: Any) -> Any:
        words = ("iso", *EPOCHS) if info.field_name == "datetime" else ("iso",)
        if isinstance(form, str) and form not in words and "%" not in form:
            raise ValueError(
                f"must be {', '.join(f'`{word}`' for word in words)}, a format such as '%d.%m.%Y', or an object"
            )
        return form

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, LookupError):
            raise ValueError(f"{zone!r} is no time zone; use one such as Europe/Zurich") from None
        return zone


class FieldForm(Strict):
    """One field whose name or values differ from what the mapping uses.

    Attributes:
        of: the ERP's name of the field, where the mapping uses another one.
        kind: what its values are.
        when_true, when_false: the ERP's values for true and false; exchange them for a field that says the opposite.
        id: place of the id in a reference's value: ``"0"`` for ``[7, "Name"]``.
    """

    of: str = ""
    kind: Literal["text", "boolean", "decimal", "datetime", "date", "reference"] = "text"
    when_true: str | int | bool = True
    when_false: str | int | bool = False
    id: BodyPath = ()

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value
