"""Pairs too large for memory: of tables that stay on disk, what anything can follow for, as frames.

A table is read a column at a time, so memory holds some columns of ten million texts and never all of them. What is
kept is every record that :func:`~customerp_trello.reconcile.narrow.noteworthy` or a rule that looks beyond its own link
could ask for. A law in the tests says that the plan of what is kept is the plan of everything.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from customerp_trello.mapping.frame import GONE, ID, STATE, Snapshot
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.aligned import key_names
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.narrow import noteworthy
from customerp_trello.reconcile.plan import SIDES
from customerp_trello.reconcile.sight import Columns, Mask, Positions, Sight, found_again, positions


class Table(Columns, Protocol):
    """A frame that may be on disk."""

    def rows(self, wanted: Mask) -> pd.DataFrame:
        """The rows in *wanted* as a frame, in their order, index 0..m-1."""


@dataclass(frozen=True)
class WideSnapshot:
    """A side as a run read it, like :class:`~customerp_trello.mapping.frame.Snapshot`, its frame left on disk."""

    table: Table
    complete: bool
    facts: dict[str, Any]


@dataclass(frozen=True)
class WideSide(Sight):
    """One side of a pair, seen from its links, both left on disk."""

    side: str
    snapshot: WideSnapshot
    links: Table
    position: Positions

    @property
    def listed(self) -> Table:
        """The snapshot's records."""
        return self.snapshot.table

    @property
    def complete(self) -> bool:
        """Whether absence means something."""
        return self.snapshot.complete

    @property
    def facts(self) -> Dict[str, Any]:
        """What the snapshot says of itself."""
        return self.snapshot.facts

    def kept(self, few: Mask) -> Snapshot:
        """The records of the links in *few*, and those that no link names."""
        wanted = self.free.copy()
        wanted[self.position[few & ~self.absent]] = True
        return Snapshot(self.listed.rows(wanted), self.complete, self.snapshot.facts)


def narrowed(
    mapping: Mapping,
    snapshots: Dict[str, WideSnapshot],
    links: Table,
    past: Past,
    touched: frozenset[int] = frozenset(),
) -> tuple[dict[str, Snapshot], Past]:
    """What of a pair anything can follow for.

    Args:
        mapping: the pair's mapping.
        snapshots: both sides.
        links: columns as in `Past.links`.
        past: the pair's past, its links left empty.
        touched: links that somebody asks for whatever they show (those of a run to be undone).

    Returns:
        Snapshots and past for :func:`~customerp_trello.reconcile.reconcile.reconcile`, which plans the same of them as
        of everything.
    """
    # What reads and looks up releases Python's lock, so two cores do it side by side.
    with ThreadPoolExecutor(2) as pool:
        seen = dict(zip(SIDES, pool.map(lambda side: _seen(side, snapshots[side], links), SIDES), strict=True))
    few = noteworthy(links, seen, past, mapping)
    if touched:
        few |= links["link"].isin(touched).to_numpy()
    for side, one in seen.items():
        for moved in found_again(one.snapshot.facts, side).values():
            few |= links[f"{side}_id"].isin(moved).to_numpy()
    few |= _bearing_a_lost_key(seen, links, mapping)
    few |= _bearing_a_free_key(seen, mapping)
    with ThreadPoolExecutor(2) as pool:
        their_links = pool.submit(links.rows, few)
        kept = dict(zip(SIDES, pool.map(lambda side: seen[side].kept(few), SIDES), strict=True))
    return kept, replace(past, links=their_links.result())


def _seen(side: str, snapshot: WideSnapshot, links: Table) -> WideSide:
    ids = links[f"{side}_id"]
    for moved in found_again(snapshot.facts, side).values():
        ids = ids.map(moved).astype("str").fillna(ids)
    return WideSide(side, snapshot, links, positions(ids, snapshot.table[ID]))


def _bearing_a_lost_key(seen: dict[str, WideSide], links: Table, mapping: Mapping) -> Mask:
    """Links with a base of the first key that a link with a gone record has: they say whether it was merged."""
    hit = np.zeros(len(links), dtype=bool)
    for one in seen.values():
        lost = one.any_of(one.listed[STATE].eq(GONE))
        if not lost.any():
            continue
        same = np.ones(len(links), dtype=bool)
        for name in mapping.link_keys[0].properties:
            base = one.base(name)
            same &= base.isin(base[lost & base.ne("")].dropna()).to_numpy()
        hit |= same
    return hit


def _bearing_a_free_key(seen: dict[str, WideSide], mapping: Mapping) -> Mask:
    """Links of which a record bears what a record without a link bears: it may be its duplicate."""
    hit = np.zeros(len(next(iter(seen.values())).links), dtype=bool)
    if not any(one.free.any() for one in seen.values()):
        return hit
    free = {
        name: pd.concat([_folded(one.listed[name][one.free]) for one in seen.values()]).dropna()
        for name in key_names(mapping)
    }
    for one in seen.values():
        bears = {name: _folded(one.borne(name)).isin(texts).to_numpy() for name, texts in free.items()}
        for key in mapping.link_keys:
            hit |= np.logical_and.reduce([bears[name] for name in key.properties])
    return hit


def _folded(texts: pd.Series) -> pd.Series:
    """Texts as any key may compare them, missing where empty; to keep a link too many costs a row."""
    return texts.where(texts != "").str.casefold()
