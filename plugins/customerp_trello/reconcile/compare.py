"""Three-way comparison of linked records, one property at a time and all records at once (contract, section 3).

The decision is a truth table over four columns: both values as read and both bases. Everything here is boolean masks;
no record is looked at by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from customerp_trello.mapping.frame import BY, SCOPE, TAKES_PLACE
from customerp_trello.mapping.model import Mapping, Property
from customerp_trello.reconcile.aligned import Aligned, key_names
from customerp_trello.reconcile.capacity import PLACE
from customerp_trello.reconcile.plan import ADOPT, CONFLICT, CUSTOMERP, NOT_WRITABLE, OTHER, SIDES, TRELLO, UPDATE
from customerp_trello.reconcile.winner import Decision, decide

NOTED = "noted"
"""Why a base of CustomERP's moves alone: its records are found by the property, and CustomERP is read by change."""


@dataclass(frozen=True)
class Columns:
    """One property of all aligned records: values, bases and what follows from them."""

    now: dict[str, pd.Series]
    known: dict[str, pd.Series]
    changed: dict[str, pd.Series]
    based: pd.Series
    equal: pd.Series


def columns_of(aligned: Aligned, prop: Property) -> Columns:
    """Compute the truth table's inputs for one property."""
    now = {side: aligned.value(side, prop.name) for side in SIDES}
    base = {side: aligned.base(side, prop.name) for side in SIDES}
    known = {side: now[side].notna() for side in SIDES}

    def same(text: pd.Series) -> pd.Series:
        return text.str.casefold() if prop.ignore_case else text

    changed = {side: known[side] & base[side].notna() & (same(now[side]) != same(base[side])) for side in SIDES}
    equal = known[CUSTOMERP] & known[TRELLO] & (same(now[CUSTOMERP]) == same(now[TRELLO]))
    based = base[CUSTOMERP].notna() & base[TRELLO].notna()
    return Columns(now, known, changed, based, equal)


def edited(aligned: Aligned, mapping: Mapping, side: str) -> pd.Series:
    """Which records somebody else changed on *side*, in a property that may travel from there."""
    result = pd.Series(False, index=aligned.links.index)
    for prop in mapping.properties:
        if prop.to(OTHER[side]) and not prop.create_only:
            result |= columns_of(aligned, prop).changed[side]
    return result


def compare(aligned: Aligned, mapping: Mapping, decision: Decision) -> list[pd.DataFrame]:
    """All rows that linked records call for, as plan parts."""
    parts: list[pd.DataFrame] = []
    keys = key_names(mapping)
    for prop in mapping.properties:
        if not prop.create_only:
            parts += _compare_property(aligned, mapping, prop, decision, found_by=prop.name in keys)
        elif prop.name in keys:
            cols = columns_of(aligned, prop)
            parts.append(_rows(aligned, prop, cols, _unknown_of_the_erp(aligned, prop, cols), "", ADOPT, cause=NOTED))
    return parts


def _compare_property(
    aligned: Aligned, mapping: Mapping, prop: Property, decision: Decision, *, found_by: bool
) -> list[pd.DataFrame]:
    cols = columns_of(aligned, prop)
    either = cols.changed[CUSTOMERP] | cols.changed[TRELLO]
    told = either | ~cols.based | aligned.links["marks"].ne("{}")
    if not told.any() and not decision.asked_about(prop.name):
        return []
    both = cols.changed[CUSTOMERP] & cols.changed[TRELLO]
    first = ~cols.based & cols.known[CUSTOMERP] & cols.known[TRELLO]
    adopt = (either & cols.based | first) & cols.equal
    winner = pd.Series("", index=aligned.links.index, dtype="str")
    cause = winner.copy()

    open_ = cols.based & either & ~cols.equal
    for side in SIDES:
        alone = open_ & cols.changed[side] & ~both
        winner, cause = winner.mask(alone, side), cause.mask(alone, f"edited_in_{side}")
    filled = first & ~cols.equal
    for side in SIDES:
        fills = filled & (cols.now[OTHER[side]] == "")
        winner, cause = winner.mask(fills, side), cause.mask(fills, "first_link_fill")
    for side in SIDES:
        news = _never_shown(aligned, prop, cols, OTHER[side], found_by=found_by)
        winner, cause = winner.mask(news, side), cause.mask(news, "first_link_fill")
    clash = filled & (winner == "")
    winner, cause = _settle(clash, winner, cause, _first_link(mapping, prop), "first_link")
    standing = _writable_again(aligned, prop, cols, either)
    for side in SIDES:
        winner, cause = winner.mask(standing[side], OTHER[side]), cause.mask(standing[side], "writable_again")

    fought = open_ & both
    if prop.two_way:
        if fought.any():
            won, why = decide(aligned, prop, mapping, decision, fought)
            winner, cause = winner.mask(fought, won), cause.mask(fought, why)
    else:
        winner = winner.mask(fought, _source(prop))
        cause = cause.mask(fought, f"edited_in_{_source(prop)}")
    conflict = (clash | fought) & prop.two_way
    stood = None
    if decision.decided(prop.name):
        stood, why = decision.stands(aligned, prop.name, cols.now)
        stands = conflict & stood.notna()
        winner, cause = winner.mask(stands, stood), cause.mask(stands, why)
    if decision.asked_about(prop.name):
        manual = decision.answers(aligned, prop.name, cols.now)
        answered = manual.notna() & (manual != "")
        waits = manual.notna() & ~answered & cols.based & ~cols.equal
        # A value that nobody sees now (a line that a comment lost) cannot be written; its answer goes on waiting.
        seen = manual.eq(CUSTOMERP) & cols.known[CUSTOMERP] | manual.eq(TRELLO) & cols.known[TRELLO]
        winner = winner.mask(answered & ~cols.equal, manual.where(seen, ""))
        cause = cause.mask(answered & ~cols.equal, "answered")
        winner, cause = winner.mask(waits, ""), cause.mask(waits, decision.reasons(aligned, prop.name))
        # Both went back to what they were before the question: nobody edits any more, and nothing is asked any more.
        adopt |= manual.notna() & cols.based & cols.equal
        adopt &= ~waits
        conflict |= waits
    if stood is not None:
        conflict &= ~winner.eq(stood)  # recorded and told when it was decided
    parts = _emit(aligned, prop, cols, winner, cause, adopt, conflict)
    if found_by:
        # An address, as a rule: Trello shows nobody's but of those whom we invited.
        noted = _unknown_of_the_erp(aligned, prop, cols) & winner.eq("")
        noted &= ~cols.known[TRELLO] & aligned.base(TRELLO, prop.name).isna()
        parts.append(_rows(aligned, prop, cols, noted, "", ADOPT, cause=NOTED))
    return parts


def _unknown_of_the_erp(aligned: Aligned, prop: Property, cols: Columns) -> pd.Series:
    """Records with another value in CustomERP than its base."""
    return cols.known[CUSTOMERP] & cols.now[CUSTOMERP].ne(aligned.base(CUSTOMERP, prop.name).fillna(""))


def _settle(mask: pd.Series, winner: pd.Series, cause: pd.Series, side: str, why: str) -> tuple[pd.Series, pd.Series]:
    return winner.mask(mask, "" if side == "manual" else side), cause.mask(mask, why)


def _source(prop: Property) -> str:
    return CUSTOMERP if prop.to(TRELLO) else TRELLO


def _first_link(mapping: Mapping, prop: Property) -> str:
    return (prop.on_first_link or mapping.on_first_link) if prop.two_way else _source(prop)


def _never_shown(aligned: Aligned, prop: Property, cols: Columns, target: str, *, found_by: bool) -> pd.Series:
    """Records that never showed the property on *target* and can take it: a line that a comment does not have yet."""
    source = OTHER[target]
    never = aligned.base(target, prop.name).isna()
    if not (found_by and source == CUSTOMERP):  # whose base may be noted although the target never showed anything
        never &= aligned.base(source, prop.name).isna()
    new = never & cols.known[source] & cols.now[source].ne("") & ~cols.known[target] & prop.to(target)
    return new & _refusal(aligned, prop, target, cols.now[source]).eq("") if new.any() else new


def _writable_again(aligned: Aligned, prop: Property, cols: Columns, either: pd.Series) -> dict[str, pd.Series]:
    """Standing ``not_writable`` marks whose target can now be written, per target side."""
    marks = aligned.links["marks"]
    if not (marks != "{}").any():
        return {side: pd.Series(False, index=marks.index) for side in SIDES}
    quiet = cols.based & ~either & ~cols.equal & cols.known[CUSTOMERP] & cols.known[TRELLO]
    result = {}
    for side in SIDES:
        # JSON as the database keeps it, with or without a space.
        marked = marks.str.contains(rf'"{re.escape(prop.name)}": ?"{NOT_WRITABLE}:{side}"')
        result[side] = quiet & marked & _refusal(aligned, prop, side, cols.now[OTHER[side]]).eq("")
    return result


def _refusal(aligned: Aligned, prop: Property, side: str, value: pd.Series) -> pd.Series:
    """Why *side* cannot take *value* in each record, empty where it can."""
    record = aligned.records[side]
    readonly = ("," + record["_readonly"] + ",").str.contains(f",{prop.name},", regex=False)
    why = record["_readonly_reason"].where(readonly, "")
    why = why.mask(readonly & (why == ""), "read-only")
    if prop.max_length is not None:
        why = why.mask(value.str.len().gt(prop.max_length) & (why == ""), f"longer than {prop.max_length} characters")
    if prop.required or (side == TRELLO and prop.name in aligned.filled):
        why = why.mask(value.eq("") & (why == ""), "required there, empty here")
    return why


def _place(aligned: Aligned, prop: Property, target: str) -> pd.Series | None:
    """The scope in which writing the property takes a place on *target*: the one that the source's record has now."""
    takers = aligned.records[target][TAKES_PLACE]
    if not takers.ne("").any():
        return None
    takes = ("," + takers + ",").str.contains(f",{prop.name},", regex=False)
    return aligned.records[OTHER[target]][SCOPE].where(takes)


def _emit(
    aligned: Aligned,
    prop: Property,
    cols: Columns,
    winner: pd.Series,
    cause: pd.Series,
    adopt: pd.Series,
    conflict: pd.Series,
) -> list[pd.DataFrame]:
    """Turn one property's decisions into plan rows."""
    parts = [_rows(aligned, prop, cols, adopt, "", ADOPT, cause="equal")]
    parts.append(_rows(aligned, prop, cols, conflict, "", CONFLICT, cause=cause, winner=winner))
    for source in SIDES:
        target = OTHER[source]
        wins = winner == source
        if not wins.any():
            continue
        if prop.to(target):
            refusal = _refusal(aligned, prop, target, cols.now[source])
            refused = wins & refusal.ne("")
            written = wins & ~refused
            place = _place(aligned, prop, target)
            parts.append(_rows(aligned, prop, cols, written, target, UPDATE, cause=cause, place=place))
            parts.append(_rows(aligned, prop, cols, refused, target, NOT_WRITABLE, cause=cause, detail=refusal))
        elif prop.put_back:
            settled = wins & cause.eq("answered")
            parts.append(_rows(aligned, prop, cols, settled, "", ADOPT, cause=cause))
            back = wins & ~settled & cols.known[target]
            refusal = _refusal(aligned, prop, source, cols.now[target])
            ok = back & refusal.eq("")
            parts.append(_rows(aligned, prop, cols, ok, source, UPDATE, cause="put_back"))
            parts.append(_rows(aligned, prop, cols, back & ~ok, source, NOT_WRITABLE, cause="put_back", detail=refusal))
        else:
            parts.append(_rows(aligned, prop, cols, wins, "", ADOPT, cause="not_put_back"))
    return parts


def _rows(
    aligned: Aligned,
    prop: Property,
    cols: Columns,
    mask: pd.Series,
    side: str,
    operation: str,
    *,
    cause: str | pd.Series,
    winner: pd.Series | None = None,
    detail: pd.Series | None = None,
    place: pd.Series | None = None,
) -> pd.DataFrame:
    if not mask.any():
        return pd.DataFrame()
    links, now = aligned.links, cols.now
    columns = {name: links[name] for name in ("link", "customerp_id", "trello_id", "key")}
    columns |= {"customerp": now[CUSTOMERP], "trello": now[TRELLO]}
    if side:
        columns |= {"before": now[side], "after": now[OTHER[side]], "actor": aligned.records[OTHER[side]][BY]}
    if winner is not None:
        columns |= {"winner": winner} | {f"base_{end}": aligned.base(end, prop.name) for end in SIDES}
    if detail is not None:
        columns["detail"] = detail
    if place is not None:
        columns[PLACE] = place
    rows = pd.DataFrame({name: column[mask] for name, column in columns.items()})
    rows["side"], rows["operation"], rows["property"], rows["cause"] = side, operation, prop.name, cause
    return rows
