"""Trello's request limits: fixed windows per key, per token, and per token on /1/members/{id}."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from sandbox_messages import Answer, json_answer
from trello_settings import TrelloSettings

TEN_SECONDS, QUARTER_HOUR = 10.0, 900.0
_TOO_MANY_REFUSALS = 200
_MEMBER_ROUTES = ("/1/members/{id}",)


@dataclass
class _Window:
    begin: float = 0.0
    used: int = 0
    arrivals: deque[float] = field(default_factory=deque)


class TrelloLimits:
    """Counts requests; time is the real one (times the settings' pace), whatever the server's clock shows.

    Attributes:
        most: kind of limit -> the most requests that ever came within its seconds, wherever these begin.
    """

    def __init__(self, settings: TrelloSettings) -> None:
        self.settings = settings
        self.most: dict[str, int] = {}
        self._windows: dict[tuple[str, str], _Window] = {}

    def show(self, _: dict[str, Any]) -> dict[str, Any]:
        """GET /sandbox/limits."""
        return {"most": self.most}

    def refuse(self, key: str, token: str, template: str) -> Answer | None:
        """Count a request; the 429 when it is one too many."""
        if not self.settings.rate_limits:
            return None
        refusals = self._window("refusals", key, TEN_SECONDS)
        error = ""
        if refusals.used > _TOO_MANY_REFUSALS or self._over("key", key, TEN_SECONDS, self.settings.key_limit):
            error = "API_KEY_LIMIT_EXCEEDED"
        elif self._over("token", token, TEN_SECONDS, self.settings.token_limit):
            error = "API_TOKEN_LIMIT_EXCEEDED"
        elif template in _MEMBER_ROUTES and self._over("member", token, QUARTER_HOUR, self.settings.member_limit):
            error = "MEMBER_LIMIT_EXCEEDED"
        if not error:
            return None
        refusals.used += 1
        return json_answer({"error": error, "message": "Rate limit exceeded"}, 429)

    def headers(self, key: str, token: str, template: str) -> dict[str, str]:
        """What every answer says about the limits."""
        found = self._describe("api-key", "key", key, TEN_SECONDS, self.settings.key_limit)
        found |= self._describe("api-token", "token", token, TEN_SECONDS, self.settings.token_limit)
        if template in _MEMBER_ROUTES:
            found |= self._describe("member", "member", token, QUARTER_HOUR, self.settings.member_limit)
        return found

    def _describe(self, title: str, kind: str, who: str, seconds: float, most: int) -> dict[str, str]:
        used = self._window(kind, who, seconds).used if self.settings.rate_limits else 0
        return {
            f"x-rate-limit-{title}-interval-ms": str(int(seconds * 1000 / self.settings.pace)),
            f"x-rate-limit-{title}-max": str(most),
            f"x-rate-limit-{title}-remaining": str(max(0, most - used)),
        }

    def _over(self, kind: str, who: str, seconds: float, most: int) -> bool:
        window = self._window(kind, who, seconds)
        window.used += 1
        self._note(kind, window.arrivals, seconds)
        return window.used > most

    def _note(self, kind: str, arrivals: deque[float], seconds: float) -> None:
        now = self._now()
        arrivals.append(now)
        while arrivals[0] <= now - seconds:
            arrivals.popleft()
        self.most[kind] = max(self.most.get(kind, 0), len(arrivals))

    def _now(self) -> float:
        return time.monotonic() * self.settings.pace

    def _window(self, kind: str, who: str, seconds: float) -> _Window:
        now = self._now()
        window = self._windows.setdefault((kind, who), _Window(now))
        if now - window.begin >= seconds:
            window.begin, window.used = now, 0
        return window
