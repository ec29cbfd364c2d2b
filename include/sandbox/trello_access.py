"""Who asks (key and token), and what they may see and do."""

from __future__ import annotations

import re
import sqlite3

from sandbox_database import SandboxDatabase
from sandbox_messages import Incoming
from trello_call import TrelloCall, by_id_or_link
from trello_refusals import (
    Refusal,
    no_access_to_organization,
    no_permission,
    no_such_model,
    no_such_resource,
)
from trello_schema import is_id
from trello_settings import SCOPES

_OAUTH = re.compile(r'(oauth_consumer_key|oauth_token)="?([^",\s]*)"?')


def credentials(incoming: Incoming, params: dict[str, str]) -> tuple[str, str]:
    """Key and token of a request, from header, query or body (they are taken out of ``params``); "" if missing."""
    key, token = params.pop("key", ""), params.pop("token", "")
    scheme, _, rest = incoming.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "oauth":
        found = dict(_OAUTH.findall(rest))
        return found.get("oauth_consumer_key", key), found.get("oauth_token", token)
    if scheme.lower() == "bearer":
        return key, rest.strip()
    return key, token


def authenticated(database: SandboxDatabase, key: str, token: str, bearer: bool, now: str) -> sqlite3.Row:
    """The token's row; Refusal 401 in Trello's words."""
    if not bearer and not database.value("SELECT 1 FROM tokens WHERE api_key = ?", key):
        raise Refusal(401, "invalid key")
    if not token:
        raise no_permission()
    row = database.row("SELECT * FROM tokens WHERE token = ?", token)
    if row is None or (key and row["api_key"] != key):
        raise Refusal(401, "invalid token")
    if row["date_expires"] and row["date_expires"] < now:
        raise Refusal(401, "expired token")
    return row


def scopes_of(database: SandboxDatabase, token: str) -> frozenset[str]:
    """What a token was made for; all of it unless somebody chose less."""
    chosen = database.value("SELECT scopes FROM token_scopes WHERE token = ?", token)
    return frozenset(chosen.split(",") if chosen else SCOPES)


def need_scope(call: TrelloCall, template: str) -> None:
    """Refuse a write that the token was not made for: ``account`` is for one's own profile, ``write`` for the rest."""
    needed = "account" if template.startswith("/1/members/") else "write"
    if needed not in scopes_of(call.database, call.token):
        raise no_permission()


def is_bearer(incoming: Incoming) -> bool:
    """Whether the request comes with an OAuth 2 token, which needs no key."""
    return incoming.headers.get("authorization", "").lower().startswith("bearer ")


def membership_of(call: TrelloCall, id_organization: str, id_member: str) -> sqlite3.Row | None:
    """The membership, deactivated ones too."""
    sql = "SELECT * FROM memberships WHERE id_organization = ? AND id_member = ?"
    return call.database.row(sql, id_organization, id_member)


def is_active_member(call: TrelloCall, id_organization: str) -> bool:
    """Whether the token's member is in the workspace."""
    membership = membership_of(call, id_organization, call.me["id"])
    return membership is not None and not membership["deactivated"]


def is_admin(call: TrelloCall, id_organization: str) -> bool:
    """Whether the token's member is an admin of the workspace."""
    membership = membership_of(call, id_organization, call.me["id"])
    return membership is not None and bool(membership["admin"]) and not membership["deactivated"]


def organization_for(call: TrelloCall, identifier: str, *, admin: bool = False) -> sqlite3.Row:
    """A workspace by id or short name that the token's member may see (or administer)."""
    column = "id" if is_id(identifier) else "name"
    row = call.database.row(f"SELECT * FROM organizations WHERE {column} = ?", identifier)  # noqa: S608
    if row is None:
        raise no_such_model()
    if not is_active_member(call, row["id"]):
        raise no_access_to_organization()
    if admin and not is_admin(call, row["id"]):
        raise no_permission()
    return row


def board_for(call: TrelloCall, identifier: str, *, admin: bool = False) -> sqlite3.Row:
    """A board of a workspace that the token's member is in."""
    row = by_id_or_link(call, "boards", identifier)
    if row is None:
        raise no_such_resource()
    allowed = is_admin if admin else is_active_member
    if not allowed(call, row["id_organization"]):
        raise no_permission()
    return row


def list_for(call: TrelloCall, identifier: str) -> sqlite3.Row:
    """A list of such a board."""
    row = by_id_or_link(call, "lists", identifier)
    if row is None:
        raise no_such_resource()
    board_for(call, row["id_board"])
    return row


def card_for(call: TrelloCall, identifier: str) -> sqlite3.Row:
    """A card of such a board, with id_board and id_organization."""
    row = by_id_or_link(call, "cards", identifier)
    if row is None:
        raise no_such_resource()
    full = call.database.row(
        "SELECT cards.*, lists.id_board, lists.name AS list_name, boards.id_organization, boards.name AS board_name,"
        " boards.short_link AS board_link FROM cards JOIN lists ON lists.id = cards.id_list"
        " JOIN boards ON boards.id = lists.id_board WHERE cards.id = ?",
        row["id"],
    )
    if full is None:
        raise no_such_resource()
    if not is_active_member(call, full["id_organization"]):
        raise no_permission("card")
    return full
