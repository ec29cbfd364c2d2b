"""Restores, deletions and births of which one of the two records has moved since the plan was made."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from time import sleep

import pytest
from engine import CUSTOMERS, PROJECTS, as_anna, erp_edit
from test_crash import born, fail_comments, later, ours, projects, standing
from test_projects import shown

from customerp_trello.errors import UnknownOutcome
from customerp_trello.flow import finish as flow_finish
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.conflicts import conflicts
from customerp_trello.state.transaction import utc_now

APART = 1.2
"""Seconds between runs: what is older than the one before is not read again."""


@pytest.fixture
def engine(loaded, monkeypatch):
    """The profile reads five seconds twice, so this comes to nothing."""
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    monkeypatch.setattr("customerp_trello.hooks.http.time.sleep", lambda seconds: None)
    kept = dict(loaded.mappings)
    loaded.widen(settle_seconds=0)
    yield loaded
    loaded.store.clock = utc_now
    loaded.end_faults()
    loaded.mappings.clear()
    loaded.mappings.update(kept)


def synced(engine, pair, times=1):
    written = []
    for _ in range(times):
        sleep(APART)
        written += engine.run(pair).writes()
    sleep(APART)
    return written


def just_before(task, act):
    """``on_task`` of a run in which somebody acts when a task begins."""
    return lambda begun: act() if begun == task else None


def erp(entity, record_id):
    return CustomERPHook().get_record(entity, record_id)[0]


def sided(engine, pair, side, **settings):
    found = engine.mapping(pair)
    policy = settings.pop("delete_vs_edit", found.delete_vs_edit)
    changed = getattr(found, side).model_copy(update=settings)
    engine.mappings[pair] = found.model_copy(update={side: changed, "delete_vs_edit": policy})


def asked_about(engine, name):
    """A person decides about conflicts of a customer's property."""
    found = engine.mapping(CUSTOMERS)
    props = tuple(p.model_copy(update={"conflict": "manual"}) if p.name == name else p for p in found.properties)
    engine.mappings[CUSTOMERS] = found.model_copy(update={"properties": props})


def customer(engine, name, **fields):
    made, _ = CustomERPHook().create_record("customer", {"name": name, "type": "company", **fields})
    synced(engine, CUSTOMERS, 2)
    return str(made["id"]), engine.link_of(CUSTOMERS, made["id"])["trello_id"]


def test_an_edit_weeks_later_does_not_switch_on_what_was_deleted_where_that_is_ignored(engine):
    sided(engine, CUSTOMERS, "trello", on_gone="ignore", delete_vs_edit="edit_wins")
    record, workspace = customer(engine, "Off for good")
    erp_edit("customer", record, active=False)
    synced(engine, CUSTOMERS, 2)
    TrelloHook().update_organization(workspace, website="https://late.example")
    assert synced(engine, CUSTOMERS, 3) == []
    assert erp("customer", record)["active"] is False


def test_what_the_erp_edits_in_a_record_that_it_switches_on_itself_is_not_replaced(engine):
    record, workspace = customer(engine, "Back by hand", description="As it was")
    erp_edit("customer", record, active=False)
    TrelloHook().update_organization(workspace, website="https://there.example")
    sleep(APART)
    back = just_before("load_customerp", lambda: erp_edit("customer", record, active=True, description="New text"))
    engine.run(CUSTOMERS, on_task=back)
    assert erp("customer", record)["description"] == "New text"
    synced(engine, CUSTOMERS, 2)
    found = TrelloHook().get_organization(workspace)
    assert (found["desc"], found["website"]) == ("New text", "https://there.example")
    assert erp("customer", record)["website"] == "https://there.example"


def test_what_the_erp_edits_in_a_record_that_stays_off_is_not_replaced(engine):
    record, workspace = customer(engine, "Off and edited", description="As it was")
    erp_edit("customer", record, active=False)
    TrelloHook().update_organization(workspace, website="https://there.example")
    sleep(APART)
    engine.run(
        CUSTOMERS, on_task=just_before("load_customerp", lambda: erp_edit("customer", record, description="New"))
    )
    synced(engine, CUSTOMERS, 2)
    found = erp("customer", record)
    assert (found["active"], found["description"], found["website"]) == (True, "New", "https://there.example")
    assert TrelloHook().get_organization(workspace)["desc"] == "New"


def test_a_project_that_is_edited_beside_its_deletion_is_not_deleted(engine):
    sided(engine, PROJECTS, "customerp", on_gone="delete")
    link = engine.fresh_link(PROJECTS)
    synced(engine, PROJECTS, 2)
    TrelloHook().delete_comment(link["trello_id"])
    edit = just_before("load_customerp", lambda: erp_edit("project", link["customerp_id"], name="Edited beside it"))
    engine.run(PROJECTS, on_task=edit)
    assert erp("project", link["customerp_id"])["name"] == "Edited beside it"
    synced(engine, PROJECTS, 2)
    assert erp("project", link["customerp_id"])["active"] is True
    assert "Edited beside it" in shown(engine.link_of(PROJECTS, link["customerp_id"]))


def test_a_project_that_nobody_edits_is_deleted_after_its_comment(engine):
    sided(engine, PROJECTS, "customerp", on_gone="deactivate")
    link = engine.fresh_link(PROJECTS)
    synced(engine, PROJECTS, 2)
    TrelloHook().delete_comment(link["trello_id"])
    engine.run(PROJECTS)
    assert erp("project", link["customerp_id"])["active"] is False


def test_no_comment_is_posted_again_for_a_project_that_is_deleted_meanwhile(engine):
    link = engine.fresh_link(PROJECTS)
    TrelloHook().delete_comment(link["trello_id"])
    off = just_before("load_trello", lambda: erp_edit("project", link["customerp_id"], active=False))
    ran = engine.run(PROJECTS, on_task=off)
    assert [one for one in ran.writes() if one[0] == "trello"] == []
    assert [one for one in synced(engine, PROJECTS, 2) if one[0] == "trello"] == []
    assert link["customerp_id"] not in set(engine.links(PROJECTS)["customerp_id"])


@pytest.mark.parametrize("text", ["sorry, wrong card", "{number}\nStatus: On hold"])
@pytest.mark.parametrize("task", ["load_customerp", "load_trello"])
def test_a_comment_that_is_no_project_any_more(engine, text, task):
    number = engine.fresh_link(PROJECTS)["c.number"]
    name = f"No project {task} {len(text)}"
    source = born(engine, name)
    edit = just_before(task, lambda: as_anna(engine, "PUT", f"/actions/{source}", text=text.format(number=number)))
    engine.run(PROJECTS, on_task=edit)
    synced(engine, PROJECTS, 2)
    if task == "load_customerp":
        assert projects(name) == [], "it was none when it would have been made"
    else:
        assert len(projects(name)) == len(ours(engine, source)) == 1, "it is there, and goes on without its source"
    assert standing(engine) == []


def test_a_newborn_that_was_switched_off_before_it_had_a_comment_gets_none(engine):
    source = born(engine, "Off at once")
    fail_comments(engine, "status:400")
    engine.run(PROJECTS)
    (project,) = projects("Off at once")
    erp_edit("project", project["id"], active=False)
    synced(engine, PROJECTS)
    later(engine, 90)
    synced(engine, PROJECTS, 2)
    assert ours(engine, source) == []
    assert str(project["id"]) not in set(engine.links(PROJECTS)["customerp_id"])
    assert standing(engine) == []


def test_what_both_edit_between_the_halves_of_a_birth_is_a_recorded_conflict(engine):
    source = born(engine, "Edited twice")

    def edit():
        (project,) = projects("Edited twice")
        erp_edit("project", project["id"], name="Edited in the ERP")
        as_anna(engine, "PUT", f"/actions/{source}", text="Name: Edited in Trello\nStatus: Open")

    engine.run(PROJECTS, on_task=just_before("load_trello", edit))
    synced(engine, PROJECTS, 2)
    with engine.store.read() as tx:
        found = [*conflicts(tx, PROJECTS, status="settled"), *conflicts(tx, PROJECTS)]
    both = {(one.customerp, one.trello) for one in found}
    assert ("Edited in the ERP", "Edited in Trello") in both


@pytest.mark.parametrize("name", ["one", "nobody"])
def test_a_manager_named_anew_between_the_halves_of_a_birth(engine, name):
    people = [one for one in CustomERPHook().list_records("employee") if one["active"]]
    names = Counter(f"{one['first_name']} {one['last_name']}" for one in people)
    first, second = [one for one in people if names[f"{one['first_name']} {one['last_name']}"] == 1][:2]
    title = f"Led by {name}"
    source = born(engine, f"{title}\nManager: {first['first_name']} {first['last_name']}")
    line = f"{second['first_name']} {second['last_name']}" if name == "one" else "Nobody Atall"
    edit = just_before(
        "load_trello",
        lambda: as_anna(engine, "PUT", f"/actions/{source}", text=f"Name: {title}\nManager: {line}\nStatus: Open"),
    )
    engine.run(PROJECTS, on_task=edit)
    if name == "nobody":
        assert ours(engine, source) == [], "in ours only the token's member could correct it"
        text = f"Name: {title}\nManager: {second['first_name']} {second['last_name']}\nStatus: Open"
        as_anna(engine, "PUT", f"/actions/{source}", text=text)
        later(engine, 90)
    synced(engine, PROJECTS, 2)
    (project,) = projects(title)
    assert project["manager_id"] == second["id"]
    with engine.store.read() as tx:
        asked = [one for one in conflicts(tx, PROJECTS, status="settled") if one.property == "manager"]
    assert asked == []


@pytest.mark.parametrize("lost", [False, True])
def test_what_was_missing_in_the_source_and_both_fill_in_is_a_recorded_conflict(engine, lost):
    title = f"Filled in by both {lost}"
    source = born(engine, title)

    def edit():
        (project,) = projects(title)
        erp_edit("project", project["id"], start_date="2026-03-01")
        as_anna(engine, "PUT", f"/actions/{source}", text=f"Name: {title}\nStatus: Open\nStart date: 2026-04-01")
        if lost:
            fail_comments(engine, "lost_answer")

    engine.run(PROJECTS, on_task=just_before("load_trello", edit))
    synced(engine, PROJECTS, 3)
    with engine.store.read() as tx:
        found = [*conflicts(tx, PROJECTS, status="settled"), *conflicts(tx, PROJECTS)]
    assert ("2026-03-01", "2026-04-01") in {(one.customerp, one.trello) for one in found}


def test_a_description_that_has_no_room_in_ours_is_recorded(engine):
    source, long = born(engine, "Ends in a book"), ("All there is to know of it. " * 582).strip()
    text = f"Name: Ends in a book\nStatus: Open\n\nDescription: {long}"
    engine.run(
        PROJECTS, on_task=just_before("load_trello", lambda: as_anna(engine, "PUT", f"/actions/{source}", text=text))
    )
    with engine.store.read() as tx:
        kept = [one.trello for one in conflicts(tx, PROJECTS, status="settled") if one.reason == "overwritten"]
    assert [text for text in kept if text and text.startswith("All there is")]


def test_a_question_ends_when_both_sides_are_what_they_were_before_it(engine):
    asked_about(engine, "website")
    record, workspace = customer(engine, "Back to the old", website="https://old.example")
    erp_edit("customer", record, website="https://one.example")
    TrelloHook().update_organization(workspace, website="https://other.example")
    synced(engine, CUSTOMERS)
    with engine.store.read() as tx:
        assert len(conflicts(tx, CUSTOMERS)) == 1
    erp_edit("customer", record, website="https://old.example")
    TrelloHook().update_organization(workspace, website="https://old.example")
    assert synced(engine, CUSTOMERS, 2) == []
    with engine.store.read() as tx:
        assert conflicts(tx, CUSTOMERS) == []


def test_a_question_about_a_property_that_the_mapping_has_no_more_ends(engine):
    found = engine.mapping(CUSTOMERS)
    props = tuple(
        p.model_copy(update={"conflict": "manual"}) if p.name == "description" else p for p in found.properties
    )
    engine.mappings[CUSTOMERS] = found.model_copy(update={"properties": props})
    record, workspace = customer(engine, "Asked in vain", description="Old")
    erp_edit("customer", record, description="One")
    TrelloHook().update_organization(workspace, desc="Other")
    synced(engine, CUSTOMERS)
    without = tuple(p for p in found.properties if p.name != "description")
    engine.mappings[CUSTOMERS] = found.model_copy(update={"properties": without})
    synced(engine, CUSTOMERS)
    with engine.store.read() as tx:
        assert conflicts(tx, CUSTOMERS) == []


def test_an_interrupted_create_that_a_load_forgets_is_made_by_the_next_run(engine, monkeypatch):
    engine.widen(settle_seconds=60)
    made, _ = CustomERPHook().create_record("customer", {"name": "Forgotten late", "type": "company"})
    with monkeypatch.context() as broken:
        broken.setattr(TrelloHook, "create_organization", lambda *_, **__: (_ for _ in ()).throw(UnknownOutcome("?")))
        engine.run(CUSTOMERS)
    sleep(APART)
    engine.run(CUSTOMERS, on_task=just_before("load_trello", lambda: later(engine, 90)))
    assert str(made["id"]) not in set(engine.links(CUSTOMERS)["customerp_id"])
    synced(engine, CUSTOMERS)
    assert engine.link_of(CUSTOMERS, made["id"])["status"] == "linked"


def test_a_link_that_ends_is_not_taken_off_those_that_nothing_happened_to(engine):
    record, _ = customer(engine, "Leaves alone")
    synced(engine, CUSTOMERS)
    erp_edit("customer", record, active=False)
    sleep(APART)
    told = {
        word: int(number)
        for word, number in re.findall(r"(?m)^ *(linked|unchanged) +(\d+)", engine.run(CUSTOMERS).text)
    }
    assert told["unchanged"] == told["linked"] > 0
