"""A conflict's decision stands as long as its write waits (docs/decisions/0030)."""

from datetime import UTC, datetime

import pandas as pd
from test_reconcile import BASE, ONE, linked, mapping, record, run, told

READ = {"trello": datetime(2026, 1, 1, 12, tzinfo=UTC)}
SIDES = [record("c1", name="L", _modified_at="2026-01-01T11:00:00Z")], [record("t1", name="R")]
ANEW = [("", "conflict", "name", "?", "latest_by_estimate"), ("customerp", "update", "name", "R", "latest_by_estimate")]
"""Trello would win now, since every read of it is later than the last one."""


def decided(**columns):
    """A conflict of ONE about its name, which was decided for CustomERP and is not written yet."""
    row = {"link": 1, "property": "name", "winner": "customerp", "reason": "latest_tie", "customerp": "L",
           "trello": "R", "base_customerp": "Acme", "base_trello": "Acme"}  # fmt: skip
    return pd.DataFrame([row | columns])


def planned(*before, links=ONE, **past):
    return told(run(*SIDES, links, last_read=READ, decided=pd.concat(before), **past))


def test_a_decision_whose_write_waits_stands_and_is_told_once():
    assert told(run(*SIDES, ONE, last_read=READ)) == ANEW
    stands = [("trello", "update", "name", "L", "latest_tie")]
    assert planned(decided()) == stands
    assert planned(decided(winner="trello", reason="latest"), decided()) == stands


def test_other_values_or_bases_are_decided_anew():
    for other in ({"customerp": "M"}, {"trello": "S"}, {"base_customerp": "B"}, {"base_trello": None}):
        assert planned(decided(**other)) == ANEW
    for other in ({"link": 2}, {"property": "note"}):
        assert planned(decided(**other)) == ANEW


def test_a_decision_says_nothing_of_other_records():
    two = linked((1, "c1", "t1", BASE, BASE), (2, "c2", "t2", BASE, BASE), (3, "c3", "t3", BASE, BASE))
    left = [*SIDES[0], record("c2", name="L", _modified_at="2026-01-01T11:00:00Z"), record("c3")]
    right = [*SIDES[1], record("t2", name="R"), record("t3")]
    plan = run(left, right, two, last_read=READ, decided=decided())
    assert sorted(told(plan)) == sorted([*ANEW, ("trello", "update", "name", "L", "latest_tie")])
    assert set(plan.loc[plan["operation"] == "conflict", "link"]) == {2}


def test_a_decision_at_the_first_link_stands_too():
    never = linked((1, "c1", "t1", {"number": ""}, {"number": ""}))
    before = decided(winner="trello", base_customerp=None, base_trello=None)
    found = [one for one in planned(before, links=never) if one[2] == "name"]
    assert found == [("customerp", "update", "name", "R", "latest_tie")]


def test_a_property_that_goes_one_way_by_now_obeys_its_direction():
    plan = run(*SIDES, ONE, mapping(name={"direction": "to_trello"}), last_read=READ, decided=decided(winner="trello"))
    assert told(plan) == [("trello", "update", "name", "L", "edited_in_customerp")]


def test_a_person_is_asked_whatever_was_decided_before():
    asked = pd.DataFrame(
        {"link": [1], "property": ["name"], "answer": [""], "reason": ["undone"], "customerp": ["L"], "trello": ["R"]}
    )
    assert planned(decided(), manual=asked) == [("", "conflict", "name", "?", "undone")]
    assert planned(decided(), manual=asked.assign(answer="trello")) == [
        ("", "conflict", "name", "?", "answered"),
        ("customerp", "update", "name", "R", "answered"),
    ]
    again = decided(winner="trello", reason="answered")
    assert planned(again, manual=asked.assign(answer="trello")) == [("customerp", "update", "name", "R", "answered")]
