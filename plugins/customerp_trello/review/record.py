"""One record on both sides, property by property, with all that ever happened to it and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import HTTPException, Path, Request, Response

from customerp_trello.mapping.model import Mapping
from customerp_trello.review.access import Caller, ReadablePair, acts
from customerp_trello.review.database import State
from customerp_trello.review.listing import as_read
from customerp_trello.review.lists import MORE, Before, Question, label, named, paged, seen, title
from customerp_trello.review.naming import called, name_of, trello_address
from customerp_trello.review.pairs import known_mapping
from customerp_trello.review.render import page
from customerp_trello.state import records
from customerp_trello.state.conflicts import ANSWERED, OPEN, SETTLED, Conflict
from customerp_trello.state.plans import latest_path
from customerp_trello.state.records import Line, Link
from customerp_trello.state.runs import load_watermarks

Number = Annotated[int, Path(ge=1, le=2**62)]


_AS = {OPEN: "question", ANSWERED: "answer"}


@dataclass(frozen=True)
class PropertyRow:
    """One property of a link.

    Attributes:
        customerp, trello: the bases, None where never settled.
        mark: why the two differ for good, "" if they need not.
        question: the conflict that a person has to settle, None if there is none.
        answer: the one that a person has settled and the next run carries out, None if there is none.
    """

    name: str
    label: str
    customerp: str | None
    trello: str | None
    mark: str = ""
    question: Conflict | None = None
    answer: Conflict | None = None

    @property
    def differs(self) -> bool:
        """Whether the two sides showed different values when the property was settled last."""
        return self.customerp != self.trello


def properties(link: Link, mapping: Mapping | None, standing: Iterable[Conflict]) -> list[PropertyRow]:
    """The link's properties in the mapping's order, then those that the mapping knows no more."""
    asked = {one.property: one for one in standing}
    names = dict.fromkeys([*(mapping.names if mapping else ()), *link.base_customerp, *link.base_trello, *asked])
    return [
        PropertyRow(
            name,
            label(mapping, name),
            link.base_customerp.get(name),
            link.base_trello.get(name),
            link.marks.get(name, ""),
            **{_AS[one.status]: one for one in (asked.get(name),) if one},
        )
        for name in names
    ]


def show(
    request: Request, pair: ReadablePair, user: Caller, store: State, link: Number, before: Before = None
) -> Response:
    """A linked record; or, if its link has ended, the history that is left."""
    mapping = known_mapping(pair)
    with store.read() as tx:
        found = records.get_link(tx, pair, link)
        ids = [found.customerp_id, found.trello_id] if found else []
        told = records.history_about(tx, pair, link_id=link, ids=ids, before=before, limit=MORE)
        history, last = paged(told)
        if found is None and not history:
            raise HTTPException(404)
        if found is None:
            return _gone(request, pair, link, history, last)
        conflicts = records.conflicts_about(tx, link)
        work = records.open_work_about(tx, pair, customerp_id=found.customerp_id, trello_id=found.trello_id)
        marks = load_watermarks(tx, pair)
    asked, answered, decided = (
        [one for one in conflicts if one.status == status] for status in (OPEN, ANSWERED, SETTLED)
    )
    name = name_of(found, mapping)
    card = marks["trello"].identity.get("card", "") if "trello" in marks else ""
    return page(
        request,
        "record",
        pair=pair,
        pair_title=title(pair),
        link=found,
        name=name,
        acts=acts(pair, request, user),
        rows=properties(found, mapping, [*asked, *answered]),
        questions=[Question(one, found, name, label(mapping, one.property), seen(one)) for one in asked],
        answered=answered,
        decided=decided,
        # An unanswered question is open work too; it is shown as a question.
        work=[one for one in work if one.kind != "conflict"],
        labels={prop.name: prop.label for prop in mapping.properties} if mapping else {},
        trello_address=trello_address(found, mapping, card),
        history=history,
        more=last.id if last else None,
        older=before is not None,
    )


def _gone(request: Request, pair: str, link: int, history: list[Line], last: Line | None) -> Response:
    ended = history[0]
    return page(
        request,
        "unlinked",
        pair=pair,
        pair_title=title(pair),
        name=called({}, None, ended.customerp_id or ended.trello_id or str(link)),
        work=[],
        acts=False,
        read={},
        labels={},
        history=history,
        more=last.id if last else None,
        here=f"/pair/{pair}/record/{link}",
    )


def unlinked(
    request: Request, pair: ReadablePair, user: Caller, store: State, work: Number, before: Before = None
) -> Response:
    """A record that is not linked, with what is open about it and what the last run read of it."""
    mapping = known_mapping(pair)
    with store.read() as tx:
        found = records.get_open_work(tx, pair, work)
        if found is None:
            raise HTTPException(404, "This is not open any more.")
        about = records.open_work_about(tx, pair, **{f"{found.side}_id": found.record_id})
        told = records.history_about(tx, pair, link_id=None, ids=[found.record_id], before=before, limit=MORE)
        history, last = paged(told)
        (row,) = named(tx, pair, mapping, [found])
        path = latest_path(tx, pair)
    read = as_read(path, found.side, [found.record_id], mapping.names if mapping else ()).get(found.record_id, {})
    return page(
        request,
        "unlinked",
        pair=pair,
        pair_title=title(pair),
        name=row.name,
        work=about,
        acts=acts(pair, request, user),
        read=read,
        labels={prop.name: prop.label for prop in mapping.properties} if mapping else {},
        history=history,
        more=last.id if last else None,
        here=f"/pair/{pair}/unlinked/{work}",
    )
