"""Linked records of which one side is gone or out of sight (contract, section 5)."""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.frame import ID, SCOPE, STATE
from customerp_trello.mapping.frame import SUSPENDED as AWAY
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.aligned import Aligned, Seen, key_names
from customerp_trello.reconcile.compare import columns_of, edited
from customerp_trello.reconcile.plan import (
    CREATE,
    CUSTOMERP,
    DELETE,
    OTHER,
    RELINK,
    SIDES,
    SUSPENDED,
    TRELLO,
    UNLINK,
    WAITING,
)

_LOST = ".lost"
_IGNORED = "on_gone is ignore, so the edit of its counterpart waits until it is back"
_REKEYED = "what it is found by was edited in CustomERP; compared when it is back"


def rows(
    links: pd.DataFrame, mask: pd.Series, side: str, operation: str, cause: str, detail: str | pd.Series = ""
) -> pd.DataFrame:
    """Whole-record plan rows for the links in *mask*; a *detail* for each link may be given as a column."""
    if not mask.any():
        return pd.DataFrame()
    part = links.loc[mask, ["link", "customerp_id", "trello_id", "key"]].copy()
    part["side"], part["operation"], part["property"] = side, operation, ""
    part["cause"], part["detail"] = cause, detail
    return part


def relinks(
    aligned: Aligned, seen: dict[str, Seen], everything: pd.DataFrame, mapping: Mapping
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Move the link of a gone record to the one unlinked record of its side that bears the same first key.

    In the scope of the survivor, as keys apply within one: the same person at another customer is somebody else.

    Args:
        aligned: the links that anything can follow for, those with gone records among them.
        seen: both sides.
        everything: all links of the pair, as they are seen.
        mapping: the pair's mapping.

    Returns:
        The links with moved ids, and the plan parts (``relink``; ``waiting`` with cause ``merge`` where the key sits on
        more than one record).
    """
    parts: list[pd.DataFrame] = []
    links = aligned.links
    first = mapping.link_keys[0].properties
    gone = {side: aligned.records[side][STATE].eq("gone") for side in SIDES}
    for side in SIDES:
        lost = links[gone[side] & ~gone[OTHER[side]]]
        if lost.empty:
            continue
        heirs, scopes = seen[side].unlinked, seen[OTHER[side]].scopes(mapping)
        lost = lost.assign(**{SCOPE: lost["link"].map(dict(zip(everything["link"], scopes, strict=True)))})
        base = [f"{side[0]}.{name}" for name in first]
        known = lost[(lost[base].notna() & (lost[base] != "")).all(axis=1)]
        found = known.merge(heirs[[ID, SCOPE, *first]], left_on=base, right_on=list(first), suffixes=(_LOST, ""))
        found = found[_same_scope(found)]
        single = ~found.duplicated("link", keep=False) & ~found.duplicated(ID, keep=False)
        moved = found[single].set_index("link")[ID]
        column = f"{side}_id"
        if len(moved):
            hit = links["link"].isin(moved.index)
            links = links.assign(**{column: links[column].mask(hit, links["link"].map(moved))})
            parts.append(rows(links, hit, "", RELINK, f"same_key_in_{side}"))
        living = everything.assign(**{SCOPE: scopes})[~everything["link"].isin(links.loc[gone[side], "link"])]
        taken = known[known["link"].isin(_borne_by(living, known, base))]
        unclear = links["link"].isin(found.loc[~single, "link"]) | links["link"].isin(taken["link"])
        parts.append(rows(links, unclear, "", WAITING, "merge", "a person says which record continues this one"))
    return links, parts


def _borne_by(living: pd.DataFrame, lost: pd.DataFrame, base: list[str]) -> pd.Series:
    """Lost links whose first key another, living linked record of the side bears."""
    found = lost.merge(living[[SCOPE, *base]].drop_duplicates(), on=base, suffixes=(_LOST, ""))
    borne: pd.Series = found.loc[_same_scope(found), "link"]
    return borne


def _same_scope(found: pd.DataFrame) -> pd.Series:
    """Whether the survivor of a lost record lives where the one with its key does; a scope that is not known may be."""
    lost, other = found[SCOPE + _LOST], found[SCOPE]
    same: pd.Series = lost.eq("") | other.eq("") | lost.eq(other)
    return same


def decide_gone(aligned: Aligned, mapping: Mapping) -> tuple[pd.Series, list[pd.DataFrame]]:
    """What follows for links with a gone or suspended record.

    Returns:
        Mask of links that are dealt with (nothing else may happen to them), and the plan parts.
    """
    links, records = aligned.links, aligned.records
    gone = {side: records[side][STATE].eq("gone") for side in SIDES}
    away = {side: records[side][STATE].eq(AWAY) for side in SIDES}
    parts: list[pd.DataFrame] = []
    suspended = (away[CUSTOMERP] | away[TRELLO]) & ~gone[CUSTOMERP] & ~gone[TRELLO]
    for side in SIDES:
        if mapping.side(OTHER[side]).on_gone != "unlink":
            # Nothing is deleted, switched off or brought back for what is out of scope.
            suspended |= gone[side] & away[OTHER[side]]
    # Of two that are away CustomERP's is told: that it is back is not seen in every run.
    told = {CUSTOMERP: suspended & away[CUSTOMERP], TRELLO: suspended & ~away[CUSTOMERP]}
    for side in SIDES:
        fresh = told[side] & links["away"].ne(side)
        parts.append(rows(links, fresh, side, SUSPENDED, "out_of_scope", records[side]["_reason"]))
    if suspended.any():
        # CustomERP is read by change: unread, such a key would be free, and who has it too would be made.
        rekeyed = suspended & _rekeyed(aligned, mapping)
        parts.append(rows(links, rekeyed, CUSTOMERP, WAITING, "out_of_scope", _REKEYED))
    parts.append(rows(links, gone[CUSTOMERP] & gone[TRELLO], "", UNLINK, "gone_on_both"))
    for side in SIDES:
        alone = gone[side] & ~gone[OTHER[side]] & ~suspended
        if alone.any():
            parts += _one_gone(aligned, alone & ~away[OTHER[side]], side, mapping)
            parts.append(rows(links, alone & away[OTHER[side]], "", UNLINK, f"gone_in_{side}"))
    return suspended | gone[CUSTOMERP] | gone[TRELLO], parts


def _rekeyed(aligned: Aligned, mapping: Mapping) -> pd.Series:
    """Which records bear another key in CustomERP than their base, or bear it in another scope."""
    names = {*key_names(mapping), *([mapping.scoped_by] if mapping.scoped_by else [])}
    result = pd.Series(False, index=aligned.links.index)
    for name in names:
        result |= columns_of(aligned, mapping.property(name)).changed[CUSTOMERP]
    return result


def _one_gone(aligned: Aligned, mask: pd.Series, side: str, mapping: Mapping) -> list[pd.DataFrame]:
    """*side*'s record is gone, the other lives: apply the survivor's policy, or let its edit win."""
    links, survivor = aligned.links, OTHER[side]
    policy = mapping.side(survivor).on_gone
    revived = pd.Series(False, index=links.index)
    parts = []
    told = mask & edited(aligned, mapping, survivor)
    if mapping.delete_vs_edit == "edit_wins" and policy != "ignore":
        revived = told
        parts.append(restore_rows(aligned, revived, side, mapping, "edit_wins"))
    rest = mask & ~revived
    cause = f"gone_in_{side}"
    if policy == "restore":
        parts.append(restore_rows(aligned, rest, side, mapping, "restore"))
    elif policy in ("delete", "deactivate"):
        parts.append(rows(links, rest, survivor, DELETE, cause, policy))
    elif policy == "unlink":
        parts.append(rows(links, rest, "", UNLINK, cause))
    else:
        # Nothing is written, so the edit stands: without a note the record would be looked at only where it is listed.
        parts.append(rows(links, rest & told, side, WAITING, cause, _IGNORED))
    return parts


def restore_rows(aligned: Aligned, mask: pd.Series, side: str, mapping: Mapping, cause: str) -> pd.DataFrame:
    """Rows of a create that brings the gone record of *side* back with the survivor's values.

    What it shows otherwise than the survivor stays as it is where the survivor was not edited: an edit from before it
    was switched off, an open question, or what the systems made of one value. The next run compares it as any other.
    """
    source, parts = aligned.records[OTHER[side]], []
    told = kept = mask & False
    for prop in mapping.properties:
        value, cols = source[prop.name], columns_of(aligned, prop)
        theirs = cols.changed[side] | cols.known[side] & ~cols.changed[OTHER[side]] & ~cols.equal
        theirs &= mask
        wanted = mask & value.notna() & prop.to(side) & ~theirs
        part = rows(aligned.links, wanted, side, CREATE, cause, "restore")
        part["property"] = prop.name
        part["after"] = value[wanted]
        part[OTHER[side]] = value[wanted]
        parts.append(part)
        told, kept = told | wanted, kept | theirs
    return pd.concat([*parts, rows(aligned.links, kept & ~told, side, CREATE, cause, "restore")])
