"""Paths of the rooms that the machines borrow from, a quiet log, and the table of what was done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "flow"), str(HERE.parent / "kills")]


@pytest.fixture
def soak_row(request) -> Callable[[str], None]:
    """``soak_row(text)`` puts a line into the table at the end."""
    return lambda text: request.node.user_properties.append(("soak_row", text))


@pytest.fixture(autouse=True)
def without_log_lines() -> Iterator[None]:
    """A hundred thousand steps would log a million lines."""
    import airflow.settings  # noqa: F401 - sets structlog up when it is imported
    import structlog

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.configure(**before)


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the table, whichever worker ran what."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    rows = sorted(text for one in reports for key, text in one.user_properties if key == "soak_row")
    if rows:
        from test_soak import SEED

        terminalreporter.section(f"soak (CUSTOMERP_TRELLO_SOAK_SEED={SEED})")
        for row in rows:
            terminalreporter.write_line(row)
