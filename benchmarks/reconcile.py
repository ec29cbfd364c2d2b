"""Reconcile against the bare three-way difference in Polars and DuckDB: `python -m benchmarks.reconcile`.

Each contender runs in fresh processes on the same parquet files; the ratios are within one run of this command.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.frames import write_frames
from benchmarks.measured import measure

SIZES = (10_000, 100_000, 1_000_000)
CONTENDERS = ("ours", "polars", "duckdb")
TIMES = 5


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Measure all contenders at all sizes."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in sizes:
            frames = Path(folder) / str(number)
            write_frames(frames, number)
            found[str(number)] = {
                name: measure(f"benchmarks.reconcile_{name}", str(frames), times=TIMES) for name in CONTENDERS
            }
            writes = {one["writes"] for one in found[str(number)].values()}
            assert len(writes) == 1, f"the contenders disagree about the writes: {writes}"
    return found


def table(found: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{'records':>10} {'contender':<10} {'seconds':>8} {'peak MB':>8} {'of Polars':>10} {'writes':>8}"]
    for number, rows in found.items():
        for name, one in rows.items():
            ratio = one["seconds"] / rows["polars"]["seconds"]
            figures = f"{one['seconds']:>8.2f} {one['peak_mb']:>8} {ratio:>10.2f} {one['writes']:>8,}"
            lines.append(f"{int(number):>10,} {name:<10} {figures}")
    return "\n".join(lines)


if __name__ == "__main__":
    figures = run(tuple(int(size) for size in sys.argv[1:]) or SIZES)
    print(table(figures))
    Path(".run/bench").mkdir(parents=True, exist_ok=True)
    Path(".run/bench/reconcile.json").write_text(json.dumps(figures, indent=2))
