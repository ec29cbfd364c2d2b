"""Signs that a list goes on although the profile's paging says that it has ended: the paging is the wrong one.

Without this a wrong `paging.kind` would end a list after its first page, and nobody would notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from customerp_trello.hooks.answers import Answer

_NEXT = re.compile(r"(^|[^a-z])next|nextlink|cursor|has_?more|^more$", re.IGNORECASE)
_TOTAL = re.compile(r"^(total|count|total_?(items|count|records|results|size|elements)|@odata\.count)$", re.IGNORECASE)
_TOTAL_HEADERS = ("X-Total-Count", "Total-Records", "Total-Objects", "X-Total")


def sign_of_more(answer: Answer, body: Any, count: int) -> str:
    """What in an answer says that there is more than the *count* records that came; "" for nothing.

    Looks at the ``Link`` header, at headers and places of the body that are called "next" or "cursor", and at totals.
    """
    if answer.next_link:
        return 'a Link header with rel="next"'
    if answer.status == 206:
        return "the status 206 (partial content)"
    for name, value in answer.headers.items():
        if re.search(r"(^|-)next(-|$)", name, re.IGNORECASE) and value:
            return f"a header {name}"
    for name in _TOTAL_HEADERS:
        if answer.headers.get(name, "").isdecimal() and int(answer.headers[name]) > count:
            return f"{answer.headers[name]} in the header {name}"
    for name, value in _leaves(body):
        if _NEXT.search(name) and value not in (None, "", False, 0):
            return f"{name!r} in the body"
        if _TOTAL.search(name) and isinstance(value, int) and value > count:
            return f"{value} at {name!r} in the body"
    return ""


def _leaves(body: Any, depth: int = 2) -> Iterator[tuple[str, Any]]:
    """Names and values beside the list itself, two levels deep."""
    for name, value in body.items() if isinstance(body, dict) else ():
        if isinstance(value, dict) and depth > 1:
            yield from _leaves(value, depth - 1)
        elif not isinstance(value, list | dict):
            yield str(name), value
