"""Finding a record by name, number, address or id. What is looked for is posted: addresses end up in logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request, Response

from customerp_trello.review.access import Caller, readable
from customerp_trello.review.database import State
from customerp_trello.review.lists import WorkRow, named, title
from customerp_trello.review.naming import Name, name_of
from customerp_trello.review.pairs import known_mapping, pair_names
from customerp_trello.review.render import page
from customerp_trello.state import records
from customerp_trello.state.records import Link
from customerp_trello.state.search import find_links
from customerp_trello.state.store import Store

MOST = 25
"""Records per pair."""


@dataclass(frozen=True)
class Hits:
    """What was found in one pair.

    Attributes:
        links: linked records with their names, at most :data:`MOST`.
        work: open work of records with that id.
        past: (id, link) of a record that is not linked any more, but has a history.
    """

    pair: str
    title: str
    links: list[tuple[Link, Name]]
    work: list[WorkRow]
    past: list[int]

    @property
    def count(self) -> int:
        """All of it."""
        return len(self.links) + len(self.work) + len(self.past)


def ask(request: Request) -> Response:
    """An empty form."""
    return page(request, "search", text="", hits=None, most=MOST)


Text = Annotated[str, Form(max_length=320, pattern=r"^[^\x00]*$")]
"""What somebody searches for; no database takes NUL."""


def find(request: Request, user: Caller, store: State, text: Text = "") -> Response:
    """Look in all pairs whose DAG the caller may see."""
    wanted = text.strip()
    if not wanted:
        return ask(request)
    hits = [_in_pair(store, pair, wanted) for pair in readable(pair_names(), request, user)]
    return page(request, "search", text=wanted, hits=[one for one in hits if one.count], most=MOST)


def _in_pair(store: Store, pair: str, text: str) -> Hits:
    mapping = known_mapping(pair)
    with store.read() as tx:
        links = records.links_of(tx, pair, find_links(tx, pair, text, limit=MOST))
        work = [
            one
            for one in records.open_work_about(tx, pair, customerp_id=text, trello_id=text)
            if one.record_id
            not in {record for link in links.values() for record in (link.customerp_id, link.trello_id)}
        ]
        past = records.links_once_of(tx, pair, text) - links.keys()
        rows = named(tx, pair, mapping, work)
    return Hits(pair, title(pair), [(link, name_of(link, mapping)) for link in links.values()], rows, sorted(past))
