"""trello.js from Python: ``js.organizations.getOrganization(id=...)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from client_processes import TrelloJsProcess


class TrelloJsError(Exception):
    """What trello.js threw: ``name`` is its class (``ZodError`` for an answer of the wrong shape)."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


class TrelloJs:
    """One account's client; dates come back as texts, since they pass through JSON."""

    def __init__(self, process: TrelloJsProcess, server: Any, token: str = "") -> None:
        self._process, self._server, self._token = process, server, token or server.token

    def as_(self, token: str) -> TrelloJs:
        """The same server, another account."""
        return TrelloJs(self._process, self._server, token)

    def batch(self, *calls: tuple[str, dict[str, Any]]) -> Any:
        """Run method calls in one request by trello.js's batch runner."""
        return self._ask(batch=calls)

    def parse(self, schema: str, value: Any) -> Any:
        """A value as one of trello.js's schemas reads it, for what comes by other ways than its requests."""
        return self._ask(schema=schema, value=value)

    def __getattr__(self, group: str) -> _Group:
        return _Group(self, group)

    def _ask(self, **request: Any) -> Any:
        where = {"host": self._server.url, "key": self._server.key, "token": self._token}
        reply = self._process.ask({**where, **request})
        if "error" in reply:
            raise TrelloJsError(reply["error"], reply["message"])
        return reply["value"]


class _Group:
    def __init__(self, client: TrelloJs, name: str) -> None:
        self._client, self._name = client, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = f"{self._name}.{method}"
        return lambda **parameters: self._client._ask(**{"call": call, "with": parameters})
