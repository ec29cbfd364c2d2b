"""How many kills, and which: all with ``make kills``, else a few by a seed."""

from __future__ import annotations

import os
import time

KILLS = int(os.environ.get("CUSTOMERP_TRELLO_KILLS", "1"))
"""Steps to kill at per scene and kind; 0 means all."""

SEED = os.environ.setdefault("CUSTOMERP_TRELLO_KILL_SEED", str(int(time.time())))
"""Draws the steps; the workers of one test run inherit it."""
