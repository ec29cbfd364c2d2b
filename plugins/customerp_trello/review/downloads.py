"""What a run did or meant to do, as CSV for a spreadsheet; to those who may see the DAG, as the pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import HTTPException
from fastapi.responses import Response, StreamingResponse

from customerp_trello.review.access import ReadablePair
from customerp_trello.review.database import State
from customerp_trello.review.listing import csv_lines, plan_rows
from customerp_trello.review.render import HEADERS
from customerp_trello.review.run import RunId, of_pair
from customerp_trello.review.words import moment
from customerp_trello.state import records
from customerp_trello.state.plans import get_plan
from customerp_trello.state.store import Store

PLAN = (
    "change", "side", "operation", "customerp_id", "trello_id", "key", "property", "before", "after", "customerp",
    "trello", "base_customerp", "base_trello", "winner", "cause", "detail", "actor",
)  # fmt: skip
CHANGES = (
    "at", "side", "operation", "customerp_id", "trello_id", "property", "before", "after", "cause", "winner", "actor",
)  # fmt: skip
_AT_ONCE = 2_000


def plan(pair: ReadablePair, store: State, run: RunId) -> Response:
    """The whole plan: every change with before, after and cause; ``?`` is unknown, as in the run's own file."""
    with store.read() as tx:
        of_pair(tx, pair, run)
        found = get_plan(tx, run)
    if found is None:
        raise HTTPException(404, "This run has made no plan.")
    rows = ([_cell(row.get(name, "")) for name in PLAN] for row in _begun(plan_rows(found.path)))
    return _csv(f"{pair}-{run[:8]}-plan", PLAN, rows)


def _cell(value: Any) -> Any:
    return "?" if value is None else value


def changes(pair: ReadablePair, store: State, run: RunId) -> Response:
    """All that the run did."""
    with store.read() as tx:
        of_pair(tx, pair, run)
    return _csv(f"{pair}-{run[:8]}-changes", CHANGES, _lines(store, run))


def _lines(store: Store, run: str) -> Iterator[Sequence[Any]]:
    after = 0
    while True:
        with store.read() as tx:
            found = records.history_of_a_run(tx, run, after=after, limit=_AT_ONCE)
        yield from ([moment(line.at), *(getattr(line, name) for name in CHANGES[1:])] for line in found)
        if len(found) < _AT_ONCE:
            return
        after = found[-1].id


def _begun(rows: Iterator[Any]) -> Iterator[Any]:
    """The rows, the first of them read now: a file that is not there is said before the answer begins."""
    first = next(rows, None)

    def all_of_them() -> Iterator[Any]:
        if first is not None:
            yield first
        yield from rows

    return all_of_them()


def _csv(name: str, head: Sequence[str], rows: Iterator[Sequence[Any]]) -> Response:
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(csv_lines(head, rows), media_type="text/csv; charset=utf-8", headers=headers)
