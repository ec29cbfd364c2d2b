"""A plan whose links have moved since it was made: what still can be applied is, the rest is the next run's."""

from __future__ import annotations

import pandas as pd
import pytest
import structlog
from engine import CUSTOMERS

from customerp_trello.flow.apply_state import apply_state
from customerp_trello.flow.form import Form
from customerp_trello.reconcile.plan import make_plan
from customerp_trello.state import lease
from customerp_trello.state.conflicts import conflicts
from customerp_trello.state.history import history_of_run

FREE = "5f00000000000000000000aa"


@pytest.fixture
def run(customers_loaded):
    run = customers_loaded.start(CUSTOMERS, Form())
    yield run
    lease.release(customers_loaded.store, CUSTOMERS, run.id)


def row(operation, link, customerp_id, trello_id, prop="", cause="key"):
    return {"operation": operation, "link": link, "customerp_id": customerp_id, "trello_id": trello_id,
            "side": "", "property": prop, "cause": cause, "key": customerp_id}  # fmt: skip


def test_a_record_that_is_in_another_link_by_now_stops_nothing_else(customers_loaded, run):
    before = customers_loaded.links(CUSTOMERS)
    one, two = before.iloc[0], before.iloc[1]
    plan = make_plan(
        [
            pd.DataFrame(
                [
                    row("relink", one["link"], one["customerp_id"], two["trello_id"], cause="moved_in_trello"),
                    row(
                        "relink", two["link"], two["customerp_id"], "5f00000000000000000000aa", cause="moved_in_trello"
                    ),
                    row("link", -1, "90001", two["trello_id"]),
                    row("link", -1, "90002", one["trello_id"]),
                    row("adopt", -1, "90002", one["trello_id"], "name", "equal"),
                    row("link", -1, "90003", "5f00000000000000000000bb"),
                ]
            )
        ]
    )
    with structlog.testing.capture_logs() as lines:
        apply_state(run, plan, run.attempt())
    after = customers_loaded.links(CUSTOMERS).set_index("customerp_id")["trello_id"]
    assert after[one["customerp_id"]] == one["trello_id"]
    assert after[two["customerp_id"]] == FREE
    assert after["90003"] == "5f00000000000000000000bb"
    assert after.get("90002") is None
    left = [(line["operation"], line["customerp"]) for line in lines if line["event"] == "left to the next run"]
    assert left == [("relink", one["customerp_id"]), ("link", "90002"), ("adopt", "90002")]


def test_a_load_that_is_tried_again_tells_nothing_twice(customers_loaded, run):
    ends = customers_loaded.links(CUSTOMERS).iloc[-1][["link", "customerp_id", "trello_id"]].tolist()
    equal = row("adopt", *ends, "name", "equal") | {"customerp": "Alike", "trello": "Alike"}
    clash = row("conflict", *ends, "website", "latest") | {"winner": "trello", "customerp": "One", "trello": "Other"}
    plan = make_plan([pd.DataFrame([equal, clash])])
    for _ in range(3):
        apply_state(run, plan, run.attempt())
    with customers_loaded.store.read() as tx:
        lines = history_of_run(tx, run.id)
        asked = [one for one in conflicts(tx, CUSTOMERS, status="settled") if one.run == run.id]
    assert sorted(lines["operation"]) == ["adopt", "conflict"]
    assert len(asked) == 1
