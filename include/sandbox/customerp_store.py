"""Records in the database: list, show, create, change, deactivate."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from customerp_checks import Refused, check
from customerp_entities import ENTITIES, FIRST_NUMBER, SYSTEM_FIELDS, Entity, Field
from customerp_problems import Problem
from sandbox_clock import SandboxClock, as_microseconds
from sandbox_database import SandboxDatabase

Errors = list[tuple[str, str]]


@dataclass(frozen=True)
class Window:
    """Which part of a list is asked for.

    Attributes:
        after: only records with a greater id.
        since: only records changed or created at this moment or later (RFC 3339 with microseconds), or "".
        equal: field -> value, all of which must match exactly.
    """

    after: int
    limit: int
    since: str
    equal: dict[str, str]


class CustomERPStore:
    """All that touches the records' tables.

    Attributes:
        happened: entity, event and record id of each change made so far; its reader empties it.
    """

    def __init__(self, database: SandboxDatabase, clock: SandboxClock) -> None:
        self.database, self.clock = database, clock
        self.happened: list[tuple[str, str, int]] = []

    def page(self, entity: Entity, window: Window) -> list[dict[str, Any]]:
        """Records by ascending id, inactive ones too; one more than the limit if there are more."""
        conditions, values = ["id > ?"], [window.after]
        if window.since:
            conditions.append("(modified_at >= ? OR created_at >= ?)")
            values += [window.since, window.since]
        for name, value in window.equal.items():
            conditions.append(f"{name} = ?")
            values.append(value)
        sql = f"SELECT * FROM {entity.plural} WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ?"  # noqa: S608
        return [shown(entity, row) for row in self.database.rows(sql, *values, window.limit + 1)]

    def find(self, entity: Entity, record_id: str) -> sqlite3.Row:
        """One row; Problem 404 when there is none."""
        row = None
        if record_id.isascii() and record_id.isdigit() and len(record_id) < 19:
            row = self.database.row(f"SELECT * FROM {entity.plural} WHERE id = ?", int(record_id))  # noqa: S608
        if row is None:
            raise Problem(404, f"There is no {entity.name} with the id {record_id!r}.")
        return row

    def create(self, entity: Entity, sent: dict[str, Any]) -> dict[str, Any]:
        """Insert a record; Problem 422 with every field that is wrong."""
        values, errors = self._checked(entity, sent, None)
        missing = [field.name for field in entity.fields if field.required and values.get(field.name) is None]
        named = {field for field, _ in errors}
        errors += [(name, f"{name} is required.") for name in missing if name not in named]
        if errors:
            raise _unprocessable(entity, errors)
        if entity.numbered and not values.get(entity.numbered):
            values[entity.numbered] = self._next_number(entity)
        moment = as_microseconds(self.clock.stamp())
        system = {"active": values.pop("active", 1), "created_at": moment, "modified_at": moment, "version": 1}
        record_id = self.database.insert(entity.plural, {**values, **system})
        self.happened.append((entity.name, "created", record_id))
        return shown(entity, self.find(entity, str(record_id)))

    def change(self, entity: Entity, row: sqlite3.Row, sent: dict[str, Any]) -> dict[str, Any]:
        """Change the fields that were sent; what changes nothing leaves version and modified_at alone."""
        values, errors = self._checked(entity, sent, row)
        errors += [
            (name, f"{name} is required and cannot be emptied.")
            for name, value in values.items()
            if value is None and name in entity.by_name and entity.by_name[name].required
        ]
        if errors:
            raise _unprocessable(entity, errors)
        return self._write(entity, row, {name: value for name, value in values.items() if value != row[name]})

    def deactivate(self, entity: Entity, row: sqlite3.Row) -> None:
        """The soft delete."""
        self._write(entity, row, {"active": 0} if row["active"] else {})

    def touch(self, entity: Entity, row: sqlite3.Row) -> None:
        """Save a record without a change of its fields: version and modified_at move on."""
        self._write(entity, row, {"active": row["active"]})

    def _write(self, entity: Entity, row: sqlite3.Row, changed: dict[str, Any]) -> dict[str, Any]:
        if changed:
            stamp = as_microseconds(self.clock.stamp())
            changed = {**changed, "modified_at": stamp, "version": row["version"] + 1}
            columns = ", ".join(f"{name} = ?" for name in changed)
            sql = f"UPDATE {entity.plural} SET {columns} WHERE id = ?"  # noqa: S608
            self.database.run(sql, *changed.values(), row["id"])
            self.happened.append((entity.name, "updated", row["id"]))
        return shown(entity, self.find(entity, str(row["id"])))

    def _checked(self, entity: Entity, sent: dict[str, Any], row: sqlite3.Row | None) -> tuple[dict[str, Any], Errors]:
        """The values to keep and what is wrong. What equals the stored value is not judged: old rows stay editable."""
        stored = shown(entity, row) if row is not None else {}
        values: dict[str, Any] = {}
        errors: Errors = []
        for name, value in sent.items():
            if name in stored and type(stored[name]) is type(value) and stored[name] == value:
                continue
            try:
                values[name] = self._kept(entity, name, value, row)
            except Refused as refusal:
                errors.append((name, f"{name} {refusal}."))
        if not errors:
            errors = _period(entity, values, row)
        return values, errors

    def _kept(self, entity: Entity, name: str, value: Any, row: sqlite3.Row | None) -> Any:
        if name == "active":
            if not isinstance(value, bool):
                raise Refused("must be true or false")
            return int(value)
        field = entity.by_name.get(name)
        if field is None and name not in SYSTEM_FIELDS:
            raise Refused(f"is not a field of a {entity.name}; the fields are {', '.join(entity.by_name)}, active")
        if field is None or field.given:
            raise Refused("is given by the server and cannot be set")
        if field.kind == "reference":
            return self._reference(entity, field, value, row)
        kept = check(field, value)
        if field.unique and kept is not None:
            self._unique(entity, field, kept, row)
        return kept

    def _reference(self, entity: Entity, field: Field, value: Any, row: sqlite3.Row | None) -> int | None:
        if value is None or value == "":
            return None
        text = str(value)
        target = ENTITIES[field.refers]
        exists = not isinstance(value, bool) and text.isascii() and text.isdigit() and len(text) < 19
        if not exists or not self.database.value(f"SELECT 1 FROM {target.plural} WHERE id = ?", int(text)):  # noqa: S608
            raise Refused(f"must be the id of a {target.name}; there is none with the id {value!r}")
        if row is not None and field.refers == entity.plural and row["id"] == int(text):
            raise Refused("cannot be the record itself")
        return int(text)

    def _unique(self, entity: Entity, field: Field, kept: str, row: sqlite3.Row | None) -> None:
        sql = f"SELECT id FROM {entity.plural} WHERE {field.name} = ?"  # noqa: S608
        other = self.database.value(sql, kept)
        if other is not None and (row is None or other != row["id"]):
            raise Refused(f"must be unique; {kept!r} belongs to the {entity.name} with the id {other}")

    def _next_number(self, entity: Entity) -> str:
        number = self.database.value("SELECT next FROM numbers WHERE entity = ?", entity.plural) or FIRST_NUMBER
        taken = f"SELECT 1 FROM {entity.plural} WHERE {entity.numbered} = ?"  # noqa: S608
        while self.database.value(taken, f"{entity.prefix}{number}"):
            number += 1
        self.database.run("INSERT OR REPLACE INTO numbers VALUES (?, ?)", entity.plural, number + 1)
        return f"{entity.prefix}{number}"


def shown(entity: Entity, row: sqlite3.Row) -> dict[str, Any]:
    """A row as the API shows it."""
    record: dict[str, Any] = {"id": row["id"]}
    for field in entity.fields:
        value = row[field.name]
        if field.kind == "tags":
            value = json.loads(value) if value else []
        elif field.kind in ("decimal", "percent") and value is not None:
            value = float(value)
        record[field.name] = value
    record["active"] = bool(row["active"])
    return record | {name: row[name] for name in ("created_at", "modified_at", "version")}


def _period(entity: Entity, values: dict[str, Any], row: sqlite3.Row | None) -> Errors:
    if entity.period is None or not set(entity.period) & set(values):
        return []
    begin, end = (values[name] if name in values else (row[name] if row else None) for name in entity.period)
    if begin is None or end is None or begin <= end:
        return []
    first, last = entity.period
    return [(last, f"{last} must not be before {first}; it was {end}, {first} is {begin}.")]


def _unprocessable(entity: Entity, errors: Errors) -> Problem:
    count = "One field is" if len(errors) == 1 else f"{len(errors)} fields are"
    return Problem(422, f"The {entity.name} was not saved. {count} not valid.", errors)
