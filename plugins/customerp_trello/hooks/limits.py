"""Trello's request limits: a request takes a place within each of them before it is sent.

A token that DAGs, tasks, retries and machines use at once has one budget. So places are counted where all of them look:
the flow hands in :class:`Places` over the state database. A hook that was given none (a connection test, a script)
counts for itself and leaves the rest to what Trello's answers say.

A place is held from before the request until a window's length after its *answer*. Trello counts the request at some
moment between the two. So the next one to use the place is counted at least a window later, and however slow a request
is and wherever Trello's windows begin, none of them sees more than the limit.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from customerp_trello.errors import RetriableError

TEN_SECONDS, QUARTER_HOUR = 10.0, 900.0
SCOPES = {"key": "api-key", "token": "api-token", "member": "member"}
"""Our name of a limit -> Trello's, as in ``x-rate-limit-api-key-remaining``."""

_PROFILE_ROUTE = re.compile(r"/1/members/[^/]+/?$")
_LOOK_AGAIN = 1.0
"""Seconds after which a waiting request looks again: a place that a running request holds may be free sooner."""


class Places(Protocol):
    """Where places are counted. Budgets are given as name -> (places, seconds that a place stays taken)."""

    def take(self, ticket: str, budgets: Mapping[str, tuple[int, float]], at_most: float) -> float:
        """Take one place in each budget, or in none of them.

        Args:
            ticket: names the request.
            budgets: those that the request counts in.
            at_most: seconds after which the request has ended, even if nobody says so.

        Returns:
            0.0, or the seconds until a place may be free.
        """

    def settle(
        self, ticket: str, budgets: Mapping[str, tuple[int, float]], used: Mapping[str, tuple[int, float]]
    ) -> None:
        """The request has ended: its places stay taken for the budget's seconds, counted from now.

        Args:
            ticket: names the request.
            budgets: as given to :meth:`take`.
            used: budget -> how many places the server says are used, and for how many seconds they are at most; what
                that is more than is counted here was used by others.
        """


class OwnPlaces:
    """Places of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, tuple[int, float]]] = {}

    def take(self, ticket: str, budgets: Mapping[str, tuple[int, float]], at_most: float) -> float:
        """See :class:`Places`."""
        now = time.monotonic()
        with self._lock:
            wait = max(self._wait(name, limit, now) for name, (limit, _) in budgets.items())
            if not wait:
                for name, (_, seconds) in budgets.items():
                    self._held[name][ticket] = (1, now + at_most + seconds)
            return wait

    def settle(
        self, ticket: str, budgets: Mapping[str, tuple[int, float]], used: Mapping[str, tuple[int, float]]
    ) -> None:
        """See :class:`Places`."""
        now = time.monotonic()
        with self._lock:
            for name, (_, seconds) in budgets.items():
                held = self._held[name]
                held[ticket] = (1, now + seconds)
                told, lasting = used.get(name, (0, 0.0))
                if (others := told - sum(places for places, until in held.values() if until > now)) > 0:
                    held[f"others {ticket}"] = (others, now + lasting)

    def _wait(self, name: str, limit: int, now: float) -> float:
        live = {ticket: one for ticket, one in self._held.get(name, {}).items() if one[1] > now}
        self._held[name] = live
        taken = sum(places for places, _ in live.values())
        for places, until in sorted(live.values(), key=lambda one: one[1]) if taken >= limit else ():
            taken -= places
            if taken < limit:
                return until - now
        return 0.0


class TrelloLimits:
    """The budgets of one key and token: N/10 s per token, 3 N/10 s per key, N/900 s on a member's own route.

    Args:
        base_url: a budget belongs to one system.
        key: API key, or the token where there is no key.
        token: token. Budgets are named by a hash: neither key nor token can be read from where they are counted.
        limit: N; Trello's own is 100.
        places: where to count.
        at_most: seconds that a request may take.
        longest_wait: seconds that a request may wait for its place.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        token: str,
        limit: int = 100,
        *,
        places: Places | None = None,
        at_most: float = 70.0,
        longest_wait: float = 120.0,
    ) -> None:
        self.places: Places = OwnPlaces() if places is None else places
        self.at_most, self.longest_wait = at_most, longest_wait
        self._names = {
            "token": _name(base_url, "token", token),
            "key": _name(base_url, "key", key or token),
            "member": _name(base_url, "member", token),
        }
        # Who leaves room for other programs does so in ten seconds; a quarter of an hour has too few places as it is.
        member = (max(limit, 100), QUARTER_HOUR)
        self._sizes = {"token": (limit, TEN_SECONDS), "key": (3 * limit, TEN_SECONDS), "member": member}

    def acquire(self, path: str) -> str:
        """Wait for a place for a request to the URL path *path*, and return the ticket for :meth:`settle`.

        Raises:
            RetriableError: none came free in time, or the count cannot be reached.
        """
        ticket, budgets = uuid.uuid4().hex, self._budgets(path)
        deadline = time.monotonic() + self.longest_wait
        while wait := self.places.take(ticket, budgets, self.at_most):
            left = deadline - time.monotonic()
            if wait > left:
                limits = " and ".join(f"{limit} requests in {seconds:.0f} s" for limit, seconds in budgets.values())
                raise RetriableError(
                    f"Trello's limits ({limits}) are used up by what else uses this token and key; a place is free in "
                    f"{wait:.0f} s, which is longer than a task waits. It goes on by itself later.",
                    retry_after=wait,
                )
            time.sleep(min(wait, _LOOK_AGAIN))
        return ticket

    def settle(self, ticket: str, path: str, headers: Mapping[str, str]) -> None:
        """Say that a request has ended, and learn from its answer what others have used.

        Args:
            ticket: of :meth:`acquire`.
            path: as given to it.
            headers: the answer's headers; empty if it was lost.
        """
        told = {scope: _told(headers, f"x-rate-limit-{title}") for scope, title in SCOPES.items()}
        used = {
            self._names[scope]: (one.used if one.left else max(one.used, self._sizes[scope][0]), one.seconds)
            for scope, one in told.items()
            if one
        }
        self.places.settle(ticket, self._budgets(path), used)

    def _budgets(self, path: str) -> dict[str, tuple[int, float]]:
        scopes = SCOPES if _PROFILE_ROUTE.search(path) else ("key", "token")
        return {self._names[scope]: self._sizes[scope] for scope in scopes}


@dataclass(frozen=True)
class _Told:
    """What an answer says of one limit: places used and left in its window of so many seconds."""

    used: int
    left: int
    seconds: float


def _told(headers: Mapping[str, str], name: str) -> _Told | None:
    try:
        most, left, window = (int(headers[f"{name}-{what}"]) for what in ("max", "remaining", "interval-ms"))
    except (KeyError, ValueError):
        return None
    return _Told(most - left, left, window / 1000)


def _name(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
