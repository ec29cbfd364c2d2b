"""The DAG of a pair: wiring only. What its tasks do is in :mod:`customerp_trello.flow.tasks`.

::

    acquire_lease -> begin -> extract_customerp --> reconcile -> guard -> load_customerp -> load_trello -> publish
                           -> extract_trello ---/                        report -> release_lease -> forget (teardowns)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import (
    DAG,
    AssetAlias,
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    PokeReturnValue,
    get_current_context,
    task,
)
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowSkipException

from customerp_trello.flow import tasks
from customerp_trello.flow.assets import decisions_asset, links_asset
from customerp_trello.flow.form_fields import form_params
from customerp_trello.flow.guide import GUIDE
from customerp_trello.flow.links import RunPageLink
from customerp_trello.flow.notices import Notice, tell_late
from customerp_trello.flow.retries import RETRY_POLICY
from customerp_trello.mapping.document import describe
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import Mapping
from customerp_trello.webhooks.inbox_trigger import news_asset

STEPS = ("begin", "extract_customerp", "extract_trello", "reconcile", "guard", "load_customerp", "load_trello")


class PairDAG(DAG):
    """A DAG with a deadline that can be tested all the same.

    ``dag.test()`` and ``airflow dags test`` of Airflow 3.3.2 look up a deadline that they never stored, and fail at
    the end of a run that succeeded. A run by hand at a terminal needs no alarm.
    """

    def test(self, *args: Any, **settings: Any) -> Any:
        """As the base class, without the deadline."""
        self.deadline = None
        return super().test(*args, **settings)


def pair_dag(pair: str, doc: str | None = None) -> DAG:
    """Build the DAG of a pair from its mapping.

    Args:
        pair: names the mapping, the DAG and its file.
        doc: the DAG file's docstring; the mapping as tables follows it.

    Raises:
        ConfigurationError: the mapping is wrong; Airflow shows it as an import error.
    """
    mapping = load_pair(pair)
    with PairDAG(
        dag_id=pair,
        dag_display_name=mapping.title,
        description=mapping.title,
        doc_md=f"{(doc or '').strip()}\n\n{GUIDE.format(pair=pair)}\n{describe(mapping)}",
        schedule=_schedule(mapping),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["customerp", "trello", mapping.customerp.entity, mapping.trello.entity],
        params=form_params(),
        deadline=DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(minutes=mapping.late_after_minutes),
            callback=AsyncCallback(tell_late),
            name="late",
        ),
        default_args={
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=5),
            "retry_policy": RETRY_POLICY,
            "on_failure_callback": Notice(),
        },
    ) as dag:
        _wire(pair)
    return dag


def _schedule(mapping: Mapping) -> Any:
    """Windows of its own; and a run as soon as a system tells of a change, or a pair that this one builds on has links.

    Any of the assets will do: a list would mean all of them.
    """
    windows = CronDataIntervalTimetable(mapping.schedule, timezone=mapping.timezone)
    news = [news_asset(mapping.pair), *map(links_asset, mapping.after)]
    return AssetOrTimeSchedule(timetable=windows, assets=reduce(or_, news))


def _wire(pair: str) -> None:
    @task.sensor(mode="reschedule", poke_interval=15, timeout=timedelta(hours=6).total_seconds())
    def acquire_lease() -> PokeReturnValue:
        """Wait for the pair's turn without holding a worker slot; one run per pair at a time."""
        sync_run = tasks.acquire_lease(pair, get_current_context())
        return PokeReturnValue(is_done=sync_run is not None, xcom_value=sync_run)

    @task
    def begin(sync_run: str) -> dict[str, Any]:
        """Find out what became of writes that an interrupted run left without an answer."""
        return tasks.begin(pair, sync_run)

    @task
    def extract_customerp(sync_run: str) -> dict[str, Any]:
        """Read CustomERP: what changed since the last run, or everything."""
        return tasks.extract(pair, sync_run, "customerp")

    @task
    def extract_trello(sync_run: str) -> dict[str, Any]:
        """Read Trello: everything, since its edits do not show in time."""
        return tasks.extract(pair, sync_run, "trello")

    @task(show_return_value_in_logs=False)
    def reconcile(sync_run: str) -> dict[str, Any]:
        """Compare both sides with what they showed when they last agreed; show the plan."""
        return tasks.reconcile(pair, sync_run)

    @task(show_return_value_in_logs=False)
    def guard(sync_run: str) -> dict[str, Any]:
        """Hold a plan that looks like an accident until a person lets it through."""
        by = get_current_context()["dag_run"].triggering_user_name
        return tasks.guard(pair, sync_run, by or "")

    @task
    def load_customerp(sync_run: str, verdict: dict[str, Any]) -> dict[str, Any]:
        """Write the plan's changes to CustomERP."""
        _go(verdict)
        return tasks.load(pair, sync_run, "customerp")

    @task
    def load_trello(sync_run: str, verdict: dict[str, Any]) -> dict[str, Any]:
        """Write the plan's changes to Trello and close the run's books."""
        _go(verdict)
        return tasks.load(pair, sync_run, "trello")

    @task(outlets=[links_asset(pair)])
    def publish(sync_run: str) -> None:
        """Tell the pairs that build on this one that there are new links."""
        if not tasks.links_changed(pair, sync_run):
            raise AirflowSkipException("No link changed.")

    to_decide = AssetAlias(name=f"{pair}_to_decide", group="customerp_trello")

    @task(show_return_value_in_logs=False, outlets=[to_decide])
    def report(sync_run: str) -> str:
        """Show what the run did, and call a person if there is something to decide."""
        context = get_current_context()
        instance = context["ti"]
        text = tasks.report(pair, sync_run, {step: instance.xcom_pull(task_ids=step) for step in STEPS})
        if tasks.has_questions(pair):
            context["outlet_events"][to_decide].add(decisions_asset())
        return text

    @task
    def release_lease(sync_run: str) -> None:
        """Let the next run have its turn."""
        tasks.release_lease(pair, sync_run)

    @task
    def forget() -> None:
        """Delete what is older than the retention; nobody waits for it."""
        tasks.forget(pair)

    sync_run: Any = acquire_lease()
    turn = sync_run.operator.as_setup()
    started = begin(sync_run)
    read = [extract_customerp(sync_run), extract_trello(sync_run)]
    plan: Any = reconcile(sync_run)
    verdict: Any = guard(sync_run)
    written = [load_customerp(sync_run, verdict), load_trello(sync_run, verdict)]
    told: Any = report(sync_run)
    freed: Any = release_lease(sync_run)
    forgotten: Any = forget()
    started >> read >> plan >> verdict >> written[0] >> written[1] >> publish(sync_run) >> told >> freed >> forgotten
    for made in (plan, verdict, told):
        made.operator.operator_extra_links = (RunPageLink(),)
    # These are teardowns: they always run, and they never turn a failed run green.
    for last in (told, freed, forgotten):
        last.operator.as_teardown(setups=turn)


def _go(verdict: dict[str, Any]) -> None:
    if not verdict["go"]:
        raise AirflowSkipException(verdict["verdict"])
