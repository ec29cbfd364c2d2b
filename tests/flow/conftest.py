"""An engine over a seeded company."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from engine import Engine, connection

from customerp_trello.state.store import Store


@pytest.fixture
def connect(tmp_path, monkeypatch):
    """Point the package's connections at two sandboxes."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))

    def to(customerp, trello, **extra):
        monkeypatch.setitem(
            os.environ,
            "AIRFLOW_CONN_CUSTOMERP_DEFAULT",
            connection(conn_type="customerp", host=customerp.url, password=customerp.token),
        )
        monkeypatch.setitem(
            os.environ,
            "AIRFLOW_CONN_TRELLO_DEFAULT",
            connection(
                conn_type="trello",
                host=trello.url,
                login=trello.key,
                password=trello.token,
                extra={"requests_per_10_seconds": 100000, **extra},
            ),
        )

    return to


@pytest.fixture
def engine(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'state.db'}")
    store.upgrade()
    yield Engine(tmp_path / "runs", store)
    store.close()
