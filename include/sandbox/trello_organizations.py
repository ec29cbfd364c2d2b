"""Organizations, which Trello's pages call Workspaces."""

from __future__ import annotations

import re
import secrets
import sqlite3
from typing import Any

from trello_access import is_active_member, organization_for
from trello_actions import record_action
from trello_call import Shape, TrelloCall, chosen
from trello_memberships import members_of, membership_shape
from trello_refusals import Refusal, invalid_value
from trello_sizes import limits_of_organization, organizations

_NOT_IN_NAMES = re.compile(r"[^a-z0-9_]")
_LONGEST_DESC = 16384


def organization_shape(call: TrelloCall, row: sqlite3.Row) -> Shape:
    """All fields of an organization."""
    return {
        "id": row["id"],
        "name": row["name"],
        "displayName": row["display_name"],
        "desc": row["desc"],
        "descData": {"emoji": {}},
        "url": f"https://trello.com/w/{row['name']}",
        "website": row["website"],
        "teamType": None,
        "logoHash": None,
        "logoUrl": None,
        "offering": "trello.premium" if row["paid"] else "trello.free",
        "products": [110] if row["paid"] else [],
        "premiumFeatures": ["deactivated", "removal", "export"] if row["paid"] else [],
        "idEnterprise": None,
        "idMemberCreator": row["id_member_creator"],
        "dateLastActivity": row["date_last_activity"],
        "prefs": {"permissionLevel": "private", "orgInviteRestrict": []},
        "idBoards": lambda: _board_ids(call, row["id"]),
        "memberships": lambda: [membership_shape(one) for one in members_of(call, row["id"])],
        "limits": lambda: limits_of_organization(call, row),
    }


def _board_ids(call: TrelloCall, id_organization: str) -> list[str]:
    sql = "SELECT id FROM boards WHERE id_organization = ? ORDER BY id"
    return [board[0] for board in call.database.rows(sql, id_organization)]


def show_organization(call: TrelloCall) -> dict[str, Any]:
    """GET /organizations/{id or short name}."""
    row = organization_for(call, call.path["id"])
    return chosen(organization_shape(call, row), call.params.get("fields", ""))


def list_my_organizations(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /members/{id}/organizations: of somebody else, those that the token's member is in, too."""
    member = call.member(call.path["id"])
    rows = call.database.rows(
        "SELECT organizations.* FROM memberships JOIN organizations ON organizations.id = id_organization"
        " WHERE id_member = ? AND deactivated = 0 ORDER BY organizations.display_name, organizations.id",
        member["id"],
    )
    seen = [row for row in rows if member["id"] == call.me["id"] or is_active_member(call, row["id"])]
    return [chosen(organization_shape(call, row), call.params.get("fields", "")) for row in seen]


def create_organization(call: TrelloCall) -> dict[str, Any]:
    """POST /organizations: the token's member becomes its admin."""
    values = {
        "display_name": _display_name(call.params.get("displayName", "")),
        "desc": _desc(call.params.get("desc", "")),
        "website": _website(call.params.get("website", "")),
        "name": _new_name(call, call.params.get("name", ""), call.params.get("displayName", "")),
    }
    _room_for_one_more(call)
    organization_id = call.ids.new()
    now = call.now()
    call.database.insert(
        "organizations",
        {"id": organization_id, **values, "date_last_activity": now, "id_member_creator": call.me["id"]},
    )
    call.database.insert(
        "memberships",
        {"id": call.ids.new(), "id_organization": organization_id, "id_member": call.me["id"], "admin": 1},
    )
    data = {"organization": {"id": organization_id, "name": values["display_name"]}}
    record_action(call, "createOrganization", data, organization=organization_id)
    return chosen(organization_shape(call, organization_for(call, organization_id)), call.params.get("fields", ""))


def edit_organization(call: TrelloCall) -> dict[str, Any]:
    """PUT /organizations/{id}: admins only; writes an updateOrganization action when something changed."""
    row = organization_for(call, call.path["id"], admin=True)
    wishes = {name: check(call.params[name]) for name, check in _CHECKS.items() if name in call.params}
    if "name" in call.params:
        wishes["name"] = _given_name(call, call.params["name"], row["id"])
    new = {name: value for name, value in wishes.items() if value != row[_COLUMNS[name]]}
    if new:
        _save(call, row, new)
    return chosen(organization_shape(call, organization_for(call, row["id"])), call.params.get("fields", ""))


def _save(call: TrelloCall, row: sqlite3.Row, new: dict[str, str | None]) -> None:
    for name, value in new.items():
        sql = f"UPDATE organizations SET {_COLUMNS[name]} = ? WHERE id = ?"  # noqa: S608
        call.database.run(sql, value, row["id"])
    call.database.run("UPDATE organizations SET date_last_activity = ? WHERE id = ?", call.now(), row["id"])
    old = {name: row[_COLUMNS[name]] for name in new}
    data = {"old": old, "organization": {"id": row["id"], "name": row["display_name"], **new}}
    record_action(call, "updateOrganization", data, organization=row["id"])


def delete_organization(call: TrelloCall) -> dict[str, Any]:
    """DELETE /organizations/{id}: for good, with its boards."""
    row = organization_for(call, call.path["id"], admin=True)
    call.database.run("DELETE FROM organizations WHERE id = ?", row["id"])
    return {"_value": None}


def _room_for_one_more(call: TrelloCall) -> None:
    if not call.settings.caps:
        return
    limit = organizations(call, call.me["id"])
    if limit.reached:
        raise Refusal(403, f"Member is limited to {limit.most} organizations", "MEMBER_TOO_MANY_ORGANIZATIONS")


def _display_name(text: str) -> str:
    if not text.strip() or len(text) > 16384:
        raise invalid_value("displayName")
    return text.strip()


def _desc(text: str) -> str:
    if len(text) > _LONGEST_DESC:
        raise invalid_value("desc")
    return text


def _website(text: str) -> str | None:
    if text and not text.startswith(("http://", "https://")):
        raise invalid_value("website")
    return text or None


_CHECKS = {"displayName": _display_name, "desc": _desc, "website": _website}
_COLUMNS = {"displayName": "display_name", "desc": "desc", "website": "website", "name": "name"}


def _new_name(call: TrelloCall, wish: str, display_name: str) -> str:
    """The short name of a new workspace: bad characters removed, another one where it is taken or too short."""
    if wish and len(wish) < 3:
        raise invalid_value("name")
    name = _NOT_IN_NAMES.sub("", wish)
    base = name or _NOT_IN_NAMES.sub("", display_name.lower()) or "workspace"
    while len(name) < 3 or call.database.value("SELECT 1 FROM organizations WHERE name = ?", name):
        name = f"{base}{secrets.randbelow(90_000_000) + 10_000_000}"
    return name


def _given_name(call: TrelloCall, wish: str, own: str) -> str:
    name = _NOT_IN_NAMES.sub("", wish)
    if len(name) < 3:
        raise invalid_value("name")
    if call.database.value("SELECT 1 FROM organizations WHERE name = ? AND id <> ?", name, own):
        raise Refusal(400, "Organization short name is taken")
    return name
