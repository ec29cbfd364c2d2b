"""Connections with webhooks, a state database of the test's own, and our address behind a real server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_serving import ThreadedServer
from starlette.applications import Starlette

from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.state.location import state_url
from customerp_trello.state.store import Store
from customerp_trello.webhooks import senders
from customerp_trello.webhooks.endpoint import PREFIX, build_app

sys.path.append(str(Path(__file__).parent))

TRELLO_SECRET, ERP_SECRET = "sandbox-trello-secret", "shared-with-the-erp"


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """State, limits and known senders of this test alone."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    senders._senders.cache_clear()
    yield
    senders._senders.cache_clear()


@pytest.fixture
def store() -> Iterator[Store]:
    """The state database that the address and the trigger use."""
    with Store(state_url()) as store:
        store.upgrade()
        yield store


@pytest.fixture
def address() -> Iterator[str]:
    """Our app where Airflow mounts it, served for real; the URL without the connection id."""
    app = Starlette()
    app.mount(PREFIX, build_app())
    app.state.service = None
    with ThreadedServer(app) as server:
        yield f"{server.url}{PREFIX}"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """``connect("trello", **fields)`` puts a connection into the environment and returns its id."""

    def put(conn_type: str, **fields: Any) -> str:
        conn_id = fields.pop("conn_id", f"{conn_type}_default")
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": conn_type, **fields}))
        return conn_id

    return put


@pytest.fixture
def connected(connect: Callable[..., str], address: str) -> Callable[..., None]:
    """``connected(trello=url, customerp=url, register_card=...)``: both connections with their webhooks."""

    def put(trello: str = "https://trello.invalid", customerp: str = "https://erp.invalid", **extra: Any) -> None:
        hooked = {"webhook_url": f"{address}/trello_default", "webhook_secret": TRELLO_SECRET}
        key, token = "sandbox-trello-key", "sandbox-trello-token"
        connect("trello", host=trello, login=key, password=token, extra=hooked | extra)
        hooked = {"webhook_url": f"{address}/customerp_default", "webhook_secret": ERP_SECRET}
        connect("customerp", host=customerp, password="sandbox-customerp-token", extra=hooked)

    return put
