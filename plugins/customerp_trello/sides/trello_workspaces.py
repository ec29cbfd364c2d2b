"""Which workspaces are whose: the staff's, the register card's, and all others of the token's member."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from customerp_trello.errors import ConfigurationError, RecordError
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.model import Mapping

_USUAL = {"totalPerMember": 850, "totalMembersPerOrg": 4000, "usersPerFreeOrg": 10}
"""Trello's caps, where an answer does not have them: organizations of one member, members of one organization, also of
a free one."""

_FIELDS = "id,name,products,limits"


class Workspaces:
    """The workspaces of the token's member, listed once (one request; one more for the register card)."""

    def __init__(self, mapping: Mapping, hook: TrelloHook) -> None:
        self._mapping, self._hook = mapping, hook

    @cached_property
    def mine(self) -> dict[str, dict[str, Any]]:
        """Id -> id, short name, products of every workspace that the token's member is in."""
        return {str(one["id"]): one for one in self._hook.my_organizations(fields=_FIELDS)}

    @cached_property
    def staff(self) -> list[str]:
        """Ids of the staff workspaces, in the order in which they are named; [] if none is.

        Raises:
            ConfigurationError: one of them cannot be seen.
        """
        named = list(self._mapping.trello.scope.staff_workspaces) or self._hook.staff_workspaces
        return list(dict.fromkeys(self._id_of(name) for name in named))

    @cached_property
    def of_the_register(self) -> str:
        """Id of the register card's workspace, "" if the connection names no card.

        Raises:
            ConfigurationError: the card cannot be read, so that nobody can tell which workspace it is.
        """
        card = self._hook.register_card
        if not card:
            return ""
        try:
            found = self._hook.get_card(card)
        except RecordError as error:
            raise ConfigurationError(
                f"connection {self._hook.conn_id}, register_card: {card!r} cannot be read, so its workspace cannot be "
                f"kept apart ({error}); correct the id or URL, or make the token's member a member of its board"
            ) from None
        return str((found.get("board") or {}).get("idOrganization") or "")

    def capacity(self, workspace: str, members: int) -> int:
        """How many more people fit into a workspace with so many members, pending ones included."""
        one = self.mine.get(workspace, {})
        most = _cap(one, "totalMembersPerOrg")
        if one.get("products") == []:
            most = min(most, _cap(one, "usersPerFreeOrg"))
        return max(0, most - members)

    def more(self, organizations: int) -> int:
        """How many more organizations the token's member may have besides so many."""
        return max(0, _cap(self._hook.me(), "totalPerMember") - organizations)

    def _id_of(self, name: str) -> str:
        if name in self.mine:
            return name
        for id_, one in self.mine.items():
            if str(one.get("name", "")).casefold() == name.casefold():
                return id_
        raise ConfigurationError(
            f"mapping {self._mapping.pair}, trello.scope.staff_workspaces, or else connection {self._hook.conn_id}, "
            f"staff_workspaces: the token's member is in no workspace {name!r}; give its id or short name, and make "
            "the token's member a member of it"
        )


def _cap(fields: dict[str, Any], name: str) -> int:
    """Trello's own word, since accounts differ: https://developer.atlassian.com/cloud/trello/guides/rest-api/limits/."""
    limits: Any = fields.get("limits")
    for key in ("orgs", name, "disableAt"):
        limits = limits.get(key) if isinstance(limits, dict) else None
    return limits if isinstance(limits, int) else _USUAL[name]
