"""Writes whose second half fails or whose answer is lost: nothing twice, nothing lost, and the others go on.

What a kill at any step of a run leaves behind is the subject of ``tests/kills``.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from engine import CUSTOMERS, PROJECTS, as_anna, erp_edit

from customerp_trello.flow.begin import acquire, begin
from customerp_trello.flow.decide import decide, guard
from customerp_trello.flow.extract import extract
from customerp_trello.flow.finish import finish
from customerp_trello.flow.form import Form
from customerp_trello.flow.load import load
from customerp_trello.flow.pair_run import open_run
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state import lease
from customerp_trello.state.intents import DONE, OPEN, PLANNED, open_intents
from customerp_trello.state.retention import forget_older
from customerp_trello.state.transaction import utc_now
from customerp_trello.state.work import load_open_work


@pytest.fixture
def settled(loaded, monkeypatch):
    monkeypatch.setattr("customerp_trello.hooks.http.time.sleep", lambda seconds: None)
    loaded.widen(settle_seconds=0)
    yield loaded
    loaded.store.clock = utc_now
    loaded.end_faults()
    loaded.run(PROJECTS)
    assert loaded.run(PROJECTS).writes() == []


def card_of(engine):
    return engine.summary["register_card"]["id"]


def born(engine, name):
    text = f"Name: {name}\nStatus: Open"
    return as_anna(engine, "POST", f"/cards/{card_of(engine)}/actions/comments", text=text)["id"]


def projects(name):
    return [one for one in CustomERPHook().list_records("project") if one["name"] == name]


def ours(engine, source):
    """Our comments that name their source."""
    return [one for one in TrelloHook().comments(card_of(engine)) if f"from {source}" in one["data"]["text"]]


def work_of(engine, project):
    with engine.store.read() as tx:
        work = load_open_work(tx, PROJECTS)
    return work[work["record_id"] == str(project["id"])]


def standing(engine):
    with engine.store.read() as tx:
        return [one.status for one in open_intents(tx, PROJECTS, statuses=(OPEN, PLANNED))]


def later(engine, seconds):
    from datetime import timedelta

    engine.store.clock = lambda: utc_now() + timedelta(seconds=seconds)


def fail_comments(engine, kind, times=1):
    engine.fault("trello", match="POST /1/cards/*/actions/comments", kind=kind, times=times)


def test_a_refused_second_half_is_quarantined_and_posted_when_its_rest_is_over(settled):
    source = born(settled, "Refused first")
    link = settled.fresh_link(PROJECTS)
    erp_edit("project", link["customerp_id"], name="Goes on beside a refusal")
    fail_comments(settled, "status:400")
    ran = settled.run(PROJECTS)
    assert ("trello", "update", "name", "Goes on beside a refusal") in ran.writes()
    (project,) = projects("Refused first")
    work = work_of(settled, project)
    assert work["kind"].tolist() == ["quarantined"]
    assert "400" in work["reason"].iloc[0]
    assert standing(settled) == [PLANNED]
    assert settled.run(PROJECTS).writes() == []  # it rests, and its source is born no second time
    later(settled, 90)
    settled.run(PROJECTS)
    assert len(ours(settled, source)) == len(projects("Refused first")) == 1
    assert settled.link_of(PROJECTS, project["id"])["trello_id"] == ours(settled, source)[0]["id"]
    assert work_of(settled, project).empty
    assert standing(settled) == []


def test_a_second_half_that_does_not_get_through_waits_for_the_next_run(settled):
    source = born(settled, "Too many requests")
    fail_comments(settled, "status:429", times=5)
    settled.run(PROJECTS)
    (project,) = projects("Too many requests")
    assert work_of(settled, project)["kind"].tolist() == ["deferred"]
    settled.run(PROJECTS)
    assert len(ours(settled, source)) == len(projects("Too many requests")) == 1
    assert standing(settled) == []


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "status:500", "truncate", "blank"])
def test_p10_a_second_half_whose_answer_is_lost_is_posted_once(settled, kind):
    name = f"Second half {kind}"
    source = born(settled, name)
    fail_comments(settled, kind)
    settled.run(PROJECTS)
    assert standing(settled) == [OPEN]
    settled.run(PROJECTS)
    settled.run(PROJECTS)
    assert len(ours(settled, source)) == len(projects(name)) == 1
    (project,) = projects(name)
    assert settled.link_of(PROJECTS, project["id"])["trello_id"] == ours(settled, source)[0]["id"]
    assert standing(settled) == []


def test_p10_what_fails_after_a_post_was_taken_is_looked_up_and_not_sent_again(settled):
    """The answer to the comment came; the listing that follows it did not."""
    source = born(settled, "Half told")
    settled.fault("trello", match="GET /1/cards/*/actions", kind="status:503", times=50, after=2)
    settled.run(PROJECTS)
    settled.end_faults()
    settled.run(PROJECTS)
    settled.run(PROJECTS)
    assert len(ours(settled, source)) == len(projects("Half told")) == 1


def test_p8_a_project_that_was_deleted_before_its_comment_was_posted_is_not_born_again(settled, monkeypatch):
    source = born(settled, "Short life")
    fail_comments(settled, "status:400")
    settled.run(PROJECTS)
    (project,) = projects("Short life")
    settled.fault("customerp", match=f"GET /api/v1/projects/{project['id']}", kind="status:404", times=50)
    later(settled, 90)
    settled.run(PROJECTS)
    settled.end_faults()
    assert standing(settled) == []
    assert ours(settled, source) == []
    settled.run(PROJECTS)
    assert len(projects("Short life")) == 1


@pytest.mark.parametrize("deleted", ["for good", "switched off"])
def test_p8_a_project_is_not_born_again_when_its_birth_is_too_old_to_be_kept(settled, deleted):
    """The comment that it came from stays on the card when people tidy ours away."""
    name = f"Born long ago, {deleted}"
    source = born(settled, name)
    settled.run(PROJECTS)
    (project,), (our,) = projects(name), ours(settled, source)
    if deleted == "for good":
        with closing(sqlite3.connect(settled.folder.parent / "customerp.db")) as database, database:
            assert database.execute("DELETE FROM projects WHERE id = ?", (project["id"],)).rowcount == 1
    else:
        CustomERPHook().delete_record("project", project["id"])
    settled.run(PROJECTS, action="full_resync")
    TrelloHook().delete_comment(our["id"])
    settled.run(PROJECTS)
    later(settled, 91 * 86400)
    with settled.store.begin() as tx:
        assert forget_older(tx, 90)["history"] > 0
    with settled.store.read() as tx:
        (kept,) = [one for one in open_intents(tx, PROJECTS, statuses=(DONE,)) if one.source == source]
    assert (kept.before, kept.after, kept.outcome) == ({}, {}, None)
    ran = settled.run(PROJECTS)
    assert (ran.writes(), len(projects(name))) == ([], 1 if deleted == "switched off" else 0)
    assert work_of(settled, {"id": source}).empty


@pytest.mark.parametrize("action", ["relink", "apply_plan"])
def test_a_waiting_second_half_is_left_to_a_run_that_asks_for_everything(settled, action):
    link = settled.fresh_link(PROJECTS)
    source = born(settled, f"Half born before {action}")
    fail_comments(settled, "status:429", times=5)
    settled.run(PROJECTS)
    assert standing(settled) == [PLANNED]
    wish, written = {}, []
    if action == "apply_plan":
        erp_edit("project", link["customerp_id"], name="Seen by a person")
        seen = settled.run(PROJECTS, action="preview", keys=(link["customerp_id"],))
        wish = {"plan": seen.steps["reconcile"]["digest"]}
        written = [("trello", "update", "name", "Seen by a person")]
    assert settled.run(PROJECTS, action=action, **wish).writes() == written
    assert (standing(settled), ours(settled, source)) == ([PLANNED], [])
    if action == "relink":  # what waits is let through like everything else
        settled.run(PROJECTS, action="full_resync")
    settled.run(PROJECTS)
    assert (standing(settled), len(ours(settled, source))) == ([], 1)


def test_a_confined_run_posts_the_second_half_of_what_it_creates(settled):
    source = born(settled, "Born in a window")
    settled.run(PROJECTS, limit=1)
    assert (standing(settled), len(ours(settled, source))) == ([], 1)


def test_p16_a_create_of_a_name_that_a_linked_record_bears_is_not_taken_for_that_record(settled):
    hook = CustomERPHook()
    hook.create_record("customer", {"name": "Same Name GmbH"})
    settled.run(CUSTOMERS)
    second, _ = hook.create_record("customer", {"name": "Same Name GmbH"})[:2]
    settled.fault("trello", match="POST /1/organizations", kind="status:500", times=20)
    settled.run(CUSTOMERS)
    settled.end_faults()
    settled.run(CUSTOMERS)
    settled.run(CUSTOMERS)
    named = [one for one in TrelloHook().my_organizations("displayName") if one["displayName"] == "Same Name GmbH"]
    assert len(named) == 2
    assert settled.link_of(CUSTOMERS, second["id"]) is not None


@pytest.mark.parametrize("fold", [True, False])
def test_a_record_that_appeared_with_the_key_in_capitals_is_met_where_capitals_do_not_matter(settled, fold):
    found = settled.mapping(CUSTOMERS)
    properties = [p.model_copy(update={"ignore_case": fold}) if p.name == "name" else p for p in found.properties]
    settled.mappings[CUSTOMERS] = found.model_copy(update={"properties": tuple(properties)})
    settled.run(CUSTOMERS)
    name = f"Casey Works {fold}"
    CustomERPHook().create_record("customer", {"name": name})

    def by_hand(task):
        if task == "load_trello":
            TrelloHook().create_organization(displayName=name.upper())

    settled.run(CUSTOMERS, on_task=by_hand)
    settled.run(CUSTOMERS)
    named = [one["displayName"] for one in TrelloHook().my_organizations("displayName")]
    assert sum(one.casefold() == name.casefold() for one in named) == (1 if fold else 2)
    settled.mappings.clear()
    settled.widen(settle_seconds=0)


def test_a_run_that_is_cleared_as_a_whole_does_not_skip_what_its_new_plan_numbers_as_the_old_one(settled):
    first, second = settled.fresh_link(CUSTOMERS), settled.fresh_link(CUSTOMERS)

    def tasks(run):
        again = open_run(settled.mapping(CUSTOMERS), settled.store, run.id, settled.folder)
        begin(again, settled.sides(again))
        for side in ("customerp", "trello"):
            extract(again, side, settled.sides(again)(side))
        decide(again, settled.sides(again))
        assert guard(open_run(settled.mapping(CUSTOMERS), settled.store, run.id, settled.folder), "anna")["go"]
        for side in ("customerp", "trello"):
            load(again, side, settled.sides(again))
        return again

    erp_edit("customer", first["customerp_id"], description="First")
    run = settled.start(CUSTOMERS, Form())
    tasks(run)
    erp_edit("customer", second["customerp_id"], description="Second")
    assert acquire(settled.mapping(CUSTOMERS), settled.store, run.id, Form(), dag_id=CUSTOMERS) is None
    done = tasks(run)
    finish(done, done.attempt())
    lease.release(settled.store, CUSTOMERS, run.id)
    shown = [TrelloHook().get_organization(link["trello_id"])["desc"] for link in (first, second)]
    assert shown == ["First", "Second"]
