"""The truth table of one property: both values, both bases, and what the mapping and the record allow."""

import pandas as pd
import pytest
from test_reconcile import BASE, linked, mapping, record, run, snapshot

from customerp_trello.reconcile.aligned import align, look
from customerp_trello.reconcile.compare import edited
from customerp_trello.state.database import to_json

ONE_WAY = {"direction": "to_trello"}
BACK = {"direction": "to_customerp"}


def told(c, t, base_c="b", base_t="b", m=None, mark="{}", name="note", c_meta=(), t_meta=(), **past):
    """What is planned for one property: "side operation before>after cause [winner] [detail]", ? for unknown."""
    base = BASE | {name: base_c}, BASE | {name: base_t}
    links = linked((1, "c1", "t1", *base, {"marks": mark}))
    plan = run(
        [record("c1", **{name: c}, **dict(c_meta))], [record("t1", **{name: t}, **dict(t_meta))], links,
        mapping(**{name: m}) if m else mapping(), **past,
    )  # fmt: skip
    assert set(plan["property"]) <= {name}
    assert plan["customerp"].fillna("?").tolist() == [c if c is not None else "?"] * len(plan)
    assert plan["trello"].fillna("?").tolist() == [t if t is not None else "?"] * len(plan)
    rows = plan.fillna({"before": "?", "after": "?"})
    return [
        " ".join(
            word
            for word in (
                row.side or "-",
                row.operation,
                f"{row.before}>{row.after}" if row.side else "",
                row.cause,
                f"[{row.winner}]" if row.operation == "conflict" else "",
                row.detail,
            )
            if word
        )
        for row in rows.itertuples()
    ]


def asked(answer="", reason="undone", name="note", about=("x", "y")):
    row = {"link": 1, "property": name, "answer": answer, "reason": reason, "customerp": about[0], "trello": about[1]}
    return {"manual": pd.DataFrame([row])}


# --- both ways

BOTH_WAYS = [
    # customerp, trello, base of each, plan
    ("b", "b", "b", "b", []),
    ("x", "b", "b", "b", ["trello update b>x edited_in_customerp"]),
    ("b", "x", "b", "b", ["customerp update b>x edited_in_trello"]),
    ("", "b", "b", "b", ["trello update b> edited_in_customerp"]),
    ("x", "x", "b", "b", ["- adopt equal"]),
    ("", "", "b", "b", ["- adopt equal"]),
    # each side differs from its own base or not: what Trello made of our value is no edit
    ("b", "B", "b", "B", []),
    ("x", "B", "b", "B", ["trello update B>x edited_in_customerp"]),
    ("b", "y", "b", "B", ["customerp update b>y edited_in_trello"]),
    ("B", "B", "b", "B", ["- adopt equal"]),
    # unknown is no change and is never written
    (None, "b", "b", "b", []),
    (None, "x", "b", "b", ["customerp update ?>x edited_in_trello"]),
    ("x", None, "b", "b", ["trello update ?>x edited_in_customerp"]),
    (None, None, "b", "b", []),
    # no base yet
    ("b", "b", None, None, ["- adopt equal"]),
    ("", "", None, None, ["- adopt equal"]),
    ("x", "", None, None, ["trello update >x first_link_fill"]),
    ("", "x", None, None, ["customerp update >x first_link_fill"]),
    ("x", "y", None, None, ["trello update y>x first_link", "- conflict first_link [customerp]"]),
    # a base on one side only is none
    ("x", "x", "b", None, ["- adopt equal"]),
    ("x", "y", "b", None, ["trello update y>x first_link", "- conflict first_link [customerp]"]),
    ("x", "y", None, "b", ["trello update y>x first_link", "- conflict first_link [customerp]"]),
    # a line that the other side never had
    ("x", None, None, None, ["trello update ?>x first_link_fill"]),
    (None, "x", None, None, ["customerp update ?>x first_link_fill"]),
    ("", None, None, None, []),
    ("x", None, None, "b", []),
    ("x", None, "b", None, []),
]


@pytest.mark.parametrize(("c", "t", "base_c", "base_t", "plan"), BOTH_WAYS)
def test_a_two_way_property(c, t, base_c, base_t, plan):
    assert told(c, t, base_c, base_t) == plan


TO_TRELLO = [
    ("x", "b", "b", "b", ["trello update b>x edited_in_customerp"]),
    ("b", "x", "b", "b", ["trello update x>b put_back"]),
    ("", "x", "", "b", ["trello update x> put_back"]),
    ("x", "y", "b", "b", ["trello update y>x edited_in_customerp"]),
    ("x", "x", "b", "b", ["- adopt equal"]),
    (None, "x", "b", "b", []),
    ("x", "", None, None, ["trello update >x first_link_fill"]),
    ("", "x", None, None, ["trello update x> put_back"]),
    ("x", "y", None, None, ["trello update y>x first_link"]),
    ("x", None, None, None, ["trello update ?>x first_link_fill"]),
    (None, "x", None, None, []),
]


@pytest.mark.parametrize(("c", "t", "base_c", "base_t", "plan"), TO_TRELLO)
def test_a_property_that_flows_to_trello_and_its_mirror(c, t, base_c, base_t, plan):
    assert told(c, t, base_c, base_t, ONE_WAY) == plan
    swap = {"trello": "customerp", "edited_in_customerp": "edited_in_trello"}
    mirrored = [" ".join(swap.get(word, word) for word in line.split(" ")) for line in plan]
    assert told(t, c, base_t, base_c, BACK) == mirrored


def test_an_edit_on_the_receiving_side_may_be_left_and_is_reported_once():
    left = {**ONE_WAY, "put_back": False}
    assert told("b", "x", m=left) == ["- adopt not_put_back"]
    assert told("b", "x", base_t="x", m=left) == []
    assert told("x", "y", m=left) == ["trello update y>x edited_in_customerp"]


def test_what_is_given_once_is_never_written_and_a_new_one_of_the_erp_is_noted():
    assert told("b", "y", name="number") == []
    assert told("x", "y", name="number") == ["- adopt noted"]
    assert told("x", "y", None, None, name="number") == ["- adopt noted"]
    assert told("x", "y", "x", "y", name="number") == told("", "y", None, None, name="number") == []
    assert told(None, "y", name="number") == []


def test_a_key_that_trello_never_shows_is_noted_since_an_unlisted_record_is_what_its_base_says():
    theirs = {"name": "website", "t_meta": {"_readonly": "website", "_readonly_reason": "its owner's"}.items()}
    assert told("x", None, None, None, **theirs) == ["- adopt noted"]
    assert told("x", None, "x", None, **theirs) == told("", None, None, None, **theirs) == []
    assert told("", None, "x", None, **theirs) == told("y", None, "x", None, **theirs) == ["- adopt noted"]
    assert told("y", None, "x", "x", **theirs) == ["trello not_writable ?>y edited_in_customerp its owner's"]
    assert told("x", None, None, None) == ["trello update ?>x first_link_fill"], "no key, and Trello takes it"
    for base in (None, "x"):
        assert told("x", None, base, None, name="website") == ["trello update ?>x first_link_fill"]


def test_capitals_do_not_count_where_the_mapping_says_so():
    folded = {"ignore_case": True}
    assert told("STRASSE", "b", "Straße", "b", folded) == []
    assert told("X", "x", "b", "b", folded) == ["- adopt equal"]
    assert told("X", "x", None, None, folded) == ["- adopt equal"]
    assert told("X", "x", "b", "b") == [
        "trello update x>X latest_tie_by_estimate",
        "- conflict latest_tie_by_estimate [customerp]",
    ]


# --- who wins the first comparison


@pytest.mark.parametrize(
    ("setting", "plan"),
    [
        ("customerp", ["trello update y>x first_link", "- conflict first_link [customerp]"]),
        ("trello", ["customerp update x>y first_link", "- conflict first_link [trello]"]),
        ("manual", ["- conflict first_link []"]),
    ],
)
def test_the_first_comparison_is_settled_by_the_propertys_setting_or_the_pairs(setting, plan):
    assert told("x", "y", None, None, {"on_first_link": setting}) == plan
    assert told("x", "y", None, None, {"on_first_link": setting}, name="website") == plan, "of a key as well"
    links = linked((1, "c1", "t1", BASE | {"note": None}, BASE | {"note": None}))
    whole = run([record("c1", note="x")], [record("t1", note="y")], links, mapping(on_first_link=setting))
    assert set(whole["operation"]) == {line.split()[1] for line in plan}
    assert set(whole.loc[whole["operation"] == "conflict", "winner"]) == {"" if setting == "manual" else setting}


@pytest.mark.parametrize("direction", [ONE_WAY, BACK])
def test_the_first_comparison_of_a_one_way_property_is_won_by_its_source(direction):
    for setting in ("customerp", "trello"):
        plan = told("x", "y", None, None, {**direction, "on_first_link": setting})
        target = "trello" if direction is ONE_WAY else "customerp"
        assert [line.split()[:2] for line in plan] == [[target, "update"]]


# --- what the target cannot take

WIDE = {"max_length": 3}
REQUIRED = {"required": True}


def locked(names="note", reason="a profile is its owner's"):
    return {"_readonly": names, "_readonly_reason": reason}


@pytest.mark.parametrize(
    ("value", "settings", "meta", "why"),
    [
        ("xxx", WIDE, {}, ""),
        ("xxxx", WIDE, {}, "longer than 3 characters"),
        ("", REQUIRED, {}, "required there, empty here"),
        ("x", REQUIRED, {}, ""),
        ("x", {}, locked(), "a profile is its owner's"),
        ("x", {}, locked(reason=""), "read-only"),
        ("x", {}, locked("name,note,website"), "a profile is its owner's"),
        ("x", {}, locked("notes,a note"), ""),
        ("xxxx", WIDE, locked(), "a profile is its owner's"),
        ("", {**REQUIRED, **WIDE}, locked(reason=""), "read-only"),
    ],
)
def test_what_the_target_cannot_take_is_said_and_not_written(value, settings, meta, why):
    line = f"not_writable b>{value} edited_in" if why else f"update b>{value} edited_in"
    tail = f" {why}" if why else ""
    assert told(value, "b", m=settings, t_meta=meta) == [f"trello {line}_customerp{tail}"]
    assert told("b", value, m=settings, c_meta=meta) == [f"customerp {line}_trello{tail}"]


def test_a_lock_on_the_source_locks_nothing():
    assert told("x", "b", c_meta=locked()) == ["trello update b>x edited_in_customerp"]


def test_what_cannot_be_put_back_is_said():
    assert told("b", "x", m=ONE_WAY, t_meta=locked()) == ["trello not_writable x>b put_back a profile is its owner's"]
    assert told("", "x", base_c="", m={**ONE_WAY, **REQUIRED}) == [
        "trello not_writable x> put_back required there, empty here"
    ]


def test_a_line_that_the_target_never_had_and_cannot_take_is_no_news():
    assert told("xxxx", None, None, None, WIDE) == []
    assert told("xxx", None, None, None, WIDE) == ["trello update ?>xxx first_link_fill"]
    assert told("x", None, None, None, BACK) == []
    assert told("x", None, None, None, {**BACK, "put_back": False}) == []


# --- standing marks

MARK = '{"name": "normalised", "note": "not_writable:trello"}'


def test_a_standing_mark_is_lifted_when_the_target_can_take_it():
    assert told("x", "b", base_c="x", mark=MARK) == ["trello update b>x writable_again"]
    assert told("x", "b", base_c="x", mark=MARK, t_meta=locked()) == []
    assert told("b", "x", base_t="x", mark='{"note": "not_writable:customerp"}') == [
        "customerp update b>x writable_again"
    ]


def test_a_mark_is_known_as_the_database_writes_it():
    mark = to_json({"name": "normalised", "note": "not_writable:trello"})
    assert told("x", "b", base_c="x", mark=mark) == ["trello update b>x writable_again"]


def test_only_this_mark_of_this_property_and_side_counts():
    for mark in (
        '{"note": "normalised"}',
        '{"name": "not_writable:trello"}',
        '{"a note": "not_writable:trello"}',
        "{}",
    ):
        assert told("x", "b", base_c="x", mark=mark) == []
    assert told("b", "b", mark=MARK) == []
    assert told(None, "b", base_c="x", mark=MARK) == []
    assert told("x", None, base_c="x", mark=MARK) == []


def test_a_marked_property_that_is_edited_is_decided_by_the_edit():
    assert told("y", "b", base_c="x", mark=MARK) == ["trello update b>y edited_in_customerp"]
    assert told("x", "y", base_c="x", mark=MARK) == ["customerp update x>y edited_in_trello"]
    assert told("x", "x", base_c="x", base_t="b", mark=MARK) == ["- adopt equal"]


# --- a person was asked


def test_an_open_question_keeps_both_sides_as_they_are():
    waits = ["- conflict undone []"]
    assert told("x", "b", **asked()) == waits
    assert told("b", "x", **asked()) == waits
    assert told("x", "y", **asked()) == waits
    assert told("x", "b", base_c="x", **asked()) == waits  # nothing was edited, they only differ


def test_a_question_that_both_sides_answer_alike_is_none():
    assert told("x", "x", **asked()) == ["- adopt equal"]
    assert told("b", "b", **asked()) == ["- adopt equal"], "as before the question: that is an answer as well"


@pytest.mark.parametrize(("answer", "line"), [("customerp", "trello update y>x"), ("trello", "customerp update x>y")])
def test_an_answer_is_written_whoever_edited_last(answer, line):
    assert told("x", "y", **asked(answer)) == [f"{line} answered", f"- conflict answered [{answer}]"]
    assert told("x", "y", "x", "y", **asked(answer)) == [f"{line} answered"]
    assert told("b", "b", **asked(answer)) == ["- adopt equal"]


@pytest.mark.parametrize("answer", ["customerp", "trello"])
def test_an_answer_about_other_values_is_void_and_the_question_is_asked_again(answer):
    again = ["- conflict undone []"]
    assert told("z", "y", "x", "y", **asked(answer)) == again
    assert told("x", "z", "x", "y", **asked(answer)) == again
    assert told("x", "y", "x", "y", **asked(answer, about=("x", "z"))) == again
    assert told("x", "y", "x", "y", **asked(answer, about=(None, "y"))) == again, "nobody saw the one value"
    assert told("z", "z", "x", "y", **asked(answer)) == ["- adopt equal"]


def test_an_answer_outlasts_a_value_that_cannot_be_seen_for_once():
    assert told(None, "y", "x", "y", **asked("trello")) == ["customerp update ?>y answered"]


@pytest.mark.parametrize("base", [("b", "b"), ("x", "y"), (None, None)])
def test_an_answer_for_a_value_that_nobody_sees_waits_until_it_is_there(base):
    """It would be an empty write: put off in each run, and an amendment of the same record with it."""
    assert told("x", None, *base, **asked("trello", about=("x", None))) == []
    assert told("x", None, *base, ONE_WAY, **asked("trello", about=("x", None))) == []
    assert told(None, "y", *base, **asked("customerp", about=(None, "y"))) == []
    assert told(None, "y", *base, BACK, **asked("customerp", about=(None, "y"))) == []
    assert told("x", None, *base, **asked("customerp", about=("x", None))) == ["trello update ?>x answered"]


def test_an_answer_for_the_receiving_side_of_a_one_way_property_lets_its_value_stand():
    assert told("b", "x", m=ONE_WAY, **asked("trello", about=("b", "x"))) == ["- adopt answered"]
    assert told("x", "b", m=BACK, **asked("customerp", about=("x", "b"))) == ["- adopt answered"]
    assert told("x", "y", "x", "y", ONE_WAY, **asked("trello")) == ["- adopt answered"]


def test_a_question_about_another_property_or_record_keeps_nothing():
    links = linked((1, "c1", "t1", BASE | {"note": "b"}, BASE | {"note": "b"}))
    plan = run([record("c1", note="x")], [record("t1", note="b")], links, mapping(), **asked(name="name"))
    assert set(zip(plan["property"], plan["operation"], strict=True)) == {("note", "update"), ("name", "adopt")}
    other = asked()
    other["manual"] = other["manual"].assign(link=7)
    assert told("x", "b", **other) == ["trello update b>x edited_in_customerp"]


# --- an edit that stands against a deletion


def test_only_an_edit_that_may_travel_counts_as_one():
    m = mapping(website={"direction": "to_customerp"})
    links = linked(*[(n, f"c{n}", f"t{n}", BASE, BASE) for n in (1, 2, 3)])
    c = snapshot(record("c1", name="Acme AG"), record("c2", number="8"), record("c3", website="https://x.example"))
    t = snapshot(record("t1"), record("t2", number="8"), record("t3", website="https://y.example"))
    both = align(look(links, {"customerp": c, "trello": t}), m)
    assert edited(both, m, "customerp").tolist() == [True, False, False]
    assert edited(both, m, "trello").tolist() == [False, False, True]


# --- many at once


def test_every_record_is_decided_by_its_own_row():
    bases = [BASE | {"note": "b"}] * 5
    links = linked(*[(n + 1, f"c{n}", f"t{n}", base, base) for n, base in enumerate(bases)])
    c = [record(f"c{n}", note=value) for n, value in enumerate("bxbxx")]
    t = [record(f"t{n}", note=value, _by=f"by{n}") for n, value in enumerate("bbyyx")]
    plan = run(c, t, links, mapping(note={"conflict": "trello"}))
    assert [
        (r.link, r.side, r.operation, r.winner, r.actor) for r in plan.sort_values(["link", "side"]).itertuples()
    ] == [
        (2, "trello", "update", "", ""),
        (3, "customerp", "update", "", "by2"),
        (4, "", "conflict", "trello", ""),
        (4, "customerp", "update", "", "by3"),
        (5, "", "adopt", "", ""),
    ]


def rows(plan):
    return [(r.link, r.side, r.operation, r.cause, r.detail) for r in plan.sort_values(["link", "side"]).itertuples()]


def many(c, t, m, locks=(), **past):
    """The plan for so many records, "b" being the base of each; *locks* are the records of Trello that are locked."""
    base = BASE | {"note": "b"}
    links = linked(*[(n, f"c{n}", f"t{n}", base, base) for n in range(1, len(c) + 1)])
    left = [record(f"c{n}", note=value) for n, value in enumerate(c, 1)]
    right = [record(f"t{n}", note=value, **(locked() if n in locks else {})) for n, value in enumerate(t, 1)]
    return rows(run(left, right, links, mapping(note=m), **past))


OWNER = "a profile is its owner's"


def test_each_record_has_its_own_lock():
    assert many("bxxx", "bbbx", {}, locks=(3,)) == [
        (2, "trello", "update", "edited_in_customerp", ""),
        (3, "trello", "not_writable", "edited_in_customerp", OWNER),
        (4, "", "adopt", "equal", ""),
    ]


def test_each_record_is_put_back_or_left_by_itself():
    assert many("bbbx", "bxxx", ONE_WAY, locks=(3,)) == [
        (2, "trello", "update", "put_back", ""),
        (3, "trello", "not_writable", "put_back", OWNER),
        (4, "", "adopt", "equal", ""),
    ]
    assert many("bbx", "bxx", {**ONE_WAY, "put_back": False}) == [
        (2, "", "adopt", "not_put_back", ""),
        (3, "", "adopt", "equal", ""),
    ]


def test_a_question_about_one_record_leaves_the_others_alone():
    question = asked()
    question["manual"] = question["manual"].assign(link=2)
    for setting in ({}, ONE_WAY):
        assert many("xxx", "bbb", setting, **question) == [
            (1, "trello", "update", "edited_in_customerp", ""),
            (2, "", "conflict", "undone", ""),
            (3, "trello", "update", "edited_in_customerp", ""),
        ]


def test_a_question_about_one_record_lets_what_is_equal_on_others_be_adopted():
    question = asked()
    question["manual"] = question["manual"].assign(link=2)
    assert many("xx", "xb", {}, **question) == [(1, "", "adopt", "equal", ""), (2, "", "conflict", "undone", "")]


def test_every_property_of_a_record_is_compared():
    plan = run([record("c1", name="Acme AG", note="x")], [record("t1")], linked((1, "c1", "t1", BASE, BASE)))
    assert plan[["operation", "property", "after"]].values.tolist() == [
        ["update", "name", "Acme AG"],
        ["update", "note", "x"],
    ]


def test_a_write_takes_a_place_where_the_target_says_so_of_that_very_property():
    taking = {1: "note", 2: "notes,a note", 3: "name,note,website", 4: "", 5: "note"}
    base = BASE | {"note": "b"}
    links = linked(*[(n, f"c{n}", f"t{n}", base, base) for n in taking])
    left = [record(f"c{n}", note="x", _scope="roomy" if n == 3 else "") for n in taking]
    right = snapshot(
        *[record(f"t{n}", note="b", _takes_place=names) for n, names in taking.items()], capacity={"": 1, "roomy": 1}
    )
    assert [line[:4] for line in rows(run(left, right, links))] == [
        (1, "trello", "update", "edited_in_customerp"),
        (2, "trello", "update", "edited_in_customerp"),
        (3, "trello", "update", "edited_in_customerp"),
        (4, "trello", "update", "edited_in_customerp"),
        (5, "trello", "not_writable", "cap"),
    ]


def test_what_is_never_empty_in_trello_may_be_empty_in_customerp():
    texts, name = {"base_c": "Acme", "base_t": "Acme"}, {"name": "name", "m": {"required": False}}
    assert told("", "Acme", **texts, **name) == [
        "trello not_writable Acme> edited_in_customerp required there, empty here"
    ]
    assert told("Acme", "", **texts, **name) == ["customerp update Acme> edited_in_trello"]
