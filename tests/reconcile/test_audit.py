"""The audit: what linked records say, whatever a sync believes of them."""

from __future__ import annotations

import pandas as pd
import pytest
from test_plan import plan, row
from test_reconcile import BASE, linked, mapping, record, snapshot

from customerp_trello.reconcile.audit import audit, figures
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.reconcile import reconcile

READ = pd.Timestamp("2026-03-01T12:00:00Z")


def found(c, t, links, m=None, planned=None, **past):
    """What the audit finds: of the plan that these records call for, or of one made by hand."""
    m, past = m or mapping(), Past(links=links, **past)
    sides = {"customerp": snapshot(*c), "trello": snapshot(*t)}
    plan = reconcile(m, sides["customerp"], sides["trello"], past) if planned is None else planned
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


def test_a_question_about_another_property_explains_nothing():
    row = {"link": 1, "property": "note", "answer": "", "reason": "manual", "customerp": "a", "trello": "b"}
    links = one(BASE | {"name": "Left"}, BASE | {"name": "Right"})
    sides = [record("c1", name="Left")], [record("t1", name="Right")]
    assert found(*sides, links, planned=plan(), manual=pd.DataFrame([row])) == [(1, "name", "unexplained")]
    about = pd.DataFrame([row | {"property": "name"}])
    assert found(*sides, links, planned=plan(), manual=about) == [(1, "name", "waiting")]


def test_what_is_planned_for_the_record_as_a_whole_is_awaited_of_each_of_its_properties():
    links = one(BASE | {"name": "Left"}, BASE | {"name": "Right"})
    sides = [record("c1", name="Left")], [record("t1", name="Right")]
    for number, verdict in ((1, "waiting"), (2, "unexplained")):
        assert found(*sides, links, planned=plan(row("quarantine", number=number))) == [(1, "name", verdict)]
    assert found(*sides, links, planned=plan(row("update", prop="note"))) == [(1, "name", "unexplained")]


@pytest.mark.parametrize("operation", ["conflict", "update"])
@pytest.mark.parametrize(("edited", "side", "late"), [("c1", "trello", True), ("c1", "customerp", False)])
def test_late_is_what_an_update_of_the_other_side_should_have_carried(operation, edited, side, late):
    left = record("c1", name="Left", _modified_at=pd.Timestamp("2026-03-01T11:00Z"))
    planned = plan(row(operation, side, prop="name"))
    verdict = "late" if late and operation == "update" else "waiting"
    assert found([left], [record("t1", name="Right")], one(), planned=planned) == [(1, "name", verdict)]


@pytest.mark.parametrize(("direction", "put_back", "verdict"), [
    ("both", True, "unexplained"), ("to_trello", True, "unexplained"),
    ("to_trello", False, "explained"),
])  # fmt: skip
def test_an_edit_that_is_neither_carried_nor_put_back_may_differ(direction, put_back, verdict):
    m = mapping(name={"direction": direction, "put_back": put_back})
    links = one(BASE | {"name": "Left"}, BASE | {"name": "Right"})
    sides = [record("c1", name="Left")], [record("t1", name="Right")]
    assert found(*sides, links, m, planned=plan()) == [(1, "name", verdict)]


def test_a_mark_that_was_lifted_explains_nothing():
    links = one(BASE | {"name": "Left"}, BASE | {"name": "Right"}, marks='{"name": null}')
    assert found([record("c1", name="Left")], [record("t1", name="Right")], links) == [(1, "name", "unexplained")]


def test_what_is_given_at_creation_alone_may_differ():
    base = one(BASE | {"number": "c1"}, BASE | {"number": "c1x"})
    assert found([record("c1", number="c1")], [record("t1", number="c1x")], base) == [(1, "number", "explained")]


def test_case_is_no_difference_where_the_mapping_says_so():
    m = mapping(name={"ignore_case": True})
    sides, links = ([record("c1", name="ACME")], [record("t1", name="Acme")]), one(BASE | {"name": "ACME"})
    assert found(*sides, links, m) == []
    assert found(*sides, links) == [(1, "name", "unexplained")]


def test_a_record_that_is_not_there_or_cannot_be_read_is_said_once():
    assert found([record("c1")], [], one()) == [(1, "", "unreadable")]
    assert found([record("c1", _problem="bad")], [record("t1")], one()) == [(1, "", "unreadable")]


@pytest.mark.parametrize(("at", "verdict"), [("11:00", "late"), ("13:00", "waiting")])
def test_each_link_is_judged_by_itself(at, verdict):
    links = linked(*((n, f"c{n}", f"t{n}", BASE, BASE) for n in (1, 2, 3)))
    edited = record("c3", name="New", _modified_at=pd.Timestamp(f"2026-03-01T{at}Z"))
    sides = [record("c1"), record("c2"), edited], [record(f"t{n}") for n in (1, 2, 3)]
    assert found(*sides, links) == [(3, "name", verdict)]


def test_an_unknown_value_is_no_difference():
    assert found([record("c1", website=None)], [record("t1", website="https://a.example")], one()) == []


def test_a_link_counts_by_the_worst_of_its_properties():
    links = linked(*((n, f"c{n}", f"t{n}", BASE, BASE) for n in range(1, 4)))
    rows = pd.DataFrame({"link": [1, 1, 2], "found": ["explained", "late", "waiting"]})
    counts = figures(rows, len(links))
    assert counts == {"linked": 3, "equal": 1, "explained": 0, "waiting": 1, "unreadable": 0, "late": 1,
                      "unexplained": 0}  # fmt: skip
