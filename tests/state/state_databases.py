"""A fresh, migrated state database for each test: on SQLite and on a PostgreSQL server that the tests start."""

import atexit
import os
import shutil
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from postgres_server import binaries, running_server
from sqlalchemy import create_engine, make_url, text

from customerp_trello.state.store import Store

SERVER = os.environ.get("CUSTOMERP_TRELLO_TEST_POSTGRES", "")
"""A server to use instead of one of the tests' own."""
INSTALLED = bool(SERVER or binaries())
BACKENDS = ["sqlite", *(["postgresql"] if INSTALLED else [])]


def explained(store, sent):
    """Statement and plan of what was sent (statement -> parameters)."""
    sqlite = store.engine.dialect.name == "sqlite"
    with store.begin() as tx:
        if not sqlite:
            # Few rows are always read at once; what is asked is whether an index would do.
            tx.execute(text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in sent.items():
            verb = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            rows = tx.connection.exec_driver_sql(verb + statement, parameters)
            yield statement, "\n".join(str(row[-1]) for row in rows)


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self):
        return self.now

    def forward(self, **by):
        self.now += timedelta(**by)


@cache
def _server():
    """The server's URL; one server per process, stopped at its end."""
    if SERVER:
        return SERVER
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running_server())


def _on_server(*statements):
    engine = create_engine(_server(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _fresh(backend, folder, template=""):
    """The URL of a new database, a copy of *template* where one is given."""
    if backend == "sqlite":
        path = folder / f"{uuid.uuid4().hex}.db"
        if template:
            shutil.copy(make_url(template).database, path)
        return f"sqlite:///{path}"
    name = f"state_{uuid.uuid4().hex}"
    source = make_url(template).database if template else "template0"
    _on_server(f"CREATE DATABASE {name} TEMPLATE {source}")
    return make_url(_server()).set(database=name).render_as_string(hide_password=False)


def _drop(url):
    if not url.startswith("sqlite"):
        _on_server(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture(scope="session")
def migrated(backend, tmp_path_factory):
    """A database that was migrated once, to be copied."""
    url = _fresh(backend, tmp_path_factory.mktemp("migrated"))
    with Store(url) as store:
        store.upgrade()
    yield url
    _drop(url)


@pytest.fixture
def empty_url(backend, tmp_path):
    url = _fresh(backend, tmp_path)
    yield url
    _drop(url)


@pytest.fixture
def url(backend, migrated, tmp_path):
    url = _fresh(backend, tmp_path, migrated)
    yield url
    _drop(url)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(url, clock):
    with Store(url, clock=clock) as store:
        yield store
