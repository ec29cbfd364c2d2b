"""Which links anything can follow for: all others are left out before the rules are asked.

Of a million links a run changes a few thousand. Here a handful of column comparisons finds those, so that the decision
table runs on them alone. What is left out is quiet by construction: linked, seen, readable, nothing open or marked, on
both sides every property shows its base, and Trello lacks no key that it could be given. A law in the tests says that
the plan is the same without this step.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np

from customerp_trello.mapping.frame import LIVE, PROBLEM, READONLY, STATE, TOUCH
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.aligned import key_names
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import TRELLO
from customerp_trello.reconcile.sight import Columns, Mask, Sight, take


def noteworthy(links: Columns, seen: Dict[str, Sight], past: Past, mapping: Mapping) -> Mask:
    """Which links the rules have to look at.

    Args:
        links: all links of the pair, index 0..n-1.
        seen: both sides' snapshots, seen from these links.
        past: what else is known: held records, questions that a person was asked.
        mapping: the pair's mapping.
    """
    mask = (links["status"].ne("linked") | links["marks"].ne("{}")).to_numpy(dtype=bool, copy=True)
    if len(past.manual):
        mask |= links["link"].isin(past.manual["link"]).to_numpy()
    for side, one in seen.items():
        mask |= one.any_of(one.listed[STATE].ne(LIVE) | one.listed[PROBLEM].ne("") | one.listed[TOUCH].ne(""))
        mask |= one.absent if one.complete else one.unread
        held = past.held_reasons(side)
        if len(held):
            mask |= links[f"{side}_id"].isin(held.index).to_numpy()
    keys = key_names(mapping)
    names = [prop.name for prop in mapping.properties if not prop.create_only or prop.name in keys]
    # The comparisons release Python's lock, so two cores do them side by side.
    with ThreadPoolExecutor(2) as pool:
        for differs in pool.map(lambda one: _differs(*one), product(seen.values(), names)):
            mask |= differs
    for prop in mapping.properties:
        if prop.name in keys and prop.to(TRELLO) and not prop.create_only:
            mask |= _fillable(links, seen[TRELLO], prop.name)
    return mask


def _fillable(links: Columns, trello: Sight, name: str) -> Mask:
    """Where Trello never showed a key that CustomERP's base has, and its record can take it as far as is known."""
    lacks: Mask = (links[f"t.{name}"].isna() & links[f"c.{name}"].notna()).to_numpy(dtype=bool)
    if not lacks.any():
        return lacks
    readonly = "," + take(trello.listed[READONLY], trello.position).mask(trello.absent, "") + ","
    return lacks & ~readonly.str.contains(f",{name},", regex=False).to_numpy(dtype=bool)


def _differs(seen: Sight, name: str) -> Mask:
    """Where a property is known and is not its base, or has none yet."""
    value, base = seen.column(name), seen.base(name)
    different: Mask = np.asarray((value != base) & value.notna(), dtype=bool)
    return different
