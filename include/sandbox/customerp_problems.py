"""Refusals as ``application/problem+json`` (RFC 9457), with a list of fields where fields are to blame."""

from __future__ import annotations

import json
from http import HTTPStatus

from sandbox_messages import Answer


class Problem(Exception):
    """A request that is refused.

    Attributes:
        status: HTTP status.
        detail: a sentence for people.
        errors: field and message of every field that is to blame.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors or [], headers or {}

    def answer(self) -> Answer:
        """The response."""
        content = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            content["errors"] = [{"field": field, "message": message} for field, message in self.errors]  # type: ignore[assignment]
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        return Answer(self.status, body, "application/problem+json", self.headers)
