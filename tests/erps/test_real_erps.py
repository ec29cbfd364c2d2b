"""The contract of the hook on ERPs that nobody here wrote, each spoken to in every way that it understands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract import NAMES, ErpContract
from erp_under_test import Desk, Erp

from customerp_trello.mapping.frame import GONE, ID, LIVE, STATE
from customerp_trello.mapping.load import load_pair
from customerp_trello.sides.base import Known, Reading
from customerp_trello.sides.customerp import CustomERPRecords

pytestmark = pytest.mark.erps

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "tryton": ("tryton", {}),
    "tryton by offset": ("tryton", {"paging": {"kind": "offset", "parameter": "p", "size_parameter": "s"}}),
    "tryton by range": ("tryton", {"paging": {"kind": "range", "unit": "records", "last": "excluded"}}),
    "pocketbase": ("pocketbase", {}),
    "pocketbase by id": ("pocketbase", {"paging": {"kind": "keyset", "size_parameter": "perPage"}, "total": None}),
    "json-server": ("json-server", {}),
    "json-server by page": (
        "json-server",
        {"paging": {"kind": "page", "parameter": "_page", "size_parameter": "_limit"}},
    ),
    "json-server by offset": (
        "json-server",
        {
            "paging": {"kind": "offset", "parameter": "_start", "size_parameter": "_limit"},
            "parameters": {"_page": ...},
        },
    ),
    "json-server by id": (
        "json-server",
        {
            "paging": {"kind": "keyset", "parameter": "id_gte", "size_parameter": "_limit", "included": True},
            "parameters": {"_page": ...},
            "total_header": "",
        },
    ),
    "kinto": ("kinto", {}),
}
SAFE = ("tryton", "pocketbase by id", "json-server by id", "kinto")
"""Ways in which the ERP itself goes on behind the last id, so that even a naive loop loses nothing."""


class TestRealErps(ErpContract):
    @pytest.fixture(params=WAYS)
    def erp(self, request: pytest.FixtureRequest, erps: Callable[[str], Erp]) -> Erp:
        server, listing = WAYS[request.param]
        return erps(server).speaking(request.param, naive_loses=request.param not in SAFE, listing=listing)


class TestTheSideOnRealErps:
    """Nothing is taken for deleted because a list changed under the reader, not even where a pager lost a record."""

    @pytest.fixture(params=["tryton by offset", "pocketbase", "json-server", "kinto"])
    def desk(
        self,
        request: pytest.FixtureRequest,
        erps: Callable[[str], Erp],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[Desk]:
        server, listing = WAYS[request.param]
        desk = Desk(erps(server).speaking(request.param, listing=listing), tmp_path, monkeypatch)
        desk.clear()
        yield desk
        desk.close()

    @pytest.mark.parametrize("naive", [False, True])
    def test_only_what_is_gone_is_gone(self, desk: Desk, naive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        ids = desk.add(*NAMES)
        hook, removed = desk.hook(), []
        whole = hook.list_records

        def disturbed(entity: str, **more: Any) -> Iterator[Any]:
            for number, record in enumerate(whole(entity, **more)):
                if number == 3 and not removed:
                    removed.append(desk.remove(ids[0]))
                    desk.edit(ids[9], name="Zebrano")
                if not (naive and desk.id_of(record) == ids[5]):
                    yield record

        monkeypatch.setattr(hook, "list_records", disturbed)
        side = CustomERPRecords(load_pair("custom_customer__trello_organizations"), hook)
        seen = side.extract(Reading(None, Known(frozenset(ids))))
        states = dict(zip(seen.frame[ID], seen.frame[STATE], strict=True))
        live = [id_ for id_, state in states.items() if state == LIVE]
        assert set(ids[1:]) <= set(live)
        assert {id_ for id_, state in states.items() if state == GONE} <= {ids[0]}
        again = side.extract(Reading(None, Known(frozenset(ids)))).frame.set_index(ID)[STATE]
        assert (again[ids[0]], sorted(again[again == LIVE].index)) == (GONE, sorted(ids[1:]))
