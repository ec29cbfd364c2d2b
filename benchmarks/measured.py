"""Measurements, each in a process of its own: how long it took, how much of the processors, how much memory at most."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(".run/bench")


def report(work: Callable[[], dict[str, Any]]) -> None:
    """Do the work once and print its figures as JSON; the imports of the module that calls this are not counted."""
    begun, processor = time.perf_counter(), time.process_time()
    facts = work()
    seconds, processor = time.perf_counter() - begun, time.process_time() - processor
    print(json.dumps({"seconds": round(seconds, 3), "cpu": round(processor, 3), "peak_mb": peak_mb(), **facts}))


def peak_mb(process: int | str = "self") -> int:
    """The most memory that a program (this one) has had; `ru_maxrss` would count what started it as well."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (told,) = (line for line in lines if line.startswith("VmHWM:"))
    return round(int(told.split()[1]) / 1024)


def once(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module in a fresh process and return the figures that it reports."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def in_turns(modules: dict[str, tuple[str, ...]], times: int) -> dict[str, dict[str, Any]]:
    """Measure several modules in turns, so that whatever else the machine does meets all of them alike.

    Args:
        modules: name -> module and its arguments.
        times: how often each.

    Returns:
        Per name: `seconds` and `cpu` of the quickest run, `median` seconds, `all` seconds, the largest `peak_mb`, and
        what else the module reported.
    """
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in modules}
    for _ in range(times):
        for name, command in modules.items():
            runs[name].append(once(*command))
    return {name: _summary(mine) for name, mine in runs.items()}


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    best = min(runs, key=lambda run: float(run["seconds"]))
    seconds = [run["seconds"] for run in runs]
    cpu, peak = min(run["cpu"] for run in runs), max(run["peak_mb"] for run in runs)
    return best | {"cpu": cpu, "median": statistics.median(seconds), "all": seconds, "peak_mb": peak}


def save(name: str, figures: dict[str, Any], *packages: str) -> None:
    """Leave the figures as JSON, with what they were measured on."""
    machine = {"cores": os.cpu_count(), "python": platform.python_version()} | {p: version(p) for p in packages}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine, "load": os.getloadavg(), **figures}, indent=2) + "\n")
    print(f"({path})\n")
