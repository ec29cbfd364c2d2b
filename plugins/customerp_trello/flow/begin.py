"""The first steps of a run: whose turn it is, what was asked for, and what an interrupted run left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from customerp_trello.errors import FatalError, FormError
from customerp_trello.flow.form import APPLY_PLAN, LET_THROUGH, Form, form_of
from customerp_trello.flow.pair_run import LEASE_SECONDS, PairRun
from customerp_trello.flow.recover import recover
from customerp_trello.mapping.model import Mapping
from customerp_trello.sides.base import Side
from customerp_trello.state import inbox, lease
from customerp_trello.state.lease import Fence, Holder
from customerp_trello.state.plans import held_plan, seen_plan
from customerp_trello.state.runs import find_run, get_run, start_run, update_run
from customerp_trello.state.search import index_next, is_indexed, set_searchable
from customerp_trello.state.store import Store


def acquire(
    mapping: Mapping,
    store: Store,
    run_id: str,
    form: Form,
    *,
    dag_id: str = "",
    airflow_run_id: str = "",
    started_by: str = "",
    attempt: int = 1,
) -> Holder | None:
    """Take the pair's lease for a run and write the run down; asking again for the same run is harmless.

    Returns:
        None if the run has the lease, else who has it.

    Raises:
        FormError: the run to be undone, or the plan to be applied, is not there.
    """
    form = _with_run(store, mapping.pair, form)
    found = lease.acquire(store, mapping.pair, run_id, LEASE_SECONDS)
    if isinstance(found, Holder):
        return found
    with store.begin() as tx:
        if get_run(tx, run_id) is None:
            start_run(
                tx,
                mapping.pair,
                dag_id=dag_id,
                airflow_run_id=airflow_run_id,
                attempt=attempt,
                action=form.action,
                window=(form.changed_from, form.changed_to),
                form=form.as_json(),
                started_by=started_by,
                run_id=run_id,
            )
        update_run(tx, run_id, run_fence=found.run_fence)
    return None


def _with_run(store: Store, pair: str, form: Form) -> Form:
    """The form with our id of the run to be undone, which another action takes from the plan that it names.

    Letting a plan through takes from it as well what that run was confined to: of anything else nobody has seen a plan.
    """
    with store.read() as tx:
        if form.action in (LET_THROUGH, APPLY_PLAN):
            named = (held_plan if form.action == LET_THROUGH else seen_plan)(tx, pair, form.plan)
            row = get_run(tx, named.run) if named else None
            seen = form_of(row.form) if row else Form()
            return replace(
                seen if form.action == LET_THROUGH else form, action=form.action, plan=form.plan, run=seen.run
            )
        if not form.run:
            return form
        found = find_run(tx, pair, form.run)
    if found is None:
        raise FormError(
            f"{pair}: there is no run {form.run!r} to undo (any more). Valid: the id in the last line of a run's "
            "report, its first digits, or Airflow's run id of this DAG."
        )
    return replace(form, run=found.id)


def begin(run: PairRun, open_side: Callable[[str], Side]) -> dict[str, Any]:
    """Check the connections and resolve what an interrupted run left open, before anything is read.

    What the inbox holds by now is answered by this run, if it reads everything.

    Raises:
        FatalError: the run has no lease.
    """
    if run.row.run_fence is None:
        raise FatalError(f"{run.pair}: run {run.id} has not acquired the pair's lease.")
    if run.form.dry:
        return {"recovered": "a preview resolves nothing"}
    fence = run.attempt()
    _keep_searchable(run, fence)
    return {"recovered": recover(run, fence, open_side), "deliveries": _take_deliveries(run, fence)}


def _keep_searchable(run: PairRun, fence: Fence) -> None:
    """Index the pair's links where the mapping names other properties to search by; others may write in between."""
    with run.store.read() as tx:
        if is_indexed(tx, run.pair, run.mapping.searched):
            return
    with run.begin(fence) as tx:
        set_searchable(tx, run.pair, run.mapping.searched)
    more = True
    while more:
        with run.begin(fence) as tx:
            more = index_next(tx, run.pair) > 0


def _take_deliveries(run: PairRun, fence: Fence) -> int:
    with run.store.read() as tx:
        if run.form.partial or not inbox.waiting(tx, run.pair):
            return 0
    with run.begin(fence) as tx:
        return inbox.take_out(tx, run.pair, run.id)
