"""One real Airflow and one Chromium for all journeys."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import stage as staging


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    with staging.stage(tmp_path_factory.mktemp("stage")) as ready:
        yield ready


@pytest.fixture(scope="session")
def chromium():
    with staging.browser() as running:
        yield running


@pytest.fixture
def page(chromium, stage):
    page = staging.logged_in(chromium, stage)
    yield page
    page.context.close()
