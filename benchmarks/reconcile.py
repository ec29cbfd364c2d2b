"""Reconcile against the bare three-way difference in Polars and DuckDB: `python -m benchmarks.reconcile [SIZE ...]`.

The contenders take turns, each time in a fresh process, on the same parquet files; ratios are within one run of this
command.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.frames import write_frames
from benchmarks.measured import in_turns, save
from customerp_trello.reconcile.plan import UPDATE

SIZES = (10_000, 100_000, 1_000_000)
CONTENDERS = ("ours", "polars", "duckdb")
TIMES = 5
RATIO, PEAK_MB = 2.5, 2500
"""What is promised of the largest size."""
BROKEN = "NOT KEPT"

_SAID = ["side", "customerp_id", "trello_id", "property", "before", "after"]


def measure(size: int, folder: Path) -> dict[str, Any]:
    """Measure all contenders at one size.

    Raises:
        AssertionError: they do not say the same.
    """
    write_frames(folder, size)
    found = in_turns({name: (f"benchmarks.reconcile_{name}", str(folder)) for name in CONTENDERS}, TIMES)
    plans = {name: _writes(folder / f"plan_{name}.parquet") for name in CONTENDERS}
    for name, plan in plans.items():
        assert plan.equals(plans["polars"]), f"at {size} records {name} and Polars differ about what to write"
        found[name]["writes"] = len(plan)
    return found


def _writes(path: Path) -> pd.DataFrame:
    plan = pd.read_parquet(path)
    if "operation" in plan:
        plan = plan[plan["operation"].eq(UPDATE)]
    return plan[_SAID].astype("str").sort_values(_SAID, ignore_index=True)


def table(found: dict[int, dict[str, Any]]) -> str:
    """The figures for people."""
    lines = [
        "Reconcile, three frames from parquet to the plan in parquet; 8 properties, 2 % edited, 0.1 % conflicts",
        f"{'records':>10} {'contender':<9} {'best s':>8} {'median s':>9} {'cpu s':>7} {'peak MB':>8} "
        f"{'best/Polars':>12} {'median/Polars':>14} {'us/record':>10} {'writes':>8}",
    ]
    for size, rows in found.items():
        for name, one in rows.items():
            best, median = (one[key] / rows["polars"][key] for key in ("seconds", "median"))
            lines.append(
                f"{size:>10,} {name:<9} {one['seconds']:>8.2f} {one['median']:>9.2f} {one['cpu']:>7.2f} "
                f"{one['peak_mb']:>8,} {best:>12.2f} {median:>14.2f} {one['seconds'] / size * 1e6:>10.1f} "
                f"{one['writes']:>8,}"
            )
    return "\n".join([*lines, verdict(found), growth(found)])


def verdict(found: dict[int, dict[str, Any]]) -> str:
    """Whether the largest size keeps what is promised."""
    size = max(found)
    ours, polars = found[size]["ours"], found[size]["polars"]
    ratio = ours["seconds"] / polars["seconds"]
    kept = "kept" if ratio <= RATIO and ours["peak_mb"] <= PEAK_MB else BROKEN
    return (
        f"Promise for {size:,} records: at most {RATIO} times Polars and {PEAK_MB:,} MB; "
        f"measured {ratio:.2f} times and {ours['peak_mb']:,} MB: {kept}"
    )


def growth(found: dict[int, dict[str, Any]]) -> str:
    """How time grows with the records, from each size to the next."""
    steps = [(b / a, found[b]["ours"]["seconds"] / found[a]["ours"]["seconds"]) for a, b in pairwise(sorted(found))]
    told = "; ".join(f"{records:g} times the records take {seconds:.1f} times as long" for records, seconds in steps)
    kept = "kept" if all(seconds <= records for records, seconds in steps) else BROKEN
    return f"Promise of growth: at most linear; measured {told or 'at one size only'}: {kept}"


def main(sizes: tuple[int, ...]) -> int:
    """Measure, print the table, leave the figures; 1 if a promise is not kept."""
    found = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found[size] = measure(size, Path(folder))
    told = table(found)
    print(told)
    save("reconcile", {"sizes": found}, "pandas", "pyarrow", "polars", "duckdb")
    return 1 if BROKEN in told else 0


if __name__ == "__main__":
    sys.exit(main(tuple(int(size) for size in sys.argv[1:]) or SIZES))
