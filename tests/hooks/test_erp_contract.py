"""The contract that real ERPs are held to (``tests/erps``), on the sandbox, which needs nothing from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contract import ErpContract
from erp_under_test import Erp


class TestSandbox(ErpContract):
    @pytest.fixture
    def erp(self, start_customerp: Callable[..., Any]) -> Erp:
        server = start_customerp(rate_limit=0)

        def expire() -> None:
            object.__setattr__(server.service.settings, "token", "another one")

        return Erp(
            "sandbox", server.url, "default", password=server.token, expire=expire, versions="server", deletes="soft",
            refuses={"name": ""}, key_field="trello_id",
        )  # fmt: skip
