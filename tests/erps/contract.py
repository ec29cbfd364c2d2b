"""What the hook promises of every ERP: one class, run against the sandbox and against servers that nobody here wrote.

A class that inherits it provides the fixture ``erp``. Where an ERP lacks something, the test says what follows from
that instead of being left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from erp_under_test import Desk, Erp

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RecordStale,
    RetriableError,
    UnknownOutcome,
)
from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.hooks.paging import Pager

NAMES = ("Alder", "Birch", "Cedar", "Elder", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine")


class ErpContract:
    """Against ``erp``."""

    @pytest.fixture
    def desk(self, erp: Erp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
        monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
        desk = Desk(erp, tmp_path, monkeypatch)
        desk.clear()
        yield desk
        desk.close()
        if erp.restore:
            erp.restore()

    # -- lists -------------------------------------------------------------------------------------------------

    def test_list(self, desk: Desk, erp: Erp) -> None:
        ids = desk.add(*NAMES[:3])
        assert desk.ids(desk.hook().list_records(erp.entity)) == ids

    def test_page(self, desk: Desk, erp: Erp) -> None:
        ids = desk.add(*NAMES)
        hook = desk.hook()
        assert desk.ids(hook.list_records(erp.entity)) == ids
        assert hook.requests_made >= 4
        assert desk.ids(desk.hook(page=100).list_records(erp.entity)) == ids

    def test_a_list_that_fills_its_pages(self, desk: Desk, erp: Erp) -> None:
        ids = desk.add(*NAMES[:6])
        assert desk.ids(desk.hook().list_records(erp.entity)) == ids

    def test_an_empty_list(self, desk: Desk, erp: Erp) -> None:
        assert list(desk.hook().list_records(erp.entity)) == []

    def test_look_up(self, desk: Desk, erp: Erp) -> None:
        desk.add(*NAMES[:4])
        odd = "O'Hara \\ Söhne"
        made, _ = desk.hook().create_record(erp.entity, {erp.name_field: odd, erp.key_field: odd})
        found = desk.hook().list_records(erp.entity, filters={erp.key_field: odd})
        assert desk.ids(found) == [desk.id_of(made)]

    def test_window(self, desk: Desk, erp: Erp) -> None:
        old, new = desk.add(*NAMES[:2])
        wait_a_moment()
        begin = (
            datetime.now(UTC) + timedelta(seconds=desk.hook().profile.listing.since.overlap_seconds)
            if erp.since
            else datetime.now(UTC)
        )
        desk.edit(new, **{erp.name_field: "Zebrano"})
        hook = desk.hook()
        assert new in desk.ids(hook.list_records(erp.entity, since=datetime.now(UTC) - timedelta(minutes=1)))
        later = desk.ids(hook.list_records(erp.entity, since=begin + timedelta(hours=1)))
        assert later == ([] if erp.since else [old, new])  # without "changed since" every list is complete

    # -- while somebody works ----------------------------------------------------------------------------------

    def test_changed_in_the_middle_of_a_scan(self, desk: Desk, erp: Erp) -> None:
        ids = desk.add(*NAMES)
        scan = desk.hook().list_records(erp.entity)
        first = list(itertools.islice(scan, 3))
        for id_ in (ids[0], ids[2], ids[9]):
            desk.edit(id_, **{erp.name_field: "Zebrano"})
        assert sorted(desk.ids([*first, *scan])) == sorted(ids)

    @pytest.mark.parametrize("which", [(0,), (1, 2), (0, 1, 2, 3, 9), (4,), (9,)])
    def test_deleted_in_the_middle_of_a_scan(self, desk: Desk, erp: Erp, which: tuple[int, ...]) -> None:
        ids = desk.add(*NAMES)
        scan = desk.hook().list_records(erp.entity)
        first = list(itertools.islice(scan, 3))
        for position in which:
            desk.remove(ids[position])
        found = desk.ids([*first, *scan])
        live = [id_ for position, id_ in enumerate(ids) if position not in which]
        assert not set(live) - set(found)
        assert len(found) == len(set(found))

    def test_a_naive_pager_loses_a_live_record(self, desk: Desk, erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where it does; the same scan as above, with what the pager does against it switched off."""
        monkeypatch.setattr(Pager, "_fits_on", lambda *_: True)
        monkeypatch.setattr(Pager, "again", lambda *_: None)
        monkeypatch.setattr("customerp_trello.hooks.paging.OVERLAP", 0)
        ids = desk.add(*NAMES)
        scan = desk.hook().list_records(erp.entity)
        first = list(itertools.islice(scan, 3))
        desk.remove(ids[0])
        try:
            found = desk.ids([*first, *scan])
        except FatalError:
            found = []
        assert bool(set(ids[1:]) - set(found)) == erp.naive_loses

    # -- single records ----------------------------------------------------------------------------------------

    def test_create(self, desk: Desk, erp: Erp) -> None:
        hook = desk.hook()
        made, version = hook.create_record(erp.entity, {erp.name_field: "Ärzte & Söhne"})
        assert made[erp.name_field] == "Ärzte & Söhne"
        assert hook.get_record(erp.entity, desk.id_of(made)) == (made, version)
        assert bool(version) == (erp.versions != "nobody")

    def test_unknown_outcome_of_a_create(self, desk: Desk, erp: Erp) -> None:
        hook = desk.hook()
        list(hook.list_records(erp.entity))  # a log-in, where there is one, is not what gets lost
        desk.proxy.requests.clear()
        desk.proxy.fault("POST")
        with pytest.raises(UnknownOutcome):
            hook.create_record(erp.entity, {erp.name_field: "Once"})
        assert [method for method, _ in desk.proxy.requests].count("POST") == 1
        assert len(desk.named(hook, "Once")) == 1

    def test_update(self, desk: Desk, erp: Erp) -> None:
        hook = desk.hook()
        made, version = hook.create_record(
            erp.entity, {erp.name_field: "Old", erp.other_field: "https://keep.example.com"}
        )
        wait_a_moment()
        changed, newer = hook.update_record(erp.entity, desk.id_of(made), {erp.name_field: "New"}, version)
        assert changed[erp.name_field] == "New"
        assert changed[erp.other_field] == "https://keep.example.com"
        assert hook.get_record(erp.entity, desk.id_of(made)) == (changed, newer)
        assert (newer != version) == (erp.versions != "nobody")

    def test_stale_update(self, desk: Desk, erp: Erp) -> None:
        hook = desk.hook()
        made, version = hook.create_record(erp.entity, {erp.name_field: "Old"})
        id_ = desk.id_of(made)
        wait_a_moment()
        desk.edit(id_, **{erp.name_field: "Theirs"})
        if erp.versions == "nobody":
            assert hook.update_record(erp.entity, id_, {erp.name_field: "Ours"}, version)[0][erp.name_field] == "Ours"
            return
        with pytest.raises(RecordStale):
            hook.update_record(erp.entity, id_, {erp.name_field: "Ours"}, version)
        assert hook.get_record(erp.entity, id_)[0][erp.name_field] == "Theirs"

    def test_an_update_of_a_listed_record(self, desk: Desk, erp: Erp) -> None:
        desk.add("Listed")
        hook = desk.hook()
        (record,) = desk.named(hook, "Listed")
        version = hook.version_of(erp.entity, record)
        assert hook.get_record(erp.entity, desk.id_of(record))[1] == version
        assert hook.update_record(erp.entity, desk.id_of(record), {erp.name_field: "New"}, version)

    def test_delete(self, desk: Desk, erp: Erp) -> None:
        (id_,) = desk.add("Gone")
        hook = desk.hook()
        hook.delete_record(erp.entity, id_)
        if erp.deletes == "hard":
            with pytest.raises(RecordMissing):
                hook.get_record(erp.entity, id_)
            with pytest.raises(RecordMissing):
                hook.delete_record(erp.entity, id_)
        else:
            active = hook.profile.entities[erp.entity].active
            assert hook.get_record(erp.entity, id_)[0][active] is False

    def test_missing(self, desk: Desk, erp: Erp) -> None:
        hook = desk.hook()
        with pytest.raises(RecordMissing):
            hook.get_record(erp.entity, erp.unknown)
        with pytest.raises(RecordMissing):
            hook.update_record(erp.entity, erp.unknown, {erp.name_field: "x"}, "")

    def test_refused_value(self, desk: Desk, erp: Erp) -> None:
        hook = desk.hook()
        if erp.refuses is None:  # then nothing is ever refused, and what it keeps is what it was sent
            made, _ = hook.create_record(erp.entity, {erp.name_field: "x", erp.other_field: "no URL at all"})
            assert made[erp.other_field] == "no URL at all"
            return
        with pytest.raises(RecordError) as refusal:
            hook.create_record(erp.entity, erp.refuses)
        assert not isinstance(refusal.value, RecordMissing | RecordStale)
        assert list(hook.list_records(erp.entity)) == []

    # -- the connection ----------------------------------------------------------------------------------------

    def test_expired_token(self, desk: Desk, erp: Erp) -> None:
        ids = desk.add(*NAMES[:4])
        hook = desk.hook()
        scan = hook.list_records(erp.entity)
        first = list(itertools.islice(scan, 2))
        if erp.expire:
            erp.expire()
        else:
            desk.proxy.fault("GET", 401, times=10)
        if erp.renews:
            assert desk.ids([*first, *scan]) == ids
            return
        with pytest.raises(ConfigurationError, match="credentials"):
            list(scan)

    def test_wrong_credentials(self, desk: Desk, erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
        desk.add(*NAMES[:4])
        hook = desk.hook()
        hook.settings.__dict__["password"] = "not-the-passw0rd"
        if not erp.expire:
            assert len(list(hook.list_records(erp.entity))) == 4  # this server asks nobody who he is
            return
        with pytest.raises(ConfigurationError) as error:
            list(hook.list_records(erp.entity))
        assert "not-the-passw0rd" not in str(error.value)

    @pytest.mark.parametrize("headers", [{}, {"Retry_After": "0"}])
    def test_throttled(self, desk: Desk, erp: Erp, headers: dict[str, str]) -> None:
        ids = desk.add(*NAMES[:4])
        hook = desk.hook()
        scan = hook.list_records(erp.entity)
        first = list(itertools.islice(scan, 2))
        desk.proxy.fault("GET", 429, times=3, **headers)
        assert desk.ids([*first, *scan]) == ids
        list(hook.list_records(erp.entity))
        desk.proxy.fault("POST", 429, times=1, **headers)
        made, _ = hook.create_record(erp.entity, {erp.name_field: "Once"})
        assert len(desk.named(hook, "Once")) == 1 == len([made])

    def test_throttled_for_long(self, desk: Desk, erp: Erp) -> None:
        hook = desk.hook()
        desk.proxy.fault("GET", 429, times=50)
        with pytest.raises(RetriableError):
            list(hook.list_records(erp.entity))

    def test_every_answer_can_get_lost(self, desk: Desk, erp: Erp) -> None:
        ids = desk.add(*NAMES[:7])
        hook = desk.hook()
        list(hook.list_records(erp.entity))
        desk.proxy.fault("GET", times=2)
        assert desk.ids(hook.list_records(erp.entity)) == ids

    # -- wrong profiles ----------------------------------------------------------------------------------------

    def wrong(self, erp: Erp) -> dict[str, dict[str, Any]]:
        """What can be wrong in a profile of any ERP; an ERP of its own has more."""
        entity = erp.entity
        sorts = {"tryton": {"o": "W1sibmFtZSIsIkRFU0MiXV0="}, "pocketbase": {"sort": "-name"}}  # by name, downwards
        by_name = sorts.get(erp.profile, {"_sort": "-name"} if erp.profile == "kinto" else {})
        return {
            "another sorting": {"listing": {"parameters": by_name}},
            "list path": {"listing": {"records": "no.such.place"}},
            "id field": {"entities": {entity: {"id": "no_such_field"}}},
            "path": {"entities": {entity: {"path": "/no/such/path"}}},
            "total": {"listing": {"total": "no_such_total"}},
            "paging by cursor": {"listing": {"paging": {"kind": "cursor", "cursor": "no_cursor", "parameter": "c"}}},
            "paging by link": {"listing": {"paging": {"kind": "next_link", "link": "no_link"}}},
            "no paging": {"listing": {"paging": {"kind": "none"}}},
            "paging by Link header": {"listing": {"paging": {"kind": "link_header"}}},
            "paging by another header": {"listing": {"paging": {"kind": "next_header", "header": "X-No-Such"}}},
            "paging by number": {"listing": {"paging": {"kind": "page", "parameter": "no_such"}}},
            "paging from page 0": {"listing": {"paging": {"kind": "page", "parameter": "page", "first": 0}}},
            "paging by offset": {"listing": {"paging": {"kind": "offset", "parameter": "no_such"}}},
            "paging by range": {"listing": {"paging": {"kind": "range"}}},
            "paging by id": {"listing": {"paging": {"kind": "keyset", "parameter": "no_such"}}},
            "no credentials": {"auth": {"kind": "none"}},
            "key in the query": {"auth": {"kind": "query_key", "parameter": "key"}},
            "another login": {"auth": {"kind": "basic"}},
            "another key": {"auth": {"kind": "api_key", "header": "X-Api-Key"}},
        }

    def test_a_wrong_profile_is_an_error_and_never_an_empty_or_partial_list(self, desk: Desk, erp: Erp) -> None:
        ids = desk.add(*NAMES)
        told = {}
        for case, changes in self.wrong(erp).items():
            hook = desk.hook("wrong", **changes)
            hook.settings.__dict__["login"] = erp.login or "somebody"
            try:
                found = desk.ids(hook.list_records(erp.entity))
            except (ConfigurationError, FatalError, RetriableError) as error:  # Tryton throttles wrong keys
                told[case] = f"{type(error).__name__}: {error}"
                continue
            assert sorted(found) == sorted(ids), f"{case}: no error, and {len(found)} of {len(ids)} records"
            told[case] = "reads all records all the same"
        print(f"\n{erp.name}", *(f"  {case:<24}{said}" for case, said in told.items()), sep="\n")
        must = {"list path", "id field", "path", "total", "paging by cursor", "paging by link"}
        assert must <= {case for case, said in told.items() if "Error" in said}


def wait_a_moment() -> None:
    """Until the clock of an ERP with whole seconds or milliseconds has moved on."""
    import time

    time.sleep(0.02)
