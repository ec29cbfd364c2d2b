"""Trello's fields -> canonical rows, for organizations and members: types from the mapping, scope and conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from customerp_trello.mapping.conditions import hold, holds
from customerp_trello.mapping.converters import fields_frame, raw_text
from customerp_trello.mapping.frame import (
    HOLD,
    ID,
    LIVE,
    OUT_OF_SCOPE,
    REASON,
    STATE,
    SUSPENDED,
    Record,
    conform,
    make_record,
)
from customerp_trello.mapping.model import Mapping
from customerp_trello.mapping.values import normalise, normalise_one, to_text
from customerp_trello.sides.rows import Row

CONDITION = "the mapping's condition is not met"


@dataclass(frozen=True)
class Found:
    """One record as Trello shows it.

    Attributes:
        id: record id.
        fields: Trello's field -> JSON value; a field that is not there is unknown.
        meta: the frame's meta columns, as far as they are no defaults.
    """

    id: str
    fields: dict[str, Any] = field(default_factory=dict)
    meta: Row = field(default_factory=dict)


def trello_frame(mapping: Mapping, found: Sequence[Found], linked: frozenset[str]) -> pd.DataFrame:
    """Canonical frame of *found*; live records that the mapping's filter leaves out only where they are linked."""
    fields = fields_frame([one.fields for one in found], mapping.trello_fields)
    meta = pd.DataFrame([{ID: one.id, **one.meta} for one in found], index=range(len(found)))
    columns: dict[str, Any] = {}
    for prop in mapping.properties:
        columns[prop.name] = normalise(raw_text(fields, prop.trello, prop.type), prop.type, prop.allowed)
    frame = meta.assign(**columns) if len(found) else pd.DataFrame(columns)
    frame = frame.reindex(columns=[*dict.fromkeys([*frame.columns, ID, STATE, REASON, HOLD])])
    live = frame[STATE].fillna(LIVE).eq(LIVE)
    outside = ~hold(mapping.trello.filter, fields) & live
    frame[STATE] = frame[STATE].astype("object").mask(outside, SUSPENDED)
    frame[REASON] = frame[REASON].astype("object").mask(outside, OUT_OF_SCOPE)
    waits = ~hold(mapping.trello.on_unlinked.when, fields) & frame[HOLD].fillna("").eq("")
    frame[HOLD] = frame[HOLD].astype("object").mask(waits, CONDITION)
    dropped = outside & ~frame[ID].isin(linked)
    return conform(frame[~dropped], mapping.names)


def trello_record(mapping: Mapping, found: Found) -> Record:
    """The same for a single linked record, without a frame around it: that would take most of a write's time."""
    row: Row = {ID: found.id, **found.meta}
    for prop in mapping.properties:
        if prop.trello in found.fields:
            text = to_text(found.fields[prop.trello], prop.type)
            row[prop.name] = normalise_one(text, prop.type, prop.allowed)
    if row.get(STATE, LIVE) == LIVE and not holds(mapping.trello.filter, found.fields):
        row |= {STATE: SUSPENDED, REASON: OUT_OF_SCOPE}
    if not row.get(HOLD) and not holds(mapping.trello.on_unlinked.when, found.fields):
        row[HOLD] = CONDITION
    return make_record(row, mapping.names)
