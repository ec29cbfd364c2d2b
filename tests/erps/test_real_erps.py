"""The contract of the hook on ERPs that nobody here wrote, each spoken to in every way that it understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contract import ErpContract
from erp_under_test import Erp

pytestmark = pytest.mark.erps

BY_DOMAIN = {"listing": {"paging": {"kind": "keyset", "size_parameter": "perPage"}}}
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
