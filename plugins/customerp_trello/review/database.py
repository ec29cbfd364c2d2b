"""The state database of the web server's process: opened once, asked for anew every minute."""

from __future__ import annotations

import threading
import time
from typing import Annotated

from fastapi import Depends

from customerp_trello.state.location import state_url
from customerp_trello.state.store import Store

SAME_DATABASE_SECONDS = 60.0
"""Until Airflow is asked again where the state database is."""

_lock = threading.Lock()
_opened: tuple[str, Store, float] | None = None


def opened() -> Store:
    """The state database, migrated.

    Raises:
        RetriableError: it cannot be reached.
        ConfigurationError: its address or version is wrong.
    """
    global _opened
    with _lock:
        now = time.monotonic()
        if _opened is not None and now - _opened[2] < SAME_DATABASE_SECONDS:
            return _opened[1]
        url = state_url()
        store = _opened[1] if _opened is not None and _opened[0] == url else Store(url)
        store.upgrade()
        _opened = (url, store, now)
        return store


def forget() -> None:
    """Close the database; the next view opens it again."""
    global _opened
    with _lock:
        if _opened is not None:
            _opened[1].close()
        _opened = None


State = Annotated[Store, Depends(opened)]
