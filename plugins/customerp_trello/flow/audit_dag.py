"""The audit's DAG: wiring only. What it does is in :mod:`customerp_trello.flow.audit`.

::

    pairs -> compare[pair] -> verdict
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, get_current_context, task

from customerp_trello.flow.notices import Notice
from customerp_trello.flow.retries import RETRY_POLICY

AUDIT = "customerp_trello__audit"


def audit_dag(doc: str | None = None) -> DAG:
    """Build the DAG.

    Args:
        doc: the DAG file's docstring.
    """
    with DAG(
        dag_id=AUDIT,
        dag_display_name="CustomERP and Trello: audit",
        description="Compares all linked records of all pairs and writes nothing",
        doc_md=doc,
        schedule=CronTriggerTimetable("30 3 * * *", timezone="UTC"),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["customerp", "trello", "audit"],
        default_args={
            "retries": 2,
            "retry_delay": timedelta(minutes=5),
            "retry_policy": RETRY_POLICY,
            "on_failure_callback": Notice(every=True),
        },
    ) as dag:
        _wire()
    return dag


def _wire() -> None:
    @task
    def pairs() -> list[str]:
        """All pairs that have a mapping, in the order of their names."""
        from customerp_trello.mapping.load import mappings_folder

        return sorted(file.stem for file in mappings_folder().glob("*.yaml"))

    # One after the other: they share Trello's limits with the syncs, which should not wait for an audit. What could not
    # be compared the verdict tells.
    @task(max_active_tis_per_dagrun=1, on_failure_callback=Notice())
    def compare(pair: str) -> dict[str, Any]:
        """Read both sides of a pair completely and compare all linked records."""
        from customerp_trello.flow.audit import compare as step
        from customerp_trello.flow.tasks import open_sides, open_store
        from customerp_trello.mapping.load import load_pair

        mapping, store = load_pair(pair), open_store()
        return step(mapping, store, open_sides(mapping, store))

    @task(trigger_rule="all_done", show_return_value_in_logs=False)
    def verdict(names: list[str]) -> str:
        """Say what was found; red if a person has to look."""
        from customerp_trello.flow.audit import judge, late_pairs
        from customerp_trello.flow.change_log import log
        from customerp_trello.flow.settings import stale_hours
        from customerp_trello.flow.tasks import open_store

        instance, hours, store = get_current_context()["ti"], stale_hours(), open_store()
        found = instance.xcom_pull(task_ids="compare", map_indexes=list(range(len(names))))
        by_pair = {one["pair"]: one for one in found or [] if one}
        text = judge([by_pair.get(pair) for pair in names], late_pairs(names, store, hours), hours)
        log.info(text)
        return text

    names: Any = pairs()
    compare.expand(pair=names) >> verdict(names)
