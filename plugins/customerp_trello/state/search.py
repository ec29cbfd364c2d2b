"""Finding links by what their records are called, at a million of them as at ten.

Each searchable text is stored once per word that it may begin with (`anna berg`, `berg anna`), folded, so that whatever
somebody types first is one range of an index. The texts come from the bases and move in the same transaction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, insert, select, update

from customerp_trello.state.tables import link, search_scope, search_word
from customerp_trello.state.transaction import Transaction

LONGEST_TEXT = 200
"""Longer texts are not what a record is called."""
LONGEST_WORD = 100
MOST_TURNS = 5
MANY = 20_000
"""So many links of each word are looked at when several words are asked for that do not stand together."""

_WORD = re.compile(r"[^\W_]+")
_NO_NAME = frozenset({"http", "https", "www"})
_LAST = "\U0010ffff"

Bases = Mapping[str, str]


def words(text: str) -> list[str]:
    """The words of a text, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return [w for w in _WORD.findall("".join(c for c in plain if not unicodedata.combining(c))) if w not in _NO_NAME]


def entries(text: str) -> set[str]:
    """What a text is found by: its words from each one on, and a number without its hyphens."""
    found = words(text) if len(text) <= LONGEST_TEXT and "\n" not in text else []
    turned = {" ".join([*found[at:], *found[:at]])[:LONGEST_WORD] for at in range(min(len(found), MOST_TURNS))}
    if len(found) in (2, 3) and any(c.isdigit() for c in text):
        turned.add("".join(found)[:LONGEST_WORD])
    return turned


def entries_of(bases: Iterable[Bases], properties: Iterable[str]) -> set[str]:
    """What a link is found by, from both bases."""
    texts = {text for base in bases for name in properties if (text := base.get(name))}
    return {entry for text in texts for entry in entries(text)}


class SearchIndex:
    """The words of one pair's links; without a scope (nobody has said what is searchable) nothing is kept."""

    def __init__(self, tx: Transaction, pair: str) -> None:
        row = _scope(tx, pair)
        self.tx = tx
        self.scope: int | None = row.id if row else None
        self.properties: tuple[str, ...] = tuple(row.properties) if row else ()
        self._indexed_to = row.indexed_to if row and row.indexed_to is not None else float("inf")

    def move(self, links: Mapping[int, tuple[Sequence[Bases], Sequence[Bases]]]) -> None:
        """Follow links whose bases move: link -> (before, after), each both sides' bases; equal words are not written.

        A new link has no bases before, a removed one none after. What :func:`index_next` has not reached is left to it.
        """
        if self.scope is None:
            return
        stale: list[dict[str, Any]] = []
        new: list[dict[str, Any]] = []
        for number, (before, after) in links.items():
            if number > self._indexed_to:
                continue
            old, now = entries_of(before, self.properties), entries_of(after, self.properties)
            stale += [{"in_scope": self.scope, "old": word, "of": number} for word in sorted(old - now)]
            new += [{"scope": self.scope, "word": word, "link": number} for word in sorted(now - old)]
        self.tx.execute_many(_REMOVE, stale)
        self.tx.execute_many(insert(search_word), new)


_REMOVE = delete(search_word).where(
    search_word.c.scope == bindparam("in_scope"),
    search_word.c.word == bindparam("old"),
    search_word.c.link == bindparam("of"),
)


def is_indexed(tx: Transaction, pair: str, properties: Sequence[str]) -> bool:
    """Whether all of a pair's links are found by these properties."""
    row = _scope(tx, pair)
    return row is not None and row.indexed_to is None and tuple(row.properties) == tuple(properties)


def set_searchable(tx: Transaction, pair: str, properties: Sequence[str]) -> None:
    """Say by which properties a pair's links are found; where that is news, :func:`index_next` has to index them."""
    row = _scope(tx, pair)
    if row is not None and tuple(row.properties) == tuple(properties):
        return
    if row is not None:
        tx.execute(delete(search_word).where(search_word.c.scope == row.id))
        tx.execute(delete(search_scope).where(search_scope.c.id == row.id))
    tx.execute(insert(search_scope).values(pair=pair, properties=list(properties), indexed_to=0))


def index_next(tx: Transaction, pair: str, size: int = 5_000) -> int:
    """Index the next of the pair's links that were there before anything was searchable, oldest first.

    Returns:
        How many; 0 when all are indexed, and then nothing is written.
    """
    row = _scope(tx, pair)
    if row is None or row.indexed_to is None:
        return 0
    c = link.c
    chosen = select(c.id, c.base_customerp, c.base_trello).where(c.pair == pair, c.id > row.indexed_to)
    found = tx.execute(chosen.order_by(c.id).limit(size)).all()
    reached = found[-1].id if len(found) == size else None
    tx.execute(update(search_scope).where(search_scope.c.id == row.id).values(indexed_to=reached))
    SearchIndex(tx, pair).move({one.id: ((), (one.base_customerp, one.base_trello)) for one in found})
    return len(found)


def _scope(tx: Transaction, pair: str) -> Row[Any] | None:
    return tx.execute(select(search_scope).where(search_scope.c.pair == pair)).one_or_none()


def find_links(tx: Transaction, pair: str, text: str, *, limit: int = 50) -> list[int]:
    """Links with an id that is *text*, or a searchable text with words that begin as its words do.

    Args:
        tx: any transaction.
        pair: the pair.
        text: as typed; case, accents and punctuation do not matter, except in ids.
        limit: at most so many links.

    Returns:
        Link numbers: by id first, then in the alphabet's order.
    """
    c, typed = link.c, text.strip()
    found = dict.fromkeys(
        number
        for column in (c.customerp_id, c.trello_id)
        for number in tx.execute(select(c.id).where(c.pair == pair, column == typed)).scalars()
    )
    scope, asked = _scope(tx, pair), words(typed)
    if scope is not None and asked:
        for beginning in dict.fromkeys((" ".join(asked), "".join(asked))):
            found |= dict.fromkeys(_beginning_with(tx, scope.id, beginning, limit))
        if len(asked) > 1 and not found:
            found |= dict.fromkeys(_with_all(tx, scope.id, asked))
    return list(found)[:limit]


def _beginning_with(tx: Transaction, scope: int, beginning: str, limit: int) -> list[int]:
    # A link may stand there several times.
    return list(dict.fromkeys(tx.execute(_range(scope, beginning[:LONGEST_WORD], limit * 4)).scalars()))[:limit]


def _range(scope: int, beginning: str, limit: int) -> Select[Any]:
    c = search_word.c
    chosen = select(c.link).where(c.scope == scope, c.word >= beginning, c.word < beginning + _LAST)
    return chosen.order_by(c.word).limit(limit)


def _with_all(tx: Transaction, scope: int, asked: Sequence[str]) -> list[int]:
    """Links that have all the words, wherever they stand, as far as :data:`MANY` reaches."""
    sets = [set(tx.execute(_range(scope, word, MANY)).scalars()) for word in dict.fromkeys(asked)]
    return sorted(set.intersection(*sets))
