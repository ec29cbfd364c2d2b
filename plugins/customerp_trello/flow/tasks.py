"""What each task of a pair's DAG does. Everything heavy is imported inside: DAG files are parsed all the time."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from customerp_trello.errors import RetriableError
from customerp_trello.flow.form import Form, asked
from customerp_trello.mapping.load import load_pair

if TYPE_CHECKING:
    from customerp_trello.flow.pair_run import PairRun
    from customerp_trello.mapping.model import Mapping, SideName
    from customerp_trello.sides.base import Side
    from customerp_trello.state.store import Store

_NAMESPACE = uuid.UUID("6f0c5f0e-2f63-4b06-9d2a-6c2a3d0c9d11")


def acquire_lease(pair: str, context: Any) -> str | None:
    """Take the pair's lease.

    Returns:
        Our run's id, or None while another run has the lease (the log says which one).
    """
    from customerp_trello.flow.begin import acquire
    from customerp_trello.flow.change_log import log

    mapping, store = load_pair(pair), open_store()
    dag_run, instance = context["dag_run"], context["ti"]
    run_id = _run_id(store, dag_run.dag_id, dag_run.run_id)
    holder = acquire(
        mapping,
        store,
        run_id,
        _form(context),
        dag_id=dag_run.dag_id,
        airflow_run_id=dag_run.run_id,
        started_by=getattr(dag_run, "triggering_user_name", None) or "",
        attempt=instance.try_number,
    )
    if holder is not None:
        log.info("waiting", reason=str(holder))
        return None
    return run_id


def begin(pair: str, run_id: str) -> dict[str, Any]:
    """Resolve what an interrupted run left open."""
    from customerp_trello.flow.begin import begin as step

    run = _open(pair, run_id)
    return step(run, _sides(run))


def extract(pair: str, run_id: str, side: SideName) -> dict[str, Any]:
    """Read one side."""
    from customerp_trello.flow.extract import extract as step

    run = _open(pair, run_id)
    return step(run, side, _sides(run)(side))


def reconcile(pair: str, run_id: str) -> dict[str, Any]:
    """Make the plan and show it."""
    from customerp_trello.flow.artifacts import read_frame, read_listing
    from customerp_trello.flow.change_log import show_notes, show_plan, show_window
    from customerp_trello.flow.decide import decide

    run = _open(pair, run_id)
    result = decide(run, _sides(run))
    show_window(run.form, result.get("window", {}))
    show_plan(read_frame(run.folder, "plan"), run.mapping)
    for side in ("customerp", "trello"):
        show_notes(read_listing(run.folder, side).facts.get("notes", []))
    return result


def guard(pair: str, run_id: str, by: str) -> dict[str, Any]:
    """Judge the plan."""
    from customerp_trello.flow.change_log import show_verdict
    from customerp_trello.flow.decide import guard as step

    verdict = step(_open(pair, run_id), by)
    show_verdict(pair, verdict)
    return verdict


def load(pair: str, run_id: str, side: SideName) -> dict[str, Any]:
    """Write one side; after Trello, close the run's books."""
    from customerp_trello.flow.finish import finish
    from customerp_trello.flow.load import load as step

    run = _open(pair, run_id)
    result = step(run, side, _sides(run))
    if side == "trello":
        finish(run, run.attempt())
    return result


def links_changed(pair: str, run_id: str) -> bool:
    """Whether pairs that build on this one have news."""
    from customerp_trello.flow.report import links_changed as step

    return step(_open(pair, run_id))


def report(pair: str, run_id: str, steps: dict[str, Any]) -> str:
    """Say what happened."""
    from customerp_trello.flow.change_log import show_lines
    from customerp_trello.flow.report import report as step

    text = step(_open(pair, run_id), steps)
    show_lines(text.splitlines())
    return text


def has_questions(pair: str) -> bool:
    """Whether the pair has something for a person to decide that nobody has been asked yet."""
    from customerp_trello.flow.decisions import has_questions as step

    return step(open_store(), pair)


def release_lease(pair: str, run_id: str) -> None:
    """Let the next run have its turn."""
    from customerp_trello.state import lease

    lease.release(open_store(), pair, run_id)


def forget(pair: str) -> None:
    """Delete what is older than the retention."""
    from customerp_trello.flow.retention import forget as step
    from customerp_trello.flow.settings import retention_days, storage

    step(open_store(), storage() / pair, retention_days())


def _form(context: Any) -> Form:
    """What the run was asked for."""
    dag_run = context["dag_run"]
    kind = str(getattr(dag_run.run_type, "value", dag_run.run_type))
    start, end = dag_run.data_interval_start, dag_run.data_interval_end
    return asked(kind, dag_run.conf or {}, context["params"], (start, end) if start and end else None)


def _run_id(store: Store, dag_id: str, airflow_run_id: str) -> str:
    """Our id for this execution: Airflow uses its run id again when a run is cleared or reprocessed."""
    from customerp_trello.state.runs import get_run

    with store.read() as tx:
        for number in count():
            run_id = uuid.uuid5(_NAMESPACE, f"{dag_id}\n{airflow_run_id}\n{number}").hex
            row = get_run(tx, run_id)
            if row is None or row.ended_at is None:
                return run_id
    raise AssertionError  # pragma: no cover - count() does not end


def open_store() -> Store:
    """The state database, brought to this version's schema.

    Raises:
        RetriableError: the stored tables are shared but the state would be this machine's own: Airflow could not look
            its connection up, or it was forgotten. With an empty state the tables of all runs would count as old.
    """
    from customerp_trello.flow.settings import STORAGE_VARIABLE, shares_storage
    from customerp_trello.state.location import STATE_CONNECTION, is_default, state_url
    from customerp_trello.state.store import Store

    url = state_url()
    if is_default(url) and shares_storage():
        raise RetriableError(
            f"Airflow does not find the connection {STATE_CONNECTION}, but the variable {STORAGE_VARIABLE} names a "
            "shared place. If the connection exists, Airflow's secrets backend may be away for a moment; if not, "
            f"define it: a PostgreSQL database that all workers reach, or, on a single machine, {url}."
        )
    store = Store(url)
    store.upgrade()
    return store


def _open(pair: str, run_id: str) -> PairRun:
    from customerp_trello.flow.pair_run import open_run
    from customerp_trello.flow.settings import storage

    return open_run(load_pair(pair), open_store(), run_id, storage())


def _sides(run: PairRun) -> Callable[[str], Side]:
    return open_sides(run.mapping, run.store)


def open_sides(mapping: Mapping, store: Store) -> Callable[[str], Side]:
    """Opens each side once per task, with what the state knows of it."""
    from customerp_trello.flow.past import known_of
    from customerp_trello.mapping.model import TRELLO
    from customerp_trello.sides.open import open_side
    from customerp_trello.state.request_places import RequestPlaces

    opened: dict[str, Side] = {}
    places = RequestPlaces(store)

    def side(name: str) -> Side:
        if name not in opened:
            known = known_of(store, mapping, name) if name == TRELLO else None
            opened[name] = open_side(mapping, name, known, places)
        return opened[name]

    return side
