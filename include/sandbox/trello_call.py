"""One authenticated request to Trello, and the questions that all handlers ask."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from sandbox_clock import SandboxClock, as_milliseconds
from sandbox_database import SandboxDatabase
from sandbox_messages import Incoming
from trello_refusals import Refusal, invalid_id, no_such_model
from trello_schema import TrelloIds, is_id
from trello_settings import TrelloSettings

# Shown as they are asked for; a function where the value costs a query.
Shape = dict[str, Any | Callable[[], Any]]


@dataclass(frozen=True)
class TrelloCall:
    """What a handler works with.

    Attributes:
        me: row of the token's member.
        params: query, form and JSON body in one; the body wins. Empty stands for null.
        happened: actions that the handler made so far, as rows; webhooks are told of them when all is committed.
    """

    database: SandboxDatabase
    clock: SandboxClock
    ids: TrelloIds
    settings: TrelloSettings
    me: sqlite3.Row
    token: str
    path: dict[str, str]
    params: dict[str, str]
    happened: list[dict[str, Any]] = field(default_factory=list)

    def showing_all(self) -> TrelloCall:
        """The same call without parameters, so that what it shows is whole."""
        return replace(self, params={})

    def flag(self, name: str, default: bool = False) -> bool:
        """A parameter that is true or false."""
        value = self.params.get(name, "true" if default else "false").lower()
        if value not in ("true", "false"):
            raise Refusal(400, f"invalid value for {name}")
        return value == "true"

    def now(self) -> str:
        """The server's time as Trello writes it."""
        return as_milliseconds(self.clock.stamp())

    def member(self, identifier: str) -> sqlite3.Row:
        """A member by id, username or ``me``; 404 when there is none."""
        if identifier == "me":
            return self.me
        column = "id" if is_id(identifier) else "username"
        row = self.database.row(f"SELECT * FROM members WHERE {column} = ?", identifier)  # noqa: S608
        if row is None:
            raise no_such_model()
        return row


TrelloHandler = Callable[[TrelloCall], Any]


def parameters(incoming: Incoming) -> dict[str, str]:
    """Query, form and JSON in one; Refusal 400 for a body that is neither."""
    params = dict(incoming.query)
    if not incoming.body:
        return params
    if "json" not in incoming.headers.get("content-type", ""):
        return params | dict(parse_qsl(incoming.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        content = json.loads(incoming.body)
    except ValueError:
        raise Refusal(400, "Error parsing body") from None
    if not isinstance(content, dict):
        raise Refusal(400, "Error parsing body")
    return params | {name: _as_text(value) for name, value in content.items()}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text


def chosen(shape: Shape, fields: str, default: str = "all") -> dict[str, Any]:
    """The fields asked for, comma-separated or ``all``; the id is always among them."""
    wanted = (fields or default).split(",")
    if "all" in wanted:
        wanted = list(shape)
    unknown = [name for name in wanted if name and name not in shape]
    if unknown:
        raise Refusal(400, "invalid value for fields")
    names = dict.fromkeys(["id", *filter(None, wanted)])
    return {name: value() if callable(value := shape[name]) else value for name in names if name in shape}


def by_id_or_link(call: TrelloCall, table: str, identifier: str) -> sqlite3.Row | None:
    """A board or card by id or short link; Refusal 400 for what is neither."""
    if is_id(identifier):
        return call.database.row(f"SELECT * FROM {table} WHERE id = ?", identifier)  # noqa: S608
    if len(identifier) == 8 and identifier.isalnum() and table in ("boards", "cards"):
        return call.database.row(f"SELECT * FROM {table} WHERE short_link = ?", identifier)  # noqa: S608
    raise invalid_id()
