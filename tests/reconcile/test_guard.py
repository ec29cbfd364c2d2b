"""The guard: which plans wait for a person, in which words, and what a person's leave covers."""

import hashlib

import pandas as pd
import pytest
from test_reconcile import mapping

from customerp_trello.mapping.load import load_pair
from customerp_trello.reconcile.guard import Reason, Situation, guarded_changes, judge
from customerp_trello.reconcile.plan import make_plan

CALM = Situation(linked=100, first_run=False, recent={}, listed={}, listed_before={})


def plan(*changes):
    """A plan of changes (side, operation, number of records[, detail])."""
    rows = []
    for side, operation, number, *detail in changes:
        for n in range(number):
            ids = {"customerp_id": f"c-{operation}-{side}-{n}", "trello_id": f"t-{operation}-{side}-{n}"}
            for name in ("name", "note") if operation in ("create", "update") else ("",):
                rows.append(
                    {"side": side, "operation": operation, "property": name, "key": f"k{n}", "after": "x"}
                    | ids
                    | {"detail": detail[0] if detail else ""}
                )
    return make_plan([pd.DataFrame(rows)] if rows else [])


def situation(**changes):
    return Situation(**{**CALM.__dict__, **changes})


def told(changes, m=None, **known):
    return [(r.code, r.text) for r in judge(plan(*changes), m or mapping(), situation(**known))]


LIMITS = {"guard": {"create_share": 0.2, "create_count": 3, "update_share": 0.5, "update_count": 4,
                    "delete_share": 0.1, "delete_count": 1}}  # fmt: skip


@pytest.mark.parametrize("side", ["customerp", "trello"])
@pytest.mark.parametrize(
    ("operation", "kind", "count", "linked"),
    [
        ("create", "create", 3, 15),
        ("update", "update", 4, 8),
        ("move", "update", 4, 8),
        ("delete", "delete", 1, 10),
        ("suspended", "delete", 1, 10),
    ],
)
def test_more_than_the_count_and_more_than_the_share_is_an_accident(side, operation, kind, count, linked):
    m = mapping(**LIMITS)
    assert told([(side, operation, count)], m, linked=0) == []  # not more than the count
    shares = {"create": "20%", "update": "50%", "delete": "10%"}
    assert told([(side, operation, count + 1)], m, linked=linked) == [
        (
            f"{kind}s",
            f"{count + 1} {kind}s in {side} (of which 0 in the last 24 hours), with {linked} linked records: "
            f"more than {count} and more than {shares[kind]}",
        )
    ]
    assert told([(side, operation, count + 1)], m, linked=linked * 2) == []  # not more than the share


def test_exactly_the_share_is_no_accident():
    m = mapping(guard={"update_share": 0.5, "update_count": 1})
    assert told([("trello", "update", 4)], m, linked=8) == []
    assert [code for code, _ in told([("trello", "update", 5)], m, linked=8)] == ["updates"]


def test_the_last_24_hours_count_but_alone_they_stop_nothing():
    m = mapping(**LIMITS)
    assert told([("trello", "create", 1)], m, linked=10, recent={"trello.create": 3}) == [
        (
            "creates",
            "4 creates in trello (of which 3 in the last 24 hours), with 10 linked records: more than 3 and more "
            "than 20%",
        )
    ]
    assert told([("trello", "create", 1)], m, linked=10, recent={"customerp.create": 3, "trello.update": 3}) == []
    assert told([("trello", "create", 0)], m, linked=10, recent={"trello.create": 30}) == []


@pytest.mark.parametrize(
    ("membership", "code"), [("none", "deletes"), ("deactivated", "deletes"), ("active", "creates")]
)
@pytest.mark.parametrize("operation", ["update", "move"])
def test_who_loses_a_membership_counts_as_deleted_and_who_gets_one_as_invited(membership, code, operation):
    people = load_pair("customerp_employee__trello_members")
    people = people.model_copy(update={"guard": mapping(**LIMITS).guard})
    rows = plan(("trello", operation, 4), ("customerp", "update", 4))
    told = rows[rows["side"].eq("trello")].drop_duplicates("change").assign(property="membership", after=membership)
    rows = pd.concat([rows, told]).sort_values("change", kind="stable", ignore_index=True)
    assert [one.code for one in judge(rows, people, situation(linked=10))] == [code]
    assert len(guarded_changes(rows, [Reason(code, "")], people.memberships)) == 4
    assert guarded_changes(rows, [Reason(code, "")]) == set(), "without a membership it is an update like others"


def test_an_unlink_counts_with_the_deletes_of_both_sides():
    m = mapping(**LIMITS)
    assert [code for code, _ in told([("", "unlink", 2)], m, linked=10)] == ["deletes", "deletes"]
    texts = [text for _, text in told([("", "unlink", 1), ("trello", "delete", 1)], m, linked=10)]
    assert [text.split(" (")[0] for text in texts] == ["2 deletes in trello"]


def test_sides_and_classes_are_counted_apart():
    m = mapping(**LIMITS)
    spread = [("customerp", "create", 3), ("trello", "create", 3), ("customerp", "update", 4), ("trello", "update", 4)]
    assert told(spread, m, linked=0) == []


def test_what_writes_nothing_is_no_accident():
    notes = ["link", "adopt", "relink", "conflict", "quarantine", "not_writable", "waiting"]
    assert told([("trello", operation, 50) for operation in notes], mapping(**LIMITS), linked=1) == []


def test_the_first_run_is_a_preview_unless_the_mapping_lets_it_through():
    first = [("trello", "create", 2), ("trello", "update", 1), ("", "link", 3), ("customerp", "waiting", 5)]
    preview = "this is the pair's first run: 3 changes and 3 new links are shown as a preview"
    assert told(first, first_run=True) == [("first_run", preview)]
    assert told(first, mapping(first_run="apply"), first_run=True) == []
    assert told([], first_run=True) == []
    crowd = [("trello", "create", 50)]  # shares of nothing say nothing
    assert told(crowd, mapping(first_run="apply", **LIMITS), first_run=True, linked=0) == []


def test_deleting_workspaces_is_never_without_a_person():
    lost = [("trello", "delete", 1, "delete"), ("trello", "delete", 1, "delete")]
    text = "1 workspaces would be deleted with all their boards, for good"
    assert told(lost[:1], linked=1000) == [("deletes", text)]
    assert told([("trello", "delete", 1, "deactivate")], linked=1000) == []
    assert told([("customerp", "delete", 1, "delete")], linked=1000) == []
    assert told([("trello", "update", 1, "delete")], linked=1000) == []
    m = mapping()
    action = m.model_copy(update={"trello": m.trello.model_copy(update={"entity": "action"})})
    assert told(lost[:1], action, linked=1000) == []


@pytest.mark.parametrize("side", ["customerp", "trello"])
def test_a_listing_that_is_empty_and_was_not_stops_the_run(side):
    empty = ("empty_listing", f"{side} listed no record at all, the last listing had 7")
    assert told([], listed={side: 0}, listed_before={side: 7}) == [empty]
    for now, before in ((1, 7), (None, 7), (0, 0), (0, None)):
        assert told([], listed={side: now}, listed_before={side: before}) == []


def test_what_moved_since_the_last_run_is_passed_on_first():
    moved = (Reason("identity", "another server"), Reason("mapping", "the filter changed"))
    found = told([], moved=moved, listed={"trello": 0}, listed_before={"trello": 7})
    assert [code for code, _ in found] == ["identity", "mapping", "empty_listing"]
    assert found[0] == ("identity", "another server")


# --- what a person's leave covers

MANY = [
    ("trello", "create", 2),
    ("trello", "update", 2),
    ("customerp", "delete", 1),
    ("", "unlink", 1),
    ("", "link", 4),
]


@pytest.mark.parametrize(
    ("codes", "number"),
    [
        ((), 0),
        (("creates",), 2),
        (("updates",), 2),
        (("deletes",), 2),
        (("creates", "deletes"), 4),
        (("first_run",), 6),
        (("creates", "empty_listing"), 6),
    ],
)
def test_too_many_of_a_class_guard_that_class_and_anything_else_guards_every_write(codes, number):
    assert len(guarded_changes(plan(*MANY), [Reason(code, "") for code in codes])) == number


def test_a_later_plan_is_covered_as_far_as_it_does_the_same_to_the_same():
    reasons = [Reason("first_run", "")]
    allowed = guarded_changes(plan(("trello", "update", 3)), reasons)
    assert guarded_changes(plan(("trello", "update", 2)), reasons) < allowed
    assert (
        guarded_changes(plan(("trello", "update", 3)).assign(key="another", cause="x", detail="y"), reasons) == allowed
    )
    assert not guarded_changes(plan(("customerp", "update", 3)), reasons) & allowed
    for other in (
        {"after": "y"},
        {"customerp_id": "c9"},
        {"trello_id": "t9"},
        {"property": "website"},
        {"side": "customerp"},
        {"operation": "create"},
    ):
        assert not guarded_changes(plan(("trello", "update", 3)).assign(**other), reasons) & allowed


def test_leave_to_write_a_text_is_no_leave_to_write_another_beside_it():
    """Every property of a change counts, an unknown value is no empty one, and neighbours do not run together."""
    reasons = [Reason("updates", "")]
    rows = plan(("trello", "update", 1))
    seen = [
        guarded_changes(rows.assign(property=names, after=pd.Series(after, dtype="str")), reasons)
        for names, after in (
            (["name", "note"], ["x", "y"]),
            (["name", "note"], ["y", "x"]),
            (["name", "note"], ["xy", ""]),
            (["name", "note"], ["x", None]),
            (["name", "note"], ["x", ""]),
            (["nameno", "te"], ["x", "y"]),
        )
    ]
    assert {len(keys) for keys in seen} == {1}
    assert len(set.union(*seen)) == len(seen)


def test_a_leave_outlives_a_release_of_the_software():
    rows = plan(("trello", "update", 1)).assign(after=pd.Series(["x", None], dtype="str"))
    text = "trello\x1eupdate\x1ec-update-trello-0\x1et-update-trello-0\x1ename\x1fnote\x1ex\x1f\x00"
    assert guarded_changes(rows, [Reason("updates", "")]) == {hashlib.sha256(text.encode()).hexdigest()[:20]}


def test_after_a_relink_every_write_waits_for_a_person():
    text = "the records were linked anew and nobody has let a plan through since: 3 changes"
    some = [("trello", "update", 2), ("customerp", "create", 1), ("", "link", 4)]
    assert told(some, relinked=True) == [("relink", text)]
    assert told(some) == []
    assert told([("", "link", 4)], relinked=True) == []
