"""P1, P7: somebody edits what an interrupted run has just written, before the next run finds out what became of it."""

from __future__ import annotations

import pytest
from engine import CUSTOMERS, PROJECTS, as_anna, erp_edit
from sqlalchemy import update
from test_crash import projects
from test_projects import say

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.tables import open_work

POST_COMMENT = "POST /1/cards/*/actions/comments"


@pytest.fixture
def interrupted(loaded, monkeypatch):
    """``interrupted(pair, request)``: a run whose answer to one request is lost."""
    monkeypatch.setattr("customerp_trello.hooks.http.time.sleep", lambda seconds: None)
    loaded.widen(settle_seconds=0)

    def run(pair, request, **more):
        system = "trello" if "/1/" in request else "customerp"
        loaded.fault(system, match=request, kind="lost_answer")
        try:
            loaded.run(pair, **more)
        finally:
            loaded.end_faults()

    return run


def killed_at(task):
    """``on_task`` of a run that gets no further than to this task."""

    def on_task(begun):
        if begun == task:
            raise KeyboardInterrupt(task)

    return on_task


def in_sync(engine, pair):
    engine.run(pair)
    engine.run(pair)
    assert engine.run(pair).writes() == []


def erp(entity, record_id):
    return CustomERPHook().get_record(entity, record_id)[0]


def test_a_workspace_is_described_before_its_create_is_found(loaded, interrupted):
    fields = {"name": "Edited early", "type": "company", "website": "https://early.example", "description": "From here"}
    customer, _ = CustomERPHook().create_record("customer", fields)
    interrupted(CUSTOMERS, "POST /1/organizations")
    (made,) = [one for one in TrelloHook().my_organizations() if one["displayName"] == "Edited early"]
    TrelloHook().update_organization(made["id"], desc="From there")
    in_sync(loaded, CUSTOMERS)
    assert loaded.link_of(CUSTOMERS, customer["id"])["trello_id"] == made["id"]
    assert erp("customer", customer["id"])["description"] == "From there"


def test_another_project_is_born_before_the_interrupted_one_is_found(loaded, interrupted):
    say(loaded, "Name: Born first\nStatus: Open")
    with pytest.raises(KeyboardInterrupt):
        interrupted(PROJECTS, "POST /api/v1/projects", on_task=killed_at("load_trello"))
    say(loaded, "Name: Born second\nStatus: Open")
    in_sync(loaded, PROJECTS)
    for name in ("Born first", "Born second"):
        (made,) = projects(name)
        assert loaded.link_of(PROJECTS, made["id"])["status"] == "linked"


def test_a_project_is_amended_before_its_comment_is_found(loaded, interrupted):
    project, _ = CustomERPHook().create_record("project", {"name": "Amended early", "status": "open"})
    interrupted(PROJECTS, POST_COMMENT)
    say(loaded, f"{project['number']}\nStatus: On hold")
    in_sync(loaded, PROJECTS)
    assert erp("project", project["id"])["status"] == "on_hold"


def test_a_project_is_amended_before_its_restored_comment_is_found(loaded, interrupted):
    link = loaded.fresh_link(PROJECTS)
    TrelloHook().delete_comment(link["trello_id"])
    interrupted(PROJECTS, POST_COMMENT)
    say(loaded, f"{link['c.number']}\nDescription: Amended early")
    in_sync(loaded, PROJECTS)
    assert erp("project", link["customerp_id"])["description"] == "Amended early"


def test_a_project_born_in_trello_is_amended_before_our_comment_is_found(loaded, interrupted):
    say(loaded, "Name: Born and amended\nStatus: Open")
    interrupted(PROJECTS, POST_COMMENT)
    (project,) = projects("Born and amended")
    say(loaded, f"{project['number']}\nStatus: On hold")
    in_sync(loaded, PROJECTS)
    assert erp("project", project["id"])["status"] == "on_hold"


def test_a_project_born_in_trello_is_edited_before_its_create_is_found(loaded, interrupted):
    say(loaded, "Name: Born and edited\nStatus: Open")
    interrupted(PROJECTS, "POST /api/v1/projects")
    (project,) = projects("Born and edited")
    erp_edit("project", project["id"], status="on_hold")
    in_sync(loaded, PROJECTS)
    assert len(projects("Born and edited")) == 1
    text = TrelloHook().get_action(loaded.link_of(PROJECTS, project["id"])["trello_id"])["data"]["text"]
    assert "Status: On hold" in text


@pytest.mark.parametrize("left_out", [False, True])
def test_a_project_too_long_for_a_comment_keeps_its_text(loaded, interrupted, left_out):
    text = ("Long. " * (3000 if left_out else 3)).strip()
    project, _ = CustomERPHook().create_record(
        "project", {"name": f"Long {left_out}", "status": "open", "description": text.strip()}
    )
    interrupted(PROJECTS, POST_COMMENT)
    in_sync(loaded, PROJECTS)
    assert erp("project", project["id"])["description"] == text
    erp_edit("project", project["id"], description="Short by now")
    in_sync(loaded, PROJECTS)
    posted = TrelloHook().get_action(loaded.link_of(PROJECTS, project["id"])["trello_id"])["data"]["text"]
    assert "Short by now" in posted


@pytest.mark.parametrize("how", ["quietly", "answer lost", "unreadable first", "deleted"])
def test_a_comment_is_edited_after_its_project_was_created(loaded, interrupted, how):
    source = say(loaded, f"Name: Born {how}\nStatus: Open")

    def edit(begun):
        if begun == "load_trello":
            if how == "deleted":
                as_anna(loaded, "DELETE", f"/actions/{source}")
            else:
                status = "Whatever" if how == "unreadable first" else "On hold"
                as_anna(loaded, "PUT", f"/actions/{source}", text=f"Name: Born {how}, renamed\nStatus: {status}")

    if how == "answer lost":
        interrupted(PROJECTS, POST_COMMENT, on_task=edit)
    else:
        loaded.run(PROJECTS, on_task=edit)
    if how == "unreadable first":
        as_anna(loaded, "PUT", f"/actions/{source}", text=f"Name: Born {how}, renamed\nStatus: On hold")
        with loaded.store.begin() as tx:
            tx.execute(update(open_work).values(next_try_at=None))
    in_sync(loaded, PROJECTS)
    told = (f"Born {how}", "open") if how == "deleted" else (f"Born {how}, renamed", "on_hold")
    (made,) = projects(told[0])
    assert (made["name"], made["status"]) == told
    assert loaded.link_of(PROJECTS, made["id"])["status"] == "linked"
