"""What every function of this package works in: one transaction, at one moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Executable

Clock = Callable[[], datetime]
T = TypeVar("T")

CHUNK = 500
"""Values per IN list: far below every database's limit of parameters."""


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Transaction:
    """An open transaction of the state database.

    Attributes:
        connection: SQLAlchemy connection with the transaction begun; commit and rollback are the store's.
        now: the moment that everything in it is stamped with, UTC.
        fence: number of the lease it was checked against, 0 without one.
    """

    connection: Connection
    now: datetime
    fence: int = 0

    def execute(self, statement: Executable) -> CursorResult[Any]:
        """Execute one statement."""
        return self.connection.execute(statement)

    def execute_many(self, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
        """Execute a statement for each of *rows*; nothing is sent for none."""
        if rows:
            self.connection.execute(statement, rows)


def chunks(values: Sequence[T], size: int = CHUNK) -> list[Sequence[T]]:
    """Split into pieces of at most *size*."""
    return [values[start : start + size] for start in range(0, len(values), size)]
