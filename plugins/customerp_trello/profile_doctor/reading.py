"""What of a profile can be tried without writing: credentials, lists, pages, windows, look-ups, single records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

from customerp_trello.errors import ConfigurationError, RecordMissing, SyncError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile_auth import LoginAuth, NoAuth, OAuth2Auth
from customerp_trello.hooks.profile_listing import OnePage
from customerp_trello.profile_doctor.findings import Finding, failed

MOST = 2000
"""Records of an entity that are read at most."""

MakeHook = Callable[[], CustomERPHook]
Fields = dict[str, Any]


def examine_connection(make: MakeHook) -> Iterator[Finding]:
    """Try the credentials, right and wrong."""
    hook = make()
    entity = next(iter(hook.profile.entities))
    try:
        first = next(hook.list_records(entity), None)
    except SyncError as error:
        yield failed("connection", "credentials", error)
        return
    yield Finding("connection", "credentials", "works", f"{hook.profile.title} lets us read {entity} records")
    if isinstance(hook.profile.auth, NoAuth | LoginAuth | OAuth2Auth):
        return
    stranger = make()
    stranger.settings.__dict__["password"] = "not-the-right-one"  # noqa: S105 - it must be a wrong one
    yield _seen_by_a_stranger(stranger, entity, first)


def _seen_by_a_stranger(stranger: CustomERPHook, entity: str, first: Fields | None) -> Finding:
    try:
        shown = next(stranger.list_records(entity), None)
    except ConfigurationError:
        return Finding("connection", "strangers refused", "works")
    except SyncError as error:
        return failed("connection", "strangers refused", error)
    if shown is None and first is not None:
        remark = "a wrong password is answered with an empty list; add `check` to the profile, or a deletion of all "
        return Finding(
            "connection", "strangers refused", "does not", remark + "records is what a lost right looks like"
        )
    return Finding("connection", "strangers refused", "not there", "the ERP asks nobody who he is")


def examine_entity(make: MakeHook, entity: str) -> Iterator[Finding]:
    """Try all that reading *entity* needs."""
    hook = make()
    try:
        records = list(islice(hook.list_records(entity), MOST))
    except SyncError as error:
        yield failed(entity, "list", error)
        return
    more = f"at least {MOST}" if len(records) == MOST else str(len(records))
    yield Finding(entity, "list", "works", f"{more} records in {hook.requests_made} requests")
    if not records:
        yield Finding(entity, "all else", "not tried", "there is no record to try it with")
        return
    yield from _pages(make, entity, records)
    yield from _fields(hook, entity, records)
    yield from _one(hook, entity, records[0])
    yield from _window(hook, entity, records)
    for field in hook.profile.entities[entity].filters:
        yield _look_up(hook, entity, field, records)


def _pages(make: MakeHook, entity: str, records: list[Fields]) -> Iterator[Finding]:
    hook = make()
    paging = hook.profile.listing_of(hook.profile.entities[entity]).paging
    id_ = hook.profile.entities[entity].id
    ids = [record[id_] for record in records]
    if isinstance(paging, OnePage):
        yield Finding(entity, "pages", "not there", "every list is one answer; see that it is not capped")
    elif len(records) < 5:
        yield Finding(entity, "pages", "not tried", "needs five records")
    else:
        try:
            small = [record[id_] for record in islice(_by(hook, entity, 2).list_records(entity), 5)]
        except SyncError as error:
            yield failed(entity, "pages", error)
            return
        same = small == ids[:5]
        remark = "" if same else f"pages of 2 gave {small}, large ones {ids[:5]}; let the list be sorted by id"
        yield Finding(entity, "pages", "works" if same else "does not", remark)
    if all(isinstance(one, int) for one in ids) and any(one > two for one, two in pairwise(ids)):
        remark = "add a parameter to `listing.parameters`: otherwise records are lost while people work"
        yield Finding(entity, "sorted by id", "does not", remark)


def _by(hook: CustomERPHook, entity: str, size: int) -> CustomERPHook:
    """The same hook with pages of *size*."""
    profile, kind = hook.profile, hook.profile.entities[entity]
    listing = profile.listing_of(kind)
    paging = listing.paging.model_copy(update={"size": size})
    changed = kind.model_copy(update={"listing": listing.model_copy(update={"paging": paging})})
    hook.__dict__["profile"] = profile.model_copy(update={"entities": {**profile.entities, entity: changed}})
    return hook


def _fields(hook: CustomERPHook, entity: str, records: list[Fields]) -> Iterator[Finding]:
    kind = hook.profile.entities[entity]
    named = {"number": kind.number, "marker": kind.marker, "modified": kind.modified, "created": kind.created}
    named |= {"active": kind.active, **{f"label {name}": name for name in kind.labels}}
    for key, field in named.items():
        if field is None:
            yield Finding(entity, key, "not there")
        elif any(field in record for record in records):
            yield Finding(entity, key, "works", f"{field}: {_kind(records, field)}")
        else:
            shown = ", ".join(sorted(records[0])[:15])
            yield Finding(entity, key, "does not", f"no record has {field!r}; they have {shown}")


def _kind(records: list[Fields], field: str) -> str:
    value = next((record[field] for record in records if record.get(field) not in (None, "")), None)
    return "always empty" if value is None else type(value).__name__


def _one(hook: CustomERPHook, entity: str, listed: Fields) -> Iterator[Finding]:
    id_ = str(listed[hook.profile.entities[entity].id])
    try:
        record, version = hook.get_record(entity, id_)
    except SyncError as error:
        yield failed(entity, "one record", error)
        return
    fewer = sorted(set(listed) - set(record))
    yield Finding(entity, "one record", "works", f"lacks what the list has: {', '.join(fewer)}" if fewer else "")
    none = hook.profile.concurrency.kind == "none"
    remark = "" if version else "an edit between our read and our write is lost" if none else "no version in the answer"
    yield Finding(entity, "version", "works" if version else "not there" if none else "does not", remark)
    try:
        hook.get_record(entity, _nobody(id_))
    except RecordMissing:
        yield Finding(entity, "missing", "works")
    except SyncError as error:
        yield failed(entity, "missing", error)
    else:
        yield Finding(entity, "missing", "does not", "an id that nobody has was answered with a record")


def _nobody(id_: str) -> str:
    """An id of the same shape that no record has."""
    return "".join("9" if char.isdigit() else "z" if char.isalpha() and len(id_) < 32 else char for char in id_) + (
        "99999" if id_.isdigit() else ""
    )


def _window(hook: CustomERPHook, entity: str, records: list[Fields]) -> Iterator[Finding]:
    if hook.profile.listing_of(hook.profile.entities[entity]).since is None:
        yield Finding(entity, "changed since", "not there", "every listing is complete")
        return
    now = datetime.now(UTC)
    try:
        later = list(islice(hook.list_records(entity, since=now + timedelta(days=2)), 5))
        ever = len(list(islice(hook.list_records(entity, since=now - timedelta(days=20_000)), MOST)))
    except SyncError as error:
        yield failed(entity, "changed since", error)
        return
    if later:
        remark = "asked for changes after the day after tomorrow it names records; correct `listing.since`"
    elif ever < len(records):
        remark = (
            f"asked for changes since 1970 it names {ever} of {len(records)} records; it must be changed *or created*"
        )
    else:
        yield Finding(entity, "changed since", "works")
        return
    yield Finding(entity, "changed since", "does not", remark)


def _look_up(hook: CustomERPHook, entity: str, field: str, records: list[Fields]) -> Finding:
    id_ = hook.profile.entities[entity].id
    known = next((record for record in records if record.get(field) not in (None, "", False, True)), None)
    capability = f"look up {field}"
    if known is None:
        return Finding(entity, capability, "not tried", "no record has a value there")
    try:
        found = [record[id_] for record in hook.list_records(entity, filters={field: str(known[field])})]
    except SyncError as error:
        return failed(entity, capability, error)
    if known[id_] in found:
        return Finding(entity, capability, "works")
    return Finding(entity, capability, "does not", "a record is not found by its own value; correct `filters`")
