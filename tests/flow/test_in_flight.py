"""Several records in flight: overlapping, but never two writes of one record, and nothing after the lease is lost."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter

import pytest
from engine import PROJECTS, ask
from sqlalchemy import func, select

from customerp_trello.errors import LeaseLost
from customerp_trello.flow import pair_run
from customerp_trello.flow.in_flight import carry_out
from customerp_trello.state import lease
from customerp_trello.state.tables import intent

COMMENTS = "/1/cards/{id}/actions/comments"


def do(todo, act, at_once=4):
    """Items are (kind, records, name)."""
    carry_out(todo, act, at_once=at_once, records=lambda one: one[1], kind=lambda one: one[0])


def test_one_at_a_time_keeps_the_order_whatever_the_kinds():
    done = []
    todo = [("b", "x", 1), ("a", "y", 2), ("b", "x", 3)]
    do(todo, done.append, at_once=1)
    assert done == todo


def test_so_many_are_under_way_at_once_and_the_first_of_a_kind_is_alone():
    meet = threading.Barrier(4, timeout=20)
    done = []

    def act(one):
        if one[2]:
            meet.wait()  # passes only if four are under way
        done.append(one)

    do([("a", ["x"], 0), *(("a", [n], n) for n in range(1, 9)), ("b", ["y"], 0)], act)
    assert [one[2] for one in done[:2]] == [0, 0]
    assert sorted(one[2] for one in done[2:]) == list(range(1, 9))


def test_writes_that_share_a_record_keep_their_order_also_by_way_of_a_third():
    todo = [("k", "a", 0), ("k", "pq", 1), ("k", "r", 2), ("k", "qr", 3), ("k", "p", 4), ("k", "s", 5)]
    under_way, done, guard = Counter(), [], threading.Lock()

    def act(one):
        with guard:
            under_way.update(one[1])
            assert not [record for record, count in under_way.items() if count > 1]
        time.sleep(0.01)
        with guard:
            under_way.subtract(one[1])
            done.append(one[2])

    do(todo, act)
    chain = [number for number in done if number in (1, 2, 3, 4)]
    assert chain == [1, 2, 3, 4]


def test_what_is_raised_ends_it_once_those_under_way_have_ended():
    begun, ended = [], []
    together = threading.Barrier(2, timeout=20)

    def act(one):
        begun.append(one[2])
        if one[2] in (1, 2):
            together.wait()
        if one[2] == 1:
            raise LeaseLost("gone")
        if one[2] == 2:
            time.sleep(0.2)
        ended.append(one[2])

    with pytest.raises(LeaseLost):
        do([("k", [n], n) for n in range(200)], act, at_once=2)
    assert begun[:1] + sorted(begun[1:]) == [0, 1, 2], "nothing begins after it"
    assert ended == [0, 2]


@pytest.fixture
def several(engine, monkeypatch):
    """Nothing is synced yet, and eight records may be in flight; answers take a while."""
    connection = json.loads(os.environ["AIRFLOW_CONN_TRELLO_DEFAULT"])
    connection["extra"]["writes_in_flight"] = 8
    monkeypatch.setenv("AIRFLOW_CONN_TRELLO_DEFAULT", json.dumps(connection))
    engine.widen(first_run="apply")
    return engine


def statuses(engine):
    with engine.store.read() as tx:
        chosen = select(intent.c.status, func.count()).where(intent.c.pair == PROJECTS).group_by(intent.c.status)
        return dict(tx.execute(chosen).all())


def comments(engine):
    return ask("GET", f"{engine.trello_url}/sandbox/requests")["requests"][f"POST {COMMENTS}"]


def test_a_load_with_faults_in_flight_writes_each_record_once(several):
    several.fault("trello", match=f"POST {COMMENTS}", kind="slow:0.05", times=2)
    several.fault("trello", match=f"POST {COMMENTS}", kind="status:400", after=2)
    several.fault("trello", match=f"POST {COMMENTS}", kind="status:429")
    several.fault("trello", match=f"POST {COMMENTS}", kind="lost_answer", after=2)
    ran = several.run(PROJECTS)
    todo = ran.steps["reconcile"]["changes"]["create"]
    written, put_off = (ran.steps["load_trello"][name] for name in ("written", "put_off"))
    assert (written, put_off) == (todo - 2, 2)
    found = statuses(several)
    # Refused and lost are told apart, however many others were confirmed meanwhile.
    assert (found["refused"], found["open"]) == (1, 1)
    assert comments(several) == todo + 1, "the one that was too fast went out again, no other one"


def test_nobody_writes_after_the_lease_is_lost_and_the_next_run_finds_what_was_under_way(several, monkeypatch):
    several.fault("trello", match=f"POST {COMMENTS}", kind="slow:0.1", times=1000)
    asked, once = [], threading.Lock()
    may_send = pair_run.PairRun.may_send

    def taken_over_at_the_fifth(run, fence, seconds):
        may_send(run, fence, seconds)
        with once:
            asked.append(fence)
            if len(asked) == 5:
                lease.take_over(run.store, run.pair, run.id, run.row.run_fence, 900)

    monkeypatch.setattr(pair_run.PairRun, "may_send", taken_over_at_the_fifth)
    with pytest.raises(LeaseLost):
        several.run(PROJECTS)
    sent = comments(several)
    assert 5 <= sent <= 5 + 8, "those under way"
    monkeypatch.undo()
    several.end_faults()
    told = statuses(several)
    # Whoever was between its intent and its request has sent nothing.
    under_way = sent - told.get("done", 0)
    assert 0 < under_way <= told["open"]
    ran = several.run(PROJECTS)
    assert ran.steps["begin"]["recovered"]["adopted"] == under_way
    assert comments(several) == len(several.links(PROJECTS)), "each project has one comment"
