"""The main job, in one process: first load, edits on both sides, nothing left to do; all four pairs."""

from __future__ import annotations

import json
import urllib.request

import pytest
from engine import CONTACTS, CUSTOMERS, EMPLOYEES, PAIRS, PROJECTS

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook


@pytest.fixture
def company(seeded_sandbox, connect):
    box = seeded_sandbox(customers=24)
    connect(
        box.customerp,
        box.trello,
        staff_workspaces=box.summary["staff"]["short_names"],
        register_card=box.summary["register_card"]["id"],
    )
    return box


@pytest.fixture
def loaded(company, engine):
    for pair in PAIRS:
        engine.let_through(pair)
    return company


def erp_edit(entity, record_id, **fields):
    hook = CustomERPHook()
    _, version = hook.get_record(entity, record_id)
    return hook.update_record(entity, record_id, fields, version)[0]


def link_of(engine, pair, **ids):
    from customerp_trello.state.bases import load_links

    with engine.store.read() as tx:
        links = load_links(tx, pair, engine.mapping(pair).names)
    for column, value in ids.items():
        links = links[links[column] == value]
    return links.iloc[0]


def as_anna(trello, method, path, **body):
    """Another person's request."""
    request = urllib.request.Request(f"{trello.url}/1{path}", json.dumps(body).encode(), method=method)
    request.add_header("Content-Type", "application/json")
    key, token = trello.key, trello.anna.token
    request.add_header("Authorization", f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"')
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_first_run_is_held_and_writes_nothing(company, engine, pair):
    before = company.trello.requests()["total"]
    ran = engine.run(pair)
    if pair != CONTACTS:  # no customer is linked yet, so that there is nothing to hold
        assert "first run" in ran.held
    assert ran.writes() == []
    assert company.trello.requests()["total"] > before


def test_a_second_run_writes_nothing(loaded, engine):
    for pair in PAIRS:
        first, second = engine.run(pair), engine.run(pair)
        assert second.writes() == [], (pair, second.text)
        assert first.held == second.held == ""


def test_customers_stay_in_sync_wherever_they_are_edited(loaded, engine):
    link = link_of(engine, CUSTOMERS)
    hook = TrelloHook()
    erp_edit("customer", link["customerp_id"], name="Renamed AG")
    hook.update_organization(link["trello_id"], desc="Edited in Trello")
    ran = engine.run(CUSTOMERS)
    assert ran.writes() == [
        ("customerp", "update", "description", "Edited in Trello"),
        ("trello", "update", "name", "Renamed AG"),
    ]
    assert hook.get_organization(link["trello_id"])["displayName"] == "Renamed AG"
    assert CustomERPHook().get_record("customer", link["customerp_id"])[0]["description"] == "Edited in Trello"
    assert engine.run(CUSTOMERS).writes() == []


def test_a_clash_is_settled_and_recorded(loaded, engine):
    link = link_of(engine, CUSTOMERS)
    TrelloHook().update_organization(link["trello_id"], displayName="From Trello")
    erp_edit("customer", link["customerp_id"], name="From the ERP")
    ran = engine.run(CUSTOMERS)
    conflict = ran.plan[ran.plan["operation"] == "conflict"].iloc[0]
    assert conflict["winner"] == "customerp"
    assert conflict["cause"] == "latest"
    assert ran.writes() == [("trello", "update", "name", "From the ERP")]
    assert engine.run(CUSTOMERS).writes() == []


def test_a_new_customer_gets_a_workspace_and_its_contact_an_invitation(loaded, engine):
    erp = CustomERPHook()
    customer, _ = erp.create_record("customer", {"name": "Fresh Ltd", "type": "company"})
    contact, _ = erp.create_record(
        "contact",
        {"last_name": "New", "first_name": "Nora", "email": "nora@fresh.example", "customer_id": customer["id"]},
    )
    waiting = engine.run(CONTACTS)
    assert waiting.writes() == []
    assert "its customer is not linked" in waiting.plan["detail"].tolist()
    assert ("trello", "create", "name", "Fresh Ltd") in engine.run(CUSTOMERS).writes()
    assert ("trello", "create", "full_name", "Nora New") in engine.run(CONTACTS).writes()
    link = link_of(engine, CONTACTS, customerp_id=str(contact["id"]))
    assert link["t.email"] == "nora@fresh.example"
    assert engine.run(CONTACTS).writes() == []


def test_an_employee_who_leaves_is_removed_and_a_profile_edit_is_not_writable(loaded, engine):
    link = link_of(engine, EMPLOYEES)
    erp_edit("employee", link["customerp_id"], first_name="Somebody", last_name="Else")
    ran = engine.run(EMPLOYEES)
    assert ran.writes() == []
    told = ran.plan[ran.plan["operation"] == "not_writable"]
    assert told["property"].tolist() == ["full_name"]
    assert engine.run(EMPLOYEES).plan["operation"].tolist().count("not_writable") == 0
    erp_edit("employee", link["customerp_id"], status="terminated")
    assert ("trello", "update", "membership", "none") in engine.run(EMPLOYEES).writes()
    assert engine.run(EMPLOYEES).writes() == []


def test_projects_travel_as_comments_and_amendments_come_back(loaded, engine):
    link = link_of(engine, PROJECTS)
    erp_edit("project", link["customerp_id"], name="Renamed project")
    assert ("trello", "update", "name", "Renamed project") in engine.run(PROJECTS).writes()
    text = TrelloHook().get_action(link["trello_id"])["data"]["text"]
    assert "Renamed project" in text
    number = link["c.number"]
    card = loaded.summary["register_card"]["id"]
    as_anna(loaded.trello, "POST", f"/cards/{card}/actions/comments", text=f"{number}\nStatus: On hold")
    ran = engine.run(PROJECTS)
    assert ("customerp", "update", "status", "On hold") in ran.writes()
    assert CustomERPHook().get_record("project", link["customerp_id"])[0]["status"] == "on_hold"
    assert "On hold" in TrelloHook().get_action(link["trello_id"])["data"]["text"]
    assert engine.run(PROJECTS).writes() == []


def test_a_project_born_in_trello_gets_a_number_and_a_comment_of_ours(loaded, engine):
    card = loaded.summary["register_card"]["id"]
    text = "Name: Born in Trello\nStatus: Open\nStart date: 2026-03-01\nManager: -"
    comment = as_anna(loaded.trello, "POST", f"/cards/{card}/actions/comments", text=text)
    ran = engine.run(PROJECTS)
    assert ("customerp", "create", "name", "Born in Trello") in ran.writes()
    (project,) = [p for p in CustomERPHook().list_records("project") if p["name"] == "Born in Trello"]
    link = link_of(engine, PROJECTS, customerp_id=str(project["id"]))
    assert link["trello_id"] != comment["id"]
    ours = TrelloHook().get_action(link["trello_id"])["data"]["text"]
    assert project["number"] in ours
    assert comment["id"] in ours
    assert engine.run(PROJECTS).writes() == []
    assert len([p for p in CustomERPHook().list_records("project") if p["name"] == "Born in Trello"]) == 1


def test_a_deleted_comment_is_posted_again(loaded, engine):
    link = link_of(engine, PROJECTS)
    TrelloHook().delete_comment(link["trello_id"])
    ran = engine.run(PROJECTS)
    assert ("trello", "restore", "number", link["c.number"]) in ran.writes()
    again = link_of(engine, PROJECTS, customerp_id=link["customerp_id"])
    assert again["trello_id"] != link["trello_id"]
    assert engine.run(PROJECTS).writes() == []


def test_a_customer_switched_off_is_unlinked_and_stays_apart(loaded, engine):
    link = link_of(engine, CUSTOMERS)
    CustomERPHook().delete_record("customer", link["customerp_id"])
    ran = engine.run(CUSTOMERS)
    assert ran.writes() == []
    assert "unlink" in ran.plan["operation"].tolist()
    again = engine.run(CUSTOMERS)
    assert again.writes() == []
    assert TrelloHook().get_organization(link["trello_id"])["id"] == link["trello_id"]
    erp_edit("customer", link["customerp_id"], active=True)
    assert "lives_again" in engine.run(CUSTOMERS).plan["cause"].tolist()


def test_a_preview_changes_no_state(loaded, engine):
    link = link_of(engine, CUSTOMERS)
    erp_edit("customer", link["customerp_id"], name="Only seen")
    preview = engine.run(CUSTOMERS, action="preview")
    assert preview.writes() == []
    assert preview.steps["reconcile"]["changes"]["trello.update"] == 1
    real = engine.run(CUSTOMERS)
    assert real.steps["reconcile"]["digest"] == preview.steps["reconcile"]["digest"]
    assert real.writes() == [("trello", "update", "name", "Only seen")]


def test_only_chosen_keys_are_written(loaded, engine):
    one, two = (link_of(engine, CUSTOMERS, **{}) for _ in range(2))
    from customerp_trello.state.bases import load_links

    with engine.store.read() as tx:
        links = load_links(tx, CUSTOMERS, ("name", "number"))
    one, two = links.iloc[0], links.iloc[1]
    for link in (one, two):
        erp_edit("customer", link["customerp_id"], name=f"New {link['link']}")
    chosen = engine.run(CUSTOMERS, keys=(one["customerp_id"],))
    assert chosen.writes() == [("trello", "update", "name", f"New {one['link']}")]
    assert engine.run(CUSTOMERS).writes() == [("trello", "update", "name", f"New {two['link']}")]


def test_a_record_that_the_erp_refuses_is_quarantined_and_the_others_go_on(loaded, engine):
    from customerp_trello.state.bases import load_links
    from customerp_trello.state.work import load_open_work

    with engine.store.read() as tx:
        links = load_links(tx, CUSTOMERS, ("name", "number"))
    one, two = links.iloc[0], links.iloc[1]
    loaded.customerp.fault(f"PATCH /api/v1/customers/{one['customerp_id']}", "status:422")
    hook = TrelloHook()
    hook.update_organization(one["trello_id"], desc="refused")
    hook.update_organization(two["trello_id"], desc="taken")
    assert engine.run(CUSTOMERS).writes() == [("customerp", "update", "description", "taken")]
    with engine.store.read() as tx:
        work = load_open_work(tx, CUSTOMERS)
    assert work[work["kind"] == "quarantined"]["record_id"].tolist().count(one["customerp_id"]) == 1
