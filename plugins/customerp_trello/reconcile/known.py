"""What reconcile is told besides the two snapshots: the pair's own past, as frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import pandas as pd

APART: Literal["apart"] = "apart"
"""Instead of a side: the tombstone is of a link, not of a record; its ids are CustomERP's and Trello's."""

BOTH: Literal["both"] = "both"
"""Likewise, of a link of which nobody survived."""

VALUES = ("customerp", "trello", "base_customerp", "base_trello")
"""Between what a conflict decides."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype="str") for column in columns})


def _of_links(*columns: str) -> pd.DataFrame:
    return _empty(*columns).assign(link=pd.Series(dtype="int64"))


@dataclass(frozen=True)
class Past:
    """The pair's past, as the state database tells it.

    Attributes:
        links: one row per link: link (int64), customerp_id, trello_id, status, away (the side for which it is
            suspended, empty if it is not), marks (JSON object property -> cause),
            written_customerp and written_trello (the modification time that our own last write left, as text),
            and ``c.<property>``, ``t.<property>`` with the base of each side (missing where never settled).
        tombstones: side and deleted_id of what was deleted, surviving_id of its counterpart (see :attr:`apart`).
        held: side and record_id of records that must not be written in this run (quarantine not yet due,
            an interrupted write whose outcome is open), with a reason.
        manual: link (int64) and property of open conflicts, with answer (a side, or empty while waiting), reason, and
            the values that the person was asked about (customerp, trello).
        decided: link (int64) and property of conflicts with a winner that is not written yet, with winner, reason, and
            the values that were decided between (customerp, trello, base_customerp, base_trello); the newest last.
        last_read: per side, when a run last read it successfully; an edit of unknown time counts as made then.
        evidence: trello_id, property, at (datetime64 UTC): when that property was last changed in Trello, where known.
    """

    links: pd.DataFrame
    tombstones: pd.DataFrame = field(default_factory=lambda: _empty("side", "deleted_id", "surviving_id"))
    held: pd.DataFrame = field(default_factory=lambda: _empty("side", "record_id", "reason"))
    manual: pd.DataFrame = field(
        default_factory=lambda: _of_links("property", "answer", "reason", "customerp", "trello")
    )
    decided: pd.DataFrame = field(default_factory=lambda: _of_links("property", "winner", "reason", *VALUES))
    last_read: dict[str, datetime] = field(default_factory=dict)
    evidence: pd.DataFrame = field(
        default_factory=lambda: _empty("trello_id", "property").assign(at=pd.Series(dtype="datetime64[us, UTC]"))
    )

    @property
    def apart(self) -> pd.DataFrame:
        """customerp_id and trello_id of records that a person took apart: they are not linked again by key."""
        pairs = self.tombstones[self.tombstones["side"] == APART]
        return pairs.rename(columns={"deleted_id": "customerp_id", "surviving_id": "trello_id"})

    def held_reasons(self, side: str) -> pd.Series:
        """Why records of *side* must not be written, by record id."""
        mine = self.held[self.held["side"] == side]
        return mine.drop_duplicates("record_id").set_index("record_id")["reason"]

    def read_at(self, side: str) -> datetime:
        """When *side* was last read, or the epoch."""
        return self.last_read.get(side, _EPOCH)
