"""Engines over a seeded company: one per test, or one that a module's tests share."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import customerp_server
import trello_server
import trello_settings
from engine import PAIRS, Engine, connection
from sandbox_serving import ThreadedServer

from customerp_trello.state.store import Store


def connect(monkeypatch, folder, customerp_url, trello_url, summary):
    """Point the package's connections at two sandboxes."""
    monkeypatch.setenv("AIRFLOW_HOME", str(folder))
    monkeypatch.setenv(
        "AIRFLOW_CONN_CUSTOMERP_DEFAULT",
        connection(conn_type="customerp", host=customerp_url, password=customerp_server.CUSTOMERP_TOKEN),
    )
    extra = {
        "requests_per_10_seconds": 100000,
        "staff_workspaces": summary["staff"]["short_names"],
        "register_card": summary["register_card"]["id"],
    }
    monkeypatch.setenv(
        "AIRFLOW_CONN_TRELLO_DEFAULT",
        connection(
            conn_type="trello",
            host=trello_url,
            login=trello_settings.TRELLO_KEY,
            password=trello_settings.INTEGRATION.token,
            extra=extra,
        ),
    )


def build_engine(stack, folder, seed_files, customers=24):
    """Both servers on seeded databases, the connections to them, and an empty state database."""
    seeded, summary = seed_files(customers, 7)
    for name in ("customerp.db", "trello.db"):
        shutil.copy(seeded / name, folder / name)
    wish = customerp_server.CustomERPSettings()
    customerp = stack.enter_context(ThreadedServer(customerp_server.build_app(folder / "customerp.db", wish)))
    free = trello_settings.TrelloSettings(rate_limits=False)
    trello = stack.enter_context(ThreadedServer(trello_server.build_app(folder / "trello.db", free)))
    connect(stack.enter_context(pytest.MonkeyPatch.context()), folder, customerp.url, trello.url, summary)
    store = Store(f"sqlite:///{folder / 'state.db'}")
    stack.callback(store.close)
    store.upgrade()
    return Engine(folder / "runs", store, summary, customerp.url, trello.url)


@pytest.fixture
def engine(tmp_path, seed_files):
    """Nothing is synced yet."""
    with ExitStack() as stack:
        yield build_engine(stack, tmp_path, seed_files)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, seed_files):
    """All four pairs are in sync; a test leaves them so, and edits records that no other test has edited."""
    with ExitStack() as stack:
        ready = build_engine(stack, tmp_path_factory.mktemp("loaded"), seed_files)
        ready.widen()
        for pair in PAIRS:
            ready.let_through(pair)
        yield ready
