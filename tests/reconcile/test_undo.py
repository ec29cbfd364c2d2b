"""The plan that takes a run back, where that is still possible."""

import pandas as pd
from test_reconcile import BASE, linked, mapping, record, run, snapshot

from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.undo import undo

COLUMNS = ("side", "operation", "link", "customerp_id", "trello_id", "property", "before", "after")


def written(*rows):
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({c: "str" for c in COLUMNS if c != "link"}).astype({"link": "Int64"})


def planned(c, t, rows, links=None, m=None):
    links = linked((1, "c1", "t1", BASE, BASE)) if links is None else links
    return undo(m or mapping(), snapshot(*c), snapshot(*t), Past(links=links), written(*rows))


def undone(c, t, rows, links=None, m=None):
    plan = planned(c, t, rows, links, m)
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
    answer = pd.DataFrame(
        {
            "link": [1],
            "property": ["note"],
            "answer": ["trello"],
            "reason": ["undone"],
            "customerp": ["ERP"],
            "trello": ["before"],
        }
    )
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


def test_a_row_tells_the_link_its_key_and_why_something_is_kept():
    there = [record("t1", name="Acme AG")]
    columns = ["link", "side", "operation", "customerp_id", "trello_id", "key", "detail"]
    put_back = planned([record("c1", name="Acme AG")], there, [RENAMED])
    assert put_back[columns].values.tolist() == [[1, "trello", "update", "c1", "t1", "Acme", ""]]
    kept = planned([record("c1")], [record("t1", name="Mine")], [RENAMED])
    assert kept[["customerp", "trello"]].values.tolist() == [["Acme", "Mine"]], "what the two show now"
    assert kept[columns].values.tolist() == [
        [1, "trello", "kept", "c1", "t1", "Acme", "it does not show the run's value any more"]
    ]
    made = planned([record("c1")], there, [("trello", "create", 1, "c1", "t1", "name", None, "x")])
    assert made[columns].values.tolist() == [
        [1, "", "unlink", "c1", "t1", "Acme", "the record that was created stays; it only loses its link"]
    ]
    unlinked = planned([record("c1")], there, [RENAMED], linked())
    assert unlinked[columns].values.tolist() == [
        [1, "trello", "kept", "c1", "t1", "c1", "the record is not linked any more"]
    ]


def test_a_link_is_shown_by_the_first_key_that_a_base_has():
    empty = dict.fromkeys(BASE, "")
    links = linked(
        (1, "c1", "t1", BASE, BASE | {"name": "Trello's"}),
        (2, "c2", "t2", empty | {"name": "Two"}, empty | {"website": "https://two.example"}),
        (3, "c3", "t3", empty, dict.fromkeys(BASE)),
    )
    rows = [("trello", "update", n, f"c{n}", f"t{n}", "note", "old", "new") for n in (1, 2, 3)]
    c = [record(f"c{n}", note="new") for n in (1, 2, 3)]
    plan = planned(c, [record(f"t{n}", note="new") for n in (1, 2, 3)], rows, links)
    assert plan.sort_values("link")["key"].tolist() == ["Acme", "https://two.example", "c3"]


def test_an_undo_can_be_undone_and_a_restored_record_stays():
    back = ("trello", "undo", 1, "c1", "t1", "name", "Acme AG", "Acme")
    assert undone([record("c1")], [record("t1")], [back]) == [("trello", "update", "name", "Acme AG", "undo")]
    restored = [("customerp", "restore", 1, "c1", "t1", "", None, None)]
    assert undone([record("c1")], [record("t1")], restored) == [("customerp", "kept", "", "?", "irreversible")]


def test_what_was_created_without_a_link_costs_nobody_elses():
    assert undone([record("c1")], [record("t1")], [("customerp", "create", None, "c9", "", "name", None, "x")]) == []


def test_only_the_property_that_is_locked_is_kept():
    there = record("t1", name="Acme AG")
    assert undone([record("c1")], [there | {"_readonly": "name"}], [RENAMED])[0][4] == "edited_since"
    assert undone([record("c1")], [there | {"_readonly": "surname,name_2"}], [RENAMED])[0][1] == "update"


def test_only_a_member_of_trello_is_invited():
    """A comment may have a line of that name, and the ERP's own field sends no invitation."""
    rows = [("trello", "update", 1, "c1", "t1", "note", "none", "active")]
    for entity, title, side in (
        ("action", "customer", "trello"),
        ("action", "membership", "trello"),
        ("member", "customer", "customerp"),
        ("member", "membership", "customerp"),
    ):
        m = mapping()
        props = [p.model_copy(update={"trello": title}) if p.name == "note" else p for p in m.properties]
        trello = m.trello.model_copy(update={"entity": entity})
        m = m.model_copy(update={"properties": tuple(props), "trello": trello})
        row = (side, *rows[0][1:])
        assert undone([record("c1", note="active")], [record("t1", note="active")], [row], m=m) == [
            (side, "update", "note", "none", "undo")
        ]
