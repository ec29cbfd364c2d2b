"""One run: what it was asked, what it did, and its plan."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from customerp_trello.errors import RecordMissing
from customerp_trello.review.access import ReadablePair
from customerp_trello.review.database import State
from customerp_trello.review.listing import PlanPage, plan_page
from customerp_trello.review.lists import MORE, After, paged, title
from customerp_trello.review.pairs import known_mapping
from customerp_trello.review.render import base, page
from customerp_trello.state import records
from customerp_trello.state.plans import Plan, get_plan
from customerp_trello.state.runs import Run, get_run
from customerp_trello.state.transaction import Transaction

_WROTE_NOTHING = ("preview", "held")

RunId = Annotated[str, Path(pattern="^[A-Za-z0-9_-]+$", max_length=255)]


def of_pair(tx: Transaction, pair: str, run: str) -> Run:
    """The pair's run.

    Raises:
        HTTPException: 404, the pair has no such run.
    """
    found = get_run(tx, run)
    if found is None or found.pair != pair:
        raise HTTPException(404, "There is no such run (any more).")
    return found


def show(request: Request, pair: ReadablePair, store: State, run: RunId, after: After = 0) -> Response:
    """What a run did, change by change; of a run that was not to write, what it would do."""
    with store.read() as tx:
        found, plan = of_pair(tx, pair, run), get_plan(tx, run)
        lines, last = paged(records.history_of_a_run(tx, run, after=after, limit=MORE))
    if plan and not lines and not after and found.status in _WROTE_NOTHING:
        return RedirectResponse(f"{base(request)}/pair/{pair}/run/{run}/plan", 303)
    return page(
        request,
        "run",
        **_head(pair, found, plan, did=True),
        lines=lines,
        more=last.id if last else None,
        later=after > 0,
    )


def plan(
    request: Request,
    pair: ReadablePair,
    store: State,
    run: RunId,
    number: Annotated[int, Query(alias="page", ge=0, le=10**7)] = 0,
) -> Response:
    """What a run meant to do."""
    with store.read() as tx:
        found, known = of_pair(tx, pair, run), get_plan(tx, run)
        did = found.status not in _WROTE_NOTHING or bool(records.history_of_a_run(tx, run, limit=1))
    missing, rows = "", PlanPage([], 0, False)
    try:
        rows = plan_page(known.path, number) if known else rows
    except RecordMissing as error:
        missing = str(error)
    return page(request, "plan", **_head(pair, found, known, did=did), rows=rows, number=number, missing=missing)


def _head(pair: str, run: Run, plan: Plan | None, *, did: bool) -> dict[str, Any]:
    mapping = known_mapping(pair)
    properties = mapping.properties if mapping else ()
    return {
        "pair": pair,
        "pair_title": title(pair),
        "run": run,
        "plan": plan,
        "did": did,
        "labels": {prop.name: prop.label for prop in properties},
        "form": {name: value for name, value in run.form.items() if value not in (None, "", []) and name != "action"},
    }
