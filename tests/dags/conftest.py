"""The four DAGs, parsed once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from four_dags import PAIRS, load_dags


@pytest.fixture(scope="session")
def bag():
    return load_dags()


@pytest.fixture(params=PAIRS)
def dag(request, bag):
    assert bag.import_errors == {}
    return bag.dags[request.param]
