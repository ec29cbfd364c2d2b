"""Records without a counterpart: which are created on the other side, and which wait (contract, section 4)."""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.frame import BY, HOLD, ID, SCOPE
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.capacity import PLACE
from customerp_trello.reconcile.match import key_columns
from customerp_trello.reconcile.plan import CREATE, CUSTOMERP, NOT_WRITABLE, OTHER, WAITING


def creates(
    source: str,
    records: pd.DataFrame,
    *,
    mapping: Mapping,
    taken: dict[str, set[str]],
    listings_complete: bool,
) -> list[pd.DataFrame]:
    """Plan the counterparts of unlinked records of side *source*.

    Args:
        source: the side that has the records.
        records: its live, unlinked, unmatched records with a display ``key``.
        mapping: the pair's mapping.
        taken: per key column (``k0`` ..) the texts that linked records bear, on either side.
        listings_complete: False holds every create, since absence then means nothing.

    Returns:
        Plan parts: ``create`` (each takes a place in its record's scope), ``waiting``, ``not_writable``.
    """
    target = OTHER[source]
    mode = mapping.side(source).on_unlinked.mode
    if records.empty:
        return []
    records = records.sort_values(["key", ID]).reset_index(drop=True)
    if mode == "link_only":
        # The CustomERP side is read by change, so that its unlinked records must be remembered as open work.
        return [_whole(records, source, source, WAITING, "link_only")] if source == CUSTOMERP else []
    why, detail = _held(records, mapping, taken, listings_complete)
    held = why.ne("")
    parts = [_whole(records[held], source, source, WAITING, why[held], detail[held])]
    records = records[~held]
    for prop in mapping.properties:
        if prop.required and prop.to(target):
            missing = records[prop.name].fillna("").eq("")
            parts.append(
                _whole(records[missing], source, target, NOT_WRITABLE, "required", f"no {prop.label}", prop.name)
            )
            records = records[~missing]
    parts.append(_create_rows(records, source, target, mapping))
    return parts


def _held(
    records: pd.DataFrame, mapping: Mapping, taken: dict[str, set[str]], complete: bool
) -> tuple[pd.Series, pd.Series]:
    """Why a record waits instead of being created, and the words for a person."""
    keys = key_columns(records, mapping.link_keys, mapping.folded)
    names = [f"k{i}" for i in range(len(mapping.link_keys))]
    first_position = pd.Series(-1, index=records.index)
    for position in reversed(range(len(names))):
        first_position = first_position.mask(keys[names[position]].notna(), position)
    why = records[HOLD].mask(records[HOLD].ne(""), "condition")
    detail = records[HOLD].copy()
    for position, name in enumerate(names):
        mine = first_position.eq(position)
        scoped = keys[SCOPE] + "\x1f" + keys[name]
        doubled = mine & scoped.duplicated(keep=False) & keys[name].notna()
        why = why.mask(doubled & why.eq(""), "ambiguous")
        occupied = mine & scoped.isin(taken.get(name, set()))
        why = why.mask(occupied & why.eq(""), "possible_duplicate")
    if not complete:
        why = why.mask(why.eq(""), "incomplete_listing")
    return why, detail


def _whole(
    records: pd.DataFrame,
    source: str,
    side: str,
    operation: str,
    cause: str | pd.Series,
    detail: str | pd.Series = "",
    prop: str = "",
) -> pd.DataFrame:
    part = pd.DataFrame({"key": records["key"], f"{source}_id": records[ID]})
    part["side"], part["operation"], part["property"] = side, operation, prop
    part["cause"], part["detail"] = cause, detail
    return part


def _create_rows(records: pd.DataFrame, source: str, target: str, mapping: Mapping) -> pd.DataFrame:
    parts = []
    for prop in mapping.properties:
        value = records[prop.name]
        wanted = value.notna() & prop.to(target)
        part = _whole(records[wanted], source, target, CREATE, f"new_in_{source}", "", prop.name)
        part["after"], part[source], part["actor"] = value[wanted], value[wanted], records.loc[wanted, BY]
        part[PLACE] = records.loc[wanted, SCOPE]
        if prop.max_length is not None:
            # Too long for the target: the record is created without it, and the mark stands.
            part["after"] = part["after"].mask(value[wanted].str.len().gt(prop.max_length))
        parts.append(part)
    return pd.concat(parts)
