"""Who wins a conflict, and what is said about it."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from test_compare_standing import decided as waiting
from test_reconcile import BASE, linked, mapping, record, snapshot

from customerp_trello.reconcile.aligned import align, look
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.winner import Decision, decide

EARLY, NOON, LATE = ("2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T13:00:00.500000Z")


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def decided(times, settings=(), fought=None, written=None, evidence=(), **past):
    """Winner and cause per record; *times*: the modification times of both sides, one pair per record."""
    settings = dict(settings)
    tie = settings.pop("tie", "customerp")
    m = mapping(tie=tie, name=settings)
    names = [f"{n}" for n in range(len(times))]
    links = linked(*[(n + 1, f"c{n}", f"t{n}", BASE, BASE, (written or {}).get(n, {})) for n in range(len(times))])
    sides = {
        "customerp": snapshot(*[record(f"c{n}", _modified_at=c) for n, (c, _) in zip(names, times, strict=True)]),
        "trello": snapshot(*[record(f"t{n}", _modified_at=t) for n, (_, t) in zip(names, times, strict=True)]),
    }
    told = pd.DataFrame(evidence, columns=["trello_id", "property", "at"])
    told["at"] = pd.to_datetime(told["at"], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    past = Past(links=links, evidence=told, **past)
    mask = pd.Series(True if fought is None else fought, index=links.index)
    winner, cause = decide(align(look(links, sides), m), m.property("name"), m, Decision(past), mask)
    assert winner.index.tolist() == cause.index.tolist() == links.index[mask].tolist()
    assert winner.dtype == cause.dtype == "str"
    return list(zip(winner, cause, strict=True))


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ("customerp", ("customerp", "policy_customerp")),
        ("trello", ("trello", "policy_trello")),
        ("manual", ("", "manual")),
    ],
)
def test_a_policy_decides_whatever_the_times(policy, outcome):
    times = [(EARLY, LATE), (LATE, EARLY), (None, None)]
    assert decided(times, {"conflict": policy}) == [outcome] * 3
    assert decided(times, {"conflict": policy}, fought=[False, True, False]) == [outcome]


def test_the_later_edit_wins_to_the_fraction_of_a_second():
    just_before = "2026-01-01T13:00:00.499999Z"
    assert decided([(EARLY, LATE), (LATE, EARLY), (just_before, LATE)]) == [
        ("trello", "latest"),
        ("customerp", "latest"),
        ("trello", "latest"),
    ]


@pytest.mark.parametrize("tie", ["customerp", "trello"])
def test_at_the_same_moment_the_mapping_decides(tie):
    assert decided([(NOON, NOON)], {"tie": tie}) == [(tie, "latest_tie")]
    read = {"customerp": at(NOON), "trello": at(NOON)}
    assert decided([(None, None)], {"tie": tie}, last_read=read) == [(tie, "latest_tie_by_estimate")]
    assert decided([(None, None)], {"tie": tie}) == [(tie, "latest_tie_by_estimate")]


def test_an_edit_of_unknown_time_was_made_when_the_old_value_was_last_seen():
    read = {"customerp": at(NOON), "trello": at(EARLY)}
    assert decided([(None, LATE), (None, EARLY), (LATE, None), (EARLY, None)], last_read=read) == [
        ("trello", "latest_by_estimate"),
        ("customerp", "latest_by_estimate"),
        ("customerp", "latest_by_estimate"),
        ("customerp", "latest_tie_by_estimate"),
    ]


def test_what_was_never_read_was_edited_before_everything_else():
    assert decided([(None, EARLY), (EARLY, None)]) == [
        ("trello", "latest_by_estimate"),
        ("customerp", "latest_by_estimate"),
    ]


@pytest.mark.parametrize("side", ["customerp", "trello"])
def test_a_time_that_our_own_write_left_says_nothing_about_the_edit(side):
    other = {"customerp": "trello", "trello": "customerp"}[side]
    times = [(LATE, NOON) if side == "customerp" else (NOON, LATE)] * 2
    written = {
        0: {f"written_{side}": "2026-01-01T13:00:00.500000Z"},
        1: {f"written_{other}": "2026-01-01T13:00:00.500000Z"},
    }
    assert decided(times, written=written, last_read={side: at(EARLY)}) == [
        (other, "latest_by_estimate"),
        (side, "latest"),
    ]


def test_a_time_of_the_property_itself_comes_before_the_records():
    told = [("t0", "name", LATE), ("t1", "note", LATE), ("t9", "name", LATE)]
    assert decided([(NOON, EARLY), (NOON, EARLY)], evidence=told) == [("trello", "latest"), ("customerp", "latest")]
    earlier = [("t0", "name", EARLY)]
    assert decided([(NOON, LATE)], evidence=earlier) == [("customerp", "latest")]
    last = [("t0", "name", LATE), ("t0", "name", EARLY)]
    assert decided([(NOON, None)], evidence=last) == [("customerp", "latest")]


def test_where_nothing_is_known_of_the_property_the_record_tells():
    """A workspace's log that has another property's change alone once ended the whole run."""
    told = [("t0", "note", LATE)]
    assert decided([(NOON, EARLY)], evidence=told) == [("customerp", "latest")]
    assert decided([(NOON, None)], evidence=told, last_read={"trello": at(LATE)}) == [("trello", "latest_by_estimate")]


def test_only_the_records_that_are_fought_over_are_decided():
    times = [(EARLY, LATE), (LATE, EARLY), (EARLY, LATE)]
    assert decided(times, fought=[False, True, True]) == [("customerp", "latest"), ("trello", "latest")]
    told = [("t2", "name", EARLY), ("t1", "name", "2026-01-01T14:00:00Z")]
    assert decided(times, fought=[False, True, True], evidence=told) == [
        ("trello", "latest"),
        ("customerp", "latest_tie"),
    ]


def test_what_a_person_was_asked_is_looked_up_by_link_and_property():
    links = linked((1, "c1", "t1", BASE, BASE), (2, "c2", "t2", BASE, BASE))
    manual = pd.DataFrame(
        {"link": [2, 2, 7], "property": ["name", "note", "name"], "answer": ["trello", "", ""],
         "reason": ["undone", "manual", "manual"], "customerp": ["Acme", "x", "z"], "trello": ["Acme", "y", "z"]}
    )  # fmt: skip
    sides = {"customerp": snapshot(record("c1"), record("c2")), "trello": snapshot(record("t1"), record("t2"))}
    aligned, decision = align(look(links, sides), mapping()), Decision(Past(links=links, manual=manual))
    now = {side: aligned.value(side, "name") for side in sides}
    assert decision.answers(aligned, "name", now).fillna("?").tolist() == ["?", "trello"]
    moved = now | {"trello": now["trello"] + "!"}
    assert decision.answers(aligned, "name", moved).fillna("?").tolist() == ["?", ""]
    assert decision.answers(aligned, "note", now).fillna("?").tolist() == ["?", ""]
    assert decision.reasons(aligned, "name").fillna("?").tolist() == ["?", "undone"]
    assert [decision.asked_about(name) for name in ("name", "note", "website")] == [True, True, False]


def standing(*rows, bases=BASE):
    """Winner and cause of the decisions that stand in three records that fight over L and R; None where none does."""
    usual = {"link": 2, "reason": "latest"}
    links = linked(*[(n, f"c{n}", f"t{n}", bases, bases) for n in (1, 2, 3)])
    sides = {
        "customerp": snapshot(*[record(f"c{n}", name="L") for n in (3, 2, 1)]),
        "trello": snapshot(*[record(f"t{n}", name="R") for n in (1, 3, 2)]),
    }
    aligned = align(look(links, sides), mapping())
    decision = Decision(Past(links=links, decided=pd.concat([waiting(**usual | row) for row in rows])))
    now = {side: aligned.records[side]["name"] for side in sides}
    won, why = decision.stands(aligned, "name", now)
    assert won.index.equals(links.index)
    assert why.index.equals(links.index)
    assert why.notna().equals(won.notna())
    return [(one, because) if pd.notna(one) else None for one, because in zip(won, why, strict=True)]


def test_a_decision_stands_for_its_record_alone():
    assert standing({}) == [None, ("customerp", "latest"), None]
    other = {"link": 3, "winner": "trello", "reason": "latest_tie"}
    assert standing({}, other) == [None, ("customerp", "latest"), ("trello", "latest_tie")]


def test_the_newest_decision_about_the_property_stands():
    newer = {"winner": "trello", "reason": "latest_tie"}
    assert standing({}, newer) == [None, ("trello", "latest_tie"), None]
    assert standing({}, newer | {"property": "note"}) == [None, ("customerp", "latest"), None]
    assert standing({}, newer | {"customerp": "M"}) == [None] * 3


@pytest.mark.parametrize("column", ["customerp", "trello", "base_customerp", "base_trello"])
def test_a_decision_between_other_values_does_not_stand(column):
    assert standing({column: "M"}) == [None] * 3
    assert standing({column: None}) == [None] * 3


def test_a_decision_without_a_base_stands_as_long_as_there_is_none():
    unbased = {"base_customerp": None, "base_trello": None}
    never = {"number": ""}
    assert standing(unbased, bases=never) == [None, ("customerp", "latest"), None]
    assert standing({}, bases=never) == [None] * 3
    assert standing(unbased | {"base_trello": "Acme"}, bases=never) == [None] * 3


def test_whether_anything_is_decided_about_a_property():
    decision = Decision(Past(links=linked(), decided=pd.DataFrame({"property": ["name", "name"]})))
    assert [decision.decided(name) for name in ("name", "note")] == [True, False]
    assert Decision(Past(links=linked())).decided("name") is False
