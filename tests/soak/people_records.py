"""Employees, contacts and members as a person compares them."""

from __future__ import annotations

from typing import Any

import trello_settings
from cells import plain

US, BOSS = trello_settings.INTEGRATION, trello_settings.DIMITRA
PROFILE = {"full_name": "fullName", "initials": "initials", "username": "username", "bio": "bio"}
COLUMNS = {"initials": "initials", "username": "trello_username", "bio": "bio"}
Shown = dict[str, dict[str, dict[str, str]]]
"""Side -> id -> property -> value; a property that a record does not show is missing."""


def member_of(record: str) -> str:
    """The member of a record in Trello."""
    return record.rpartition(":")[2]


def of_the_erp(row: dict[str, Any]) -> dict[str, str]:
    name = " ".join(filter(None, (plain(row["first_name"]), plain(row["last_name"]))))
    texts = {prop: plain(row[column]) for prop, column in COLUMNS.items()}
    return {"full_name": name, **texts, "role": row["trello_role"] or "normal"}


def of_trello(rows: list[dict[str, Any]]) -> dict[str, str]:
    """One record: the highest role, membership, and the profile of whoever is in and has joined."""
    live = [row for row in rows if not row["deactivated"]]
    fields = {"membership": "active" if live else "deactivated"}
    fields["role"] = "admin" if any(row["admin"] for row in live or rows) else "normal"
    if profile := next((row for row in live if row["confirmed"]), None):
        names = {"full_name": "full_name", "initials": "initials", "username": "username", "bio": "bio"}
        fields |= {prop: plain(profile[column]) for prop, column in names.items()}
    return fields
