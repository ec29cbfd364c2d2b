"""The plan that takes a run back, where that is still possible."""

import pandas as pd
from test_reconcile import BASE, linked, mapping, record, run, snapshot

from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.undo import undo

COLUMNS = ("side", "operation", "link", "customerp_id", "trello_id", "property", "before", "after")


def written(*rows):
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({c: "str" for c in COLUMNS if c != "link"}).astype({"link": "Int64"})


def undone(c, t, rows, links=None):
    links = linked((1, "c1", "t1", BASE, BASE)) if links is None else links
    plan = undo(mapping(), snapshot(*c), snapshot(*t), Past(links=links), written(*rows))
    return sorted(zip(plan["side"], plan["operation"], plan["property"], plan["after"].fillna("?"), plan["cause"],
                      strict=True))  # fmt: skip


RENAMED = ("trello", "update", 1, "c1", "t1", "name", "Acme", "Acme AG")


def test_what_still_stands_is_put_back_with_both_values_beside():
    rows = [RENAMED, ("customerp", "update", 1, "c1", "t1", "note", "old", "new")]
    c, t = [record("c1", name="Acme AG", note="new")], [record("t1", name="Acme AG", note="new")]
    assert undone(c, t, rows) == [
        ("customerp", "update", "note", "old", "undo"),
        ("trello", "update", "name", "Acme", "undo"),
    ]
    plan = undo(mapping(), snapshot(*c), snapshot(*t), Past(links=linked((1, "c1", "t1", BASE, BASE))), written(*rows))
    name = plan[plan["property"] == "name"].iloc[0]
    assert tuple(name[["before", "after", "customerp", "trello"]]) == ("Acme AG", "Acme", "Acme AG", "Acme AG")


def test_what_somebody_edited_since_is_kept_and_named():
    assert undone([record("c1")], [record("t1", name="Mine")], [RENAMED]) == [
        ("trello", "kept", "name", "Acme AG", "edited_since")
    ]


def test_what_cannot_be_read_or_is_not_linked_any_more_is_kept():
    there = record("t1", name="Acme AG")
    assert undone([record("c1", _problem="bad")], [there], [RENAMED])[0][4] == "not_readable"
    assert undone([record("c1")], [there | {"_state": "gone"}], [RENAMED])[0][4] == "not_readable"
    assert undone([record("c1")], [there | {"_readonly": "website,name"}], [RENAMED])[0][4] == "edited_since"
    assert undone([record("c1")], [there], [RENAMED], linked())[0][4] == "not_linked"
    paused = linked((1, "c1", "t1", BASE, BASE, {"status": "suspended"}))
    assert undone([record("c1")], [there], [RENAMED], paused)[0][4] == "not_readable"
    nothing = (*RENAMED[:6], None, "Acme AG")
    assert undone([record("c1")], [there], [nothing])[0][4] == "unknown_before"


def test_a_created_record_loses_its_link_and_a_deleted_one_stays_deleted():
    made = [("trello", "create", 1, "c1", "t1", p, None, "x") for p in ("name", "website")]
    assert undone([record("c1")], [record("t1")], made) == [("", "unlink", "", "?", "undo")]
    first_half = [("customerp", "create", None, "c1", "", "name", None, "x")]
    assert undone([record("c1")], [record("t1")], first_half) == [("", "unlink", "", "?", "undo")]
    gone = [("customerp", "delete", 1, "c1", "t1", "", None, None)]
    assert undone([], [], gone, linked()) == [("customerp", "kept", "", "?", "irreversible")]


def test_only_the_last_write_of_a_property_counts():
    twice = [RENAMED, (*RENAMED[:6], "Acme AG", "Acme SE")]
    assert undone([record("c1")], [record("t1", name="Acme SE")], twice) == [
        ("trello", "update", "name", "Acme AG", "undo")
    ]


def test_records_taken_apart_are_neither_linked_again_nor_copied():
    stones = pd.DataFrame({"side": ["apart"], "deleted_id": ["c1"], "surviving_id": ["t1"]}).astype("str")
    plan = run([record("c1", website="https://a.example"), record("c2", name="Other", website="https://a.example")],
               [record("t1", website="https://a.example")], tombstones=stones)  # fmt: skip
    told = set(zip(plan["customerp_id"], plan["trello_id"], plan["operation"], plan["cause"], strict=True))
    assert told == {
        ("c1", "", "waiting", "apart"),
        ("", "t1", "waiting", "apart"),
        ("c2", "", "waiting", "possible_duplicate"),
    }


def test_an_answer_for_the_side_that_may_not_write_leaves_both_as_they_are():
    m = mapping(note={"direction": "to_trello"})
    answer = pd.DataFrame({"link": [1], "property": ["note"], "answer": ["trello"], "reason": ["undone"]})
    plan = run([record("c1", note="ERP")], [record("t1", note="before")], linked((1, "c1", "t1", BASE, BASE)), m,
               manual=answer)  # fmt: skip
    assert list(zip(plan["operation"], plan["property"], plan["cause"], strict=True)) == [("adopt", "note", "answered")]


def test_an_invitation_is_not_taken_back():
    m = mapping()
    props = [
        p.model_copy(update={"trello": {"note": "membership", "website": "email"}.get(p.name, p.trello)})
        for p in m.properties
    ]
    member = m.trello.model_copy(update={"entity": "member"})
    m = m.model_copy(update={"properties": tuple(props), "trello": member})
    rows = [
        ("trello", "update", 1, "c1", "t1", "note", "none", "active"),
        ("trello", "update", 1, "c1", "t1", "website", "https://a.example", "https://b.example"),
    ]
    now = record("t1", note="active", website="https://b.example")
    plan = undo(m, snapshot(record("c1")), snapshot(now), Past(links=linked((1, "c1", "t1", BASE, BASE))),
                written(*rows))  # fmt: skip
    assert set(zip(plan["operation"], plan["property"], plan["cause"], strict=True)) == {
        ("kept", "note", "invitation"),
        ("kept", "website", "invitation"),
    }
