"""What tests of the state share: databases, and processes that start together."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import event

sys.path.append(str(Path(__file__).parent))

from state_databases import INSTALLED, backend, clock, empty_url, migrated, store, url

__all__ = ["backend", "clock", "empty_url", "migrated", "store", "url"]


def pytest_terminal_summary(terminalreporter):
    """Say aloud what was not tested."""
    if not INSTALLED:
        terminalreporter.section("PostgreSQL")
        terminalreporter.write_line(
            "NOT TESTED: no server is installed, so the state tests ran on SQLite alone. apt-get install postgresql"
        )


@pytest.fixture
def written(store):
    """The writing statements that the store has sent; clear() starts anew."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    return seen


@pytest.fixture
def start_together():
    """Run `state_process.py` several times at once; returns the words that each printed."""

    def start(*commands):
        script = str(Path(__file__).with_name("state_process.py"))
        begin = str(time.time() + 1.5)
        processes = [
            subprocess.Popen(
                [sys.executable, script, what, url, begin, *rest],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for what, url, *rest in commands
        ]
        answers = [process.communicate(timeout=60) for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes), answers
        return [out.split() for out, _err in answers]

    return start
