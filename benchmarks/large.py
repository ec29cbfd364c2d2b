"""Ten million records beside one million: `python -m benchmarks.large` (a quarter of an hour, 10 GB).

Up to a million records a pair is decided in memory, above it from tables on disk (flow/gathered.py). Both make the same
plan of the million, and the larger one is what is promised: under 4 GB, within twelve times of the million.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.frames import write_frames
from benchmarks.measured import in_turns, save

MILLION, TEN = 1_000_000, 10_000_000
TIMES = 3
RATIO, PEAK_MB = 12, 4000


def measure(folder: Path) -> dict[str, dict[str, Any]]:
    """Measure both sizes in turns.

    Raises:
        AssertionError: the two ways do not make the same plan of the million.
    """
    small, large = folder / "million", folder / "ten"
    write_frames(small, MILLION)
    write_frames(large, TEN)
    found = in_turns(
        {
            "1,000,000 in memory": ("benchmarks.reconcile_ours", str(small)),
            "1,000,000 from disk": ("benchmarks.reconcile_large", str(small)),
            "10,000,000 from disk": ("benchmarks.reconcile_large", str(large)),
        },
        TIMES,
    )
    plans = [pd.read_parquet(small / f"plan_{name}.parquet") for name in ("ours", "large")]
    assert plans[0].equals(plans[1]), "the two ways make different plans of the same million"
    return found


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures for people."""
    head = f"{'records':<22} {'best s':>8} {'median s':>9} {'cpu s':>7} {'peak MB':>8} {'changed':>9}"
    lines = [
        f"{name:<22} {one['seconds']:>8.2f} {one['median']:>9.2f} {one['cpu']:>7.2f} {one['peak_mb']:>8,} "
        f"{one['rows']:>9,}"
        for name, one in found.items()
    ]
    ratio, peak = _promised(found)
    kept = "kept" if _kept(found) else "NOT KEPT"
    return "\n".join(
        [
            "Reconcile, three frames from parquet to the plan in parquet; 8 properties, 2 % edited, 0.1 % conflicts",
            head,
            *lines,
            f"Promise for {TEN:,} records: at most {RATIO} times a million and {PEAK_MB:,} MB; "
            f"measured {ratio:.1f} times and {peak:,} MB: {kept}",
        ]
    )


def _promised(found: dict[str, dict[str, Any]]) -> tuple[float, int]:
    """Time of ten million over that of a million, and the peak in MB."""
    million, _, ten = found.values()
    return ten["seconds"] / million["seconds"], ten["peak_mb"]


def _kept(found: dict[str, dict[str, Any]]) -> bool:
    ratio, peak = _promised(found)
    return ratio <= RATIO and peak <= PEAK_MB


def main() -> None:
    """Measure, print the table, leave the figures; fail where the promise is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    print(table(found))
    save("large", {"sizes": found}, "pandas", "pyarrow")
    if not _kept(found):
        raise SystemExit("the promise for ten million records is not kept")


if __name__ == "__main__":
    main()
