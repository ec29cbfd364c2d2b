"""A thing by way of another one: the board of a card, the author of an action, the boards of a member."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import trello_actions as actions
import trello_boards as boards
import trello_members as members
import trello_memberships as memberships
import trello_organizations as organizations
from trello_access import board_for, card_for, list_for
from trello_call import TrelloCall, TrelloHandler
from trello_refusals import no_such_resource

Row = Callable[[TrelloCall], sqlite3.Row]


def _card(call: TrelloCall) -> sqlite3.Row:
    return card_for(call, call.path["id"])


def _list(call: TrelloCall) -> sqlite3.Row:
    return list_for(call, call.path["id"])


def _board(call: TrelloCall) -> sqlite3.Row:
    return board_for(call, call.path["id"])


def _of(found: Row, column: str, show: TrelloHandler) -> TrelloHandler:
    """Show the thing whose id is in a column of the row that was found."""

    def show_other(call: TrelloCall) -> Any:
        other = found(call)[column]
        if not other:
            raise no_such_resource()
        return show(replace(call, path={"id": other}))

    return show_other


def _member_of_action(call: TrelloCall) -> dict[str, Any]:
    member = json.loads(actions.action_for(call)["data"]).get("idMember")
    if not member:
        raise no_such_resource()
    return members.show_member(replace(call, path={"id": member}))


def _comment_on_card(write: TrelloHandler) -> TrelloHandler:
    """``/cards/{id}/actions/{idAction}/comments`` is the action, if it is one of this card."""

    def write_comment(call: TrelloCall) -> Any:
        of_action = replace(call, path={"id": call.path["idAction"]})
        if actions.action_for(of_action)["id_card"] != _card(call)["id"]:
            raise no_such_resource()
        return write(of_action)

    return write_comment


def _cards_of_board(call: TrelloCall) -> Any:
    """``/boards/{id}/cards/{wanted}``: a filter's cards, or one card."""
    wanted = call.path["wanted"]
    if wanted in ("all", "closed", "open", "visible"):
        return boards.list_board_cards(replace(call, params={**call.params, "filter": wanted}))
    if card_for(call, wanted)["id_board"] != _board(call)["id"]:
        raise no_such_resource()
    return boards.show_card(replace(call, path={"id": wanted}))


def _lists_of_board(call: TrelloCall) -> Any:
    return boards.list_board_lists(replace(call, params={**call.params, "filter": call.path["wanted"]}))


def _nothing(found: Row) -> TrelloHandler:
    """What Trello's cards can bear and those of this server never do."""

    def show_none(call: TrelloCall) -> list[Any]:
        found(call)
        return []

    return show_none


ROUTES: list[tuple[str, str, TrelloHandler]] = [
    ("GET", "/actions/{id}/board", _of(actions.action_for, "id_board", boards.show_board)),
    ("GET", "/actions/{id}/card", _of(actions.action_for, "id_card", boards.show_card)),
    ("GET", "/actions/{id}/list", _of(actions.action_for, "id_list", boards.show_list)),
    ("GET", "/actions/{id}/member", _member_of_action),
    ("GET", "/actions/{id}/memberCreator", _of(actions.action_for, "id_member_creator", members.show_member)),
    (
        "GET",
        "/actions/{id}/organization",
        _of(actions.action_for, "id_organization", organizations.show_organization),
    ),
    ("GET", "/boards/{id}/members", _of(_board, "id_organization", memberships.list_members)),
    ("GET", "/boards/{id}/memberships", _of(_board, "id_organization", memberships.list_memberships)),
    ("GET", "/boards/{id}/cards/{wanted}", _cards_of_board),
    ("GET", "/boards/{id}/lists/{wanted}", _lists_of_board),
    ("GET", "/cards/{id}/board", _of(_card, "id_board", boards.show_board)),
    ("GET", "/cards/{id}/list", _of(_card, "id_list", boards.show_list)),
    ("PUT", "/cards/{id}/actions/{idAction}/comments", _comment_on_card(actions.edit_comment)),
    ("DELETE", "/cards/{id}/actions/{idAction}/comments", _comment_on_card(actions.delete_comment)),
    *(("GET", f"/cards/{{id}}/{name}", _nothing(_card)) for name in ("attachments", "checklists", "members")),
    ("GET", "/cards/{id}/pluginData", _nothing(_card)),
    ("GET", "/lists/{id}/board", _of(_list, "id_board", boards.show_board)),
    ("GET", "/members/{id}/boards", boards.list_member_boards),
    ("GET", "/organizations/{id}/memberships/{idMembership}", memberships.show_membership),
    ("DELETE", "/organizations/{id}/members/{idMember}/all", memberships.remove_member),
    ("GET", "/tokens/{token}/member", _of(members.own_token, "id_member", members.show_member)),
]
