"""Change notifications: whoever subscribed is told which record changed, by a POST signed with the shared secret.

``POST /api/v1/webhooks`` takes ``url`` and ``secret``; ``GET`` lists the subscriptions, ``DELETE .../{id}`` ends one. A
notification is JSON (event, entity, record_id, occurred_at: no values) with the headers

- ``X-CustomERP-Signature``: ``sha256=`` and the HMAC-SHA256 of the raw body in hexadecimal digits;
- ``X-CustomERP-Delivery``: an id that stays the same when the notification is sent again;
- ``X-Client-Identifier``: that of the request which made the change, if it had one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import Any

from customerp_problems import Problem
from sandbox_clock import SandboxClock, as_microseconds
from sandbox_courier import Courier, Parcel
from sandbox_database import SandboxDatabase
from sandbox_messages import Answer, Incoming, json_answer
from sandbox_service import Handler

SCHEMA = """
CREATE TABLE IF NOT EXISTS webhooks (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, secret TEXT NOT NULL);
"""
PATH = "/api/v1/webhooks"


def signature(secret: str, body: bytes) -> str:
    """What ``X-CustomERP-Signature`` says."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class CustomERPWebhooks:
    """The subscriptions' routes, and the notifications."""

    def __init__(self, database: SandboxDatabase, clock: SandboxClock, courier: Courier) -> None:
        self._database, self._clock, self._courier = database, clock, courier

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each route."""
        return [("GET", PATH, self.show_all), ("POST", PATH, self.create), ("DELETE", PATH + "/{id}", self.delete)]

    def show_all(self, _: Incoming) -> Answer:
        """The subscriptions, without their secrets."""
        rows = self._database.rows("SELECT id, url FROM webhooks ORDER BY id")
        return json_answer({"data": [dict(row) for row in rows], "next_cursor": None})

    def create(self, incoming: Incoming) -> Answer:
        """201 with the subscription."""
        try:
            wish = json.loads(incoming.body)
            url, secret = str(wish["url"]), str(wish["secret"])
        except (ValueError, KeyError, TypeError):
            raise Problem(400, "The body must be a JSON object with url and secret.") from None
        if not url.startswith(("http://", "https://")) or not secret:
            raise Problem(422, "url must begin with http:// or https://, and secret must not be empty.")
        return json_answer({"id": self._database.insert("webhooks", {"url": url, "secret": secret}), "url": url}, 201)

    def delete(self, incoming: Incoming) -> Answer:
        """204, also for one that is not there."""
        self._database.run("DELETE FROM webhooks WHERE id = ?", incoming.path["id"])
        return Answer(204)

    def deliver(self, happened: list[tuple[str, str, int]], client: str) -> None:
        """Tell the subscribers of changes that are committed: (entity, event, record id) each."""
        for entity, event, record_id in happened:
            content = {"event": f"{entity}.{event}", "entity": entity, "record_id": record_id}
            body = json.dumps(content | {"occurred_at": as_microseconds(self._clock.now())}).encode()
            for webhook in self._database.rows("SELECT * FROM webhooks ORDER BY id"):
                headers: dict[str, Any] = {
                    "Content-Type": "application/json",
                    "X-CustomERP-Signature": signature(webhook["secret"], body),
                    "X-CustomERP-Delivery": str(uuid.uuid4()),
                }
                if client:
                    headers["X-Client-Identifier"] = client
                self._courier.send(Parcel(webhook["url"], body, headers))
