"""The closing table: what the run did, in numbers that a person takes in at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from customerp_trello.flow.form import RELINK
from customerp_trello.flow.metrics import send_health, send_run
from customerp_trello.flow.next_steps import next_steps
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.mapping.model import SIDES
from customerp_trello.reconcile.plan import CONFLICT, DELETE, MOVED, NOT_WRITABLE, NOTES, STATE_ONLY, UNLINK, WRITES
from customerp_trello.state.health import health_of
from customerp_trello.state.history import counts_of_run, has_done, links_touched
from customerp_trello.state.links import count_links
from customerp_trello.state.plans import APPLIED, HELD, get_plan
from customerp_trello.state.runs import end_run
from customerp_trello.state.work import load_open_work

WORDS = {"link": "newly linked", "adopt": "adopted", "relink": "relinked", "unlink": "unlinked"}
WROTE = {
    "create": "created",
    "restore": "restored",
    "update": "updated",
    "undo": "put back",
    "move": "moved",
    "delete": "deleted",
}
LINK_CHANGES = ("create", "link", "relink", "unlink", "move", "delete", "restore")


def report(run: PairRun, steps: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Close the run's row and say what it did.

    Args:
        run: the run.
        steps: what the run's tasks returned, by task (None where a task did not come to its end).

    Returns:
        The table as text.
    """
    status = _status(run, steps)
    figures = _figures(run) if status in ("success", "failed") else _intended(run)
    for name in ("requests", "rate_limited"):
        number = sum(int(step.get(name, 0)) for step in steps.values() if step)
        if number or name == "requests":
            figures[name.replace("_", " ")] = number
    with run.store.begin() as tx:
        seconds = (tx.now - run.row.started_at).total_seconds()
        figures["seconds"] = round(seconds, 1)
        end_run(tx, run.id, status, figures)
        plan = get_plan(tx, run.id)
        health = health_of(tx, run.pair)
    send_run(run.pair, status, figures)
    send_health(run.pair, health)
    digest = plan.digest if plan else ""
    verdict = (steps.get("guard") or {}).get("verdict", "")
    lines = [f"{run.mapping.title}: {status}" + (f" - {verdict}" if verdict else ""), ""]
    width = max(len(name) for name in figures)
    lines += [f"  {name:<{width}}  {number:>8}" for name, number in figures.items()]
    lines += ["", *next_steps(run, status, steps, figures), f"  plan {digest or '-'}   run {run.id}"]
    return "\n".join(lines)


def links_changed(run: PairRun) -> bool:
    """Whether the run made, moved or ended a link, so that pairs that build on this one have news."""
    with run.store.read() as tx:
        return has_done(tx, run.id, LINK_CHANGES)


def _status(run: PairRun, steps: Mapping[str, Mapping[str, Any] | None]) -> str:
    with run.store.read() as tx:
        plan = get_plan(tx, run.id)
    if plan is not None and plan.status == APPLIED:
        return "success"
    if run.form.dry and steps.get("guard"):
        return "preview"
    if run.form.action == RELINK and steps.get("load_trello"):
        return "success"
    return "held" if plan is not None and plan.status == HELD else "failed"


def _figures(run: PairRun) -> dict[str, Any]:
    """Numbers of changes, not of properties."""
    with run.store.read() as tx:
        done = counts_of_run(tx, run.id)
        touched = links_touched(tx, run.id, (UNLINK, DELETE))
        work = load_open_work(tx, run.pair)
        linked = count_links(tx, run.pair)
        plan = get_plan(tx, run.id)
    figures: dict[str, Any] = {"linked": linked}
    for side in SIDES:
        for operation, word in WROTE.items():
            number = done.get((side, operation), (0, 0))[0]
            if number or operation in ("create", "update"):
                figures[f"{word} in {side}"] = number
    for operation, word in WORDS.items():
        figures[word] = sum(changes for (_, one), (changes, _) in done.items() if one == operation)
    figures["conflicts"] = sum(lines for (_, one), (_, lines) in done.items() if one == CONFLICT)
    figures["not writable"] = int((plan.counts if plan else {}).get(NOT_WRITABLE, 0))
    if moved := int((plan.counts if plan else {}).get(MOVED, 0)):
        figures["moved"] = moved
    figures["quarantined"] = _kinds(work, "quarantined", "quarantine")
    figures["waiting"] = _kinds(work, "waiting", "deferred", "conflict")
    figures["unchanged"] = max(0, linked - touched)
    return figures


def _intended(run: PairRun) -> dict[str, Any]:
    """What the plan would do, for a run that wrote nothing."""
    with run.store.read() as tx:
        plan = get_plan(tx, run.id)
        linked = count_links(tx, run.pair)
    counts = plan.counts if plan else {}
    figures: dict[str, Any] = {"linked": linked}
    for side in SIDES:
        for operation in WRITES:
            if number := counts.get(f"{side}.{operation}"):
                figures[f"would {operation} in {side}"] = number
    for operation in (*STATE_ONLY, *NOTES):
        figures[operation.replace("_", " ")] = int(counts.get(operation, 0))
    return figures


def _kinds(work: pd.DataFrame, *kinds: str) -> int:
    return int(work.loc[work["kind"].isin(kinds), "record_id"].nunique())
