"""Links beside both sides' records: what linked records are compared on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Aligned:
    """Links beside both sides' records, row by row.

    Attributes:
        links: the links (see ``Past.links``), index 0..n-1.
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
