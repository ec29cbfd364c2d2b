"""What a person may answer to a question; words of a form, so they are read when DAG files are parsed."""

from __future__ import annotations

from customerp_trello.mapping.model import CUSTOMERP, TRELLO, SideName

LET = "Let it through"
LEAVE = "Leave it"
"""Nothing is written; also what is taken when nobody answers in time."""

SIDE_OF: dict[str, SideName] = {"CustomERP": CUSTOMERP, "Trello": TRELLO}
"""Answers to a conflict: whose value both sides shall have."""
