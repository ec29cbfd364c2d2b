"""Do a mapping's conditions hold for a raw record? Unknown holds for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from customerp_trello.mapping.converters import raw_text
from customerp_trello.mapping.model import Condition
from customerp_trello.mapping.values import WHITESPACE, to_text


def hold(conditions: Iterable[Condition], fields: pd.DataFrame) -> pd.Series[bool]:
    """Which rows of raw fields (:func:`customerp_trello.mapping.converters.fields_frame`) meet every condition."""
    result = pd.Series(True, index=fields.index)
    for condition in conditions:
        texts = raw_text(fields, condition.field).str.strip(WHITESPACE)
        if condition.in_ is not None:
            met = texts.isin([to_text(value) for value in condition.in_])
        else:
            met = texts.notna() & texts.eq("").eq(bool(condition.empty))
        result &= met
    return result


def holds(conditions: Iterable[Condition], record: Mapping[str, Any]) -> bool:
    """Whether one raw record meets every condition."""
    for condition in conditions:
        if condition.field not in record:
            return False
        text = to_text(record[condition.field]).strip(WHITESPACE)
        if condition.in_ is not None:
            met = text in [to_text(value) for value in condition.in_]
        else:
            met = (text == "") == condition.empty
        if not met:
            return False
    return True
