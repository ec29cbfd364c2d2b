"""What a person is asked: everything open, nothing twice, and again when nobody answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from customerp_trello.errors import FatalError
from customerp_trello.state.conflicts import OPEN, Conflict, record_conflict, settle_conflicts
from customerp_trello.state.plans import HELD, REFUSED, Plan, save_plan, set_plan_status
from customerp_trello.state.questions import TOGETHER, ask, due, get_question, write_answer
from customerp_trello.state.runs import start_run

PAIR, DAY = "pair", timedelta(hours=24)


def hold(tx, digest, action="sync", pair=PAIR):
    run = start_run(tx, pair, dag_id=pair, airflow_run_id=digest, action=action)
    save_plan(tx, Plan(run, pair, digest, status=HELD))
    return run


def fight(tx, link, name="name", run="r1", reason="manual"):
    return record_conflict(tx, PAIR, run, Conflict(link, name, "b", "b", "c", "t", reason=reason, status=OPEN))


def asked(tx, run="run 1"):
    return [get_question(tx, one).about for one in ask(tx, run, DAY, most=50)]


def test_the_newest_held_plan_of_each_pair_is_asked_once(store, clock):
    with store.begin() as tx:
        hold(tx, "old")
    clock.forward(seconds=1)
    with store.begin() as tx:
        run = hold(tx, "new")
        hold(tx, "other", pair="another")
    with store.begin() as tx:
        assert sorted(asked(tx)) == ["new", "other"]
        assert due(tx) == []
    with store.read() as tx:
        (mine,) = [q for q in (get_question(tx, 1), get_question(tx, 2)) if q.pair == PAIR]
        assert (mine.kind, mine.subjects, mine.asked_in) == ("plan", [run], "run 1")


def test_a_run_that_asks_again_asks_the_same(store):
    with store.begin() as tx:
        hold(tx, "one")
        first = ask(tx, "run 1", DAY, most=50)
        hold(tx, "two", pair="another")
        assert ask(tx, "run 1", DAY, most=50) == first
        assert len(ask(tx, "run 2", DAY, most=50)) == 1


def test_a_previews_plan_holds_nothing_up(store):
    with store.begin() as tx:
        hold(tx, "looked at", action="preview")
        assert due(tx) == []


def test_while_a_plan_is_asked_about_the_pairs_next_one_waits_its_turn(store, clock):
    with store.begin() as tx:
        hold(tx, "first")
        (question,) = ask(tx, "run 1", DAY, most=50)
    clock.forward(seconds=60)
    with store.begin() as tx:
        hold(tx, "second")
        assert due(tx) == []
        write_answer(tx, question, "Leave it", "eva", rests=True)
        assert [one.about for one in due(tx)] == ["second"]


def test_what_nobody_answered_is_asked_again_and_what_was_left_rests_as_long(store, clock):
    with store.begin() as tx:
        hold(tx, "one")
        fight(tx, 7)
        assert len(asked(tx)) == 2
    clock.forward(seconds=DAY.total_seconds() - 1)
    with store.read() as tx:
        assert due(tx) == []
    clock.forward(seconds=2)
    with store.begin() as tx:
        again = ask(tx, "run 2", DAY, most=50)
        assert len(again) == 2
        for question in again:
            write_answer(tx, question, "Leave it", "eva", rests=True)
        assert due(tx) == []
    clock.forward(seconds=DAY.total_seconds() + 1)
    with store.begin() as tx:
        (first, *_) = ask(tx, "run 3", DAY, most=50)
        assert (get_question(tx, first).answer, get_question(tx, first).answered_by) == ("", "")


def test_what_is_settled_is_not_asked(store):
    with store.begin() as tx:
        run = hold(tx, "one")
        number = fight(tx, 7)
        set_plan_status(tx, run, REFUSED)
        settle_conflicts(tx, [number])
        assert due(tx) == []


def test_an_answered_conflict_that_is_open_again_is_asked_again(store):
    with store.begin() as tx:
        fight(tx, 7)
        (question,) = ask(tx, "run 1", DAY, most=50)
        write_answer(tx, question, "Trello", "eva", rests=False)
        assert [one.about for one in due(tx)] == ["1"]


def test_few_conflicts_are_asked_one_by_one_and_many_of_one_kind_together(store):
    with store.begin() as tx:
        few = [fight(tx, link) for link in range(TOGETHER)]
        many = [fight(tx, link, "website", "r2", "undone") for link in range(TOGETHER + 1)]
        found = due(tx, pair=PAIR)
        assert due(tx, pair="another") == []
    assert [list(one.subjects) for one in found] == [*([one] for one in few), many]


def test_no_more_is_asked_at_once_than_a_run_can_hold(store):
    with store.begin() as tx:
        for link in range(5):
            fight(tx, link)
        assert len(ask(tx, "run 1", DAY, most=3)) == 3
        assert len(ask(tx, "run 2", DAY, most=3)) == 2


def test_an_unknown_question_is_named(store):
    with store.read() as tx, pytest.raises(FatalError, match="no question 42"):
        get_question(tx, 42)


def test_the_rest_of_many_is_still_asked_about_by_the_form_for_all_of_them(store, clock):
    with store.begin() as tx:
        many = [fight(tx, link) for link in range(TOGETHER + 1)]
        (question,) = ask(tx, "run 1", DAY, most=50)
        settle_conflicts(tx, many[:1])
        assert due(tx) == []
        write_answer(tx, question, "Leave it", "eva", rests=True)
    clock.forward(seconds=DAY.total_seconds() + 1)
    with store.read() as tx:
        assert [one.subjects for one in due(tx)] == [[one] for one in many[1:]]
