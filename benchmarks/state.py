"""Loading and saving links with their bases: `python -m benchmarks.state [SIZE ...]`. SQLite, each step a process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measured import once, save
from benchmarks.state_step import STEPS

SIZES = (10_000, 100_000, 1_000_000)


def measure(size: int, folder: Path) -> dict[str, Any]:
    """Do all steps on a new database."""
    found = {step: once("benchmarks.state_step", step, str(folder / "state.db"), str(size)) for step in STEPS}
    found[STEPS[-1]]["database_mb"] = round((folder / "state.db").stat().st_size / 2**20)
    return found


def table(found: dict[int, dict[str, Any]]) -> str:
    """The figures for people."""
    lines = [
        "State on SQLite: links with 2 x 8 base values",
        f"{'links':>10} {'step':<8} {'seconds':>8} {'us/link':>8} {'peak MB':>8} {'rows read':>10} {'written':>10}",
    ]
    for size, steps in found.items():
        for step, one in steps.items():
            each = one["seconds"] / max(one["read"], one["written"], 1) * 1e6
            lines.append(
                f"{size:>10,} {step:<8} {one['seconds']:>8.2f} {each:>8.1f} {one['peak_mb']:>8,} {one['read']:>10,} "
                f"{one['written']:>10,}"
            )
    return "\n".join(lines)


def main(sizes: tuple[int, ...]) -> None:
    """Measure, print the table, leave the figures."""
    found = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found[size] = measure(size, Path(folder))
    print(table(found))
    save("state", {"sizes": found}, "sqlalchemy", "pandas")


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or SIZES)
