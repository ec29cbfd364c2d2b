"""Free places: which changes find one, in the order of the keys (contract, section 8).

A plan part may have a column `PLACE`: the scope in which the row's change takes a place, missing where it takes none.
New records and linked ones that come (back) in are counted together, since they compete for the same places.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from customerp_trello.reconcile.plan import CREATE, NOT_WRITABLE, WAITING

PLACE = "_place"
_ONE = ["side", "customerp_id", "trello_id"]
_VALUES = ("before", "after", "customerp", "trello", "actor")


def within_capacity(
    parts: list[pd.DataFrame], capacity: dict[str, dict[str, int]], outside: dict[str, str] | None = None
) -> list[pd.DataFrame]:
    """Turn what finds no place into ``not_writable`` with cause ``cap``, or lets it wait until its scope is there.

    A mark that stands already is left as it is: that there is still no room is no news.

    Args:
        parts: plan parts, those of creates and updates with `PLACE` where they take one.
        capacity: free places per side and scope; no limit is known of a scope that is not there.
        outside: why a scope that is not there cannot be entered, of sides where that is so.
    """
    for side, why in (outside or {}).items():
        parts = [_waiting(part, side, capacity[side], why) if PLACE in part else part for part in parts]
    taking = [_takers(part) for part in parts if PLACE in part]
    if not taking or not any(capacity.values()):
        return parts
    wishes = pd.concat(taking).drop_duplicates(_ONE)
    wishes = wishes.sort_values(["key", "customerp_id", "trello_id"])
    rank = wishes.groupby(["side", PLACE]).cumcount()
    places = {(side, scope): float(free) for side, scopes in capacity.items() for scope, free in scopes.items()}
    free = [places.get(one, float("inf")) for one in zip(wishes["side"], wishes[PLACE], strict=True)]
    full = pd.MultiIndex.from_frame(wishes.loc[rank.ge(free), _ONE])
    return [_without(part, full) if PLACE in part else part for part in parts] if len(full) else parts


def _takers(part: pd.DataFrame) -> pd.DataFrame:
    rows = part[part[PLACE].notna()].reindex(columns=[*_ONE, "key", PLACE])
    return rows.fillna(dict.fromkeys(_ONE, ""))


def _without(part: pd.DataFrame, full: pd.MultiIndex) -> pd.DataFrame:
    identity = part.reindex(columns=_ONE).fillna("")
    hit = part[PLACE].notna() & pd.MultiIndex.from_frame(identity).isin(full)
    told = _told(part[hit & part["cause"].ne("writable_again")], NOT_WRITABLE, "cap", "no free place left")
    kept: pd.DataFrame = pd.concat([part[~hit], told])
    return kept


def _waiting(part: pd.DataFrame, side: str, scopes: Collection[str], why: str) -> pd.DataFrame:
    hit = part["side"].eq(side) & part[PLACE].notna() & ~part[PLACE].isin(list(scopes))
    if not hit.any():
        return part
    told = _told(part[hit], WAITING, "not_linked", why).drop(columns=PLACE)
    left: pd.DataFrame = pd.concat([part[~hit], told])
    return left


def _told(part: pd.DataFrame, operation: str, cause: str, detail: str) -> pd.DataFrame:
    """Notes instead of writes; of what would have been created, one for the whole record."""
    creates = part["operation"].eq(CREATE)
    told = part.assign(operation=operation, cause=cause, detail=detail)
    whole = told[creates].drop_duplicates([name for name in _ONE if name in told])
    whole = whole.assign(property="").drop(columns=[name for name in _VALUES if name in whole])
    notes: pd.DataFrame = pd.concat([told[~creates], whole])
    return notes
