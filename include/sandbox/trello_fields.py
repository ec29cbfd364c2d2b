"""One field of a thing: ``GET /boards/{id}/name`` shows it, ``PUT`` with ``value`` changes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trello_access import board_for, card_for, list_for, organization_for
from trello_actions import action_for, action_shape
from trello_board_shapes import board_shape, card_shape, list_shape
from trello_boards import edit_board, edit_card, edit_list
from trello_call import Shape, TrelloCall, TrelloHandler
from trello_members import edit_member, member_shape
from trello_organizations import edit_organization, organization_shape
from trello_refusals import Refusal

_SHAPES: dict[str, Callable[[TrelloCall], Shape]] = {
    "actions": lambda call: action_shape(action_for(call)),
    "boards": lambda call: board_shape(call, board_for(call, call.path["id"])),
    "cards": lambda call: card_shape(call, card_for(call, call.path["id"])),
    "lists": lambda call: list_shape(list_for(call, call.path["id"])),
    "members": lambda call: member_shape(call, call.member(call.path["id"])),
    "organizations": lambda call: organization_shape(call, organization_for(call, call.path["id"])),
}
_EDITS: dict[str, tuple[TrelloHandler, tuple[str, ...]]] = {
    "boards": (edit_board, ("name", "desc", "closed")),
    "cards": (edit_card, ("name", "desc", "closed", "idList")),
    "lists": (edit_list, ("name", "closed")),
    "members": (edit_member, ("fullName", "initials", "username", "bio")),
    "organizations": (edit_organization, ("name", "displayName", "desc", "website")),
}


def _show(kind: str) -> TrelloHandler:
    def show_field(call: TrelloCall) -> dict[str, Any]:
        shape = _SHAPES[kind](call)
        if call.path["field"] not in shape:
            raise _no_such_route("GET", kind, call)
        value = shape[call.path["field"]]
        return {"_value": value() if callable(value) else value}

    return show_field


def _change(kind: str) -> TrelloHandler:
    edit, fields = _EDITS[kind]

    def set_field(call: TrelloCall) -> Any:
        name = call.path["field"]
        if name not in fields:
            raise _no_such_route("PUT", kind, call)
        return edit(replace(call, params={name: call.params.get("value", "")}))

    return set_field


def _no_such_route(method: str, kind: str, call: TrelloCall) -> Refusal:
    return Refusal(404, f"Cannot {method} /1/{kind}/{call.path['id']}/{call.path['field']}")


ROUTES: list[tuple[str, str, TrelloHandler]] = [
    *(("GET", f"/{kind}/{{id}}/{{field}}", _show(kind)) for kind in _SHAPES),
    *(("PUT", f"/{kind}/{{id}}/{{field}}", _change(kind)) for kind in _EDITS),
]
"""Behind all other routes: a nested list such as ``/boards/{id}/cards`` is no field."""
