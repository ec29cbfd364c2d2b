"""The CustomERP: an ordinary ERP's REST API over its own database. ``build_app`` is all that others need."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from customerp_entities import ENTITIES, FILTERS, SCHEMA, Entity
from customerp_problems import Problem
from customerp_store import CustomERPStore, Window, shown
from customerp_webhooks import SCHEMA as WEBHOOKS_SCHEMA
from customerp_webhooks import CustomERPWebhooks
from sandbox_clock import as_microseconds, read_moment
from sandbox_courier import Courier
from sandbox_database import SandboxDatabase
from sandbox_messages import Answer, Incoming, json_answer
from sandbox_service import Handler, SandboxService
from starlette.applications import Starlette

CUSTOMERP_TOKEN = "sandbox-customerp-token"  # noqa: S105 (opens nothing but the sandbox)
DEFAULT_LIMIT, LARGEST_LIMIT = 100, 500


@dataclass(frozen=True)
class CustomERPSettings:
    """What can be set.

    Attributes:
        token: the bearer token.
        rate_limit: requests in ten seconds before 429 is answered; 0 for none.
        webhook_waits: seconds before each further attempt to deliver a change notification.
    """

    token: str = CUSTOMERP_TOKEN
    rate_limit: int = 5000
    webhook_waits: tuple[float, ...] = (10.0, 60.0, 300.0)


class CustomERPService(SandboxService):
    """Routes, authentication, paging and preconditions."""

    def __init__(self, database: SandboxDatabase, settings: CustomERPSettings) -> None:
        super().__init__(database)
        self.settings = settings
        self.store = CustomERPStore(database, self.clock)
        self.courier = Courier(settings.webhook_waits)
        self.webhooks = CustomERPWebhooks(database, self.clock, self.courier)
        self._window = (0.0, 0)

    def start_empty(self) -> None:
        """Nobody has asked for anything yet."""
        self._window = (0.0, 0)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Five routes for each entity, and those of the change notifications."""
        table: list[tuple[str, str, Handler]] = self.webhooks.routes()
        for entity in ENTITIES.values():
            path = f"/api/v1/{entity.plural}"
            table += [
                ("GET", path, self._bind(self.list_records, entity)),
                ("POST", path, self._bind(self.create_record, entity)),
                ("GET", path + "/{id}", self._bind(self.show_record, entity)),
                ("PATCH", path + "/{id}", self._bind(self.change_record, entity)),
                ("DELETE", path + "/{id}", self._bind(self.delete_record, entity)),
            ]
        return table

    @staticmethod
    def _bind(method: Any, entity: Entity) -> Handler:
        return lambda incoming: method(entity, incoming)

    def respond(self, incoming: Incoming, handler: Handler) -> Answer:
        """Authenticate, count against the limit, run the handler in a transaction if it writes."""
        try:
            self._authenticate(incoming)
            self._limit()
            if incoming.method == "GET":
                return handler(incoming)
            self.store.happened.clear()
            with self.database.transaction():
                answer = handler(incoming)
            self.webhooks.deliver(self.store.happened, incoming.headers.get("x-client-identifier", ""))
            return answer
        except Problem as problem:
            return problem.answer()

    def failure(self, status: int, incoming: Incoming) -> Answer:
        """An ordered fault's answer."""
        headers = {"Retry-After": "1"} if status in (429, 503) else {}
        return Problem(status, "The sandbox was told to fail.", headers=headers).answer()

    def no_route(self, incoming: Incoming, allowed: list[str]) -> Answer:
        """404, or 405 where the path takes other methods."""
        try:
            self._authenticate(incoming)
        except Problem as problem:
            return problem.answer()
        if allowed:
            methods = ", ".join(allowed)
            text = f"{incoming.method} is not possible here; the methods are {methods}."
            return Problem(405, text, headers={"Allow": methods}).answer()
        return Problem(404, f"There is nothing at {incoming.url_path}; see /api/v1/{{{'|'.join(ENTITIES)}}}.").answer()

    def _authenticate(self, incoming: Incoming) -> None:
        scheme, _, token = incoming.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self.settings.token.encode()):
            text = "A valid token is needed: Authorization: Bearer <token>."
            raise Problem(401, text, headers={"WWW-Authenticate": 'Bearer realm="customerp"'})

    def _limit(self) -> None:
        begin, used = self._window
        now = time.monotonic()
        if now - begin >= 10:
            begin, used = now, 0
        self._window = (begin, used + 1)
        if self.settings.rate_limit and used >= self.settings.rate_limit:
            wait = max(1, int(begin + 10 - now + 0.999))
            text = f"More than {self.settings.rate_limit} requests in ten seconds; try again in {wait} s."
            raise Problem(429, text, headers={"Retry-After": str(wait)})

    def disturb(self, incoming: Incoming, kind: str) -> None:
        """Edit the first record of the kind, or switch the first active one off, as somebody else would."""
        entity = next((one for one in ENTITIES.values() if f"/{one.plural}" in incoming.url_path), None)
        active = " WHERE active = 1" if kind == "deactivate" else ""
        row = entity and self.database.row(f"SELECT * FROM {entity.plural}{active} ORDER BY id LIMIT 1")  # noqa: S608
        if entity is None or row is None:
            return
        with self.database.transaction():
            if kind == "deactivate":
                self.store.deactivate(entity, row)
            else:
                self.store.touch(entity, row)

    # -- handlers --------------------------------------------------------------------------------------------------

    def list_records(self, entity: Entity, incoming: Incoming) -> Answer:
        """A page by ascending id; ``next_cursor`` is null on the last one."""
        window = _window(entity, incoming.query)
        records = self.store.page(entity, window)
        more = len(records) > window.limit
        records = records[: window.limit]
        cursor = base64.urlsafe_b64encode(str(records[-1]["id"]).encode()).decode() if more else None
        return json_answer({"data": records, "next_cursor": cursor})

    def show_record(self, entity: Entity, incoming: Incoming) -> Answer:
        """One record with its ETag."""
        return _with_etag(shown(entity, self.store.find(entity, incoming.path["id"])))

    def create_record(self, entity: Entity, incoming: Incoming) -> Answer:
        """201 with the record."""
        record = self.store.create(entity, _json_object(incoming))
        answer = _with_etag(record, 201)
        return answer.with_headers({"Location": f"/api/v1/{entity.plural}/{record['id']}"})

    def change_record(self, entity: Entity, incoming: Incoming) -> Answer:
        """200 with the record; 428 without If-Match, 412 when the record has moved on."""
        row = self.store.find(entity, incoming.path["id"])
        _precondition(incoming, row["version"], required=True)
        return _with_etag(self.store.change(entity, row, _json_object(incoming)))

    def delete_record(self, entity: Entity, incoming: Incoming) -> Answer:
        """204; the record stays and is inactive. If-Match is honoured where it is sent."""
        row = self.store.find(entity, incoming.path["id"])
        _precondition(incoming, row["version"], required=False)
        self.store.deactivate(entity, row)
        return Answer(204)


def _with_etag(record: dict[str, Any], status: int = 200) -> Answer:
    return json_answer(record, status, {"ETag": f'"{record["version"]}"'})


def _precondition(incoming: Incoming, version: int, *, required: bool) -> None:
    header = incoming.headers.get("if-match", "").strip()
    if not header:
        if required:
            raise Problem(428, "Send the record's ETag in If-Match, so that nobody's change is lost.")
        return
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    if "*" not in tags and str(version) not in tags:
        raise Problem(412, f"The record has changed: its version is {version}, If-Match says {header}. Read it again.")


def _json_object(incoming: Incoming) -> dict[str, Any]:
    try:
        content = json.loads(incoming.body)
    except ValueError as error:
        raise Problem(400, f"The body is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise Problem(400, "The body must be a JSON object with the record's fields.")
    return content


def _window(entity: Entity, query: dict[str, str]) -> Window:
    filters = [name for name in FILTERS if name in entity.by_name]
    known = ["limit", "cursor", "modified_since", *filters]
    for name in query:
        if name not in known:
            raise Problem(400, f"There is no parameter {name!r}; the parameters are {', '.join(known)}.")
    try:
        limit = int(query.get("limit") or DEFAULT_LIMIT)
        after = int(base64.urlsafe_b64decode(query["cursor"]).decode()) if query.get("cursor") else 0
        since = as_microseconds(read_moment(query["modified_since"])) if query.get("modified_since") else ""
    except ValueError:
        text = (
            "limit must be a number, cursor a next_cursor of ours, modified_since a time such as 2026-03-31T09:30:00Z."
        )
        raise Problem(400, text) from None
    if limit < 1:
        raise Problem(400, f"limit must be at least 1; it was {limit}.")
    equal = {name: query[name] for name in filters if name in query}
    return Window(after, min(limit, LARGEST_LIMIT), since, equal)


def build_app(database: str | Path, settings: CustomERPSettings | None = None) -> Starlette:
    """The ASGI application on a database file, which is created when it is missing."""
    tables = SandboxDatabase(database, SCHEMA + WEBHOOKS_SCHEMA)
    return CustomERPService(tables, settings or CustomERPSettings()).build()
