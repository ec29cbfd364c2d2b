"""The three frames that a run compares, of any size: CustomERP, Trello, and the links with both bases.

Eight text properties a record. Two records in a hundred are edited, half of them on either side; one in a thousand is
edited on both sides differently. The records of each frame come in an order of their own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from customerp_trello.flow.artifacts import write_frame, write_snapshot
from customerp_trello.mapping.frame import Snapshot, conform
from customerp_trello.mapping.model import Mapping

PROPERTIES = tuple(f"p{number}" for number in range(8))
EDITED, FOUGHT = 0.02, 0.001


def mapping() -> Mapping:
    """A pair of eight plain two-way properties."""
    return Mapping.model_validate(
        {
            "pair": "left__right",
            "title": "Benchmark",
            "schedule": "*/15 * * * *",
            "customerp": {"connection": "c", "entity": "project", "on_unlinked": {"mode": "create"},
                          "on_gone": "deactivate"},
            "trello": {"connection": "t", "entity": "action", "on_unlinked": {"mode": "link_only"},
                       "on_gone": "unlink"},
            "link_keys": [{"properties": ["p0"]}],
            "properties": [{"name": p, "customerp": p, "trello": p, "type": "string"} for p in PROPERTIES],
        }
    )  # fmt: skip


def write_frames(folder: Path, number: int) -> None:
    """Write `customerp`, `trello` (as a run's extractions do) and `links` with *number* records each."""
    random = np.random.default_rng(number)
    base = {
        p: pd.Series(np.char.add(f"{p} of record ", np.arange(number).astype(str)), dtype="str") for p in PROPERTIES
    }
    at_stake = random.permutation(number)[: int(number * EDITED)]
    fought, alone = np.split(at_stake, [int(number * FOUGHT)])
    edited = {"customerp": np.concatenate([fought, alone[::2]]), "trello": np.concatenate([fought, alone[1::2]])}
    links = pd.DataFrame({"link": np.arange(1, number + 1)})
    for side, rows in edited.items():
        ids = pd.Series(np.char.add(side[0], np.char.zfill(random.permutation(number).astype(str), 9)), dtype="str")
        links[f"{side}_id"] = ids
        write_snapshot(folder, side, Snapshot(_side(side, ids, base, rows), True, {}))
    texts = {"status": "linked", "away": "", "marks": "{}", "written_customerp": "", "written_trello": ""}
    for column, text in texts.items():
        links[column] = pd.Series(text, index=links.index, dtype="str")
    for end in "ct":
        for p in PROPERTIES:
            links[f"{end}.{p}"] = base[p]
    write_frame(folder, "links", links)


def _side(side: str, ids: pd.Series, base: dict[str, pd.Series], rows: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(base)
    for position, p in enumerate(PROPERTIES):
        mine = rows[rows % len(PROPERTIES) == position]
        frame.loc[mine, p] = [f"{p} edited in {side} {row}" for row in mine]
    frame["_id"] = ids
    frame["_modified_at"] = pd.Timestamp("2026-01-01", tz="UTC")
    return conform(frame, PROPERTIES)
