"""Paging through Trello's action lists, which are sorted by date and not by id.

Paging by the last id skips actions whose date is older than their id (copied comments). So the next page is everything
before the last date *plus one millisecond*: the actions of that millisecond come again and are dropped by id. It does
no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from customerp_trello.errors import FatalError

PAGE_SIZE = 1000


class ActionPager:
    """Walks one action list, newest first.

    Args:
        where: what is listed, for messages.
        params: query parameters of every page (filter, fields).
        since: only actions after this moment (with a time zone).
    """

    def __init__(self, where: str, params: dict[str, str | int], since: datetime | None = None) -> None:
        self._where = where
        self._params = {**params, "limit": PAGE_SIZE, **({"since": rfc3339(since)} if since else {})}
        self._seen: set[str] = set()

    def first(self) -> dict[str, str | int]:
        """Return the query for the first page."""
        return self._params

    def fresh(self, page: Any) -> list[dict[str, Any]]:
        """Return the actions of *page* that did not come before.

        Raises:
            FatalError: the page is no list of actions, or a full page brings nothing new: the list goes in circles.
        """
        if not isinstance(page, list) or not all(isinstance(row, dict) and row.get("id") for row in page):
            raise FatalError(f"{self._where}: the answer is no list of actions; Trello's API may have changed.")
        fresh = [row for row in page if row["id"] not in self._seen]
        if not fresh and len(page) >= PAGE_SIZE:
            raise FatalError(
                f"{self._where}: the same page came twice, so the list cannot be trusted; nothing is used."
            )
        self._seen.update(row["id"] for row in fresh)
        return fresh

    def following(self, fresh: list[dict[str, Any]]) -> dict[str, str | int] | None:
        """Return the query for the next page; None when the last one brought nothing new."""
        if not fresh:
            return None
        try:
            oldest = min(datetime.fromisoformat(row["date"]) for row in fresh)
        except (KeyError, TypeError, ValueError):
            raise FatalError(f"{self._where}: an action has no date; Trello's API may have changed.") from None
        return {**self._params, "before": rfc3339(oldest + timedelta(milliseconds=1))}


def rfc3339(moment: datetime) -> str:
    """Return *moment* as Trello writes it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
