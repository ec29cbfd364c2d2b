"""The plan as a table: complete, in a fixed order, numbered by change, and readable change by change."""

import hashlib
import tracemalloc

import pandas as pd
import pytest

from customerp_trello.reconcile.plan import COLUMNS, OPERATIONS, WRITES, changes, counts, digest, make_plan


def row(operation, side="trello", number=1, prop="", **more):
    ids = {"customerp_id": f"c{number}", "trello_id": f"t{number}", "key": f"k{number}"}
    return {"operation": operation, "side": side, "property": prop, "link": number, **ids, **more}


def plan(*rows):
    return make_plan([pd.DataFrame([each]) for each in rows])


def test_parts_in_any_order_make_the_same_plan():
    rows = [row(operation, number=n) for operation in OPERATIONS for n in (2, 1)]
    rows += [row("update", side, 3, prop) for side in ("trello", "customerp") for prop in ("note", "name")]
    pd.testing.assert_frame_equal(plan(*rows), plan(*rows[::-1]))
    pd.testing.assert_frame_equal(make_plan([pd.DataFrame(), pd.DataFrame(rows)]), plan(*rows))
    made = plan(*rows)
    assert made["operation"].drop_duplicates().tolist() == list(OPERATIONS)
    assert made.index.tolist() == list(range(len(rows)))


def test_within_an_operation_a_person_finds_side_key_and_property_in_order():
    rows = [
        row("update", "trello", 1, "a"),
        row("update", "customerp", 2, "b"),
        row("update", "customerp", 2, "a"),
        row("update", "customerp", 1, "a"),
    ]
    made = plan(*rows)
    assert list(zip(made["side"], made["key"], made["property"], strict=True)) == [
        ("customerp", "k1", "a"),
        ("customerp", "k2", "a"),
        ("customerp", "k2", "b"),
        ("trello", "k1", "a"),
    ]
    same = [row("waiting", key="k", cause="b"), row("waiting", key="k", cause="a"), row("waiting", number=0, key="k")]
    assert plan(*same)["customerp_id"].tolist() == ["c0", "c1", "c1"]
    assert plan(*same)["cause"].tolist() == ["", "a", "b"]
    ends = [row("link", "", 1, trello_id="t2"), row("link", "", 1, trello_id="t1")]
    assert plan(*ends)["trello_id"].tolist() == ["t1", "t2"]


@pytest.mark.parametrize("rows", [(), (row("link", "", link=None),)])
def test_columns_and_types_are_the_same_with_and_without_rows(rows):
    made = plan(*rows)
    assert tuple(made.columns) == COLUMNS
    assert {name for name in COLUMNS if str(made[name].dtype) == "str"} == set(COLUMNS) - {"change", "link"}
    assert made["change"].dtype == made["link"].dtype == "int64"


def test_only_values_may_be_unknown_and_no_link_is_minus_one():
    made = make_plan([pd.DataFrame([{"operation": "create", "side": "trello"}])]).iloc[0]
    unknown = {name for name in COLUMNS if pd.isna(made[name])}
    assert unknown == {"before", "after", "customerp", "trello", "base_customerp", "base_trello"}
    assert made["link"] == -1
    assert made["key"] == made["winner"] == made["detail"] == made["actor"] == ""


def test_all_rows_of_one_record_side_and_operation_are_one_change():
    made = plan(
        row("update", "trello", 1, "a"),
        row("update", "trello", 1, "b"),
        row("update", "customerp", 1, "a"),
        row("update", "trello", 2, "a"),
        row("not_writable", "trello", 1, "c"),
        row("update", "trello", 1, "c", customerp_id="c9"),
        row("update", "trello", 1, "c", trello_id="t9"),
    )
    assert made["change"].nunique() == 6
    assert made["change"].min() == 0
    assert (
        made.loc[
            made["property"].isin(["a", "b"]) & made["key"].eq("k1") & made["side"].eq("trello"), "change"
        ].nunique()
        == 1
    )


def test_changes_are_numbered_and_applied_in_the_plans_order():
    made = plan(*[row(operation, number=n) for operation in sorted(OPERATIONS) for n in (2, 1)])
    assert made["change"].tolist() == list(range(len(made)))
    assert [(change.operation, change.link) for change in changes(made, "trello", WRITES)] == [
        (operation, n) for operation in WRITES for n in (1, 2)
    ]


def test_a_digest_stands_for_what_is_done_and_not_for_how_it_is_shown():
    rows = [row("update", "trello", 1, "a", after="x"), row("update", "trello", 2, "a", after="y")]
    one = plan(*rows)
    assert digest(one) == digest(one.iloc[::-1])
    assert digest(one) == digest(one.assign(key="other", link=7, change=9))
    assert len(digest(one)) == 16
    assert set(digest(one)) <= set("0123456789abcdef")
    for name in set(COLUMNS) - {"key", "link", "change"}:
        assert digest(one.assign(**{name: "different"})) != digest(one), name
    empty, unknown = (plan(row("update", prop="a", after=after)) for after in ("", None))
    assert digest(empty) != digest(unknown)


def test_a_digest_outlives_a_release_of_the_software():
    """An approval that a person gave yesterday names it."""
    text = (
        "side,operation,customerp_id,trello_id,property,before,after,customerp,trello,base_customerp,base_trello,winner,"
        "cause,detail,actor\n"
        'trello,update,c1,t1,a,\x00,"x\ny",\x00,\x00,\x00,\x00,,edited_in_customerp,,\n'
    )
    made = plan(row("update", prop="a", before=None, after="x\ny", cause="edited_in_customerp"))
    assert digest(made) == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_a_change_is_handed_to_the_load_with_its_values():
    made = plan(
        row("update", "trello", 1, "name", before="A", after="B", customerp="B", trello="A", cause="c", detail="d"),
        row("update", "trello", 1, "note", before="x", after=None, cause="c"),
        row("update", "trello", 1, "", cause="touch"),
        row("update", "customerp", 2, "name", after="Z"),
        row("create", "trello", 3, "name", after="N", link=None, trello_id=""),
    )
    create, update = changes(made, "trello", ("create", "update"))
    assert (create.operation, create.link, create.target_id, create.source_id) == ("create", -1, "", "c3")
    assert create.values == {"name": "N"}
    assert (update.side, update.operation, update.link, update.key) == ("trello", "update", 1, "k1")
    assert (update.customerp_id, update.trello_id, update.target_id, update.source_id) == ("c1", "t1", "t1", "c1")
    assert update.values == {"name": "B"}
    assert update.column("before") == {"name": "A", "note": "x"}
    assert update.column("after") == {"name": "B", "note": None}
    assert create.number < update.number == made.loc[made["key"].eq("k1"), "change"].iloc[0]
    (back,) = changes(made, "customerp", ("update",))
    assert (back.target_id, back.source_id, back.values) == ("c2", "t2", {"name": "Z"})
    assert list(changes(made, "customerp", ("create",))) == []


def test_a_first_load_of_many_records_has_all_its_changes_at_hand_in_little_memory():
    one = plan(*[row("create", "trello", 1, f"p{n}", after="value", link=None, trello_id="") for n in range(6)])
    many = pd.concat([one.assign(change=n, customerp_id=f"c{n}") for n in range(1_000)], ignore_index=True)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    found = list(changes(many, "trello", WRITES))
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert [change.values for change in found[::500]] == [{f"p{n}": "value" for n in range(6)}] * 2
    assert {change.customerp_id for change in found} == {f"c{n}" for n in range(1_000)}
    # The columns themselves, which all share, and little for each; a frame for each was 25,000 bytes.
    assert kept / 1_000 < 3_000


def test_a_change_has_its_own_properties_alone():
    made = plan(row("update", number=1, prop="a", after="x"), row("update", number=2, prop="b", after="y"))
    assert [one.values for one in changes(made, "trello", ("update",))] == [{"a": "x"}, {"b": "y"}]


def test_the_first_row_of_a_change_speaks_for_it():
    made = plan(
        row("update", prop="b", cause="second", detail="2"),
        row("update", prop="a", cause="first", detail="1"),
    )
    (change,) = changes(made, "trello", ("update",))
    assert (change.cause, change.detail) == ("first", "1")


def test_changes_are_counted_once_whatever_their_properties():
    made = plan(
        row("update", "trello", 1, "a"),
        row("update", "trello", 1, "b"),
        row("update", "trello", 2, "a"),
        row("update", "customerp", 1, "a"),
        row("adopt", "", 3, "a"),
        row("delete", "customerp", 4),
    )
    assert counts(made) == {
        "adopt": 1,
        "delete": 1,
        "update": 3,
        "customerp.delete": 1,
        "customerp.update": 1,
        "trello.update": 2,
    }
    assert list(counts(made)) == [
        *("adopt", "delete", "update"),
        *("customerp.delete", "customerp.update", "trello.update"),
    ]
    assert counts(plan()) == {}
