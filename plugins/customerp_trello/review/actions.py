"""What a person decides: each is a POST from a page of ours, by somebody who may start runs of the pair's DAG.

After it the browser is sent back to a page of ours, with a word in the address that says what was done.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from customerp_trello.errors import RecordError
from customerp_trello.mapping.model import Mapping
from customerp_trello.review.access import ActionablePair, Caller
from customerp_trello.review.database import State
from customerp_trello.review.listing import as_read
from customerp_trello.review.lists import label, seen, title
from customerp_trello.review.naming import called
from customerp_trello.review.pairs import known_mapping
from customerp_trello.review.record import Number
from customerp_trello.review.render import base, page
from customerp_trello.state import by_hand, records
from customerp_trello.state.conflicts import SUPERSEDED, answer_conflict
from customerp_trello.state.inbox import Delivery, put_in
from customerp_trello.state.plans import latest_path
from customerp_trello.state.store import Store
from customerp_trello.state.tombstones import APART
from customerp_trello.state.transaction import Transaction

REVIEW = "review"
"""In the inbox: the page asked for a run, no system did."""

FormNumber = Annotated[int, Form(ge=1, le=2**62)]
"""A row's number; larger ones fit into no database."""
RecordId = Annotated[str, Form(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]


def start(request: Request, pair: ActionablePair, store: State) -> Response:
    """Ask for a run now."""
    with store.begin() as tx:
        _wake(tx, pair)
    return _back(request, f"/pair/{pair}", "started")


def answer(
    request: Request,
    pair: ActionablePair,
    user: Caller,
    store: State,
    question: Annotated[list[str], Form(min_length=1, max_length=records.PAGE)],
    side: Annotated[Literal["customerp", "trello"], Form()],
    link: Annotated[int | None, Form(ge=1, le=2**62)] = None,
) -> Response:
    """One answer to one or many conflicts, all or none; each is named with the values that the person saw.

    Args:
        request: the request.
        pair: the pair.
        user: who answers.
        store: the state database.
        question: ``<conflict's number>.<digest of the values>``.
        side: whose value shall be on both.
        link: the record whose page it was answered on, if it was one.
    """
    with store.begin() as tx:
        for one in question:
            number, _, digest = one.partition(".")
            found = records.hold_conflict(tx, pair, int(number)) if number.isdecimal() and len(number) < 19 else None
            if found is None:
                raise HTTPException(404, "There is no such conflict (any more). Reload the page.")
            if seen(found) != digest or found.reason == SUPERSEDED:
                raise RecordError(
                    "Nothing was saved: the values have changed since you looked. Reload the page and decide anew."
                )
            answer_conflict(tx, found.id, side, user.get_name())
    return _back(request, f"/pair/{pair}/record/{link}" if link else f"/pair/{pair}/conflicts", "answered")


def retry(
    request: Request,
    pair: ActionablePair,
    user: Caller,
    store: State,
    work: Annotated[list[FormNumber], Form(min_length=1, max_length=records.PAGE)],
) -> Response:
    """Try records again in a run that starts now, however often they have failed."""
    with store.begin() as tx:
        for number in work:
            by_hand.retry(tx, pair, number, user.get_name())
        _wake(tx, pair)
    return _back(request, f"/pair/{pair}", "retry")


def rejoin(request: Request, pair: ActionablePair, user: Caller, store: State, tombstone: FormNumber) -> Response:
    """Let two records that were taken apart find each other again, or let a survivor count as new."""
    with store.begin() as tx:
        found = by_hand.rejoin(tx, pair, tombstone, user.get_name())
    return _back(request, f"/pair/{pair}/apart", "rejoined" if found.side == APART else "renewed")


def unlink(
    request: Request,
    pair: ActionablePair,
    user: Caller,
    store: State,
    link: Number,
    customerp_id: RecordId,
    trello_id: RecordId,
) -> Response:
    """End a link between the two records that the person saw.

    Raises:
        RecordError: it binds others by now.
    """
    by_hand.unlink_by_hand(store, pair, link, user.get_name(), seen=(customerp_id, trello_id))
    return _back(request, f"/pair/{pair}/record/{link}", "unlinked")


def check_link(
    request: Request, pair: ActionablePair, store: State, customerp_id: RecordId, trello_id: RecordId
) -> Response:
    """Show the two records side by side before they are linked.

    Raises:
        RecordError: one of them is linked, or no run has seen it.
    """
    mapping = known_mapping(pair)
    sides = _seen(store, pair, mapping, customerp_id.strip(), trello_id.strip())
    names = mapping.names if mapping else ()
    rows = [(label(mapping, name), *(sides[side].get(name) for side in ("customerp", "trello"))) for name in names]
    return page(
        request,
        "link",
        pair=pair,
        pair_title=title(pair),
        customerp_id=customerp_id.strip(),
        trello_id=trello_id.strip(),
        names=[
            called(values, mapping, record)
            for values, record in zip(sides.values(), (customerp_id, trello_id), strict=True)
        ],
        rows=rows,
    )


def link(
    request: Request, pair: ActionablePair, user: Caller, store: State, customerp_id: RecordId, trello_id: RecordId
) -> Response:
    """Link two records that no run would link by itself."""
    _seen(store, pair, known_mapping(pair), customerp_id, trello_id)
    number = by_hand.link_by_hand(store, pair, customerp_id, trello_id, user.get_name())
    return _back(request, f"/pair/{pair}/record/{number}", "linked")


def _seen(
    store: Store, pair: str, mapping: Mapping | None, customerp_id: str, trello_id: str
) -> dict[str, dict[str, str]]:
    """What the last run read of two records that are not linked.

    A mistyped id would be a record that is gone, and the pair's policy for that is not what the person wants.
    """
    sides = {"customerp": customerp_id, "trello": trello_id}
    with store.read() as tx:
        path = latest_path(tx, pair)
        linked = records.links_with(tx, pair, set(sides.items()))
        open_ids = {
            (one.side, one.record_id)
            for one in records.open_work_about(tx, pair, customerp_id=customerp_id, trello_id=trello_id)
        }
    read: dict[str, dict[str, str]] = {}
    for side, record in sides.items():
        if (side, record) in linked:
            raise RecordError(f"{record} is linked already. End that link first, on the record's page.")
        values = as_read(path, side, [record], mapping.names if mapping else ())
        if record not in values and (side, record) not in open_ids:
            raise RecordError(
                f"The last run has read no record {record} in {'CustomERP' if side == 'customerp' else 'Trello'}. "
                "Valid: the id of a record in scope that is not linked; check it, or start a run and try again."
            )
        read[side] = values.get(record, {})
    return read


def _wake(tx: Transaction, pair: str) -> None:
    put_in(tx, [Delivery(REVIEW, uuid.uuid4().hex, pair, "", "asked for by a person")])


def _back(request: Request, path: str, done: str) -> Response:
    return RedirectResponse(f"{base(request)}{path}?done={done}", 303)
