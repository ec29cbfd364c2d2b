"""The canonical frame: how one side's records look to everything that compares them.

A record is one row. Every property is a `str` column of canonical text: a value is its text, *empty* is ``""`` and
*unknown* is missing. One dtype serves all property types, so comparing a million records is comparing text columns;
what a text means is in the mapping. Columns that begin with an underscore describe the record itself:

``_version``          what makes a write conditional (ETag), empty if the system has none
``_modified_at``      the record's modification time, corrected by the server's clock
``_scope``            keys apply within it (the customer of a contact); empty where the pair has none
``_state, _reason``   live, proved gone, or suspended (out of sight or out of scope), and why
``_readonly, _readonly_reason``  comma-joined properties that cannot be written on this record, and why
``_takes_place``      comma-joined properties whose writing takes one of the side's free places (who left comes back)
``_problem``          why the record cannot be read; it is quarantined
``_touch``            the record must be written although no property differs (an amendment to be included)
``_label``            JSON object: reference value -> human name
``_by``               who made the last change, where the system says so; empty where it does not
``_hold``             why no counterpart may be created for the record now; empty if it may
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

LIVE, GONE, SUSPENDED = "live", "gone", "suspended"
OUT_OF_SCOPE = "the mapping's filter does not let it take part (any more)"

ID = "_id"
VERSION = "_version"
MODIFIED_AT = "_modified_at"
SCOPE = "_scope"
STATE = "_state"
REASON = "_reason"
READONLY = "_readonly"
READONLY_REASON = "_readonly_reason"
TAKES_PLACE = "_takes_place"
PROBLEM = "_problem"
TOUCH = "_touch"
LABEL = "_label"
HOLD = "_hold"
BY = "_by"

_DEFAULTS: dict[str, str] = {
    VERSION: "",
    SCOPE: "",
    STATE: LIVE,
    REASON: "",
    READONLY: "",
    READONLY_REASON: "",
    TAKES_PLACE: "",
    PROBLEM: "",
    TOUCH: "",
    LABEL: "",
    HOLD: "",
    BY: "",
}
META = (ID, MODIFIED_AT, *_DEFAULTS)


@dataclass(frozen=True)
class Snapshot:
    """One side as a run read it.

    Attributes:
        frame: canonical frame, one row per record, sorted by ``_id``, ids unique.
        complete: True when every record of the scope was listed, so that absence means something.
        facts: what else the run needs to know of the side (identity, capacity per scope, clock offset in seconds);
            JSON-compatible.
    """

    frame: pd.DataFrame
    complete: bool
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One record of one side, freshly read; the scalar twin of a frame's row.

    Attributes:
        id: the record's id on its side.
        values: canonical property -> text, ``""`` for empty, None for unknown.
        meta: the frame's meta columns without ``_id`` (absent keys have the frame's defaults).
    """

    id: str
    values: dict[str, str | None]
    meta: dict[str, Any] = field(default_factory=dict)


def make_frame(rows: Iterable[Mapping[str, Any]], properties: Sequence[str]) -> pd.DataFrame:
    """Build a canonical frame from rows keyed by column name; what a row leaves out is unknown (or a meta default).

    Returns:
        Frame with ``_id``, all meta columns and *properties*, sorted by ``_id``.
    """
    return conform(pd.DataFrame(list(rows)), properties)


def make_record(row: Mapping[str, Any], properties: Sequence[str]) -> Record:
    """One row of :func:`make_frame` as a record, without a frame around it: that would take most of a write's time."""
    known = {name: text for name, text in row.items() if not pd.isna(text)}
    values = {name: str(known[name]) if name in known else None for name in properties}
    told = known.get(MODIFIED_AT)
    at = None if told is None else pd.to_datetime(told, utc=True).as_unit("us")
    meta = {name: str(known.get(name, default)) for name, default in _DEFAULTS.items()}
    return Record(str(known[ID]), values, {MODIFIED_AT: at, **meta})


def conform(frame: pd.DataFrame, properties: Sequence[str]) -> pd.DataFrame:
    """Give a frame the canonical columns, dtypes and order.

    The columns are put together at once: assigning them to a frame one by one takes three times as long.
    """
    columns = {name: _column(frame, name) for name in (*META, *properties)}
    return pd.DataFrame(columns, index=frame.index).sort_values(ID, ignore_index=True)


def _column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    default = _DEFAULTS.get(name)
    if name not in frame:
        frame = pd.DataFrame({name: pd.Series(default, index=frame.index, dtype="object")})
    if name == MODIFIED_AT:
        return pd.to_datetime(frame[name], utc=True, format="ISO8601").dt.as_unit("us")
    texts = frame[name].astype("str")
    return texts if default is None else texts.fillna(default)


def bearing(frame: pd.DataFrame, wanted: Mapping[str, str], folded: Collection[str]) -> pd.Series:
    """Which records show all texts *wanted*, without regard to case where a property is compared so (*folded*)."""
    hit = pd.Series(True, index=frame.index)
    for name, text in wanted.items():
        hit &= frame[name].str.casefold().eq(text.casefold()) if name in folded else frame[name].eq(text)
    return hit
