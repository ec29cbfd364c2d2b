"""Pagers: each reads an answer and says what to ask for next. They do no I/O.

The end of a list is what the system says or an empty page, never "fewer than asked": servers cap page sizes. What
would cut a list short or go round in circles without anybody noticing is an error: a wrong path, the same page twice,
fewer records than the total, a link to another host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never
from urllib.parse import urljoin, urlsplit

from customerp_trello.errors import FatalError
from customerp_trello.hooks.answers import ABSENT, Answer, Path, at
from customerp_trello.hooks.profile_listing import Cursor, LinkHeader, Listing, NextLink, Offset, OnePage, PageNumber


@dataclass(frozen=True)
class PageRequest:
    """What to ask for: a path below the base URL, or an absolute URL of the same host, with its query."""

    url: str
    params: Mapping[str, str | int] = field(default_factory=dict)


class Pager:
    """Walks one listing.

    Args:
        listing: how the profile says that lists work.
        path: path of the list.
        params: query parameters that every page has (filters, since).
        id_field: field of a record's id, by which a repeated page is recognised.
        where: what is listed, for messages.
    """

    def __init__(
        self, listing: Listing, path: str, params: Mapping[str, str | int], *, id_field: str, where: str
    ) -> None:
        self._listing, self._path, self._where, self._id = listing, path, where, id_field
        self._params = {**listing.parameters, **params, **_size(listing)}
        self._count = 0
        self._pages: set[tuple[str, ...]] = set()
        self._asked: set[tuple[str, str]] = set()

    def first(self) -> PageRequest:
        """Return the request for the first page."""
        paging = self._listing.paging
        if isinstance(paging, PageNumber):
            return self._at({paging.parameter: paging.first})
        return self._at({paging.parameter: 0} if isinstance(paging, Offset) else {})

    def records(self, answer: Answer, body: Any) -> list[dict[str, Any]]:
        """Return the records of a page.

        Raises:
            FatalError: the list is not where the profile says, a record has no id, or the page came before.
        """
        rows = at(body, self._listing.records)
        if not isinstance(rows, list):
            raise FatalError(
                f"{self._where}: no list at {_named(self._listing.records)} of the answer; there is "
                f"{_keys(body)}. Correct `listing.records` in the profile."
            )
        if not all(isinstance(row, dict) and row.get(self._id) not in (None, "") for row in rows):
            raise FatalError(f"{self._where}: a record without {self._id!r}; correct the entity's `id` in the profile.")
        ids = tuple(str(row[self._id]) for row in rows)
        if len(set(ids)) < len(ids):
            raise FatalError(f"{self._where}: a page holds a record twice, so it cannot be trusted; nothing is used.")
        if ids and ids in self._pages:
            raise FatalError(
                f"{self._where}: the same page came twice, so the list cannot be trusted; nothing is used."
            )
        self._pages.add(ids)
        self._count += len(rows)
        return rows

    def following(self, answer: Answer, body: Any, rows: int) -> PageRequest | None:
        """Return the request for the next page; None at the end.

        Args:
            answer: the page just read.
            body: its JSON.
            rows: number of records on it.

        Raises:
            FatalError: the end cannot be told, a page is asked for again, or fewer records came than the total.
        """
        request = self._next(answer, body, rows)
        if request is None:
            self._check_total(body)
            return None
        key = (request.url, repr(sorted(request.params.items())))
        if key in self._asked:
            raise FatalError(f"{self._where}: the listing goes round in circles; it cannot be trusted.")
        self._asked.add(key)
        return request

    def _next(self, answer: Answer, body: Any, rows: int) -> PageRequest | None:
        paging = self._listing.paging
        match paging:
            case OnePage():
                return None
            case PageNumber():
                done = rows == 0 or self._has_all(body) or (paging.last and at(body, paging.last) is True)
                number = paging.first + len(self._asked) + 1
                return None if done else self._at({paging.parameter: number})
            case Offset():
                done = rows == 0 or self._has_all(body)
                return None if done else self._at({paging.parameter: self._count})
            case Cursor():
                cursor = self._told(body, paging.cursor, paging.absent_at_end, "cursor")
                return self._at({paging.parameter: cursor}) if cursor else None
            case NextLink():
                return self._link(answer, self._told(body, paging.link, paging.absent_at_end, "link"))
            case LinkHeader():
                return self._link(answer, answer.next_link or "")
            case _:
                assert_never(paging)

    def _at(self, place: Mapping[str, str | int]) -> PageRequest:
        return PageRequest(self._path, {**self._params, **place})

    def _told(self, body: Any, path: Path, absent_at_end: bool, key: str) -> str:
        value = at(body, path)
        if value is ABSENT and not absent_at_end:
            raise FatalError(
                f"{self._where}: nothing at {_named(path)} of the answer; there is {_keys(body)}. Correct "
                f"`listing.paging.{key}` in the profile, or set `absent_at_end` if it is left out on the last page."
            )
        return "" if value in (ABSENT, None, "", False) else str(value)

    def _link(self, answer: Answer, link: str) -> PageRequest | None:
        if not link:
            return None
        url = urljoin(answer.url, link)
        if urlsplit(url)[:2] != urlsplit(answer.url)[:2]:
            raise FatalError(f"{self._where}: the next page is said to be on another host; it is not followed.")
        return PageRequest(url)

    def _total(self, body: Any) -> int | None:
        if self._listing.total is None:
            return None
        total = at(body, self._listing.total)
        if isinstance(total, bool) or not str(total).isdecimal():
            raise FatalError(
                f"{self._where}: no number at {_named(self._listing.total)} of the answer; there is {_keys(body)}. "
                "Correct `listing.total` in the profile."
            )
        return int(total)

    def _has_all(self, body: Any) -> bool:
        total = self._total(body)
        return total is not None and self._count >= total

    def _check_total(self, body: Any) -> None:
        total = self._total(body)
        if total is not None and self._count < total:
            raise FatalError(
                f"{self._where}: the list ended after {self._count} of {total} records; it is cut short and not used."
            )


def _size(listing: Listing) -> dict[str, str | int]:
    paging = listing.paging
    return {} if isinstance(paging, OnePage) or not paging.size_parameter else {paging.size_parameter: paging.size}


def _named(path: Path) -> str:
    return repr(".".join(path)) if path else "the top"


def _keys(body: Any) -> str:
    if isinstance(body, dict):
        return "an object with the keys " + (", ".join(sorted(map(str, body))[:12]) or "(none)")
    return f"a {type(body).__name__}"
