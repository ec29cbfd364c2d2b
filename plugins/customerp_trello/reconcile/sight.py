"""One side of a pair as it is seen from its links, whether its records are in memory or on disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from customerp_trello.mapping.frame import LIVE, STATE

FOUND_AGAIN = {"moved": "moved_in_{side}", "rebound": "rebound"}
"""Facts of a snapshot that name records found again under another id (old id -> new id), and the cause to tell."""
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int32]


def found_again(facts: Mapping[str, Any], side: str) -> dict[str, dict[str, str]]:
    """Cause -> old id -> new id of records that a side found again under another id."""
    return {cause.format(side=side): facts[name] for name, cause in FOUND_AGAIN.items() if facts.get(name)}


class Columns(Protocol):
    """A frame, or a table on disk of which one column is read at a time."""

    def __len__(self) -> int:
        """How many rows it has."""

    def __getitem__(self, name: str, /) -> pd.Series:
        """A column, index 0..n-1."""


class Sight(ABC):
    """What can be asked of a side's snapshot without having all of it at once.

    A linked record that an incomplete listing leaves out has not changed: it is shown as its base, and away if it was.

    Attributes:
        side: which one.
        links: the links, index 0..n-1.
        position: per link, the row of its record in the snapshot, -1 where it has none.
    """

    side: str
    links: Columns
    position: Positions

    @property
    @abstractmethod
    def listed(self) -> Columns:
        """The snapshot's records."""

    @property
    @abstractmethod
    def complete(self) -> bool:
        """Whether absence means something."""

    @property
    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """What the snapshot says of itself."""

    @cached_property
    def absent(self) -> Mask:
        """Which links' records the snapshot leaves out."""
        return self.position < 0

    @cached_property
    def unread(self) -> Mask:
        """Which links' records were asked for and could not be read: nothing is known of them, not even the base."""
        ids = self.facts.get("unread") or ()
        return self.absent & self.links[f"{self.side}_id"].isin(list(ids)).to_numpy() if ids else self.absent & False

    @cached_property
    def free(self) -> Mask:
        """Which of the snapshot's live records no link names."""
        free = np.ones(len(self.listed), dtype=bool)
        free[self.position[~self.absent]] = False
        return free & self.listed[STATE].eq(LIVE).to_numpy(dtype=bool)

    def base(self, name: str) -> pd.Series:
        """What the side showed when the property was last settled, in the order of the links."""
        return self.links[f"{self.side[0]}.{name}"]

    def column(self, name: str) -> pd.Series:
        """One property of the links' records, in the order of the links."""
        if self.complete and self.absent.any():
            return take(self.listed[name], self.position).mask(self.absent, pd.NA)
        return self.borne(name)

    def borne(self, name: str) -> pd.Series:
        """Like :meth:`column`, with the base wherever the snapshot leaves a record out, complete or not."""
        taken = take(self.listed[name], self.position)
        return taken.mask(self.absent, self.base(name)) if self.absent.any() else taken

    def any_of(self, marked: pd.Series) -> Mask:
        """Which links' records are among the snapshot's *marked* rows."""
        if not marked.any():
            return np.zeros(len(self.position), dtype=bool)
        hit: Mask = marked.to_numpy(dtype=bool)[self.position] & ~self.absent
        return hit


def positions(ids: pd.Series, listed: pd.Series) -> Positions:
    """Per id, its row among those *listed*; -1 where it is not."""
    return np.asarray(pc.index_in(pa.array(ids), value_set=pa.array(listed)).fill_null(-1), dtype="int32")


def take(column: pd.Series, position: Positions) -> pd.Series:
    """A column's values at some rows, whatever at -1; all missing of an empty column."""
    if not len(column):
        return pd.Series(pd.NA, index=range(len(position)), dtype=column.dtype)
    return column.take(position.clip(min=0)).reset_index(drop=True)
