"""Reconcile: two snapshots, the pair's past and the mapping in, the plan out. Pure; nothing is read or written here."""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.frame import ID, LIVE, MODIFIED_AT, PROBLEM, STATE, TOUCH, Snapshot, conform
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.aligned import Aligned
from customerp_trello.reconcile.compare import compare, edited
from customerp_trello.reconcile.create import creates
from customerp_trello.reconcile.gone import decide_gone, relinks, rows
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.match import key_columns, match
from customerp_trello.reconcile.plan import (
    CUSTOMERP,
    LINK,
    OTHER,
    QUARANTINE,
    RELINK,
    SIDES,
    TRELLO,
    UPDATE,
    WAITING,
    make_plan,
)
from customerp_trello.reconcile.winner import Decision


def reconcile(mapping: Mapping, customerp: Snapshot, trello: Snapshot, past: Past) -> pd.DataFrame:
    """Compare both sides with the base and decide what every record calls for (contract, sections 3 to 5).

    Args:
        mapping: the pair's mapping.
        customerp: what was read of CustomERP; incomplete if only changed records were read.
        trello: what was read of Trello.
        past: links with base, tombstones, open work.

    Returns:
        The plan, see :mod:`customerp_trello.reconcile.plan`.
    """
    snapshots = {CUSTOMERP: customerp, TRELLO: trello}
    links = past.links.reset_index(drop=True)
    links, parts = _moved_by_hand(links, snapshots, mapping)
    unlinked = {side: _unlinked(snapshots[side].frame, links, side) for side in SIDES}

    records = _read(links, snapshots, mapping)
    gone = {side: records[side][STATE].eq("gone") for side in SIDES}
    links, moved = relinks(links.assign(key=_keys(links, records, mapping)), gone, unlinked, mapping)
    parts += moved
    unclear = {int(link) for part in moved if len(part) and part["cause"].iloc[0] == "merge" for link in part["link"]}
    if moved:
        unlinked = {side: _unlinked(snapshots[side].frame, links, side) for side in SIDES}
        records = _read(links, snapshots, mapping)
        links = links.assign(key=_keys(links, records, mapping))
    parts += _linked(links, records, mapping, past, links["link"].isin(unclear))
    parts += _unlinked_parts(links, records, unlinked, snapshots, mapping, past)
    return make_plan(parts)


def _moved_by_hand(
    links: pd.DataFrame, snapshots: dict[str, Snapshot], mapping: Mapping
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Follow records that a side found again under another id (a member whom somebody put into another workspace)."""
    parts: list[pd.DataFrame] = []
    for side in SIDES:
        moved: dict[str, str] = snapshots[side].facts.get("moved", {})
        hit = links[f"{side}_id"].isin(moved)
        if hit.any():
            renamed = links[f"{side}_id"].map(moved).astype("str")
            links = links.assign(**{f"{side}_id": renamed.fillna(links[f"{side}_id"])})
            keyed = links.assign(key=_keys(links, _read(links, snapshots, mapping), mapping))
            parts.append(rows(keyed, hit, "", RELINK, f"moved_in_{side}"))
    return links, parts


def _linked(
    links: pd.DataFrame, records: dict[str, pd.DataFrame], mapping: Mapping, past: Past, busy: pd.Series
) -> list[pd.DataFrame]:
    """Everything about linked records but those that are *busy* already."""
    parts: list[pd.DataFrame] = []
    for side in SIDES:
        unseen = records[side][STATE].isna()
        parts.append(rows(links, unseen & ~busy, side, WAITING, "not_seen", "listed by neither scan nor look-up"))
        broken = ~unseen & records[side][PROBLEM].fillna("").ne("")
        part = rows(links, broken & ~busy, side, QUARANTINE, "unreadable")
        part["detail"] = records[side].loc[part.index, PROBLEM]
        parts.append(part)
        reason = links[f"{side}_id"].map(past.held_reasons(side)).astype("str")
        part = rows(links, reason.notna() & ~broken & ~busy, side, QUARANTINE, "held")
        part["detail"] = reason[part.index]
        parts.append(part)
        busy |= unseen | broken | reason.notna()

    aligned = _aligned(links, records, ~busy)
    changed = {side: edited(aligned, mapping, side) for side in SIDES}
    done, gone_parts = decide_gone(aligned.links, aligned.records, changed, mapping)
    parts += gone_parts
    aligned = _aligned(aligned.links, aligned.records, ~done)
    parts.append(rows(aligned.links, aligned.links["status"].eq("suspended"), "", LINK, "resumed"))
    compared = compare(aligned, mapping, Decision(past))
    return parts + _with_touch(compared, aligned)


def _aligned(links: pd.DataFrame, records: dict[str, pd.DataFrame], mask: pd.Series) -> Aligned:
    if bool(mask.all()):
        return Aligned(links, records)
    return Aligned(
        links[mask].reset_index(drop=True),
        {side: records[side][mask].reset_index(drop=True) for side in SIDES},
    )


def _with_touch(parts: list[pd.DataFrame], aligned: Aligned) -> list[pd.DataFrame]:
    """Records that must be written although nothing differs, and the same word on updates that happen anyway."""
    touch = aligned.records[TRELLO][TOUCH].fillna("")
    if not touch.ne("").any():
        return parts
    words = dict(zip(aligned.links.loc[touch.ne(""), "link"], touch[touch.ne("")], strict=True))
    told = []
    for part in parts:
        if len(part) and part["operation"].iloc[0] == UPDATE and part["side"].iloc[0] == TRELLO:
            part = part.assign(detail=part["link"].map(words).astype("str").fillna(""))
        told.append(part)
    part = rows(aligned.links, touch.ne(""), TRELLO, UPDATE, "touch")
    part["detail"] = touch[part.index]
    return [*told, part]


def _unlinked(frame: pd.DataFrame, links: pd.DataFrame, side: str) -> pd.DataFrame:
    return frame[frame[STATE].eq(LIVE) & ~frame[ID].isin(links[f"{side}_id"])].reset_index(drop=True)


def _unlinked_parts(
    links: pd.DataFrame,
    records: dict[str, pd.DataFrame],
    unlinked: dict[str, pd.DataFrame],
    snapshots: dict[str, Snapshot],
    mapping: Mapping,
    past: Past,
) -> list[pd.DataFrame]:
    """Matching, creating and waiting of records without a link."""
    parts: list[pd.DataFrame] = []
    readable: dict[str, pd.DataFrame] = {}
    broken: dict[str, pd.DataFrame] = {}
    for side in SIDES:
        frame = unlinked[side].assign(key=_record_key(unlinked[side], mapping))
        bad = frame[PROBLEM].ne("")
        broken[side] = frame[bad]
        parts.append(_notes(broken[side], side, QUARANTINE, "unreadable", broken[side][PROBLEM]))
        apart = ~bad & frame[ID].isin(past.apart[f"{side}_id"])
        parts.append(_notes(frame[apart], side, WAITING, "apart", "a person took it and its counterpart apart"))
        broken[side] = frame[bad | apart]  # whoever bears one of their keys may be a duplicate
        readable[side] = frame[~bad & ~apart].reset_index(drop=True)

    again = _lives_again(readable, past)
    parts.append(_link_rows(again, "lives_again", mapping, readable))
    rest = {s: readable[s][~readable[s][ID].isin(again[f"{s}_id"])].reset_index(drop=True) for s in SIDES}

    matches = match(rest[CUSTOMERP], rest[TRELLO], mapping.link_keys, mapping.folded)
    held = {s: past.held_reasons(s) for s in SIDES}
    complete = all(snapshots[s].complete or snapshots[s].facts.get("keys_complete") for s in SIDES)
    found = matches.links
    usable = ~found["customerp_id"].isin(held[CUSTOMERP].index) & ~found["trello_id"].isin(held[TRELLO].index)
    if complete:
        parts.append(_link_rows(found[usable], "key", mapping, readable))
    taken = _taken(links, records, found, rest, broken, mapping)
    for side in SIDES:
        grouped = matches.ambiguous.loc[matches.ambiguous["side"] == side, "record_id"]
        in_group = rest[side][ID].isin(grouped)
        parts.append(_notes(rest[side][in_group], side, WAITING, "ambiguous", "the link keys fit several records"))
        lone = rest[side][~in_group & ~rest[side][ID].isin(found[f"{side}_id"])]
        blocked = lone[ID].isin(held[side].index)
        parts.append(_notes(lone[blocked], side, QUARANTINE, "held", lone.loc[blocked, ID].map(held[side])))
        lone = lone[~blocked]
        survives = lone[ID].isin(past.tombstones.loc[past.tombstones["side"] == OTHER[side], "surviving_id"])
        parts.append(_notes(lone[survives], side, WAITING, "tombstone", "its counterpart was deleted"))
        parts += creates(
            side,
            lone[~survives],
            mapping=mapping,
            taken=taken,
            listings_complete=complete,
            capacity=dict(snapshots[OTHER[side]].facts.get("capacity", {})),
        )
    return parts


def _notes(frame: pd.DataFrame, side: str, operation: str, cause: str, detail: str | pd.Series) -> pd.DataFrame:
    part = pd.DataFrame({"key": frame["key"], f"{side}_id": frame[ID]})
    part["side"], part["operation"], part["property"], part["cause"] = side, operation, "", cause
    part["detail"] = detail
    return part


def _lives_again(readable: dict[str, pd.DataFrame], past: Past) -> pd.DataFrame:
    """Records that a tombstone calls deleted and that are back, with their counterpart still unlinked."""
    pairs = []
    for side in SIDES:
        other = OTHER[side]
        stones = past.tombstones[past.tombstones["side"] == side]
        back = stones[stones["deleted_id"].isin(readable[side][ID]) & stones["surviving_id"].isin(readable[other][ID])]
        pairs.append(pd.DataFrame({f"{side}_id": back["deleted_id"], f"{other}_id": back["surviving_id"]}))
    found = pd.concat(pairs, ignore_index=True).drop_duplicates()
    return found[~found.duplicated("customerp_id", keep=False) & ~found.duplicated("trello_id", keep=False)]


def _link_rows(found: pd.DataFrame, cause: str, mapping: Mapping, readable: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """New links, with what the first comparison of each property says (contract, section 3, first link)."""
    if found.empty:
        return pd.DataFrame()
    links = found[["customerp_id", "trello_id"]].reset_index(drop=True)
    links = links.assign(link=-1, status="linked", marks="{}", written_customerp="", written_trello="")
    for name in mapping.names:
        links[f"c.{name}"] = links[f"t.{name}"] = pd.Series(pd.NA, index=links.index, dtype="str")
    records = {s: readable[s].set_index(ID, drop=False).loc[links[f"{s}_id"]].reset_index(drop=True) for s in SIDES}
    links["key"] = _keys(links, records, mapping)
    aligned = Aligned(links, records)
    empty = Past(links=links)
    parts = [rows(links, pd.Series(True, index=links.index), "", LINK, cause)]
    parts += _with_touch(compare(aligned, mapping, Decision(empty)), aligned)
    return pd.concat([p for p in parts if len(p)], ignore_index=True)


def _taken(
    links: pd.DataFrame,
    records: dict[str, pd.DataFrame],
    found: pd.DataFrame,
    rest: dict[str, pd.DataFrame],
    broken: dict[str, pd.DataFrame],
    mapping: Mapping,
) -> dict[str, set[str]]:
    """Key texts that linked or unreadable records bear, on either side: a create with one may be a duplicate."""
    result: dict[str, set[str]] = {}
    for side in SIDES:
        fresh = rest[side][rest[side][ID].isin(found[f"{side}_id"])]
        for frame in (records[side], fresh, broken[side]):
            keys = key_columns(frame, mapping.link_keys, mapping.folded)
            for position in range(len(mapping.link_keys)):
                scoped = keys["_scope"].fillna("") + "\x1f" + keys[f"k{position}"]
                result.setdefault(f"k{position}", set()).update(scoped.dropna())
    return result


def _read(links: pd.DataFrame, snapshots: dict[str, Snapshot], mapping: Mapping) -> dict[str, pd.DataFrame]:
    """Both sides' records in the order of the links.

    A linked record that an incomplete listing leaves out has not changed: it is shown as its base. One that a complete
    listing leaves out without a word has a missing ``_state``: nothing is decided about it.
    """
    result = {}
    for side in SIDES:
        frame = snapshots[side].frame
        position = pd.Index(frame[ID]).get_indexer(pd.Index(links[f"{side}_id"]))
        taken = frame.take(position.clip(min=0)) if len(frame) else conform(frame, mapping.names).reindex(links.index)
        taken = taken.reset_index(drop=True)
        absent = pd.Series(position == -1, index=links.index)
        if absent.any():
            taken = _absent(taken, absent, links, side, snapshots[side].complete, mapping)
        result[side] = taken
    return result


def _absent(
    taken: pd.DataFrame, absent: pd.Series, links: pd.DataFrame, side: str, complete: bool, mapping: Mapping
) -> pd.DataFrame:
    taken = taken.copy()
    for column in taken.columns:
        if column == MODIFIED_AT:
            taken[column] = taken[column].mask(absent)
        elif column in mapping.names:
            base = links[f"{side[0]}.{column}"]
            taken[column] = taken[column].mask(absent, pd.NA if complete else base)
        elif column == ID:
            taken[column] = taken[column].mask(absent, links[f"{side}_id"])
        elif column == STATE:
            taken[column] = taken[column].mask(absent, pd.NA if complete else LIVE)
        else:
            taken[column] = taken[column].mask(absent, "")
    return taken


def _keys(links: pd.DataFrame, records: dict[str, pd.DataFrame], mapping: Mapping) -> pd.Series:
    """A display key per link: the first key property that either side or the base has."""
    text = pd.Series(pd.NA, index=links.index, dtype="str")
    for name in _key_names(mapping):
        for column in (records[CUSTOMERP][name], records[TRELLO][name], links[f"c.{name}"], links[f"t.{name}"]):
            text = text.fillna(column.where(column != ""))
    return text.fillna(links["customerp_id"])


def _key_names(mapping: Mapping) -> list[str]:
    return list(dict.fromkeys(name for key in mapping.link_keys for name in key.properties))


def _record_key(frame: pd.DataFrame, mapping: Mapping) -> pd.Series:
    text = pd.Series(pd.NA, index=frame.index, dtype="str")
    for name in _key_names(mapping):
        text = text.fillna(frame[name].where(frame[name] != ""))
    return text.fillna(frame[ID])
