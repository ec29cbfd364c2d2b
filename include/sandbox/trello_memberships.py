"""Who is in a workspace: listing, inviting, role, deactivating, removing."""

from __future__ import annotations

import re
import secrets
import sqlite3
from typing import Any

from trello_access import is_admin, membership_of, organization_for
from trello_actions import record_action
from trello_call import TrelloCall
from trello_members import SHORT_FIELDS, shown_member
from trello_refusals import Refusal, invalid_value, no_permission, no_such_model, no_such_resource
from trello_schema import initials_of
from trello_sizes import collaborators, members, organizations

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FILTERS = {
    "all": "1",
    "active": "deactivated = 0",
    "admin": "admin = 1",
    "deactivated": "deactivated = 1",
    "me": "me",
    "normal": "admin = 0",
}
_MEMBER_FILTERS = {"all": "1", "none": "0", "normal": "admin = 0", "admins": "admin = 1", "owners": "admin = 1"}


def members_of(call: TrelloCall, id_organization: str, condition: str = "1", *values: str) -> list[sqlite3.Row]:
    """Members with ``membership_id``, ``admin`` and ``deactivated``; the condition is SQL of ours, not a client's."""
    columns = "members.*, memberships.id AS membership_id, admin, deactivated"
    joined = "memberships JOIN members ON members.id = id_member"
    sql = f"SELECT {columns} FROM {joined} WHERE id_organization = ? AND {condition} ORDER BY membership_id"  # noqa: S608
    return call.database.rows(sql, id_organization, *values)


def membership_shape(row: sqlite3.Row) -> dict[str, Any]:
    """A membership, from a row of :func:`members_of`."""
    return {
        "id": row["membership_id"],
        "idMember": row["id"],
        "memberType": "admin" if row["admin"] else "normal",
        "unconfirmed": not row["confirmed"],
        "deactivated": bool(row["deactivated"]),
    }


def list_members(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /organizations/{id}/members: only id, username and fullName unless fields are named."""
    organization = organization_for(call, call.path["id"])
    wanted = call.params.get("filter") or "all"
    if wanted not in _MEMBER_FILTERS:
        raise invalid_value("filter")
    rows = members_of(call, organization["id"], _MEMBER_FILTERS[wanted])
    return [shown_member(call, row, call.params.get("fields", ""), SHORT_FIELDS, fellow=True) for row in rows]


def list_memberships(call: TrelloCall) -> list[dict[str, Any]]:
    """GET /organizations/{id}/memberships."""
    organization = organization_for(call, call.path["id"])
    wanted = call.params.get("filter") or "all"
    if wanted not in _FILTERS:
        raise invalid_value("filter")
    condition = ("members.id = ?", call.me["id"]) if wanted == "me" else (_FILTERS[wanted],)
    return [_shown_membership(call, row) for row in members_of(call, organization["id"], *condition)]


def show_membership(call: TrelloCall) -> dict[str, Any]:
    """GET /organizations/{id}/memberships/{idMembership}."""
    organization = organization_for(call, call.path["id"])
    for row in members_of(call, organization["id"], "memberships.id = ?", call.path["idMembership"]):
        return _shown_membership(call, row)
    raise no_such_resource()


def _shown_membership(call: TrelloCall, row: sqlite3.Row) -> dict[str, Any]:
    one = membership_shape(row)
    if call.flag("member"):
        one["member"] = shown_member(call, row, call.params.get("member_fields", ""), SHORT_FIELDS, fellow=True)
    return one


def invite(call: TrelloCall) -> dict[str, Any]:
    """PUT /organizations/{id}/members: an account joins at once, an unknown address becomes a pending ghost."""
    organization = organization_for(call, call.path["id"], admin=True)
    email = call.params.get("email", "").strip()
    if not _EMAIL.fullmatch(email):
        raise invalid_value("email")
    if not call.params.get("fullName", "?").strip():
        raise invalid_value("fullName")
    admin = _admin_wish(call, default="normal")
    member = call.database.row("SELECT * FROM members WHERE email = ?", email)
    if member is None or membership_of(call, organization["id"], member["id"]) is None:
        _room_for_one_more(call, organization, member)
        member = member or _ghost(call, email)
        add_membership(call, organization, member, admin=admin)
    return _invited(call, organization, member)


def add_member(call: TrelloCall) -> dict[str, Any]:
    """PUT /organizations/{id}/members/{idMember}: changes the role; adds a known member who is not in yet."""
    organization = organization_for(call, call.path["id"], admin=True)
    member = call.member(call.path["idMember"])
    admin = _admin_wish(call, default="")
    membership = membership_of(call, organization["id"], member["id"])
    if membership is None:
        _room_for_one_more(call, organization, member)
        add_membership(call, organization, member, admin=admin)
    elif bool(membership["admin"]) != admin:
        if not admin:
            _keep_an_admin(call, organization["id"], member["id"])
        call.database.run("UPDATE memberships SET admin = ? WHERE id = ?", int(admin), membership["id"])
        kind = "makeAdminOfOrganization" if admin else "makeNormalMemberOfOrganization"
        _record(call, kind, organization, member)
    return _invited(call, organization, member)


def set_deactivated(call: TrelloCall) -> dict[str, Any]:
    """PUT /organizations/{id}/members/{idMember}/deactivated: paid workspaces only."""
    organization = organization_for(call, call.path["id"], admin=True)
    member = call.member(call.path["idMember"])
    membership = membership_of(call, organization["id"], member["id"])
    if membership is None:
        raise no_such_model()
    if not organization["paid"]:
        raise Refusal(403, "Deactivating members requires a paid plan", "ORG_FEATURE_NOT_AVAILABLE")
    if "value" not in call.params:
        raise invalid_value("value")
    wish = call.flag("value")
    if wish != bool(membership["deactivated"]):
        if wish:
            _keep_an_admin(call, organization["id"], member["id"])
        call.database.run("UPDATE memberships SET deactivated = ? WHERE id = ?", int(wish), membership["id"])
        kind = "deactivatedMemberInOrganization" if wish else "reactivatedMemberInOrganization"
        _record(call, kind, organization, member)
    return _invited(call, organization, member)


def remove_member(call: TrelloCall) -> dict[str, Any]:
    """DELETE /organizations/{id}/members/{idMember}: an admin removes anybody, others themselves."""
    organization = organization_for(call, call.path["id"])
    member = call.member(call.path["idMember"])
    if member["id"] != call.me["id"] and not is_admin(call, organization["id"]):
        raise no_permission()
    membership = membership_of(call, organization["id"], member["id"])
    if membership is None:
        raise no_such_model()
    _keep_an_admin(call, organization["id"], member["id"])
    call.database.run("DELETE FROM memberships WHERE id = ?", membership["id"])
    kind = "removeMemberFromOrganization" if member["confirmed"] else "deleteOrganizationInvitation"
    _record(call, kind, organization, member)
    return {"_value": None}


def add_membership(call: TrelloCall, organization: sqlite3.Row, member: sqlite3.Row, *, admin: bool) -> None:
    """Put a member into a workspace, and write down who did it."""
    call.database.insert(
        "memberships",
        {
            "id": call.ids.new(),
            "id_organization": organization["id"],
            "id_member": member["id"],
            "admin": int(admin),
        },
    )
    kind = "addMemberToOrganization" if member["confirmed"] else "unconfirmedOrganizationInvitation"
    _record(call, kind, organization, member, memberType="admin" if admin else "normal")


def _record(call: TrelloCall, kind: str, organization: sqlite3.Row, member: sqlite3.Row, **more: Any) -> None:
    data = {
        "organization": {"id": organization["id"], "name": organization["display_name"]},
        "idMember": member["id"],
        "member": {"id": member["id"], "name": member["full_name"]},
        **more,
    }
    record_action(call, kind, data, organization=organization["id"])
    call.database.run("UPDATE organizations SET date_last_activity = ? WHERE id = ?", call.now(), organization["id"])


def _ghost(call: TrelloCall, email: str) -> sqlite3.Row:
    full_name = call.params.get("fullName", "").strip() or email.partition("@")[0]
    member_id = call.ids.new()
    call.database.insert(
        "members",
        {
            "id": member_id,
            "username": f"user{secrets.randbelow(90_000_000) + 10_000_000}{member_id[-6:]}",
            "full_name": full_name,
            "initials": initials_of(full_name),
            "email": email,
            "confirmed": 0,
        },
    )
    return call.member(member_id)


def _admin_wish(call: TrelloCall, default: str) -> bool:
    wish = call.params.get("type") or default
    if wish not in ("admin", "normal"):
        raise invalid_value("type")
    return wish == "admin"


def _invited(call: TrelloCall, organization: sqlite3.Row, member: sqlite3.Row) -> dict[str, Any]:
    names = {"id": organization["id"], "name": organization["name"], "displayName": organization["display_name"]}
    if call.settings.invite_answer == "bare":
        return names
    if call.settings.invite_answer == "member":
        return shown_member(call, member, "", "all", fellow=True)
    rows = members_of(call, organization["id"], "members.id = ?", member["id"])
    members = [shown_member(call, row, "", "id,username,fullName,confirmed,memberType", fellow=True) for row in rows]
    return {**names, "members": members, "memberships": [membership_shape(row) for row in rows]}


def _keep_an_admin(call: TrelloCall, id_organization: str, leaving: str) -> None:
    sql = "SELECT id_member FROM memberships WHERE id_organization = ? AND admin = 1 AND deactivated = 0"
    admins = {row[0] for row in call.database.rows(sql, id_organization)}
    if admins == {leaving}:
        raise Refusal(400, "Not enough admins")


def _room_for_one_more(call: TrelloCall, organization: sqlite3.Row, member: sqlite3.Row | None) -> None:
    if not call.settings.caps:
        return
    if not organization["paid"] and (free := collaborators(call, organization["id"])).reached:
        raise Refusal(403, f"Free Workspaces are limited to {free.most} collaborators", "FREE_COLLABORATOR_LIMIT")
    limit = members(call, organization["id"])
    if limit.reached:
        raise Refusal(403, f"Organization is limited to {limit.most} members", "ORGANIZATION_TOO_MANY_MEMBERS")
    if member is not None and (own := organizations(call, member["id"])).reached:
        raise Refusal(403, f"Member is limited to {own.most} organizations", "MEMBER_TOO_MANY_ORGANIZATIONS")
