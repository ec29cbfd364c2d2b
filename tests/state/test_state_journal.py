"""Intents, open work, conflicts, history, plans, invitations: what a run leaves for the next one."""

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from state_databases import explained

from customerp_trello.errors import FatalError, FormError, RecordError
from customerp_trello.state import conflicts, history, intents, invitations, lease, links, plans, retention, runs, work
from customerp_trello.state.intents import Intent

PAIR = "pair"


def start(tx, run_id="run"):
    return runs.start_run(tx, PAIR, dag_id="dag", airflow_run_id=f"manual__{run_id}", run_id=run_id)


# intents ------------------------------------------------------------------------------------------------------------


def intent(key="create:c1", **more):
    return Intent(PAIR, "run", "trello", "create", key, **more)


def test_an_intent_lives_from_before_the_write_to_its_outcome(store, clock):
    fence = lease.acquire(store, PAIR, "run", 60)
    with store.begin(fence) as tx:
        number = intents.open_intent(tx, intent(customerp_id="c1", before={"name": None}, after={"name": "Ærø"}))
    with store.read() as tx:
        (standing,) = intents.open_intents(tx, PAIR)
    assert (standing.id, standing.fence, standing.opened_at) == (number, fence.number, clock())
    assert (standing.before, standing.after) == ({"name": None}, {"name": "Ærø"})
    with store.begin(fence) as tx:
        intents.close_intent(tx, number, "done", outcome={"id": "t1"}, trello_id="t1")
        assert intents.open_intents(tx, PAIR) == []
        closed = intents.get_intent(tx, number)
        assert (closed.status, closed.outcome, closed.customerp_id, closed.trello_id) == (
            "done",
            {"id": "t1"},
            "c1",
            "t1",
        )
        assert intents.done_changes(tx, "run") == {"create:c1"}
        assert intents.done_changes(tx, "another run") == set()


def test_an_unknown_outcome_forbids_a_second_write_of_the_change(store):
    with store.begin() as tx:
        number = intents.open_intent(tx, intent())
        with pytest.raises(FatalError, match="not known yet"):
            intents.open_intent(tx, intent())
        intents.close_intent(tx, number, "not_done")
        assert intents.open_intent(tx, intent()) > number
        assert intents.done_changes(tx, "run") == set()


def test_an_open_create_of_another_run_forbids_a_second_one(store):
    with store.begin() as tx:
        intents.open_intent(tx, intent("1", customerp_id="c1"))
        other_run = Intent(PAIR, "run2", "trello", "create", "9", customerp_id="c1")
        with pytest.raises(FatalError, match="change 9 of run run2"):
            intents.open_intent(tx, other_run)
        intents.open_intent(tx, Intent(PAIR, "run2", "trello", "create", "1", customerp_id="c2"))
        intents.open_intent(tx, Intent("another", "run2", "trello", "create", "1", customerp_id="c1"))


def test_an_outcome_is_written_once(store):
    with store.begin() as tx:
        number = intents.open_intent(tx, intent())
        with pytest.raises(ValueError, match="valid: done, not_done, refused"):
            intents.close_intent(tx, number, "finished")
        intents.close_intent(tx, number, "refused", outcome="name is taken")
        with pytest.raises(FatalError):
            intents.close_intent(tx, number, "done")
        assert intents.done_changes(tx, "run") == set()
        assert intents.done_changes(tx, "run", statuses=("done", "refused")) == {"create:c1"}


def test_a_chain_goes_on_where_it_was_interrupted(store):
    with store.begin() as tx:
        first = intents.open_intent(tx, intent("erp", source="comment1"))
        assert intents.consumed_sources(tx, PAIR) == {"comment1"}
    with store.begin() as tx:
        intents.close_intent(tx, first, "done", customerp_id="p1")
        second = intents.plan_intent(tx, intent("comment", customerp_id="p1", source="comment1"))
    with store.begin() as tx:
        assert intents.open_intents(tx, PAIR) == []
        assert [one.id for one in intents.planned_intents(tx, PAIR)] == [second]
        intents.start_intent(tx, second, {"name": "A"})
        with pytest.raises(FatalError):
            intents.start_intent(tx, second, {"name": "A"})
        assert [one.id for one in intents.open_intents(tx, PAIR)] == [second]
        intents.close_intent(tx, second, "not_done")
        assert intents.consumed_sources(tx, PAIR) == {"comment1"}


# open work ----------------------------------------------------------------------------------------------------------


def test_an_identical_second_run_writes_nothing(store, written, clock):
    rows = [work.Work("trello", f"t{place}", "ambiguous", "two of this name") for place in range(1_200)]
    with store.begin() as tx:
        assert work.replace_open_work(tx, PAIR, rows) == 1_200
    written.clear()
    clock.forward(minutes=15)
    with store.begin() as tx:
        assert work.replace_open_work(tx, PAIR, reversed(rows)) == 0
    assert written == []


KEYS = st.tuples(
    st.sampled_from(["customerp", "trello"]), st.sampled_from("abc"), st.sampled_from(["waiting", "quarantined"])
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.dictionaries(KEYS, st.sampled_from("xy")),
    then=st.dictionaries(KEYS, st.sampled_from("xy")),
)
def test_open_work_becomes_what_was_found(store, written, first, then):
    def rows(found):
        return [work.Work(side, record, kind, reason) for (side, record, kind), reason in found.items()]

    with store.begin() as tx:
        work.replace_open_work(tx, PAIR, rows(first))
        differences = work.replace_open_work(tx, PAIR, rows(then))
        frame = work.load_open_work(tx, PAIR)
    got = {(row.side, row.record_id, row.kind): row.reason for row in frame.itertuples()}
    assert got == then
    assert differences == sum(first.get(key) != then.get(key) for key in first.keys() | then.keys())


def test_failures_are_retried_later_and_later(store, clock):
    bad = work.Work("trello", "t1", "quarantined", "name is taken")
    delays = []
    for _ in range(12):
        with store.begin() as tx:
            work.note_failure(tx, PAIR, bad)
            frame = work.load_open_work(tx, PAIR)
            assert work.not_due(tx, PAIR) == {("trello", "t1")}
        delays.append((frame.loc[0, "next_try_at"] - clock()).total_seconds())
    assert delays[:4] == [60, 120, 240, 480]
    assert delays[-1] == 6 * 3600
    assert frame.loc[0, "attempts"] == 12
    with store.begin() as tx:
        assert work.replace_open_work(tx, PAIR, [bad]) == 0, "its counter stays while it is not well"
        assert work.open_ids(tx, PAIR, "trello") == {"t1"}
        assert work.open_ids(tx, PAIR, "customerp") == frozenset()
    clock.forward(hours=6)
    with store.begin() as tx:
        assert work.not_due(tx, PAIR) == set()
        assert work.clear_work(tx, PAIR, "trello", "t1", kinds=["waiting"]) == 0
        assert work.clear_work(tx, PAIR, "trello", "t1") == 1
        assert work.load_open_work(tx, PAIR).empty


def test_work_noted_twice_is_one_that_was_seen_again_and_is_due(store, clock):
    with store.begin() as tx:
        work.note_work(tx, PAIR, work.Work("trello", "t1", "deferred", "somebody changed it"))
        first = work.load_open_work(tx, PAIR).loc[0, "first_seen"]
    clock.forward(minutes=15)
    with store.begin() as tx:
        work.note_work(tx, PAIR, work.Work("trello", "t1", "deferred", "somebody changed it"))
        again = work.load_open_work(tx, PAIR)
        assert again["first_seen"].tolist() == [first]
        assert (again["last_seen"] - first).tolist() == [timedelta(minutes=15)]
        work.note_work(tx, PAIR, work.Work("trello", "t1", "deferred", "it is gone"))
        assert work.not_due(tx, PAIR) == set()
        assert work.load_open_work(tx, PAIR)[["reason", "attempts"]].values.tolist() == [["it is gone", 0]]


@given(st.integers(0, 10_000))
def test_the_back_off_never_shrinks_and_has_an_end(attempts):
    assert timedelta(seconds=60) <= work.backoff(attempts) <= work.backoff(attempts + 1) <= timedelta(hours=6)


# conflicts ----------------------------------------------------------------------------------------------------------


def clash(**more):
    values = {"base_customerp": "b", "base_trello": None, "customerp": "x", "trello": "y"}
    return conflicts.Conflict(more.pop("link", 7), "name", **(values | more))


def test_an_open_conflict_is_recorded_once_and_kept_up_to_date(store, written):
    with store.begin() as tx:
        number = conflicts.record_conflict(tx, PAIR, "r1", clash())
        written.clear()
        assert conflicts.record_conflict(tx, PAIR, "r2", clash()) == number
        assert written == []
        assert conflicts.record_conflict(tx, PAIR, "r3", clash(reason="manual")) == number
        (standing,) = conflicts.conflicts(tx, PAIR)
    assert (standing.reason, standing.run, standing.base_trello) == ("manual", "r1", None)


def test_other_values_are_another_question_so_that_nobody_answers_for_what_they_were_not_shown(store):
    with store.begin() as tx:
        number = conflicts.record_conflict(tx, PAIR, "r1", clash())
        again = conflicts.record_conflict(tx, PAIR, "r2", clash(trello="z"))
        assert again > number
        (standing,) = conflicts.conflicts(tx, PAIR)
        assert (standing.id, standing.trello, standing.run) == (again, "z", "r1")
        (closed,) = conflicts.conflicts(tx, PAIR, status="settled")
        assert (closed.id, closed.trello, closed.reason, closed.winner) == (number, "y", "superseded", "")
        with pytest.raises(RecordError, match="not open"):
            conflicts.answer_conflict(tx, number, "customerp", "anna")
        assert conflicts.answer_conflicts(tx, PAIR, [number], "customerp", "anna") == 0


def test_whoever_a_question_is_about_is_read_by_every_run(store):
    with store.begin() as tx:
        first, other = (links.add_link(tx, PAIR, links.NewLink(f"c{n}", f"t{n}"), run="r1") for n in (1, 2))
        conflicts.record_conflict(tx, PAIR, "r1", clash(link=first))
        number = conflicts.record_conflict(tx, PAIR, "r1", clash(link=other))
        conflicts.answer_conflict(tx, number, "trello", "anna")
        assert conflicts.asked_ids(tx, PAIR, "customerp") == {"c1", "c2"}
        conflicts.settle_conflicts(tx, [number])
        assert conflicts.asked_ids(tx, PAIR, "trello") == {"t1"}
        assert conflicts.asked_ids(tx, "another", "trello") == frozenset()


@pytest.mark.parametrize("answer", ["", "trello"])
def test_a_value_that_nobody_sees_now_is_no_other_question(store, written, answer):
    with store.begin() as tx:
        number = conflicts.record_conflict(tx, PAIR, "r1", clash())
        if answer:
            conflicts.answer_conflict(tx, number, answer, "anna")
        written.clear()
        assert conflicts.record_conflict(tx, PAIR, "r2", clash(trello=None)) == number
        assert written == []
        (standing,) = conflicts.conflicts(tx, PAIR, status="answered" if answer else "open")
        assert (standing.trello, standing.answer) == ("y", answer)
        again = conflicts.record_conflict(tx, PAIR, "r3", clash(customerp="w", trello=None))
        (standing,) = conflicts.conflicts(tx, PAIR)
    assert again > number
    assert (standing.customerp, standing.trello, standing.answer) == ("w", None, "")


def test_a_settled_conflict_is_recorded_once_per_run(store):
    settled = clash(winner="trello", reason="latest", status="settled")
    with store.begin() as tx:
        first = conflicts.record_conflict(tx, PAIR, "r1", settled)
        assert conflicts.record_conflict(tx, PAIR, "r1", settled) == first
        assert conflicts.record_conflict(tx, PAIR, "r2", settled) > first


@pytest.mark.parametrize("status", ["settled", "open"])
def test_what_a_write_replaced_unread_is_recorded_beside_the_conflict_that_called_for_it(store, status):
    with store.begin() as tx:
        fought = conflicts.record_conflict(tx, PAIR, "r1", clash(reason="latest", status=status))
        replaced = clash(trello="somebody was faster", reason="overwritten", status="settled")
        beside = conflicts.record_conflict(tx, PAIR, "r1", replaced)
        assert conflicts.record_conflict(tx, PAIR, "r1", replaced) == beside != fought
        assert conflicts.record_conflict(tx, PAIR, "r1", clash(reason="latest", status=status)) == fought
        told = [one for kind in {status, "settled"} for one in conflicts.conflicts(tx, PAIR, status=kind)]
        assert sorted(one.trello for one in told) == ["somebody was faster", "y"]


def test_a_person_answers_once_and_a_run_applies_it(store, clock):
    with store.begin() as tx:
        number = conflicts.record_conflict(tx, PAIR, "r1", clash())
        conflicts.answer_conflict(tx, number, "trello", "anna")
        with pytest.raises(RecordError, match="not open"):
            conflicts.answer_conflict(tx, number, "customerp", "bo")
        (answer,) = conflicts.answers(tx, PAIR)
        assert (answer.answer, answer.answered_by, answer.answered_at) == ("trello", "anna", clock())
        assert conflicts.settle_conflicts(tx, [number], winner="trello") == 1
        assert conflicts.answers(tx, PAIR) == []


def test_an_answer_holds_for_the_values_it_was_given_about(store, written):
    with store.begin() as tx:
        number = conflicts.record_conflict(tx, PAIR, "r1", clash())
        conflicts.answer_conflict(tx, number, "trello", "anna")
        written.clear()
        assert conflicts.record_conflict(tx, PAIR, "r2", clash()) == number
        assert written == []
        assert len(conflicts.answers(tx, PAIR)) == 1
        assert conflicts.record_conflict(tx, PAIR, "r3", clash(trello="edited since")) > number
        assert conflicts.answers(tx, PAIR) == []
        (again,) = conflicts.conflicts(tx, PAIR)
        assert (again.answer, again.answered_by, again.trello) == ("", "", "edited since")


def test_an_answer_stands_until_its_winner_is_written(store):
    """A run that is interrupted between the two must not ask the person again."""
    applied = clash(winner="trello", reason="answered", status="settled")
    with store.begin() as tx:
        number = conflicts.record_conflict(tx, PAIR, "r1", clash())
        conflicts.answer_conflict(tx, number, "trello", "anna")
        assert conflicts.record_conflict(tx, PAIR, "r2", applied) == number
        (answer,) = conflicts.answers(tx, PAIR)
        assert (answer.answer, answer.winner, answer.run) == ("trello", "trello", "r2")
        assert conflicts.record_conflict(tx, PAIR, "r3", applied) == number
        conflicts.settle_conflicts(tx, [number], winner="trello")
        assert conflicts.answers(tx, PAIR) == []


def test_a_decision_stands_while_its_write_waits(store):
    with store.begin() as tx:
        first, other = (links.add_link(tx, PAIR, links.NewLink(f"c{n}", f"t{n}"), run="r1") for n in (1, 2))
        settled = {"winner": "customerp", "reason": "latest", "status": "settled"}
        written, waiting = (conflicts.record_conflict(tx, PAIR, "r1", clash(link=n, **settled)) for n in (first, other))
        lost = clash(link=other, **settled | {"reason": conflicts.OVERWRITTEN})
        conflicts.record_conflict(tx, PAIR, "r1", lost)
        assert conflicts.standing_decisions(tx, PAIR) == []
        work.note_work(tx, PAIR, work.Work("customerp", "c2", "waiting", "no workspace"))
        assert [one.id for one in conflicts.standing_decisions(tx, PAIR)] == [waiting]
        assert conflicts.standing_decisions(tx, "another") == []
        work.clear_work(tx, PAIR, "customerp", "c2", kinds=("waiting",))
        assert conflicts.standing_decisions(tx, PAIR) == []
        asked = conflicts.record_conflict(tx, PAIR, "r2", clash(link=first, customerp="z"))
        conflicts.answer_conflict(tx, asked, "trello", "anna")
        assert conflicts.standing_decisions(tx, PAIR) == []  # no run has applied it yet
        applied = clash(link=first, customerp="z", winner="trello", reason="answered", status="settled")
        assert conflicts.record_conflict(tx, PAIR, "r3", applied) == asked
        assert [one.id for one in conflicts.standing_decisions(tx, PAIR)] == [asked]
        conflicts.settle_conflicts(tx, [asked], winner="trello")
        assert conflicts.standing_decisions(tx, PAIR) == []
    assert written < waiting


# history and runs ---------------------------------------------------------------------------------------------------


def test_history_is_found_by_either_id_and_counted_by_change(store, clock):
    def entry(key, property="name", **more):
        return history.Entry("trello", "update", key, "c1", "t1", property, "a", "b", **more)

    with store.begin() as tx:
        history.append_history(tx, PAIR, "r1", [entry("1"), entry("1", "website"), entry("2", link=7, winner="trello")])
    clock.forward(days=2)
    with store.begin() as tx:
        history.append_history(tx, PAIR, "r2", [entry("1"), history.Entry("customerp", "create", "9", "c2")])
        history.append_history(tx, PAIR, "r2", [])
        everything = history.history_of(tx, PAIR, "t1")
        assert everything["run"].tolist() == ["r1", "r1", "r1", "r2"]
        assert everything["link"].isna().tolist() == [True, True, False, True]
        assert history.history_of(tx, PAIR, "c1", "website")["change_key"].tolist() == ["1"]
        assert history.history_of_run(tx, "r2")["customerp_id"].tolist() == ["c1", "c2"]
        assert history.recent_counts(tx, PAIR, clock() - timedelta(days=1)) == {
            ("trello", "update"): 1,
            ("customerp", "create"): 1,
        }
        assert history.recent_counts(tx, PAIR, clock() - timedelta(days=3))["trello", "update"] == 3


def test_what_a_run_did_is_counted_by_the_database(store):
    def entry(side, operation, key, property="", link=None):
        return history.Entry(side, operation, key, "c", "t", property, link=link)

    lines = [
        *[entry("trello", "create", "1", name, 1) for name in ("name", "website")],
        entry("trello", "create", "2", "name", 2),
        *[entry("customerp", "update", "3", name, 3) for name in ("name", "website")],
        *[entry("", "conflict", "4", name, 3) for name in ("name", "website")],
        entry("", "unlink", "5", link=4),
        entry("customerp", "update", "6", "name", 4),
        entry("trello", "delete", "7"),
    ]
    with store.begin() as tx:
        history.append_history(tx, PAIR, "r1", lines)
        history.append_history(tx, PAIR, "r2", [entry("trello", "create", "1", "name", 9)])
        assert history.counts_of_run(tx, "r1") == {
            ("trello", "create"): (2, 3),
            ("customerp", "update"): (2, 3),
            ("", "conflict"): (1, 2),
            ("", "unlink"): (1, 1),
            ("trello", "delete"): (1, 1),
        }
        assert history.counts_of_run(tx, "r3") == {}
        assert history.links_touched(tx, "r1", ("unlink", "delete")) == 3
        assert (history.links_touched(tx, "r1", ()), history.links_touched(tx, "r3", ("unlink",))) == (4, 0)
        assert history.has_done(tx, "r1", ("move", "unlink"))
        assert not history.has_done(tx, "r2", ("move", "unlink"))


def test_a_membership_counts_as_what_it_does_to_people(store, clock):
    with store.begin() as tx:
        for number, (operation, value) in enumerate(
            [("update", "none"), ("move", "none"), ("update", "active"), ("not_writable", "none"), ("create", "active")]
        ):
            lines = [history.Entry("trello", operation, f"{number}", "c", "t", name, None, text)
                     for name, text in (("role", "normal"), ("membership", value))]  # fmt: skip
            history.append_history(tx, PAIR, "r", lines)
        told = {"create": ["membership=active"], "delete": ["membership=none", "membership=deactivated"]}
        assert history.recent_counts(tx, PAIR, clock() - timedelta(days=1), told) == {
            ("trello", "delete"): 2,
            ("trello", "create"): 2,
            ("trello", "not_writable"): 1,
        }


def test_a_run_is_written_down_from_start_to_end(store, clock):
    window = (clock() - timedelta(hours=1), clock())
    with store.begin() as tx:
        number = runs.start_run(tx, PAIR, dag_id="d", airflow_run_id="a", window=window, form={"limit": 5})
        runs.update_run(tx, number, run_fence=3, plan_digest="abc")
    clock.forward(minutes=1)
    with store.begin() as tx:
        runs.end_run(tx, number, "success", {"updated": 2})
        run = runs.get_run(tx, number)
        assert (run.window_start, run.window_end) == window
        assert (run.form, run.counts, run.run_fence, run.status) == ({"limit": 5}, {"updated": 2}, 3, "success")
        assert run.ended_at - run.started_at == timedelta(minutes=1)
        later = start(tx, "later")
        assert [one.id for one in runs.recent_runs(tx, PAIR)] == [later, number]
        assert runs.get_run(tx, "nobody") is None
        with pytest.raises(FatalError):
            runs.update_run(tx, "nobody", status="success")


def test_a_watermark_replaces_the_one_before(store, clock):
    mark = runs.Watermark(None, clock(), None, 10, {"base_url": "http://erp"}, "fp", "r1")
    with store.begin() as tx:
        assert runs.load_watermarks(tx, PAIR) == {}
        runs.save_watermark(tx, PAIR, "customerp", mark)
        newer = runs.Watermark(clock(), clock(), clock(), 11, {}, "fp", "r2")
        runs.save_watermark(tx, PAIR, "trello", mark)
        runs.save_watermark(tx, PAIR, "trello", newer)
        assert runs.load_watermarks(tx, PAIR) == {"customerp": mark, "trello": newer}


# plans --------------------------------------------------------------------------------------------------------------


def test_a_held_plan_is_let_through_by_its_digest(store, clock):
    with store.begin() as tx:
        start(tx)
        plans.save_plan(tx, plans.Plan("run", PAIR, "abcdef", "file:///x", "held", ["first run"], ["k2", "k1"]))
        with pytest.raises(FormError, match="valid: abcdef"):
            plans.approve(tx, PAIR, "xyz", "anna")
        with pytest.raises(FormError):
            plans.approve(tx, PAIR, "", "anna")
        approved = plans.approve(tx, PAIR, "abc", "anna")
        assert (approved.status, approved.approved_by, approved.approved_at) == ("approved", "anna", clock())
        assert (approved.guarded, approved.reasons) == (["k1", "k2"], ["first run"])
        assert plans.plans(tx, PAIR) == []
        assert plans.held_plan(tx, PAIR) == approved, "let through again until a run has carried it out"
        plans.set_plan_status(tx, "run", "applied")
        assert plans.held_plan(tx, PAIR) is None


def test_a_plan_that_is_held_in_each_run_is_one_plan_to_people(store, clock):
    since = clock()
    for number in range(3):
        with store.begin() as tx:
            run = start(tx, f"held {number}")
            plans.hold_plan(tx, plans.Plan(run, PAIR, "d1", reasons=["many"], guarded=["k1", "k2"]))
        clock.forward(minutes=15)
    with store.begin() as tx:
        preview = runs.start_run(tx, PAIR, dag_id=PAIR, airflow_run_id="look", run_id="look", action="preview")
        plans.hold_plan(tx, plans.Plan(preview, PAIR, "d2", guarded=["k9"]))
        waiting, held_since = plans.waiting_plan(tx, PAIR)
        assert (waiting.run, waiting.digest, waiting.reasons, waiting.guarded) == ("held 2", "d1", ["many"], ())
        assert held_since == since, "the first of them says since when"
        assert plans.held_count(tx, PAIR) == 1, "a preview holds nothing up"
        kept = {one.run: plans.get_plan(tx, one.run).guarded for one in plans.plans(tx, PAIR)}
        assert kept == {"look": ["k9"], "held 2": ["k1", "k2"], "held 1": [], "held 0": []}
        plans.approve(tx, PAIR, "d1", "anna")
        assert plans.waiting_plan(tx, PAIR) is None, "not said to be held while what was let through is being written"
        assert plans.approval_for(tx, PAIR, "d3", ["k2"]).approved_by == "anna"


def test_a_beginning_that_two_held_plans_share_lets_neither_through(store):
    with store.begin() as tx:
        for digest in ("a1f", "ab0"):
            plans.hold_plan(tx, plans.Plan(start(tx, digest), PAIR, digest, guarded=["k"]))
        with pytest.raises(FormError, match="more than one held plan has the digest 'a'; valid: "):
            plans.approve(tx, PAIR, "a", "anna")
        assert [plans.named_plan(tx, PAIR, digest).digest for digest in ("a1", "ab")] == ["a1f", "ab0"]
        assert plans.held_plan(tx, PAIR), "whichever there is"
        assert len(plans.plans(tx, PAIR)) == 2


def test_guarded_changes_are_read_of_the_plan_that_is_named_alone(store, clock):
    with store.begin() as tx:
        for number in range(3):
            plans.hold_plan(tx, plans.Plan(start(tx, f"held {number}"), PAIR, f"d{number}", guarded=[f"k{number}"]))
    read = []
    event.listen(store.engine, "before_cursor_execute", lambda _c, _d, text, *_: read.append("guarded" in text))
    with store.read() as tx:
        assert [one.guarded for one in plans.plans(tx, PAIR)] == [(), (), ()]
        assert not any(read)
        assert plans.held_plan(tx, PAIR, "d1").guarded == ["k1"]
        assert sum(read) == 1


def test_an_approval_covers_a_later_plan_with_fewer_guarded_changes(store):
    with store.begin() as tx:
        start(tx)
        plans.save_plan(tx, plans.Plan("run", PAIR, "d1", status="held", guarded=["k1", "k2"]))
        assert plans.approval_for(tx, PAIR, "d1", ["k1"]) is None
        plans.approve(tx, PAIR, "d1", "anna")
        assert plans.approval_for(tx, PAIR, "d1", []).run == "run"
        assert plans.approval_for(tx, PAIR, "d2", ["k2"]).run == "run"
        assert plans.approval_for(tx, PAIR, "d2", ["k2", "k3"]) is None
        assert plans.approval_for(tx, PAIR, "d2", []) is None, "held for a reason that names no change"
        assert plans.approval_for(tx, "another", "d1", ["k1"]) is None
        plans.set_plan_status(tx, "run", "applied")
        assert plans.approval_for(tx, PAIR, "d1", ["k1"]) is None


def test_a_second_attempt_replaces_the_runs_plan(store):
    with store.begin() as tx:
        start(tx)
        plans.save_plan(tx, plans.Plan("run", PAIR, "d1"))
        plans.save_plan(tx, plans.Plan("run", PAIR, "d2", counts={"update": 1}))
        assert plans.get_plan(tx, "run").digest == "d2"
        assert plans.get_plan(tx, "nobody") is None
    with pytest.raises(FatalError, match="refused a statement"), store.begin() as tx:
        plans.save_plan(tx, plans.Plan("no such run", PAIR, "d1"))


# invitations --------------------------------------------------------------------------------------------------------


def test_an_invitation_is_keyed_by_its_address_whatever_its_case(store):
    with store.begin() as tx:
        invitations.remember_invitation(tx, PAIR, "Anna@Example.com ", "w1", "m1", run="r1")
        invitations.remember_invitation(tx, PAIR, "anna@example.com", "w1", "m2", run="r2")
        invitations.remember_invitation(tx, "another", "anna@example.com", "w2", "m3", run="r2")
        frame = invitations.load_invitations(tx, PAIR)
        assert frame[["email", "member_id", "workspace_id"]].values.tolist() == [["anna@example.com", "m2", "w1"]]
        assert invitations.load_invitations(tx)["member_id"].tolist() == ["m2", "m3"]


def test_who_has_joined_is_noted_once_and_names_stay(store):
    with store.begin() as tx:
        invitations.remember_invitation(tx, PAIR, "anna@example.com", "w1", "m1", run="r1", full_name="Anna Berg")
        invitations.remember_invitation(tx, PAIR, "anna@example.com", "w1", "m1", run="r2")
        invitations.remember_invitation(tx, PAIR, "bo@example.com", "w1", "m2", run="r2")
        assert invitations.note_joined(tx, ["m1", "m9"]) == 1
        assert invitations.note_joined(tx, ["m1"]) == 0
        frame = invitations.load_invitations(tx)
        assert frame[["full_name", "status"]].values.tolist() == [["Anna Berg", "joined"], ["", "open"]]


# retention ----------------------------------------------------------------------------------------------------------


def test_what_is_old_and_closed_is_forgotten_and_what_is_open_stays(store, clock):
    with store.begin() as tx:
        for name in ("ended", "killed", "held", "waits", "owner", "asks"):
            start(tx, name)
            if name not in ("killed", "owner"):
                runs.end_run(tx, name, "success", {})
        plans.save_plan(tx, plans.Plan("ended", PAIR, "d1", status="applied"))
        plans.save_plan(tx, plans.Plan("held", PAIR, "d2", status="held"))
        runs.start_run(tx, PAIR, dag_id="dag", airflow_run_id="look", run_id="looked at", action="preview")
        plans.save_plan(tx, plans.Plan("looked at", PAIR, "d3", status="held"))
        history.append_history(tx, PAIR, "ended", [history.Entry("trello", "update", "1")])
        done = intents.open_intent(tx, Intent(PAIR, "ended", "trello", "update", "1"))
        intents.close_intent(tx, done, "done")
        intents.open_intent(tx, Intent(PAIR, "waits", "trello", "update", "2"))
        conflicts.record_conflict(tx, PAIR, "ended", clash(status="settled"))
        conflicts.record_conflict(tx, PAIR, "asks", clash())
    lease.acquire(store, PAIR, "owner", 60)
    clock.forward(days=91)
    with store.begin() as tx:
        start(tx, "today")
        assert retention.forget_older(tx, 90) == {
            "history": 1,
            "intent": 1,
            "conflict": 1,
            "delivery": 0,
            "question": 0,
            "plan": 2,
            "run": 3,
        }
        assert {one.id for one in runs.recent_runs(tx)} == {"held", "waits", "owner", "asks", "today"}
        assert len(intents.open_intents(tx, PAIR)) == 1
        assert len(conflicts.conflicts(tx, PAIR)) == 1
        assert plans.held_plan(tx, PAIR, "d2")
        assert retention.forget_older(tx, 90) == dict.fromkeys(
            ["history", "intent", "conflict", "delivery", "question", "plan", "run"], 0
        )


def test_what_is_forgotten_is_found_by_an_index_and_in_parts(store, clock, monkeypatch):
    lease.acquire(store, PAIR, "owner", 60)
    with store.begin() as tx:
        history.append_history(tx, PAIR, "ended", [history.Entry("trello", "update", str(n)) for n in range(3)])
        for number in range(3):
            intents.close_intent(
                tx, intents.open_intent(tx, Intent(PAIR, "ended", "trello", "update", f"{number}")), "done"
            )
    clock.forward(days=91)
    sent = {}
    event.listen(
        store.engine, "before_cursor_execute", lambda _c, _d, statement, values, *_: sent.update({statement: values})
    )
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    found = []
    for _ in range(2):
        with store.begin() as tx:
            forgotten = retention.forget_older(tx, 90)
        found.append((forgotten["history"], forgotten["intent"]))
    assert found == [(2, 2), (1, 1)]
    looked = {text: values for text, values in sent.items() if text.startswith(("UPDATE", "DELETE"))}
    assert len(looked) == 8
    for statement, plan in explained(store, looked):
        assert not re.search(r"\b(?:SCAN|Seq Scan on) (history|intent)\b", plan), f"{statement}\n{plan}"


def test_of_plans_that_stay_held_the_latest_of_each_action_outlives_the_retention(store, clock):
    with store.begin() as tx:
        runs.start_run(tx, PAIR, dag_id=PAIR, airflow_run_id="anew", run_id="relink", action="relink")
        plans.hold_plan(tx, plans.Plan("relink", PAIR, "d9"))
    for number in range(3):
        clock.forward(minutes=15)
        with store.begin() as tx:
            plans.hold_plan(tx, plans.Plan(start(tx, f"held {number}"), PAIR, f"d{number}"))
    clock.forward(days=91)
    with store.begin() as tx:
        forgotten = retention.forget_older(tx, 90)
        assert (forgotten["plan"], forgotten["run"]) == (2, 2)
        assert [one.run for one in plans.plans(tx, PAIR)] == ["held 2", "relink"]
        assert plans.unreleased(tx, PAIR, "relink"), "what stands since the records were linked anew waits for a person"


def test_a_source_that_a_create_has_replaced_is_remembered_without_what_it_said(store, clock):
    with store.begin() as tx:
        start(tx, "birth")
        runs.end_run(tx, "birth", "success", {})
        born = Intent(PAIR, "birth", "trello", "create", "1", source="comment", before={"a": "x"}, after={"a": "y"})
        number = intents.open_intent(tx, born)
        intents.close_intent(tx, number, "done", outcome="posted")
        refused = intents.open_intent(tx, Intent(PAIR, "birth", "trello", "create", "2", source="refused"))
        intents.close_intent(tx, refused, "refused")
    clock.forward(days=91)
    with store.begin() as tx:
        blanked = retention.forget_older(tx, 90)
        assert (blanked["intent"], blanked["run"]) == (1, 1)
        assert intents.consumed_sources(tx, PAIR) == {"comment"}
        kept = intents.get_intent(tx, number)
        assert (kept.before, kept.after, kept.outcome) == ({}, {}, None)


def test_what_is_blanked_is_not_written_again(store, clock):
    with store.begin() as tx:
        number = intents.open_intent(tx, Intent(PAIR, "birth", "trello", "create", "1", source="s", after={"a": "y"}))
        intents.close_intent(tx, number, "done")
    clock.forward(days=91)
    touched = []
    event.listen(
        store.engine, "after_cursor_execute", lambda _c, cursor, text, *_: touched.append((text, cursor.rowcount))
    )
    for changed in (1, 0):
        touched.clear()
        with store.begin() as tx:
            retention.forget_older(tx, 90)
        assert [count for text, count in touched if text.startswith("UPDATE intent")] == [changed]


def test_change_keys_of_another_plan_are_not_those_of_this_one(store):
    with store.begin() as tx:
        for key in ("0.trello.update", "1.trello.create"):
            intents.close_intent(tx, intents.open_intent(tx, intent(key)), "done")
        other = intents.open_intent(tx, Intent(PAIR, "run2", "trello", "update", "0.trello.update"))
        intents.close_intent(tx, other, "done")
        intents.retire_changes(tx, "run", "d1")
        assert intents.done_changes(tx, "run") == {"0.trello.update@d1", "1.trello.create@d1"}
        assert intents.done_changes(tx, "run2") == {"0.trello.update"}
        intents.close_intent(tx, intents.open_intent(tx, intent("0.trello.update")), "done")
        intents.retire_changes(tx, "run", "d2")
        assert intents.done_changes(tx, "run") == {"0.trello.update@d1", "1.trello.create@d1", "0.trello.update@d2"}
