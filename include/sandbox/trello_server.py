"""The part of Trello that the four pairs use, over its own database. ``build_app`` is all that others need."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import trello_actions as actions
import trello_boards as boards
import trello_fields as fields
import trello_members as members
import trello_memberships as memberships
import trello_nested as nested
import trello_organizations as organizations
from sandbox_clock import as_milliseconds
from sandbox_courier import Courier
from sandbox_database import SandboxDatabase
from sandbox_messages import Answer, Incoming, json_answer, text_answer
from sandbox_service import Handler, SandboxService
from starlette.applications import Starlette
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from trello_access import authenticated, credentials, is_bearer, need_scope
from trello_call import TrelloCall, TrelloHandler, parameters
from trello_limits import TrelloLimits
from trello_people import TrelloPeople
from trello_refusals import GET_WITH_BODY, Refusal
from trello_schema import SCHEMA, TrelloIds
from trello_settings import TrelloSettings
from trello_webhooks import SCHEMA as WEBHOOKS_SCHEMA
from trello_webhooks import TrelloWebhooks

_BATCH = 10

ROUTES: list[tuple[str, str, TrelloHandler]] = [
    ("GET", "/tokens/{token}", members.show_token),
    ("GET", "/members/{id}", members.show_member),
    ("PUT", "/members/{id}", members.edit_member),
    ("GET", "/members/{id}/organizations", organizations.list_my_organizations),
    ("GET", "/members/{id}/actions", actions.list_member_actions),
    ("POST", "/organizations", organizations.create_organization),
    ("GET", "/organizations/{id}", organizations.show_organization),
    ("PUT", "/organizations/{id}", organizations.edit_organization),
    ("DELETE", "/organizations/{id}", organizations.delete_organization),
    ("GET", "/organizations/{id}/actions", actions.list_organization_actions),
    ("GET", "/organizations/{id}/boards", boards.list_organization_boards),
    ("GET", "/organizations/{id}/members", memberships.list_members),
    ("PUT", "/organizations/{id}/members", memberships.invite),
    ("GET", "/organizations/{id}/memberships", memberships.list_memberships),
    ("PUT", "/organizations/{id}/members/{idMember}", memberships.add_member),
    ("PUT", "/organizations/{id}/members/{idMember}/deactivated", memberships.set_deactivated),
    ("DELETE", "/organizations/{id}/members/{idMember}", memberships.remove_member),
    ("POST", "/boards", boards.create_board),
    ("GET", "/boards/{id}", boards.show_board),
    ("PUT", "/boards/{id}", boards.edit_board),
    ("DELETE", "/boards/{id}", boards.delete_board),
    ("GET", "/boards/{id}/lists", boards.list_board_lists),
    ("GET", "/boards/{id}/cards", boards.list_board_cards),
    ("GET", "/boards/{id}/actions", actions.list_board_actions),
    ("POST", "/lists", boards.create_list),
    ("GET", "/lists/{id}", boards.show_list),
    ("PUT", "/lists/{id}", boards.edit_list),
    ("GET", "/lists/{id}/cards", boards.list_list_cards),
    ("GET", "/lists/{id}/actions", actions.list_list_actions),
    ("POST", "/cards", boards.create_card),
    ("GET", "/cards/{id}", boards.show_card),
    ("PUT", "/cards/{id}", boards.edit_card),
    ("DELETE", "/cards/{id}", boards.delete_card),
    ("GET", "/cards/{id}/actions", actions.list_card_actions),
    ("POST", "/cards/{id}/actions/comments", actions.add_comment),
    ("GET", "/actions/{id}", actions.show_action),
    ("PUT", "/actions/{id}", actions.edit_comment),
    ("PUT", "/actions/{id}/text", actions.edit_comment),
    ("DELETE", "/actions/{id}", actions.delete_comment),
    *nested.ROUTES,
]


class TrelloService(SandboxService):
    """Routes, authentication, limits and batches."""

    def __init__(self, database: SandboxDatabase, settings: TrelloSettings) -> None:
        super().__init__(database)
        self.settings = settings
        self.courier = Courier(settings.webhook_waits)
        self.webhooks = TrelloWebhooks(self.courier)
        self.ids = TrelloIds(self.clock)
        self.limits = TrelloLimits(settings)
        self.people = TrelloPeople(database, self.clock, self.ids, settings)
        self.controls |= {
            ("GET", "/sandbox/limits"): lambda wish: self.limits.show(wish),
            ("POST", "/sandbox/accounts"): self.people.sign_up,
            ("POST", "/sandbox/join"): self.people.join,
            ("POST", "/sandbox/plan"): self.people.set_plan,
            ("POST", "/sandbox/scope"): self.people.set_scope,
        }
        readable = [(path, handler) for verb, path, handler in self._table() if verb == "GET"]
        self._batchable = [(Route("/1" + path, handler), handler) for path, handler in readable]
        self.start_empty()

    def build(self) -> Starlette:
        """The ASGI application; a slash at the end of a path makes no difference to Trello."""
        app = super().build()
        app.add_middleware(_WithoutLastSlash)
        return app

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Everything below /1."""
        table = [("GET", "/batch", self.batch), *self._table()]
        return [(verb, "/1" + path, self._bind(handler)) for verb, path, handler in table]

    def _table(self) -> list[tuple[str, str, TrelloHandler]]:
        return [*ROUTES, *self.webhooks.routes(), *fields.ROUTES]

    def start_empty(self) -> None:
        """The accounts, and limits that nobody has used."""
        self.limits = TrelloLimits(self.settings)
        self.people.create_accounts()

    def _bind(self, handler: TrelloHandler) -> Handler:
        return lambda incoming: json_answer(self._run(handler, incoming))

    def _run(self, handler: TrelloHandler, incoming: Incoming) -> Any:
        params = parameters(incoming)
        key, token = credentials(incoming, params)
        now = as_milliseconds(self.clock.now())
        row = authenticated(self.database, key, token, is_bearer(incoming), now)
        me = self.database.row("SELECT * FROM members WHERE id = ?", row["id_member"])
        if me is None:
            raise Refusal(401, "invalid token")
        call = TrelloCall(self.database, self.clock, self.ids, self.settings, me, token, incoming.path, params)
        if incoming.method == "GET":
            return handler(call)
        need_scope(call, incoming.template)
        with self.database.transaction():
            answer = handler(call)
        self.webhooks.deliver(call, incoming.headers.get("x-trello-client-identifier", ""))
        return answer

    def respond(self, incoming: Incoming, handler: Handler) -> Answer:
        """Refuse what comes too fast or as a GET with a body, run the handler, add the limits' headers."""
        if incoming.method == "GET" and incoming.body:
            return GET_WITH_BODY
        try:
            key, token = credentials(incoming, parameters(incoming))
        except Refusal as refusal:
            return refusal.answer()
        answer = self.limits.refuse(key, token, incoming.template)
        if answer is None:
            try:
                answer = handler(incoming)
            except Refusal as refusal:
                answer = refusal.answer()
        return answer.with_headers(self.limits.headers(key, token, incoming.template))

    def failure(self, status: int, incoming: Incoming) -> Answer:
        """An ordered fault's answer."""
        if status == 429:
            return json_answer({"error": "API_TOKEN_LIMIT_EXCEEDED", "message": "Rate limit exceeded"}, 429)
        if status == 449:  # Trello could not carry out a part of the request
            told = {"path": incoming.url_path, "originalMessage": "Conflict", "originalStatus": 409}
            return json_answer(told, 449)
        return text_answer("Internal server error" if status == 500 else f"sandbox fault {status}", status)

    def no_route(self, incoming: Incoming, allowed: list[str]) -> Answer:
        """Trello says 404 for a path and for a method alike."""
        return self.respond(incoming, lambda one: text_answer(f"Cannot {one.method} {one.url_path}", 404))

    def batch(self, call: TrelloCall) -> list[dict[str, Any]]:
        """GET /batch: up to ten GET routes, answered in order."""
        urls = [url for url in call.params.get("urls", "").split(",") if url]
        if not 1 <= len(urls) <= _BATCH:
            raise Refusal(400, "invalid value for urls")
        answers: list[dict[str, Any]] = []
        for url in urls:
            try:
                answers.append({"200": self._batched(call, url)})
            except Refusal as refusal:
                answers.append(refusal.in_batch(self.settings.batch_errors))
        return answers

    def _batched(self, call: TrelloCall, url: str) -> Any:
        parts = urlsplit(url)
        scope = {"type": "http", "method": "GET", "path": "/1" + parts.path, "headers": []}
        for route, handler in self._batchable:
            match, found = route.matches(scope)
            if match is Match.FULL:
                params = dict(parse_qsl(parts.query, keep_blank_values=True))
                path = {name: str(value) for name, value in found["path_params"].items()}
                inner = TrelloCall(
                    call.database, call.clock, call.ids, call.settings, call.me, call.token, path, params
                )
                return handler(inner)
        raise Refusal(404, f"Cannot GET /1{parts.path}")


class _WithoutLastSlash:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["path"] = scope["path"].rstrip("/") or "/"
        await self.app(scope, receive, send)


def build_app(database: str | Path, settings: TrelloSettings | None = None) -> Starlette:
    """The ASGI application on a database file, which is created when it is missing."""
    return TrelloService(SandboxDatabase(database, SCHEMA + WEBHOOKS_SCHEMA), settings or TrelloSettings()).build()
