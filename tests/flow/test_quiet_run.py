"""A run over 200,000 linked records of which none changed writes its own books and nothing else."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event, insert

from customerp_trello.flow.artifacts import write_snapshot
from customerp_trello.flow.begin import acquire, begin
from customerp_trello.flow.decide import decide, guard
from customerp_trello.flow.finish import finish
from customerp_trello.flow.form import Form
from customerp_trello.flow.load import load
from customerp_trello.flow.pair_run import open_run
from customerp_trello.flow.report import report
from customerp_trello.mapping.frame import Snapshot, conform
from customerp_trello.mapping.load import load_pair
from customerp_trello.state import lease
from customerp_trello.state.store import Store
from customerp_trello.state.tables import link

PAIR = "custom_customer__trello_organizations"
RECORDS = 200_000


def untouched(_side):
    """A side that is asked for nothing but what it is: it cannot even be read, let alone be written."""
    hook = SimpleNamespace(before_write=None, writes_taken=0, rate_limited=0)
    promises = {"replaces_sources": False, "repeatable_creates": False, "writes_in_flight": 1}
    return SimpleNamespace(hook=hook, requests_made=0, **promises)


def ids(side):
    return np.char.add(side[0], np.arange(RECORDS).astype(str))


@pytest.fixture
def store(tmp_path):
    mapping = load_pair(PAIR)
    with Store(f"sqlite:///{tmp_path / 'state.db'}") as store:
        store.upgrade()
        rows = [
            {"pair": PAIR, "customerp_id": c, "trello_id": t, "status": "linked", "reason": "", "marks": {},
             "base_customerp": (base := {name: f"{name} {c}" for name in mapping.names}), "base_trello": base,
             "written_customerp": "", "written_trello": "", "created_run": "r", "changed_run": "r"}
            for c, t in zip(ids("customerp").tolist(), ids("trello").tolist(), strict=True)
        ]  # fmt: skip
        with store.begin() as tx:
            tx.execute_many(insert(link), rows)
        yield store


def snapshot(mapping, side):
    frame = pd.DataFrame({name: np.char.add(f"{name} ", ids("customerp")) for name in mapping.names})
    frame["_id"] = ids(side)
    facts = {"identity": {"base_url": "x"}, "started_at": datetime.now(UTC).isoformat(), "listed": RECORDS}
    return Snapshot(conform(frame, mapping.names), True, facts)


def run_once(store, folder):
    mapping = load_pair(PAIR)
    run_id = uuid.uuid4().hex
    assert acquire(mapping, store, run_id, Form()) is None
    run = open_run(mapping, store, run_id, folder)
    for side in ("customerp", "trello"):
        write_snapshot(run.folder, side, snapshot(mapping, side))
    steps = {"begin": begin(run, untouched), "reconcile": decide(run, untouched)}
    steps["guard"] = guard(run, "tester")
    assert steps["guard"]["go"], steps["guard"]
    for side in ("customerp", "trello"):
        steps[f"load_{side}"] = load(run, side, untouched)
    finish(run, run.attempt())
    report(run, steps)
    lease.release(store, PAIR, run_id)
    return steps


def test_p4_a_run_without_a_change_writes_its_own_books_and_nothing_else(store, tmp_path):
    written = Counter()

    def note(_connection, _cursor, statement, *_rest):
        if found := re.match(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)', statement):
            written[found[1]] += 1

    run_once(store, tmp_path)
    event.listen(store.engine, "before_cursor_execute", note)
    steps = run_once(store, tmp_path)
    assert steps["reconcile"]["changes"] == {}
    assert steps["load_customerp"]["written"] == steps["load_trello"]["written"] == 0
    assert set(written) == {"run", "plan", "pair_lease", "watermark"}
    assert max(written.values()) < 25, "statements, however many records there are"
