"""The state database of all pairs: where it is, how to bring it up to date, how to read and write in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import TracebackType

from customerp_trello.errors import ConfigurationError
from customerp_trello.state.database import WRITES, errors_of, make_engine, parse_url
from customerp_trello.state.lease import Fence, hold
from customerp_trello.state.transaction import Clock, Transaction, utc_now
from customerp_trello.state.upgrade import upgrade


class Store:
    """The state database behind a SQLAlchemy URL; safe to share between threads, not between processes.

    Args:
        url: SQLite file or PostgreSQL (other databases: as far as they do the same SQL).
        clock: where the present moment comes from.

    Raises:
        ConfigurationError: the URL cannot be read, or its driver is missing.
    """

    def __init__(self, url: str, *, clock: Clock = utc_now) -> None:
        self.url = parse_url(url)
        self.clock = clock
        self.engine = make_engine(self.url)
        kind = self.engine.dialect.name
        # PostgreSQL shows each statement what is committed by then, in a transaction as well, and ends one in which we
        # compute for long.
        self._reading = (
            self.engine.execution_options(isolation_level="AUTOCOMMIT") if kind == "postgresql" else self.engine
        )
        # SQLite lets a second writer sleep longer than the first one needs; a thread of ours knows when it is its turn.
        self._turn = threading.RLock() if kind == "sqlite" else nullcontext()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def upgrade(self) -> None:
        """Create the database or bring it to this version; one query when it is there already.

        Processes that start at the same moment wait for one another.

        Raises:
            ConfigurationError: the place is not writable or not fit, or the database is of a newer version.
            RetriableError: the database cannot be reached.
        """
        if self.engine.dialect.name == "sqlite" and self.url.database:
            folder = Path(self.url.database).absolute().parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(f"State database: cannot create the folder {folder}: {error}.") from None
        with errors_of(self.url):
            upgrade(self.engine)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads; on SQLite it sees one moment and never waits for a writer.

        On PostgreSQL each of its statements stands alone, so that it may last.

        Raises:
            RetriableError: the database is busy or away.
        """
        with errors_of(self.url), self._reading.connect() as connection:
            yield Transaction(connection, self.clock())

    @contextmanager
    def begin(self, fence: Fence | None = None) -> Iterator[Transaction]:
        """Open a writing transaction; it commits at the end of the block and rolls back on an exception.

        Keep it short and without requests inside: on SQLite it excludes all other writers, elsewhere those of the
        same fence. With a *fence*, the lease is checked in this very transaction and extended.

        Raises:
            LeaseLost: the fence holds no more; nothing is committed.
            RetriableError: the database is busy or away.
            FatalError: the database refused a statement.
        """
        with self._turn, errors_of(self.url), self.engine.connect() as connection:
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                if fence is None:
                    yield Transaction(connection, self.clock())
                else:
                    now = hold(connection, fence, self.clock)
                    yield Transaction(connection, now, fence.number)
