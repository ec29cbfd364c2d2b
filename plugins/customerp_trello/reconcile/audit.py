"""The audit: do the linked records of both sides, read now, say the same? A second opinion on what a sync believes.

A sync asks what has *changed* since the base. So it cannot see two values that differ although both equal their bases,
nor an edit that it should have carried and did not. The audit compares the values themselves.
"""

from __future__ import annotations

import json

import pandas as pd

from customerp_trello.mapping.frame import ID, LIVE, MODIFIED_AT, PROBLEM, STATE, Snapshot
from customerp_trello.mapping.model import Mapping, Property
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import CUSTOMERP, SIDES, TRELLO

EQUAL, EXPLAINED, WAITING, LATE, UNEXPLAINED, UNREADABLE = (
    "equal",
    "explained",
    "waiting",
    "late",
    "unexplained",
    "unreadable",
)
"""What is found of a property: both sides say the same; they differ for a recorded cause; the next run will see to it,
or a person; an earlier run should have; nobody knows why; one side does not show the record or the value."""

DRIFT = (LATE, UNEXPLAINED)

COLUMNS = ("link", "customerp_id", "trello_id", "property", "found")


def audit(
    mapping: Mapping, snapshots: dict[str, Snapshot], past: Past, plan: pd.DataFrame, read_at: dict[str, pd.Timestamp]
) -> pd.DataFrame:
    """Compare all linked records, property by property.

    Args:
        mapping: the pair's mapping.
        snapshots: complete snapshots of both sides, by side.
        past: links with their marks, and the questions that wait for a person.
        plan: what a sync would do about the same snapshots and past.
        read_at: per side, up to when a sync has read it, by that system's clock; a side that it never read is absent.

    Returns:
        One row per link and property that is not ``equal``: link, customerp_id, trello_id, property, found. An empty
        property speaks of the record.
    """
    links = past.links[past.links["status"].eq("linked")].reset_index(drop=True)
    ends = {side: _records(links, side, snapshots[side]) for side in SIDES}
    readable = pd.Series(True, index=links.index)
    for side in SIDES:
        readable &= ends[side][STATE].eq(LIVE) & ends[side][PROBLEM].fillna("").eq("")
    parts = [_rows(links[~readable], "", pd.Series(UNREADABLE, index=links.index[~readable]))]
    links, ends = links[readable], {side: ends[side][readable] for side in SIDES}
    for prop in mapping.properties:
        found = _found(links, ends, prop, past, plan, read_at)
        parts.append(_rows(links, prop.name, found[found.ne(EQUAL)]))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def figures(found: pd.DataFrame, linked: int) -> dict[str, int]:
    """Links by what was found of them; a link counts by the worst of its properties."""
    worst = {name: rank for rank, name in enumerate((EXPLAINED, WAITING, UNREADABLE, LATE, UNEXPLAINED))}
    each = found["found"].map(worst).groupby(found["link"]).max()
    counts = {name: int(each.eq(rank).sum()) for name, rank in worst.items()}
    return {"linked": linked, EQUAL: linked - len(each), **counts}


def _records(links: pd.DataFrame, side: str, snapshot: Snapshot) -> pd.DataFrame:
    frame = snapshot.frame.drop_duplicates(ID).set_index(ID)
    return frame.reindex(links[f"{side}_id"]).set_index(links.index)


def _found(
    links: pd.DataFrame,
    ends: dict[str, pd.DataFrame],
    prop: Property,
    past: Past,
    plan: pd.DataFrame,
    read_at: dict[str, pd.Timestamp],
) -> pd.Series:
    left, right = (_comparable(ends[side][prop.name], prop) for side in SIDES)
    known = left.notna() & right.notna()
    found = pd.Series(EQUAL, index=links.index).mask(known & left.ne(right), UNEXPLAINED)
    differs = found.eq(UNEXPLAINED)
    mine = plan[plan["property"].eq(prop.name)]
    planned = links["link"].isin(mine["link"])
    asked = links["link"].isin(past.manual.loc[past.manual["property"].eq(prop.name), "link"])
    of_record = links["link"].isin(plan.loc[plan["property"].eq(""), "link"])
    late = planned & _edited_before(links, ends, mine, read_at)
    may_differ = prop.create_only or not (prop.two_way or prop.put_back)
    found = found.mask(differs & (_marked(links, prop.name) | may_differ), EXPLAINED)
    found = found.mask(differs & (planned | asked | of_record), WAITING)
    return found.mask(differs & late & ~asked, LATE)


def _comparable(texts: pd.Series, prop: Property) -> pd.Series:
    return texts.str.casefold() if prop.ignore_case else texts


def _marked(links: pd.DataFrame, name: str) -> pd.Series:
    """Whether a link's property may differ: what the target made of it, or what it cannot take."""
    marked = links["marks"].str.contains(f'"{name}"', regex=False).fillna(False).astype(bool)
    return marked & links["marks"].where(marked, "{}").map(lambda text: bool(json.loads(text).get(name)))


def _edited_before(
    links: pd.DataFrame, ends: dict[str, pd.DataFrame], mine: pd.DataFrame, read_at: dict[str, pd.Timestamp]
) -> pd.Series:
    """Edits that are older than the last read of their side: that run should have carried them."""
    late = pd.Series(False, index=links.index)
    for side, target in ((CUSTOMERP, TRELLO), (TRELLO, CUSTOMERP)):
        if side in read_at:
            sent = links["link"].isin(mine.loc[mine["side"].eq(target) & mine["operation"].eq("update"), "link"])
            late |= sent & ends[side][MODIFIED_AT].lt(read_at[side]).fillna(False)
    return late


def _rows(links: pd.DataFrame, name: str, found: pd.Series) -> pd.DataFrame:
    chosen = links.loc[found.index, ["link", "customerp_id", "trello_id"]]
    return chosen.assign(property=name, found=found.astype("str"))
