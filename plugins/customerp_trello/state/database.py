"""From a URL to an engine that behaves alike on SQLite and on a server."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from customerp_trello.errors import ConfigurationError, FatalError, RetriableError

BUSY_SECONDS = 30
WRITES = "customerp_trello_writes"
"""Execution option of a connection whose next transaction will write."""

_EXAMPLES = "valid: sqlite:////absolute/path/state.db or postgresql+psycopg://user:password@host/database"


def parse_url(url: str) -> URL:
    """Read a database URL, completing what Airflow's connections write differently.

    Raises:
        ConfigurationError: not a URL, or SQLite in memory, which every process would have for itself.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(f"State database: the URL cannot be read; {_EXAMPLES}.") from None
    if parsed.drivername == "postgres":
        parsed = parsed.set(drivername="postgresql")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername=f"postgresql+{_postgres_driver()}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigurationError(f"State database: SQLite in memory is lost with its process; {_EXAMPLES}.")
    return parsed


def _postgres_driver() -> str:
    installed = (name for name in ("psycopg", "psycopg2") if importlib.util.find_spec(name))
    return next(installed, "psycopg")


def make_engine(url: URL) -> Engine:
    """Create an engine whose errors and logs never show a statement's values.

    Raises:
        ConfigurationError: SQLAlchemy does not know the database, or its driver is not installed.
    """
    try:
        engine = create_engine(
            url, hide_parameters=True, pool_pre_ping=True, json_serializer=to_json, connect_args=_connect_args(url)
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            f"State database: no driver for {url.drivername!r} ({error}); install it, or {_EXAMPLES}."
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def to_json(value: Any) -> str:
    """One line of JSON, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _connect_args(url: URL) -> dict[str, Any]:
    return {"timeout": BUSY_SECONDS} if url.get_backend_name() == "sqlite" else {}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Without this the driver sends its own BEGIN, which is deferred: two writers that both began by reading would
    # then deadlock on the upgrade of their locks.
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", f"busy_timeout = {BUSY_SECONDS * 1000}", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def errors_of(url: URL) -> Iterator[None]:
    """Turn database errors into ours, without the values that servers like to quote.

    Raises:
        RetriableError: the database was busy, away or restarted.
        FatalError: it refused a statement; a defect of ours.
    """
    where = f"State database {url.render_as_string(hide_password=True)}"
    try:
        yield
    except OperationalError as error:
        raise RetriableError(f"{where}: {_first_line(error)}; is it running, reachable and not full? Retry.") from None
    except DBAPIError as error:
        raise FatalError(f"{where}: refused a statement ({_first_line(error)}); please report this.") from None


def _first_line(error: DBAPIError) -> str:
    # PostgreSQL's second line (DETAIL) quotes values: personal data.
    lines = str(error.orig).splitlines()
    return f"{type(error.orig).__name__}: {lines[0] if lines else ''}"
