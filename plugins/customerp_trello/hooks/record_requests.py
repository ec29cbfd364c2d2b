"""The requests about one record: where it is read, created, changed and deleted, with which body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from customerp_trello.hooks.answers import put
from customerp_trello.hooks.page_requests import columns_of
from customerp_trello.hooks.profile import Entity, Profile
from customerp_trello.hooks.profile_writing import ETag, FieldDelete, NoDelete
from customerp_trello.hooks.templates import fill

Fields = dict[str, Any]


@dataclass(frozen=True)
class RecordRequest:
    """One request: method, path below the base URL, query, headers, body (None for none)."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class RecordRequests:
    """Makes the requests for records of one entity.

    Args:
        profile: how the ERP speaks.
        entity: where the records live.
    """

    def __init__(self, profile: Profile, entity: Entity) -> None:
        self._profile, self._entity = profile, entity

    def reading(self, id: str) -> RecordRequest:
        """Read the record *id*."""
        how = self._profile.one_record
        params = columns_of(self._profile.listing_of(self._entity).columns, self._entity)
        body = None if how.method == "GET" else fill(how.request or {}, self._values(id))
        return RecordRequest(how.method, self._path(how.path, id), params, body=body)

    def creating(self, fields: Mapping[str, Any]) -> RecordRequest:
        """Create a record of *fields* (the ERP's), on top of the entity's constant defaults."""
        how = self._profile.create
        record = {**self._entity.defaults, **fields}
        body = self._wrapped(record) if how.request is None else fill(how.request, self._values("", record))
        return RecordRequest("POST", self._path(how.path, ""), self._columns(), body=body)

    def changing(self, id: str, fields: Mapping[str, Any], version: str) -> RecordRequest:
        """Change *fields* (the ERP's) of the record *id*."""
        how = self._profile.update
        headers = {"If-Match": version} if version and isinstance(self._profile.concurrency, ETag) else {}
        body = self._wrapped(fields) if how.request is None else fill(how.request, self._values(id, fields, version))
        return RecordRequest(how.method, self._path(how.path, id), self._columns(), headers, body)

    def deleting(self, id: str, version: str) -> RecordRequest:
        """Delete the record *id*; not for ERPs that switch records off by an update, or not at all."""
        how = self._profile.delete_of(self._entity)
        assert not isinstance(how, FieldDelete | NoDelete)  # noqa: S101 - the hook has asked
        headers = {"If-Match": version} if version and isinstance(self._profile.concurrency, ETag) else {}
        body = None if how.request is None else fill(how.request, self._values(id))
        return RecordRequest(how.method, self._path(how.path, id), {}, headers, body)

    def _columns(self) -> dict[str, Any]:
        return columns_of(self._profile.listing_of(self._entity).columns, self._entity)

    def _path(self, template: str, id: str) -> str:
        record = self._entity.record.replace("{id}", quote(str(id), safe=""))
        return template.format(path=self._entity.path, record=record, id=quote(str(id), safe=""))

    def _values(self, id: str, fields: Mapping[str, Any] | None = None, version: str = "") -> Fields:
        typed: Any = int(id) if self._entity.id_is == "integer" and id else id
        columns = list(self._entity.columns)
        return {"id": typed, "ids": [typed], "fields": dict(fields or {}), "version": version, "columns": columns}

    def _wrapped(self, fields: Mapping[str, Any]) -> Any:
        body: Fields = {}
        if not self._profile.one_record.write:
            return dict(fields)
        put(body, self._profile.one_record.write, dict(fields))
        return body
