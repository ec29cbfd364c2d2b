"""`CustomERPHook`: any company's own ERP, spoken to as its profile says."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import quote

from requests.auth import AuthBase

from customerp_trello.errors import ConfigurationError, FatalError, RecordStale, UnknownOutcome
from customerp_trello.hooks.answers import ABSENT, Answer, Path, at
from customerp_trello.hooks.failures import ErrorShape
from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.hooks.paging import Pager, PageRequest
from customerp_trello.hooks.profile import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    Entity,
    ETag,
    FieldDelete,
    NoAuth,
    NoConcurrency,
    Profile,
    VersionField,
)
from customerp_trello.hooks.profile_file import load_profile
from customerp_trello.hooks.session import HeaderAuth

Fields = dict[str, Any]


class CustomERPHook(SyncHttpHook):
    """Records of an ERP as plain dicts, fractions as ``Decimal``.

    Args:
        conn_id: Airflow connection of type ``customerp``: host = base URL, login and password as the profile's auth
            wants them (the default profile: password = bearer token), extra ``profile`` = name of the profile.
    """

    default_conn_name = "customerp_default"
    conn_type = "customerp"
    hook_name = "CustomERP"
    extra_keys: ClassVar[tuple[str, ...]] = ("profile",)

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__(conn_id)

    @cached_property
    def profile(self) -> Profile:
        """The connector profile that the connection names.

        Raises:
            ConfigurationError: there is no such profile, or its file is wrong.
        """
        return load_profile(str(self.settings.extra.get("profile", "default")))

    def identity(self) -> dict[str, str]:
        """Which ERP this is: base URL and profile; nothing secret."""
        return {"base_url": self.settings.base_url, "profile": str(self.settings.extra.get("profile", "default"))}

    # -- reading -----------------------------------------------------------------------------------------------

    def list_records(
        self, entity: str, *, since: datetime | None = None, filters: dict[str, str] | None = None
    ) -> Iterator[Fields]:
        """Yield the records of *entity*, page by page; each id once.

        Args:
            entity: a key of the profile's ``entities``.
            since: only records changed since this moment (with a time zone), less the profile's overlap. An ERP that
                cannot be asked for that yields all.
            filters: field -> value that must be equal, case aside; fields of the entity's ``filters`` in the
                profile. An ERP that ignores the parameter does no harm: what is not equal is left out here too.

        Raises:
            FatalError: the listing is cut short, goes round in circles or is not where the profile says.
        """
        kind = self._entity(entity)
        listing = self.profile.listing_of(kind)
        filters = filters or {}
        params: dict[str, str | int] = {self._parameter(entity, field): value for field, value in filters.items()}
        if since and listing.since:
            params[listing.since.parameter] = listing.since.value(
                since - timedelta(seconds=listing.since.overlap_seconds)
            )
        pager = Pager(listing, kind.path, params, id_field=kind.id, where=f"{self.conn_id}: list of {entity}")
        seen: set[str] = set()
        request: PageRequest | None = pager.first()
        while request:
            answer = self.request("GET", request.url, params=request.params)
            body = self.json_of(answer)
            rows = pager.records(answer, body)
            for row in rows:
                if str(row[kind.id]) not in seen and _equal(row, filters):
                    yield row
                seen.add(str(row[kind.id]))
            request = pager.following(answer, body, len(rows))

    def get_record(self, entity: str, id: str) -> tuple[Fields, str]:
        """Read one record.

        Returns:
            The record and its version (ETag or version field), "" where the ERP has none.

        Raises:
            RecordMissing: it is not there.
        """
        path, name = self._place(entity, id)
        return self._read(entity, self.request("GET", path, record=name))

    def version_of(self, record: Mapping[str, Any]) -> str:
        """Version of a *listed* record, where it is a field of it; "" where only a read by id tells."""
        concurrency = self.profile.concurrency
        if isinstance(concurrency, NoConcurrency) or not concurrency.field:
            return ""
        value = record.get(concurrency.field)
        if value in (None, ""):
            return ""
        return str(value) if isinstance(concurrency, VersionField) else f'"{value}"'

    # -- writing -----------------------------------------------------------------------------------------------

    def create_record(self, entity: str, fields: Mapping[str, Any]) -> tuple[Fields, str]:
        """Create a record and return it as the ERP stored it, with its version.

        Raises:
            RecordError: refused; ``fields`` has the ERP's message per field.
            UnknownOutcome: it may exist; look for it before trying again.
        """
        kind = self._entity(entity)
        name = f"new {entity}"
        answer = self.request("POST", kind.path, body=self._wrapped(fields), record=name)
        try:
            record, version = self._read(entity, answer)
        except FatalError as error:
            raise UnknownOutcome(
                f"{error} The create was accepted: look for the record before creating again."
            ) from None
        if isinstance(self.profile.concurrency, ETag) and not version:
            return self.get_record(entity, str(record[kind.id]))
        return record, version

    def update_record(self, entity: str, id: str, fields: Mapping[str, Any], version: str) -> tuple[Fields, str]:
        """Change *fields* of a record, on condition that it still has *version* where the ERP can tell.

        Args:
            entity: a key of the profile's ``entities``.
            id: the record's id.
            fields: what changes; nothing else is changed, also where the ERP wants the whole record.
            version: as read; "" where the ERP has none.

        Returns:
            The record as the ERP stored it, with its new version.

        Raises:
            RecordStale: it was changed since *version*; nothing was written.
            RecordMissing: it is not there.
            RecordError: refused; ``fields`` has the ERP's message per field.
            UnknownOutcome: it may have been done; read before writing again.
        """
        path, name = self._place(entity, id)
        sent = self._body(entity, id, fields, version)
        headers: dict[str, str] = {}
        if version and isinstance(self.profile.concurrency, ETag):
            headers["If-Match"] = version
        method = self.profile.update.method
        answer = self.request(method, path, body=self._wrapped(sent), headers=headers, record=name)
        if at(self._json_or_none(answer), self.profile.one_record.read) in (ABSENT, None):
            return self.get_record(entity, id)
        record, new_version = self._read(entity, answer)
        return (record, new_version) if new_version or not version else self.get_record(entity, id)

    def delete_record(self, entity: str, id: str) -> None:
        """Delete a record in the way that the profile's ``delete`` says: for good, or by switching it off.

        Raises:
            RecordMissing: it is not there (any more).
        """
        delete = self.profile.delete
        if isinstance(delete, FieldDelete):
            _, version = self.get_record(entity, id)
            self.update_record(entity, id, delete.fields, version)
            return
        path, name = self._place(entity, id)
        self.request("DELETE", path, record=name)

    # -- in the profile's terms --------------------------------------------------------------------------------

    def _entity(self, entity: str) -> Entity:
        try:
            return self.profile.entities[entity]
        except KeyError:
            valid = ", ".join(sorted(self.profile.entities))
            raise ConfigurationError(
                f"{self.conn_id}: the profile has no entity {entity!r}; valid entities: {valid}"
            ) from None

    def _place(self, entity: str, id: str) -> tuple[str, str]:
        return self._entity(entity).record.replace("{id}", quote(str(id), safe="")), f"{entity} {id}"

    def _parameter(self, entity: str, field: str) -> str:
        parameters = self._entity(entity).filters
        if field not in parameters:
            valid = ", ".join(sorted(parameters)) or "none"
            raise ConfigurationError(f"{self.conn_id}: {entity} cannot be looked up by {field!r}; valid: {valid}")
        return parameters[field]

    def _read(self, entity: str, answer: Answer) -> tuple[Fields, str]:
        record = at(self.json_of(answer), self.profile.one_record.read)
        id_field = self._entity(entity).id
        if not isinstance(record, dict) or record.get(id_field) in (None, ""):
            place = _named(self.profile.one_record.read)
            raise FatalError(
                f"{self.conn_id}: the answer holds no {entity} with {id_field!r} at {place}; correct "
                " `one_record.read` or the entity's `id` in the profile."
            )
        if isinstance(self.profile.concurrency, ETag):
            return record, answer.headers.get("ETag", "")
        return record, self.version_of(record)

    def _json_or_none(self, answer: Answer) -> Any:
        return None if answer.status == 204 else self.json_of(answer)

    def _body(self, entity: str, id: str, fields: Mapping[str, Any], version: str) -> Fields:
        concurrency = self.profile.concurrency
        sent = dict(fields)
        if self.profile.update.body == "whole":
            record, now = self.get_record(entity, id)
            if version and now != version:
                raise RecordStale(f"{self.conn_id}: {entity} {id} was changed since it was read: read it again.")
            sent = {**record, **sent}
        elif version and isinstance(concurrency, VersionField):
            sent[concurrency.field] = int(version) if version.isdecimal() else version
        return sent

    def _wrapped(self, fields: Mapping[str, Any]) -> Fields:
        body: Fields = dict(fields)
        for name in reversed(self.profile.one_record.write):
            body = {name: body}
        return body

    # -- what SyncHttpHook asks --------------------------------------------------------------------------------

    def _auth(self) -> AuthBase:
        auth, login, password = self.profile.auth, self.settings.login, self.settings.password
        match auth:
            case NoAuth():
                return HeaderAuth()
            case BasicAuth():
                self._need(login and password, "login and password")
                return HeaderAuth("Authorization", f"Basic {_basic(login, password)}")
            case BearerAuth():
                self._need(password, "the token as password")
                return HeaderAuth("Authorization", f"Bearer {password}")
            case ApiKeyAuth():
                self._need(password, "the key as password")
                value = f"{login}:{password}" if login else password
                return HeaderAuth(auth.header, f"{auth.prefix}{value}")

    def _need(self, given: str, what: str) -> None:
        if not given:
            raise ConfigurationError(
                f"connection {self.conn_id}: the profile's auth {self.profile.auth.kind!r} needs {what}"
            )

    def _headers(self) -> Mapping[str, str]:
        return self.profile.headers

    def _error_shape(self) -> ErrorShape:
        return self.profile.errors.shape()

    def _secrets(self) -> list[str]:
        login, password = self.settings.login, self.settings.password
        return [password, *([_basic(login, password)] if login and password else [])]

    def _greeting(self) -> str:
        entity = next(iter(self.profile.entities))
        next(self.list_records(entity), None)
        return f"{self.profile.title} answers at {self.settings.base_url} and lets us read {entity} records."


def _basic(login: str, password: str) -> str:
    return base64.b64encode(f"{login}:{password}".encode()).decode()


def _equal(record: Fields, filters: dict[str, str]) -> bool:
    return all(
        str(record.get(field)).strip().casefold() == value.strip().casefold() for field, value in filters.items()
    )


def _named(path: Path) -> str:
    return repr(".".join(path)) if path else "the top"
