"""Engines over a seeded company: one per test, or one that a module's tests share."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from engine import CUSTOMERS, PAIRS
from engine_building import build_engine


@pytest.fixture
def engine(tmp_path, seed_files):
    """Nothing is synced yet."""
    with ExitStack() as stack:
        yield build_engine(stack, tmp_path, seed_files)


@pytest.fixture(scope="module")
def customers_loaded(tmp_path_factory, seed_files):
    """As `loaded`, but of the customers alone, which takes a quarter of the time."""
    with ExitStack() as stack:
        ready = build_engine(stack, tmp_path_factory.mktemp("customers"), seed_files)
        ready.widen()
        ready.let_through(CUSTOMERS)
        yield ready


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, seed_files):
    """All four pairs are in sync; a test leaves them so, and edits records that no other test has edited."""
    with ExitStack() as stack:
        ready = build_engine(stack, tmp_path_factory.mktemp("loaded"), seed_files)
        ready.widen()
        for pair in PAIRS:
            ready.let_through(pair)
        yield ready
