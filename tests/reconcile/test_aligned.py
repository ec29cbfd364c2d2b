"""Both sides seen from the links: what stands beside a link, and what an incomplete listing leaves as it was."""

import numpy as np
import pandas as pd
from test_reconcile import BASE, NAMES, linked, mapping, of_members, record, snapshot

from customerp_trello.mapping.frame import META, Snapshot, make_frame
from customerp_trello.reconcile.aligned import align, display_keys, key_names, look

LINKS = linked(
    (1, "c1", "t1", BASE | {"note": "base c1"}, BASE | {"note": "base t1"}),
    (2, "c2", "t2", BASE | {"note": "base c2"}, BASE | {"note": "base t2"}),
)


def seen(customerp, trello=None, links=LINKS):
    trello = trello if trello is not None else snapshot(record("t1"), record("t2"))
    return look(links, {"customerp": customerp, "trello": trello})


def test_a_record_stands_beside_its_link_in_any_order():
    one = seen(snapshot(record("c9"), record("c2", note="2"), record("c1", note="1")))["customerp"]
    assert one.column("note").tolist() == ["1", "2"]
    assert one.absent.tolist() == [False, False]
    assert one.unlinked["_id"].tolist() == ["c9"]
    assert one.records(mapping())["_id"].tolist() == ["c1", "c2"]


def test_an_unlisted_record_is_its_base_where_only_changes_were_listed():
    for rows in ([record("c2", note="2", _scope="x")], []):
        one = seen(snapshot(*rows, complete=False))["customerp"]
        assert one.absent.tolist() == [True, not rows]
        assert one.column("note").tolist() == ["base c1", "2" if rows else "base c2"]
        assert one.scopes(mapping()).tolist() == ["", "x" if rows else ""]
        shown = one.records(mapping())
        assert shown["_id"].tolist() == ["c1", "c2"]
        assert shown["_state"].tolist() == ["live", "live"]
        assert shown["note"].tolist() == one.column("note").tolist()
        assert shown["_problem"].tolist() == ["", ""]
        assert shown["_modified_at"].isna().all()


def test_an_unlisted_record_lives_in_the_scope_of_its_base():
    rows = record("c2", note="2", _scope="x")
    for complete, scopes in ((False, ["base c1", "x"]), (True, ["", "x"])):
        one = seen(snapshot(rows, complete=complete))["customerp"]
        assert one.scopes(of_members()).tolist() == one.records(of_members())["_scope"].tolist() == scopes
    nowhere = linked((1, "c1", "t1", BASE | {"note": None}, BASE))
    one = seen(snapshot(complete=False), links=nowhere)["customerp"]
    assert one.scopes(of_members()).tolist() == [""]


def test_an_unlisted_record_that_was_out_of_scope_still_is():
    links = LINKS.assign(away=["customerp", "trello"])
    one = seen(snapshot(complete=False), links=links)["customerp"]
    assert one.records(mapping())["_state"].tolist() == ["suspended", "live"]
    one = seen(snapshot(complete=False, unread=["c1"]), links=links)["customerp"]
    assert one.records(mapping())["_state"].fillna("?").tolist() == ["?", "live"]


def test_an_unlisted_record_is_unknown_where_everything_was_listed():
    for rows in ([record("c2", note="2", _modified_at="2026-01-01T00:00:00Z")], []):
        one = seen(snapshot(*rows))["customerp"]
        assert one.column("note").fillna("?").tolist() == ["?", "2" if rows else "?"]
        assert one.column("note").dtype == "str"
        shown = one.records(mapping())
        assert shown["note"].fillna("?").tolist() == ["?", "2" if rows else "?"]
        assert shown["_state"].fillna("?").tolist() == ["?", "live" if rows else "?"]
        assert shown["_id"].tolist() == ["c1", "c2"]
        assert shown["_readonly"].tolist() == ["", ""]
        assert shown["_modified_at"].isna().tolist() == [True, not rows]


def test_only_live_records_without_a_link_are_unlinked():
    rows = [record("c1"), record("c3"), record("c4", _state="gone"), record("c5", _state="suspended")]
    one = seen(snapshot(*rows))["customerp"]
    assert one.unlinked["_id"].tolist() == ["c3"]
    assert one.unlinked.index.tolist() == [0]
    assert seen(snapshot())["customerp"].unlinked.empty


def test_links_that_are_left_out_take_their_records_with_them():
    both = seen(snapshot(record("c1", note="1"), record("c2", note="2")))
    few = {side: one.where(pd.Series([False, True]).to_numpy()) for side, one in both.items()}
    aligned = align(few, mapping())
    assert aligned.links["link"].tolist() == [2]
    assert aligned.links.index.tolist() == [0]
    assert aligned.value("customerp", "note").tolist() == ["2"]
    assert aligned.base("trello", "note").tolist() == ["base t2"]
    whole = align(both, mapping())
    assert whole.where(pd.Series([True, True])) is whole
    second = whole.where(pd.Series([False, True]))
    assert second.links["link"].tolist() == [2]
    assert second.value("customerp", "note").tolist() == ["2"]
    assert second.links.index.tolist() == second.records["customerp"].index.tolist() == [0]
    assert few["customerp"].links.columns.equals(LINKS.columns)
    assert aligned.links.columns.tolist() == second.links.columns.tolist() == [*LINKS.columns, "key"]
    for part in (aligned, second):
        assert part.records["customerp"].columns.tolist() == [*META, *NAMES]


def test_links_of_any_index_are_seen():
    moved = LINKS.set_index(pd.Index([5, 3]))
    one = seen(snapshot(record("c2", note="2")), links=moved)["customerp"]
    assert one.links.index.tolist() == [0, 1]
    assert one.links.columns.equals(LINKS.columns)
    assert one.column("note").fillna("?").tolist() == ["?", "2"]


def test_marked_records_are_found_from_their_links():
    rows = snapshot(record("c2", note="2"), record("c3"))
    one = seen(rows)["customerp"]
    assert one.any_of(rows.frame["_id"].eq("c2")).tolist() == [False, True]
    assert one.any_of(rows.frame["_id"].eq("c3")).tolist() == [False, False]  # not mistaken for the absent c1
    assert one.any_of(rows.frame["_id"].eq("c7")).tolist() == [False, False]


def test_a_link_is_shown_by_the_first_key_that_any_side_or_base_has():
    assert key_names(mapping()) == ["number", "website", "name"]
    cases = [
        ({}, {}, {"name": None}, {"name": None}, "c1"),
        ({"name": "C"}, {"name": "T"}, {"name": "bc"}, {"name": "bt"}, "C"),
        ({"name": ""}, {"name": "T"}, {"name": "bc"}, {"name": "bt"}, "T"),
        ({"name": ""}, {"name": None}, {"name": "bc"}, {"name": "bt"}, "bc"),
        ({"name": ""}, {"name": None}, {"name": ""}, {"name": "bt"}, "bt"),
        ({"name": "C"}, {"name": "T", "website": "w"}, {}, {}, "w"),
        ({"name": "C"}, {"name": "T", "website": "w"}, {}, {"number": "7"}, "7"),
    ]
    nothing = dict.fromkeys(NAMES)
    for c, t, base_c, base_t, key in cases:
        links = linked((1, "c1", "t1", nothing | base_c, nothing | base_t))
        records = {
            "customerp": snapshot({"_id": "c1"} | nothing | c).frame,
            "trello": snapshot({"_id": "t1"} | nothing | t).frame,
        }
        assert display_keys(links, records, mapping()).tolist() == [key]


def test_every_link_has_a_key_of_its_own():
    nothing = dict.fromkeys(NAMES)
    links = linked((1, "c1", "t1", BASE, BASE), (2, "c2", "t2", nothing, nothing), (3, "c3", "t3", BASE, BASE))
    c = snapshot(record("c1", name="A"), record("c2", name=""), record("c3", name=""))
    keys = align(seen(c, snapshot(record("t3", name="C")), links), mapping()).links["key"]
    assert keys.tolist() == ["A", "c2", "C"]
    assert keys.dtype == "str"


def test_a_snapshot_without_rows_has_the_canonical_columns():
    empty = Snapshot(make_frame([], NAMES), True)
    assert seen(empty)["customerp"].records(mapping())["_id"].tolist() == ["c1", "c2"]


def test_some_links_of_both_sides_are_still_of_this_pair():
    sides = seen(snapshot(record("c1"), record("c2")))
    assert {name: one.where(np.array([False, True])).side for name, one in sides.items()} == {
        name: name for name in sides
    }
    aligned = align(sides, mapping())
    assert aligned.filled == {"name"}
    some = aligned.where(pd.Series([False, True]))
    assert (some.filled, some.links["link"].tolist()) == ({"name"}, [2])
