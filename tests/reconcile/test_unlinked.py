"""Records that no link names: linked, created, or kept waiting with a reason."""

import pandas as pd
import pytest
from test_reconcile import BASE, linked, mapping, record, run, snapshot

from customerp_trello.mapping.frame import Snapshot, make_frame
from customerp_trello.mapping.load import load_pair
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.reconcile import reconcile

A = "https://a.example"
CREATES = {"mode": "create"}
TRELLO_CREATES = {"connection": "t", "entity": "organization", "on_unlinked": CREATES, "on_gone": "unlink"}


def lines(plan):
    """Rows that are no create, as "customerp_id trello_id side operation cause detail"."""
    rest = plan[plan["operation"].ne("create") & plan["property"].eq("")]
    return sorted(
        " ".join([r.customerp_id or "-", r.trello_id or "-", r.side or "-", r.operation, r.cause, r.detail]).strip()
        for r in rest.itertuples()
    )


def created(plan):
    return {r.customerp_id or r.trello_id for r in plan[plan["operation"] == "create"].itertuples()}


def stones(*rows):
    return pd.DataFrame(rows, columns=["side", "deleted_id", "surviving_id"]).astype("str")


def held(*rows):
    return pd.DataFrame([(*row, "rests") for row in rows], columns=["side", "record_id", "reason"]).astype("str")


# --- a new link


def test_a_new_link_is_named_after_the_first_key_that_either_side_has():
    plan = run([record("c1", website=A)], [record("t1", website=A, number="n7")])
    assert lines(plan) == ["c1 t1 - link key"]
    assert set(plan["key"]) == {"n7"}
    assert set(plan["link"]) == {-1}


def test_a_record_without_any_key_is_shown_by_its_id():
    plan = run([record("c1", "", _problem="line 3: no such status"), record("c2", "B", _problem="broken")], [])
    assert plan[["customerp_id", "key"]].values.tolist() == [["c2", "B"], ["c1", "c1"]]


def test_a_touch_rides_on_the_first_comparison():
    plan = run([record("c1", note="n")], [record("t1", _touch="amendment:a1")])
    updates = plan[plan["operation"] == "update"]
    assert set(updates["detail"]) == {"amendment:a1"}
    assert set(updates["property"]) == {"", "note"}


def test_of_many_new_links_each_has_the_touch_of_its_own_record():
    c = [record(f"c{n}", f"N{n}", note="n") for n in (1, 2, 3)]
    t = [record("t1", "N1", _touch="amendment:a1"), record("t2", "N2"), record("t3", "N3", _touch="author")]
    plan = run(c, t)
    updates = plan[plan["operation"] == "update"]
    assert sorted(zip(updates["trello_id"], updates["property"], updates["detail"], strict=True)) == [
        ("t1", "", "amendment:a1"),
        ("t1", "note", "amendment:a1"),
        ("t2", "note", ""),
        ("t3", "", "author"),
        ("t3", "note", "author"),
    ]


def test_without_complete_listings_nobody_is_linked_by_key():
    c, t = snapshot(record("c1"), complete=False), snapshot(record("t1"))
    assert lines(run(c, t)) == []
    listed = snapshot(record("c1"), complete=False, keys_complete=True)
    assert lines(run(listed, t)) == ["c1 t1 - link key"]
    assert lines(run(c, snapshot(record("t1"), keys_complete=True))) == []


@pytest.mark.parametrize("end", ["customerp", "trello"])
def test_a_held_record_is_neither_linked_nor_created(end):
    plan = run([record("c1")], [record("t1")], held=held((end, f"{end[0]}1")))
    ends = {"customerp": "c1 - customerp", "trello": "- t1 trello"}
    held_end = ends.pop(end)
    (other,) = ends.values()
    told = {f"{held_end} quarantine held rests", f"{other} waiting counterpart_held it fits a record that has to wait"}
    assert set(lines(plan)) == told
    assert created(plan) == set()


def test_a_held_record_without_a_match_is_quarantined_with_its_reason():
    m = mapping(trello=TRELLO_CREATES)
    plan = run([record("c1", "A"), record("c2", "B")], [record("t1", "C"), record("t2", "D")], m=m,
               held=held(("customerp", "c1"), ("trello", "t1"), ("trello", "c2")))  # fmt: skip
    assert lines(plan) == ["- t1 trello quarantine held rests", "c1 - customerp quarantine held rests"]
    assert created(plan) == {"c2", "t2"}
    assert plan.loc[plan["customerp_id"] == "c1", "key"].tolist() == ["A"]


def test_an_unreadable_record_is_quarantined_and_its_key_is_taken():
    plan = run([record("c1"), record("c2", "B")], [record("t1", _problem="line 3: no such status")])
    assert lines(plan) == [
        "- t1 trello quarantine unreadable line 3: no such status",
        "c1 - customerp waiting possible_duplicate",
    ]
    assert created(plan) == {"c2"}


def test_a_group_that_stays_unclear_waits_and_says_so():
    plan = run([record("c1"), record("c2"), record("c3", "B")], [record("t1")])
    words = "waiting ambiguous the link keys fit several records"
    assert lines(plan) == [f"- t1 trello {words}", f"c1 - customerp {words}", f"c2 - customerp {words}"]
    assert created(plan) == {"c3"}


# --- deleted and back


@pytest.mark.parametrize("side", ["customerp", "trello"])
def test_a_survivor_waits_and_only_on_its_own_side(side):
    other = {"customerp": "trello", "trello": "customerp"}[side]
    mine = f"{other[0]}1"
    m = mapping(trello=TRELLO_CREATES)
    rows = {"customerp": [record("c1", "A"), record("c2", "B")], "trello": [record("t1", "C"), record("t2", "D")]}
    plan = run(rows["customerp"], rows["trello"], m=m, tombstones=stones((side, "gone", mine)))
    pair = f"{mine} -" if other == "customerp" else f"- {mine}"
    assert lines(plan) == [f"{pair} {other} waiting tombstone its counterpart was deleted"]
    assert created(plan) == {"c1", "c2", "t1", "t2"} - {mine}


@pytest.mark.parametrize("side", ["customerp", "trello"])
def test_who_lives_again_is_linked_to_the_survivor_whatever_the_keys(side):
    ids = {"customerp": ("c1", "t1"), "trello": ("t1", "c1")}[side]
    plan = run([record("c1", "A"), record("c2", "B")], [record("t1", "B"), record("t3", "C")],
               tombstones=stones((side, *ids)))  # fmt: skip
    assert lines(plan) == ["c1 t1 - link lives_again"]
    assert created(plan) == {"c2"}


def test_one_survivor_of_two_that_live_again_is_linked_to_neither_by_that():
    two = stones(("trello", "t1", "c1"), ("trello", "t2", "c1"))
    plan = run([record("c1", "A")], [record("t1", "B"), record("t2", "C")], tombstones=two)
    assert lines(plan) == ["c1 - customerp waiting tombstone its counterpart was deleted"]
    two = stones(("customerp", "c1", "t1"), ("customerp", "c2", "t1"))
    plan = run([record("c1", "A"), record("c2", "B")], [record("t1", "C")], tombstones=two)
    assert lines(plan) == ["- t1 trello waiting tombstone its counterpart was deleted"]
    assert created(plan) == {"c1", "c2"}
    twice = stones(("trello", "t1", "c1"), ("customerp", "c1", "t1"))
    assert lines(run([record("c1", "A")], [record("t1", "B")], tombstones=twice)) == ["c1 t1 - link lives_again"]


@pytest.mark.parametrize("side", ["customerp", "trello"])
def test_who_is_back_is_not_made_again_while_the_survivor_is_out_of_sight(side):
    """A listing that was cut short hides it, or the token's member was taken out of the workspace."""
    gone, survivor = {"customerp": ("c1", "t1"), "trello": ("t1", "c1")}[side]
    words = "it is back, its former counterpart is not in sight; if that is gone for good, let it count as new"
    m = mapping(trello=TRELLO_CREATES)
    others = {"customerp": [record("c2", "B")], "trello": [record("t2", "C")]}
    rows = {end: [*found, *([record(gone, "A")] if end == side else [])] for end, found in others.items()}
    plan = run(rows["customerp"], rows["trello"], m=m, tombstones=stones((side, gone, survivor)))
    line = "c1 - customerp" if side == "customerp" else "- t1 trello"
    assert lines(plan) == [f"{line} waiting tombstone {words}"]
    assert created(plan) == {"c2", "t2"}
    unreadable = rows | {end: [*rows[end], record(survivor, _problem="?")] for end in rows if end != side}
    assert gone not in created(run(unreadable["customerp"], unreadable["trello"], m=m,
                                   tombstones=stones((side, gone, survivor))))  # fmt: skip
    assert created(run(rows["customerp"], rows["trello"], m=m)) == {"c2", "t2", gone}


def test_where_nobody_survived_both_are_linked_again_and_one_alone_counts_as_new():
    both, m = stones(("both", "c1", "t1")), mapping(trello=TRELLO_CREATES)
    assert lines(run([record("c1", "A")], [record("t1", "B")], m=m, tombstones=both)) == ["c1 t1 - link lives_again"]
    assert created(run([record("c1", "A")], [record("t2", "B")], m=m, tombstones=both)) == {"c1", "t2"}
    assert created(run([record("c2", "A")], [record("t1", "B")], m=m, tombstones=both)) == {"c2", "t1"}


def test_a_new_record_with_the_key_lifts_the_tombstone():
    plan = run([record("c1")], [record("t9")], tombstones=stones(("trello", "t1", "c1")))
    assert lines(plan) == ["c1 t9 - link key"]


# --- what linked records bear


@pytest.mark.parametrize(
    ("left", "right"), [({"website": A}, {}), ({}, {"website": A})], ids=["borne in CustomERP", "borne in Trello"]
)
def test_a_first_key_that_a_linked_record_bears_on_either_side_holds_the_create(left, right):
    base_c, base_t = BASE | left, BASE | right
    links = linked((1, "c1", "t1", base_c, base_t))
    rows = [record("c1", **base_c), record("c2", "New", website=A), record("c3", "Other")]
    plan = run(rows, [record("t1", **base_t)], links)
    assert lines(plan) == ["c2 - customerp waiting possible_duplicate"]
    assert created(plan) == {"c3"}


def test_what_a_linked_record_bears_holds_for_its_scope_alone():
    links = linked((1, "c1", "t1", BASE, BASE))
    scoped = [record("c1", _scope="x"), record("c2", _scope="x"), record("c3", _scope="y")]
    plan = run(scoped, [record("t1", _scope="x")], links)
    assert lines(plan) == ["c2 - customerp waiting possible_duplicate"]
    assert created(plan) == {"c3"}


def test_what_an_unlisted_linked_record_bears_is_its_base():
    links = linked((1, "c1", "t1", BASE, BASE))
    customerp = snapshot(record("c2"), record("c3", "B"), complete=False, keys_complete=True)
    plan = run(customerp, [record("t1")], links)
    assert lines(plan) == ["c2 - customerp waiting possible_duplicate"]
    assert created(plan) == {"c3"}


def test_who_a_complete_listing_lacks_bears_its_base_until_it_was_looked_up():
    links = linked((1, "c1", "t1", BASE, BASE | {"name": "Renamed there"}))
    plan = run([record("c2"), record("c3", "B")], [record("t1", "Renamed there")], links)
    assert lines(plan) == [
        "c1 t1 customerp waiting not_seen listed by neither scan nor look-up",
        "c2 - customerp waiting possible_duplicate",
    ]
    assert created(plan) == {"c3"}


def test_who_is_linked_in_this_very_run_bears_keys_too():
    c = [record("c1", website=A), record("c2")]
    plan = run(c, [record("t1", website=A)])
    assert lines(plan) == ["c1 t1 - link key", "c2 - customerp waiting possible_duplicate"]


def test_places_are_counted_on_the_side_that_is_written():
    m = mapping(trello=TRELLO_CREATES)
    c = snapshot(record("c1", "A"), record("c2", "B"), capacity={"": 0})
    t = snapshot(record("t1", "C"), record("t2", "D"), capacity={"": 1})
    plan = run(c, t, m=m)
    assert created(plan) == {"c1"}
    assert lines(plan) == [
        "- t1 customerp not_writable cap no free place left",
        "- t2 customerp not_writable cap no free place left",
        "c2 - trello not_writable cap no free place left",
    ]


def test_gone_and_suspended_records_without_a_link_are_nobody():
    plan = run([record("c1", "A", _state="gone"), record("c2", "B", _state="suspended")], [record("t1", "A")])
    assert plan.empty


# --- what is known of the past


def test_who_was_taken_apart_is_told_from_who_was_deleted():
    both = stones(("apart", "c1", "t1"), ("trello", "t2", "c2"))
    assert Past(links=linked(), tombstones=both).apart[["customerp_id", "trello_id"]].to_numpy().tolist() == [
        ["c1", "t1"]
    ]
    plan = run([record("c1", "A")], [record("t1", "A")], tombstones=both)
    words = "waiting apart a person took it and its counterpart apart"
    assert lines(plan) == [f"- t1 trello {words}", f"c1 - customerp {words}"]


# --- people


def person(id_, email=None, membership="active", name="Anna Berg", **meta):
    return {"_id": id_, "email": email, "full_name": name, "role": "normal", "membership": membership, **meta}


def told(plan, name):
    rows = plan[plan["property"].eq(name) & plan["operation"].ne("adopt")]
    return list(zip(rows["side"], rows["operation"], rows["after"], strict=True))


def people(customerp, trello):
    mapping = load_pair("customerp_employee__trello_members")
    frames = [Snapshot(make_frame(rows, mapping.names), complete=True, facts={}) for rows in (customerp, trello)]
    return reconcile(mapping, *frames, Past(links=linked(properties=mapping.names)))


@pytest.mark.parametrize("left", ["none", "deactivated"])
def test_a_name_alone_takes_no_membership_away(left):
    """Whoever left years ago may bear the name of a new colleague."""
    plan = people([person("c1", "anna@old.example", left)], [person("t1")])
    assert set(plan["operation"]) == {"waiting"}
    assert lines(plan) == [
        "- t1 trello waiting leaver by name alone it fits somebody who has left; if the two are one person, link them "
        "by hand",
        "c1 - customerp waiting leaver by name alone it fits somebody who has left; if the two are one person, link "
        "them by hand",
    ]


def test_an_address_tells_who_it_is():
    plan = people([person("c1", "anna@x.example", "none")], [person("t1", "Anna@X.example")])
    assert lines(plan) == ["c1 t1 - link key"]
    assert told(plan, "membership") == [("trello", "update", "none")]


@pytest.mark.parametrize(("customerp", "trello"), [("active", "active"), ("deactivated", "deactivated")])
def test_a_name_is_enough_where_nobody_is_sent_away(customerp, trello):
    plan = people([person("c1", "anna@x.example", customerp)], [person("t1", membership=trello)])
    assert lines(plan) == ["c1 t1 - link key"]
    assert told(plan, "membership") == []


def test_the_new_colleague_and_whoever_left_are_told_apart_by_a_person():
    rows = [person("c1", "anna@old.example", "none"), person("c2", "anna@x.example")]
    plan = people([*rows, person("c3", "bo@x.example", name="Bo")], [person("t1"), person("t3", name="Bo")])
    assert [line.split()[4:5] + line.split()[:2] for line in lines(plan)] == [
        ["ambiguous", "-", "t1"], ["ambiguous", "c1", "-"], ["ambiguous", "c2", "-"], ["key", "c3", "t3"],
    ]  # fmt: skip
