"""What the fields of an ERP's records hold, as far as a sample shows it. Pure; a value is kept only if it is a code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Kind = Literal[
    "empty", "boolean", "integer", "decimal", "list", "object",
    "email", "url", "date", "datetime", "phone", "code", "text", "long text",
]  # fmt: skip

MOST_OF = 0.8
"""A kind is that of so many of a field's values; the others are what people have mistyped."""

_MOST_CODES, _LONGEST_CODE, _LONG = 12, 40, 100
_TYPES: tuple[tuple[Kind, tuple[type, ...]], ...] = (
    ("boolean", (bool,)),
    ("integer", (int,)),
    ("decimal", (Decimal, float)),
    ("list", (list,)),
    ("object", (dict,)),
)
_LOOKS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")),
    ("url", re.compile(r"(?i)(https?://|www\.)\S+|[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(/\S*)?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("datetime", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")),
    ("phone", re.compile(r"(?=(\D*\d){6})\+?[\d ()/.-]+")),
)


@dataclass(frozen=True)
class Facts:
    """One field.

    Attributes:
        kind: what most of its values are.
        filled: in how many records there is something in it.
        of: how many records were looked at.
        unique: whether every record has a value of its own.
        codes: the values, if they are few and come again and again; else none, for they may be about people.
    """

    name: str
    kind: Kind
    filled: int
    of: int
    unique: bool = False
    codes: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


def facts_of(records: Sequence[dict[str, Any]]) -> dict[str, Facts]:
    """The facts of every field that any record has, in the order in which the records show them."""
    names = dict.fromkeys(name for record in records for name in record)
    return {name: _facts(name, [record.get(name) for record in records]) for name in names}


def _facts(name: str, values: list[Any]) -> Facts:
    there = [value for value in values if value not in (None, "", [], {})]
    kind = _kind(there)
    codes = tuple(dict.fromkeys(there)) if kind in ("code", "boolean") else ()
    unique = len({str(value) for value in there}) == len(values)
    return Facts(name, kind, len(there), len(values), unique, codes)


def _kind(values: list[Any]) -> Kind:
    if not values:
        return "empty"
    for kind, types in _TYPES:
        if all(isinstance(value, types) for value in values):
            return "code" if kind == "integer" and _are_codes(values) else kind
    texts = [str(value).strip() for value in values]
    for kind, pattern in _LOOKS:
        if sum(pattern.fullmatch(text) is not None for text in texts) >= MOST_OF * len(texts):
            return kind
    if any("\n" in text or len(text) > _LONG for text in texts):
        return "long text"
    return "code" if _are_codes(texts) else "text"


def _are_codes(values: Iterable[Any]) -> bool:
    found = list(values)
    distinct = set(found)
    few = len(distinct) <= _MOST_CODES and len(found) >= 2 * len(distinct)
    return few and all(len(str(value)) <= _LONGEST_CODE for value in distinct)
