"""Sides over the real sandbox servers, through the real hooks; the shipped mappings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.load import load_mapping
from customerp_trello.mapping.model import Mapping
from customerp_trello.sides.base import Known, Reading

MAPPINGS = Path(__file__).resolve().parents[2] / "include" / "mappings"

Connect = Callable[..., str]


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    def put(conn_id: str, **fields: Any) -> str:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))
        return conn_id

    return put


@pytest.fixture
def mapping() -> Callable[[str], Mapping]:
    return lambda stem: load_mapping(next(MAPPINGS.glob(f"{stem}*.yaml")))


@pytest.fixture
def erp(customerp_server: Any, connect: Connect) -> CustomERPHook:
    connect("customerp_default", conn_type="customerp", host=customerp_server.url, password=customerp_server.token)
    return CustomERPHook()


@pytest.fixture
def as_person(trello_server: Any, connect: Connect) -> Callable[..., TrelloHook]:
    """A hook with somebody's own token; ``extra`` as in a connection."""

    def hook(name: str, token: str, **extra: Any) -> TrelloHook:
        fields = {"host": trello_server.url, "login": trello_server.key, "password": token}
        connect(name, conn_type="trello", **fields, extra={"requests_per_10_seconds": 100_000, **extra})
        return TrelloHook(name)

    return hook


@pytest.fixture
def trello(trello_server: Any, as_person: Callable[..., TrelloHook]) -> TrelloHook:
    return as_person("trello_default", trello_server.token)


@pytest.fixture
def read_all() -> Callable[..., Reading]:
    return lambda **known: Reading(None, Known(**known))


@pytest.fixture
def rows() -> Callable[[Any], dict[str, dict[str, Any]]]:
    """A snapshot's rows by id, unknown values as None."""

    def by_id(snapshot: Any) -> dict[str, dict[str, Any]]:
        frame = snapshot.frame.astype("object")
        records = frame.where(frame.notna(), None).to_dict("records")
        return {row["_id"]: row for row in records}

    return by_id
