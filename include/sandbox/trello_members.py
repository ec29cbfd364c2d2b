"""Members: profiles. A profile is its owner's; an e-mail address is shown to nobody else."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from trello_access import scopes_of
from trello_call import Shape, TrelloCall, chosen
from trello_refusals import Refusal, invalid_value, no_permission, no_such_resource
from trello_sizes import limits_of_member

_USERNAME = re.compile(r"[a-z0-9_]{3,100}")
_LONGEST_BIO = 16384
SHORT_FIELDS = "id,username,fullName"


def member_shape(call: TrelloCall, row: sqlite3.Row, *, fellow: bool | None = None) -> Shape:
    """All fields of a member that the token's member may see; ``fellow`` None means: look it up."""
    own = row["id"] == call.me["id"]
    shape: Shape = {
        "id": row["id"],
        "username": row["username"],
        "fullName": row["full_name"],
        "initials": row["initials"],
        "avatarUrl": row["avatar_url"],
        "avatarHash": avatar_hash(row),
        "bio": row["bio"],
        "bioData": {"emoji": {}},
        "url": f"https://trello.com/u/{row['username']}",
        "confirmed": bool(row["confirmed"]),
        "memberType": "normal" if row["confirmed"] else "ghost",
        "activityBlocked": False,
        "idEnterprise": None,
        "idMemberReferrer": None,
        "status": "disconnected",
        "products": [],
        "nonPublicAvailable": True,
        "idOrganizations": lambda: _shared_organizations(call, row["id"]),
    }
    if own and "account" in scopes_of(call.database, call.token):
        shape["email"] = row["email"]
    if own:
        shape["limits"] = lambda: limits_of_member(call, row)
    if fellow or own or (fellow is None and _shared_organizations(call, row["id"])):
        shape["nonPublic"] = non_public(row)
    return shape


def avatar_hash(row: sqlite3.Row) -> str | None:
    """The last part of a picture's URL; None for somebody without one."""
    return row["avatar_url"].rpartition("/")[2] if row["avatar_url"] else None


def non_public(row: sqlite3.Row) -> dict[str, Any]:
    """What fellow members see."""
    return {
        "fullName": row["full_name"],
        "initials": row["initials"],
        "avatarUrl": row["avatar_url"],
        "avatarHash": avatar_hash(row),
    }


def shown_member(
    call: TrelloCall, row: sqlite3.Row, fields: str, default: str = SHORT_FIELDS, *, fellow: bool | None = None
) -> dict[str, Any]:
    """A member with the fields asked for; what may not be seen is left out."""
    shape = member_shape(call, row, fellow=fellow)
    hidden = {"email", "nonPublic", "limits"} - set(shape)
    wanted = [name for name in (fields or default).split(",") if name not in hidden]
    return chosen(shape, ",".join(wanted) or "id")


def _shared_organizations(call: TrelloCall, id_member: str) -> list[str]:
    sql = (
        "SELECT theirs.id_organization FROM memberships AS theirs JOIN memberships AS mine"
        " ON mine.id_organization = theirs.id_organization WHERE theirs.id_member = ? AND mine.id_member = ?"
        " AND mine.deactivated = 0 ORDER BY theirs.id_organization"
    )
    return [row[0] for row in call.database.rows(sql, id_member, call.me["id"])]


def show_member(call: TrelloCall) -> dict[str, Any]:
    """GET /members/{id}; e-mail and default fields are those of a full profile."""
    return shown_member(call, call.member(call.path["id"]), call.params.get("fields", ""), "all")


def edit_member(call: TrelloCall) -> dict[str, Any]:
    """PUT /members/{id}: one's own profile only."""
    row = call.member(call.path["id"])
    if row["id"] != call.me["id"]:
        raise no_permission()
    changed = {
        column: check(call, call.params[name]) for name, (column, check) in _EDITABLE.items() if name in call.params
    }
    for column, value in changed.items():
        call.database.run(f"UPDATE members SET {column} = ? WHERE id = ?", value, row["id"])  # noqa: S608
    return shown_member(call, call.member(row["id"]), call.params.get("fields", ""), "all")


def _full_name(_: TrelloCall, text: str) -> str:
    if not 1 <= len(text) <= 200 or text != text.strip():
        raise invalid_value("fullName")
    return text


def _initials(_: TrelloCall, text: str) -> str:
    if not 1 <= len(text) <= 4 or text != text.strip():
        raise invalid_value("initials")
    return text


def _username(call: TrelloCall, text: str) -> str:
    if not _USERNAME.fullmatch(text):
        raise invalid_value("username")
    if call.database.value("SELECT 1 FROM members WHERE username = ? AND id <> ?", text, call.me["id"]):
        raise Refusal(400, "Username is taken")
    return text


def _bio(_: TrelloCall, text: str) -> str:
    if len(text) > _LONGEST_BIO:
        raise invalid_value("bio")
    return text


_EDITABLE = {
    "fullName": ("full_name", _full_name),
    "initials": ("initials", _initials),
    "username": ("username", _username),
    "bio": ("bio", _bio),
}


def own_token(call: TrelloCall) -> sqlite3.Row:
    """The token in the path, by itself or its id; only of one's own account."""
    row = call.database.row("SELECT * FROM tokens WHERE ? IN (token, id)", call.path["token"])
    if row is None or row["id_member"] != call.me["id"]:
        raise no_such_resource()
    return row


def show_token(call: TrelloCall) -> dict[str, Any]:
    """GET /tokens/{token}."""
    return chosen(token_shape(call, own_token(call)), call.params.get("fields", ""))


def token_shape(call: TrelloCall, row: sqlite3.Row) -> Shape:
    """All fields of a token, which never shows itself."""
    scopes = scopes_of(call.database, row["token"])
    allowed = {"read": "read" in scopes, "write": "write" in scopes}
    own = {"read": "read" in scopes, "write": "account" in scopes}
    return {
        "id": row["id"],
        "identifier": row["identifier"],
        "idMember": row["id_member"],
        "dateCreated": row["date_created"],
        "dateExpires": row["date_expires"],
        "permissions": [
            {"idModel": "*", "modelType": "Board", **allowed},
            {"idModel": "*", "modelType": "Organization", **allowed},
            {"idModel": row["id_member"], "modelType": "Member", **own},
        ],
    }
