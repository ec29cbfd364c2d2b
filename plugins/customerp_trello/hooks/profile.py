"""How one ERP speaks: the connector profile, as frozen models.

A profile is data (``include/customerp/<name>.yaml``): what differs from one ERP to the next is said there, so that a
company's own ERP needs no code. Where the ERP is and the secrets are in the Airflow connection. A *path* into a JSON
body is text with dots (``meta.next``), or a list where a name itself holds a dot (``["@odata.nextLink"]``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from customerp_trello.hooks.failures import ErrorShape


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


class NoAuth(Strict):
    """The ERP asks for no credentials."""

    kind: Literal["none"]


class BasicAuth(Strict):
    """User name and password: the connection's login and password."""

    kind: Literal["basic"]


class BearerAuth(Strict):
    """``Authorization: Bearer`` with the connection's password."""

    kind: Literal["bearer"]


class ApiKeyAuth(Strict):
    """A header with a key: *prefix*, then ``login:password`` if the connection has a login, else the password."""

    kind: Literal["api_key"]
    header: str = "Authorization"
    prefix: str = ""


Auth = Annotated[NoAuth | BasicAuth | BearerAuth | ApiKeyAuth, Field(discriminator="kind")]


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
    parameters: dict[str, str] = {}
    since: Since | None = None


class OneRecord(Strict):
    """Where one record is in a body: *read* in answers, *write* in requests; empty if the body is the record."""

    read: BodyPath = ()
    write: BodyPath = ()


class Update(Strict):
    """How a record is changed: only the changed fields (``changes``), or all of them after reading (``whole``)."""

    method: Literal["PATCH", "PUT"] = "PATCH"
    body: Literal["changes", "whole"] = "changes"


class NoConcurrency(Strict):
    """The last write wins."""

    kind: Literal["none"]


class ETag(Strict):
    """``ETag`` on reading, ``If-Match`` on writing; in a list the ETag is a record's *field* in quotes, if named."""

    kind: Literal["etag"]
    field: str | None = None


class VersionField(Strict):
    """A field of the record that goes back unchanged with a write."""

    kind: Literal["field"]
    field: str


Concurrency = Annotated[NoConcurrency | ETag | VersionField, Field(discriminator="kind")]


class HardDelete(Strict):
    """``DELETE`` destroys the record."""

    kind: Literal["hard"]


class SoftDelete(Strict):
    """``DELETE`` switches the record off; it can still be read."""

    kind: Literal["soft"]


class FieldDelete(Strict):
    """An update with these fields switches the record off."""

    kind: Literal["field"]
    fields: Annotated[dict[str, str | bool | int], Field(min_length=1)]


Delete = Annotated[HardDelete | SoftDelete | FieldDelete, Field(discriminator="kind")]


class FieldErrors(Strict):
    """Where the messages per field are: a list of objects with *field* and *message*, or a map of field to message."""

    path: BodyPath
    field: str = "field"
    message: str = "message"


class Errors(Strict):
    """How the ERP words its errors.

    Attributes:
        messages: paths where the message may be; the first one with a text counts.
        fields: where the messages per field are.
        missing: statuses that say that a record is not there.
        refused: statuses of 401 and 403 by which this ERP refuses one record, not the credentials.
    """

    messages: tuple[BodyPath, ...] = (("detail",), ("message",), ("error", "message"), ("error",), ("title",))
    fields: FieldErrors | None = None
    missing: tuple[Annotated[int, Field(ge=400, le=499)], ...] = (404, 410)
    refused: tuple[Literal[401, 403], ...] = ()

    def shape(self) -> ErrorShape:
        """The same as the failure table wants it."""
        fields = self.fields or FieldErrors(path=())
        return ErrorShape(
            messages=self.messages,
            fields=None if self.fields is None else self.fields.path,
            missing=frozenset(self.missing),
            refused=frozenset(self.refused),
            field_key=fields.field,
            message_key=fields.message,
        )


class Entity(Strict):
    """Where one kind of record lives and what its fields are called.

    Attributes:
        path: path of the list, below the connection's base URL.
        record: path of one record, ``{id}`` being its id.
        id: field of the id.
        number: field of the natural number that people know the record by, if there is one.
        marker: field that keeps the counterpart's Trello id, if there is one.
        modified: field of the last change, if there is one.
        created: field of the creation; *modified* may be null until the first change.
        active: boolean field that is false for a record switched off, if there is one.
        labels: fields that make up the name people use.
        filters: field -> query parameter of the list by which the ERP looks for an equal value.
        listing: the way to list, where it is another one than the profile's.
    """

    path: str
    record: str
    id: str = "id"
    number: str | None = None
    marker: str | None = None
    modified: str | None = None
    created: str | None = None
    active: str | None = None
    labels: tuple[str, ...] = ()
    filters: dict[str, str] = {}
    listing: Listing | None = None

    @field_validator("record")
    @classmethod
    def _names_the_id(cls, record: str) -> str:
        if record.count("{id}") != 1:
            raise ValueError("must hold {id} once, such as /customers/{id}")
        return record


class Profile(Strict):
    """One ERP's way to speak.

    Attributes:
        title: the ERP's name, for people.
        auth: how the credentials are sent.
        headers: fixed headers of every request; no secrets.
        listing: how records are listed.
        one_record: where one record is in a body.
        update: how a record is changed.
        concurrency: how a lost update is prevented.
        delete: what deleting is.
        errors: how errors are worded.
        entities: kind of record -> where it lives.
    """

    title: str
    auth: Auth
    headers: dict[str, str] = {}
    listing: Listing
    one_record: OneRecord = OneRecord()
    update: Update = Update()
    concurrency: Concurrency
    delete: Delete
    errors: Errors = Errors()
    entities: Annotated[Mapping[str, Entity], Field(min_length=1)]

    def listing_of(self, entity: Entity) -> Listing:
        """The way to list *entity*."""
        return entity.listing or self.listing
