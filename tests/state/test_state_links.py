"""Links stay one to one; a base moves for the named properties and for no other."""

import json
import uuid

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from customerp_trello.errors import RecordError, RecordMissing
from customerp_trello.state import conflicts, tombstones
from customerp_trello.state.bases import Settlement, iterate_links, load_links, settle, settle_many
from customerp_trello.state.links import (
    NewLink,
    add_link,
    add_links,
    count_links,
    find_link,
    link_ids,
    relink,
    resume,
    suspend,
    unlink,
)

PROPERTIES = ["name", "website", "phone"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
VALUES = st.dictionaries(st.sampled_from(PROPERTIES), TEXT)
MARKS = st.dictionaries(st.sampled_from(PROPERTIES), st.none() | st.sampled_from(["normalised", "not_writable: cap"]))
LAW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def frame_of(store, pair, **ids):
    with store.read() as tx:
        return load_links(tx, pair, PROPERTIES, **ids)


def base(frame, place=0):
    row = frame.iloc[place]
    return {
        side: {name: row[f"{side}.{name}"] for name in PROPERTIES if pd.notna(row[f"{side}.{name}"])} for side in "ct"
    }


def test_a_link_comes_back_as_it_was_added(store):
    new = NewLink("c1", "t1", {"name": "Ærø\nA/S", "website": ""}, {"name": "Ærø"}, {"name": "normalised"}, "v1", "v2")
    with store.begin() as tx:
        number = add_link(tx, "pair", new, run="r")
        add_link(tx, "another", new, run="r")
    frame = frame_of(store, "pair")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "link": "int64",
        **dict.fromkeys(
            ["customerp_id", "trello_id", "status", "reason", "away", "written_customerp", "written_trello"], "str"
        ),
        "marks": "str",
        **{f"{side}.{name}": "str" for side in "ct" for name in PROPERTIES},
    }
    row = frame.iloc[0]
    assert (row["link"], row["customerp_id"], row["trello_id"], row["status"]) == (number, "c1", "t1", "linked")
    assert (row["written_customerp"], row["written_trello"]) == ("v1", "v2")
    assert json.loads(row["marks"]) == {"name": "normalised"}
    assert base(frame) == {"c": {"name": "Ærø\nA/S", "website": ""}, "t": {"name": "Ærø"}}


@pytest.mark.parametrize("ids", [{}, {"customerp_ids": []}, {"customerp_ids": ["c"], "trello_ids": []}])
def test_without_links_the_frame_has_the_same_columns(store, ids):
    filled = store
    with filled.begin() as tx:
        add_link(tx, "pair", NewLink("c1", "t1"), run="r")
    kinds = frame_of(store, "pair").dtypes
    assert frame_of(store, "pair", **ids).iloc[:0].dtypes.equals(kinds)
    assert frame_of(store, "empty").dtypes.equals(kinds)


@LAW
@given(first=st.tuples(VALUES, VALUES, MARKS), then=st.lists(st.tuples(VALUES, VALUES, MARKS), max_size=4))
def test_a_base_moves_for_the_named_properties_only(store, first, then):
    pair = uuid.uuid4().hex
    with store.begin() as tx:
        marks = {name: cause for name, cause in first[2].items() if cause}
        number = add_link(tx, pair, NewLink("c", "t", first[0], first[1], marks), run="r")
        add_link(tx, pair, NewLink("other c", "other t", first[0], first[1]), run="r")
        settle_many(tx, [Settlement(number, *step) for step in then], run="r2")
    wanted = [dict(part) for part in first]
    for step in then:
        for part, moved in zip(wanted, step, strict=True):
            part.update(moved)
    frame = frame_of(store, pair)
    assert base(frame) == {"c": wanted[0], "t": wanted[1]}
    assert json.loads(frame.loc[0, "marks"]) == {name: cause for name, cause in wanted[2].items() if cause}
    assert base(frame, 1) == {"c": first[0], "t": first[1]}, "another link never moves"


IDS = st.sampled_from("abcd")
STEPS = st.one_of(
    st.tuples(st.just("add"), IDS, IDS),
    st.tuples(st.just("relink"), st.sampled_from(["customerp", "trello"]), IDS, st.integers(0, 3)),
    st.tuples(st.just("unlink"), st.integers(0, 3)),
)


@LAW
@given(steps=st.lists(STEPS, max_size=12))
def test_no_id_is_ever_in_two_links(store, steps):
    pair = uuid.uuid4().hex
    model = {}
    for what, *given_ in steps:
        with store.begin() as tx:
            chosen = sorted(model)[given_[-1] % len(model)] if what != "add" and model else None
            if what == "add":
                taken = any(given_[0] == ours or given_[1] == theirs for ours, theirs in model.values())
                if taken:
                    with pytest.raises(RecordError):
                        add_link(tx, pair, NewLink(*given_), run="r")
                else:
                    model[add_link(tx, pair, NewLink(*given_), run="r")] = tuple(given_)
            elif chosen is None:
                continue
            elif what == "relink":
                place = ["customerp", "trello"].index(given_[0])
                taken = any(ids[place] == given_[1] for number, ids in model.items() if number != chosen)
                if taken:
                    with pytest.raises(RecordError):
                        relink(tx, chosen, given_[0], given_[1], run="r")
                else:
                    relink(tx, chosen, given_[0], given_[1], run="r")
                    changed = list(model[chosen])
                    changed[place] = given_[1]
                    model[chosen] = tuple(changed)
            else:
                assert unlink(tx, [chosen]) == 1
                del model[chosen]
    with store.read() as tx:
        frame = link_ids(tx, pair)
    assert {row.link: (row.customerp_id, row.trello_id) for row in frame.itertuples()} == model
    assert frame["customerp_id"].is_unique
    assert frame["trello_id"].is_unique


def test_a_batch_is_added_whole_or_not_at_all(store):
    def add(*new):
        with store.begin() as tx:
            add_links(tx, "pair", new, run="r")

    add(NewLink("c1", "t1"))
    with pytest.raises(RecordError, match="cannot link trello_id t1"):
        add(NewLink("c2", "t2"), NewLink("c3", "t1"))
    with pytest.raises(RecordError, match="twice"):
        add(NewLink("c2", "t2"), NewLink("c2", "t3"))
    assert frame_of(store, "pair")["customerp_id"].tolist() == ["c1"]


def test_thousands_in_one_transaction_and_only_differences_are_written(store, written):
    new = [NewLink(f"c{place}", f"t{place}", {"name": f"n{place}"}, {"name": f"n{place}"}) for place in range(6_000)]
    with store.begin() as tx:
        numbers = add_links(tx, "pair", new, run="r")
    frame = frame_of(store, "pair")
    assert frame["link"].tolist() == numbers
    assert (frame["customerp_id"] == "c" + frame["c.name"].str[1:]).all(), "ids and rows are in the order given"

    same = [Settlement(number, {"name": f"n{place}"}, {"name": f"n{place}"}) for place, number in enumerate(numbers)]
    written.clear()
    with store.begin() as tx:
        assert settle_many(tx, same, run="r2") == 0
        assert settle_many(tx, [*same, Settlement(numbers[7], {"name": "new"}, written_trello="v")], run="r2") == 1
    assert len(written) == 1
    assert base(frame_of(store, "pair", customerp_ids=["c7"])) == {"c": {"name": "new"}, "t": {"name": "n7"}}


def test_rows_that_nothing_is_said_about_are_neither_read_nor_written(store):
    with store.begin() as tx:
        numbers = add_links(tx, "pair", [NewLink(f"c{n}", f"t{n}", {"name": "n"}) for n in range(99)], run="r")
    asked = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        if "link" in statement:
            rows = parameters if isinstance(parameters, list) else [parameters]
            values = [tuple(row.values() if isinstance(row, dict) else row) for row in rows]
            asked.append((statement.split()[0], values))

    event.listen(store.engine, "before_cursor_execute", note)
    with store.begin() as tx:
        moved = [Settlement(numbers[7], {"name": "new"}), Settlement(numbers[8], {"name": "n"})]
        assert settle_many(tx, moved, run="r2") == 1
    (read, ids), (written, changed) = asked
    assert (read, ids) == ("SELECT", [(numbers[7], numbers[8])])
    assert (written, [row[-1] for row in changed]) == ("UPDATE", [numbers[7]])
    asked.clear()
    with store.read() as tx:
        assert load_links(tx, "pair", ["name"], customerp_ids=["c7"])["link"].tolist() == [numbers[7]]
    assert asked == [("SELECT", [("pair", "c7")])]


@pytest.mark.parametrize("many", [3, 5_500])
def test_links_are_found_by_either_id(store, many):
    with store.begin() as tx:
        add_links(tx, "pair", [NewLink(f"c{place}", f"t{place}") for place in range(10)], run="r")
    ours = [f"c{place}" for place in range(3)] + [f"nobody{place}" for place in range(many)]
    found = frame_of(store, "pair", customerp_ids=ours, trello_ids=["t2", "t8"])
    assert found["customerp_id"].tolist() == ["c0", "c1", "c2", "c8"]
    assert found.index.tolist() == [0, 1, 2, 3]


def test_a_long_text_is_loaded_whole(store):
    long = 'Ω\n"' * 400_000
    with store.begin() as tx:
        add_links(tx, "pair", [NewLink("c1", "t1", {"name": "short"}), NewLink("c2", "t2", {"name": long})], run="r")
    assert frame_of(store, "pair")["c.name"].tolist() == ["short", long]


def test_a_mark_is_set_and_lifted(store):
    with store.begin() as tx:
        number = add_link(tx, "pair", NewLink("c", "t"), run="r")
        assert settle(tx, number, run="r", marks={"name": "not_writable: profile"})
        assert not settle(tx, number, run="r", marks={"name": "not_writable: profile"})
    assert json.loads(frame_of(store, "pair").loc[0, "marks"]) == {"name": "not_writable: profile"}
    with store.begin() as tx:
        settle(tx, number, run="r", marks={"name": None, "website": None})
    assert frame_of(store, "pair").loc[0, "marks"] == "{}"


def test_unknown_is_never_a_base(store):
    with store.begin() as tx:
        number = add_link(tx, "pair", NewLink("c", "t"), run="r")
        with pytest.raises(TypeError, match="website"):
            settle(tx, number, run="r", customerp={"website": None})


def test_a_link_that_is_gone_cannot_be_settled_or_moved(store):
    with store.begin() as tx:
        with pytest.raises(RecordMissing):
            settle(tx, 99, run="r", customerp={"name": "x"})
        with pytest.raises(RecordMissing):
            relink(tx, 99, "trello", "t9", run="r")


def test_a_link_is_found_by_both_ids(store):
    with store.begin() as tx:
        number = add_link(tx, "pair", NewLink("c", "t"), run="r")
        assert find_link(tx, "pair", "c", "t") == number
        with pytest.raises(RecordMissing, match="not linked"):
            find_link(tx, "another", "c", "t")


def test_numbers_of_links_are_not_used_again(store):
    with store.begin() as tx:
        first = add_link(tx, "pair", NewLink("c", "t"), run="r")
        unlink(tx, [first])
        assert add_link(tx, "pair", NewLink("c", "t"), run="r") > first


def test_suspending_twice_writes_once(store, written):
    with store.begin() as tx:
        number = add_link(tx, "pair", NewLink("c", "t"), run="r")
        assert suspend(tx, [number], "left the scope", away="customerp", run="r") == 1
        assert suspend(tx, [number], "left the scope", away="customerp", run="r") == 0
        assert count_links(tx, "pair") == 1
    row = frame_of(store, "pair").iloc[0]
    assert (row["status"], row["reason"], row["away"]) == ("suspended", "left the scope", "customerp")
    with store.begin() as tx:
        assert resume(tx, [number], run="r") == 1
    row = frame_of(store, "pair").iloc[0]
    assert (row["status"], row["reason"], row["away"]) == ("linked", "", "")


def test_unlinking_settles_what_was_asked_about_the_link(store):
    with store.begin() as tx:
        number = add_link(tx, "pair", NewLink("c", "t"), run="r")
        conflicts.record_conflict(tx, "pair", "r", conflicts.Conflict(number, "name", "b", "b", "x", "y"))
        unlink(tx, [number])
        assert conflicts.conflicts(tx, "pair") == []
        assert [one.reason for one in conflicts.conflicts(tx, "pair", status="settled")] == ["unlinked"]


def test_a_tombstone_stands_until_it_is_lifted(store, clock):
    with store.begin() as tx:
        stone = tombstones.bury(tx, "pair", "trello", "t1", "c1", keys={"name": "Ærø"}, run="r")
        assert tombstones.bury(tx, "pair", "trello", "t1", "c1", keys={"name": "Ærø"}, run="r2") == stone
        frame = tombstones.load_tombstones(tx, "pair")
        assert frame[["side", "deleted_id", "surviving_id", "run"]].values.tolist() == [["trello", "t1", "c1", "r"]]
        assert json.loads(frame.loc[0, "keys"]) == {"name": "Ærø"}
        assert frame.loc[0, "created_at"] == clock()
        assert tombstones.lift(tx, [stone], "lives again") == 1
        assert tombstones.lift(tx, [stone], "again") == 0
        assert tombstones.load_tombstones(tx, "pair").empty
        assert tombstones.load_tombstones(tx, "pair", lifted=True)["lifted_why"].tolist() == ["lives again"]
        assert tombstones.bury(tx, "pair", "trello", "t1", "c1", keys={}, run="r3") > stone


@pytest.mark.parametrize("many", [0, 3, 4, 5])
def test_links_come_in_pieces_as_well(store, many):
    with store.begin() as tx:
        add_links(tx, "another", [NewLink("c", "t")], run="r")
        add_links(tx, "pair", [NewLink(f"c{n}", f"t{n}", {"name": f"n{n}"}) for n in range(many)], run="r")
    with store.read() as tx:
        pieces = list(iterate_links(tx, "pair", PROPERTIES, 2))
    assert [len(piece) for piece in pieces] == {0: [0], 3: [2, 1], 4: [2, 2, 0], 5: [2, 2, 1]}[many]
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), frame_of(store, "pair"))
