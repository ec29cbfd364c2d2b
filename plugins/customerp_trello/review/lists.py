"""Pages of what stands open about a pair, each entry with the action to take."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from customerp_trello.mapping.model import Mapping
from customerp_trello.review.access import Caller, ReadablePair, acts
from customerp_trello.review.database import State
from customerp_trello.review.listing import as_read
from customerp_trello.review.naming import Name, called, name_of
from customerp_trello.review.pairs import known_mapping
from customerp_trello.review.render import page
from customerp_trello.state import records
from customerp_trello.state.conflicts import Conflict
from customerp_trello.state.figures import KINDS
from customerp_trello.state.plans import latest_path
from customerp_trello.state.records import PAGE, Link, OpenWork
from customerp_trello.state.runs import recent_runs
from customerp_trello.state.transaction import Transaction

T = TypeVar("T")
MORE = PAGE + 1
"""Entries to ask for: with one too many there is a next page."""

After = Annotated[int, Query(ge=0, le=2**62)]
Before = Annotated[int | None, Query(ge=0, le=2**62)]


@dataclass(frozen=True)
class Question:
    """A conflict that a person has to settle.

    Attributes:
        seen: stands for the values that the person sees; an answer about others is refused.
    """

    conflict: Conflict
    link: Link | None
    name: Name
    label: str
    seen: str


@dataclass(frozen=True)
class WorkRow:
    """A piece of open work with what its record is called."""

    work: OpenWork
    link: Link | None
    name: Name


def paged(found: list[T]) -> tuple[list[T], T | None]:
    """What a page shows of one entry more than it has room for, and its last entry if there is a next page."""
    return found[:PAGE], found[PAGE - 1] if len(found) > PAGE else None


def seen(conflict: Conflict) -> str:
    """A digest of the values that are fought over."""
    values = (conflict.base_customerp, conflict.base_trello, conflict.customerp, conflict.trello)
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def asked_questions(
    tx: Transaction, pair: str, mapping: Mapping | None, *, after: int = 0, limit: int = PAGE
) -> list[Question]:
    """A page of unanswered conflicts."""
    asked = records.open_conflicts(tx, pair, after=after, limit=limit)
    links = records.links_of(tx, pair, {one.link for one in asked})
    return [
        Question(
            one,
            link := links.get(one.link),
            _name(link, mapping, str(one.link)),
            label(mapping, one.property),
            seen(one),
        )
        for one in asked
    ]


def label(mapping: Mapping | None, name: str) -> str:
    """What a property is called."""
    found = [prop.label for prop in mapping.properties if prop.name == name] if mapping else []
    return found[0] if found else name.replace("_", " ").capitalize()


def work_rows(
    tx: Transaction,
    pair: str,
    mapping: Mapping | None,
    kinds: Collection[str],
    *,
    after: int = 0,
    limit: int = PAGE,
) -> list[WorkRow]:
    """A page of open work, with names from the links or from what the last run read."""
    work = records.open_work_of(tx, pair, kinds, after=after, limit=limit)
    return named(tx, pair, mapping, work)


def named(tx: Transaction, pair: str, mapping: Mapping | None, work: Collection[OpenWork]) -> list[WorkRow]:
    """Open work with what its records are called."""
    links = records.links_with(tx, pair, {(one.side, one.record_id) for one in work})
    lone = [one for one in work if (one.side, one.record_id) not in links]
    path = latest_path(tx, pair) if lone and mapping else ""
    read = {
        side: as_read(path, side, {one.record_id for one in lone if one.side == side}, mapping.names if mapping else ())
        for side in {one.side for one in lone}
    }
    return [
        WorkRow(
            one,
            link := links.get((one.side, one.record_id)),
            name_of(link, mapping) if link else called(read[one.side].get(one.record_id, {}), mapping, one.record_id),
        )
        for one in work
    ]


def _name(link: Link | None, mapping: Mapping | None, otherwise: str) -> Name:
    return name_of(link, mapping) if link else Name(otherwise)


def conflicts(request: Request, pair: ReadablePair, user: Caller, store: State, after: After = 0) -> Response:
    """Conflicts that a person has to settle."""
    with store.read() as tx:
        questions, last = paged(asked_questions(tx, pair, known_mapping(pair), after=after, limit=MORE))
    return page(
        request,
        "conflicts",
        pair=pair,
        title=title(pair),
        acts=acts(pair, request, user),
        questions=questions,
        more=last.conflict.id if last else None,
    )


def open_work(
    request: Request,
    pair: ReadablePair,
    user: Caller,
    store: State,
    kind: Literal["quarantined", "waiting", "not_writable"],
    after: After = 0,
) -> Response:
    """Records that are quarantined, that wait, or that get no counterpart."""
    with store.read() as tx:
        rows, last = paged(work_rows(tx, pair, known_mapping(pair), KINDS[kind], after=after, limit=MORE))
    return page(
        request,
        "open_work",
        pair=pair,
        title=title(pair),
        kind=kind,
        acts=acts(pair, request, user),
        rows=rows,
        more=last.work.id if last else None,
    )


def not_writable(request: Request, pair: ReadablePair, store: State, before: Before = None) -> Response:
    """Links with a value that a target does not take."""
    mapping = known_mapping(pair)
    with store.read() as tx:
        found, last = paged(records.not_writable_links(tx, pair, before=before, limit=MORE))
        lone = work_rows(tx, pair, mapping, KINDS["not_writable"]) if before is None else []
    rows = [
        (
            one,
            name_of(one, mapping),
            [label(mapping, name) for name, text in one.marks.items() if text.startswith("not_")],
        )
        for one in found
    ]
    more = last.id if last else None
    return page(request, "not_writable", pair=pair, title=title(pair), rows=rows, lone=lone, more=more)


def suspended(request: Request, pair: ReadablePair, store: State, after: After = 0) -> Response:
    """Links of which one side is out of sight."""
    mapping = known_mapping(pair)
    with store.read() as tx:
        found, last = paged(records.suspended_links(tx, pair, after=after, limit=MORE))
    rows = [(one, name_of(one, mapping)) for one in found]
    more = last.id if last else None
    return page(request, "suspended", pair=pair, title=title(pair), rows=rows, more=more)


def apart(request: Request, pair: ReadablePair, user: Caller, store: State, after: After = 0) -> Response:
    """Records that a person took apart, and those whose counterpart was deleted."""
    with store.read() as tx:
        rows, last = paged(records.apart(tx, pair, after=after, limit=MORE))
    more = last.id if last else None
    return page(request, "apart", pair=pair, title=title(pair), acts=acts(pair, request, user), rows=rows, more=more)


def runs(request: Request, pair: ReadablePair, store: State, before: AwareDatetime | None = None) -> Response:
    """A page of runs, the latest first."""
    with store.read() as tx:
        found, last = paged(recent_runs(tx, pair, limit=MORE, before=before))
    more = last.started_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if last else None
    return page(request, "runs", pair=pair, title=title(pair), runs=found, more=more)


def title(pair: str) -> str:
    """What the pair is called."""
    mapping = known_mapping(pair)
    return mapping.title if mapping else pair
