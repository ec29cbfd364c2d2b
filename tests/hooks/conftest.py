"""Connections that need no Airflow database, the scripted server, and limits of a test's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.http import SyncHttpHook

sys.path += [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "dags")]

from dialects import MakeHook
from scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


@pytest.fixture(autouse=True)
def quick_and_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No waiting between attempts, and limits that are counted for this test alone."""
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))


Connect = Callable[..., str]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """``connect("customerp", host=..., **fields)`` puts a connection into the environment and returns its id."""

    def put(conn_type: str, **fields: Any) -> str:
        conn_id = fields.pop("conn_id", f"{conn_type}_default")
        connection = {"conn_type": conn_type, **fields}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
        return conn_id

    return put


@pytest.fixture
def erp(
    server: ScriptedServer, connect: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MakeHook:
    """A hook on the scripted server with a profile made of the given parts."""
    monkeypatch.setenv("CUSTOMERP_TRELLO_PROFILES", str(tmp_path))

    def make(
        paging: dict[str, Any] | None = None,
        listing: dict[str, Any] | None = None,
        *,
        password: str = "pw",
        extra: dict[str, str] | None = None,
        **parts: Any,
    ) -> CustomERPHook:
        profile = {
            "title": "Dialect",
            "auth": {"kind": "none"},
            "listing": {"paging": paging or {"kind": "none"}, **(listing or {})},
            "concurrency": {"kind": "none"},
            "delete": {"kind": "hard"},
            "entities": {"customer": {"path": "/c", "record": "/c/{id}", "filters": {"name": "q"}}},
            **parts,
        }
        (tmp_path / "dialect.yaml").write_text(yaml.safe_dump(profile))
        more = {"profile": "dialect", **(extra or {})}
        connect("customerp", host=server.url, login="li", password=password, extra=more)
        return CustomERPHook()

    return make
