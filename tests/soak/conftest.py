"""Paths of the rooms that the machines borrow from, a quiet log, and the table of what was done."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "flow"), str(HERE.parent / "kills")]

from soak_settings import SEED  # noqa: E402


@pytest.fixture
def soak_row(request) -> Callable[[str, Counter[str]], None]:
    """``soak_row(name, steps)`` adds what a machine has done to the table at the end."""
    return lambda name, steps: request.node.user_properties.append(("soak_row", (name, dict(steps))))


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
    done: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in (one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])):
        for key, row in one.user_properties:
            if key == "soak_row":
                done[row[0]].update(row[1])
    if done:
        terminalreporter.section(f"soak (CUSTOMERP_TRELLO_SOAK_SEED={SEED})")
        for name, steps in {**done, "all": sum(done.values(), Counter())}.items():
            kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(steps.items()) if kind != "rule steps")
            terminalreporter.write_line(f"{name:<10} {steps['rule steps']:>7} rule steps: {kinds}")
