"""The audit: what linked records say, whatever a sync believes of them."""

from __future__ import annotations

import pandas as pd
import pytest
from test_reconcile import BASE, linked, mapping, record, snapshot

from customerp_trello.reconcile.audit import audit, figures
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.reconcile import reconcile

READ = pd.Timestamp("2026-03-01T12:00:00Z")


def found(c, t, links, m=None, **past):
    m, past = m or mapping(), Past(links=links, **past)
    sides = {"customerp": snapshot(*c), "trello": snapshot(*t)}
    plan = reconcile(m, sides["customerp"], sides["trello"], past)
    rows = audit(m, sides, past, plan, {"customerp": READ, "trello": READ})
    return [tuple(row) for row in rows[["link", "property", "found"]].itertuples(index=False)]


def one(base_c=BASE, base_t=BASE, **extra):
    return linked((1, "c1", "t1", base_c, base_t, extra))


def test_equal_records_are_no_finding():
    assert found([record("c1")], [record("t1")], one()) == []


def test_two_values_that_both_equal_their_bases_are_what_no_sync_can_see():
    links = one(BASE | {"name": "Acme"}, BASE | {"name": "Other"})
    assert found([record("c1", name="Acme")], [record("t1", name="Other")], links) == [(1, "name", "unexplained")]


def test_a_recorded_cause_explains_a_difference():
    base = one(BASE | {"name": "Acme"}, BASE | {"name": "Other"}, marks='{"name": "normalised"}')
    assert found([record("c1", name="Acme")], [record("t1", name="Other")], base) == [(1, "name", "explained")]
    other = one(BASE | {"name": "Acme"}, BASE | {"name": "Other"}, marks='{"website": "normalised"}')
    assert found([record("c1", name="Acme")], [record("t1", name="Other")], other) == [(1, "name", "unexplained")]


@pytest.mark.parametrize(("at", "verdict"), [("11:00", "late"), ("13:00", "waiting"), (None, "waiting")])
def test_an_edit_is_late_if_an_earlier_run_has_read_its_side_since(at, verdict):
    edited = record("c1", name="New", _modified_at=pd.Timestamp(f"2026-03-01T{at}Z") if at else pd.NaT)
    assert found([edited], [record("t1")], one()) == [(1, "name", verdict)]


def test_what_waits_for_a_person_waits():
    row = {"link": 1, "property": "name", "answer": "", "reason": "manual", "customerp": "Left", "trello": "Right"}
    asked = pd.DataFrame([row])
    early = pd.Timestamp("2026-03-01T11:00Z")
    left, right = record("c1", name="Left", _modified_at=early), record("t1", name="Right", _modified_at=early)
    assert found([left], [right], one(), manual=asked) == [(1, "name", "waiting")]


def test_what_is_given_at_creation_alone_may_differ():
    base = one(BASE | {"number": "c1"}, BASE | {"number": "c1x"})
    assert found([record("c1", number="c1")], [record("t1", number="c1x")], base) == [(1, "number", "explained")]


def test_case_is_no_difference_where_the_mapping_says_so():
    m = mapping(name={"ignore_case": True})
    assert found([record("c1", name="ACME")], [record("t1", name="Acme")], one(), m) == []


def test_a_record_that_is_not_there_or_cannot_be_read_is_said_once():
    assert found([record("c1")], [], one()) == [(1, "", "unreadable")]
    assert found([record("c1", _problem="bad")], [record("t1")], one()) == [(1, "", "unreadable")]


def test_an_unknown_value_is_no_difference():
    assert found([record("c1", website=None)], [record("t1", website="https://a.example")], one()) == []


def test_a_link_counts_by_the_worst_of_its_properties():
    links = linked(*((n, f"c{n}", f"t{n}", BASE, BASE) for n in range(1, 4)))
    rows = pd.DataFrame({"link": [1, 1, 2], "found": ["explained", "late", "waiting"]})
    counts = figures(rows, len(links))
    assert counts == {"linked": 3, "equal": 1, "explained": 0, "waiting": 1, "unreadable": 0, "late": 1,
                      "unexplained": 0}  # fmt: skip
