"""An engine over a seeded company: both servers in threads, the connections to them, an empty state database."""

from __future__ import annotations

import shutil

import customerp_server
import pytest
import trello_server
import trello_settings
from engine import Engine, connection
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
        "writes_in_flight": 1,  # the same steps in the same order, every time
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
