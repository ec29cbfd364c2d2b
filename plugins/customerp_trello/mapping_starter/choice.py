"""Which field of the ERP is meant by a wish: by what it is called and by what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from customerp_trello.mapping_starter.facts import MOST_OF, Facts, Kind

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PARTLY, _EMPTY, _BY_VALUES = 100, 500, 1000
"""What a rank is worse by: the name holds more words; nothing is in the field; only its values speak for it."""


@dataclass(frozen=True)
class Wish:
    """What is looked for.

    Attributes:
        names: what such a field is called, the likeliest first.
        kinds: what it may hold; an empty field may hold anything.
        telling: the kind that says by itself what a field is, whatever it is called.
        unique: whether it tells records apart; then no part of a name will do.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...] = ("text", "code", "long text", "integer", "phone")
    telling: Kind | None = None
    unique: bool = False


IDS: tuple[Kind, ...] = ("text", "code", "integer")
CUSTOMER = Wish(
    ("customer_id", "customer", "company_id", "account_id", "partner_id", "party", "organization_id", "parent_id"), IDS
)


@dataclass(frozen=True)
class Choice:
    """A field, and why a person should look at it ("" if name and values agree)."""

    field: Facts
    doubt: str = ""


def choose(wish: Wish, fields: Iterable[Facts]) -> Choice | None:
    """The field that fits best, None if none does."""
    ranked = sorted(((rank, field) for field in fields if (rank := _rank(wish, field)) >= 0), key=lambda one: one[0])
    if not ranked:
        return None
    (rank, best), *rest = ranked
    doubts = []
    if rank >= _BY_VALUES:
        doubts.append(f"chosen by what it holds ({best.kind}), not by its name")
    elif rank >= _EMPTY:
        doubts.append("no record that was read has anything in it")
    elif rank >= _PARTLY and best.kind != wish.telling:
        doubts.append("chosen by a part of its name")
    if others := [field.name for other, field in rest if other < _EMPTY or rank >= _EMPTY][:4]:
        doubts.append(f"or rather {', '.join(others)}?")
    return Choice(best, "; ".join(doubts))


def choose_reference(wish: Wish, fields: Iterable[Facts], held: Mapping[str, float]) -> Choice | None:
    """The field that refers to records of another entity.

    Args:
        wish: what it may be called.
        fields: those to choose from.
        held: field -> which part of its values are ids of such records; empty if nobody knows, then the name counts.
    """
    fitting = [field for field in fields if not held or field.kind == "empty" or held.get(field.name, 0.0) >= MOST_OF]
    if found := choose(wish, fitting):
        return found
    # Whole numbers are ids of everything, but texts that are another entity's ids are no accident.
    texts = [one for one in fitting if held and one.kind in ("text", "code") and not _numbers(one)]
    return Choice(texts[0], "chosen by what it holds: ids of such records") if texts else None


def _numbers(field: Facts) -> bool:
    return any(isinstance(code, int) for code in field.codes)


def _rank(wish: Wish, field: Facts) -> int:
    """How far a field is from the wish; -1 for out of the question."""
    words = _words(field.name)
    penalty = _EMPTY if field.kind == "empty" else 0
    if not penalty and field.kind not in (*wish.kinds, wish.telling):
        return -1
    if wish.unique and not field.unique:
        return -1
    called = "_".join(words)
    if called in wish.names:
        return wish.names.index(called) + penalty
    for place, name in enumerate(wish.names):
        if set(name.split("_")) <= set(words) and not wish.unique:
            return _PARTLY + place + penalty
    return _BY_VALUES if wish.telling and field.kind == wish.telling else -1


def _words(name: str) -> list[str]:
    """``workEmail`` and ``work_email`` are work and email."""
    return [word.lower() for word in _WORD.findall(name)]
