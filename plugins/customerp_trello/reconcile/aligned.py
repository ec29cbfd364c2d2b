"""Links beside both sides' records: what linked records are compared on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from customerp_trello.mapping.frame import ID, LIVE, META, MODIFIED_AT, SCOPE, STATE, Snapshot, conform
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.plan import CUSTOMERP, TRELLO

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Aligned:
    """Links beside both sides' records, row by row.

    Attributes:
        links: the links (see ``Past.links``) with their display ``key``, index 0..n-1.
        records: per side, the canonical rows of those links in the same order.
    """

    links: pd.DataFrame
    records: dict[str, pd.DataFrame]

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
        return Aligned(self.links[mask].reset_index(drop=True), records)


@dataclass(frozen=True)
class Seen:
    """One side's snapshot, seen from the links.

    A linked record that an incomplete listing leaves out has not changed: it is shown as its base. One that a complete
    listing leaves out without a word has a missing ``_state``: nothing is decided about it.

    Attributes:
        side: which one.
        snapshot: what was read of it.
        links: the links, index 0..n-1.
        position: per link, the row of its record in the snapshot, -1 where it has none.
    """

    side: str
    snapshot: Snapshot
    links: pd.DataFrame
    position: npt.NDArray[np.int64]

    def where(self, mask: Mask) -> Seen:
        """The same side, seen from the links in *mask* alone."""
        return Seen(self.side, self.snapshot, self.links[mask].reset_index(drop=True), self.position[mask])

    @property
    def complete(self) -> bool:
        """Whether absence means something."""
        return self.snapshot.complete

    @cached_property
    def absent(self) -> Mask:
        """Which links' records the snapshot leaves out."""
        return self.position < 0

    @cached_property
    def unlinked(self) -> pd.DataFrame:
        """The live records that no link names."""
        free = np.ones(len(self.snapshot.frame), dtype=bool)
        free[self.position[~self.absent]] = False
        return self.snapshot.frame[free & self.snapshot.frame[STATE].eq(LIVE)].reset_index(drop=True)

    def meta(self, name: str) -> pd.Series:
        """A column of the snapshot itself."""
        return self.snapshot.frame[name]

    def base(self, name: str) -> pd.Series:
        """What the side showed when the property was last settled, in the order of the links."""
        return self.links[f"{self.side[0]}.{name}"]

    def column(self, name: str) -> pd.Series:
        """One property of the links' records, in the order of the links."""
        taken = _take(self.snapshot.frame[name], self.position)
        if not self.absent.any():
            return taken
        return taken.mask(self.absent, pd.NA if self.complete else self.base(name))

    def scopes(self) -> pd.Series:
        """The scopes of the links' records; empty for one that the snapshot leaves out."""
        return _take(self.snapshot.frame[SCOPE], self.position).mask(self.absent, "")

    def any_of(self, marked: pd.Series) -> Mask:
        """Which links' records are among the snapshot's *marked* rows."""
        if not marked.any():
            return np.zeros(len(self.links), dtype=bool)
        hit: Mask = marked.to_numpy(dtype=bool)[self.position] & ~self.absent
        return hit

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
            return pd.NA if self.complete else LIVE
        if name == ID:
            return self.links[f"{self.side}_id"]
        return pd.NaT if name == MODIFIED_AT else ""


def look(links: pd.DataFrame, snapshots: dict[str, Snapshot]) -> dict[str, Seen]:
    """See both sides from *links*."""
    links, seen = links.reset_index(drop=True), {}
    for side, snapshot in snapshots.items():
        wanted, listed = pa.array(links[f"{side}_id"]), pa.array(snapshot.frame[ID])
        position = np.asarray(pc.index_in(wanted, value_set=listed).fill_null(-1), dtype="int64")
        seen[side] = Seen(side, snapshot, links, position)
    return seen


def align(seen: dict[str, Seen], mapping: Mapping) -> Aligned:
    """Put both sides' records beside the links that they are seen from, and give each a display key."""
    links = seen[CUSTOMERP].links
    records = {side: one.records(mapping) for side, one in seen.items()}
    return Aligned(links.assign(key=display_keys(links, records, mapping)), records)


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


def _take(column: pd.Series, position: npt.NDArray[np.int64]) -> pd.Series:
    if not len(column):
        return pd.Series(pd.NA, index=range(len(position)), dtype=column.dtype)
    return column.take(position.clip(min=0)).reset_index(drop=True)


def _one_row(mapping: Mapping) -> pd.DataFrame:
    return conform(pd.DataFrame({ID: [""]}), mapping.names)
