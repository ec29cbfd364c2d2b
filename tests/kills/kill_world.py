"""A company in sync whose three databases are saved once and put back as often as one likes, under running servers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from engine import Engine

from customerp_trello.flow.form import Form
from customerp_trello.state.transaction import utc_now

DATABASES = ("customerp.db", "trello.db", "state.db")


@dataclass
class KillWorld:
    """An engine and the folder of its databases.

    Attributes:
        engine: the package on top of two sandboxes.
        folder: where ``customerp.db``, ``trello.db`` and ``state.db`` are.
        form: what the run to be killed is asked for.
    """

    engine: Engine
    folder: Path
    form: Form = field(default_factory=Form)

    def save(self, name: str) -> Path:
        """Save the three databases; returns their folder."""
        saved = self.folder / "saved" / name
        saved.mkdir(parents=True, exist_ok=True)
        for file in DATABASES:
            _copy(self.folder / file, saved / file)
        return saved

    def restore(self, saved: Path) -> None:
        """Put the three databases back, under the servers' feet, and forget the runs' files."""
        for file in DATABASES:
            _copy(saved / file, self.folder / file)
        shutil.rmtree(self.engine.folder, ignore_errors=True)

    @contextmanager
    def later(self, seconds: float) -> Iterator[None]:
        """The state's clock is ahead: interrupted writes have settled, back-offs are over."""
        store = self.engine.store
        store.clock = lambda: utc_now() + timedelta(seconds=seconds)
        try:
            yield
        finally:
            store.clock = utc_now


def _copy(source: Path, target: Path) -> None:
    """SQLite's own backup: a consistent copy while others have either file open."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target, timeout=30)) as other:
        one.backup(other)
