"""One measurement in a process of its own: how long, how much memory at the most."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any


def report(work: Callable[[], dict[str, Any]]) -> None:
    """Do the work once and print its figures as JSON; imports are not counted, they have happened by now."""
    begun = time.perf_counter()
    facts = work()
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 3), "peak_mb": round(peak), **facts}))


def measure(module: str, *arguments: str, times: int = 1) -> dict[str, Any]:
    """Run a module so often, each time in a fresh process, and give the quickest run's figures and all its times."""
    runs = []
    for _ in range(times):
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    best = min(runs, key=lambda run: run["seconds"])
    return best | {"all_seconds": [run["seconds"] for run in runs], "peak_mb": max(run["peak_mb"] for run in runs)}
