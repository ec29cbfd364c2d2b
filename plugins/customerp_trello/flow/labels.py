"""Human names of referenced records, for sides that render them."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from customerp_trello.mapping.frame import LABEL, Record
from customerp_trello.mapping.model import Property


def labels_of(source: pd.DataFrame | Record) -> dict[str, str]:
    """Reference value -> human name, from the ``_label`` objects of a frame or a record."""
    texts: Any = source.meta.get(LABEL, "") if isinstance(source, Record) else source[LABEL].unique()
    found: dict[str, str] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        if text:
            found |= json.loads(text)
    return found


def meant_by_names(directory: pd.DataFrame, prop: Property) -> pd.Series[str]:
    """Name -> number (or id) of the records that *prop* refers to, without the names that several of them have."""
    single = directory[~directory["label"].duplicated(keep=False)]
    return single.set_index("label")[meant_by(prop)]


def meant_by(prop: Property) -> str:
    """What a property's references hold: ``id`` or ``number``."""
    return "id" if prop.convert.using == "reference" and prop.convert.by == "id" else "number"


def unclear_name(prop: Property) -> str:
    """What is told to whoever wrote a name that several records have, or none."""
    return f"{prop.label}: the name does not fit exactly one {prop.references}; write its {meant_by(prop)} in brackets"
