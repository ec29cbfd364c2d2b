"""The main job, in one process: first load, edits on both sides, nothing left to do; all four pairs."""

from __future__ import annotations

import re
from datetime import timedelta
from time import sleep

import pytest
from engine import CONTACTS, CUSTOMERS, EMPLOYEES, PAIRS, PROJECTS, as_anna, ask, erp_edit
from test_moved_since_the_plan import APART

from customerp_trello.flow import finish as flow_finish
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.by_hand import rejoin
from customerp_trello.state.records import apart
from customerp_trello.state.work import load_open_work


@pytest.mark.parametrize("pair", PAIRS)
def test_the_first_run_is_held_and_writes_nothing(engine, pair):
    ran = engine.run(pair)
    if pair != CONTACTS:  # no customer is linked yet, so that there is nothing to hold
        assert "first run" in ran.held
    assert ran.writes() == []
    for url in (engine.customerp_url, engine.trello_url):
        counted = ask("GET", f"{url}/sandbox/requests")["requests"]
        assert {name.split()[0] for name in counted} <= {"GET"}


def test_a_second_run_writes_nothing(loaded):
    for pair in PAIRS:
        first, second = loaded.run(pair), loaded.run(pair)
        assert second.writes() == [], (pair, second.text)
        assert first.held == second.held == ""


def test_customers_stay_in_sync_wherever_they_are_edited(loaded):
    link = loaded.fresh_link(CUSTOMERS)
    hook = TrelloHook()
    erp_edit("customer", link["customerp_id"], name="Renamed AG")
    hook.update_organization(link["trello_id"], desc="Edited in Trello")
    ran = loaded.run(CUSTOMERS)
    assert ran.writes() == [
        ("customerp", "update", "description", "Edited in Trello"),
        ("trello", "update", "name", "Renamed AG"),
    ]
    assert hook.get_organization(link["trello_id"])["displayName"] == "Renamed AG"
    assert CustomERPHook().get_record("customer", link["customerp_id"])[0]["description"] == "Edited in Trello"
    assert loaded.run(CUSTOMERS).writes() == []


def test_a_clash_is_settled_and_recorded(loaded):
    link = loaded.fresh_link(CUSTOMERS)
    TrelloHook().update_organization(link["trello_id"], displayName="From Trello")
    erp_edit("customer", link["customerp_id"], name="From the ERP")
    ran = loaded.run(CUSTOMERS)
    conflict = ran.plan[ran.plan["operation"] == "conflict"].iloc[0]
    assert conflict["winner"] == "customerp"
    assert conflict["cause"] == "latest"
    assert ran.writes() == [("trello", "update", "name", "From the ERP")]
    assert loaded.run(CUSTOMERS).writes() == []


def test_a_new_customer_gets_a_workspace_and_its_contact_an_invitation(loaded):
    erp = CustomERPHook()
    customer, _ = erp.create_record("customer", {"name": "Fresh Ltd", "type": "company"})
    contact, _ = erp.create_record(
        "contact",
        {"last_name": "New", "first_name": "Nora", "email": "nora@fresh.example", "customer_id": customer["id"]},
    )
    waiting = loaded.run(CONTACTS)
    assert waiting.writes() == []
    assert "its customer is not linked" in waiting.plan["detail"].tolist()
    assert ("trello", "create", "name", "Fresh Ltd") in loaded.run(CUSTOMERS).writes()
    assert ("trello", "create", "full_name", "Nora New") in loaded.run(CONTACTS).writes()
    link = loaded.link_of(CONTACTS, contact["id"])
    assert link["t.email"] == "nora@fresh.example"
    assert loaded.run(CONTACTS).writes() == []


def test_an_employee_who_leaves_is_removed_and_a_profile_edit_is_not_writable(loaded):
    link = loaded.fresh_link(EMPLOYEES)
    erp_edit("employee", link["customerp_id"], first_name="Somebody", last_name="Else")
    ran = loaded.run(EMPLOYEES)
    assert ran.writes() == []
    told = ran.plan[ran.plan["operation"] == "not_writable"]
    assert told["property"].tolist() == ["full_name"]
    assert loaded.run(EMPLOYEES).plan["operation"].tolist().count("not_writable") == 0
    erp_edit("employee", link["customerp_id"], status="terminated")
    assert ("trello", "update", "membership", "none") in loaded.run(EMPLOYEES).writes()
    assert loaded.run(EMPLOYEES).writes() == []


@pytest.mark.parametrize("status", ["inactive", "terminated"])
def test_what_the_erp_says_of_somebody_who_is_away_arrives_when_they_are_back(loaded, status):
    link = loaded.fresh_link(EMPLOYEES)
    ask("POST", f"{loaded.trello_url}/sandbox/plan", organization=loaded.summary["staff"]["workspaces"][0], paid=True)
    erp_edit("employee", link["customerp_id"], status=status)
    loaded.run(EMPLOYEES)
    erp_edit("employee", link["customerp_id"], trello_role="admin")
    assert loaded.run(EMPLOYEES).writes() == []
    erp_edit("employee", link["customerp_id"], status="active")
    loaded.run(EMPLOYEES)
    # Who was only switched off still has a role in Trello; who comes in again gets it with the membership.
    later = [("trello", "update", "role", "admin")] if status == "inactive" else []
    assert loaded.run(EMPLOYEES).writes() == later
    assert "admin" in {row["memberType"] for row in memberships(loaded, link["trello_id"])}
    assert loaded.run(EMPLOYEES).writes() == []


def memberships(engine, member):
    spaces = engine.summary["staff"]["workspaces"]
    return [row for space in spaces for row in TrelloHook().memberships(space) if row["idMember"] == member]


def test_an_address_given_up_is_not_writable_and_leaves_the_invitation_open(loaded):
    fields = {"first_name": "Una", "last_name": "Invited", "work_email": "una@company.example", "status": "active"}
    una = CustomERPHook().create_record("employee", fields)[0]["id"]
    loaded.run(EMPLOYEES)
    erp_edit("employee", una, work_email=None)
    ran = loaded.run(EMPLOYEES)
    assert ran.writes() == []
    told = ran.plan[ran.plan["operation"] == "not_writable"]
    assert told[["property", "detail"]].to_numpy().tolist() == [["email", "required there, empty here"]]
    erp_edit("employee", una, work_email="again@company.example")
    assert loaded.run(EMPLOYEES).writes() == [("trello", "update", "email", "again@company.example")]


def test_projects_travel_as_comments_and_amendments_come_back(loaded):
    link = loaded.fresh_link(PROJECTS)
    erp_edit("project", link["customerp_id"], name="Renamed project")
    assert ("trello", "update", "name", "Renamed project") in loaded.run(PROJECTS).writes()
    text = TrelloHook().get_action(link["trello_id"])["data"]["text"]
    assert "Renamed project" in text
    number = link["c.number"]
    card = loaded.summary["register_card"]["id"]
    as_anna(loaded, "POST", f"/cards/{card}/actions/comments", text=f"{number}\nStatus: On hold")
    ran = loaded.run(PROJECTS)
    assert ("customerp", "update", "status", "On hold") in ran.writes()
    assert CustomERPHook().get_record("project", link["customerp_id"])[0]["status"] == "on_hold"
    assert "On hold" in TrelloHook().get_action(link["trello_id"])["data"]["text"]
    assert loaded.run(PROJECTS).writes() == []


def test_a_project_born_in_trello_gets_a_number_and_a_comment_of_ours(loaded):
    card = loaded.summary["register_card"]["id"]
    text = "Name: Born in Trello\nStatus: Open\nStart date: 2026-03-01\nManager: -"
    comment = as_anna(loaded, "POST", f"/cards/{card}/actions/comments", text=text)
    ran = loaded.run(PROJECTS)
    assert ("customerp", "create", "name", "Born in Trello") in ran.writes()
    (project,) = [p for p in CustomERPHook().list_records("project") if p["name"] == "Born in Trello"]
    link = loaded.link_of(PROJECTS, project["id"])
    assert link["trello_id"] != comment["id"]
    ours = TrelloHook().get_action(link["trello_id"])["data"]["text"]
    assert project["number"] in ours
    assert comment["id"] in ours
    assert loaded.run(PROJECTS).writes() == []
    assert len([p for p in CustomERPHook().list_records("project") if p["name"] == "Born in Trello"]) == 1


def test_a_deleted_comment_is_posted_again(loaded):
    link = loaded.fresh_link(PROJECTS)
    TrelloHook().delete_comment(link["trello_id"])
    ran = loaded.run(PROJECTS)
    assert ("trello", "restore", "number", link["c.number"]) in ran.writes()
    again = loaded.link_of(PROJECTS, link["customerp_id"])
    assert again["trello_id"] != link["trello_id"]
    assert loaded.run(PROJECTS).writes() == []


def test_what_was_edited_while_the_comment_was_gone_is_compared_once_it_is_posted_again(loaded, monkeypatch):
    """CustomERP is read by change: nobody would see again what the run that posts it had nothing to compare with."""
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    found = loaded.mapping(PROJECTS)
    one_way = tuple(p.model_copy(update={"direction": "to_customerp"} if p.name == "description" else {})
                    for p in found.properties)  # fmt: skip
    monkeypatch.setitem(loaded.mappings, PROJECTS, found.model_copy(update={"properties": one_way}))
    loaded.let_through(PROJECTS)
    link = loaded.fresh_link(PROJECTS)
    TrelloHook().delete_comment(link["trello_id"])
    erp_edit("project", link["customerp_id"], description="Trello decides this")
    sleep(APART)
    assert {operation for _, operation, *_ in loaded.run(PROJECTS).writes()} == {"restore"}
    sleep(APART)
    text = f"{link['c.number']}\nDescription: As Anna has decided"
    as_anna(loaded, "POST", f"/cards/{loaded.summary['register_card']['id']}/actions/comments", text=text)
    assert ("customerp", "update", "description", "As Anna has decided") in loaded.run(PROJECTS).writes()


def test_a_comment_posted_again_names_whom_it_refers_to(loaded):
    """Its project was not edited, so that an incremental listing does not hold the names."""
    hook = TrelloHook()
    loaded.run(PROJECTS)
    links = loaded.links(PROJECTS)
    texts = {link["trello_id"]: link["customerp_id"] for _, link in links[links["status"].eq("linked")].iterrows()}
    comments = {one["id"]: one["data"]["text"] for one in hook.comments(loaded.summary["register_card"]["id"])}
    lost = next(id_ for id_ in texts if re.search(r"^Manager: .+ \(E-", comments[id_], re.MULTILINE))
    hook.delete_comment(lost)
    loaded.run(PROJECTS)
    again = loaded.link_of(PROJECTS, texts[lost])["trello_id"]
    assert again != lost
    posted = hook.get_action(again)["data"]["text"]
    assert posted.rpartition("\n")[0] == comments[lost].rpartition("\n")[0]


def test_who_survived_is_made_again_once_a_person_lets_it(loaded, monkeypatch):
    mapping = loaded.mapping(PROJECTS)
    stays = mapping.model_copy(update={"customerp": mapping.customerp.model_copy(update={"on_gone": "unlink"})})
    monkeypatch.setitem(loaded.mappings, PROJECTS, stays)
    link = loaded.fresh_link(PROJECTS)
    TrelloHook().delete_comment(link["trello_id"])
    for _ in range(2):
        assert loaded.run(PROJECTS).writes() == []
    with loaded.store.begin() as tx:
        (one,) = (one for one in apart(tx, PROJECTS) if one.customerp_id == link["customerp_id"])
        assert (one.side, one.trello_id) == ("trello", link["trello_id"])
        rejoin(tx, PROJECTS, one.id, "a person")
    assert ("trello", "create", "number", link["c.number"]) in loaded.run(PROJECTS).writes()
    assert loaded.link_of(PROJECTS, link["customerp_id"])["trello_id"] != link["trello_id"]
    assert loaded.run(PROJECTS).writes() == []


def test_a_customer_switched_off_is_unlinked_and_stays_apart(loaded):
    link = loaded.fresh_link(CUSTOMERS)
    CustomERPHook().delete_record("customer", link["customerp_id"])
    ran = loaded.run(CUSTOMERS)
    assert ran.writes() == []
    assert "unlink" in ran.plan["operation"].tolist()
    again = loaded.run(CUSTOMERS)
    assert again.writes() == []
    assert TrelloHook().get_organization(link["trello_id"])["id"] == link["trello_id"]
    erp_edit("customer", link["customerp_id"], active=True)
    assert "lives_again" in loaded.run(CUSTOMERS).plan["cause"].tolist()


def test_p20_a_preview_changes_no_state_and_has_the_digest_of_its_run(loaded):
    link = loaded.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], name="Only seen")
    preview = loaded.run(CUSTOMERS, action="preview")
    assert preview.writes() == []
    assert preview.steps["reconcile"]["changes"]["trello.update"] == 1
    real = loaded.run(CUSTOMERS)
    assert real.steps["reconcile"]["digest"] == preview.steps["reconcile"]["digest"]
    assert real.writes() == [("trello", "update", "name", "Only seen")]


def test_only_chosen_keys_are_written(loaded):
    one, two = loaded.fresh_link(CUSTOMERS), loaded.fresh_link(CUSTOMERS)
    for link in (one, two):
        erp_edit("customer", link["customerp_id"], name=f"New {link['link']}")
    chosen = loaded.run(CUSTOMERS, keys=(one["customerp_id"],))
    assert chosen.writes() == [("trello", "update", "name", f"New {one['link']}")]
    assert loaded.run(CUSTOMERS).writes() == [("trello", "update", "name", f"New {two['link']}")]


def test_a_record_that_the_erp_refuses_is_quarantined_and_the_others_go_on(loaded):
    one, two = loaded.fresh_link(CUSTOMERS), loaded.fresh_link(CUSTOMERS)
    loaded.fault("customerp", match=f"PATCH /api/v1/customers/{one['customerp_id']}", kind="status:422")
    hook = TrelloHook()
    hook.update_organization(one["trello_id"], desc="refused")
    hook.update_organization(two["trello_id"], desc="taken")
    assert loaded.run(CUSTOMERS).writes() == [("customerp", "update", "description", "taken")]
    with loaded.store.read() as tx:
        work = load_open_work(tx, CUSTOMERS)
    assert work[work["kind"] == "quarantined"]["record_id"].tolist().count(one["customerp_id"]) == 1


def test_the_first_load_demotes_no_admin_and_posts_no_second_comment(loaded):
    hook = TrelloHook()
    anna = loaded.summary["employee_with_account"]["member"]
    roles = {one["idMember"]: one["memberType"] for one in hook.memberships(loaded.summary["staff"]["workspaces"][0])}
    assert roles[anna] == "admin"
    (damaged,) = loaded.summary["special"]["comments"]["does_not_parse_with_number"]
    head = hook.get_action(damaged)["data"]["text"].split(" · ")[0]
    texts = [one["data"]["text"] for one in hook.comments(loaded.summary["register_card"]["id"])]
    assert sum(text.startswith(head) for text in texts) == 1
