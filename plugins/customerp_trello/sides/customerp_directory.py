"""Who is behind a reference: numbers and names of other ERP records, read as sparingly as the question allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from customerp_trello.errors import ConfigurationError, RecordError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile import Entity
from customerp_trello.mapping.directory import Directory
from customerp_trello.mapping.values import WHITESPACE, to_text

FEW = 20
"""Up to so many ids are read one by one; beyond that a listing of the entity is cheaper."""

_NAME_OR_ADDRESS = re.compile(r"[\s@]")
"""A number has neither; what a person wrote in its place must not come into a URL."""

Entry = tuple[Any, Any, str]


class Directories:
    """Directories by entity, filled as questions come, kept as long as the side lives."""

    def __init__(self, hook: CustomERPHook) -> None:
        self._hook = hook
        self._entries: dict[str, dict[str, Entry | None]] = {}
        self._whole: set[str] = set()
        self._built: dict[str, Directory] = {}

    def by_id(self, entity: str, ids: Iterable[str]) -> Directory:
        """A directory that has the records with *ids*, as far as they exist."""
        entries = self._of(entity)
        missing = sorted(set(ids) - set(entries) - {""})
        if entity in self._whole:
            missing = []
        if len(missing) > FEW:
            self._list(entity)
            missing = []
        for id_ in missing:
            try:
                record, _ = self._hook.get_record(entity, id_)
            except RecordError:  # not there, or refused: whoever refers to it cannot be read, the others can
                entries[id_] = None
            else:
                self._put(entity, record)
        return self._directory(entity)

    def by_text(self, entity: str, text: str) -> Directory:
        """A directory that knows whom a number or a name means, if anybody."""
        if entity in self._whole or not text:
            return self._directory(entity)
        known = self._directory(entity)
        kind = self._hook.profile.entities[entity]
        if text not in known.ids and kind.number in kind.filters and not _NAME_OR_ADDRESS.search(text):
            for record in self._hook.list_records(entity, filters={str(kind.number): text}):
                self._put(entity, record)
            known = self._directory(entity)
        if text not in known.ids:
            # a name is unique or not only among all of them
            self._list(entity)
        return self._directory(entity)

    def whole(self, entity: str) -> Directory:
        """A directory of all records."""
        if entity not in self._whole:
            self._list(entity)
        return self._directory(entity)

    def everybody(self, entity: str) -> list[tuple[str, str, str]]:
        """Id, number and name of all records; "" for the number of an entity that has none."""
        kind = self._hook.profile.entities.get(entity)
        if kind is not None and kind.number is None:
            listed = self._hook.list_records(entity)
            return [(to_text(record[kind.id]), "", _name(kind, record)) for record in listed]
        whole = self.whole(entity)
        return [(id_, number, whole.labels[number]) for id_, number in whole.numbers.items()]

    def _of(self, entity: str) -> dict[str, Entry | None]:
        profile = self._hook.profile
        if entity not in profile.entities or profile.entities[entity].number is None:
            valid = ", ".join(sorted(name for name, kind in profile.entities.items() if kind.number)) or "none"
            raise ConfigurationError(
                f"mapping, convert.references: the profile of {self._hook.conn_id} has no numbered entity {entity!r}; "
                f"valid: {valid}; or say `by: id`"
            )
        return self._entries.setdefault(entity, {})

    def _list(self, entity: str) -> None:
        for record in self._hook.list_records(entity):
            self._put(entity, record)
        self._whole.add(entity)

    def _put(self, entity: str, record: dict[str, Any]) -> None:
        entries, kind = self._of(entity), self._hook.profile.entities[entity]
        id_ = to_text(record[kind.id]).strip(WHITESPACE)
        entries[id_] = record[kind.id], record.get(str(kind.number)), _name(kind, record)
        self._built.pop(entity, None)

    def _directory(self, entity: str) -> Directory:
        if entity not in self._built:
            self._built[entity] = Directory.of(entry for entry in self._of(entity).values() if entry)
        return self._built[entity]


def _name(kind: Entity, record: dict[str, Any]) -> str:
    return " ".join(text for text in (to_text(record.get(field)) for field in kind.labels) if text)
