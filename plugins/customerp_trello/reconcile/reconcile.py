"""Reconcile: two snapshots, the pair's past and the mapping in, the plan out. Pure; nothing is read or written here."""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.frame import PROBLEM, STATE, Snapshot
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.aligned import Aligned, align, look
from customerp_trello.reconcile.capacity import within_capacity
from customerp_trello.reconcile.compare import compare
from customerp_trello.reconcile.gone import decide_gone, relinks, rows
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.narrow import noteworthy
from customerp_trello.reconcile.plan import CUSTOMERP, LINK, QUARANTINE, RELINK, SIDES, TRELLO, WAITING, make_plan
from customerp_trello.reconcile.sight import found_again
from customerp_trello.reconcile.touch import with_touch
from customerp_trello.reconcile.unlinked import decide_unlinked
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
    links, parts = _moved_by_hand(past.links.reset_index(drop=True), snapshots, mapping)
    seen = look(links, snapshots)
    few = noteworthy(links, seen, past, mapping)
    unclear: set[int] = set()
    if few.any():
        aligned = align({side: one.where(few) for side, one in seen.items()}, mapping)
        moved, told = relinks(aligned, seen, links, mapping)
        parts += told
        unclear = {int(n) for part in told if len(part) and part["cause"].iloc[0] == "merge" for n in part["link"]}
        if moved is not aligned.links:
            links = _with_ids_of(links, moved)
            seen = look(links, snapshots)
            aligned = align({side: one.where(few) for side, one in seen.items()}, mapping)
        erp = seen[CUSTOMERP].where(few)
        silent = erp.links["link"][erp.absent & (not customerp.complete)]
        parts += _linked(aligned, mapping, past, aligned.links["link"].isin(unclear), silent)
    parts += decide_unlinked(seen, mapping, past)
    capacity = {side: one.facts.get("capacity") or {} for side, one in snapshots.items()}
    outside = {side: str(why) for side, one in snapshots.items() if (why := one.facts.get("outside"))}
    return make_plan(within_capacity(parts, capacity, outside))


def _with_ids_of(links: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """All links with the ids that some of them have by now."""
    now = moved.set_index("link")
    ids = {f"{s}_id": links["link"].map(now[f"{s}_id"]).astype("str").fillna(links[f"{s}_id"]) for s in SIDES}
    return links.assign(**ids)


def _moved_by_hand(
    links: pd.DataFrame, snapshots: dict[str, Snapshot], mapping: Mapping
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Follow records that a side found again under another id (a member whom somebody put into another workspace)."""
    parts: list[pd.DataFrame] = []
    again = [(side, *one) for side in SIDES for one in found_again(snapshots[side].facts, side).items()]
    for side, cause, moved in again:
        hit = links[f"{side}_id"].isin(moved)
        if hit.any():
            renamed = links[f"{side}_id"].map(moved).astype("str")
            links = links.assign(**{f"{side}_id": renamed.fillna(links[f"{side}_id"])})
            found = align(look(links[hit], snapshots), mapping).links
            parts.append(rows(found, pd.Series(True, index=found.index), "", RELINK, cause))
    return links, parts


def _linked(aligned: Aligned, mapping: Mapping, past: Past, busy: pd.Series, silent: pd.Series) -> list[pd.DataFrame]:
    """Everything about linked records but the *busy* ones; of links *silent* CustomERP has told nothing."""
    links, parts = aligned.links, []
    for side in SIDES:
        record = aligned.records[side]
        unseen = record[STATE].isna()
        parts.append(rows(links, unseen & ~busy, side, WAITING, "not_seen", "listed by neither scan nor look-up"))
        broken = ~unseen & record[PROBLEM].fillna("").ne("")
        parts.append(rows(links, broken & ~busy, side, QUARANTINE, "unreadable", record[PROBLEM]))
        reason = links[f"{side}_id"].map(past.held_reasons(side)).astype("str")
        parts.append(rows(links, reason.notna() & ~broken & ~busy, side, QUARANTINE, "held", reason))
        busy |= unseen | broken | reason.notna()

    aligned = aligned.where(~busy)
    done, gone_parts = decide_gone(aligned, mapping)
    parts += gone_parts
    aligned = aligned.where(~done)
    back = aligned.links["status"].eq("suspended")
    parts.append(rows(aligned.links, back, "", LINK, "resumed"))
    # Its base is of the time before it was out of sight; the next run reads what it shows now.
    aligned = aligned.where(~(back & aligned.links["link"].isin(silent)))
    return parts + with_touch(compare(aligned, mapping, Decision(past)), aligned)
