"""What a person does next, after a run: the last lines of its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from customerp_trello.flow.assets import DECISIONS
from customerp_trello.flow.form import way_through
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.state.conflicts import conflicts
from customerp_trello.state.plans import HELD, get_plan


def next_steps(
    run: PairRun, status: str, steps: Mapping[str, Mapping[str, Any] | None], figures: Mapping[str, Any]
) -> list[str]:
    """Sentences, one a line; none where there is nothing to do.

    Args:
        run: the run.
        status: how it ended.
        steps: what its tasks returned, by task in their order; None where one did not come to its end.
        figures: of the report.
    """
    found = list(_steps(run, status, steps, figures))
    return [*(f"  next: {text}" for text in found), ""] if found else []


def _steps(
    run: PairRun, status: str, steps: Mapping[str, Mapping[str, Any] | None], figures: Mapping[str, Any]
) -> Iterator[str]:
    with run.store.read() as tx:
        plan, asked = get_plan(tx, run.id), len(conflicts(tx, run.pair))
    if plan and plan.status == HELD:
        way = way_through(run.form.action)
        yield f"look at the plan; to let it through, trigger action {way} with plan {plan.digest}"
        if not run.form.dry:
            yield f"or answer in the DAG {DECISIONS}, which asks"
    elif plan and status == "preview":
        yield f"to do exactly this, trigger action apply_plan with plan {plan.digest}"
    if status == "failed":
        stopped = next((name for name, told in steps.items() if told is None), "report")
        yield f"read the last lines of the log of {stopped}: they say why it stopped and what to do"
        yield "nothing is lost: the next run finds out what was written and goes on from there"
    if figures.get("moved"):
        yield f"{figures['moved']} values moved since the plan was made; trigger a preview to see what is left"
    if figures.get("quarantined"):
        yield f"{figures['quarantined']} records are in quarantine: correct them where their system's own message says"
    if asked:
        yield f"{asked} conflicts wait for an answer in the DAG {DECISIONS}"
