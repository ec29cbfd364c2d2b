"""The package's own step, as the task does it: three frames from parquet, reconcile, the plan to parquet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.frames import mapping
from benchmarks.measured import report
from customerp_trello.flow.artifacts import read_frame, read_listing, read_snapshot, write_frame
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import SIDES
from customerp_trello.reconcile.reconcile import reconcile


def work() -> dict[str, Any]:
    """Make the plan."""
    folder = Path(sys.argv[1])
    customerp, trello = (read_snapshot(folder, side, read_listing(folder, side)) for side in SIDES)
    plan = reconcile(mapping(), customerp, trello, Past(links=read_frame(folder, "links")))
    write_frame(folder, "plan_ours", plan)
    return {"rows": len(plan)}


if __name__ == "__main__":
    report(work)
