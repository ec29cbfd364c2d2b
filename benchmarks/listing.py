"""100,000 records read from the sandbox's CustomERP, beside a bare `requests` loop over the same pages in the same run.

.venv/bin/python -m benchmarks.listing [records]

Each reading is a process of its own, the server another one; ours and the bare loop take turns, the quickest of each
counts. It fails above 1.3 times the bare loop, or if ten times as many records take more than a few pages of memory.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 3
MOST = 1.3
PAGES = 16
"""Megabytes by which the peak may grow from a tenth of the records to all: ids, by which a repeated one is known."""

SANDBOX = Path(__file__).resolve().parents[1] / "include" / "sandbox"


def bare(url: str, token: str) -> int:
    """What somebody writes who trusts the server."""
    import requests

    session, count, cursor = requests.Session(), 0, None
    session.headers["Authorization"] = f"Bearer {token}"
    while True:
        params = {"limit": 500, **({"cursor": cursor} if cursor else {})}
        body = session.get(f"{url}/api/v1/customers", params=params, timeout=60).json()
        for _ in body["data"]:
            count += 1
        cursor = body["next_cursor"]
        if not cursor:
            return count


def ours(url: str, token: str) -> int:
    """The hook, with everything that it checks."""
    connection = {"conn_type": "customerp", "host": url, "password": token}
    os.environ["AIRFLOW_CONN_CUSTOMERP_DEFAULT"] = json.dumps(connection)
    from customerp_trello.hooks.customerp import CustomERPHook

    return sum(1 for _ in CustomERPHook().list_records("customer"))


def measure(kind: str, url: str, token: str) -> None:
    """In a process of its own: read, and say how long it took and how much memory it wanted."""
    read = {"bare": bare, "ours": ours}[kind]
    import requests  # noqa: F401 - neither import is part of the reading

    if kind == "ours":
        import customerp_trello.hooks.customerp  # noqa: F401
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    count = read(url, token)
    seconds = time.perf_counter() - begin
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps({"count": count, "seconds": seconds, "grown_mb": grown}))


def fill(database: Path, count: int) -> None:
    """Customers straight into the sandbox's database."""
    sys.path.append(str(SANDBOX))
    from customerp_entities import SCHEMA
    from sandbox_database import SandboxDatabase

    SandboxDatabase(database, SCHEMA).close()
    stamp, text = "2026-03-01T09:30:00.000000Z", "Some words of its own. " * 4
    rows = (
        (number, f"C-{number}", f"Customer {number}", f"https://{number}.example.com", text, stamp, stamp)
        for number in range(1, count + 1)
    )  # fmt: skip
    with sqlite3.connect(database) as connection:
        connection.executemany(
            "INSERT INTO customers (id, number, name, website, description, active, created_at, modified_at, version) "
            "VALUES (?, ?, ?, ?, ?, 1, ?, ?, 1)",
            rows,
        )


def run(count: int, folder: Path) -> dict[str, dict[str, float]]:
    """The best of both ways."""
    database = folder / f"{count}.db"
    fill(database, count)
    command = [sys.executable, str(SANDBOX / "serve_customerp.py"), "--port", "0", "--rate-limit", "0"]
    server = subprocess.Popen([*command, "--database", str(database)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = json.loads(server.stdout.readline())["url"]
    best: dict[str, dict[str, float]] = {}
    try:
        for _ in range(ROUNDS):
            for kind in ("bare", "ours"):
                measured = [sys.executable, "-m", "benchmarks.listing", kind, url, "sandbox-customerp-token"]
                found = json.loads(
                    subprocess.run(measured, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
                )
                assert found["count"] == count
                if kind not in best or found["seconds"] < best[kind]["seconds"]:
                    best[kind] = found
    finally:
        server.terminate()
        server.wait(timeout=10)
    return best


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        few, many = run(count // 10, Path(folder)), run(count, Path(folder))
    ratio = many["ours"]["seconds"] / many["bare"]["seconds"]
    grown = many["ours"]["grown_mb"] - few["ours"]["grown_mb"]
    print("| records | bare | ours | ours to bare | memory of bare | memory of ours |\n|---|---|---|---|---|---|")
    for number, best in ((count // 10, few), (count, many)):
        one, two = best["bare"], best["ours"]
        print(
            f"| {number:,} | {one['seconds']:.2f} s | {two['seconds']:.2f} s | {two['seconds'] / one['seconds']:.2f} | "
            f"{one['grown_mb']:.0f} MB | {two['grown_mb']:.0f} MB |"
        )
    return int(ratio > MOST or grown > PAGES)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(*sys.argv[1:4])
    else:
        sys.exit(main())
