"""Places within a system's request limits, counted for all processes and machines that use this state database.

On PostgreSQL the count is a table beside the state and goes by the database's clock, so that it does not matter what
the machines think of the time. Beside a SQLite file it is another file, since a request must not wait for the state's
one writer, nor for the disk: losing the count in a power cut costs nothing. That is the only difference.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from customerp_trello.errors import SyncError
from customerp_trello.state.database import WRITES, errors_of, make_engine
from customerp_trello.state.store import Store
from customerp_trello.state.upgrade import switch_to_wal

# A row is a place that is taken: in which budget, by which request, how many, until when (Unix seconds).
# Plain SQL, since every request to Trello runs it twice.
_CREATE = (
    "CREATE {kind} IF NOT EXISTS request_place (budget VARCHAR(32) NOT NULL, ticket VARCHAR(40) NOT NULL, "
    "places INTEGER NOT NULL, until DOUBLE PRECISION NOT NULL, PRIMARY KEY (budget, ticket))"
)
_KIND = {"postgresql": "UNLOGGED TABLE", "sqlite": "TABLE"}
"""No migration and no log of the server's: all of it is over in a quarter of an hour."""

_FORGET = text(
    "DELETE FROM request_place WHERE until <= :now OR (budget = :budget0 AND until > :beyond0)"
    " OR (budget = :budget1 AND until > :beyond1) OR (budget = :budget2 AND until > :beyond2)"
)
"""What is over, and what is further ahead than a place can be, since the clock was set back.

The latter of the budgets asked for alone: others may hold their places for longer.
"""

_FREE_AT = text(
    "SELECT max(until) FROM (SELECT budget, until, sum(places) OVER (PARTITION BY budget ORDER BY until DESC)"
    " AS running FROM request_place) AS taken WHERE (budget = :budget0 AND running >= :limit0)"
    " OR (budget = :budget1 AND running >= :limit1) OR (budget = :budget2 AND running >= :limit2)"
)
"""When all of up to three budgets have a place: from the latest down, the one that makes the budget full."""

_ASKED = tuple(f"{what}{place}" for what in ("budget", "limit", "beyond") for place in range(3))

_TAKE = text("INSERT INTO request_place VALUES (:budget, :ticket, :places, :until)")
_SETTLE = text("UPDATE request_place SET until = :until WHERE budget = :budget AND ticket = :ticket")
_TAKEN = text("SELECT budget, sum(places) FROM request_place WHERE until > :now GROUP BY budget")

_LONGEST = 900.0
"""Seconds that no request takes. Another connection's time-outs are not known here, nor how long a server's windows."""

_LOCK = 0x706C616365  # any fixed number: the advisory lock on PostgreSQL
_NOW = {
    "postgresql": text("SELECT extract(epoch FROM clock_timestamp())::float8"),
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
}

log = structlog.get_logger(__name__)


class RequestPlaces:
    """A count over all users of a state database; safe to share between threads, not between processes.

    Args:
        store: the state database.
    """

    def __init__(self, store: Store) -> None:
        self.url, self.engine = store.url, store.engine
        if store.engine.dialect.name == "sqlite":
            path = Path(store.url.database or "")
            self.url = store.url.set(database=str(path.with_name(f"{path.stem}.requests.db")))
            self.engine = _quick(make_engine(self.url))
        self._ready = False
        self._turn = threading.Lock()  # SQLite lets a second thread sleep longer than the first one needs

    def take(self, ticket: str, budgets: Mapping[str, tuple[int, float]], at_most: float) -> float:
        """Take one place in each budget, or in none of them.

        Args:
            ticket: names the request.
            budgets: up to three, name -> (places, seconds that a place stays taken after the request).
            at_most: seconds after which the request has ended, even if nobody says so (its process was killed).

        Returns:
            0.0, or the seconds until a place may be free.

        Raises:
            RetriableError: the database is busy or away.
        """
        with self._alone() as (connection, now, _):
            asked: dict[str, object] = dict.fromkeys(_ASKED) | {"now": now}
            for place, (name, (limit, seconds)) in enumerate(budgets.items()):
                beyond = now + seconds + max(at_most, _LONGEST) + 1
                asked |= {f"budget{place}": name, f"limit{place}": limit, f"beyond{place}": beyond}
            connection.execute(_FORGET, asked)
            if free_at := connection.execute(_FREE_AT, asked).scalar_one():
                return float(free_at) - now
            connection.execute(
                _TAKE,
                [
                    {"budget": name, "ticket": ticket, "places": 1, "until": now + at_most + seconds}
                    for name, (_, seconds) in budgets.items()
                ],
            )
            return 0.0

    def settle(
        self, ticket: str, budgets: Mapping[str, tuple[int, float]], used: Mapping[str, tuple[int, float]]
    ) -> None:
        """The request has ended: its places stay taken for the budget's seconds, counted from now.

        It never raises: the answer is there, and what it says must not be lost because of the count. An unsettled place
        comes free by itself, later.

        Args:
            ticket: names the request.
            budgets: as given to :meth:`take`.
            used: budget -> how many places the server says are used, and for how many seconds they are at most; what
                that is more than is counted here was used by others.
        """
        ended = time.monotonic()
        try:
            with self._alone() as (connection, now, looked):
                now -= looked - ended  # however long the turn was waited for
                connection.execute(
                    _SETTLE,
                    [
                        {"budget": name, "ticket": ticket, "until": now + seconds}
                        for name, (_, seconds) in budgets.items()
                    ],
                )
                taken = {row[0]: int(row[1]) for row in connection.execute(_TAKEN, {"now": now})} if used else {}
                for name, (told, lasting) in used.items():
                    if (others := told - taken.get(name, 0)) > 0:
                        row = {"budget": name, "ticket": f"others {ticket}", "places": others, "until": now + lasting}
                        connection.execute(_TAKE, row)
        except (SyncError, SQLAlchemyError) as error:
            log.warning("a request's place within the limits could not be settled", reason=type(error).__name__)

    def close(self) -> None:
        """Close all connections that are not the store's."""
        if self.url.get_backend_name() == "sqlite":
            self.engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[tuple[Connection, float, float]]:
        """A transaction that excludes all others of this kind, the moment in it (Unix seconds), and when we asked.

        The latter by our own monotonic clock and from *before* the question: its answer may be long on its way, and a
        place must rather be held too long than come free too soon.
        """
        dialect = self.engine.dialect.name
        if not self._ready and dialect == "sqlite":
            switch_to_wal(self.engine)
        with self._turn, errors_of(self.url), self.engine.connect() as connection:
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                if dialect == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
                if not self._ready:
                    connection.execute(text(_CREATE.format(kind=_KIND[dialect])))
                looked = time.monotonic()
                yield connection, float(connection.execute(_NOW[dialect]).scalar_one()), looked
        self._ready = True


def _quick(engine: Engine) -> Engine:
    """SQLite that does not wait for the disk at each commit; with the write-ahead log nothing can break by that."""

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    event.listen(engine, "connect", prepare)
    return engine
