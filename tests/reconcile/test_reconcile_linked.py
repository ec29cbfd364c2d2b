"""Linked records before they are compared: what stops them, and whose id has moved."""

import pandas as pd
from test_reconcile import BASE, linked, record, run, snapshot

LINKS = linked(
    (1, "c1", "t1", BASE | {"note": "base c1"}, BASE | {"note": "base t1"}),
    (2, "c2", "t2", BASE | {"note": "base c2"}, BASE | {"note": "base t2"}),
)


def link(number=1, base=BASE):
    return (number, f"c{number}", f"t{number}", base, base)


# --- what stops a linked record


def words(plan):
    return [(r.link, r.side, r.operation, r.cause, r.detail) for r in plan.sort_values(["link", "side"]).itertuples()]


def test_a_linked_record_that_a_complete_listing_leaves_out_is_not_decided_about():
    plan = run([record("c1", note="x")], [record("t1", note="base t1"), record("t2", note="x")], LINKS)
    assert words(plan) == [
        (1, "trello", "update", "edited_in_customerp", ""),
        (2, "customerp", "waiting", "not_seen", "listed by neither scan nor look-up"),
    ]


def test_unreadable_and_held_records_stop_their_link_on_either_side_with_the_reason():
    held = pd.DataFrame({"side": ["trello"], "record_id": ["t2"], "reason": ["422: name"]})
    c = [record("c1", note="x", _problem="bad date"), record("c2", note="x")]
    plan = run(c, [record("t1", note="x"), record("t2", note="x")], LINKS, held=held)
    assert words(plan) == [
        (1, "customerp", "quarantine", "unreadable", "bad date"),
        (2, "trello", "quarantine", "held", "422: name"),
    ]
    both = pd.DataFrame({"side": ["customerp"], "record_id": ["c1"], "reason": ["422"]})
    plan = run([*c[:1], record("c2", note="base c2")], [record("t1"), record("t2", note="base t2")], LINKS, held=both)
    assert words(plan) == [(1, "customerp", "quarantine", "unreadable", "bad date")]


def test_a_touch_is_one_write_with_its_word_and_leaves_other_updates_alone():
    c = [record("c1", note="x"), record("c2", note="y")]
    t = [record("t1", note="base t1", _touch="amendment:1"), record("t2", note="base t2")]
    plan = run(c, t, LINKS)
    assert sorted((r.link, r.property, r.cause, r.detail) for r in plan.itertuples()) == [
        (1, "", "touch", "amendment:1"),
        (1, "note", "edited_in_customerp", "amendment:1"),
        (2, "note", "edited_in_customerp", ""),
    ]
    back = run([record("c1", note="base c1"), record("c2", note="base c2")],
               [record("t1", note="z", _touch="amendment:1"), record("t2", note="base t2")], LINKS)  # fmt: skip
    assert sorted((r.side, r.property, r.cause, r.detail) for r in back.itertuples()) == [
        ("customerp", "note", "edited_in_trello", ""),
        ("trello", "", "touch", "amendment:1"),
    ]


# --- moved by hand


def test_who_was_moved_is_followed_and_who_was_not_keeps_the_id():
    links = linked(link(1), link(2), link(3))
    trello = snapshot(record("t9"), record("t2"), record("t3", note="n"), moved={"t1": "t9", "t7": "t8"})
    plan = run([record("c1"), record("c2"), record("c3")], trello, links)
    assert [(r.link, r.trello_id, r.operation, r.cause) for r in plan.itertuples()] == [
        (1, "t9", "relink", "moved_in_trello"),
        (3, "t3", "update", "edited_in_trello"),
    ]
    customerp = snapshot(record("c9", note="n"), moved={"c1": "c9"})
    plan = run(customerp, [record("t1")], linked(link(1)))
    assert [(r.customerp_id, r.operation, r.cause) for r in plan.itertuples()] == [
        ("c9", "relink", "moved_in_customerp"),
        ("c9", "update", "edited_in_customerp"),
    ]


def test_everybody_who_was_moved_is_followed():
    trello = snapshot(record("t8"), record("t9"), moved={"t1": "t9", "t2": "t8"})
    plan = run([record("c1"), record("c2")], trello, linked(link(1), link(2)))
    assert [(r.link, r.side, r.trello_id, r.operation) for r in plan.itertuples()] == [
        (1, "", "t9", "relink"),
        (2, "", "t8", "relink"),
    ]


# --- inherited


def test_a_link_that_is_inherited_leaves_the_quiet_ones_alone():
    seven = BASE | {"number": "c7"}
    c = [record("c1", **seven | {"_state": "gone"}), record("c2"), record("c9", number="c7")]
    plan = run(c, [record("t1", **seven), record("t2")], linked(link(1, seven), link(2)))
    assert [(r.link, r.customerp_id, r.operation) for r in plan.itertuples()] == [(1, "c9", "relink")]


def test_a_link_with_two_heirs_waits_for_a_person_and_nothing_else_happens_to_it():
    seven = BASE | {"number": "c7"}
    c = [record("c1", **seven | {"_state": "gone"}), record("c8", number="c7"), record("c9", number="c7")]
    plan = run(c, [record("t1", **seven | {"note": "edited"})], linked(link(1, seven)))
    assert [(r.operation, r.cause) for r in plan[plan["link"] == 1].itertuples()] == [("waiting", "merge")]
