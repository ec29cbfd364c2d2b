"""Trello's request limits, shared by all processes of this machine.

A token that several DAGs, tasks and retries use at once has one budget. So the count is kept in SQLite files below
``AIRFLOW_HOME`` (pyrate-limiter's bucket), each guarded by a lock on a file, and a request waits for its place before
it is sent. Files are named by a hash: neither key nor token can be read from them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import threading
import time
from pathlib import Path
from types import TracebackType

from pyrate_limiter import Limiter, Rate, RateItem, SQLiteBucket
from pyrate_limiter.limiter import SingleBucketFactory

from customerp_trello.errors import RetriableError

_PROFILE_ROUTE = re.compile(r"/1/members/[^/]+/?$")
_CLEAN_EVERY = 50


class MachineLock:
    """A lock among all threads and processes of this machine; it is released when its holder dies.

    pyrate-limiter would take `filelock` here, a dependency more; the call of the system underneath is all it needs.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self._threads = threading.RLock()
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; return False if *timeout* seconds (-1: any time) were not enough."""
        if not self._threads.acquire(blocking, timeout if blocking else -1):
            return False
        if self._depth == 0 and not self._lock_file(blocking, timeout):
            self._threads.release()
            return False
        self._depth += 1
        return True

    def _lock_file(self, blocking: bool, timeout: float) -> bool:
        if blocking and timeout == -1:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            return True
        deadline = time.monotonic() + (timeout if blocking else 0)
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.005)
            else:
                return True

    def release(self) -> None:
        """Give the lock back."""
        self._depth -= 1
        if self._depth == 0:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Close the file; the lock must not be held."""
        self._file.close()

    def __enter__(self) -> MachineLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Budget:
    """At most *limit* requests in any *seconds*, counted over all processes.

    Args:
        path: SQLite file of the count; it is made if need be.
        limit: requests.
        seconds: length of the sliding window.
    """

    def __init__(self, path: Path, limit: int, seconds: int) -> None:
        self.limit, self.seconds = limit, seconds
        self._lock = MachineLock(path.with_suffix(".lock"))
        with self._lock:
            bucket = SQLiteBucket.init_from_file([Rate(limit, seconds * 1000)], table="requests", db_path=str(path))
            # Losing the count in a power cut costs nothing, waiting for the disk at every request does.
            bucket.conn.execute("PRAGMA journal_mode=WAL")
            bucket.conn.execute("PRAGMA synchronous=OFF")
        bucket.lock = self._lock  # type: ignore[assignment] # it asks for a lock that works with `with`
        self._bucket = bucket
        self._forget_the_future()
        # No background thread: a task process is short, and acquire() throws old rows away by itself.
        self._limiter = Limiter(SingleBucketFactory(bucket, schedule_leak=False))
        self._taken = 0

    def acquire(self, longest_wait: float) -> bool:
        """Take one place, waiting at most *longest_wait* seconds; False if that was not enough."""
        self._taken += 1
        if self._taken % _CLEAN_EVERY == 0:
            self._bucket.leak(_now())
        return bool(self._limiter.try_acquire("request", timeout=longest_wait))

    def exhaust(self) -> None:
        """Take all places that are left: the server says that others have used them."""
        with self._lock:
            now = _now()
            self._bucket.leak(now)
            if (left := self.limit - self._bucket.count()) > 0:
                self._bucket.put(RateItem("others", now, weight=left))

    def close(self) -> None:
        """Close the files."""
        self._bucket.close()  # type: ignore[no-untyped-call]
        self._lock.close()

    def _forget_the_future(self) -> None:
        """Start anew after this machine's clock was set back, instead of waiting until it catches up."""
        with self._lock:
            newest = self._bucket.peek(0)
            if newest and newest.timestamp > _now() + 1000:
                self._bucket.flush()


class TrelloLimits:
    """The budgets of one key and token: N/10 s per token, 3 N/10 s per key, N/900 s on a member's own route.

    Args:
        base_url: a budget belongs to one system.
        key: API key, or the token where there is no key.
        token: token.
        limit: N; Trello's own is 100.
        longest_wait: seconds that a request may wait for its place.
    """

    def __init__(self, base_url: str, key: str, token: str, limit: int = 100, longest_wait: float = 120.0) -> None:
        folder = limits_folder()
        self._longest_wait = longest_wait
        self.token = Budget(folder / _name(base_url, "token", token), limit, 10)
        self.key = Budget(folder / _name(base_url, "key", key or token), 3 * limit, 10)
        self.profile = Budget(folder / _name(base_url, "profile", token), limit, 900)

    def acquire(self, path: str) -> None:
        """Wait for a place for a request to the URL path *path*.

        Raises:
            RetriableError: none came free in time.
        """
        budgets = [self.token, self.key, *([self.profile] if _PROFILE_ROUTE.search(path) else [])]
        for budget in reversed(budgets):
            if not budget.acquire(self._longest_wait):
                raise RetriableError(
                    f"Trello's limit of {budget.limit} requests in {budget.seconds} s is used up by other tasks "
                    f"here; waited {self._longest_wait:.0f} s. It goes on by itself later.",
                    retry_after=float(budget.seconds),
                )

    def obey(self, remaining: dict[str, str | None]) -> None:
        """Steer down where the answer says that nothing remains: scope (``key``, ``token``) -> header value."""
        for scope, budget in (("token", self.token), ("key", self.key)):
            if remaining.get(scope) == "0":
                budget.exhaust()

    def close(self) -> None:
        """Close the files."""
        for budget in (self.token, self.key, self.profile):
            budget.close()


def _now() -> int:
    return time.time_ns() // 1_000_000


def limits_folder() -> Path:
    """Folder of the counts, below ``AIRFLOW_HOME``."""
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    folder = home / "customerp_trello" / "limits"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _name(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32] + ".db"
