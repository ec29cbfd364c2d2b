"""Records without a link: matched, created across, or waiting (contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from customerp_trello.mapping.frame import ID, PROBLEM
from customerp_trello.mapping.membership import INVITES, SENDS_AWAY
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.aligned import Aligned, Seen, display_keys, key_names
from customerp_trello.reconcile.compare import compare
from customerp_trello.reconcile.create import creates
from customerp_trello.reconcile.gone import rows
from customerp_trello.reconcile.known import BOTH, Past
from customerp_trello.reconcile.match import key_columns, match
from customerp_trello.reconcile.plan import CUSTOMERP, LINK, OTHER, QUARANTINE, SIDES, TRELLO, WAITING
from customerp_trello.reconcile.touch import with_touch
from customerp_trello.reconcile.winner import Decision

_LEAVER = "by name alone it fits somebody who has left; if the two are one person, link them by hand"
_BACK = "it is back, its former counterpart is not in sight; if that is gone for good, let it count as new"


def decide_unlinked(seen: dict[str, Seen], mapping: Mapping, past: Past) -> list[pd.DataFrame]:
    """Plan parts of all records that no link names."""
    if all(one.unlinked.empty for one in seen.values()):
        return []
    parts: list[pd.DataFrame] = []
    readable: dict[str, pd.DataFrame] = {}
    aside: dict[str, pd.DataFrame] = {}
    for side in SIDES:
        readable[side], aside[side], notes = _sorted_out(seen[side].unlinked, side, mapping, past)
        parts += notes

    again = _lives_again(readable, past)
    parts.append(_link_rows(again, "lives_again", mapping, readable))
    rest = {s: readable[s][~readable[s][ID].isin(again[f"{s}_id"])].reset_index(drop=True) for s in SIDES}

    matches = match(rest[CUSTOMERP], rest[TRELLO], mapping.link_keys, mapping.folded)
    held = {s: past.held_reasons(s) for s in SIDES}
    complete = all(one.snapshot.complete or one.snapshot.facts.get("keys_complete") for one in seen.values())
    found = matches.links
    usable = ~found["customerp_id"].isin(held[CUSTOMERP].index) & ~found["trello_id"].isin(held[TRELLO].index)
    leaver = usable & _sends_away(found, rest, mapping)
    if complete:
        parts.append(_link_rows(found[usable & ~leaver], "key", mapping, readable))
    lone: dict[str, pd.DataFrame] = {}
    for side in SIDES:
        grouped = matches.ambiguous.loc[matches.ambiguous["side"] == side, "record_id"]
        in_group = rest[side][ID].isin(grouped)
        parts.append(_notes(rest[side][in_group], side, WAITING, "ambiguous", "the link keys fit several records"))
        free = rest[side][~in_group]
        blocked = free[ID].isin(held[side].index)
        parts.append(_notes(free[blocked], side, QUARANTINE, "held", free.loc[blocked, ID].map(held[side])))
        free = free[~blocked]
        # Who fits a record that must not be written now is neither linked yet, nor forgotten.
        fits = free[ID].isin(found.loc[~usable, f"{side}_id"])
        parts.append(_notes(free[fits], side, WAITING, "counterpart_held", "it fits a record that has to wait"))
        parts.append(_notes(free[free[ID].isin(found.loc[leaver, f"{side}_id"])], side, WAITING, "leaver", _LEAVER))
        free = free[~free[ID].isin(found[f"{side}_id"])]
        survives = free[ID].isin(past.tombstones.loc[past.tombstones["side"] == OTHER[side], "surviving_id"])
        parts.append(_notes(free[survives], side, WAITING, "tombstone", "its counterpart was deleted"))
        # A listing that was cut short hides the survivor, and whoever is back would seem to be new.
        stones = past.tombstones[past.tombstones["side"] == side]
        unseen = stones.loc[~stones["surviving_id"].isin(readable[OTHER[side]][ID]), "deleted_id"]
        back = ~survives & free[ID].isin(unseen)
        parts.append(_notes(free[back], side, WAITING, "tombstone", _BACK))
        lone[side] = free[~survives & ~back]
    to_create = [lone[side] for side in SIDES if mapping.side(side).on_unlinked.creates]
    taken = _taken(seen, to_create, found, rest, aside, mapping)
    for side in SIDES:
        parts += creates(side, lone[side], mapping=mapping, taken=taken, listings_complete=complete)
    return parts


def _sends_away(found: pd.DataFrame, rest: dict[str, pd.DataFrame], mapping: Mapping) -> pd.Series:
    """Which matches would take away somebody's membership although the first key does not tell who that is.

    Whoever left years ago and was never linked may only bear the name of a colleague who has come since.
    """
    away = pd.Series(False, index=found.index)
    if found.empty:
        return away
    ends = {s: rest[s].set_index(ID).loc[found[f"{s}_id"]].set_axis(found.index) for s in SIDES}
    for name in mapping.memberships:
        left = ends[CUSTOMERP][name].isin(SENDS_AWAY)
        away |= left & ends[TRELLO][name].isin(INVITES)
    first = {s: key_columns(rest[s], mapping.link_keys[:1], mapping.folded).set_index(ID)["k0"] for s in SIDES}
    sure = found["customerp_id"].map(first[CUSTOMERP]).eq(found["trello_id"].map(first[TRELLO]))
    return away & ~sure.fillna(False).astype(bool)


def _sorted_out(
    frame: pd.DataFrame, side: str, mapping: Mapping, past: Past
) -> tuple[pd.DataFrame, pd.DataFrame, list[pd.DataFrame]]:
    """Records to be matched, records set aside (unreadable, or taken apart by a person), and notes about these."""
    frame = frame.assign(key=_record_keys(frame, mapping))
    bad = frame[PROBLEM].ne("")
    apart = ~bad & frame[ID].isin(past.apart[f"{side}_id"])
    notes = [
        _notes(frame[bad], side, QUARANTINE, "unreadable", frame.loc[bad, PROBLEM]),
        _notes(frame[apart], side, WAITING, "apart", "a person took it and its counterpart apart"),
    ]
    # Whoever bears a key of a record set aside may be its duplicate.
    return frame[~bad & ~apart].reset_index(drop=True), frame[bad | apart], notes


def _notes(frame: pd.DataFrame, side: str, operation: str, cause: str, detail: str | pd.Series) -> pd.DataFrame:
    if frame.empty:
        return pd.DataFrame()
    part = pd.DataFrame({"key": frame["key"], f"{side}_id": frame[ID]})
    part["side"], part["operation"], part["property"], part["cause"] = side, operation, "", cause
    part["detail"] = detail
    return part


def _lives_again(readable: dict[str, pd.DataFrame], past: Past) -> pd.DataFrame:
    """Records that a tombstone calls deleted and that are back, with their counterpart unlinked (and back as well)."""
    pairs = []
    for side, whose in ((CUSTOMERP, (CUSTOMERP, BOTH)), (TRELLO, (TRELLO,))):
        other = OTHER[side]
        stones = past.tombstones[past.tombstones["side"].isin(whose)]
        back = stones[stones["deleted_id"].isin(readable[side][ID]) & stones["surviving_id"].isin(readable[other][ID])]
        pairs.append(pd.DataFrame({f"{side}_id": back["deleted_id"], f"{other}_id": back["surviving_id"]}))
    found = pd.concat(pairs, ignore_index=True).drop_duplicates()
    return found[~found.duplicated("customerp_id", keep=False) & ~found.duplicated("trello_id", keep=False)]


def _link_rows(found: pd.DataFrame, cause: str, mapping: Mapping, readable: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """New links, with what the first comparison of each property says (contract, section 3, first link)."""
    if found.empty:
        return pd.DataFrame()
    links = found[["customerp_id", "trello_id"]].reset_index(drop=True)
    unknown = {
        f"{end}.{name}": pd.Series(pd.NA, index=links.index, dtype="str") for end in "ct" for name in mapping.names
    }
    links = links.assign(
        link=-1, status="linked", away="", marks="{}", written_customerp="", written_trello="", **unknown
    )
    records = {s: readable[s].set_index(ID, drop=False).loc[links[f"{s}_id"]].reset_index(drop=True) for s in SIDES}
    aligned = Aligned(links.assign(key=display_keys(links, records, mapping)), records, mapping.filled)
    parts = [rows(aligned.links, pd.Series(True, index=links.index), "", LINK, cause)]
    parts += with_touch(compare(aligned, mapping, Decision(Past(links=links))), aligned)
    return pd.concat([p for p in parts if len(p)])


def _taken(
    seen: dict[str, Seen],
    to_create: list[pd.DataFrame],
    found: pd.DataFrame,
    rest: dict[str, pd.DataFrame],
    aside: dict[str, pd.DataFrame],
    mapping: Mapping,
) -> dict[str, set[str]]:
    """Key texts of records *to_create* that a linked or set-aside record bears, on either side: maybe duplicates."""
    wanted = _key_texts([one for one in to_create if len(one)], mapping)
    if not any(wanted.values()):
        return {}
    bearers: list[pd.DataFrame] = []
    for side, one in seen.items():
        bearers += [rest[side][rest[side][ID].isin(found[f"{side}_id"])], aside[side]]
        columns = {ID: one.links[f"{side}_id"], "_scope": one.scopes(mapping)}
        bearers.append(pd.DataFrame(columns | {name: one.borne(name) for name in key_names(mapping)}))
    return _key_texts(bearers, mapping, wanted)


def _key_texts(
    frames: Iterable[pd.DataFrame], mapping: Mapping, wanted: dict[str, set[str]] | None = None
) -> dict[str, set[str]]:
    """Scope and text of every key that the frames' records have, per key; only *wanted* ones where given."""
    result: dict[str, set[str]] = {f"k{position}": set() for position in range(len(mapping.link_keys))}
    for frame in frames:
        keys = key_columns(frame, mapping.link_keys, mapping.folded)
        for name, texts in result.items():
            scoped = (keys["_scope"].fillna("") + "\x1f" + keys[name]).dropna()
            texts.update(scoped if wanted is None else scoped[scoped.isin(wanted[name])])
    return result


def _record_keys(frame: pd.DataFrame, mapping: Mapping) -> pd.Series:
    text = pd.Series(pd.NA, index=frame.index, dtype="str")
    for name in key_names(mapping):
        text = text.fillna(frame[name].where(frame[name] != ""))
    return text.fillna(frame[ID])
