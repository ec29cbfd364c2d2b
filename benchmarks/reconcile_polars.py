"""The bare three-way difference in Polars: same frames, same columns out, no rules, no links, no conflicts settled."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.frames import PROPERTIES
from benchmarks.measured import report


def work() -> dict[str, Any]:
    """Join, keep what differs from its base, and write who changed what from what to what."""
    folder = Path(sys.argv[1])
    sides = [
        pl.scan_parquet(folder / f"{side}.parquet").select(
            pl.col("_id").alias(f"{side}_id"), *[pl.col(p).alias(f"{side}.{p}") for p in PROPERTIES]
        )
        for side in ("customerp", "trello")
    ]
    joined = pl.scan_parquet(folder / "links.parquet").join(sides[0], on="customerp_id").join(sides[1], on="trello_id")
    left = {p: pl.col(f"customerp.{p}") != pl.col(f"c.{p}") for p in PROPERTIES}
    right = {p: pl.col(f"trello.{p}") != pl.col(f"t.{p}") for p in PROPERTIES}
    changed = joined.filter(pl.any_horizontal([*left.values(), *right.values()])).collect()
    parts = []
    for p in PROPERTIES:
        for side, rows, before, after in (
            ("trello", left[p], f"trello.{p}", f"customerp.{p}"),
            ("customerp", right[p] & ~left[p], f"customerp.{p}", f"trello.{p}"),
        ):
            parts.append(
                changed.filter(rows).select(
                    pl.lit(side).alias("side"), "link", "customerp_id", "trello_id", pl.lit(p).alias("property"),
                    pl.col(before).alias("before"), pl.col(after).alias("after"),
                )
            )  # fmt: skip
    plan = pl.concat(parts)
    plan.write_parquet(folder / "plan_polars.parquet")
    return {"rows": len(plan)}


if __name__ == "__main__":
    report(work)
