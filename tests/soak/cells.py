"""What a person would expect of one property of two linked records: a second opinion, with none of our own code."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SIDES = ("customerp", "trello")
Values = tuple[str, str]
"""A property's value in CustomERP and in Trello."""


def plain(text: Any) -> str:
    """A value as both systems' users see it: what differs in this form is different."""
    return unicodedata.normalize("NFC", str(text or "")).replace("\r\n", "\n").replace("\r", "\n").strip()


@dataclass
class Cell:
    """One property of two linked records.

    Attributes:
        base: what both sides showed when it was last settled for sure; None before the first time.
        edited: sides that somebody edited since then.
        sure: no accident has happened since then, so that ours must have the same base.
        refused: sides whose value the other one could not take then; it is written once that can.
    """

    base: Values | None = None
    edited: set[str] = field(default_factory=set)
    sure: bool = True
    refused: set[str] = field(default_factory=set)

    def settle(self, now: Values, terms: Terms | None = None) -> None:
        """It is settled for sure."""
        self.base, self.edited, self.sure = now, set(), True
        self.refused = {
            side
            for side, value, other in zip(SIDES, now, reversed(SIDES), strict=True)
            if terms and now[0] != now[1] and not terms.takes(other, value)
        }


@dataclass(frozen=True)
class Terms:
    """What a mapping says of a property.

    Attributes:
        takes: whether a side takes a value of the other.
    """

    direction: str
    conflict: str
    on_first_link: str
    put_back: bool
    takes: Callable[[str, str], bool]


def outcomes(cell: Cell, now: Values, terms: Terms, question: tuple[str, str] | None) -> set[Values]:
    """What a run that nothing disturbs may leave.

    Args:
        cell: what is known of the property.
        now: its values before the run.
        terms: what the mapping says.
        question: status and answer of a conflict that waits for a person, None if there is none.
    """
    here, there = now
    if here == there:
        return {now}
    won = {
        "customerp": (here, here) if terms.takes("trello", here) else now,
        "trello": (there, there) if terms.takes("customerp", there) else now,
    }
    if question is not None:
        status, answer = question
        return {now} if status == "open" else {won[answer if terms.direction == "both" else _source(terms)], now}
    if terms.direction != "both":
        return _one_way(cell, now, terms, won)
    if cell.base is None:
        return _first_link(cell, now, terms, won)
    changed = {side for side, value, base in zip(SIDES, now, cell.base, strict=True) if value != base}
    if not cell.sure:
        changed = cell.edited
    if len(changed) < 2:
        # Nobody edited it, and yet it differs: one of the sides could not take the other's value.
        return {won[side] for side in changed} or {now, *(won[side] for side in cell.refused)}
    if not cell.sure:
        return {*won.values(), *({now} if terms.conflict == "manual" else ())}
    if terms.conflict == "manual":
        return {now}
    return set(won.values()) if terms.conflict == "latest" else {won[terms.conflict]}


def _first_link(cell: Cell, now: Values, terms: Terms, won: dict[str, Values]) -> set[Values]:
    here = now[0]
    if "" in now:
        first = won["trello" if here == "" else "customerp"]
    else:
        first = now if terms.on_first_link == "manual" else won[terms.on_first_link]
    # A run with an accident, or one that was undone, may have settled it before these edits.
    return {first} if cell.sure else {first, now, *(won[side] for side in cell.edited)}


def _one_way(cell: Cell, now: Values, terms: Terms, won: dict[str, Values]) -> set[Values]:
    source = _source(terms)
    if cell.sure and now == cell.base:
        return {now, *(won[side] for side in cell.refused)}  # a difference that was settled
    # An answer for the receiving side leaves both as they are, and nobody may have edited them since.
    left_alone = not terms.put_back or not (cell.sure or cell.edited)
    return {won[source], now} if left_alone else {won[source]}


def _source(terms: Terms) -> str:
    """The side that a one-way property is edited on."""
    return "customerp" if terms.direction == "to_trello" else "trello"
