"""What the distributed installation is built from, read without starting anything."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "distributed"), str(TESTS.parent / "include")]
sys.path.append(str(TESTS / "state"))
