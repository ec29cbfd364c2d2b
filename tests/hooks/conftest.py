"""Connections that need no Airflow database, the scripted server, and limits of a test's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from customerp_trello.hooks.http import SyncHttpHook

sys.path.append(str(Path(__file__).parent))

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
