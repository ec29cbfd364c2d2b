"""The company of the demo on the distributed installation, and what a test asks of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from compose_file import REPOSITORY, read_env
from installation import Installation
from live_airflow import AT_ONCE, LiveAirflow
from machine import Machine
from scenarios import SYNC, only

from customerp_trello.state.store import Store
from demo import rounds
from demo.airflow_api import AirflowApi
from demo.check_records import PAIRS
from demo.company import Company, unscheduled_mappings
from demo.layout import Layout
from demo.processes import members
from demo.systems import CUSTOMERP_TOKEN, INTEGRATION_TOKEN, CustomERP
from deployment.new_env import EXAMPLE, for_sandbox, new_env

# Eleven processes and eight more for tasks share the processors: nothing here fails because they take their time.
LONGEST_RUN = 1200.0
rounds.RUN_SECONDS, rounds.EVENT_SECONDS = LONGEST_RUN, 180.0

# How soon a dead worker is noticed: 300 s by default. Longer than a busy machine keeps a heartbeat waiting.
QUICK = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
}


class DistributedAirflow(LiveAirflow):
    """Like the live Airflow on one machine, but for where its parts are.

    Args:
        home: folder of everything.
        tasks_run_by: the profile of docker-compose.yaml that says who runs the tasks.
        path: where below its address people find Airflow.

    Attributes:
        installation: the running services.
        company: what the service `seed` has made.
    """

    attempt_seconds, middle_seconds = 300.0, 150.0

    def __init__(self, home: Path, tasks_run_by: str, path: str) -> None:
        self.mappings = _mappings(home / "unscheduled")
        mounted, env = sources(home / "sources", self.mappings), _env(tasks_run_by) | {"AIRFLOW_PATH": path}
        self.installation = Installation(home / "installed", env, mounted, QUICK)
        self.stack = self.installation  # type: ignore[assignment]

    def open(self) -> None:
        """Meet the company once everything runs, and let its DAGs run."""
        self.company = Company(json.loads(self.installation.log("seed").read_text()))
        self.summary = self.company.summary
        password = self.installation._env["STATE_DATABASE_PASSWORD"]
        address = self.installation.address("postgres")
        self.state = Store(f"postgresql+psycopg://customerp_trello:{password}@{address}:5432/customerp_trello")

    def erp(self) -> CustomERP:
        """CustomERP as anybody reaches it."""
        return CustomERP(self.installation.systems["customerp"]["url"])

    def in_sync(self, pair: str, *routes: str) -> bool:
        """Whether a further run ends well and sends no write to these routes."""
        api, before = self.api(), self.systems().writes_made()
        again = api.wait(pair, api.trigger(pair, SYNC), LONGEST_RUN)
        return again.state == "success" and not only(self.systems().writes_made() - before, *routes)

    def worker_of(self, api: AirflowApi, pair: str, run: str, task: str) -> Machine:
        """The machine on which a task runs or ran last."""
        (found,) = (one for one in api.task_instances(pair, run) if one["task_id"] == task)
        return self.installation.machines[found["hostname"]]


@contextmanager
def installed(home: Path, tasks_run_by: str, path: str = "") -> Iterator[DistributedAirflow]:
    """Everything that `docker compose up` starts, with all four DAGs unpaused; nothing of it runs afterwards."""
    live = DistributedAirflow(home, tasks_run_by, path)
    with live.installation:
        live.open()
        api = live.api()
        api.wait_for_dags(PAIRS, 600)
        for pair in PAIRS:
            api.set_paused(pair, False)
        yield live
        live.state.close()
    assert members(str(live.installation.home)) == []


def _env(profile: str) -> dict[str, str]:
    """With two writes in flight."""
    env = sandbox_env(profile)
    trello = json.loads(env["TRELLO_CONNECTION"])
    trello["extra"]["writes_in_flight"] = AT_ONCE
    return env | {"TRELLO_CONNECTION": json.dumps(trello)}


def sandbox_env(profile: str) -> dict[str, str]:
    """A new `.env` for the sandbox, with the tokens that the demo's own clients use."""
    fresh = new_env(EXAMPLE.read_text(encoding="utf-8")).replace("PROFILES=celery", f"PROFILES={profile}")
    made = read_env(fresh)
    text = fresh.replace(made["SANDBOX_CUSTOMERP_TOKEN"], CUSTOMERP_TOKEN)
    return read_env(for_sandbox(text.replace(made["SANDBOX_TRELLO_TOKEN"], INTEGRATION_TOKEN)))


def _mappings(folder: Path) -> Path:
    """The mappings of the demo; an interrupted create is looked for sooner."""
    layout = Layout(folder)
    layout.prepare()
    mappings = unscheduled_mappings(layout)
    for file in mappings.glob("*.yaml"):
        file.write_text(file.read_text().replace("settle_seconds: 120", "settle_seconds: 20"))
    return mappings


def sources(folder: Path, mappings: Path) -> Path:
    """What the compose file mounts, as a checkout has it, with these mappings."""
    for name in ("dags", "plugins", "include"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(mappings, folder / "include" / "mappings", dirs_exist_ok=True)
    return folder


def new_lines(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Texts of the comments that have come since."""
    return [text for key, text in after.items() if key not in before]
