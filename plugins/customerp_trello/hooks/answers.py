"""An HTTP answer as the rest of the hooks sees it, and JSON in which no decimal loses a digit."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from requests import Response
from requests.utils import parse_header_links

Path = tuple[str, ...]
ABSENT: Any = object()


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, read to its end.

    Attributes:
        status: HTTP status code.
        headers: the answer's headers; names are case-insensitive.
        url: the URL that was asked, with its query.
        text: the body, decoded.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    text: str

    @classmethod
    def of(cls, response: Response, url: str = "") -> Answer:
        """Read a `requests` response; JSON without a charset is UTF-8, whatever its media type says.

        A byte order mark, which some servers put before their JSON, is no part of the text.

        Args:
            response: the response.
            url: the URL as it may be shown, where credentials were added to the one that was asked.
        """
        if response.encoding is None or "charset" not in response.headers.get("Content-Type", "").lower():
            response.encoding = "utf-8"
        text = response.text.removeprefix("\ufeff")
        return cls(response.status_code, response.headers, url or response.url, text)

    @property
    def is_html(self) -> bool:
        """Whether the body is a web page (a proxy's, a login form, a crash page)."""
        return "html" in self.headers.get("Content-Type", "").lower() or self.text.lstrip()[:1] == "<"

    @property
    def next_link(self) -> str | None:
        """Target of the ``Link`` header's ``rel="next"``, if there is one."""
        links = parse_header_links(self.headers.get("Link", ""))
        return next((link["url"] for link in links if "next" in link.get("rel", "").split()), None)

    def json(self) -> Any:
        """Return the body as JSON: fractions as ``Decimal``, an empty body as None.

        Raises:
            ValueError: the body is no JSON (``NaN`` and ``Infinity`` are none).
        """
        if not self.text.strip():
            return None
        return json.loads(self.text, parse_float=Decimal, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def origin(url: str) -> tuple[str, str, str | None, int | None]:
    """Scheme, user, host and port of a URL in one spelling, so that two can be compared; blank if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, parts.netloc.rpartition("@")[0], parts.hostname, port
    except ValueError:
        return "", "", None, None


def at(body: Any, path: Path) -> Any:
    """Return what *body* holds below *path*, a number being a place in a list; ``ABSENT`` if there is no such place."""
    for name in path:
        if isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        elif isinstance(body, dict) and name in body:
            body = body[name]
        else:
            return ABSENT
    return body


def put(body: Any, path: Path, value: Any) -> None:
    """Set *value* below *path* of a JSON body, making objects on the way; a number is an existing place in a list.

    Raises:
        ValueError: something else than an object or a list is in the way.
    """
    for name, inner in zip(path, (*path[1:], None), strict=True):
        key: Any = int(name) if isinstance(body, list) and name.isdecimal() else name
        if not isinstance(body, dict) and not (isinstance(body, list) and isinstance(key, int) and key < len(body)):
            raise ValueError(f"there is no place for {'.'.join(path)!r}")
        if inner is None:
            body[key] = value
        elif isinstance(body, dict):
            body = body.setdefault(key, {})
        else:
            body = body[key]


def at_in_texts(body: Any, path: Path) -> Any:
    """Like :func:`at`, but a text on the way that is JSON itself is looked into (lists of messages packed as text)."""
    for index, name in enumerate(path):
        if isinstance(body, str):
            try:
                return at_in_texts(json.loads(body), path[index:])
            except ValueError:
                return ABSENT
        body = at(body, (name,))
    return body


def to_json(body: Any) -> bytes:
    """Serialise *body*; a ``Decimal`` becomes a JSON number with exactly its digits (floats would round them)."""
    mark = secrets.token_hex(8)
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, default=lambda value: _marked(value, mark))
    return re.sub(rf'"{mark}([^"]*)"', r"\1", text).encode()


def _marked(value: object, mark: str) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{mark}{value:f}"
    raise TypeError(f"a {type(value).__name__} has no place in a JSON body")
