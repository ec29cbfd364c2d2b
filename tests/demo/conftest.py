"""The local stack lies in `include/`, which is no installed package; its command line sets the same path."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "include"))

from demo.layout import Layout


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "home")
    layout.prepare()
    return layout
