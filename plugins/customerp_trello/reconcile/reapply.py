"""*Apply this plan*: of a plan that a person has seen, what still holds now that both sides were read again.

A change still holds if a plan made now asks for the same: the same record, the same values before and after, the same
winner. So every rule has been asked anew, and nothing happens that the person has not seen. The rest is listed as
``moved`` (contract, section 7).
"""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.frame import ID, Snapshot
from customerp_trello.reconcile.plan import (
    ADOPT,
    CONFLICT,
    LINK,
    MOVED,
    NOT_WRITABLE,
    SIDES,
    STATE_ONLY,
    SUSPENDED,
    UPDATE,
    WRITES,
    make_plan,
)

_SAME = (
    "side",
    "operation",
    "customerp_id",
    "trello_id",
    "property",
    "before",
    "after",
    "customerp",
    "trello",
    "winner",
    "detail",
)
"""What a change does, to whom, from what to what. Why (cause, base, author) may read differently by now."""

_UNKNOWN = "\x1e"

_BY_PROPERTY = (UPDATE, ADOPT, CONFLICT, NOT_WRITABLE)
"""Changes of which single properties can be left out; every other change is done whole or not at all."""

_DOES = (*STATE_ONLY, *WRITES, CONFLICT, NOT_WRITABLE, SUSPENDED)
"""What can be missed; other notes only tell something."""


def still_holding(seen: pd.DataFrame, now: pd.DataFrame, snapshots: dict[str, Snapshot]) -> pd.DataFrame:
    """Confine a plan made now to what a person has seen, and list what has moved since.

    Args:
        seen: the plan that the person named.
        now: the plan that the same data and state call for now.
        snapshots: both sides as read now, for what moved records show.

    Returns:
        A plan: the changes of both, and a ``moved`` note per property (or whole record) that only *seen* has.
    """
    seen, now = seen.reset_index(drop=True), now.reset_index(drop=True)
    kept = _whole(now, _identity(now).isin(set(_identity(seen))))
    kept &= ~_without_its_link(now, kept)
    done = set(_identity(now[kept]))
    missed = seen["operation"].isin(_DOES) & ~_identity(seen).isin(done)
    return make_plan([now[kept], _moved(seen[missed], snapshots)])


def _identity(plan: pd.DataFrame) -> pd.Series:
    texts = plan[list(_SAME)].fillna(_UNKNOWN)
    return texts["side"].str.cat(texts.drop(columns="side"), sep="\x1f")


def _whole(plan: pd.DataFrame, same: pd.Series) -> pd.Series:
    """Rows that stay: a create, delete or move stays whole or not at all."""
    whole = same.groupby(plan["change"]).transform("all")
    return same & (whole | plan["operation"].isin(_BY_PROPERTY))


def _without_its_link(plan: pd.DataFrame, kept: pd.Series) -> pd.Series:
    """Changes of a link that the plan makes, where making it was not seen."""
    ends = plan["customerp_id"].str.cat(plan["trello_id"], sep="\x1f")
    linking = plan["operation"].eq(LINK)
    unseen = set(ends[linking & ~kept])
    return plan["link"].lt(0) & ~linking & plan["trello_id"].ne("") & plan["customerp_id"].ne("") & ends.isin(unseen)


def _moved(rows: pd.DataFrame, snapshots: dict[str, Snapshot]) -> pd.DataFrame:
    """Notes that say what was planned, and what both sides show now."""
    where = rows["side"].where(rows["side"].eq(""), " in " + rows["side"])
    notes = rows.assign(detail=rows["operation"] + where, operation=MOVED, cause=MOVED, actor="", winner="")
    for side in SIDES:
        notes[side] = _shown(rows, side, snapshots[side].frame.drop_duplicates(ID).set_index(ID))
    return notes


def _shown(rows: pd.DataFrame, side: str, frame: pd.DataFrame) -> pd.Series:
    """What a side shows now of each row's property; unknown where there is nothing to show."""
    shown = pd.Series(pd.NA, index=rows.index, dtype="str")
    for name, of in rows.groupby("property"):
        if name in frame.columns:
            shown.loc[of.index] = of[f"{side}_id"].map(frame[str(name)]).astype("str")
    return shown
