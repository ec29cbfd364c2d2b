"""What is done to the running Airflow, each on a pair of its own so that all of it can go on at the same time."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from live_airflow import (
    AT_ONCE,
    CONTACTS,
    CUSTOMERS,
    EMPLOYEES,
    PROJECTS,
    PROJECTS_MOMENT,
    LiveAirflow,
    alive,
    correct,
    wait_for,
)

from demo.airflow_api import FINISHED, AirflowApi, RunResult

CREATE_WORKSPACE = "POST /1/organizations"
POST_COMMENT = "POST /1/cards/{id}/actions/comments"
INVITE = "PUT /1/organizations/{id}/members"
LONGEST_RUN = 240
SYNC = {"action": "sync"}  # what the form opens with is a preview


@dataclass
class Killed:
    """What came of a run whose load was killed in the middle.

    Attributes:
        run: how it ended.
        attempts: of the killed task.
        before: what the system held of the pair before, by id.
        again: the next run.
        written_again: requests of that run that wrote.
        woken_at: when the orphan went on, beside the retry.
        outlived_by_the_retry: whether the retry was still at work when the orphan had ended.
    """

    run: RunResult
    attempts: int
    before: set[str]
    again: RunResult
    written_again: Counter[str] = field(default_factory=Counter)
    woken_at: datetime | None = None
    outlived_by_the_retry: bool = False


@dataclass
class Failed:
    """A run whose load failed for good, what clearing the load brought, and the next run."""

    run: RunResult
    tries: dict[str, int]
    report: str
    said: str
    cleared: RunResult
    said_when_cleared: str
    again: RunResult
    free: bool


@dataclass
class Mended:
    """A mapping with a misspelt key, as Airflow showed it, and what came after its correction.

    Attributes:
        shown: DAG file -> import error.
        others: the DAGs that Airflow knew meanwhile.
        followed: the run that the customers' new links started once the DAG was there.
    """

    shown: dict[str, str]
    others: set[str]
    followed: RunResult


def order_faults(live: LiveAirflow) -> None:
    """Requests that take long enough to be killed in, and one refusal; everything else is answered at once."""
    systems = live.systems()
    systems.fault(POST_COMMENT, "slow:8", times=AT_ONCE, after=2)
    systems.fault(CREATE_WORKSPACE, "slow:8", times=2 * AT_ONCE, after=4)
    systems.fault(INVITE, "status:407", times=1)


def kill_a_task(live: LiveAirflow) -> Killed:
    """SIGKILL of the process that loads projects, while comments are being posted."""
    api, systems = live.api(), live.systems()
    before = set(systems.comments())
    run = api.trigger(PROJECTS, SYNC, logical_date=PROJECTS_MOMENT)
    task = live.running(api, PROJECTS, run, "load_trello", 1)
    live.in_the_middle(PROJECTS, done=2)
    task.kill()
    result = api.wait(PROJECTS, run, LONGEST_RUN)
    attempts = tries(api, PROJECTS, run)["load_trello"]
    written = systems.writes_made()
    again = api.wait(PROJECTS, api.trigger(PROJECTS, SYNC), LONGEST_RUN)
    return Killed(result, attempts, before, again, only(systems.writes_made() - written, POST_COMMENT, "/actions/"))


def kill_a_supervisor(live: LiveAirflow) -> Killed:
    """SIGKILL of the supervisor of the task that loads customers, while workspaces are being created.

    The orphan stands still (as on a host that was suspended) until the retry is at work, and goes on beside it.
    """
    api, systems = live.api(), live.systems()
    before = {one["id"] for one in systems.organizations()}
    run = wait_for(lambda: api.dag_runs(CUSTOMERS), "the scheduled run", 60)[0]["dag_run_id"]
    orphan = live.running(api, CUSTOMERS, run, "load_trello", 1)
    first = live.in_the_middle(CUSTOMERS, done=4)
    supervisor = orphan.parent()
    assert "LocalExecutor" in " ".join(supervisor.cmdline()), supervisor
    supervisor.kill()
    supervisor.wait(10)
    orphan.send_signal(signal.SIGSTOP)  # not before: a stopped process that becomes an orphan is sent SIGHUP
    retry = live.running(api, CUSTOMERS, run, "load_trello", 2)
    wait_for(lambda: [one for one in live.intents(CUSTOMERS) if one.fence > first.fence], "the retry to write", 60)
    assert alive(orphan)
    woken = datetime.now(UTC)
    orphan.send_signal(signal.SIGCONT)
    wait_for(lambda: not alive(orphan), "the orphan's end", 30)
    beside = alive(retry)
    result = api.wait(CUSTOMERS, run, LONGEST_RUN)
    attempts = tries(api, CUSTOMERS, run)["load_trello"]
    again = api.wait(CUSTOMERS, api.trigger(CUSTOMERS, SYNC), LONGEST_RUN)
    return Killed(result, attempts, before, again, woken_at=woken, outlived_by_the_retry=beside)


def mend_a_mapping(live: LiveAirflow) -> Mended:
    """Correct the contacts' mapping while the others run; the customers' new links then start the contacts' DAG."""
    api = live.api()
    shown, others = api.import_errors(), api.dag_ids()
    correct(live.mappings / f"{CONTACTS}.yaml")
    wait_for(lambda: CONTACTS in api.dag_ids() and not api.import_errors(), "the corrected DAG", 60)
    assert api.dag_runs(CONTACTS) == []
    api.set_paused(CONTACTS, False)
    run = wait_for(lambda: api.dag_runs(CONTACTS), "the run that new customers start", LONGEST_RUN)[0]
    return Mended(shown, others, api.wait(CONTACTS, run["dag_run_id"], LONGEST_RUN))


def refuse_a_load(live: LiveAirflow) -> Failed:
    """A proxy wants credentials in the middle of the load; somebody clears the load; the next run."""
    api = live.api()
    run = api.trigger(EMPLOYEES, SYNC)
    result = api.wait(EMPLOYEES, run, LONGEST_RUN)
    free = live.holder(EMPLOYEES) is None
    attempts, report = tries(api, EMPLOYEES, run), api.xcom(EMPLOYEES, run, "report")
    said = lines(api.log(EMPLOYEES, run, "load_trello"))
    clear(api, EMPLOYEES, run, "load_trello")
    cleared = api.wait(EMPLOYEES, run, LONGEST_RUN)
    attempt = tries(api, EMPLOYEES, run)["load_trello"]
    said_when_cleared = lines(api.log(EMPLOYEES, run, "load_trello", attempt=attempt))
    again = api.wait(EMPLOYEES, api.trigger(EMPLOYEES, SYNC), LONGEST_RUN)
    return Failed(result, attempts, report, said, cleared, said_when_cleared, again, free)


def tries(api: Any, pair: str, run: str) -> dict[str, int]:
    return {task["task_id"]: task["try_number"] for task in api.task_instances(pair, run)}


def clear(api: AirflowApi, pair: str, run: str, task: str) -> None:
    """Let a task of a finished run run again, as people do in the UI."""
    wish = {"dag_run_id": run, "task_ids": [task], "only_failed": False, "dry_run": False}
    api._send("POST", f"/dags/{pair}/clearTaskInstances", body=wish)
    wait_for(lambda: api.dag_run(pair, run)["state"] not in FINISHED, "the cleared run to go on", 30)


def lines(log: list[dict[str, Any]]) -> str:
    return "\n".join(str(line) for line in log)


def only(counts: Counter[str], *parts: str) -> Counter[str]:
    """The routes that hold one of the parts: other pairs write at the same time."""
    return Counter({route: count for route, count in counts.items() if any(part in route for part in parts)})
