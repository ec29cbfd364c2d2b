"""Actions: what happened. Comments are the only ones that can be written, and only by their author."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from sandbox_clock import as_milliseconds, read_moment
from trello_access import (
    board_for,
    card_for,
    is_active_member,
    is_admin,
    list_for,
    organization_for,
)
from trello_call import TrelloCall, chosen
from trello_members import avatar_hash, non_public
from trello_refusals import invalid_id, invalid_value, no_permission, no_such_resource
from trello_schema import is_id, moment_of

Row = sqlite3.Row | dict[str, Any]
LONGEST_COMMENT = 16384
_MOST = 1000
_CARD_DEFAULT = "commentCard,updateCard:idList"


def record_action(
    call: TrelloCall,
    kind: str,
    data: dict[str, Any],
    *,
    organization: str = "",
    board: str = "",
    card: Any = None,
    like: sqlite3.Row | None = None,
) -> str:
    """Write down that the token's member did something now, or at the date and by the author of another action.

    Returns:
        The action's id.
    """
    row = {
        "id": call.ids.new(),
        "type": kind,
        "date": like["date"] if like is not None else call.now(),
        "id_member_creator": like["id_member_creator"] if like is not None else call.me["id"],
        "data": json.dumps(data, ensure_ascii=False),
        "id_organization": organization or None,
        "id_board": board or None,
        "id_list": card["id_list"] if card is not None else None,
        "id_card": card["id"] if card is not None else None,
    }
    call.database.insert("actions", row)
    call.happened.append(row)
    return str(row["id"])


def _tell_webhooks(call: TrelloCall, kind: str, comment: sqlite3.Row, data: dict[str, Any]) -> None:
    """An action that is in no list: only webhooks hear of edited and deleted comments."""
    row = {**comment, "id": call.ids.new(), "type": kind, "date": call.now(), "id_member_creator": call.me["id"]}
    where = {name: value for name, value in json.loads(comment["data"]).items() if name in ("board", "card", "list")}
    call.happened.append(row | {"data": json.dumps({**where, **data}, ensure_ascii=False)})


def action_shape(row: Row) -> dict[str, Any]:
    """An action as Trello shows it, all fields."""
    return {
        "id": row["id"],
        "idMemberCreator": row["id_member_creator"],
        "data": json.loads(row["data"]),
        "appCreator": None,
        "type": row["type"],
        "date": row["date"],
        "limits": {},
    }


def shown_action(call: TrelloCall, row: Row) -> dict[str, Any]:
    """An action with the fields asked for, its author and whom it is about, unless these are switched off."""
    shown = chosen(action_shape(row), call.params.get("fields", ""))
    people = {"memberCreator": row["id_member_creator"], "member": json.loads(row["data"]).get("idMember")}
    for name, id_member in people.items():
        member = call.database.row("SELECT * FROM members WHERE id = ?", id_member) if id_member else None
        if member is not None and call.flag(name, default=True):
            shown[name] = chosen(_person_shape(member), call.params.get(f"{name}_fields", ""))
    return shown


def _person_shape(member: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": member["id"],
        "activityBlocked": False,
        "avatarHash": avatar_hash(member),
        "avatarUrl": member["avatar_url"],
        "fullName": member["full_name"],
        "idMemberReferrer": None,
        "initials": member["initials"],
        "nonPublic": non_public(member),
        "nonPublicAvailable": True,
        "username": member["username"],
    }


# -- lists ---------------------------------------------------------------------------------------------------------


def list_card_actions(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /cards/{id}/actions."""
    return _listed(call, "id_card", card_for(call, call.path["id"])["id"], _CARD_DEFAULT)


def list_list_actions(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /lists/{id}/actions."""
    return _listed(call, "id_list", list_for(call, call.path["id"])["id"])


def list_board_actions(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /boards/{id}/actions."""
    return _listed(call, "id_board", board_for(call, call.path["id"])["id"])


def list_organization_actions(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /organizations/{id}/actions, those of its boards included."""
    return _listed(call, "id_organization", organization_for(call, call.path["id"])["id"])


def list_member_actions(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /members/{id}/actions, where the token's member may see the workspace."""
    return _listed(call, "id_member_creator", call.member(call.path["id"])["id"])


def _listed(call: TrelloCall, column: str, value: str, default_filter: str = "all") -> list[dict[str, Any]]:
    conditions, values = [f"{column} = ?"], [value]
    kinds, changed = _filter(call.params.get("filter") or default_filter)
    if kinds:
        conditions.append(f"(type IN ({', '.join('?' * len(kinds))}) {changed})")
        values += kinds
    for name, sign in (("since", ">"), ("before", "<")):
        if call.params.get(name) and call.params[name] != "null":
            conditions.append(f"date {sign} ?")
            values.append(_moment(name, call.params[name]))
    limit, page = _paging(call)
    if column == "id_member_creator":
        conditions.append("id_organization IN (SELECT id_organization FROM memberships WHERE id_member = ?)")
        values.append(call.me["id"])
    sql = (
        f"SELECT * FROM actions WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY date DESC, id DESC LIMIT ? OFFSET ?"
    )
    return [shown_action(call, row) for row in call.database.rows(sql, *values, limit, limit * page)]


def _filter(text: str) -> tuple[list[str], str]:
    """Types to show ([] for all), and an SQL alternative for filters such as ``updateCard:idList``."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if "all" in names:
        return [], ""
    alternatives = ""
    for name in names:
        kind, _, detail = name.partition(":")
        if not name.replace(":", "").replace("_", "").isalnum():
            raise invalid_value("filter")
        if detail:
            alternatives += f" OR (type = '{kind}' AND json_extract(data, '$.old.{detail}') IS NOT NULL)"
    return [name for name in names if ":" not in name] or ["(none)"], alternatives


def _moment(name: str, text: str) -> str:
    if is_id(text):
        return as_milliseconds(moment_of(text))
    try:
        return as_milliseconds(read_moment(text))
    except ValueError:
        raise invalid_value(name) from None


def _paging(call: TrelloCall) -> tuple[int, int]:
    numbers = []
    for name, default, most in (("limit", "50", _MOST), ("page", "0", _MOST)):
        text = call.params.get(name) or default
        if not text.isascii() or not text.isdigit() or int(text) > most:
            raise invalid_value(name)
        numbers.append(int(text))
    limit, page = numbers
    if limit * page >= _MOST:
        raise invalid_value("page")
    return limit, page


# -- one -----------------------------------------------------------------------------------------------------------


def action_for(call: TrelloCall) -> sqlite3.Row:
    """An action of a workspace that the token's member is in."""
    if not is_id(call.path["id"]):
        raise invalid_id()
    row = call.database.row("SELECT * FROM actions WHERE id = ?", call.path["id"])
    if row is None:
        raise no_such_resource()
    if row["id_organization"] and not is_active_member(call, row["id_organization"]):
        raise no_permission()
    return row


def show_action(call: TrelloCall) -> dict[str, Any]:
    """GET /actions/{id}."""
    return shown_action(call, action_for(call))


def add_comment(call: TrelloCall) -> dict[str, Any]:
    """POST /cards/{id}/actions/comments."""
    card = card_for(call, call.path["id"])
    data = {
        "idCard": card["id"],
        "text": _comment_text(call.params.get("text", ""), "text"),
        "card": {"id": card["id"], "name": card["name"], "idShort": card["id_short"], "shortLink": card["short_link"]},
        "board": {"id": card["id_board"], "name": card["board_name"], "shortLink": card["board_link"]},
        "list": {"id": card["id_list"], "name": card["list_name"]},
    }
    where = {"organization": card["id_organization"], "board": card["id_board"], "card": card}
    action_id = record_action(call, "commentCard", data, **where)
    row = call.database.row("SELECT * FROM actions WHERE id = ?", action_id)
    return shown_action(call, row)  # type: ignore[arg-type]


def edit_comment(call: TrelloCall) -> dict[str, Any]:
    """PUT /actions/{id} (``text``) and PUT /actions/{id}/text (``value``): the author only; id and date stay."""
    row = action_for(call)
    if row["type"] != "commentCard":
        raise invalid_value("type")
    if row["id_member_creator"] != call.me["id"]:
        raise no_permission()
    name = "text" if "text" in call.params else "value"
    text = _comment_text(call.params.get(name, ""), name)
    old = json.loads(row["data"])
    data = {**old, "text": text, "dateLastEdited": call.now()}
    call.database.run("UPDATE actions SET data = ? WHERE id = ?", json.dumps(data, ensure_ascii=False), row["id"])
    edited = {"id": row["id"], "text": text}
    _tell_webhooks(call, "updateComment", row, {"action": edited, "old": {"text": old["text"]}})
    return shown_action(call, action_for(call))


def delete_comment(call: TrelloCall) -> dict[str, Any]:
    """DELETE /actions/{id}: the author, or an admin of the workspace."""
    row = action_for(call)
    if row["type"] != "commentCard":
        raise invalid_value("type")
    if row["id_member_creator"] != call.me["id"] and not is_admin(call, row["id_organization"]):
        raise no_permission()
    call.database.run("DELETE FROM actions WHERE id = ?", row["id"])
    _tell_webhooks(call, "deleteComment", row, {"action": {"id": row["id"]}})
    return {"_value": None}


def _comment_text(text: str, name: str) -> str:
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= LONGEST_COMMENT:
        raise invalid_value(name)
    return trimmed
