"""The environment that Airflow's processes run in: loopback only, small, quick to react, no telemetry."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.layout import REPOSITORY, Layout, write_privately
from demo.processes import MARKER

LOOPBACK = "127.0.0.1"
ADMIN = "admin"

# What a caller's shell may hold and would change the stack behind its back.
_FOREIGN = ("AIRFLOW_", "AIRFLOW__", "PYTHONPATH", "PYTHONHOME", "CUSTOMERP_TRELLO_", "SANDBOX_")


def base_environment(layout: Layout) -> dict[str, str]:
    """Return the caller's environment without foreign Airflow settings, marked as belonging to this stack."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | {
        MARKER: str(layout.home),
        # setproctitle otherwise overwrites the memory that holds the marker.
        "SPT_NOENV": "1",
        "NO_PROXY": f"{LOOPBACK},localhost",
        "no_proxy": f"{LOOPBACK},localhost",
        "PYTHONUNBUFFERED": "1",
        # A task is forked from a process that has loaded numpy; without threads of its own that is safe.
        "OPENBLAS_NUM_THREADS": "1",
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
    }


def airflow_environment(
    layout: Layout,
    *,
    port: int,
    connections: Mapping[str, Mapping[str, Any]],
    dags: Path | None = None,
    plugins: Path | None = None,
    overrides: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment of every Airflow process.

    Args:
        layout: where the stack keeps its files.
        port: TCP port of the api-server on loopback.
        connections: connection id to its fields (conn_type, host, login, password, extra), as Airflow's JSON form.
        dags: DAG folder; the repository's by default.
        plugins: plugins folder; the repository's by default.
        overrides: environment variables that win over everything here.
    """
    url = f"http://{LOOPBACK}:{port}"
    options = {
        **_options(layout, url, dags or REPOSITORY / "dags", plugins or REPOSITORY / "plugins"),
        "API__PORT": str(port),
    }
    return (
        base_environment(layout)
        | {"AIRFLOW_HOME": str(layout.airflow_home)}
        | {f"AIRFLOW__{name}": value for name, value in options.items()}
        | {f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields) for name, fields in connections.items()}
        | dict(overrides or {})
    )


def _options(layout: Layout, url: str, dags: Path, plugins: Path) -> dict[str, str]:
    keys = layout.secrets()
    return {
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__PLUGINS_FOLDER": str(plugins),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        # SQLite takes one writer at a time; with 4 tasks at once it never answers "database is locked".
        "CORE__PARALLELISM": "4",
        "CORE__FERNET_KEY": keys["fernet_key"],
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords_file),
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        # The default asks the name server for the host's full name, which can take seconds on a laptop.
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",
        "CORE__TEST_CONNECTION": "Enabled",
        "API__HOST": LOOPBACK,
        "API__BASE_URL": url,
        "API__SECRET_KEY": keys["api_secret_key"],
        "API_AUTH__JWT_SECRET": keys["jwt_secret"],
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{layout.airflow_home / 'airflow.db'}",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        # Also how long a worker sleeps before it notices that its task has ended: 5 s by default, for every other task.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "LOGGING__BASE_LOG_FOLDER": str(layout.airflow_home / "logs"),
        "LOGGING__COLORED_CONSOLE_LOG": "False",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def write_passwords(layout: Layout) -> None:
    """Write the administrator's password before Airflow starts; otherwise it invents one and prints it to a log."""
    write_privately(layout.passwords_file, json.dumps({ADMIN: layout.secrets()["admin_password"]}))
