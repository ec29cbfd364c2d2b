"""Copying a card: its comments come along under new ids and keep their old dates."""

from __future__ import annotations

import json
import sqlite3

from trello_access import card_for
from trello_actions import record_action
from trello_call import TrelloCall

_COMMENTS = "SELECT * FROM actions WHERE id_card = ? AND type IN ('commentCard', 'copyCommentCard') ORDER BY date, id"


def card_source(call: TrelloCall) -> sqlite3.Row | None:
    """The card that ``idCardSource`` names; None where it names none."""
    identifier = call.params.get("idCardSource", "")
    return card_for(call, identifier) if identifier else None


def copy_comments(call: TrelloCall, source: sqlite3.Row, target: sqlite3.Row) -> None:
    """Copy the comments as ``copyCommentCard``, unless ``keepFromSource`` leaves them out."""
    if not {"all", "comments"} & set((call.params.get("keepFromSource") or "all").split(",")):
        return
    named = {"id": target["id"], "name": target["name"], "idShort": target["id_short"]}
    where = {"organization": target["id_organization"], "board": target["id_board"], "card": target}
    for row in call.database.rows(_COMMENTS, source["id"]):
        data = {
            **json.loads(row["data"]),
            "idCard": target["id"],
            "card": {**named, "shortLink": target["short_link"]},
            "cardSource": {"id": source["id"], "name": source["name"], "shortLink": source["short_link"]},
            "idOriginalCommenter": row["id_member_creator"],
            "board": {"id": target["id_board"], "name": target["board_name"], "shortLink": target["board_link"]},
            "list": {"id": target["id_list"], "name": target["list_name"]},
        }
        record_action(call, "copyCommentCard", data, **where, like=row)
