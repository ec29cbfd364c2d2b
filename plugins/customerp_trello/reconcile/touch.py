"""Records that must be written although no property differs: an amendment to be included, a comment to be reposted."""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.frame import TOUCH
from customerp_trello.reconcile.aligned import Aligned
from customerp_trello.reconcile.gone import rows
from customerp_trello.reconcile.plan import TRELLO, UPDATE


def with_touch(parts: list[pd.DataFrame], aligned: Aligned) -> list[pd.DataFrame]:
    """Add the writes that a touch alone calls for, and its word to updates that happen anyway."""
    touch = aligned.records[TRELLO][TOUCH].fillna("")
    touched = touch.ne("")
    if not touched.any():
        return parts
    # By the record: links that this run makes have no number yet.
    words = dict(zip(aligned.links.loc[touched, "trello_id"], touch[touched], strict=True))
    told = []
    for part in parts:
        if len(part) and part["operation"].iloc[0] == UPDATE and part["side"].iloc[0] == TRELLO:
            part = part.assign(detail=part["trello_id"].map(words).astype("str").fillna(""))
        told.append(part)
    return [*told, rows(aligned.links, touched, TRELLO, UPDATE, "touch", touch)]
