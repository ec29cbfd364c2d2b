"""Webhooks: registered for a model by a token, told of every action on it with a signed POST.

https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
from collections import Counter
from typing import Any

import requests
from sandbox_courier import TIMEOUT, Courier, Parcel
from trello_access import board_for, card_for, list_for, organization_for
from trello_actions import shown_action
from trello_call import TrelloCall, chosen
from trello_members import token_shape
from trello_refusals import Refusal, invalid_id, invalid_value, no_such_resource
from trello_schema import is_id

SCHEMA = """
CREATE TABLE IF NOT EXISTS webhooks (
  id TEXT PRIMARY KEY, token TEXT NOT NULL, id_model TEXT NOT NULL, callback_url TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '', active INTEGER NOT NULL DEFAULT 1, UNIQUE (token, id_model, callback_url)
);
CREATE INDEX IF NOT EXISTS webhooks_model ON webhooks (id_model);
"""

_PLACES = ("/webhooks", "/tokens/{token}/webhooks")
_MODELS = ("id_organization", "id_board", "id_list", "id_card", "id_member_creator")
_SHOWN = {
    "organizations": {"id": "id", "name": "name", "displayName": "display_name", "desc": "desc", "website": "website"},
    "boards": {"id": "id", "name": "name", "shortLink": "short_link", "idOrganization": "id_organization"},
    "lists": {"id": "id", "name": "name", "idBoard": "id_board"},
    "cards": {"id": "id", "name": "name", "desc": "desc", "shortLink": "short_link", "idShort": "id_short"},
    "members": {"id": "id", "username": "username", "fullName": "full_name"},
}


def signature(secret: str, body: bytes, callback_url: str) -> str:
    """What ``X-Trello-Webhook`` says: base64 of HMAC-SHA1 over the body and the callback URL."""
    return base64.b64encode(hmac.new(secret.encode(), body + callback_url.encode(), hashlib.sha1).digest()).decode()


class TrelloWebhooks:
    """The routes, and the deliveries."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._failures: Counter[str] = Counter()

    def routes(self) -> list[tuple[str, str, Any]]:
        """Method, path and handler of each route below /1."""
        one = {"GET": self.show, "PUT": self.edit, "DELETE": self.delete}
        return [
            ("POST", "/webhooks", self.create),
            *((verb, f"{path}/{{id}}", handler) for path in _PLACES for verb, handler in one.items()),
            ("GET", "/webhooks/{id}/{field}", self.show_field),
            ("POST", "/tokens/{token}/webhooks", self.create),
            ("GET", "/tokens/{token}/webhooks", self.list_of_token),
            ("GET", "/members/{id}/tokens", self.list_tokens),
        ]

    # -- routes ----------------------------------------------------------------------------------------------------

    def create(self, call: TrelloCall) -> dict[str, Any]:
        """POST /webhooks: the callback must answer a HEAD with 200, and the token must see the model."""
        _own_token(call)
        id_model, url = call.params.get("idModel", ""), call.params.get("callbackURL", "")
        _check_model(call, id_model)
        _check_callback(url)
        sql = "SELECT 1 FROM webhooks WHERE token = ? AND id_model = ? AND callback_url = ?"
        if call.database.value(sql, call.token, id_model, url):
            raise Refusal(400, "A webhook with that callback, model, and token already exists")
        values = {"id": call.ids.new(), "token": call.token, "id_model": id_model, "callback_url": url}
        values |= {"description": call.params.get("description", ""), "active": int(call.flag("active", default=True))}
        call.database.insert("webhooks", values)
        return self._shape(_webhook(call, values["id"]))

    def show(self, call: TrelloCall) -> dict[str, Any]:
        """GET /webhooks/{id}."""
        return self._shape(_webhook(call, call.path["id"]))

    def show_field(self, call: TrelloCall) -> dict[str, Any]:
        """GET /webhooks/{id}/{field}."""
        shape = self._shape(_webhook(call, call.path["id"]))
        if call.path["field"] not in shape:
            raise Refusal(404, f"Cannot GET /1/webhooks/{call.path['id']}/{call.path['field']}")
        return {"_value": shape[call.path["field"]]}

    def edit(self, call: TrelloCall) -> dict[str, Any]:
        """PUT /webhooks/{id}: description, callbackURL, idModel, active."""
        row = _webhook(call, call.path["id"])
        new = {"active": int(call.flag("active", default=bool(row["active"])))}
        new |= {"description": call.params.get("description", row["description"])}
        new |= {"callback_url": call.params.get("callbackURL", row["callback_url"])}
        new |= {"id_model": call.params.get("idModel", row["id_model"])}
        if new["id_model"] != row["id_model"]:
            _check_model(call, new["id_model"])
        if new["callback_url"] != row["callback_url"] or new["active"] > row["active"]:
            _check_callback(new["callback_url"])
            self._failures.pop(row["id"], None)
        sql = "UPDATE webhooks SET active = ?, description = ?, callback_url = ?, id_model = ? WHERE id = ?"
        call.database.run(sql, *new.values(), row["id"])
        return self._shape(_webhook(call, row["id"]))

    def delete(self, call: TrelloCall) -> dict[str, Any]:
        """DELETE /webhooks/{id}."""
        call.database.run("DELETE FROM webhooks WHERE id = ?", _webhook(call, call.path["id"])["id"])
        return {}

    def list_of_token(self, call: TrelloCall) -> list[dict[str, Any]]:
        """GET /tokens/{token}/webhooks."""
        _own_token(call)
        return self._of_token(call, call.token)

    def list_tokens(self, call: TrelloCall) -> list[dict[str, Any]]:
        """GET /members/{id}/tokens: one's own, without their text; with ``webhooks=true`` those of each."""
        if call.member(call.path["id"])["id"] != call.me["id"]:
            raise Refusal(401, "unauthorized permission requested")
        shown = []
        for row in call.database.rows("SELECT * FROM tokens WHERE id_member = ? ORDER BY rowid", call.me["id"]):
            one = chosen(token_shape(call, row), "")
            if call.flag("webhooks"):
                one["webhooks"] = self._of_token(call, row["token"])
            shown.append(one)
        return shown

    def _of_token(self, call: TrelloCall, token: str) -> list[dict[str, Any]]:
        rows = call.database.rows("SELECT * FROM webhooks WHERE token = ? ORDER BY id", token)
        return [self._shape(row) for row in rows]

    def _shape(self, row: sqlite3.Row) -> dict[str, Any]:
        return {
            "id": row["id"],
            "description": row["description"],
            "idModel": row["id_model"],
            "callbackURL": row["callback_url"],
            "active": bool(row["active"]),
            "consecutiveFailures": self._failures[row["id"]],
            "firstConsecutiveFailDate": None,
        }

    # -- deliveries ------------------------------------------------------------------------------------------------

    def deliver(self, call: TrelloCall, client: str) -> None:
        """Tell the webhooks of what the request did; to be called when it is committed.

        Args:
            call: the request, with what has happened in it.
            client: its ``X-Trello-Client-Identifier``, which each delivery repeats.
        """
        for action in call.happened:
            models = [action[name] for name in _MODELS if action.get(name)]
            marks = ", ".join("?" * len(models))
            sql = f"SELECT * FROM webhooks WHERE active = 1 AND id_model IN ({marks}) ORDER BY id"  # noqa: S608
            for webhook in call.database.rows(sql, *models):
                self._courier.send(self._parcel(call, webhook, action, client))

    def _parcel(self, call: TrelloCall, webhook: sqlite3.Row, action: dict[str, Any], client: str) -> Parcel:
        content = {
            "model": _model(call, webhook["id_model"]),
            "action": shown_action(call.showing_all(), action),
            "webhook": {name: self._shape(webhook)[name] for name in ("id", "description", "idModel", "callbackURL")},
        }
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Trello/Sandbox",
            "X-Trello-Webhook": signature(call.settings.secret, body, webhook["callback_url"]),
        }
        if client:
            headers["X-Trello-Client-Identifier"] = client

        def told(taken: bool) -> None:
            self._failures[webhook["id"]] = 0 if taken else self._failures[webhook["id"]] + 1

        return Parcel(webhook["callback_url"], body, headers, told)


def _own_token(call: TrelloCall) -> None:
    if call.path.get("token", call.token) != call.token:
        raise Refusal(401, "invalid token")


def _webhook(call: TrelloCall, identifier: str) -> sqlite3.Row:
    if not is_id(identifier):
        raise invalid_id()
    row = call.database.row("SELECT * FROM webhooks WHERE id = ? AND token = ?", identifier, call.token)
    if row is None:
        raise no_such_resource()
    return row


def _check_model(call: TrelloCall, identifier: str) -> None:
    """A model that the token's member may see; Refusal otherwise."""
    if not is_id(identifier):
        raise invalid_value("idModel")
    checks = {"organizations": organization_for, "boards": board_for, "lists": list_for, "cards": card_for}
    for table, check in checks.items():
        if call.database.value(f"SELECT 1 FROM {table} WHERE id = ?", identifier):  # noqa: S608
            check(call, identifier)
            return
    call.member(identifier)


def _check_callback(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise invalid_value("callbackURL")
    try:
        status: Any = requests.head(url, timeout=TIMEOUT, allow_redirects=False).status_code
    except requests.RequestException as error:
        status = type(error).__name__
    if status != 200:
        raise Refusal(400, f"URL ({url}) did not return 200 status code, got {status}")


def _model(call: TrelloCall, identifier: str) -> dict[str, Any]:
    """The model as deliveries show it; nothing but the id when it is gone."""
    for table, columns in _SHOWN.items():
        row = call.database.row(f"SELECT * FROM {table} WHERE id = ?", identifier)  # noqa: S608
        if row is not None:
            return {name: row[column] for name, column in columns.items()}
    return {"id": identifier}
