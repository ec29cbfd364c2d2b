"""`CustomERPHook`: any company's own ERP, spoken to as its profile says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from requests.auth import AuthBase

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RecordStale,
    UnknownOutcome,
)
from customerp_trello.hooks.answers import ABSENT, Answer, Path, at
from customerp_trello.hooks.credentials import FetchedAuth, basic, make_auth
from customerp_trello.hooks.failures import ErrorShape
from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.hooks.page_requests import PageRequests
from customerp_trello.hooks.paging import Pager, Step
from customerp_trello.hooks.profile import Entity, Profile
from customerp_trello.hooks.profile_auth import AccessCheck, LoginAuth, OAuth2Auth
from customerp_trello.hooks.profile_file import load_profile
from customerp_trello.hooks.profile_writing import ETag, FieldDelete, NoConcurrency, NoDelete, VersionField
from customerp_trello.hooks.record_requests import RecordRequest, RecordRequests
from customerp_trello.hooks.record_values import Codec

Fields = dict[str, Any]
AS_WRITTEN = "\x1fversion"
"""Beside the fields of a record: its version field as the ERP wrote it. No field of an ERP has such a name."""


class CustomERPHook(SyncHttpHook):
    """Records of an ERP as plain dicts: fractions as ``Decimal``, times in RFC 3339, whatever the ERP's own forms are.

    Args:
        conn_id: Airflow connection of type ``customerp``: host = base URL, login and password as the profile's auth
            wants them (the default profile: password = bearer token), extra ``profile`` = name of the profile,
            ``token_url`` = where OAuth 2 tokens are given, if the profile does not say.
    """

    default_conn_name = "customerp_default"
    conn_type = "customerp"
    hook_name = "CustomERP"
    extra_keys: ClassVar[tuple[str, ...]] = ("profile", "token_url")

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__(conn_id)
        self._fetched: list[str] = []
        self._proven: set[str] = set()

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
            RetriableError: the listing goes on changing while it is read.
        """
        kind = self._entity(entity)
        filters = filters or {}
        for field in filters:
            self._check_filter(entity, field)
        listing, codec = self.profile.listing_of(kind), self._codec(kind)
        requests = PageRequests(listing, kind, codec, since, filters)
        whole = since is None and not filters
        where = f"{self.conn_id}: list of {entity}"
        pager = Pager(listing, id_field=kind.id, where=where, proven=entity in self._proven, whole=whole)
        step: Step | None = pager.first()
        while step:
            asked = requests.at(step)
            answer = self.request(
                asked.method,
                asked.url,
                params=asked.params,
                headers=asked.headers,
                body=asked.body,
                reads=True,
                accepted=pager.past_end() | ({304} if since else frozenset()),
            )
            if answer.status == 304:
                return
            rows, step = pager.read(answer, None if answer.status >= 400 else self.json_of(answer))
            records = (self._decoded(codec, row) for row in rows)
            yield from (record for record in records if _equal(record, filters)) if filters else records
            if step is None and not self._known():
                step = pager.again()
        if pager.proven:
            self._proven.add(entity)

    def get_record(self, entity: str, id: str) -> tuple[Fields, str]:
        """Read one record.

        Returns:
            The record and its version (ETag or version field), "" where the ERP has none.

        Raises:
            RecordMissing: it is not there.
        """
        raw, version = self._raw(entity, id)
        return self._codec(self._entity(entity)).decode(raw), version

    def version_of(self, entity: str, record: Mapping[str, Any]) -> str:
        """Version of a *listed* record, where it is a field of it; "" where only a read by id tells."""
        concurrency = self.profile.concurrency
        if isinstance(concurrency, NoConcurrency) or not concurrency.field:
            return ""
        value = record.get(AS_WRITTEN if isinstance(concurrency, VersionField) else concurrency.field)
        if value in (None, ""):
            return ""
        if isinstance(concurrency, VersionField):
            return str(value)
        (value,) = self._codec(self._entity(entity)).encode({concurrency.field: value}).values()
        return str(value) if concurrency.quoted else f'"{value}"'

    # -- writing -----------------------------------------------------------------------------------------------

    def create_record(self, entity: str, fields: Mapping[str, Any]) -> tuple[Fields, str]:
        """Create a record and return it as the ERP stored it, with its version.

        Raises:
            RecordError: refused; ``fields`` has the ERP's message per field.
            UnknownOutcome: it may exist; look for it before trying again.
        """
        kind = self._entity(entity)
        answer = self._ask(
            RecordRequests(self.profile, kind).creating(self._codec(kind).encode(fields)), f"new {entity}"
        )
        try:
            record, version = self._created(entity, answer, fields)
        except (FatalError, RecordMissing) as error:
            raise UnknownOutcome(
                f"{error} The create was accepted: look for the record before creating again."
            ) from None
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
        kind = self._entity(entity)
        sent, version = self._to_send(entity, id, self._codec(kind).encode(fields), version)
        changing = RecordRequests(self.profile, kind).changing(id, sent, version)
        answer = self._ask(changing, f"{entity} {id}", recheck=lambda: self._to_send(entity, id, sent, version))
        update, place = self.profile.update, self.profile.one_record.read
        if update.answer == "nothing" or at(self._json_or_none(answer), place) in (ABSENT, None):
            record, new_version = self.get_record(entity, id)
        else:
            raw, new_version = self._read(entity, answer)
            record = self._codec(kind).decode(raw)
            if (version and not new_version) or _lost(fields, record):
                record, new_version = self.get_record(entity, id)
        if lost := _lost(fields, record):
            raise RecordError(
                f"{self.conn_id}: the ERP took the change of {entity} {id} and shows no {', '.join(lost)} in it. "
                "Correct the name in the mapping, or add it to the entity's `columns` in the profile.",
                fields=dict.fromkeys(lost, "not kept"),
            )
        return record, new_version

    def delete_record(self, entity: str, id: str) -> None:
        """Delete a record in the way that the profile's ``delete`` says: for good, or by switching it off.

        Raises:
            RecordMissing: it is not there (any more).
            ConfigurationError: this ERP deletes nothing.
        """
        delete = self.profile.delete_of(self._entity(entity))
        if isinstance(delete, NoDelete):
            raise ConfigurationError(
                f"{self.conn_id}: {self.profile.title} cannot delete a {entity}; take `delete` out of the mapping"
            )
        if isinstance(delete, FieldDelete):
            _, version = self.get_record(entity, id)
            self.update_record(entity, id, delete.fields, version)
            return
        concurrency = self.profile.concurrency
        needs = isinstance(concurrency, ETag) and concurrency.required
        version = self._raw(entity, id)[1] if needs else ""
        self._ask(RecordRequests(self.profile, self._entity(entity)).deleting(id, version), f"{entity} {id}")

    # -- in the profile's terms --------------------------------------------------------------------------------

    def _entity(self, entity: str) -> Entity:
        try:
            return self.profile.entities[entity]
        except KeyError:
            valid = ", ".join(sorted(self.profile.entities))
            raise ConfigurationError(
                f"{self.conn_id}: the profile has no entity {entity!r}; valid entities: {valid}"
            ) from None

    def _codec(self, kind: Entity) -> Codec:
        codecs: dict[int, Codec] = self.__dict__.setdefault("_codecs", {})
        return codecs.setdefault(id(kind), Codec(self.profile.values, kind))

    def _check_filter(self, entity: str, field: str) -> None:
        parameters = self._entity(entity).filters
        if field not in parameters:
            valid = ", ".join(sorted(parameters)) or "none"
            raise ConfigurationError(f"{self.conn_id}: {entity} cannot be looked up by {field!r}; valid: {valid}")

    def _ask(
        self,
        asked: RecordRequest,
        record: str,
        *,
        reads: bool = False,
        recheck: Callable[[], object] | None = None,
    ) -> Answer:
        return self.request(
            asked.method,
            asked.path,
            params=asked.params,
            headers=asked.headers,
            body=asked.body,
            record=record,
            reads=reads,
            recheck=recheck,
        )

    def _raw(self, entity: str, id: str) -> tuple[Fields, str]:
        """A record as the ERP writes it; missing is believed only of an ERP that knows us."""
        asked = RecordRequests(self.profile, self._entity(entity)).reading(id)
        try:
            return self._read(entity, self._ask(asked, f"{entity} {id}", reads=True))
        except RecordMissing:
            if self._known():
                raise
        return self._read(entity, self._ask(asked, f"{entity} {id}", reads=True))

    def _read(self, entity: str, answer: Answer, place: Path | None = None) -> tuple[Fields, str]:
        how, id_field = self.profile.one_record, self._entity(entity).id
        place = how.read if place is None else place
        record = at(self.json_of(answer), place)
        if how.missing_if_empty and record in (ABSENT, None, [], {}):
            raise RecordMissing(f"{self.conn_id}: the {entity} is not there, or not for these credentials.")
        if not isinstance(record, dict) or record.get(id_field) in (None, ""):
            raise FatalError(
                f"{self.conn_id}: the answer holds no {entity} with {id_field!r} at {_named(place)}; correct "
                "`one_record.read` or the entity's `id` in the profile."
            )
        if isinstance(self.profile.concurrency, ETag):
            return record, answer.headers.get("ETag", "") or self._version(entity, record)
        return record, self._version(entity, record)

    def _version(self, entity: str, raw: Fields) -> str:
        return self.version_of(entity, self._decoded(self._codec(self._entity(entity)), raw))

    def _decoded(self, codec: Codec, raw: Mapping[str, Any]) -> Fields:
        """A record in our names and values; a version field beside it as the ERP wrote it, to go back unchanged."""
        concurrency, record = self.profile.concurrency, codec.decode(raw)
        if isinstance(concurrency, VersionField):
            record[AS_WRITTEN] = raw.get(codec.their_name(concurrency.field))
        return record

    def _json_or_none(self, answer: Answer) -> Any:
        return None if answer.status == 204 else self.json_of(answer)

    def _created(self, entity: str, answer: Answer, fields: Mapping[str, Any]) -> tuple[Fields, str]:
        create, kind = self.profile.create, self._entity(entity)
        match create.answer:
            case "record":
                raw, version = self._read(entity, answer, create.read)
                if isinstance(self.profile.concurrency, ETag) and not version:
                    return self.get_record(entity, str(raw[kind.id]))
                return self._codec(kind).decode(raw), version
            case "id":
                id_ = at(self.json_of(answer), create.id)
            case "location":
                id_ = _last_segment(answer.headers.get("Location", ""))
            case _:
                return self._find_created(entity, fields)
        if id_ in (ABSENT, None, "") or isinstance(id_, list | dict | bool):
            raise FatalError(f"{self.conn_id}: no id of the new {entity} at {_named(create.id)}; correct `create.id`.")
        return self.get_record(entity, str(id_))

    def _find_created(self, entity: str, fields: Mapping[str, Any]) -> tuple[Fields, str]:
        kind = self._entity(entity)
        for name in self.profile.create.find_by:
            if fields.get(name) not in (None, "") and name in kind.filters:
                found = list(self.list_records(entity, filters={name: str(fields[name])}))
                if len(found) == 1:
                    return self.get_record(entity, str(found[0][kind.id]))
        raise FatalError(
            f"{self.conn_id}: the ERP answered without an id, and the new {entity} cannot be told by a key."
        )

    def _to_send(self, entity: str, id: str, fields: Fields, version: str) -> tuple[Fields, str]:
        """The fields to send, and the version on which the write builds."""
        concurrency = self.profile.concurrency
        whole = self.profile.update.body == "whole"
        ours = isinstance(concurrency, VersionField) and concurrency.check == "before_write"
        required = isinstance(concurrency, ETag) and concurrency.required and not version
        if whole or ours or required:
            record, now = self._raw(entity, id)
            if version and now and now != version:
                raise RecordStale(f"{self.conn_id}: {entity} {id} was changed since it was read: read it again.")
            return ({**record, **fields} if whole else fields), now or version
        if version and isinstance(concurrency, VersionField) and self.profile.update.request is None:
            field: Any = int(version) if version.isdecimal() else version
            return {**fields, self._codec(self._entity(entity)).their_name(concurrency.field): field}, version
        return fields, version

    def _known(self) -> bool:
        """Whether the ERP knows us, where it would answer a stranger with an empty list or a 404.

        False if it did not and does with new credentials: then what it answered before is to be asked for again.

        Raises:
            ConfigurationError: it does not, and there are no new credentials.
        """
        if self.profile.check is None or self._shows(self.profile.check):
            return True
        fetched = self.get_conn().auth
        if isinstance(fetched, FetchedAuth):
            fetched.renew()
            if self._shows(self.profile.check):
                return False
        raise ConfigurationError(
            f"{self.conn_id}: {self.profile.check.path} shows nothing, so the ERP does not know who is asking; what it "
            "showed is not used. Check the credentials in the connection and `auth` in the profile."
        )

    def _shows(self, check: AccessCheck) -> bool:
        return at(self.json_of(self.request("GET", check.path)), check.shows) not in (ABSENT, None, "")

    # -- what SyncHttpHook asks --------------------------------------------------------------------------------

    def _auth(self) -> AuthBase:
        return make_auth(self.profile.auth, self.settings, self._log_in, self._learn)

    def _log_in(
        self,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return self.send_log_in(url, json=json, form=form, headers=headers or {})

    def _learn(self, secrets: Iterable[str]) -> None:
        self._fetched = list(secrets)
        self.forget_redactor()

    def _renew(self, answer: Answer) -> bool:
        auth = self.profile.auth
        if not isinstance(auth, LoginAuth | OAuth2Auth) or answer.status not in auth.expired:
            return False
        fetched = self.get_conn().auth
        if isinstance(fetched, FetchedAuth):
            fetched.renew()
        return True

    def _headers(self) -> Mapping[str, str]:
        return self.profile.headers

    def _error_shape(self) -> ErrorShape:
        return self._shape

    @cached_property
    def _shape(self) -> ErrorShape:
        return self.profile.errors.shape()

    def _secrets(self) -> list[str]:
        login, password = self.settings.login, self.settings.password
        return [password, *([basic(login, password)] if login and password else []), *self._fetched]

    def _greeting(self) -> str:
        entity = next(iter(self.profile.entities))
        next(self.list_records(entity), None)
        return f"{self.profile.title} answers at {self.settings.base_url} and lets us read {entity} records."


def _equal(record: Fields, filters: dict[str, str]) -> bool:
    return all(
        str(record.get(field)).strip().casefold() == value.strip().casefold() for field, value in filters.items()
    )


def _last_segment(location: str) -> str:
    return unquote(urlsplit(location).path.rstrip("/").rpartition("/")[2])


def _lost(sent: Mapping[str, Any], record: Fields) -> list[str]:
    """Fields that an ERP dropped although it said 200, since it does not know them."""
    return sorted(name for name, value in sent.items() if value not in (None, "") and name not in record)


def _named(path: Path) -> str:
    return repr(".".join(path)) if path else "the top"
