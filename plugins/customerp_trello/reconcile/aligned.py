"""Links beside both sides' records: what linked records are compared on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from customerp_trello.mapping.frame import ID, LIVE, META, MODIFIED_AT, SCOPE, STATE, SUSPENDED, Snapshot, conform
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.plan import CUSTOMERP, TRELLO
from customerp_trello.reconcile.sight import Mask, Positions, Sight, positions, take


@dataclass(frozen=True)
class Aligned:
    """Links beside both sides' records, row by row.

    Attributes:
        links: the links (see ``Past.links``) with their display ``key``, index 0..n-1.
        records: per side, the canonical rows of those links in the same order.
        filled: properties that are never empty in Trello.
    """

    links: pd.DataFrame
    records: dict[str, pd.DataFrame]
    filled: frozenset[str]

    def value(self, side: str, name: str) -> pd.Series:
        """Values as read."""
        return self.records[side][name]

    def base(self, side: str, name: str) -> pd.Series:
        """What the side showed when the property was last settled."""
        return self.links[f"{side[0]}.{name}"]

    def where(self, mask: pd.Series) -> Aligned:
        """The links in *mask* alone."""
        if bool(mask.all()):
            return self
        records = {side: frame[mask].reset_index(drop=True) for side, frame in self.records.items()}
        return Aligned(self.links[mask].reset_index(drop=True), records, self.filled)


@dataclass(frozen=True)
class Seen(Sight):
    """One side's snapshot in memory, seen from the links.

    One that a complete listing leaves out without a word has a missing ``_state``, as has one that was asked for and
    could not be read: nothing is decided about it.

    Attributes:
        snapshot: what was read of the side.
    """

    side: str
    snapshot: Snapshot
    links: pd.DataFrame
    position: Positions

    @property
    def listed(self) -> pd.DataFrame:
        """The snapshot's records."""
        return self.snapshot.frame

    @property
    def complete(self) -> bool:
        """Whether absence means something."""
        return self.snapshot.complete

    @property
    def facts(self) -> dict[str, Any]:
        """What the snapshot says of itself."""
        return self.snapshot.facts

    def where(self, mask: Mask) -> Seen:
        """The same side, seen from the links in *mask* alone."""
        return Seen(self.side, self.snapshot, self.links[mask].reset_index(drop=True), self.position[mask])

    @cached_property
    def unlinked(self) -> pd.DataFrame:
        """The live records that no link names."""
        return self.snapshot.frame[self.free].reset_index(drop=True)

    def scopes(self, mapping: Mapping) -> pd.Series:
        """The scopes of the links' records; of one that the snapshot leaves out as its base says."""
        return take(self.snapshot.frame[SCOPE], self.position).mask(self.absent, self._instead(SCOPE, mapping))

    def records(self, mapping: Mapping) -> pd.DataFrame:
        """The links' records as canonical rows, in the order of the links."""
        frame = self.snapshot.frame if len(self.snapshot.frame) else _one_row(mapping)
        taken = frame.take(self.position.clip(min=0)).reset_index(drop=True)
        if self.absent.any():
            for name in (*META, *mapping.names):
                taken[name] = taken[name].mask(self.absent, self._instead(name, mapping))
        return taken

    def _instead(self, name: str, mapping: Mapping) -> Any:
        """What a column shows of a record that the snapshot leaves out."""
        if name in mapping.names:
            return pd.NA if self.complete else self.base(name)
        if name == STATE:
            return pd.NA if self.complete else self._standing()
        if name == ID:
            return self.links[f"{self.side}_id"]
        if name == SCOPE and mapping.scoped_by and not self.complete:
            return self.base(mapping.scoped_by).fillna("")
        return pd.NaT if name == MODIFIED_AT else ""

    def _standing(self) -> pd.Series:
        """The state of records that have not changed: whoever was out of scope is. Missing of one not to be read."""
        live = pd.Series(LIVE, index=self.links.index, dtype="str")
        return live.mask(self.links["away"].eq(self.side), SUSPENDED).mask(self.unread, pd.NA)


def look(links: pd.DataFrame, snapshots: dict[str, Snapshot]) -> dict[str, Seen]:
    """See both sides from *links*."""
    links, seen = links.reset_index(drop=True), {}
    for side, snapshot in snapshots.items():
        seen[side] = Seen(side, snapshot, links, positions(links[f"{side}_id"], snapshot.frame[ID]))
    return seen


def align(seen: dict[str, Seen], mapping: Mapping) -> Aligned:
    """Put both sides' records beside the links that they are seen from, and give each a display key."""
    links = seen[CUSTOMERP].links
    records = {side: one.records(mapping) for side, one in seen.items()}
    return Aligned(links.assign(key=display_keys(links, records, mapping)), records, mapping.filled)


def display_keys(links: pd.DataFrame, records: dict[str, pd.DataFrame], mapping: Mapping) -> pd.Series:
    """A display key per link: the first key property that either side or the base has."""
    text = pd.Series(pd.NA, index=links.index, dtype="str")
    for name in key_names(mapping):
        for column in (records[CUSTOMERP][name], records[TRELLO][name], links[f"c.{name}"], links[f"t.{name}"]):
            text = text.fillna(column.where(column != ""))
    return text.fillna(links["customerp_id"])


def key_names(mapping: Mapping) -> list[str]:
    """All properties that make up the link keys, in their order."""
    return list(dict.fromkeys(name for key in mapping.link_keys for name in key.properties))


def _one_row(mapping: Mapping) -> pd.DataFrame:
    return conform(pd.DataFrame({ID: [""]}), mapping.names)
