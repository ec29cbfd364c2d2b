"""One step of the state's benchmark in a process of its own: `python -m benchmarks.state_step STEP DATABASE SIZE`."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.frames import EDITED, PROPERTIES
from benchmarks.measured import report
from customerp_trello.state.bases import Settlement, load_links, settle_many
from customerp_trello.state.links import NewLink, add_links
from customerp_trello.state.store import Store

PAIR, RUN = "left__right", "benchmark"
STEPS = ("save", "load", "settle", "settle again")
_BATCH = 10_000
"""Links per transaction when all are new."""


def save(store: Store, size: int) -> dict[str, Any]:
    """Bind *size* pairs of records."""
    store.upgrade()
    for start in range(0, size, _BATCH):
        with store.begin() as tx:
            add_links(tx, PAIR, [_new(number) for number in range(start, min(start + _BATCH, size))], run=RUN)
    return {"read": 0, "written": size}


def _new(number: int) -> NewLink:
    base = {p: f"{p} of record {number}" for p in PROPERTIES}
    return NewLink(f"c{number:09d}", f"t{number:09d}", base, base)


def load(store: Store, size: int) -> dict[str, Any]:
    """Load all links with both bases."""
    with store.read() as tx:
        links = load_links(tx, PAIR, PROPERTIES)
    assert len(links) == size
    return {"read": len(links), "written": 0}


def settle(store: Store, size: int) -> dict[str, Any]:
    """Move one property's base of two links in a hundred, as a run's writes do; nothing the second time."""
    every = int(1 / EDITED)
    moved = [Settlement(n + 1, {"p1": f"new {n}"}, {"p1": f"new {n}"}) for n in range(0, size, every)]
    with store.begin() as tx:
        settle_many(tx, moved, run=RUN)
        written = tx.connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    return {"read": len(moved), "written": int(written)}


_DO = {"save": save, "load": load, "settle": settle, "settle again": settle}

if __name__ == "__main__":
    step, database, number = sys.argv[1:]
    with Store(f"sqlite:///{database}") as opened:
        report(lambda: _DO[step](opened, int(number)))
