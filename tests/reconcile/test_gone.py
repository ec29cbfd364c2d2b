"""Gone and out of sight: what happens to the survivor, and who inherits the link."""

import pandas as pd
import pytest
from test_reconcile import BASE, linked, mapping, of_members, record, run, told

SEVEN = BASE | {"number": "c7"}


def sides(mapping_, **settings):
    """The mapping with other settings for its sides: customerp={...}, trello={...}."""
    changed = {side: getattr(mapping_, side).model_copy(update=update) for side, update in settings.items()}
    return mapping_.model_copy(update=changed)


def link(number=1, base=BASE, base_t=None, **extra):
    return (number, f"c{number}", f"t{number}", base, base if base_t is None else base_t, extra)


def short(plan):
    """Whole-record rows as "side operation cause detail", links in order."""
    return [
        " ".join([str(r.link), r.side or "-", r.operation, r.cause, r.detail]).strip()
        for r in plan.sort_values(["link", "side", "operation"]).itertuples()
    ]


# --- policies of the survivor


@pytest.mark.parametrize("gone", ["customerp", "trello"])
@pytest.mark.parametrize("policy", ["delete", "deactivate", "unlink", "restore", "ignore"])
def test_the_survivors_side_says_what_happens_to_it(gone, policy):
    survivor = {"customerp": "trello", "trello": "customerp"}[gone]
    m = sides(mapping(), **{survivor: {"on_gone": policy}, gone: {"on_gone": "ignore"}})
    c, t = (
        (record("c1", _state="gone"), record("t1"))
        if gone == "customerp"
        else (record("c1"), record("t1", _state="gone"))
    )
    plan = run([c], [t], linked(link()), m)
    if policy == "restore":
        flows = ["name", "note", "website"] if gone == "customerp" else ["name", "note", "number", "website"]
        assert told(plan) == [(gone, "create", name, BASE[name], "restore") for name in flows]
        assert set(plan["detail"]) == {"restore"}
        assert plan[survivor].tolist() == plan["after"].tolist()
        assert set(plan["link"]) == {1}
    else:
        expected = {
            "delete": [f"1 {survivor} delete gone_in_{gone} delete"],
            "deactivate": [f"1 {survivor} delete gone_in_{gone} deactivate"],
            "unlink": [f"1 - unlink gone_in_{gone}"],
            "ignore": [],
        }
        assert short(plan) == expected[policy]


def test_what_somebody_changed_before_the_delete_is_left_to_the_next_run():
    m = mapping(name={"required": False}).model_copy(update={"delete_vs_edit": "edit_wins"})
    off = record("c1", _state="gone", name="Renamed, then switched off")
    plan = run([off], [record("t1", website="Edited")], linked(link()), m)
    assert told(plan) == [
        ("customerp", "create", "note", BASE["note"], "edit_wins"),
        ("customerp", "create", "website", "Edited", "edit_wins"),
    ]


@pytest.mark.parametrize(
    ("bases", "restored"),
    [
        (({"note": "C"}, {"note": "C"}), [("note", "T")]),  # the survivor's edit travels
        (({"note": None}, {"note": None}), []),  # never settled: the next run asks by first_link
        (({"note": "C"}, {"note": "T"}), []),  # what the systems made of one value, or a question that is open
        (({"note": "C"}, {"note": "old"}), [("note", "T")]),  # and edited since
    ],
)
def test_a_difference_that_is_no_edit_of_the_survivors_is_not_written_over_a_record_that_comes_back(bases, restored):
    m = mapping(name={"required": False}).model_copy(update={"delete_vs_edit": "edit_wins"})
    base_c, base_t = (BASE | one for one in bases)
    off = record("c1", _state="gone", note="C")
    plan = run([off], [record("t1", note="T", website="Edited")], linked(link(1, base_c, base_t)), m)
    rows = plan[plan["property"].eq("note")]
    assert list(zip(rows["property"], rows["after"], strict=True)) == restored
    assert "website" in set(plan["property"])


def test_a_record_of_which_everything_was_changed_is_switched_on_and_nothing_else():
    m = mapping(name={"required": False}).model_copy(update={"delete_vs_edit": "edit_wins"})
    off = record("c1", _state="gone", name="N", website="W", note="O")
    plan = run([off], [record("t1", website="Edited")], linked(link()), m)
    assert short(plan) == ["1 customerp create edit_wins restore"]
    assert plan["property"].tolist() == [""]


def test_what_the_survivor_does_not_tell_is_not_restored():
    m = sides(mapping(), customerp={"on_gone": "restore"})
    plan = run([record("c1", website=None)], [record("t1", _state="gone")], linked(link()), m)
    assert sorted(plan["property"]) == ["name", "note", "number"]


def test_an_edit_wins_over_the_deletion_only_where_it_could_have_travelled():
    m = mapping(note={"direction": "to_trello"}, delete_vs_edit="edit_wins")
    gone = record("c1", _state="gone")
    assert short(run([gone], [record("t1", note="edited")], linked(link()), m)) == ["1 - unlink gone_in_customerp"]
    assert short(run([gone], [record("t1", number="other")], linked(link()), m)) == ["1 - unlink gone_in_customerp"]
    plan = run([gone], [record("t1", website="https://b.example")], linked(link()), m)
    assert {(r.side, r.operation, r.cause, r.detail) for r in plan.itertuples()} == {
        ("customerp", "create", "edit_wins", "restore")
    }
    assert dict(zip(plan["property"], plan["after"], strict=True)) == {"name": "Acme", "website": "https://b.example"}


def test_a_deletion_wins_over_every_edit_where_the_mapping_says_so():
    m = mapping(delete_vs_edit="delete_wins")
    c = [record("c1", _state="gone"), record("c2", note="edited"), record("c3", _state="gone")]
    t = [record("t1", note="edited"), record("t2", _state="gone"), record("t3")]
    assert short(run(c, t, linked(link(1), link(2), link(3)), m)) == [
        "1 - unlink gone_in_customerp",
        "2 customerp delete gone_in_trello deactivate",
        "3 - unlink gone_in_customerp",
    ]


@pytest.mark.parametrize("wins", ["edit_wins", "delete_wins"])
@pytest.mark.parametrize("gone", ["customerp", "trello"])
def test_an_edit_of_what_is_kept_without_its_counterpart_waits_and_is_looked_at_again(gone, wins):
    survivor = {"customerp": "trello", "trello": "customerp"}[gone]
    m = sides(mapping(name={"required": False}, delete_vs_edit=wins), **{survivor: {"on_gone": "ignore"}})
    edit, off = {"website": "https://b.example"}, {"_state": "gone"}
    c = [record("c1", **(off if gone == "customerp" else edit)), record("c2", **(off if gone == "customerp" else {}))]
    t = [record("t1", **(off if gone == "trello" else edit)), record("t2", **(off if gone == "trello" else {}))]
    plan = run(c, t, linked(link(1), link(2)), m)
    kept = "on_gone is ignore, so the edit of its counterpart waits until it is back"
    assert short(plan) == [f"1 {gone} waiting gone_in_{gone} {kept}"]


@pytest.mark.parametrize("gone", ["customerp", "trello"])
@pytest.mark.parametrize("policy", ["delete", "deactivate", "unlink", "restore", "ignore"])
def test_nothing_is_deleted_or_brought_back_for_what_is_out_of_scope(gone, policy):
    survivor = {"customerp": "trello", "trello": "customerp"}[gone]
    m = sides(mapping(), **{survivor: {"on_gone": policy}})
    away = {"_state": "suspended", "_reason": "outside of the filter", "note": "edited"}
    c, t = (record("c1", _state="gone"), record("t1", **away)) if gone == "customerp" else (
        record("c1", **away), record("t1", _state="gone"))  # fmt: skip
    plan = run([c], [t], linked(link()), m)
    unlinked, suspended = ("", "unlink", f"gone_in_{gone}"), (survivor, "suspended", "out_of_scope")
    expected = unlinked if policy == "unlink" else suspended
    assert [(r.side, r.operation, r.cause) for r in plan.itertuples()] == [expected]


def test_each_link_meets_its_own_fate():
    c = [record("c1", _state="gone"), record("c2", _state="gone"), record("c3"), record("c4"), record("c5")]
    t = [record("t1"), record("t2", _state="gone"), record("t3", _state="gone"),
         record("t4", _state="suspended", _reason="cannot be seen"), record("t5")]  # fmt: skip
    assert short(run(c, t, linked(*[link(n) for n in range(1, 6)]))) == [
        "1 - unlink gone_in_customerp",
        "2 - unlink gone_on_both",
        "3 customerp delete gone_in_trello deactivate",
        "4 trello suspended out_of_scope cannot be seen",
    ]


def test_of_many_only_the_edited_one_is_brought_back():
    links = linked(link(1), link(2), link(3))
    c = [record("c1", _state="gone"), record("c2", _state="gone"), record("c3")]
    t = [record("t1"), record("t2", note="edited"), record("t3", note="n")]
    plan = run(c, t, links)
    assert sorted({(r.link, r.operation, r.cause) for r in plan.itertuples()}) == [
        (1, "unlink", "gone_in_customerp"),
        (2, "create", "edit_wins"),
        (3, "update", "edited_in_trello"),
    ]


def test_gone_on_both_sides_ends_the_link_whatever_the_policy():
    links = linked(link(1), link(2))
    m = sides(mapping(), customerp={"on_gone": "restore"}, trello={"on_gone": "restore"})
    plan = run(
        [record("c1", _state="gone"), record("c2")],
        [record("t1", _state="gone", note="edited"), record("t2")],
        links,
        m,
    )
    assert short(plan) == ["1 - unlink gone_on_both"]


# --- out of sight


@pytest.mark.parametrize("away", ["customerp", "trello", "both"])
def test_out_of_sight_suspends_once_with_its_reason_and_writes_nothing(away):
    c = record("c1", note="m", **({"_state": "suspended", "_reason": "filtered"} if away != "trello" else {}))
    t = record("t1", note="n", **({"_state": "suspended", "_reason": "cannot be seen"} if away != "customerp" else {}))
    trello = away == "trello"
    told = "1 trello suspended out_of_scope cannot be seen" if trello else "1 customerp suspended out_of_scope filtered"
    assert short(run([c], [t], linked(link()))) == [told]
    standing = link(status="suspended", away="trello" if trello else "customerp")
    assert run([c], [t], linked(standing)).empty


def test_gone_here_is_stronger_than_out_of_sight_there_unless_it_would_be_written():
    t = record("t1", _state="suspended", _reason="cannot be seen")
    assert short(run([record("c1", _state="gone")], [t], linked(link()))) == ["1 - unlink gone_in_customerp"]
    c = record("c1", _state="suspended", _reason="filtered")
    plan = run([c], [record("t1", _state="gone")], linked(link()))
    assert short(plan) == ["1 customerp suspended out_of_scope filtered"]


def test_others_go_on_beside_a_suspended_one():
    links = linked(link(1), link(2, status="suspended"), link(3))
    c = [record("c1", note="B"), record("c2", note="B"), record("c3", note="B")]
    t = [record("t1", _state="suspended", _reason="x"), record("t2"), record("t3")]
    plan = run(c, t, links)
    assert sorted(zip(plan["link"], plan["operation"], plan["cause"], strict=True)) == [
        (1, "suspended", "out_of_scope"),
        (2, "link", "resumed"),
        (2, "update", "edited_in_customerp"),
        (3, "update", "edited_in_customerp"),
    ]


@pytest.mark.parametrize("edit", [{"name": "B"}, {"website": "https://b.example"}], ids=["name", "website"])
@pytest.mark.parametrize("away", ["customerp", "trello"])
def test_a_key_that_is_edited_out_of_sight_is_read_again_in_each_run(away, edit):
    """CustomERP is read by change: seen once, the key would be free in the next run, and who has it too be made."""
    out = {"_state": "suspended", "_reason": "filtered"}
    c = [record("c1", **edit, **(out if away == "customerp" else {})), record("c2", note="edited", **out), record("c3")]
    t = [record("t1", **(out if away == "trello" else {})), record("t2"), record("t3", name="B", **out)]
    standing = [{"status": "suspended", "away": side} for side in (away, "customerp", "trello")]
    plan = run(c, t, linked(*[link(n, **one) for n, one in enumerate(standing, 1)]))
    told = "what it is found by was edited in CustomERP; compared when it is back"
    assert short(plan) == [f"1 customerp waiting out_of_scope {told}"]


@pytest.mark.parametrize("away", ["customerp", "trello"])
def test_who_goes_to_another_customer_out_of_sight_is_read_again_in_each_run(away):
    out = {"_state": "suspended", "_reason": "filtered"}
    c = record("c1", note="another", **(out if away == "customerp" else {}))
    t = record("t1", **(out if away == "trello" else {}))
    (told,) = short(run([c], [t], linked(link(status="suspended", away=away)), of_members()))
    assert told.startswith("1 customerp waiting out_of_scope what it is found by was edited")


# --- heirs


def heirs(*unlinked, side="customerp", base=SEVEN, others=(), keys=None):
    """Link 1's record on *side* is gone; what is planned, given unlinked records there."""
    end, far = ("c", "t") if side == "customerp" else ("t", "c")
    links = linked(link(1, base), *(link(n, other) for n, other in others))
    mine = [record(f"{end}1", **base | {"_state": "gone"})]
    mine += [record(f"{end}{n}", **other) for n, other in others] + list(unlinked)
    theirs = [record(f"{far}1", **base)] + [record(f"{far}{n}", **other) for n, other in others]
    m = mapping(**({"link_keys": keys} if keys else {}))
    c, t = (mine, theirs) if side == "customerp" else (theirs, mine)
    plan = run(c, t, links, m)
    return plan[plan["link"].eq(1)]


@pytest.mark.parametrize("side", ["customerp", "trello"])
def test_the_only_record_with_the_first_key_inherits_the_link(side):
    end = side[0]
    plan = heirs(record(f"{end}9", number="c7"), record(f"{end}8", number="c8", name="X"), side=side)
    assert short(plan) == [f"1 - relink same_key_in_{side}"]
    assert plan[f"{side}_id"].tolist() == [f"{end}9"]


def test_nobody_inherits_without_the_key():
    assert short(heirs(record("c9", number="c8"))) == ["1 - unlink gone_in_customerp"]
    for value in ("", None):
        plan = heirs(record("c9", number=value), base=BASE | {"number": value})
        assert short(plan) == ["1 - unlink gone_in_customerp"]


def test_only_the_first_key_counts():
    assert short(heirs(record("c9", name="Acme", number="c8"))) == ["1 - unlink gone_in_customerp"]


def test_two_heirs_are_a_question_to_a_person_and_nothing_else_happens():
    plan = heirs(record("c8", number="c7"), record("c9", number="c7"))
    assert short(plan) == ["1 - waiting merge a person says which record continues this one"]


def test_a_key_that_a_linked_record_bears_is_a_question_too():
    plan = heirs(others=[(2, SEVEN | {"name": "Other"})])
    assert short(plan) == ["1 - waiting merge a person says which record continues this one"]
    plan = heirs(others=[(2, SEVEN | {"number": "c8", "name": "Other"})])
    assert short(plan) == ["1 - unlink gone_in_customerp"]


@pytest.mark.parametrize(("survivor", "heir", "inherits"), [("x", "x", True), ("x", "y", False), ("", "y", True),
                                                            ("x", "", True)])  # fmt: skip
def test_only_who_lives_where_the_survivor_does_inherits(survivor, heir, inherits):
    """The same person at another customer is another contact."""
    c = [record("c1", **SEVEN | {"_state": "gone"}), record("c9", number="c7", _scope=heir)]
    plan = run(c, [record("t1", **SEVEN, _scope=survivor)], linked(link(1, SEVEN)))
    plan = plan[plan["link"].eq(1) & plan["property"].eq("")]
    assert short(plan) == ["1 - relink same_key_in_customerp" if inherits else "1 - unlink gone_in_customerp"]


@pytest.mark.parametrize(("other", "asks"), [("x", True), ("y", False), ("", True)])
def test_a_linked_record_with_the_key_is_a_question_where_the_survivor_lives(other, asks):
    c = [record("c1", **SEVEN | {"_state": "gone"}), record("c2", **SEVEN, _scope=other)]
    t = [record("t1", **SEVEN, _scope="x"), record("t2", **SEVEN, _scope=other)]
    plan = run(c, t, linked(link(1, SEVEN), link(2, SEVEN)))
    merge = "1 - waiting merge a person says which record continues this one"
    assert short(plan[plan["link"].eq(1)]) == [merge if asks else "1 - unlink gone_in_customerp"]


def test_one_link_is_inherited_and_the_next_one_is_a_question():
    eight = BASE | {"number": "c8"}
    c = [record("c1", **SEVEN | {"_state": "gone"}), record("c2", **eight | {"_state": "gone"})]
    c += [record("c7", number="c7"), record("c8", number="c8"), record("c9", number="c8")]
    plan = run(c, [record("t1", **SEVEN), record("t2", **eight)], linked(link(1, SEVEN), link(2, eight)))
    linked_rows = plan[plan["link"] > 0]
    assert short(linked_rows) == [
        "1 - relink same_key_in_customerp",
        "2 - waiting merge a person says which record continues this one",
    ]
    assert linked_rows.sort_values("link")["customerp_id"].tolist() == ["c7", "c2"]


def test_two_gone_records_of_one_key_share_no_heir():
    links = linked(link(1, SEVEN), link(2, SEVEN))
    c = [record(f"c{n}", **SEVEN | {"_state": "gone"}) for n in (1, 2)] + [record("c9", number="c7")]
    plan = run(c, [record("t1", **SEVEN), record("t2", **SEVEN)], links)
    assert short(plan[plan["link"] > 0]) == [
        f"{n} - waiting merge a person says which record continues this one" for n in (1, 2)
    ]


def test_gone_on_both_sides_leaves_no_heir():
    links = linked(link(1, SEVEN))
    c = [record("c1", **SEVEN | {"_state": "gone"}), record("c9", number="c7")]
    plan = run(c, [record("t1", **SEVEN | {"_state": "gone"})], links)
    assert short(plan[plan["link"] == 1]) == ["1 - unlink gone_on_both"]


def test_a_key_of_two_properties_is_inherited_whole():
    keys = [{"properties": ["number", "name"]}]
    assert short(heirs(record("c9", number="c7", name="Acme"), keys=keys)) == ["1 - relink same_key_in_customerp"]
    assert short(heirs(record("c9", number="c7", name="X"), keys=keys)) == ["1 - unlink gone_in_customerp"]


def test_the_heir_is_compared_with_the_base_at_once_and_others_keep_their_links():
    links = linked(link(1, SEVEN), link(2))
    c = [record("c1", **SEVEN | {"_state": "gone"}), record("c2", note="n"), record("c9", number="c7", note="new")]
    plan = run(c, [record("t1", **SEVEN), record("t2")], links)
    assert sorted(
        (r.link, r.customerp_id, r.trello_id, r.operation, r.property, r.cause) for r in plan.itertuples()
    ) == [
        (1, "c9", "t1", "relink", "", "same_key_in_customerp"),
        (1, "c9", "t1", "update", "note", "edited_in_customerp"),
        (2, "c2", "t2", "update", "note", "edited_in_customerp"),
    ]


def test_links_of_any_index_are_the_same_links():
    links = linked(link(1), link(2)).set_index(pd.Index([40, 7]))
    plan = run([record("c1", note="n"), record("c2")], [record("t1"), record("t2", note="m")], links)
    assert sorted((r.link, r.side) for r in plan.itertuples()) == [(1, "trello"), (2, "customerp")]
