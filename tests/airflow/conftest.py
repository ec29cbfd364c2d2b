"""A real Airflow with the sandbox's company, for tests that kill processes."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(Path(__file__).parent))
sys.path.append(str(TESTS / "dags"))
sys.path.append(str(TESTS / "flow"))
sys.path.insert(0, str(TESTS.parent / "include"))
