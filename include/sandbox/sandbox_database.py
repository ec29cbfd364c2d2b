"""One SQLite file per server: WAL, so that it survives a kill and can be read while the server runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class SandboxDatabase:
    """A server's own database; used by one thread at a time."""

    def __init__(self, file: str | Path, schema: str) -> None:
        self.file = str(file)
        self.connection = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False, timeout=30)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;")
        self.connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: committed at the end, rolled back when an error leaves the block."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        return self.connection.execute(sql, values).fetchone()

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, *values)
        return None if found is None else found[0]

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement that changes something."""
        return self.connection.execute(sql, values)

    def insert(self, table: str, record: dict[str, Any]) -> int:
        """Insert one row (column -> value); the new rowid."""
        columns = ", ".join(f'"{column}"' for column in record)
        marks = ", ".join("?" * len(record))
        cursor = self.run(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', *record.values())  # noqa: S608
        return int(cursor.lastrowid or 0)

    def wipe(self) -> None:
        """Delete every row of every table."""
        names = [row[0] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self.connection.execute("PRAGMA foreign_keys=OFF")
        with self.transaction():
            for name in names:
                if not name.startswith("sqlite_"):
                    self.run(f'DELETE FROM "{name}"')  # noqa: S608
        self.connection.execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
