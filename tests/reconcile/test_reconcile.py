"""What reconcile decides, case by case: the truth table, matching, creating, deleting."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from customerp_trello.mapping.frame import Snapshot, make_frame
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import digest
from customerp_trello.reconcile.reconcile import reconcile

NAMES = ("number", "name", "website", "note")


def mapping(**changes):
    properties = [
        {"name": "number", "customerp": "number", "trello": "name", "type": "string", "direction": "to_trello",
         "create_only": True},
        {"name": "name", "customerp": "name", "trello": "displayName", "type": "string", "required": True,
         "max_length": 40},
        {"name": "website", "customerp": "website", "trello": "website", "type": "url"},
        {"name": "note", "customerp": "description", "trello": "desc", "type": "text"},
    ]  # fmt: skip
    for prop in properties:
        prop.update(changes.pop(prop["name"], {}))
    return Mapping.model_validate(
        {
            "pair": "left__right",
            "title": "t",
            "schedule": "*/15 * * * *",
            "customerp": {"connection": "c", "entity": "customer", "on_unlinked": {"mode": "create"},
                          "on_gone": "deactivate"},
            "trello": {"connection": "t", "entity": "organization", "on_unlinked": {"mode": "link_only"},
                       "on_gone": "unlink"},
            "link_keys": [{"properties": ["number"], "with_second": True}, {"properties": ["website"]},
                          {"properties": ["name"]}],
            "properties": properties,
            **changes,
        }
    )  # fmt: skip


def of_members():
    """The mapping of people, whose `note` says in whose workspace they are."""
    m = mapping()
    properties = [
        prop.model_copy(update={"trello": "customer"} if prop.name == "note" else {}) for prop in m.properties
    ]
    member = m.trello.model_copy(update={"entity": "member"})
    return m.model_copy(update={"trello": member, "properties": tuple(properties)})


def snapshot(*rows, complete=True, **facts):
    return Snapshot(make_frame(rows, NAMES), complete, facts)


def record(id_, name="Acme", website="", note="", number="", **meta):
    return {"_id": id_, "name": name, "website": website, "note": note, "number": number, **meta}


def linked(*rows, properties=NAMES):
    """Links from (link, customerp_id, trello_id, base_c, base_t, extra)."""
    out = []
    for number, c, t, base_c, base_t, *extra in rows:
        row = {"link": number, "customerp_id": c, "trello_id": t, "status": "linked", "away": "", "marks": "{}",
               "written_customerp": "", "written_trello": ""}  # fmt: skip
        row |= {f"c.{p}": base_c.get(p) for p in properties} | {f"t.{p}": base_t.get(p) for p in properties}
        out.append(row | (extra[0] if extra else {}))
    columns = ["link", "customerp_id", "trello_id", "status", "away", "marks", "written_customerp", "written_trello",
               *(f"{s}.{p}" for s in "ct" for p in properties)]  # fmt: skip
    frame = pd.DataFrame(out, columns=columns)
    frame["link"] = frame["link"].astype("int64")
    return frame.astype({c: "str" for c in columns if c != "link"})


BASE = {"number": "", "name": "Acme", "website": "", "note": ""}


def run(c, t, links=None, m=None, **past):
    c = c if isinstance(c, Snapshot) else snapshot(*c)
    t = t if isinstance(t, Snapshot) else snapshot(*t)
    return reconcile(m or mapping(), c, t, Past(links=linked() if links is None else links, **past))


def told(plan):
    return sorted(
        zip(plan["side"], plan["operation"], plan["property"], plan["after"].fillna("?"), plan["cause"], strict=True)
    )


ONE = linked((1, "c1", "t1", BASE, BASE))


def test_nothing_changed_is_an_empty_plan():
    assert told(run([record("c1")], [record("t1")], ONE)) == []


def test_an_edit_travels_and_sends_only_what_changed():
    plan = run([record("c1", name="Acme AG")], [record("t1")], ONE)
    assert told(plan) == [("trello", "update", "name", "Acme AG", "edited_in_customerp")]
    assert plan.loc[0, "before"] == "Acme"
    plan = run([record("c1")], [record("t1", note="hello")], ONE)
    assert told(plan) == [("customerp", "update", "note", "hello", "edited_in_trello")]


def test_emptying_a_value_is_an_edit_and_unknown_is_none():
    base = BASE | {"note": "x"}
    links = linked((1, "c1", "t1", base, base))
    assert told(run([record("c1", note="")], [record("t1", note="x")], links)) == [
        ("trello", "update", "note", "", "edited_in_customerp")
    ]
    assert told(run([record("c1", note=None)], [record("t1", note="x")], links)) == []


def test_the_same_edit_on_both_sides_is_adopted():
    plan = run([record("c1", name="B")], [record("t1", name="B")], ONE)
    assert told(plan) == [("", "adopt", "name", "?", "equal")]


def test_two_properties_of_one_record_are_one_change():
    plan = run([record("c1", name="B", note="n")], [record("t1")], ONE)
    assert plan["change"].nunique() == 1
    assert len(plan) == 2


@pytest.mark.parametrize(("policy", "winner"), [("customerp", "customerp"), ("trello", "trello")])
def test_a_conflict_is_settled_by_the_policy_and_recorded(policy, winner):
    plan = run([record("c1", name="L")], [record("t1", name="R")], ONE, mapping(name={"conflict": policy}))
    value, target = ("L", "trello") if winner == "customerp" else ("R", "customerp")
    assert told(plan) == [
        ("", "conflict", "name", "?", f"policy_{policy}"),
        (target, "update", "name", value, f"policy_{policy}"),
    ]


def test_latest_takes_the_later_edit_and_says_when_it_guessed():
    early, late = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"
    c, t = record("c1", name="L", _modified_at=late), record("t1", name="R", _modified_at=early)
    assert ("trello", "update", "name", "L", "latest") in told(run([c], [t], ONE))
    c["_modified_at"], t["_modified_at"] = early, late
    assert ("customerp", "update", "name", "R", "latest") in told(run([c], [t], ONE))
    t["_modified_at"] = None
    read = {"trello": datetime(2026, 1, 1, 9, tzinfo=UTC)}
    assert ("trello", "update", "name", "L", "latest_by_estimate") in told(run([c], [t], ONE, last_read=read))
    t["_modified_at"] = early
    assert ("trello", "update", "name", "L", "latest_tie") in told(run([c], [t], ONE))


def test_a_time_that_our_own_write_left_is_no_evidence():
    late = "2026-01-01T11:00:00Z"
    links = linked((1, "c1", "t1", BASE, BASE, {"written_customerp": "2026-01-01T11:00:00.000000Z"}))
    c = record("c1", name="L", _modified_at=late)
    t = record("t1", name="R", _modified_at="2026-01-01T10:30:00Z")
    read = {"customerp": datetime(2026, 1, 1, 10, tzinfo=UTC)}
    assert ("customerp", "update", "name", "R", "latest_by_estimate") in told(run([c], [t], links, last_read=read))


def test_evidence_about_the_property_beats_the_record():
    evidence = pd.DataFrame(
        {"trello_id": ["t1"], "property": ["name"], "at": [pd.Timestamp("2026-01-01T12:00Z").as_unit("us")]}
    )
    c = record("c1", name="L", _modified_at="2026-01-01T11:00:00Z")
    plan = run([c], [record("t1", name="R")], ONE, evidence=evidence)
    assert ("customerp", "update", "name", "R", "latest") in told(plan)


def test_manual_waits_and_an_answer_settles():
    m = mapping(name={"conflict": "manual"})
    c, t = record("c1", name="L", note="n"), record("t1", name="R")
    plan = run([c], [t], ONE, m)
    assert told(plan) == [
        ("", "conflict", "name", "?", "manual"),
        ("trello", "update", "note", "n", "edited_in_customerp"),
    ]
    asked = pd.DataFrame(
        {"link": [1], "property": ["name"], "answer": [""], "reason": ["manual"], "customerp": ["L"], "trello": ["R"]}
    )
    assert told(run([c], [t], ONE, m, manual=asked)) == told(plan)
    answer = asked.assign(answer="trello")
    assert ("customerp", "update", "name", "R", "answered") in told(run([c], [t], ONE, m, manual=answer))


def test_a_person_who_was_asked_goes_on_seeing_why():
    asked = pd.DataFrame(
        {"link": [1], "property": ["name"], "answer": [""], "reason": ["undone"], "customerp": ["L"], "trello": ["A"]}
    )
    plan = run([record("c1", name="L")], [record("t1")], ONE, manual=asked)
    assert told(plan) == [("", "conflict", "name", "?", "undone")]


def test_a_conflict_shows_all_four_values_and_a_write_who_made_the_edit():
    m = mapping(name={"conflict": "trello"})
    plan = run([record("c1", name="L", _by="Eva")], [record("t1", name="R", note="n", _by="Tom")], ONE, m)
    clash = plan[plan["operation"] == "conflict"].iloc[0]
    assert tuple(clash[["base_customerp", "customerp", "trello", "base_trello"]]) == ("Acme", "L", "R", "Acme")
    assert set(plan.loc[plan["operation"] == "update", "actor"]) == {"Tom"}
    plan = run([record("c1", _by="Eva")], [])
    assert set(plan.loc[plan["operation"] == "create", "actor"]) == {"Eva"}


def test_one_way_edits_are_put_back_or_reported():
    m = mapping(note={"direction": "to_trello"})
    assert told(run([record("c1")], [record("t1", note="mine")], ONE, m)) == [
        ("trello", "update", "note", "", "put_back")
    ]
    m = mapping(note={"direction": "to_trello", "put_back": False})
    assert told(run([record("c1")], [record("t1", note="mine")], ONE, m)) == [
        ("", "adopt", "note", "?", "not_put_back")
    ]
    plan = run([record("c1", note="ours")], [record("t1", note="mine")], ONE, mapping(note={"direction": "to_trello"}))
    assert told(plan) == [("trello", "update", "note", "ours", "edited_in_customerp")]


def test_what_the_target_cannot_take_is_marked_and_tried_again_when_it_can():
    readonly = {"_readonly": "name", "_readonly_reason": "a profile is its owner's"}
    plan = run([record("c1", name="B")], [record("t1", **readonly)], ONE)
    assert told(plan) == [("trello", "not_writable", "name", "B", "edited_in_customerp")]
    assert plan.loc[0, "detail"] == "a profile is its owner's"
    marked = linked(
        (1, "c1", "t1", BASE | {"name": "B"}, BASE, {"marks": '{"name": "not_writable:trello"}'}),
    )
    assert told(run([record("c1", name="B")], [record("t1", **readonly)], marked)) == []
    assert told(run([record("c1", name="B")], [record("t1")], marked)) == [
        ("trello", "update", "name", "B", "writable_again")
    ]
    assert told(run([record("c1", name="x" * 41)], [record("t1")], ONE))[0][1] == "not_writable"
    assert told(run([record("c1", name="")], [record("t1")], ONE))[0][1] == "not_writable"


def test_first_link_adopts_fills_and_prefers_by_setting():
    c = [record("c1", website="https://a.example", note="mine")]
    t = [record("t1", website="https://a.example", name="", note="theirs")]
    plan = run(c, t)
    assert told(plan) == [
        ("", "adopt", "website", "?", "equal"),
        ("", "conflict", "note", "?", "first_link"),
        ("", "link", "", "?", "key"),
        ("trello", "update", "name", "Acme", "first_link_fill"),
        ("trello", "update", "note", "mine", "first_link"),
    ]
    plan = run(c, t, m=mapping(on_first_link="manual"))
    assert ("", "conflict", "note", "?", "first_link") in told(plan)
    assert not (plan["property"].eq("note") & plan["operation"].eq("update")).any()


def test_keys_narrow_and_groups_that_stay_unclear_wait():
    c = [record("c1", website="https://a.example"), record("c2")]
    t = [record("t1", website="https://a.example"), record("t2")]
    plan = run(c, t)
    assert sorted((r.customerp_id, r.trello_id) for r in plan[plan["operation"] == "link"].itertuples()) == [
        ("c1", "t1"),
        ("c2", "t2"),
    ]
    plan = run([record("c1"), record("c2")], [record("t1")])
    assert told(plan) == [("customerp", "waiting", "", "?", "ambiguous")] * 2 + [
        ("trello", "waiting", "", "?", "ambiguous")
    ]


def test_a_substituted_key_counts_only_with_a_second():
    c = [record("c1", number="c1042", name="A")]
    assert "link" not in set(run(c, [record("t1", number="c1042", name="B")])["operation"])
    assert "link" in set(run(c, [record("t1", number="c1042", name="A")])["operation"])


def test_records_without_counterpart_are_created_or_held():
    plan = run([record("c1", name="New", number="c7")], [])
    assert set(plan["operation"]) == {"create"}
    assert dict(zip(plan["property"], plan["after"], strict=True))["number"] == "c7"
    assert told(run([], [record("t1")])) == []
    assert told(run([record("c1", name="")], [])) == [("trello", "not_writable", "name", "?", "required")]
    assert told(run(snapshot(record("c1"), complete=False), [])) == [
        ("customerp", "waiting", "", "?", "incomplete_listing")
    ]
    full = run([record("c1", number="a"), record("c2", number="b")], snapshot(capacity={"": 1}))
    assert list(full.drop_duplicates("change")["operation"]) == ["create", "not_writable"]
    assert told(run([record("c1", _hold="customer is not linked")], [])) == [
        ("customerp", "waiting", "", "?", "condition")
    ]


def test_a_create_whose_key_a_linked_record_bears_is_held():
    plan = run([record("c1"), record("c2")], [record("t1")], ONE)
    assert told(plan) == [("customerp", "waiting", "", "?", "possible_duplicate")]
    doubled = run([record("c1", name="N"), record("c2", name="N")], [])
    assert told(doubled) == [("customerp", "waiting", "", "?", "ambiguous")] * 2


def test_an_incremental_listing_shows_the_unlisted_as_unchanged():
    plan = run(snapshot(complete=False), [record("t1", note="n")], ONE)
    assert told(plan) == [("customerp", "update", "note", "n", "edited_in_trello")]
    assert told(run(snapshot(), [record("t1", note="n")], ONE)) == [("customerp", "waiting", "", "?", "not_seen")]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("delete", ("trello", "delete", "", "?", "gone_in_customerp")),
        ("deactivate", ("trello", "delete", "", "?", "gone_in_customerp")),
        ("unlink", ("", "unlink", "", "?", "gone_in_customerp")),
    ],
)
def test_a_gone_record_is_answered_by_the_survivors_policy(policy, expected):
    m = mapping()
    trello = m.trello.model_copy(update={"on_gone": policy})
    plan = run([record("c1", _state="gone")], [record("t1")], ONE, m.model_copy(update={"trello": trello}))
    assert told(plan) == [expected]


def test_an_edit_beside_a_delete_follows_the_policy_for_the_pair():
    gone, edit = [record("c1", _state="gone")], [record("t1", note="edited")]
    restored = run(gone, edit, ONE)
    assert set(zip(restored["side"], restored["operation"], restored["cause"], strict=True)) == {
        ("customerp", "create", "edit_wins")
    }
    assert told(run(gone, edit, ONE, mapping(delete_vs_edit="delete_wins"))) == [
        ("", "unlink", "", "?", "gone_in_customerp")
    ]
    assert told(run(gone, [record("t1", _state="gone")], ONE)) == [("", "unlink", "", "?", "gone_on_both")]


def test_out_of_sight_is_suspended_and_resumes():
    away = [record("t1", _state="suspended", _reason="cannot be seen")]
    assert told(run([record("c1", note="B")], away, ONE)) == [("trello", "suspended", "", "?", "out_of_scope")]
    links = linked((1, "c1", "t1", BASE, BASE, {"status": "suspended", "away": "trello"}))
    assert told(run([record("c1", note="B")], away, links)) == []
    assert told(run([record("c1", name="B")], [record("t1")], links)) == [
        ("", "link", "", "?", "resumed"),
        ("trello", "update", "name", "B", "edited_in_customerp"),
    ]


def test_who_is_back_is_compared_once_the_erp_has_told_what_it_shows_now():
    """Its base is of the time before it was out of sight, and a mark of then would be written."""
    marked = {"status": "suspended", "away": "trello", "marks": '{"note": "not_writable:trello"}'}
    links = linked((1, "c1", "t1", BASE | {"note": "old"}, BASE, marked))
    assert told(run(snapshot(complete=False), [record("t1")], links)) == [("", "link", "", "?", "resumed")]
    listed = snapshot(record("c1", note="new"), complete=False)
    assert told(run(listed, [record("t1")], links)) == [
        ("", "link", "", "?", "resumed"),
        ("trello", "update", "note", "new", "edited_in_customerp"),
    ]


def test_of_whom_the_erp_refuses_to_show_nothing_is_decided():
    """Its base in its place, a person's answer would be void, as it was given for other values."""
    manual = pd.DataFrame({"link": [1], "property": ["name"], "answer": ["customerp"], "reason": ["manual"],
                           "customerp": ["C"], "trello": ["T"]})  # fmt: skip
    refused = snapshot(complete=False, unread=["c1", "c7"])
    assert told(run(refused, [record("t1", name="T")], ONE, manual=manual)) == [
        ("customerp", "waiting", "", "?", "not_seen")
    ]
    assert told(run(snapshot(complete=False), [record("t1")], ONE)) == []


def test_an_erp_record_that_left_the_scope_stays_away_while_a_listing_by_change_leaves_it_out():
    silent = snapshot(complete=False)
    links = linked((1, "c1", "t1", BASE, BASE, {"status": "suspended", "away": "customerp"}))
    assert told(run(silent, [record("t1", name="Edited")], links)) == []
    assert told(run([record("c1")], [record("t1", name="Edited")], links)) == [
        ("", "link", "", "?", "resumed"),
        ("customerp", "update", "name", "Edited", "edited_in_trello"),
    ]
    theirs = linked((1, "c1", "t1", BASE, BASE, {"status": "suspended", "away": "trello"}))
    assert told(run(silent, [record("t1")], theirs)) == [("", "link", "", "?", "resumed")]


def test_which_of_two_sides_is_away_is_kept_up_to_date():
    out = {"_state": "suspended", "_reason": "not any more"}
    theirs = linked((1, "c1", "t1", BASE, BASE, {"status": "suspended", "away": "trello"}))
    assert told(run([record("c1", **out)], [record("t1", **out)], theirs)) == [
        ("customerp", "suspended", "", "?", "out_of_scope")
    ]
    ours = linked((1, "c1", "t1", BASE, BASE, {"status": "suspended", "away": "customerp"}))
    assert told(run([record("c1", **out)], [record("t1", **out)], ours)) == []
    assert told(run([record("c1")], [record("t1", **out)], ours)) == [("trello", "suspended", "", "?", "out_of_scope")]


def test_a_tombstone_keeps_the_survivor_until_the_deleted_id_lives_again():
    stones = pd.DataFrame({"side": ["trello"], "deleted_id": ["t1"], "surviving_id": ["c1"]})
    assert told(run([record("c1")], [], tombstones=stones)) == [("customerp", "waiting", "", "?", "tombstone")]
    plan = run([record("c1", name="Other")], [record("t1")], tombstones=stones)
    assert ("", "link", "", "?", "lives_again") in told(plan)


def test_the_link_moves_to_the_one_heir_of_the_key():
    base = BASE | {"number": "c7"}
    links = linked((1, "c1", "t1", base, base))
    c = [record("c1", number="c7", _state="gone"), record("c9", number="c7", name="Acme 2")]
    plan = run(c, [record("t1", number="c7")], links)
    assert told(plan) == [
        ("", "relink", "", "?", "same_key_in_customerp"),
        ("trello", "update", "name", "Acme 2", "edited_in_customerp"),
    ]
    assert plan["customerp_id"].tolist() == ["c9", "c9"]


def test_a_touch_alone_is_an_update_and_rides_on_one():
    plan = run([record("c1")], [record("t1", _touch="amendment:a1")], ONE)
    assert told(plan) == [("trello", "update", "", "?", "touch")]
    plan = run([record("c1", name="B")], [record("t1", _touch="amendment:a1")], ONE)
    assert plan["change"].nunique() == 1
    assert set(plan["detail"]) == {"amendment:a1"}


def test_a_record_that_cannot_be_read_is_quarantined_and_the_others_go_on():
    c = [record("c1", name="B"), record("c2", name="C")]
    t = [record("t1", _problem="line 3: no such status"), record("t2")]
    links = linked((1, "c1", "t1", BASE, BASE), (2, "c2", "t2", BASE, BASE))
    assert told(run(c, t, links)) == [
        ("trello", "quarantine", "", "?", "unreadable"),
        ("trello", "update", "name", "C", "edited_in_customerp"),
    ]


def test_held_records_are_left_alone():
    held = pd.DataFrame({"side": ["customerp", "customerp"], "record_id": ["c1", "c5"], "reason": ["422", "422"]})
    plan = run([record("c1", name="B"), record("c5", name="Z")], [record("t1")], ONE, held=held)
    assert told(plan) == [("customerp", "quarantine", "", "?", "held")] * 2


def test_what_is_never_empty_in_trello_is_not_emptied_there_and_the_rest_is_written():
    """Trello would refuse the whole record for it."""
    m = mapping(name={"required": False})
    assert m.filled == {"name"}
    plan = run([record("c1", name="", note="new")], [record("t1")], ONE, m=m)
    assert told(plan) == [
        ("trello", "not_writable", "name", "", "edited_in_customerp"),
        ("trello", "update", "note", "new", "edited_in_customerp"),
    ]
    assert told(run([record("c1")], [record("t1", name="")], ONE, m=m))[0][:2] == ("customerp", "update")


def test_what_lives_in_a_scope_that_is_not_there_waits_for_it_and_says_why():
    new = record("c9", "New", _scope="x")
    for facts, planned in (
        ({"capacity": {"y": 1}, "outside": "no such place"}, [("trello", "waiting", "", "?", "not_linked")]),
        ({"capacity": {"x": 1}, "outside": "no such place"}, None),
        ({"capacity": {"y": 1}}, None),
    ):
        plan = run([new], snapshot(**facts), m=mapping())
        if planned:
            assert told(plan) == planned
            assert plan["detail"].tolist() == ["no such place"]
        else:
            assert set(plan["operation"]) == {"create"}


def test_order_of_records_changes_nothing_and_the_digest_stands_for_the_content():
    c = [record(f"c{i}", name=f"N{i}") for i in range(6)]
    t = [record(f"t{i}", name=f"N{i % 4}") for i in range(6)]
    plan = run(c, t)
    again = run(c[::-1], t[::-1])
    assert digest(plan) == digest(again)
    pd.testing.assert_frame_equal(plan, again)
    assert digest(run(c[:-1], t)) != digest(plan)


@pytest.mark.parametrize(("fact", "cause"), [("moved", "moved_in_trello"), ("rebound", "rebound")])
def test_a_record_that_its_side_found_under_another_id_keeps_its_link(fact, cause):
    trello = snapshot(record("t9", note="there"), **{fact: {"t1": "t9"}})
    plan = run([record("c1")], trello, ONE)
    assert told(plan) == [
        ("", "relink", "", "?", cause),
        ("customerp", "update", "note", "there", "edited_in_trello"),
    ]
    assert set(plan["trello_id"]) == {"t9"}


def test_who_was_narrowed_out_of_a_group_is_matched_by_a_later_key_in_the_same_run():
    c = [record("c1", name="N1", website="https://a.example"), record("c2", name="N2", website="https://a.example")]
    t = [record("t1", name="N1", website="https://a.example"), record("t5", name="N2")]
    plan = run(c, t)
    made = plan[plan["operation"] == "link"]
    assert sorted(zip(made["customerp_id"], made["trello_id"], strict=True)) == [("c1", "t1"), ("c2", "t5")]
