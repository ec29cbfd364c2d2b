"""Quick task starts: what every task imports is imported once, in the scheduler.

LocalExecutor forks its workers from the scheduler and a worker forks each task, so whatever the scheduler has loaded
costs the task nothing. Loading pandas, pyarrow and the task runner anew costs a second of processor time per task.
Only other people's modules are named: a change in this repository's own code takes effect with the next task, as
everywhere else in Airflow.
"""

from demo.layout import Layout, write_privately

_MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.execution_time.supervisor",
    "airflow.providers.standard.operators.python",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.decorators.sensor",
    "airflow.providers.standard.sensors.python",
    "airflow.sdk.definitions.timetables.interval",
    "airflow.providers.http.hooks.http",
    "alembic",
    "croniter",
    "nameparser",
    "pandas",
    "phonenumbers",
    "pyarrow.json",
    "pyarrow.parquet",
    "pydantic",
    "requests",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.orm",
    "tenacity",
)

# Airflow imports a module of this name from AIRFLOW_HOME/config in every process.
_FILE = "airflow_local_settings.py"

_TEXT = f'''"""Written by the local stack at every start; see include/demo/preload.py."""

import importlib
import sys

__all__ = ()

if "scheduler" in sys.argv:
    for name in {_MODULES!r}:
        importlib.import_module(name)
'''


def write_preload(layout: Layout) -> None:
    """Write the settings module that loads the modules into the scheduler."""
    folder = layout.airflow_home / "config"
    folder.mkdir(parents=True, exist_ok=True)
    write_privately(folder / _FILE, _TEXT)
