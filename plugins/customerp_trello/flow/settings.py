"""Where state and frames live: from Airflow's connections and variables, with defaults that need no set-up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customerp_trello.flow.artifacts import Folder

STATE_CONNECTION = "customerp_trello_state"
STORAGE_VARIABLE = "customerp_trello_storage"

RETENTION_VARIABLE = "customerp_trello_retention_days"
RETENTION_DAYS = 90.0


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


def retention_days() -> float:
    """How long closed runs, their history and their frames are kept: the Airflow variable if set, else 90 days.

    Raises:
        ConfigurationError: the variable is no number of days.
    """
    from airflow.sdk import Variable

    from customerp_trello.errors import ConfigurationError

    text = Variable.get(RETENTION_VARIABLE, default=None)
    try:
        days = float(text) if text else RETENTION_DAYS
    except ValueError:
        days = 0.0
    if days < 1:
        raise ConfigurationError(f"Airflow variable {RETENTION_VARIABLE} is {text!r}; valid: a number of days from 1.")
    return days
