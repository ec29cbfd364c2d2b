"""How one ERP speaks: the connector profile, as frozen models.

A profile is data (``include/customerp/<name>.yaml``): what differs from one ERP to the next is said there, so that a
company's own ERP needs no code. Where the ERP is and the secrets are in the Airflow connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from customerp_trello.hooks.failures import ErrorShape
from customerp_trello.hooks.profile_listing import BodyPath, Listing, Strict


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


class Notifications(Strict):
    """How the ERP tells of changes: a POST, signed with HMAC-SHA256 of its raw body and the connection's secret.

    Attributes:
        signature: header with the signature.
        prefix: what stands before the signature there.
        encoding: how the signature is written.
        delivery: header with an id that is the same when a notification is sent again; without it, equal bodies count
            as one.
        client: header that repeats the one of the same name of the request which made the change; with a value for
            it in ``headers``, our own changes are known by it.
        entity: where the body names the kind of record; without it every pair of the connection is woken.
        names: the ERP's word for a kind -> the key in ``entities``, where they differ.
    """

    signature: str
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    delivery: str | None = None
    client: str | None = None
    entity: BodyPath | None = None
    names: dict[str, str] = Field(default_factory=dict)


class Entity(Strict):
    """Where one kind of record lives and what its fields are called.

    Attributes:
        path: path of the list, below the connection's base URL.
        record: path of one record, ``{id}`` being its id.
        id: field of the id.
        number: field of the natural number that people know the record by, if there is one.
        marker: field that keeps the counterpart's Trello id, if there is one.
        modified: field of the last change, if there is one.
        modified_by: field that names who made the last change, if there is one.
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
    modified_by: str | None = None
    created: str | None = None
    active: str | None = None
    labels: tuple[str, ...] = ()
    filters: dict[str, str] = Field(default_factory=dict)
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
        notifications: how changes are told, if they are.
        entities: kind of record -> where it lives.
    """

    title: str
    auth: Auth
    headers: dict[str, str] = Field(default_factory=dict)
    listing: Listing
    one_record: OneRecord = OneRecord()
    update: Update = Update()
    concurrency: Concurrency
    delete: Delete
    errors: Errors = Errors()
    notifications: Notifications | None = None
    entities: Annotated[Mapping[str, Entity], Field(min_length=1)]

    def listing_of(self, entity: Entity) -> Listing:
        """The way to list *entity*."""
        return entity.listing or self.listing
