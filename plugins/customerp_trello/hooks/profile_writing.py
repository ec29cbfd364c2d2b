"""How single records are read, created, changed and deleted, and how a lost update is prevented."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from customerp_trello.hooks.profile_parts import BodyPath, Strict, holds

Place = Annotated[str, holds("path", "record", "id")]
RequestBody = Annotated[Any, holds("id", "ids", "fields", "columns", "version")]


class OneRecord(Strict):
    """How one record is read, and where it is in a body.

    Attributes:
        method: GET, or POST for ERPs that are called rather than addressed.
        path: path of the request; ``{record}`` is the entity's.
        request: body of a POST; may use ``{id}`` and ``{columns}``.
        read: path of the record in answers; empty if the body is the record.
        write: path of the record in requests.
        missing_if_empty: whether a successful answer without a record there says that the record does not exist.
    """

    method: Literal["GET", "POST"] = "GET"
    path: Place = "{record}"
    request: RequestBody = None
    read: BodyPath = ()
    write: BodyPath = ()
    missing_if_empty: bool = False


class Create(Strict):
    """How a record is created.

    Attributes:
        path: path of the POST; ``{path}`` is the entity's list.
        request: body, if it is another one than the record: ``{fields}`` is the record.
        answer: what comes back: the record as it was stored, its id, the id at the end of the ``Location`` header, or
            nothing.
        read: path of the record in the answer, where it is another one than for reading.
        id: path of the id in the answer, for ``id``.
        find_by: fields by which the new record is found, for ``nothing``; the first one sent that has a filter counts.
    """

    path: Place = "{path}"
    request: RequestBody = None
    answer: Literal["record", "id", "location", "nothing"] = "record"
    read: BodyPath | None = None
    id: BodyPath = ()
    find_by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _can_be_found(self) -> Create:
        if self.answer == "nothing" and not self.find_by:
            raise ValueError(
                "an ERP that answers a create with `nothing` needs `find_by`: fields to find the record by"
            )
        return self


class Update(Strict):
    """How a record is changed.

    Attributes:
        method: method of the request.
        path: path of the request.
        body: only the changed fields (``changes``), or all of them after reading (``whole``).
        request: body, if it is another one than the fields: may use ``{id}``, ``{fields}`` and ``{version}``.
        answer: what comes back: the record as it was stored, or nothing to rely on, so that it is read again.
    """

    method: Literal["PATCH", "PUT", "POST"] = "PATCH"
    path: Place = "{record}"
    body: Literal["changes", "whole"] = "changes"
    request: RequestBody = None
    answer: Literal["record", "nothing"] = "record"


class NoConcurrency(Strict):
    """The last write wins."""

    kind: Literal["none"]


class ETag(Strict):
    """``ETag`` on reading, ``If-Match`` on writing.

    Attributes:
        field: where a listed record holds its ETag, if anywhere.
        quoted: whether the field's value is a whole ETag, quotes and all.
        required: whether a write without ``If-Match`` is refused, so that the record is read first where no list told.
    """

    kind: Literal["etag"]
    field: str | None = None
    quoted: bool = False
    required: bool = False


class VersionField(Strict):
    """A field of the record (a version, the time of the last change) that tells one state from another.

    Attributes:
        field: name of the field.
        check: who compares: the ERP, to which the field goes back unchanged; or we, reading the record again just
            before writing it, for ERPs without conditional writes.
    """

    kind: Literal["field"]
    field: str
    check: Literal["server", "before_write"] = "server"


Concurrency = Annotated[NoConcurrency | ETag | VersionField, Field(discriminator="kind")]


class _DeleteRequest(Strict):
    method: Literal["DELETE", "POST"] = "DELETE"
    path: Place = "{record}"
    request: RequestBody = None


class HardDelete(_DeleteRequest):
    """The request destroys the record."""

    kind: Literal["hard"]


class TombstoneDelete(_DeleteRequest):
    """The request destroys the record; lists of changes go on naming it, with *field* true and little else."""

    kind: Literal["tombstone"]
    field: str


class SoftDelete(_DeleteRequest):
    """The request switches the record off; it can still be read."""

    kind: Literal["soft"]


class FieldDelete(Strict):
    """An update with these fields, in the mapping's names, switches the record off."""

    kind: Literal["field"]
    fields: Annotated[dict[str, str | bool | int], Field(min_length=1)]


class NoDelete(Strict):
    """Records cannot be deleted."""

    kind: Literal["none"]


Delete = Annotated[HardDelete | TombstoneDelete | SoftDelete | FieldDelete | NoDelete, Field(discriminator="kind")]
