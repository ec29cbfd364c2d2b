"""How many steps, and which: ``make soak`` takes 100,000, the everyday run a few by a seed."""

from __future__ import annotations

import os
import time

STEPS = int(os.environ.get("CUSTOMERP_TRELLO_SOAK_STEPS", "120"))
"""Rule steps per machine, at least."""

PARTS = int(os.environ.get("CUSTOMERP_TRELLO_SOAK_PARTS", "1"))
"""Tests per machine that share its steps."""

SEED = int(os.environ.setdefault("CUSTOMERP_TRELLO_SOAK_SEED", str(int(time.time()))))
"""Draws the steps; the workers of one test run inherit it."""
