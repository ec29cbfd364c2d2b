"""Writes whose second half fails or whose answer is lost: nothing twice, nothing lost, and the others go on.

What a kill at any step of a run leaves behind is the subject of ``tests/kills``.
"""

from __future__ import annotations

import pytest
from engine import PROJECTS, as_anna, ask, erp_edit

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.intents import OPEN, PLANNED, open_intents
from customerp_trello.state.transaction import utc_now
from customerp_trello.state.work import load_open_work


@pytest.fixture
def settled(loaded, monkeypatch):
    monkeypatch.setattr("customerp_trello.hooks.http.time.sleep", lambda seconds: None)
    loaded.widen(settle_seconds=0)
    yield loaded
    loaded.store.clock = utc_now
    for url in (loaded.customerp_url, loaded.trello_url):
        ask("DELETE", f"{url}/sandbox/faults")
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
    ask("DELETE", f"{settled.trello_url}/sandbox/faults")
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
    ask("DELETE", f"{settled.customerp_url}/sandbox/faults")
    assert standing(settled) == []
    assert ours(settled, source) == []
    settled.run(PROJECTS)
    assert len(projects("Short life")) == 1
