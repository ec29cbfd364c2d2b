"""Undo of a run: the plan that puts back what the run wrote, wherever that still stands (contract, section 7).

An undone property is written back and then held as a conflict that a person answers, so that the next run neither
applies the edit again nor spreads the old value. A record that the run created stays where it is and loses its link.
What cannot be taken back is ``kept``, with the reason, so that the plan says it before anything is written.
"""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.frame import ID, LIVE, PROBLEM, STATE, Snapshot
from customerp_trello.mapping.membership import NONE
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import (
    CREATE,
    CUSTOMERP,
    DELETE,
    KEPT,
    MOVE,
    SIDES,
    TRELLO,
    UNLINK,
    UPDATE,
    make_plan,
)

UNDO = "undo"
"""Cause of every change of such a plan, and the operation under which journal and history have its writes."""

UNDOABLE = (UPDATE, UNDO, CREATE, "restore", DELETE, MOVE)
"""Operations of history that an undo speaks of."""

_WRITTEN = ("side", "operation", "link", "customerp_id", "trello_id", "property", "before", "after")

_INVITING = ("email", "customer")
"""Properties of a member whose change sends an invitation."""

_WHY = {
    "not_linked": "the record is not linked any more",
    "not_readable": "the record is gone, out of sight, unreadable or suspended now",
    "edited_since": "it does not show the run's value any more",
    "unknown_before": "what it showed before is not known",
    "invitation": "an invitation that was sent cannot be taken back",
    "irreversible": "what was deleted, switched off, moved or posted again cannot be taken back",
    "created": "the record that was created stays; it only loses its link",
}


def undo(mapping: Mapping, customerp: Snapshot, trello: Snapshot, past: Past, written: pd.DataFrame) -> pd.DataFrame:
    """Plan to put back what a run wrote.

    Args:
        mapping: the pair's mapping.
        customerp: a complete snapshot of CustomERP, read now.
        trello: likewise of Trello.
        past: the pair's links with bases.
        written: the run's writes, one row per property: side, operation, link (missing for none), customerp_id,
            trello_id, property, before, after.

    Returns:
        A plan of ``update``, ``unlink`` and ``kept`` changes.
    """
    frames = {CUSTOMERP: customerp.frame.set_index(ID), TRELLO: trello.frame.set_index(ID)}
    written = written[list(_WRITTEN)]
    last = written.drop_duplicates(["side", "link", "customerp_id", "trello_id", "property"], keep="last")
    links = past.links.assign(key=_keys(past.links, mapping))
    rows = _with_links(last, links)
    parts = [_unlinks(rows, links)]
    taken = rows["operation"].eq(CREATE)
    deletes = rows["operation"].isin((DELETE, "restore", MOVE))
    parts.append(_kept(rows[deletes & ~taken], "irreversible"))
    rows = rows[~deletes & ~taken]
    for side in SIDES:
        for prop in mapping.properties:
            mine = rows[rows["side"].eq(side) & rows["property"].eq(prop.name)]
            if len(mine):
                parts += _put_back(mine, side, prop.name, frames, _invites(mine, side, prop.trello, mapping))
    return make_plan(parts)


def _keys(links: pd.DataFrame, mapping: Mapping) -> pd.Series:
    """A display key per link, from the bases."""
    text = pd.Series(pd.NA, index=links.index, dtype="str")
    for name in dict.fromkeys(name for key in mapping.link_keys for name in key.properties):
        for base in (links[f"c.{name}"], links[f"t.{name}"]):
            text = text.fillna(base.where(base != ""))
    return text.fillna(links["customerp_id"])


def _with_links(written: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """The writes with their link's ids of today; ``standing`` where there is one, ``linked`` unless it is suspended."""
    now = links.set_index("link")
    number = written["link"].astype("Int64").fillna(-1).astype("int64")
    known = number.isin(now.index)
    rows = written.assign(link=number, linked=known & number.map(now["status"]).eq("linked"), standing=known)
    for side in SIDES:
        ids = number.map(now[f"{side}_id"]).astype("str")
        rows[f"{side}_id"] = ids.fillna(rows[f"{side}_id"])
    return rows.assign(key=number.map(now["key"]).astype("str").fillna(rows["customerp_id"]))


def _unlinks(rows: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Links of records that the run created, also where the create and its link were two writes."""
    created = rows[rows["operation"].eq(CREATE)]
    standing = links["link"].isin(created["link"])
    for side in SIDES:
        standing |= links[f"{side}_id"].isin(created.loc[created["side"].eq(side), f"{side}_id"])
    part = links.loc[standing, ["link", "customerp_id", "trello_id", "key"]].copy()
    part["side"], part["operation"], part["property"] = "", UNLINK, ""
    part["cause"], part["detail"] = UNDO, _WHY["created"]
    return part


def _put_back(
    rows: pd.DataFrame, side: str, name: str, frames: dict[str, pd.DataFrame], invites: pd.Series
) -> list[pd.DataFrame]:
    """One property of one side: written back where the run's value stands, kept where it cannot be."""
    now = {end: rows[f"{end}_id"].map(frames[end][name]).astype("str") for end in SIDES}
    readable = rows["linked"].copy()
    for end in SIDES:
        states, problems = (rows[f"{end}_id"].map(frames[end][column]) for column in (STATE, PROBLEM))
        readable &= states.eq(LIVE) & problems.eq("")
    readonly = rows[f"{side}_id"].map(frames[side]["_readonly"]).astype("str").fillna("")
    locked = ("," + readonly + ",").str.contains(f",{name},", regex=False)
    why = pd.Series("", index=rows.index, dtype="str")
    for reason, mask in (
        ("not_linked", ~rows["standing"]),
        ("not_readable", ~readable),
        ("invitation", invites),
        ("unknown_before", rows["before"].isna()),
        ("edited_since", ~now[side].eq(rows["after"]).fillna(False) | locked),
    ):
        why = why.mask(mask & why.eq(""), reason)
    rows = rows.assign(customerp=now[CUSTOMERP], trello=now[TRELLO])
    back = rows.assign(operation=UPDATE, cause=UNDO, before=now[side], after=rows["before"])
    return [_columns(back[why.eq("")]), *(_kept(rows[why.eq(reason)], reason) for reason in _WHY)]


def _invites(rows: pd.DataFrame, side: str, trello_name: str, mapping: Mapping) -> pd.Series:
    if side != TRELLO or mapping.trello.entity != "member":
        return pd.Series(False, index=rows.index)
    if trello_name == "membership":
        return rows["before"].eq(NONE).fillna(False)
    return pd.Series(trello_name in _INVITING, index=rows.index)


def _kept(rows: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Notes about what stays as it is."""
    return _columns(rows.assign(operation=KEPT, cause=reason, detail=_WHY[reason]))


def _columns(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=["linked", "standing"])
