"""Runs of the four DAGs through Airflow's REST API: trigger, wait, fetch what they said."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.airflow_api import FINISHED, POLL_SECONDS, AirflowApi
from demo.check_records import CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS
from demo.errors import AirflowApiError, DemoError
from demo.page import Page

TITLES = {CUSTOMERS: "customers", EMPLOYEES: "employees", CONTACTS: "contacts", PROJECTS: "projects"}
RUN_SECONDS = 240.0
EVENT_SECONDS = 15.0
# The form opens as a preview.
_SYNC = {"action": "sync"}
_LOADS = {"CustomERP": "load_customerp", "Trello": "load_trello"}
_FIGURE = re.compile(r"  (\S.*?) {2,}([\d.]+)$")


@dataclass(frozen=True)
class Run:
    """A run that has ended well.

    Attributes:
        pair: its DAG.
        run_id: Airflow's id.
        report: what its last task printed.
        digest: names its plan.
        held: whether the guard keeps the plan for a person.
        written: writes per system, as the load tasks counted them.
    """

    pair: str
    run_id: str
    report: str
    digest: str
    held: bool
    written: Mapping[str, int]

    @property
    def figures(self) -> dict[str, str]:
        """The report's table."""
        return {found[1]: found[2] for line in self.report.splitlines() if (found := _FIGURE.match(line))}

    @property
    def headline(self) -> str:
        """The report's first line."""
        return self.report.partition("\n")[0]


class Rounds:
    """Starts runs and waits for them.

    Args:
        airflow: Airflow's REST API.
        page: where to say what goes on.
    """

    def __init__(self, airflow: AirflowApi, page: Page) -> None:
        self._airflow = airflow
        self._page = page

    def trigger(self, pairs: Iterable[str], forms: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, str]:
        """Start a run of each pair: a sync, or what its trigger form says; pair to run id."""
        pairs = list(pairs)
        self._page.say(f"POST /api/v2/dags/.../dagRuns for {', '.join(TITLES[pair] for pair in pairs)}")
        return {pair: self._airflow.trigger(pair, (forms or {}).get(pair, _SYNC)) for pair in pairs}

    def started(self, pair: str) -> set[str]:
        """Ids of all runs that a pair has had."""
        return {run["dag_run_id"] for run in self._airflow.dag_runs(pair)}

    def started_by_itself(self, pair: str, before: set[str]) -> str:
        """Id of the run that an asset event has started since; "" if none did."""
        deadline = time.monotonic() + EVENT_SECONDS
        while time.monotonic() < deadline:
            for run in self._airflow.dag_runs(pair):
                if run["dag_run_id"] not in before and run["run_type"] == "asset_triggered":
                    return str(run["dag_run_id"])
            time.sleep(POLL_SECONDS)
        return ""

    def finish(self, runs: Mapping[str, str]) -> list[Run]:
        """Wait for the end of all runs, in the order of the pairs given.

        Raises:
            DemoError: a run failed, or has not ended in time.
        """
        waiting, begun = dict(runs), time.monotonic()
        while waiting:
            for pair, run_id in list(waiting.items()):
                state = self._airflow.dag_run(pair, run_id)["state"]
                if state in FINISHED:
                    del waiting[pair]
                    self._page.say(f"  {TITLES[pair]:<10} {state} after {time.monotonic() - begun:.0f} s")
                    if state != "success":
                        raise DemoError(self._failure(pair, run_id))
            if time.monotonic() - begun > RUN_SECONDS:
                states = {TITLES[pair]: self._airflow.task_states(pair, run_id) for pair, run_id in waiting.items()}
                raise DemoError(f"not ended after {RUN_SECONDS:.0f} s: {states}")
            time.sleep(POLL_SECONDS)
        return [self._run(pair, run_id) for pair, run_id in runs.items()]

    def plan(self, run: Run) -> list[str]:
        """The plan's lines as the reconcile task printed them."""
        lines = [str(line["event"]) for line in self._airflow.log(run.pair, run.run_id, "reconcile")]
        first = next((at for at, text in enumerate(lines) if text.startswith("::group::Plan")), len(lines))
        last = next((at for at in range(first, len(lines)) if lines[at].startswith("::endgroup::")), len(lines))
        return lines[first + 1 : last]

    def _run(self, pair: str, run_id: str) -> Run:
        verdict = self._airflow.xcom(pair, run_id, "guard")
        written = {system: self._written(pair, run_id, task) for system, task in _LOADS.items() if verdict["go"]}
        report = str(self._airflow.xcom(pair, run_id, "report"))
        return Run(pair, run_id, report, verdict["digest"], not verdict["go"], written)

    def _written(self, pair: str, run_id: str, task: str) -> int:
        return int(self._airflow.xcom(pair, run_id, task)["written"])

    def _failure(self, pair: str, run_id: str) -> str:
        lines = [f"{pair} {run_id} has failed."]
        for task, state in self._airflow.task_states(pair, run_id).items():
            if state == "failed":
                lines.append(f"The end of the log of its task {task}:")
                lines += [f"  {line}" for line in self._last_lines(pair, run_id, task)]
        return "\n".join(lines)

    def _last_lines(self, pair: str, run_id: str, task: str) -> list[str]:
        try:
            lines = self._airflow.log(pair, run_id, task)
        except AirflowApiError as error:
            return [str(error)]
        return [str(line.get("error_detail") or line["event"])[:2000] for line in lines[-8:]]
