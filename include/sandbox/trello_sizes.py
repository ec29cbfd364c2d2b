"""Trello's caps on sizes, and what it says of them in the field ``limits``."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from trello_call import TrelloCall
from trello_settings import COLLABORATORS, MEMBERS, ORGANIZATIONS

LIFTED = 1_000_000
"""What stands for no cap: the field always has a number."""


@dataclass(frozen=True)
class Limit:
    """How many there may be, and how many there are."""

    most: int
    count: int

    @property
    def reached(self) -> bool:
        """Whether one more is too many."""
        return self.count >= self.most

    def shown(self) -> dict[str, Any]:
        """As in an answer."""
        warn = self.most * 9 // 10
        status = "disabled" if self.reached else "warn" if self.count >= warn else "ok"
        return {"status": status, "disableAt": self.most, "warnAt": warn}


def organizations(call: TrelloCall, id_member: str) -> Limit:
    """Organizations of one member."""
    return _limit(call, ORGANIZATIONS, "id_member", id_member)


def members(call: TrelloCall, id_organization: str) -> Limit:
    """Members of one organization, pending ones included."""
    return _limit(call, MEMBERS, "id_organization", id_organization)


def collaborators(call: TrelloCall, id_organization: str) -> Limit:
    """Members of one organization, as far as they go without paying."""
    return _limit(call, COLLABORATORS, "id_organization", id_organization)


def limits_of_member(call: TrelloCall, row: sqlite3.Row) -> dict[str, Any]:
    """A member's field ``limits``."""
    return {"orgs": {"totalPerMember": organizations(call, row["id"]).shown()}}


def limits_of_organization(call: TrelloCall, row: sqlite3.Row) -> dict[str, Any]:
    """An organization's field ``limits``."""
    found = {"totalMembersPerOrg": members(call, row["id"])}
    if not row["paid"]:
        found["usersPerFreeOrg"] = collaborators(call, row["id"])
    return {"orgs": {name: limit.shown() for name, limit in found.items()}}


def _limit(call: TrelloCall, most: int, column: str, value: str) -> Limit:
    # The column is one of two literals above, never what a caller of the sandbox sent.
    sql = f"SELECT count(*) FROM memberships WHERE {column} = ?"  # noqa: S608
    return Limit(most if call.settings.caps else LIFTED, int(call.database.value(sql, value)))
