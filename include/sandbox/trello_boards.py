"""Boards, lists and cards: as much as a register card needs."""

from __future__ import annotations

import secrets
import sqlite3
import string
from typing import Any

from trello_access import board_for, card_for, is_active_member, list_for, organization_for
from trello_actions import record_action
from trello_board_shapes import board_shape, card_shape, list_shape
from trello_call import TrelloCall, chosen
from trello_copies import card_source, copy_comments
from trello_refusals import invalid_value

_LETTERS = string.ascii_letters + string.digits


def short_link() -> str:
    """Eight letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def _fields(call: TrelloCall) -> str:
    return call.params.get("fields", "")


def _name(call: TrelloCall) -> str:
    name = call.params.get("name", "").strip()
    if not 1 <= len(name) <= 16384:
        raise invalid_value("name")
    return name


# -- boards --------------------------------------------------------------------------------------------------------


def list_organization_boards(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /organizations/{id}/boards: all, or ``filter=open`` or ``closed``."""
    organization = organization_for(call, call.path["id"])
    rows = call.database.rows("SELECT * FROM boards WHERE id_organization = ? ORDER BY id", organization["id"])
    return [chosen(board_shape(call, row), _fields(call)) for row in rows if _wanted(call, row, "all")]


def list_member_boards(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /members/{id}/boards: those of the workspaces that both this member and the token's are in."""
    sql = (
        "SELECT boards.* FROM boards JOIN memberships USING (id_organization)"
        " WHERE id_member = ? AND deactivated = 0 ORDER BY boards.id"
    )
    rows = call.database.rows(sql, call.member(call.path["id"])["id"])
    seen = [row for row in rows if is_active_member(call, row["id_organization"])]
    return [chosen(board_shape(call, row), _fields(call)) for row in seen if _wanted(call, row, "all")]


def show_board(call: TrelloCall) -> dict[str, Any]:
    """GET /boards/{id or short link}."""
    return chosen(board_shape(call, board_for(call, call.path["id"])), _fields(call))


def create_board(call: TrelloCall) -> dict[str, Any]:
    """POST /boards: in a workspace, with three lists unless ``defaultLists=false``."""
    name = _name(call)
    if not call.params.get("idOrganization"):
        raise invalid_value("idOrganization")
    organization = organization_for(call, call.params["idOrganization"])
    board = {"id": call.ids.new(), "id_organization": organization["id"], "name": name, "short_link": short_link()}
    call.database.insert("boards", {**board, "desc": call.params.get("desc", "")})
    data = {"board": {"id": board["id"], "name": name, "shortLink": board["short_link"]}}
    record_action(call, "createBoard", data, organization=organization["id"], board=board["id"])
    if call.flag("defaultLists", default=True):
        for pos, title in enumerate(("To Do", "Doing", "Done"), start=1):
            _insert_list(call, board["id"], title, pos * 16384)
    return chosen(board_shape(call, board_for(call, board["id"])), _fields(call))


def edit_board(call: TrelloCall) -> dict[str, Any]:
    """PUT /boards/{id}: name, desc, closed."""
    row = board_for(call, call.path["id"])
    _update(call, "boards", row)
    return chosen(board_shape(call, board_for(call, row["id"])), _fields(call))


def delete_board(call: TrelloCall) -> dict[str, Any]:
    """DELETE /boards/{id}: admins of the workspace."""
    call.database.run("DELETE FROM boards WHERE id = ?", board_for(call, call.path["id"], admin=True)["id"])
    return {"_value": None}


# -- lists ---------------------------------------------------------------------------------------------------------


def list_board_lists(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /boards/{id}/lists: open ones, or ``filter=all``."""
    board = board_for(call, call.path["id"])
    rows = call.database.rows("SELECT * FROM lists WHERE id_board = ? ORDER BY pos, id", board["id"])
    return [chosen(list_shape(row), _fields(call)) for row in rows if _wanted(call, row)]


def show_list(call: TrelloCall) -> dict[str, Any]:
    """GET /lists/{id}."""
    return chosen(list_shape(list_for(call, call.path["id"])), _fields(call))


def create_list(call: TrelloCall) -> dict[str, Any]:
    """POST /lists: at the end of a board."""
    name = _name(call)
    board = board_for(call, call.params.get("idBoard", ""))
    pos = call.database.value("SELECT coalesce(max(pos), 0) + 16384 FROM lists WHERE id_board = ?", board["id"])
    return chosen(list_shape(list_for(call, _insert_list(call, board["id"], name, pos))), _fields(call))


def edit_list(call: TrelloCall) -> dict[str, Any]:
    """PUT /lists/{id}: name, closed."""
    row = list_for(call, call.path["id"])
    _update(call, "lists", row)
    return chosen(list_shape(list_for(call, row["id"])), _fields(call))


def _insert_list(call: TrelloCall, id_board: str, name: str, pos: int) -> str:
    list_id = call.ids.new()
    call.database.insert("lists", {"id": list_id, "id_board": id_board, "name": name, "pos": pos})
    return list_id


# -- cards ---------------------------------------------------------------------------------------------------------


def list_board_cards(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /boards/{id}/cards: open ones, or ``filter=all``."""
    board = board_for(call, call.path["id"])
    return _cards(call, "lists.id_board", board["id"])


def list_list_cards(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /lists/{id}/cards."""
    return _cards(call, "lists.id", list_for(call, call.path["id"])["id"])


def _cards(call: TrelloCall, column: str, value: str) -> list[dict[str, Any]]:
    joined = "cards.*, lists.id_board FROM cards JOIN lists ON lists.id = cards.id_list"
    sql = f"SELECT {joined} WHERE {column} = ? ORDER BY cards.id"
    return [
        chosen(card_shape(call, row), _fields(call)) for row in call.database.rows(sql, value) if _wanted(call, row)
    ]


def show_card(call: TrelloCall) -> dict[str, Any]:
    """GET /cards/{id or short link}; with its board and list where ``board=true`` or ``list=true`` asks for them."""
    row = card_for(call, call.path["id"])
    card = chosen(card_shape(call, row), _fields(call))
    if call.flag("board"):
        card["board"] = chosen(board_shape(call, board_for(call, row["id_board"])), call.params.get("board_fields", ""))
    if call.flag("list"):
        card["list"] = chosen(list_shape(list_for(call, row["id_list"])), call.params.get("list_fields", ""))
    return card


def create_card(call: TrelloCall) -> dict[str, Any]:
    """POST /cards: on a list; ``idCardSource`` copies a card, with its comments unless ``keepFromSource`` says less."""
    row = list_for(call, call.params.get("idList", ""))
    source = card_source(call)
    sql = "SELECT count(*) + 1 FROM cards JOIN lists ON lists.id = cards.id_list WHERE lists.id_board = ?"
    card = {
        "id": call.ids.new(),
        "id_list": row["id"],
        "name": source["name"] if source is not None and not call.params.get("name") else _name(call),
        "desc": call.params.get("desc") or (source["desc"] if source is not None else ""),
        "short_link": short_link(),
        "id_short": call.database.value(sql, row["id_board"]),
    }
    call.database.insert("cards", card)
    full = card_for(call, card["id"])
    data = {"card": {"id": card["id"], "name": card["name"], "shortLink": card["short_link"]}}
    where = {"organization": full["id_organization"], "board": full["id_board"], "card": full}
    if source is None:
        record_action(call, "createCard", data, **where)
    else:
        record_action(call, "copyCard", {**data, "cardSource": {"id": source["id"], "name": source["name"]}}, **where)
        copy_comments(call, source, full)
    return chosen(card_shape(call, full), _fields(call))


def edit_card(call: TrelloCall) -> dict[str, Any]:
    """PUT /cards/{id}: name, desc, closed, idList."""
    row = card_for(call, call.path["id"])
    if call.params.get("idList"):
        target = list_for(call, call.params["idList"])
        call.database.run("UPDATE cards SET id_list = ? WHERE id = ?", target["id"], row["id"])
    _update(call, "cards", row)
    return chosen(card_shape(call, card_for(call, row["id"])), _fields(call))


def delete_card(call: TrelloCall) -> dict[str, Any]:
    """DELETE /cards/{id}: with its comments."""
    call.database.run("DELETE FROM cards WHERE id = ?", card_for(call, call.path["id"])["id"])
    return {}


def _wanted(call: TrelloCall, row: sqlite3.Row, default: str = "open") -> bool:
    wanted = call.params.get("filter") or default
    if wanted not in ("open", "closed", "all", "visible"):
        raise invalid_value("filter")
    return wanted == "all" or bool(row["closed"]) == (wanted == "closed")


def _update(call: TrelloCall, table: str, row: sqlite3.Row) -> None:
    changed: dict[str, Any] = {}
    if "name" in call.params:
        changed["name"] = _name(call)
    if "desc" in call.params and table != "lists":
        changed["desc"] = call.params["desc"]
    if "closed" in call.params:
        changed["closed"] = int(call.flag("closed"))
    for column, value in changed.items():
        call.database.run(f"UPDATE {table} SET {column} = ? WHERE id = ?", value, row["id"])  # noqa: S608
