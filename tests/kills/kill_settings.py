"""How many kills, and which: all with ``make kills``, else a few by a seed."""

from __future__ import annotations

import os

KILLS = int(os.environ.get("CUSTOMERP_TRELLO_KILLS", "1"))
"""Steps to kill at per scene and kind; 0 means all."""

SEED = os.environ.setdefault("CUSTOMERP_TRELLO_KILL_SEED", "2026")
"""Draws the steps. The everyday run takes the same ones each time, so that a change is to blame if it fails."""
