"""Servers for the tests of real ERPs: each is started once, when the first test wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import servers
from erp_under_test import Erp

START: dict[str, Callable[..., Any]] = {
    "tryton": servers.start_tryton,
    "pocketbase": servers.start_pocketbase,
    "json-server": servers.start_json_server,
    "kinto": servers.start_kinto,
}


@pytest.fixture(scope="session")
def erps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Erp]]:
    """``erps("tryton")``: a running ERP."""
    running: dict[str, Erp] = {}
    with ExitStack() as stack:

        def started(name: str) -> Erp:
            if name not in running:
                process, running[name] = START[name](tmp_path_factory.mktemp(name))
                stack.callback(process.close)
            return running[name]

        yield started
