"""The page of one pair: figures, changes over time, what needs a person, the last runs; and its mapping."""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response

from customerp_trello.mapping import document
from customerp_trello.review import chart
from customerp_trello.review.access import Caller, ReadablePair, acts
from customerp_trello.review.database import State
from customerp_trello.review.lists import asked_questions, work_rows
from customerp_trello.review.overview import glance
from customerp_trello.review.pairs import known_mapping, mapping_of
from customerp_trello.review.render import page
from customerp_trello.state.figures import KINDS, counts_since
from customerp_trello.state.records import apart
from customerp_trello.state.runs import recent_runs

FIRST = 5
"""Entries of each list on the pair's own page."""


def show(
    request: Request, pair: ReadablePair, user: Caller, store: State, span: Literal["day", "month"] = "month"
) -> Response:
    """How the pair is doing and what there is to do."""
    chosen, mapping = chart.SPANS[span], known_mapping(pair)
    with store.read() as tx:
        bars = chart.bars_of(counts_since(tx, pair, chosen.begins(tx.now)), chosen, tx.now)
        latest = recent_runs(tx, pair, limit=8)
        questions = asked_questions(tx, pair, mapping, limit=FIRST)
        work = {kind: work_rows(tx, pair, mapping, KINDS[kind], limit=FIRST) for kind in ("quarantined", "waiting")}
        parted = apart(tx, pair, limit=1)
    return page(
        request,
        "pair",
        glance=glance(store, pair),
        pair=pair,
        acts=acts(pair, request, user),
        span=chosen,
        spans=chart.SPANS.values(),
        drawing=chart.draw(bars, chosen),
        kinds=chart.KINDS,
        runs=latest,
        questions=questions,
        work=work,
        parted=bool(parted),
    )


def mapping(request: Request, pair: ReadablePair) -> Response:
    """What corresponds to what."""
    found = mapping_of(pair)
    return page(
        request,
        "mapping",
        pair=pair,
        title=found.title,
        summary=document.summary(found),
        head=document.PROPERTY_HEAD,
        rows=document.property_rows(found),
        sections=document.sections(found),
    )
