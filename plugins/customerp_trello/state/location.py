"""Where the state database is: Airflow's connection if there is one, else a file that needs no set-up."""

from __future__ import annotations

import os
from pathlib import Path

from customerp_trello.errors import RetriableError

STATE_CONNECTION = "customerp_trello_state"


def home() -> Path:
    """The folder of everything that is kept locally, below ``$AIRFLOW_HOME``."""
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "customerp_trello"


def _default() -> str:
    return f"sqlite:///{home() / 'state.db'}"


def is_default(url: str) -> bool:
    """Whether this is the file that needs no set-up."""
    return url == _default()


_connected = False
"""Whether this process has found the connection before."""


def state_url() -> str:
    """SQLAlchemy URL of the state database: the Airflow connection if there is one, else a SQLite file.

    Raises:
        RetriableError: the connection was there before. Airflow says the same of one that is missing and of one that
            it could not look up, and what a web server stored in a file of its own meanwhile would be lost.
    """
    global _connected
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        url = str(Connection.get(STATE_CONNECTION).get_uri())
    except (AirflowNotFoundException, AirflowRuntimeError):
        if _connected:
            raise RetriableError(
                f"Airflow does not find the connection {STATE_CONNECTION}, which it found before. Its database or its "
                "secrets backend may be away for a moment; if you have removed the connection, restart Airflow."
            ) from None
        return _default()
    _connected = True
    return url
