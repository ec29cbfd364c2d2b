"""Delivers webhooks: real HTTP from a thread of its own, tried again when it is not taken, as both systems do."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import requests

TIMEOUT = 10.0


@dataclass(frozen=True)
class Parcel:
    """One delivery to one webhook.

    Attributes:
        told: called with True or False after each attempt, in the courier's thread.
    """

    url: str
    body: bytes
    headers: dict[str, str]
    told: Callable[[bool], None] = field(default=lambda taken: None)


class Courier:
    """Sends parcels in the order in which they are due; the thread starts with the first one.

    Args:
        waits: seconds before each further attempt; after the last one the parcel is dropped.
    """

    def __init__(self, waits: Sequence[float]) -> None:
        self.waits = tuple(waits)
        self._due: list[tuple[float, int, int, Parcel]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def send(self, parcel: Parcel) -> None:
        """Deliver as soon as possible; returns at once."""
        self._put(parcel, 0, 0.0)

    def forget(self) -> None:
        """Drop what has not been delivered."""
        with self._changed:
            self._due.clear()

    def stop(self) -> None:
        """Deliver nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _put(self, parcel: Parcel, attempt: int, wait: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + wait, next(self._numbers), attempt, parcel))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (one := self._next()) is not None:
                attempt, parcel = one
                taken = _post(session, parcel)
                parcel.told(taken)
                if not taken and attempt < len(self.waits):
                    self._put(parcel, attempt + 1, self.waits[attempt])

    def _next(self) -> tuple[int, Parcel] | None:
        """The next parcel when its time has come; None when the courier was stopped."""
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2:]
                self._changed.wait(wait)
        return None


def _post(session: requests.Session, parcel: Parcel) -> bool:
    try:
        answer = session.post(
            parcel.url, data=parcel.body, headers=parcel.headers, timeout=TIMEOUT, allow_redirects=False
        )
    except requests.RequestException:
        return False
    return 200 <= answer.status_code < 300
