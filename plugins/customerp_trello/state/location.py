"""Where the state database is: Airflow's connection if there is one, else a file that needs no set-up."""

from __future__ import annotations

import os
from pathlib import Path

STATE_CONNECTION = "customerp_trello_state"


def home() -> Path:
    """The folder of everything that is kept locally, below ``$AIRFLOW_HOME``."""
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "customerp_trello"


def state_url() -> str:
    """SQLAlchemy URL of the state database: the Airflow connection if there is one, else a SQLite file."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        return str(Connection.get(STATE_CONNECTION).get_uri())
    except (AirflowNotFoundException, AirflowRuntimeError):
        return f"sqlite:///{home() / 'state.db'}"
