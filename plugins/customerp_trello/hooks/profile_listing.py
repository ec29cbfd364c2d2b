"""How an ERP lists its records: request, envelope, pages, end of the list, conditions, changes since a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from customerp_trello.hooks.profile_parts import BodyPath, Size, Status, Strict, holds
from customerp_trello.hooks.templates import MOMENT, fill, moment_values


class OnePage(Strict):
    """The list comes in one answer."""

    kind: Literal["none"]


class Sized(Strict):
    """Paging with a parameter that asks for a page size."""

    size_parameter: str = ""
    size: Size = 100


class PageNumber(Sized):
    """Pages by number, from *first* on, until an empty page, *total* records, *last* is true or a *past_end* status."""

    kind: Literal["page"]
    parameter: str
    first: Literal[0, 1] = 1
    last: BodyPath | None = None
    past_end: tuple[Status, ...] = ()


class Offset(Sized):
    """Pages by the number of records already read, each beginning with the last record of the one before."""

    kind: Literal["offset"]
    parameter: str
    past_end: tuple[Status, ...] = ()


class Range(Strict):
    """Pages by the header ``Range: <unit>=0-99``; ``Content-Range`` may tell the total. Overlaps as `Offset` does."""

    kind: Literal["range"]
    unit: str = "items"
    size: Size = 100
    last: Literal["included", "excluded"] = "included"
    past_end: tuple[Status, ...] = (416,)


class Keyset(Sized):
    """Each page is asked for by the last id before it; nothing that happens meanwhile can hide a record.

    By *parameter*, or where that is empty by the condition ``after``. The list must be sorted by id.
    """

    kind: Literal["keyset"]
    parameter: str = ""
    size: Annotated[int, Field(ge=2, le=100_000)] = 100
    included: bool = False


class Cursor(Sized):
    """The body names the cursor of the next page: null or empty ends the list.

    A body *without* the place is an error (a misspelt path would cut every list after its first page), unless
    *absent_at_end* says that this ERP leaves it out on the last page.
    """

    kind: Literal["cursor"]
    cursor: BodyPath
    parameter: str
    absent_at_end: bool = False


class NextLink(Sized):
    """The body names the URL of the next page, absolute or relative; see `Cursor` for its end."""

    kind: Literal["next_link"]
    link: BodyPath
    absent_at_end: bool = False


class LinkHeader(Sized):
    """The ``Link`` header names the next page (``rel="next"``)."""

    kind: Literal["link_header"]


class NextHeader(Sized):
    """A header of the ERP's own holds the URL of the next page."""

    kind: Literal["next_header"]
    header: str


Paging = Annotated[
    OnePage | PageNumber | Offset | Range | Keyset | Cursor | NextLink | LinkHeader | NextHeader,
    Field(discriminator="kind"),
]


class Since(Strict):
    """How to ask for the records changed since a moment: by one parameter, one header, or the condition ``since``.

    *template* may use ``{since:<strftime format>}`` (UTC), ``{since_s}`` and ``{since_ms}`` (Unix time), and
    ``{since_value}`` in the form of the profile's ``values``.
    """

    parameter: str = ""
    header: str = ""
    template: str = "{since:%Y-%m-%dT%H:%M:%SZ}"
    overlap_seconds: Annotated[int, Field(ge=0)] = 0

    @field_validator("template")
    @classmethod
    def _fills_in(cls, template: str) -> str:
        try:
            text = template.format_map(moment_values(datetime(2026, 1, 2, tzinfo=UTC)))
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            raise ValueError(
                f"cannot be filled in ({error}); use {{since:%Y-%m-%d}}, {{since_s}}, {{since_ms}} or {{since_value}}"
            ) from None
        if text == template:
            raise ValueError(
                "holds no place for the moment; use {since:%Y-%m-%d}, {since_s}, {since_ms} or {since_value}"
            )
        return template

    @model_validator(mode="after")
    def _goes_one_way(self) -> Since:
        if self.parameter and self.header:
            raise ValueError("takes `parameter` or `header`, not both")
        return self

    def value(self, since: datetime, written: Any) -> str:
        """Return the value for a moment with a time zone; *written* is the moment as the ERP writes it."""
        return str(fill(self.template, moment_values(since, written)))


class Conditions(Strict):
    """One parameter that takes several conditions at once: an OData filter, a JSON domain.

    Attributes:
        parameter: query parameter; in a POST list a path in the body.
        form: joined texts, a JSON list, or that list in URL-safe base64.
        join: what stands between texts.
        escape: how a quote in a value is written.
        always: conditions of every list.
        equal: a field equals a value: ``{field}``, ``{value}``.
        after: the id comes after another one: ``{id}``.
        since: changed since a moment; as in `Since`.
    """

    parameter: str
    form: Literal["text", "json", "json_base64"] = "text"
    join: str = " and "
    escape: Literal["double", "backslash"] = "double"
    always: tuple[Any, ...] = ()
    equal: Annotated[Any, holds("field", "value")] = None
    after: Annotated[Any, holds("id", needed="id")] = None
    since: Annotated[Any, holds(*MOMENT)] = None


class Columns(Strict):
    """How to ask for the entity's ``columns``, in lists and reads: one parameter with commas or JSON, or repeated."""

    parameter: str
    form: Literal["comma", "json", "repeat"] = "comma"


class Listing(Strict):
    """How records are listed.

    Attributes:
        method: GET, or POST with every parameter as a path in the body.
        path: path of the list; ``{path}`` is the entity's.
        records: path of the list in the answer; empty for a bare array.
        total: path of the number of all records, if the answer has one; fewer is an error.
        total_header: header with that number.
        paging: how the next page is asked for.
        parameters: parameters of every list request (sorting by id, for one).
        body: body of a POST list, into which the parameters go; ``{columns}`` is the entity's list.
        columns: how the fields wanted are named.
        conditions: the parameter that takes several conditions.
        since: how to ask for changes; without it every listing is a full one.
    """

    method: Literal["GET", "POST"] = "GET"
    path: Annotated[str, holds("path", needed="path")] = "{path}"
    records: BodyPath = ()
    total: BodyPath | None = None
    total_header: str = ""
    paging: Paging
    parameters: dict[str, Any] = Field(default_factory=dict)
    body: Annotated[Any, holds("columns")] = None
    columns: Columns | None = None
    conditions: Conditions | None = None
    since: Since | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Listing:
        conditions = self.conditions
        by_condition = isinstance(self.paging, Keyset) and not self.paging.parameter
        if by_condition and (conditions is None or conditions.after is None):
            raise ValueError("paging by `keyset` needs its `parameter`, or `conditions.after`")
        bare = self.since is not None and not (self.since.parameter or self.since.header)
        if bare and (conditions is None or conditions.since is None):
            raise ValueError("`since` needs a `parameter`, a `header`, or `conditions.since`")
        if self.body is not None and self.method == "GET":
            raise ValueError("a GET list has no `body`; use `parameters`, or `method: POST`")
        return self
