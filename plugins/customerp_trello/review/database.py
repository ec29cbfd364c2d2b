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
        if _opened is not None and _opened[0] == url:
            store = _opened[1]
        else:
            if _opened is not None:
                _opened[1].close()
            store = Store(url)
        store.upgrade()
        _opened = (url, store, now)
        return store


State = Annotated[Store, Depends(opened)]
