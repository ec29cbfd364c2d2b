"""A request as handlers see it, and what they answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Incoming:
    """One HTTP request, read completely.

    Attributes:
        template: the route's path with placeholders, e.g. ``/1/organizations/{id}``.
        path: the values of the placeholders.
        query: query parameters; the last one wins where a name comes twice.
        headers: header names in lower case.
    """

    method: str
    template: str
    url_path: str
    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int
    body: bytes = b""
    media_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def with_headers(self, extra: dict[str, str]) -> Answer:
        """The same answer with more headers."""
        return Answer(self.status, self.body, self.media_type, {**self.headers, **extra})


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer whose body is JSON, names of people left as they are written."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, headers=headers or {})


def text_answer(text: str, status: int) -> Answer:
    """An answer of plain text."""
    return Answer(status, text.encode(), "text/plain; charset=utf-8")
