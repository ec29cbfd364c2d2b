"""Time to parse the DAG files in a fresh process: `python -m benchmarks.parsing`. Fails above 1.3 times empty DAGs.

Airflow's DAG processor parses every file again and again, each time in a new process, so what a file imports is paid
each time. Beside ours, in turns: as many files with an empty DAG. `import airflow` is part of both. Each process may
keep its bytecode, as an installed package does; the first one of each kind is not counted.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measured import in_turns, once, report, save

DAGS = Path(__file__).resolve().parents[1] / "dags"
TIMES = 5
MOST = 1.3

EMPTY = '''"""An Airflow DAG without anything."""

from airflow.sdk import DAG

dag = DAG("empty_{number}", schedule=None)
'''


def parse(folder: str) -> dict[str, Any]:
    """Parse a folder as the DAG processor does, `import airflow` and all."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(folder, load_op_links=False)
    if bag.import_errors:
        raise SystemExit(f"{folder} cannot be parsed: {bag.import_errors}")
    return {"dags": len(bag.dags)}


def measure() -> dict[str, dict[str, Any]]:
    """Ours and empty ones in turns, every time in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "empty"
        folder.mkdir()
        for number, _ in enumerate(DAGS.glob("*.py")):
            (folder / f"empty_{number}.py").write_text(EMPTY.format(number=number), encoding="utf-8")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ |= {"PYTHONPYCACHEPREFIX": f"{place}/bytecode", "AIRFLOW_HOME": f"{place}/home"}
        modules = {name: ("benchmarks.parsing", str(where)) for name, where in (("ours", DAGS), ("empty", folder))}
        for command in modules.values():
            once(*command)
        return in_turns(modules, TIMES)


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures for people."""
    lines = [f"{'':<8} {'DAGs':>5} {'seconds':>8} {'processor':>10} {'peak MB':>8}"]
    for name, one in found.items():
        lines.append(f"{name:<8} {one['dags']:>5} {one['seconds']:>8.2f} {one['cpu']:>10.2f} {one['peak_mb']:>8}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, leave the figures; fail if ours take too long."""
    found = measure()
    # Processor time: whatever else the machine does is in the other one.
    ratio = found["ours"]["cpu"] / found["empty"]["cpu"]
    print(f"Parsing of all DAG files, fresh processes\n{table(found)}\nours to empty: {ratio:.2f}\n")
    save("parsing", {"ratio": ratio, **found}, "apache-airflow")
    if found["ours"]["dags"] != found["empty"]["dags"] or ratio >= MOST:
        sys.exit(f"FAILED: {ratio:.2f}; at most {MOST}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        report(lambda: parse(sys.argv[1]))
    else:
        main()
