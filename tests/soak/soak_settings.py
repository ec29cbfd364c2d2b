"""How many steps, and which: ``make soak`` takes 100,000 new ones, the everyday run a few."""

from __future__ import annotations

import os

STEPS = int(os.environ.get("CUSTOMERP_TRELLO_SOAK_STEPS", "120"))
"""Rule steps per machine, at least."""

PARTS = int(os.environ.get("CUSTOMERP_TRELLO_SOAK_PARTS", "1"))
"""Tests per machine that share its steps."""

SEED = int(os.environ.setdefault("CUSTOMERP_TRELLO_SOAK_SEED", "2026"))
"""Draws the steps. The everyday run takes the same ones each time, so that a change is to blame if it fails."""
