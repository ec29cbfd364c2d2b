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

_LIBPQ = frozenset({"psycopg", "psycopg2"})
_GIVE_UP = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""When a server counts as gone, in libpq's words; a URL's own query comes before it."""

# When the server takes a lock away from a worker that is frozen or cut off: everybody else would wait for it. That is
# long for all that we compute within a transaction, and less than the wait for a lock, which is less than a lease.
# Set on the open connection, since poolers refuse such options at its start. What is said for the database, the role or
# the connection stays; a server's own settings stay where they are stricter.
_LIMIT_SERVER = """
SELECT set_config(name, most, false)
FROM pg_settings JOIN (VALUES
    ('idle_in_transaction_session_timeout', '300000'), ('lock_timeout', '600000'), ('tcp_user_timeout', '60000'),
    ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3')
) AS limits (setting_of, most) ON setting_of = name
WHERE source NOT IN ('database', 'user', 'database user', 'client', 'session')
    AND CASE WHEN setting_of = name THEN setting::bigint NOT BETWEEN 1 AND most::bigint END
"""

_RETRIABLE = ("08", "40001", "40P01", "53", "55P03", "57", "25P03", "25P04", "25006")
"""How the SQLSTATE of an error begins that may not come again: the server lost us, was busy, or only reads for now."""

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
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _limit_server)
    return engine


def to_json(value: Any) -> str:
    """One line of JSON, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _connect_args(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"timeout": BUSY_SECONDS}
    if url.get_driver_name() in _LIBPQ:
        return {name: value for name, value in _GIVE_UP.items() if name not in url.query}
    return {}


def _limit_server(connection: Any, _record: Any) -> None:
    connection.cursor().execute(_LIMIT_SERVER)
    connection.commit()


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
    except DBAPIError as error:
        if _may_go_through(error):
            problem = f"{where}: {_first_line(error)}; is it running, reachable and not full?"
            raise RetriableError(f"{problem} Retry.") from None
        raise FatalError(f"{where}: refused a statement ({_first_line(error)}); please report this.") from None


def _may_go_through(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""
    return isinstance(error, OperationalError) or error.connection_invalidated or state.startswith(_RETRIABLE)


def _first_line(error: DBAPIError) -> str:
    # PostgreSQL's second line (DETAIL) quotes values: personal data.
    lines = str(error.orig).splitlines()
    return f"{type(error.orig).__name__}: {lines[0] if lines else ''}"
