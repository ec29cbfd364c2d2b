"""The bare three-way difference in DuckDB: as the one in Polars."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.frames import PROPERTIES
from benchmarks.measured import report

_PART = """
SELECT 'trello' AS side, link, customerp_id, trello_id, '{p}' AS property, "trello.{p}" AS before,
       "customerp.{p}" AS after FROM changed WHERE "customerp.{p}" <> "c.{p}"
UNION ALL
SELECT 'customerp', link, customerp_id, trello_id, '{p}', "customerp.{p}", "trello.{p}" FROM changed
WHERE "trello.{p}" <> "t.{p}" AND "customerp.{p}" = "c.{p}"
"""


def work() -> dict[str, Any]:
    """Join, keep what differs from its base, and write who changed what from what to what."""
    folder = Path(sys.argv[1])
    columns = ", ".join(f'{s}."{p}" AS "{s}.{p}"' for s in ("customerp", "trello") for p in PROPERTIES)
    differs = " OR ".join(f'{s}."{p}" <> l."{s[0]}.{p}"' for s in ("customerp", "trello") for p in PROPERTIES)
    database = duckdb.connect()
    database.execute(
        f"""CREATE TABLE changed AS SELECT l.*, {columns} FROM '{folder}/links.parquet' l
            JOIN '{folder}/customerp.parquet' customerp ON customerp._id = l.customerp_id
            JOIN '{folder}/trello.parquet' trello ON trello._id = l.trello_id WHERE {differs}"""
    )
    parts = " UNION ALL ".join(_PART.format(p=p) for p in PROPERTIES)
    # The command's answer is the number of rows.
    written = database.execute(f"COPY ({parts}) TO '{folder}/plan_duckdb.parquet' (FORMAT parquet)").fetchone()
    return {"rows": written[0] if written else 0}


if __name__ == "__main__":
    report(work)
