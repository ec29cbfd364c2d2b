"""What is wrong with a canonical text, in a phrase that a person can act on and that repeats no value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from customerp_trello.mapping.values import Column, to_arrow, to_series, trimmed

_SHAPES = {
    "integer": (r"^(0|-?[1-9]\d*)$", "is no whole number"),
    "decimal": (r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$", "is no number such as 12.5"),
    "boolean": (r"^(true|false)$", "is neither yes nor no"),
    "email": (r"^[^\s@]+@[^\s@]+$", "is no e-mail address"),
    "url": (r"^[A-Za-z][A-Za-z0-9+.-]*://[^\s/]\S*$", "is no web address such as https://example.com"),
}
_MOMENTS = {
    "date": (r"^\d{4}-\d\d-\d\d$", "is no date such as 2026-03-01"),
    "datetime": (r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", "is no time such as 2026-03-01T09:30:00Z"),
}


def invalid(series: pd.Series[str], kind: str, allowed: Sequence[str] = ()) -> pd.Series[str]:
    """Why each text does not fit its type; ``""`` where it does, is empty or is unknown.

    Args:
        series: normalised texts (:func:`customerp_trello.mapping.values.normalise`).
        kind: the property's type.
        allowed: an enum's values.
    """
    column = to_arrow(series)
    fits, reason = _fits(column, kind, allowed)
    good = pc.fill_null(pc.or_(fits, pc.equal(column, "")), True)
    return to_series(pc.if_else(good, "", reason), series.index)


def invalid_one(text: str | None, kind: str, allowed: Sequence[str] = ()) -> str:
    """:func:`invalid` for a single value."""
    return str(invalid(pd.Series([text]), kind, allowed).iloc[0])


def _fits(column: Column, kind: str, allowed: Sequence[str]) -> tuple[Any, str]:
    if kind == "enum":
        return (
            pc.is_in(column, value_set=trimmed(pa.array(allowed))),
            f"is none of: {', '.join(allowed)}",
        )
    if kind in _MOMENTS:
        pattern, reason = _MOMENTS[kind]
        return pc.and_(pc.match_substring_regex(column, pattern=pattern), _exists(column)), reason
    if kind in _SHAPES:
        pattern, reason = _SHAPES[kind]
        return pc.match_substring_regex(column, pattern=pattern), reason
    return pc.is_valid(column), ""


def _exists(column: Column) -> Column:
    """Whether the calendar and the clock have such a moment: no 30 February, no 24:00."""
    moments = pd.to_datetime(to_series(column, pd.RangeIndex(len(column))), format="ISO8601", utc=True, errors="coerce")
    return pa.array(moments.notna())
