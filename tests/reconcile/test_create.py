"""Records without a counterpart: which are created on the other side, and why the others wait."""

import pandas as pd
import pytest
from test_reconcile import mapping, record, snapshot

from customerp_trello.reconcile.capacity import within_capacity
from customerp_trello.reconcile.create import creates

A, B = "https://a.example", "https://b.example"
TRELLO_CREATES = {"connection": "t", "entity": "organization", "on_unlinked": {"mode": "create"}, "on_gone": "unlink"}
CUSTOMERP_LINKS = {"connection": "c", "entity": "customer", "on_unlinked": {"mode": "link_only"}, "on_gone": "unlink"}


def planned(*records, source="customerp", m=None, taken=None, complete=True, capacity=None):
    """Rows as (side, operation, property, cause, detail), then by record."""
    frame = snapshot(*records).frame
    frame = frame.assign(key=frame["name"].where(frame["name"].fillna("") != "", frame["_id"]))
    parts = creates(
        source,
        frame,
        mapping=m or mapping(),
        taken=taken or {},
        listings_complete=complete,
    )
    parts = within_capacity(parts, {"trello": capacity or {}})
    return pd.concat(parts) if parts else pd.DataFrame()


def told(plan, source="customerp"):
    columns = [f"{source}_id", "side", "operation", "property", "cause", "detail"]
    return sorted(" ".join(row).strip() for row in plan[columns].fillna("?").itertuples(index=False))


def test_a_create_says_every_value_that_is_known():
    plan = planned(record("c1", "New", website=A, note="", number=None, _by="Eva")).fillna("?")
    assert told(plan) == [
        "c1 trello create name new_in_customerp",
        "c1 trello create note new_in_customerp",
        "c1 trello create website new_in_customerp",
    ]
    for column in ("after", "customerp"):
        assert dict(zip(plan["property"], plan[column], strict=True)) == {"name": "New", "website": A, "note": ""}
    assert set(plan["actor"]) == {"Eva"}
    assert set(plan["key"]) == {"New"}


def test_only_what_flows_to_the_other_side_is_created_there():
    m = mapping(note={"direction": "to_customerp"}, trello=TRELLO_CREATES)
    assert told(planned(record("c1", "New", note="n"), m=m)) == [
        "c1 trello create name new_in_customerp",
        "c1 trello create number new_in_customerp",
        "c1 trello create website new_in_customerp",
    ]
    back = planned(record("t1", "New", note="n", number="7"), source="trello", m=m)
    assert told(back, "trello") == [
        "t1 customerp create name new_in_trello",
        "t1 customerp create note new_in_trello",
        "t1 customerp create website new_in_trello",
    ]
    assert set(back["trello"]) == {"New", "", "n"}


def test_what_is_too_long_is_left_out_of_the_create_and_shown_beside():
    plan = planned(record("c1", "x" * 40), record("c2", "x" * 41))
    names = plan[plan["property"] == "name"].set_index("customerp_id")
    assert names["after"].fillna("?").to_dict() == {"c1": "x" * 40, "c2": "?"}
    assert names["customerp"].to_dict() == {"c1": "x" * 40, "c2": "x" * 41}


def test_who_is_only_linked_waits_in_the_erp_and_is_simply_listed_again_in_trello():
    assert told(planned(record("c1"), m=mapping(customerp=CUSTOMERP_LINKS))) == ["c1 customerp waiting  link_only"]
    assert planned(record("t1"), source="trello").empty
    assert planned(m=mapping(customerp=CUSTOMERP_LINKS)).empty


@pytest.mark.parametrize(
    ("records", "known", "lines"),
    [
        # a condition of the side holds it back
        ([record("c1", "N", _hold="not yet")], {}, ["c1 customerp waiting  condition not yet"]),
        # two of the same first key
        (
            [record("c1", "N"), record("c2", "N"), record("c3", "M")],
            {},
            ["c1 customerp waiting  ambiguous", "c2 customerp waiting  ambiguous"],
        ),
        # only the first key that a record has counts
        ([record("c1", "N", website=A), record("c2", "N", website=B)], {}, []),
        # once the other one is linked, it would be a possible duplicate of it
        ([record("c1", "N", website=A), record("c2", "N")], {}, ["c2 . ambiguous"]),
        ([record("c1", "N", website=A), record("c2", "M", website=A)], {}, ["c1 . ambiguous", "c2 . ambiguous"]),
        # keys hold within a scope
        ([record("c1", "N", _scope="x"), record("c2", "N", _scope="y")], {}, []),
        # somebody linked bears the first key
        ([record("c1", "N")], {"k2": {"\x1fN"}}, ["c1 customerp waiting  possible_duplicate"]),
        ([record("c1", "N", website=A)], {"k1": {f"\x1f{A}"}}, ["c1 customerp waiting  possible_duplicate"]),
        ([record("c1", "N", website=A)], {"k2": {"\x1fN"}}, []),
        ([record("c1", "N", _scope="x")], {"k2": {"\x1fN"}}, []),
        ([record("c1", "N", _scope="x")], {"k2": {"x\x1fN"}}, ["c1 customerp waiting  possible_duplicate"]),
        # the first reason is told
        (
            [record("c1", "N", _hold="not yet"), record("c2", "N")],
            {"k2": {"\x1fN"}},
            ["c1 customerp waiting  condition not yet", "c2 customerp waiting  ambiguous"],
        ),
    ],
)
def test_who_waits(records, known, lines):
    plan = planned(*records, taken=known)
    waiting = plan[plan["operation"] == "waiting"]
    assert told(waiting) == [line.replace(" . ", " customerp waiting  ") for line in lines]
    created = set(plan.loc[plan["operation"] == "create", "customerp_id"])
    assert created == {one["_id"] for one in records} - set(waiting["customerp_id"])


def test_without_complete_listings_nothing_is_created():
    plan = planned(record("c1", "N"), record("c2", "M"), record("c3", "O", _hold="not yet"), complete=False)
    assert told(plan) == [
        "c1 customerp waiting  incomplete_listing",
        "c2 customerp waiting  incomplete_listing",
        "c3 customerp waiting  condition not yet",
    ]


def test_a_record_without_any_key_is_nobodys_duplicate():
    m = mapping(name={"required": False})
    plan = planned(record("c1", ""), record("c2", None), taken={"k2": {"\x1f"}}, m=m)
    assert set(plan["operation"]) == {"create"}


@pytest.mark.parametrize("direction", ["both", "to_trello"])
@pytest.mark.parametrize("name", ["", None])
def test_what_the_target_requires_must_be_there(name, direction):
    plan = planned(record("c1", name, website=A), record("c2", "N"), m=mapping(name={"direction": direction}))
    assert told(plan[plan["operation"] != "create"]) == ["c1 trello not_writable name required no Name"]
    assert set(plan.loc[plan["operation"] == "create", "customerp_id"]) == {"c2"}


def test_what_does_not_flow_there_is_not_required_there():
    m = mapping(name={"direction": "to_customerp"})
    assert set(planned(record("c1", "", website=A), m=m)["operation"]) == {"create"}


def test_free_places_go_by_key_and_scope():
    places = [("Cy", "x"), ("Ann", "x"), ("Bo", "x"), ("Dan", "y"), ("Eve", "z")]
    crowd = [record(f"c{n}", name, _scope=scope) for n, (name, scope) in enumerate(places)]
    plan = planned(*crowd, capacity={"x": 2, "y": 0})
    assert told(plan[plan["operation"] == "not_writable"]) == [
        "c0 trello not_writable  cap no free place left",
        "c3 trello not_writable  cap no free place left",
    ]
    assert set(plan.loc[plan["operation"] == "create", "customerp_id"]) == {"c1", "c2", "c4"}


def test_of_two_with_the_same_key_the_smaller_id_comes_first():
    twins = [record("c2", "N", website=B), record("c1", "N", website=A)]
    plan = planned(*twins, capacity={"": 1})
    assert set(plan.loc[plan["operation"] == "create", "customerp_id"]) == {"c1"}


def test_who_waits_or_lacks_something_takes_no_place():
    crowd = [record("c1", "A", _hold="not yet"), record("c2", "", website=A), record("c3", "C")]
    plan = planned(*crowd, capacity={"": 1})
    assert set(plan.loc[plan["operation"] == "create", "customerp_id"]) == {"c3"}
