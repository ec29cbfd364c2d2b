"""Who finds a free place: newcomers and linked records that come in, in one order."""

import pandas as pd
import pytest
from test_reconcile import BASE, linked, mapping, record, run, snapshot

FULL = "no free place left"
A, B = "https://a.example", "https://b.example"


def comes_in(*names, scope="", marks="{}", **taking):
    """Linked records whose note was edited in the ERP, and whose notes take a place in Trello."""
    taking = {"_takes_place": "note"} | taking
    links = [
        (n, f"c{n}", f"t{n}", BASE | {"name": name}, BASE | {"name": name}, {"marks": marks})
        for n, name in enumerate(names)
    ]
    c = [record(f"c{n}", name, note="in", _scope=scope) for n, name in enumerate(names)]
    t = [record(f"t{n}", name, **taking) for n, name in enumerate(names)]
    return c, t, linked(*links)


def planned(c, t, links, capacity, **more):
    plan = run(snapshot(*c), snapshot(*t, capacity=capacity), links, **more)
    return sorted(zip(plan["customerp_id"], plan["operation"], plan["property"], plan["cause"], strict=True))


def test_places_go_by_key_whether_somebody_is_new_or_comes_back():
    c, t, links = comes_in("Bo", "Eve")
    c += [record("new1", "Ann"), record("new2", "Dan")]
    assert planned(c, t, links, {"": 2}) == [
        ("c0", "update", "note", "edited_in_customerp"),
        ("c1", "not_writable", "note", "cap"),
        *(("new1", "create", name, "new_in_customerp") for name in ("name", "note", "number", "website")),
        ("new2", "not_writable", "", "cap"),
    ]


def test_what_is_told_of_a_linked_record_names_value_and_reason():
    c, t, links = comes_in("Bo")
    (row,) = run(snapshot(*c), snapshot(*t, capacity={"": 0}), links).itertuples()
    assert (row.side, row.link, row.before, row.after, row.customerp, row.trello, row.detail) == (
        "trello", 0, "", "in", "in", "", FULL
    )  # fmt: skip


@pytest.mark.parametrize("capacity", [{}, {"y": 0}, {"x": 1}])
def test_a_place_is_one_of_the_scope_that_the_source_has_now(capacity):
    c, t, links = comes_in("Bo", scope="x", _scope="y")
    assert planned(c, t, links, capacity) == [("c0", "update", "note", "edited_in_customerp")]
    assert planned(c, t, links, {"x": 0, "y": 9}) == [("c0", "not_writable", "note", "cap")]


def test_other_properties_of_the_record_are_written_all_the_same():
    c, t, links = comes_in("Bo")
    c[0]["website"] = A
    assert planned(c, t, links, {"": 0}) == [
        ("c0", "not_writable", "note", "cap"),
        ("c0", "update", "website", "edited_in_customerp"),
    ]


def test_two_properties_of_a_record_take_one_place():
    c, t, links = comes_in("Bo", "Eve", _takes_place="note,website")
    for row in c:
        row["website"] = A if row["_id"] == "c0" else B
    update = ("update", "edited_in_customerp")
    refused = ("not_writable", "cap")
    assert planned(c, t, links, {"": 1}) == [
        (f"c{n}", op, name, cause) for n, (op, cause) in enumerate((update, refused)) for name in ("note", "website")
    ]


def test_what_takes_no_place_is_not_counted():
    c, t, links = comes_in("Bo", "Eve", _takes_place="website")
    assert planned(c, t, links, {"": 0}) == [
        ("c0", "update", "note", "edited_in_customerp"),
        ("c1", "update", "note", "edited_in_customerp"),
    ]


def test_a_standing_mark_is_no_news_until_there_is_room():
    c, t, _ = comes_in("Bo")
    known = BASE | {"name": "Bo"}
    links = linked((0, "c0", "t0", known | {"note": "in"}, known, {"marks": '{"note": "not_writable:trello"}'}))
    assert planned(c, t, links, {"": 0}) == []
    assert planned(c, t, links, {"": 1}) == [("c0", "update", "note", "writable_again")]


def test_a_mark_competes_with_newcomers():
    c, t, _ = comes_in("Bo")
    known = BASE | {"name": "Bo"}
    links = linked((0, "c0", "t0", known | {"note": "in"}, known, {"marks": '{"note": "not_writable:trello"}'}))
    plan = planned([*c, record("new1", "Cy")], t, links, {"": 1})
    assert plan == [("c0", "update", "note", "writable_again"), ("new1", "not_writable", "", "cap")]


def test_the_order_of_the_records_changes_nothing():
    c, t, links = comes_in("Bo", "Eve", "Ann")
    c += [record("new1", "Ida", website=A)]
    plans = [run(snapshot(*c), snapshot(*t, capacity={"": 2}), links.iloc[order]) for order in ([0, 1, 2], [2, 0, 1])]
    pd.testing.assert_frame_equal(*(plan.drop(columns="change").reset_index(drop=True) for plan in plans))


def test_places_of_the_erp_are_counted_likewise():
    c, t, links = comes_in("Bo")
    c[0] |= {"note": "", "_takes_place": "note"}
    t[0] |= {"note": "in", "_takes_place": ""}
    plan = run(snapshot(*c, capacity={"": 0}), snapshot(*t), links, m=mapping())
    assert plan[["side", "operation", "cause"]].to_numpy().tolist() == [["customerp", "not_writable", "cap"]]


def test_where_only_known_scopes_can_be_entered_others_are_waited_for_and_the_rest_is_written():
    c, t, links = comes_in("Bo", "Eve", scope="x", _scope="y")
    c[0]["website"] = A
    c[1]["_scope"] = "y"
    c.append(record("new1", "Ann", _scope="z"))
    plan = run(snapshot(*c), snapshot(*t, capacity={"y": 1}, outside="no such place"), links)
    rows = plan[["customerp_id", "side", "operation", "property", "cause", "detail"]].to_numpy().tolist()
    assert sorted(rows) == [
        ["c0", "trello", "update", "website", "edited_in_customerp", ""],
        ["c0", "trello", "waiting", "note", "not_linked", "no such place"],
        ["c1", "trello", "update", "note", "edited_in_customerp", ""],
        ["new1", "trello", "waiting", "", "not_linked", "no such place"],
    ]
    assert plan.loc[plan["customerp_id"].eq("new1"), "after"].isna().all()
    free = run(snapshot(*c), snapshot(*t, capacity={"y": 1}), links)
    assert "waiting" not in free["operation"].tolist()


def test_what_takes_no_place_needs_none():
    links = linked((1, "c1", "t1", BASE, BASE))
    assert planned([record("c1", note="in")], [record("t1")], links, {"": 0}) == [
        ("c1", "update", "note", "edited_in_customerp")
    ]
