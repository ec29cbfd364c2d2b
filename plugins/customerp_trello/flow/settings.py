"""Where frames live and how long: from Airflow's variables, with defaults that need no set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customerp_trello.state.location import home

if TYPE_CHECKING:
    from customerp_trello.flow.artifacts import Folder

STORAGE_VARIABLE = "customerp_trello_storage"

RETENTION_VARIABLE = "customerp_trello_retention_days"
RETENTION_DAYS = 90.0


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
