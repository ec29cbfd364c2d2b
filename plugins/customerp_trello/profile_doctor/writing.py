"""What of a profile can only be tried by writing: on a record that the doctor makes, and removes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from customerp_trello.errors import RecordMissing, RecordStale, SyncError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile_writing import FieldDelete, NoDelete, SoftDelete
from customerp_trello.profile_doctor.findings import Finding, failed

SECOND = " (changed)"


def examine_writing(hook: CustomERPHook, entity: str, fields: Mapping[str, Any]) -> Iterator[Finding]:
    """Create a record of *fields*, change its first text, write with an old version, and remove it."""
    try:
        made, version = hook.create_record(entity, fields)
    except SyncError as error:
        yield failed(entity, "create", error)
        return
    id_ = str(made[hook.profile.entities[entity].id])
    unlike = [name for name, value in fields.items() if made.get(name) != value]
    remark = f"record {id_}" + (f"; stored otherwise than sent: {', '.join(unlike)}" if unlike else "")
    yield Finding(entity, "create", "works", remark)
    try:
        yield from _change(hook, entity, id_, made, version, fields)
    finally:
        yield _remove(hook, entity, id_)


def _change(
    hook: CustomERPHook, entity: str, id_: str, made: Mapping[str, Any], version: str, fields: Mapping[str, Any]
) -> Iterator[Finding]:
    name, text = next((name, value) for name, value in fields.items() if isinstance(value, str))
    try:
        changed, newer = hook.update_record(entity, id_, {name: text + SECOND}, version)
    except SyncError as error:
        yield failed(entity, "update", error)
        return
    others = [one for one in fields if one != name and changed.get(one) != made.get(one)]
    if others:
        remark = f"a change of {name} emptied {', '.join(others)}; set `update.body: whole`"
        yield Finding(entity, "update", "does not", remark)
    elif changed.get(name) != text + SECOND:
        yield Finding(entity, "update", "does not", f"{name} is not what was sent; see `update.method` and `request`")
    else:
        yield Finding(entity, "update", "works")
    yield _stale(hook, entity, id_, {name: text}, version, newer)


def _stale(hook: CustomERPHook, entity: str, id_: str, fields: Mapping[str, Any], version: str, newer: str) -> Finding:
    if not version:
        return Finding(entity, "stale update", "not there", "the last write wins: this ERP has no versions")
    if version == newer:
        return Finding(entity, "stale update", "does not", "a change left the version as it was; correct `concurrency`")
    try:
        hook.update_record(entity, id_, fields, version)
    except RecordStale:
        return Finding(entity, "stale update", "works", "refused")
    except SyncError as error:
        return failed(entity, "stale update", error)
    return Finding(entity, "stale update", "does not", "a write with an old version was taken; correct `concurrency`")


def _remove(hook: CustomERPHook, entity: str, id_: str) -> Finding:
    delete = hook.profile.delete_of(hook.profile.entities[entity])
    if isinstance(delete, NoDelete):
        return Finding(entity, "delete", "not there", f"the record {id_} stays; remove it by hand")
    try:
        hook.delete_record(entity, id_)
        record, _ = hook.get_record(entity, id_)
    except RecordMissing:
        off = isinstance(delete, FieldDelete | SoftDelete)
        return Finding(
            entity, "delete", "works", "it is gone for good, though the profile says otherwise" if off else ""
        )
    except SyncError as error:
        return failed(entity, "delete", error)
    active = hook.profile.entities[entity].active
    if isinstance(delete, FieldDelete):
        off = all(record.get(name) == value for name, value in delete.fields.items())
    else:
        off = active is not None and record.get(active) is False
    return Finding(
        entity,
        "delete",
        "works" if off else "does not",
        f"{id_} is switched off" if off else f"{id_} can be read as before",
    )
