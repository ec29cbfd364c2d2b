"""The distributed installation with the sandbox's company in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "distributed"), str(TESTS.parent / "include")]
sys.path += [str(TESTS / "airflow"), str(TESTS / "dags")]

ADDRESSES = ["127.0.0.1", *(f"127.77.0.{number}" for number in range(10, 40))]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests talk to addresses of loopback other than the usual one."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(ADDRESSES))
