"""How an ERP lists its records: envelope, pages, end of the list, changes since a moment.

A *path* into a JSON body is text with dots (``meta.next``), or a list where a name itself holds a dot
(``["@odata.nextLink"]``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator


def _as_path(value: object) -> object:
    return tuple(part for part in value.split(".") if part) if isinstance(value, str) else value


BodyPath = Annotated[tuple[str, ...], BeforeValidator(_as_path)]
Size = Annotated[int, Field(ge=1, le=100_000)]


class Strict(BaseModel):
    """A frozen part of a profile that knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_min_length=0)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        valid = sorted(cls.model_fields)
        for key in value if isinstance(value, dict) else ():
            if key not in cls.model_fields:
                close = get_close_matches(str(key), valid, n=1)
                hint = f" (did you mean {close[0]!r}?)" if close else ""
                raise ValueError(f"unknown key {key!r}{hint}; valid keys: {', '.join(valid)}")
        return value


class OnePage(Strict):
    """The list comes in one answer."""

    kind: Literal["none"]


class PageNumber(Strict):
    """Pages by number, from *first* on, until an empty page, *total* records, or *last* is true."""

    kind: Literal["page"]
    parameter: str
    first: int = 1
    size_parameter: str = ""
    size: Size = 100
    last: BodyPath | None = None


class Offset(Strict):
    """Pages by the number of records already read, until an empty page or *total* records."""

    kind: Literal["offset"]
    parameter: str
    size_parameter: str = ""
    size: Size = 100


class Cursor(Strict):
    """The body names the cursor of the next page: null or empty ends the list.

    A body *without* the place is an error (a misspelt path would cut every list after its first page), unless
    *absent_at_end* says that this ERP leaves it out on the last page.
    """

    kind: Literal["cursor"]
    cursor: BodyPath
    parameter: str
    size_parameter: str = ""
    size: Size = 100
    absent_at_end: bool = False


class NextLink(Strict):
    """The body names the URL of the next page, absolute or relative; see `Cursor` for its end."""

    kind: Literal["next_link"]
    link: BodyPath
    size_parameter: str = ""
    size: Size = 100
    absent_at_end: bool = False


class LinkHeader(Strict):
    """The ``Link`` header names the next page (``rel="next"``)."""

    kind: Literal["link_header"]
    size_parameter: str = ""
    size: Size = 100


Paging = Annotated[
    OnePage | PageNumber | Offset | Cursor | NextLink | LinkHeader,
    Field(discriminator="kind"),
]


class Since(Strict):
    """How to ask for the records changed since a moment.

    *template* may use ``{since:<strftime format>}`` (UTC), ``{since_s}`` and ``{since_ms}`` (Unix time).
    """

    parameter: str
    template: str = "{since:%Y-%m-%dT%H:%M:%SZ}"
    overlap_seconds: Annotated[int, Field(ge=0)] = 0

    @field_validator("template")
    @classmethod
    def _fills_in(cls, template: str) -> str:
        try:
            text = _fill(template, datetime(2026, 1, 2, tzinfo=UTC))
        except (LookupError, ValueError, AttributeError) as error:
            raise ValueError(
                f"cannot be filled in ({error}); use {{since:%Y-%m-%d}}, {{since_s}} or {{since_ms}}"
            ) from None
        if text == template:
            raise ValueError("holds no place for the moment; use {since:%Y-%m-%d}, {since_s} or {since_ms}")
        return template

    def value(self, since: datetime) -> str:
        """Return the parameter's value for a moment with a time zone."""
        return _fill(self.template, since)


def _fill(template: str, since: datetime) -> str:
    moment = since.astimezone(UTC)
    milliseconds = int(moment.timestamp() * 1000)
    return template.format(since=moment, since_s=milliseconds // 1000, since_ms=milliseconds)


class Listing(Strict):
    """How records are listed.

    Attributes:
        records: path of the list in the answer; empty for a bare array.
        total: path of the number of all records, if the answer has one; fewer is an error.
        paging: how the next page is asked for.
        parameters: query parameters of every list request (sorting by id, for one).
        since: how to ask for changes; without it every listing is a full one.
    """

    records: BodyPath = ()
    total: BodyPath | None = None
    paging: Paging
    parameters: dict[str, str] = Field(default_factory=dict)
    since: Since | None = None
