"""Rows of one table, collected and written at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox_clock import as_microseconds, as_milliseconds
from sandbox_database import SandboxDatabase

# Fixed, so that a seed gives the same data on every day.
LAST_DAY = datetime(2026, 6, 30, 18, 0, tzinfo=UTC)


class Table:
    """Rows to insert; all have the same columns, missing ones are NULL."""

    def __init__(self, name: str, columns: tuple[str, ...]) -> None:
        self.name, self.columns = name, columns
        self.rows: list[dict[str, Any]] = []

    def add(self, **row: Any) -> dict[str, Any]:
        """Keep a row; it may be changed until it is written."""
        self.rows.append(row)
        return row

    def write(self, database: SandboxDatabase) -> None:
        """Insert all rows."""
        columns = ", ".join(self.columns)
        marks = ", ".join("?" * len(self.columns))
        values = ([row.get(column) for column in self.columns] for row in self.rows)
        database.connection.executemany(f"INSERT INTO {self.name} ({columns}) VALUES ({marks})", values)  # noqa: S608


class Past:
    """Moments before the last day, all different."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._count = 0

    def moment(self, days: int = 900) -> datetime:
        """Some moment within so many days."""
        self._count += 1
        ago = timedelta(seconds=self._chance.randrange(3600, days * 86_400), microseconds=self._count % 1_000_000)
        return LAST_DAY - ago

    def span(self) -> tuple[str, str]:
        """When an ERP record was made and when it was last changed."""
        created = self.moment()
        changed = created + (LAST_DAY - created) * self._chance.random() if self._chance.random() < 0.6 else created
        return as_microseconds(created), as_microseconds(changed)


class SeedIds:
    """Trello's ids, of moments in the past and a counter."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._count = 0

    def new(self, moment: datetime | None = None) -> str:
        """The next id, made at that moment."""
        self._count += 1
        return f"{int((moment or self._past.moment()).timestamp()):08x}5eed{self._count:012x}"


def trello_date(moment: datetime) -> str:
    """A moment as Trello writes it."""
    return as_milliseconds(moment)
