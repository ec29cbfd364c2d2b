"""The package's step for a pair too large for memory, as the task does it: the frames stay on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.frames import mapping
from benchmarks.measured import report
from customerp_trello.flow.artifacts import read_listing, write_frame
from customerp_trello.flow.parquet_table import ParquetTable
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import SIDES
from customerp_trello.reconcile.reconcile import reconcile
from customerp_trello.reconcile.wide import WideSnapshot, narrowed


def work() -> dict[str, Any]:
    """Make the plan."""
    folder = Path(sys.argv[1])
    wide = {
        side: WideSnapshot(ParquetTable(folder / f"{side}.parquet"), read_listing(folder, side).complete, {})
        for side in SIDES
    }
    few, past = narrowed(mapping(), wide, ParquetTable(folder / "links.parquet"), Past(links=pd.DataFrame()))
    plan = reconcile(mapping(), few["customerp"], few["trello"], past)
    write_frame(folder, "plan_large", plan)
    return {"rows": len(plan)}


if __name__ == "__main__":
    report(work)
