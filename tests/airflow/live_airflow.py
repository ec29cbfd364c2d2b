"""A real Airflow (scheduler, dag processor, api-server, triggerer) and both sandbox systems, seeded, on loopback."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil
import sandbox_seed
from both_systems import BothSystems
from four_dags import CONTACTS, CUSTOMERS, EMPLOYEES, MAPPINGS, PROJECTS
from sqlalchemy import select

from customerp_trello.mapping.load import FOLDER_VARIABLE
from customerp_trello.state.intents import DONE, Intent, intent, open_intents
from customerp_trello.state.lease import Holder, holder
from customerp_trello.state.links import link_ids
from customerp_trello.state.runs import Run, recent_runs
from customerp_trello.state.store import Store
from demo.airflow_api import AirflowApi
from demo.layout import Layout
from demo.ports import free_ports
from demo.sandbox_systems import default_connections
from demo.stack import Stack

T = TypeVar("T")

# Once a month until summer: exactly one interval is due when a test starts, and three more can be backfilled. Airflow
# spreads the first retry over 30 to 60 s by a hash of the logical date; with these hours it is little over 30 s.
CUSTOMERS_SCHEDULE, PROJECTS_MOMENT = "0 5 1 3-7 *", "2026-06-01T04:00:00Z"
NEVER = "0 0 1 1 *"
MISSPELT = "trello:\n  conection: trello_default"

QUICK = {
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    # How soon a dead supervisor is noticed: 300 s by default.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "12",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
}


AT_ONCE = 2
"""Records in flight: several, and yet so few that it is known which of them a kill meets."""


class LiveAirflow:
    """The stack, with what a test asks of it.

    Args:
        home: folder of everything.
        connections: Airflow's connections beside those to both systems.

    Attributes:
        stack: the running processes.
        port: of the api-server.
        mappings: the mappings that Airflow reads; the contacts' one has a misspelt key.
        summary: what the seed says about the company.
        state: our state database.
    """

    # How long a test waits for an attempt of a task, and for the middle of its load.
    attempt_seconds, middle_seconds = 150.0, 60.0

    def __init__(self, home: Path, connections: dict[str, dict[str, Any]] | None = None) -> None:
        self._more = connections or {}
        layout = Layout(home)
        layout.prepare()
        self.mappings = mappings_for_tests(home / "mappings")
        self.summary = sandbox_seed.seed(layout.database("customerp"), layout.database("trello"), 24)
        self.state = Store(f"sqlite:///{layout.airflow_home / 'customerp_trello' / 'state.db'}")
        overrides = QUICK | {FOLDER_VARIABLE: str(self.mappings)}
        # Not the usual port: another test's stack may be about to take it.
        (self.port,) = free_ports(1)
        self.stack = Stack(home, connections=self._connections, port=self.port, overrides=overrides)

    def _connections(self, systems: Any) -> Any:
        seeded = {
            "staff_workspaces": self.summary["staff"]["short_names"],
            "register_card": self.summary["register_card"]["id"],
        }
        found = default_connections({name: {**said, **seeded} for name, said in systems.items()})
        if "trello_default" in found:
            found["trello_default"]["extra"]["writes_in_flight"] = AT_ONCE
        return {**found, **self._more}

    def api(self) -> AirflowApi:
        """A client of Airflow's REST API; one per thread."""
        return self.stack.airflow()

    def systems(self) -> BothSystems:
        """Clients of both systems; one pair per thread."""
        urls = {name: said["url"] for name, said in self.stack.systems.items()}
        card, staff = self.summary["register_card"]["id"], self.summary["staff"]["short_names"]
        return BothSystems(urls["customerp"], urls["trello"], card, staff)

    # -- our state ---------------------------------------------------------------------------------------------

    def open_intents(self, pair: str) -> list[Intent]:
        with self.state.read() as tx:
            return open_intents(tx, pair)

    def intents(self, pair: str) -> list[Intent]:
        """All of them, oldest first."""
        with self.state.read() as tx:
            rows = tx.execute(select(intent).where(intent.c.pair == pair).order_by(intent.c.id)).mappings()
            return [Intent(**row) for row in rows]

    def done(self, pair: str, operation: str = "create") -> list[Intent]:
        return [one for one in self.intents(pair) if one.status == DONE and one.operation == operation]

    def links(self, pair: str) -> dict[int, str]:
        """CustomERP's id -> Trello's."""
        with self.state.read() as tx:
            ids = link_ids(tx, pair)
        return dict(zip(ids["customerp_id"].astype(int), ids["trello_id"], strict=True))

    def runs(self, pair: str) -> list[Run]:
        """Newest first."""
        with self.state.read() as tx:
            return recent_runs(tx, pair)

    def holder(self, pair: str) -> Holder | None:
        return holder(self.state, pair)

    # -- processes ---------------------------------------------------------------------------------------------

    def running(self, api: AirflowApi, pair: str, run: str, task: str, attempt: int) -> psutil.Process:
        """Wait for an attempt of a task and return its own process; its parent is its supervisor."""

        def process() -> psutil.Process | None:
            (found,) = (one for one in api.task_instances(pair, run) if one["task_id"] == task)
            ready = found["state"] == "running" and found["try_number"] == attempt and found["pid"]
            return psutil.Process(found["pid"]) if ready else None

        return wait_for(process, f"{task} of {pair}, attempt {attempt}", self.attempt_seconds)

    def in_the_middle(self, pair: str, done: int) -> Intent:
        """Wait until so many creates are done and the next ones are on their way; the first of these."""

        def underway() -> Intent | None:
            standing = self.open_intents(pair)
            return standing[0] if len(standing) == AT_ONCE and len(self.done(pair)) == done else None

        found = wait_for(underway, f"create {done + 1} of {pair}", self.middle_seconds)
        time.sleep(0.7)  # written down before they are sent
        return found


def mappings_for_tests(folder: Path) -> Path:
    """The repository's mappings with other schedules, a first run that writes, and one misspelt key."""
    shutil.copytree(MAPPINGS, folder)
    for file in folder.glob("*.yaml"):
        schedule = CUSTOMERS_SCHEDULE if file.stem == CUSTOMERS else NEVER
        text = file.read_text().replace('"*/15 * * * *"', f'"{schedule}"')
        text = text.replace("first_run: hold", "first_run: apply").replace("settle_seconds: 120", "settle_seconds: 20")
        file.write_text(text.replace("create_count: 20", "create_count: 2000"))
    misspell(folder / f"{CONTACTS}.yaml")
    return folder


def misspell(file: Path) -> None:
    file.write_text(file.read_text().replace("trello:\n  connection: trello_default", MISSPELT))


def correct(file: Path) -> None:
    file.write_text(file.read_text().replace(MISSPELT, "trello:\n  connection: trello_default"))


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], T | None], what: str, seconds: float) -> T:
    """Return the first value that is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.1)
    return found


__all__ = ["CONTACTS", "CUSTOMERS", "EMPLOYEES", "PROJECTS", "LiveAirflow", "alive", "correct", "wait_for"]
