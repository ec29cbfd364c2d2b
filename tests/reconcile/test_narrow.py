"""Leaving quiet links out before deciding changes no plan."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reconcile import BASE, NAMES, linked, mapping, record, snapshot

from customerp_trello.reconcile import narrow, reconcile
from customerp_trello.reconcile.aligned import look
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import digest

VALUE = st.sampled_from([None, "", "a", "A", "b"])
SIDE = st.fixed_dictionaries(
    dict.fromkeys(NAMES, VALUE)
    | {
        "_state": st.sampled_from(["live"] * 6 + ["gone", "suspended"]),
        "_problem": st.sampled_from([""] * 6 + ["broken"]),
        "_touch": st.sampled_from([""] * 6 + ["amendment:1@2"]),
        "_readonly": st.sampled_from(["", "", "note", "website"]),
        "listed": st.sampled_from([True, True, True, False]),
    }
)
LINK = st.fixed_dictionaries(
    {
        "customerp": SIDE,
        "trello": SIDE,
        "base_c": st.fixed_dictionaries(dict.fromkeys(NAMES, VALUE)),
        "base_t": st.fixed_dictionaries(dict.fromkeys(NAMES, VALUE)),
        "away": st.sampled_from([""] * 5 + ["customerp", "trello"]),
        "marks": st.sampled_from(["{}", "{}", '{"note": "not_writable:trello"}', '{"name": "normalised"}']),
        "asked": st.sampled_from([None] * 5 + ["", "customerp", "trello"]),
        "held": st.sampled_from(["", "", "", "customerp", "trello"]),
        "stray": st.sampled_from(["", "", "", "customerp", "trello"]),
    }
)


def world(links, complete, wish):
    m = mapping(name={"required": False, "ignore_case": wish["fold"]}, note={"direction": wish["direction"]},
                website={"type": "string"})  # fmt: skip
    sides = {}
    for end, side in (("c", "customerp"), ("t", "trello")):
        rows = [
            record(f"{end}{i}", **{k: v for k, v in one[side].items() if k != "listed"})
            for i, one in enumerate(links)
            if one[side]["listed"]
        ]
        # A record without a link that bears the same key: heir of a gone one, or possibly its duplicate.
        rows += [record(f"{end}x{i}", **one[f"base_{end}"]) for i, one in enumerate(links) if one["stray"] == side]
        sides[side] = snapshot(*rows, complete=complete, keys_complete=True)
    table = linked(
        *[
            (
                i + 1,
                f"c{i}",
                f"t{i}",
                one["base_c"],
                one["base_t"],
                {"status": "suspended" if one["away"] else "linked", "away": one["away"], "marks": one["marks"]},
            )
            for i, one in enumerate(links)
        ]
    )
    asked = [
        (i + 1, one["asked"], *(one[side].get("note") for side in ("customerp", "trello")))
        for i, one in enumerate(links)
        if one["asked"] is not None
    ]
    manual = pd.DataFrame(asked, columns=["link", "answer", "customerp", "trello"]).astype({"link": "int64"})
    manual = manual.assign(property="note", reason="manual").astype(
        dict.fromkeys(("property", "answer", "reason", "customerp", "trello"), "str")
    )
    held = [(one["held"], f"{one['held'][0]}{i}", "rests") for i, one in enumerate(links) if one["held"]]
    frame = pd.DataFrame(held, columns=["side", "record_id", "reason"]).astype("str")
    return m, sides["customerp"], sides["trello"], Past(links=table, manual=manual, held=frame)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(LINK, min_size=1, max_size=5),
    st.booleans(),
    st.fixed_dictionaries({"fold": st.booleans(), "direction": st.sampled_from(["both", "to_trello", "to_customerp"])}),
)
def test_the_plan_is_the_same_with_and_without_narrowing(links, complete, wish):
    case = world(links, complete, wish)
    narrowed = reconcile.reconcile(*case)
    whole, reconcile.noteworthy = reconcile.noteworthy, lambda table, *_: np.ones(len(table), dtype=bool)
    try:
        everything = reconcile.reconcile(*case)
    finally:
        reconcile.noteworthy = whole
    assert digest(narrowed) == digest(everything)


def test_a_quiet_link_is_left_out_and_a_changed_one_is_not():
    base = dict.fromkeys(NAMES, "a")
    links = linked((1, "c1", "t1", base, base), (2, "c2", "t2", base, base))
    rows = [record(f"{end}{n}", **base) for end in "c" for n in (1, 2)]
    m, left = mapping(), snapshot(*rows)
    right = snapshot(record("t1", **base), record("t2", **base | {"note": "b"}))
    seen = look(links, {"customerp": left, "trello": right})
    assert narrow.noteworthy(links, seen, Past(links=links), m).tolist() == [False, True]


LINKS = linked(
    (1, "c1", "t1", BASE | {"note": "base c1"}, BASE | {"note": "base t1"}),
    (2, "c2", "t2", BASE | {"note": "base c2"}, BASE | {"note": "base t2"}),
)


def quiet(customerp=None, trello=None, links=None, m=None, **past):
    links = LINKS if links is None else links
    base = {n: {side: f"base {side[0]}{n}" for side in ("customerp", "trello")} for n in (1, 2)}
    c = customerp or snapshot(*[record(f"c{n}", note=base[n]["customerp"]) for n in (1, 2)])
    t = trello or snapshot(*[record(f"t{n}", note=base[n]["trello"]) for n in (1, 2)])
    both = look(links, {"customerp": c, "trello": t})
    return narrow.noteworthy(links, both, Past(links=links, **past), m or mapping()).tolist()


def test_links_of_which_nothing_is_told_are_left_out():
    assert quiet() == [False, False]
    assert quiet(customerp=snapshot(complete=False)) == [False, False]
    assert quiet(customerp=snapshot(record("c1", note=None), record("c2", note="base c2"))) == [False, False]  # unknown
    silent = snapshot(complete=False, unread=["c2", "c9"])
    assert quiet(customerp=silent) == [False, True], "asked for, and not to be read"


def lacking(name, m=None, **trello):
    """Which of two links are looked at, if Trello never showed a property of the second one's."""
    links = LINKS.assign(**{f"c.{name}": ["", "given"], f"t.{name}": ["", None]})
    c = snapshot(record("c1", **{"note": "base c1", name: ""}), record("c2", **{"note": "base c2", name: "given"}))
    rows = [record("t1", **{"note": "base t1", name: ""}), record("t2", **{"note": "base t2", name: None}, **trello)]
    return quiet(c, snapshot(*rows), links, m)


def test_a_key_that_trello_never_showed_and_can_be_given_makes_a_link_noteworthy():
    assert lacking("website") == [False, True]
    assert lacking("website", _readonly="note") == [False, True]
    for locked in ("website", "note,website", "website,note"):
        assert lacking("website", _readonly=locked) == [False, False], locked
    for direction, noteworthy in (("to_trello", True), ("to_customerp", False)):
        assert lacking("website", mapping(website={"direction": direction})) == [False, noteworthy]
    assert lacking("number") == [False, False], "given once"
    assert lacking("note") == [False, False], "no key"
    links = LINKS.assign(**{"c.website": ["", "given"], "t.website": ["", None]})
    c = snapshot(record("c1", note="base c1"), record("c2", note="base c2", website="given"))
    others = snapshot(record("t1", note="base t1", _readonly="website"), complete=False)
    assert quiet(c, others, links) == [False, True], "not listed: nobody says that it cannot be given"


def test_whatever_is_told_of_a_link_makes_it_noteworthy():
    note = "base c2"
    for told in (
        {"note": "new"},
        {"number": "8"},
        {"_state": "gone"},
        {"_state": "suspended"},
        {"_problem": "broken"},
        {"_touch": "amendment"},
    ):
        assert quiet(customerp=snapshot(record("c1", note="base c1"), record("c2", **{"note": note} | told))) == [
            False,
            True,
        ], told
    assert quiet(trello=snapshot(record("t1", note="base t1"))) == [False, True]
    for column, value in (("status", "suspended"), ("marks", '{"note": "normalised"}'), ("c.note", None)):
        links = LINKS.copy()
        links.loc[1, column] = value
        assert quiet(links=links) == [False, True], column
    manual = pd.DataFrame(
        {"link": [2], "property": ["note"], "answer": [""], "reason": ["manual"], "customerp": ["n"], "trello": ["m"]}
    )
    assert quiet(manual=manual) == [False, True]
    for side in ("customerp", "trello"):
        held = pd.DataFrame({"side": [side], "record_id": [f"{side[0]}2"], "reason": ["rests"]})
        assert quiet(held=held) == [False, True]
