"""Where state and frames live: from Airflow's connections and variables, with defaults that need no set-up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customerp_trello.flow.artifacts import Folder

STATE_CONNECTION = "customerp_trello_state"
STORAGE_VARIABLE = "customerp_trello_storage"


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


def storage() -> Folder:
    """Root of the runs' frames: the Airflow variable (any fsspec URL) if set, else a local folder."""
    from airflow.sdk import ObjectStoragePath, Variable

    return ObjectStoragePath(Variable.get(STORAGE_VARIABLE, default=None) or f"file://{home() / 'runs'}")
