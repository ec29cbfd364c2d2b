"""Human names of referenced records, for sides that render them."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from customerp_trello.mapping.frame import LABEL, Record


def labels_of(source: pd.DataFrame | Record) -> dict[str, str]:
    """Reference value -> human name, from the ``_label`` objects of a frame or a record."""
    texts: Any = source.meta.get(LABEL, "") if isinstance(source, Record) else source[LABEL].unique()
    found: dict[str, str] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        if text:
            found |= json.loads(text)
    return found
