"""How one ERP speaks: the connector profile, as frozen models.

A profile is data (``include/customerp/<name>.yaml``): what differs from one ERP to the next is said there, so that a
company's own ERP needs no code. Where the ERP is and the secrets are in the Airflow connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from customerp_trello.hooks.profile_auth import AccessCheck, Auth
from customerp_trello.hooks.profile_errors import Errors
from customerp_trello.hooks.profile_listing import Listing
from customerp_trello.hooks.profile_parts import BodyPath, Strict
from customerp_trello.hooks.profile_values import FieldForm, Values
from customerp_trello.hooks.profile_writing import Concurrency, Create, Delete, OneRecord, Update
from customerp_trello.hooks.templates import names_in


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
        id_is: what an id is in a body; in a path it is text anyway.
        number: field of the natural number that people know the record by, if there is one.
        marker: field that keeps the counterpart's Trello id, if there is one.
        modified: field of the last change, if there is one.
        modified_by: field that names who made the last change, if there is one.
        created: field of the creation; *modified* may be null until the first change.
        active: boolean field that is false for a record switched off, if there is one.
        labels: fields that make up the name people use.
        columns: the ERP's names of the fields to ask for, where it has to be told.
        filters: field -> query parameter of the list by which the ERP looks for an equal value; with
            ``conditions.equal`` the name there.
        fields: fields whose names or values differ from what the mapping uses.
        defaults: constant values of new records, for required fields that the mapping lacks.
        conditions: conditions of this entity's lists, beside ``conditions.always``.
        listing: the way to list, where it is another one than the profile's.
        delete: what deleting is, where it is another thing than the profile's.
    """

    path: str
    record: str = ""
    id: str = "id"
    id_is: Literal["text", "integer"] = "text"
    number: str | None = None
    marker: str | None = None
    modified: str | None = None
    modified_by: str | None = None
    created: str | None = None
    active: str | None = None
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filters: dict[str, str] = Field(default_factory=dict)
    fields: dict[str, FieldForm] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    conditions: tuple[Any, ...] = ()
    listing: Listing | None = None
    delete: Delete | None = None

    @field_validator("record")
    @classmethod
    def _names_the_id(cls, record: str) -> str:
        if record and record.count("{id}") != 1:
            raise ValueError("must hold {id} once, such as /customers/{id}")
        return record


class Profile(Strict):
    """One ERP's way to speak.

    Attributes:
        title: the ERP's name, for people.
        auth: how the credentials are sent.
        check: how to see that the credentials are accepted, for ERPs that answer strangers with empty lists.
        headers: fixed headers of every request; no secrets.
        listing: how records are listed.
        one_record: how one record is read, and where it is in a body.
        create: how a record is created.
        update: how a record is changed.
        concurrency: how a lost update is prevented.
        delete: what deleting is.
        errors: how errors are worded.
        values: how values are written.
        notifications: how changes are told, if they are.
        entities: kind of record -> where it lives.
    """

    title: str
    auth: Auth
    check: AccessCheck | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    listing: Listing
    one_record: OneRecord = OneRecord()
    create: Create = Create()
    update: Update = Update()
    concurrency: Concurrency
    delete: Delete
    errors: Errors = Errors()
    values: Values = Values()
    notifications: Notifications | None = None
    entities: Annotated[Mapping[str, Entity], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_find_and_filter(self) -> Profile:
        for name, entity in self.entities.items():
            if not entity.record and self.one_record.path == "{record}":
                raise ValueError(f"entities.{name}.record: is missing; add it, such as {entity.path}/{{id}}")
            if entity.conditions and self.listing_of(entity).conditions is None:
                raise ValueError(f"entities.{name}.conditions: the listing has no `conditions` that would take them")
        for where, listing in self._listings():
            used = names_in(listing.since.template) if listing.since else set()
            if "since_value" in used and isinstance(self.values.datetime, dict):
                raise ValueError(
                    f"{where}.since.template: {{since_value}} is an object here, as `values.datetime` says, and no "
                    "text; use {since:%Y-%m-%d}, {since_s} or {since_ms}"
                )
        return self

    def _listings(self) -> Iterator[tuple[str, Listing]]:
        yield "listing", self.listing
        for name, entity in self.entities.items():
            if entity.listing:
                yield f"entities.{name}.listing", entity.listing

    def listing_of(self, entity: Entity) -> Listing:
        """The way to list *entity*."""
        return entity.listing or self.listing

    def delete_of(self, entity: Entity) -> Delete:
        """What deleting *entity* is."""
        return entity.delete or self.delete
