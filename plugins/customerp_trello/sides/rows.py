"""Small pieces that every side builds its rows from: times, JSON columns, and a frame's row as a record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from customerp_trello.mapping.frame import ID, META, Record

Row = dict[str, Any]

_STEP = 5.0


def moment(text: object, offset: float = 0.0) -> datetime | None:
    """An API's time as a UTC datetime by our own clock; None where there is none.

    A time is compared with the one that our last write left, so the correction must be the same from one run to the
    next although the offset is an estimate from whole seconds: it goes in steps of five seconds.
    """
    if not isinstance(text, str) or not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        return time.astimezone(UTC) - timedelta(seconds=round(offset / _STEP) * _STEP)
    except (ValueError, OverflowError):  # the first or last moment that a calendar has stands for none
        return None


def rfc3339(time: datetime) -> str:
    """A time as text that sorts like the time itself: UTC, microseconds, ``Z``."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def packed(content: Mapping[str, Any]) -> str:
    """A JSON column's text; "" for nothing."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True) if content else ""


def first_record(frame: pd.DataFrame, properties: Sequence[str]) -> Record:
    """The first row of a canonical frame as a record."""
    row = {name: frame[name].iloc[0] for name in (*META, *properties)}
    values = {name: None if pd.isna(row[name]) else str(row[name]) for name in properties}
    meta = {name: None if row[name] is pd.NaT else row[name] for name in META if name != ID}
    return Record(str(row[ID]), values, meta)
