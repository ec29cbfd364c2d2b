"""Bringing a database to the present schema, safely when several processes start at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select, text
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from customerp_trello.errors import ConfigurationError
from customerp_trello.state.database import BUSY_SECONDS, WRITES

HEAD = "0009"
"""The newest migration; known without loading Alembic, so that an up-to-date database costs one query."""

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "customerp_trello_version"

_LOCK = 0x637573746F6D6572  # any fixed number of 64 bits: a PostgreSQL advisory lock has a number for a name
_PATIENTLY = Retrying(
    retry=retry_if_exception(lambda error: getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY),
    stop=stop_after_delay(BUSY_SECONDS),
    wait=wait_random(0.01, 0.2),
    reraise=True,
)
_version = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))


def upgrade(engine: Engine) -> None:
    """Migrate to :data:`HEAD`.

    Raises:
        ConfigurationError: the database is of a newer version, or SQLite's file system cannot do WAL.
    """
    with engine.connect() as connection:
        if revision_of(connection) == HEAD:
            return
    if engine.dialect.name == "sqlite":
        switch_to_wal(engine)
    with engine.connect() as connection:
        connection.execution_options(**{WRITES: True})
        with connection.begin():
            _lock(connection)
            _migrate(connection)


def revision_of(connection: Connection) -> str | None:
    """The database's migration, None for a new one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()


def alembic_config(connection: Connection | None = None) -> Any:
    """Alembic's configuration for our migrations; `env.py` takes the connection from it."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def switch_to_wal(engine: Engine) -> None:
    """Let a SQLite file be read while it is written.

    Raises:
        ConfigurationError: the place is not writable, or its file system cannot do that.
    """
    connection = engine.raw_connection()
    try:
        # The switch itself does not honour the busy time-out, so processes that start together have to try again.
        mode = _PATIENTLY(lambda: connection.cursor().execute("PRAGMA journal_mode = WAL").fetchone()[0])
    except sqlite3.OperationalError as error:
        raise ConfigurationError(
            f"State database {engine.url.database}: SQLite cannot write there ({error}); check the file's and the "
            "folder's rights."
        ) from None
    finally:
        connection.close()
    if mode != "wal":
        raise ConfigurationError(
            f"State database {engine.url.database}: SQLite cannot use its write-ahead log here (it answered {mode!r}); "
            "put the file on a local disk, or use PostgreSQL."
        )


def _lock(connection: Connection) -> None:
    # SQLite: BEGIN IMMEDIATE has already excluded all others.
    if connection.dialect.name == "postgresql":
        # However long another process migrates large tables.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _migrate(connection: Connection) -> None:
    if revision_of(connection) == HEAD:
        return
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        raise ConfigurationError(
            f"State database {connection.engine.url.render_as_string(hide_password=True)}: {error}. It was made by a "
            f"newer version of this package (this one knows up to {HEAD}); update the package."
        ) from None
