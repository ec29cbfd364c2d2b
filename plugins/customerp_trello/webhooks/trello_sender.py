"""Trello's deliveries: whose they are, and which pairs an action concerns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from customerp_trello.errors import RecordError
from customerp_trello.hooks.trello import TrelloHook, card_id
from customerp_trello.hooks.trello_requests import CLIENT, CLIENT_HEADER
from customerp_trello.mapping.model import Mapping as Pair
from customerp_trello.state.inbox import Delivery
from customerp_trello.webhooks.signatures import matches, trello_signature

COMMENTS = frozenset({"commentCard", "copyCommentCard", "updateComment", "deleteComment"})


@dataclass(frozen=True)
class TrelloSender:
    """Trello behind one connection, and the pairs that are synced over it."""

    hook: TrelloHook
    pairs: tuple[Pair, ...]

    def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the delivery is Trello's, meant for the address that the connection names."""
        settings = self.hook.settings
        expected = trello_signature(settings.webhook_secret, body, settings.webhook_url)
        return matches(headers.get("X-Trello-Webhook"), expected)

    def ours(self, headers: Mapping[str, str]) -> bool:
        """Whether it is the echo of a write of ours."""
        return headers.get(CLIENT_HEADER) == CLIENT

    def deliveries(self, headers: Mapping[str, str], body: bytes) -> list[Delivery]:
        """What goes into the inbox: one row for each pair that the action concerns.

        Raises:
            RecordError: the body is not what Trello sends.
        """
        try:
            content = json.loads(body)
            action, model = content["action"], content["model"]
            told = (str(action["id"])[:255], str(model["id"])[:255], str(action["type"])[:255])
            concerned = [one.pair for one in self.pairs if self._concerns(one, action, model)]
        except (ValueError, KeyError, TypeError, AttributeError):
            where = self.hook.conn_id
            raise RecordError(f"{where}: a delivery is no action as Trello sends it; has its API changed?") from None
        action_id, model_id, kind = told
        return [Delivery(self.hook.conn_id, action_id, pair, model_id, kind) for pair in concerned]

    def _concerns(self, pair: Pair, action: dict[str, Any], model: dict[str, Any]) -> bool:
        """Comments on the register card: projects. A workspace itself: customers. Its members: employees, contacts."""
        data, kind = action["data"], action["type"]
        if pair.trello.entity == "action":
            card = card_id(pair.trello.scope.card or self.hook.register_card)
            return kind in COMMENTS and card in _names(data.get("card"))
        organization = data.get("organization")
        if not organization or data.get("board") or data.get("card"):
            return False  # boards of a workspace and their cards are nobody's record
        if pair.trello.entity == "organization":
            return bool(kind == "updateOrganization")
        named = pair.trello.scope.staff_workspaces or self.hook.staff_workspaces
        is_staff = bool(_folded(named) & _folded([*_names(organization), *_names(model)]))
        is_for_staff = pair.trello.scope.workspaces != "linked"
        return kind != "updateOrganization" and is_staff == is_for_staff


def _names(thing: Any) -> list[str]:
    """By what a connection or a mapping may call a card or workspace."""
    return [str(thing[key]) for key in ("id", "name", "shortLink") if thing and thing.get(key)]


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}
