"""Where frames live and how long: from Airflow's variables, with defaults that need no set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customerp_trello.state.location import home

if TYPE_CHECKING:
    from customerp_trello.flow.artifacts import Folder

STORAGE_VARIABLE = "customerp_trello_storage"

RETENTION_VARIABLE = "customerp_trello_retention_days"
RETENTION_DAYS = 90.0

STALE_VARIABLE = "customerp_trello_stale_hours"
STALE_HOURS = 24.0


def storage() -> Folder:
    """Root of the runs' frames: the Airflow variable (any fsspec URL) if set, else a local folder."""
    from airflow.sdk import ObjectStoragePath, Variable

    return ObjectStoragePath(Variable.get(STORAGE_VARIABLE, default=None) or f"file://{home() / 'runs'}")


def shares_storage() -> bool:
    """Whether the frames are in another place than a folder of this machine."""
    return not str(storage()).startswith("file:")


def retention_days() -> float:
    """How long closed runs, their history and their frames are kept, in days: the Airflow variable, else 90.

    Raises:
        ConfigurationError: the variable is no number of days.
    """
    return _from_one(RETENTION_VARIABLE, RETENTION_DAYS, "days")


def stale_hours() -> float:
    """How long a pair may be without a full run that went through before the audit says so, in hours.

    Raises:
        ConfigurationError: the variable is no number of hours.
    """
    return _from_one(STALE_VARIABLE, STALE_HOURS, "hours")


def _from_one(variable: str, default: float, unit: str) -> float:
    from airflow.sdk import Variable

    from customerp_trello.errors import ConfigurationError

    text = Variable.get(variable, default=None)
    try:
        number = float(text) if text else default
    except ValueError:
        number = 0.0
    if number < 1:
        raise ConfigurationError(f"Airflow variable {variable} is {text!r}; valid: a number of {unit} from 1.")
    return number
