"""Boards, lists and cards as Trello shows them."""

from __future__ import annotations

import sqlite3
from typing import Any

from sandbox_clock import as_milliseconds
from trello_call import Shape, TrelloCall
from trello_memberships import members_of, membership_shape
from trello_schema import moment_of


def board_shape(call: TrelloCall, row: sqlite3.Row) -> Shape:
    """All fields of a board."""
    return {
        "id": row["id"],
        "name": row["name"],
        "desc": row["desc"],
        "descData": None,
        "closed": bool(row["closed"]),
        "idOrganization": row["id_organization"],
        "idEnterprise": None,
        "pinned": False,
        "starred": False,
        "subscribed": False,
        "shortLink": row["short_link"],
        "shortUrl": f"https://trello.com/b/{row['short_link']}",
        "url": f"https://trello.com/b/{row['short_link']}/board",
        "prefs": {"permissionLevel": "org", "voting": "disabled", "comments": "members", "invitations": "members"},
        "powerUps": [],
        "dateLastActivity": lambda: _last_activity(call, "id_board", row["id"]),
        "memberships": lambda: [membership_shape(one) for one in members_of(call, row["id_organization"])],
    }


def list_shape(row: sqlite3.Row) -> Shape:
    """All fields of a list."""
    shape: Shape = {"id": row["id"], "name": row["name"], "closed": bool(row["closed"])}
    return {**shape, "pos": row["pos"], "softLimit": None, "idBoard": row["id_board"], "subscribed": False}


def card_shape(call: TrelloCall, row: sqlite3.Row) -> Shape:
    """All fields of a card; nothing but comments can be put on it here."""
    return {
        "id": row["id"],
        "name": row["name"],
        "desc": row["desc"],
        "descData": {"emoji": {}},
        "closed": bool(row["closed"]),
        "idBoard": row["id_board"],
        "idList": row["id_list"],
        "idShort": row["id_short"],
        "pos": row["id_short"] * 16384,
        "shortLink": row["short_link"],
        "shortUrl": f"https://trello.com/c/{row['short_link']}",
        "url": f"https://trello.com/c/{row['short_link']}/{row['id_short']}-card",
        "due": None,
        "dueComplete": False,
        "start": None,
        "subscribed": False,
        "isTemplate": False,
        **{name: [] for name in ("idMembers", "idLabels", "labels", "idChecklists", "checkItemStates")},
        "badges": lambda: _badges(call, row),
        "dateLastActivity": lambda: _last_activity(call, "id_card", row["id"]),
    }


def _badges(call: TrelloCall, row: sqlite3.Row) -> dict[str, Any]:
    sql = "SELECT count(*) FROM actions WHERE id_card = ? AND type IN ('commentCard', 'copyCommentCard')"
    nothing = dict.fromkeys(("votes", "checkItems", "checkItemsChecked", "attachments"), 0)
    return {**nothing, "comments": call.database.value(sql, row["id"]), "description": bool(row["desc"])}


def _last_activity(call: TrelloCall, column: str, value: str) -> str:
    last = call.database.value(f"SELECT max(date) FROM actions WHERE {column} = ?", value)  # noqa: S608
    return str(last or as_milliseconds(moment_of(value)))
