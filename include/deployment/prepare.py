"""Prepare both databases before anything else starts: `python /opt/airflow/include/deployment/prepare.py`.

Airflow's schema, the administrator and the role for the review page, then the schema of the sync's own state. Doing it
again changes nothing; a schema of an older version is migrated.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROLES = Path(__file__).with_name("roles.json")
"""Role *Sync*: beside Viewer or User it shows the page of that name in the navigation; these two see no plugin."""


def main() -> None:
    """Prepare everything, or end with a sentence that says what is missing."""
    password = os.environ.pop("ADMIN_PASSWORD", "")
    if not password:
        sys.exit("ADMIN_PASSWORD is empty: it is the password that the administrator logs in with, see .env.example")
    check_path(os.environ.get("AIRFLOW__API__BASE_URL", ""), os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])
    prepare_airflow(os.environ.get("ADMIN_NAME") or "admin", password)
    prepare_state()


def check_path(base_url: str, execution_url: str) -> None:
    """End with a sentence where tasks would not find the api-server: it answers them below the path of its address."""
    path = urlsplit(base_url).path.rstrip("/")
    if urlsplit(execution_url).path != f"{path}/execution/":
        sys.exit(f"AIRFLOW_URL has the path {path}, where no task finds Airflow: write AIRFLOW_PATH={path} instead")


def prepare_airflow(name: str, password: str) -> None:
    """Migrate Airflow's database, and make the administrator and the role where they are missing."""
    airflow("db", "migrate")
    person = ("--firstname", name, "--lastname", "Administrator", "--email", f"{name}@localhost")
    airflow("users", "create", "--username", name, "--role", "Admin", "--password", password, *person)
    airflow("roles", "import", str(ROLES))


def airflow(*arguments: str) -> None:
    """Carry out a command of Airflow in this process: what it is told appears in no list of processes."""
    from airflow.cli.cli_parser import get_parser

    parsed = get_parser().parse_args(list(arguments))
    parsed.func(parsed)


def prepare_state() -> None:
    """Bring the state database to this version's schema."""
    from customerp_trello.state.location import STATE_CONNECTION, state_url
    from customerp_trello.state.store import Store

    url = state_url()
    if url.startswith("sqlite"):
        sys.exit(f"connection {STATE_CONNECTION} is missing: workers on several machines need a state that all reach")
    with Store(url) as store:
        store.upgrade()
    print("The state database is ready.", flush=True)


if __name__ == "__main__":
    main()
