"""Runs of one pair in a process of its own: `python -m benchmarks.pair_run FOLDER PAIR [STATE_URL]`.

It does what the DAG's tasks do, says `{}` when it is ready, and makes one run for each line on its standard input. For
each it prints JSON: the plan's changes, what each task returned, and how long each took (seconds).
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from customerp_trello.flow.begin import acquire, begin
from customerp_trello.flow.decide import decide, guard
from customerp_trello.flow.extract import extract
from customerp_trello.flow.finish import finish
from customerp_trello.flow.form import Form
from customerp_trello.flow.load import load
from customerp_trello.flow.pair_run import PairRun, open_run
from customerp_trello.flow.past import known_of
from customerp_trello.flow.report import report
from customerp_trello.mapping.load import load_pair
from customerp_trello.sides.base import Side
from customerp_trello.sides.open import open_side
from customerp_trello.state import lease
from customerp_trello.state.request_places import RequestPlaces
from customerp_trello.state.store import Store


def run_once(pair: str, store: Store, folder: Path) -> dict[str, Any]:
    """One run, task by task."""
    mapping, run_id = load_pair(pair), uuid.uuid4().hex
    holder = acquire(mapping, store, run_id, Form(), dag_id=pair)
    assert holder is None, holder
    run = open_run(mapping, store, run_id, folder)
    steps: dict[str, Any] = {}
    seconds: dict[str, float] = {}

    def task(name: str, work: Callable[[], Any]) -> None:
        begun = time.monotonic()
        steps[name] = work()
        seconds[name] = round(time.monotonic() - begun, 3)

    try:
        task("begin", lambda: begin(run, _sides(run)))
        task("extract_customerp", lambda: extract(run, "customerp", _sides(run)("customerp")))
        task("extract_trello", lambda: extract(run, "trello", _sides(run)("trello")))
        task("reconcile", lambda: decide(run, _sides(run)))
        task("guard", lambda: guard(run, "benchmark"))
        task("load_customerp", lambda: load(run, "customerp", _sides(run)))
        task("load_trello", lambda: load(run, "trello", _sides(run)))
        finish(run, run.attempt())
        report(run, steps)
    finally:
        lease.release(store, pair, run_id)
    return {"changes": steps["reconcile"]["changes"], "steps": steps, "seconds": seconds}


def _sides(run: PairRun) -> Callable[[str], Side]:
    """Each task opens each side once."""
    opened: dict[str, Side] = {}
    places = RequestPlaces(run.store)

    def side(name: str) -> Side:
        if name not in opened:
            known = known_of(run.store, run.mapping, name) if name == "trello" else None
            opened[name] = open_side(run.mapping, name, known, places)
        return opened[name]

    return side


def main(folder: str, pair: str, state_url: str = "") -> None:
    """Make a run whenever somebody asks."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever logs, the answers stay apart
    with Store(state_url or f"sqlite:///{folder}/state.db") as store:
        store.upgrade()
        print("{}", file=answers, flush=True)
        for _ in sys.stdin:
            print(json.dumps(run_once(pair, store, Path(folder) / "runs"), default=str), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
