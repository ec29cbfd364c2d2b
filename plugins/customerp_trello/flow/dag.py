"""The DAG of a pair: wiring only. What its tasks do is in :mod:`customerp_trello.flow.tasks`.

::

    acquire_lease -> begin -> extract_customerp --> reconcile -> guard -> load_customerp -> load_trello -> publish
                           -> extract_trello ---/                                   report -> release_lease (teardown)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import (
    DAG,
    Asset,
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    ExceptionRetryPolicy,
    PokeReturnValue,
    RetryAction,
    RetryRule,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from customerp_trello import errors
from customerp_trello.flow import tasks
from customerp_trello.flow.form_fields import form_params
from customerp_trello.mapping.document import describe
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import Mapping
from customerp_trello.webhooks.inbox_trigger import news_asset

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[errors.ConfigurationError, errors.FormError, errors.FatalError, errors.GuardError],
            action=RetryAction.FAIL,
            reason="A person has to act; trying again changes nothing",
        ),
        RetryRule(
            exception=errors.LeaseLost,
            action=RetryAction.FAIL,
            reason="Another run or attempt owns the pair",
        ),
        RetryRule(exception=errors.RetriableError, action=RetryAction.RETRY, reason="The system was away"),
    ]
)
"""Asked inside the task's own process; after a kill only `retries` and `retry_delay` count."""

STEPS = ("begin", "extract_customerp", "extract_trello", "reconcile", "guard", "load_customerp", "load_trello")


def links_asset(pair: str) -> Asset:
    """The asset that is updated when a pair's links changed."""
    return Asset(name=f"{pair}_links", uri=f"customerp-trello://{pair}/links", group="customerp_trello")


def pair_dag(pair: str, doc: str | None = None) -> DAG:
    """Build the DAG of a pair from its mapping.

    Args:
        pair: names the mapping, the DAG and its file.
        doc: the DAG file's docstring; the mapping as tables follows it.

    Raises:
        ConfigurationError: the mapping is wrong; Airflow shows it as an import error.
    """
    mapping = load_pair(pair)
    with DAG(
        dag_id=pair,
        dag_display_name=mapping.title,
        description=mapping.title,
        doc_md=f"{(doc or '').strip()}\n\n{describe(mapping)}",
        schedule=_schedule(mapping),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["customerp", "trello", mapping.customerp.entity, mapping.trello.entity],
        params=form_params(),
        default_args={
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=5),
            "retry_policy": RETRY_POLICY,
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

    @task(show_return_value_in_logs=False)
    def report(sync_run: str) -> str:
        """Show what the run did."""
        instance = get_current_context()["ti"]
        return tasks.report(pair, sync_run, {step: instance.xcom_pull(task_ids=step) for step in STEPS})

    @task
    def release_lease(sync_run: str) -> None:
        """Let the next run have its turn."""
        tasks.release_lease(pair, sync_run)

    sync_run: Any = acquire_lease()
    turn = sync_run.operator.as_setup()
    started = begin(sync_run)
    read = [extract_customerp(sync_run), extract_trello(sync_run)]
    verdict: Any = guard(sync_run)
    written = [load_customerp(sync_run, verdict), load_trello(sync_run, verdict)]
    told: Any = report(sync_run)
    freed: Any = release_lease(sync_run)
    started >> read >> reconcile(sync_run) >> verdict >> written[0] >> written[1] >> publish(sync_run) >> told >> freed
    # Both are teardowns: they always run, and they never turn a failed run green.
    told.operator.as_teardown(setups=turn)
    freed.operator.as_teardown(setups=turn)


def _go(verdict: dict[str, Any]) -> None:
    if not verdict["go"]:
        raise AirflowSkipException(verdict["verdict"])
