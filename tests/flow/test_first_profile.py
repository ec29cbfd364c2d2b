"""What Trello shows of somebody only after the link was made reaches an ERP that is read by change."""

from __future__ import annotations

import json
from datetime import timedelta
from time import sleep

import pytest
import trello_settings
from engine import CUSTOMERS, EMPLOYEES, as_anna, ask, erp_edit
from test_moved_since_the_plan import APART

from customerp_trello.flow import finish as flow_finish
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.model import SIDES, Condition
from customerp_trello.state.runs import load_watermarks
from customerp_trello.state.work import NEW_IN_TRELLO, load_open_work


@pytest.fixture
def una(loaded, monkeypatch, request):
    """An employee who has just been invited and then left alone: ERP id, address. No run reads twice what is older."""
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    email = f"{request.node.name.replace('_', '.')}@company.example"
    fields = {"first_name": "Una", "last_name": request.node.name, "work_email": email, "status": "active"}
    made, _ = CustomERPHook().create_record("employee", fields)
    loaded.run(EMPLOYEES, action="full_resync")
    return made["id"], email


def waiting(loaded, record):
    with loaded.store.read() as tx:
        work = load_open_work(tx, EMPLOYEES)
    return work.loc[work["side"].eq("customerp") & work["record_id"].eq(str(record)), "reason"].tolist()


def joined(trello, workspace, member):
    return any(one["idMember"] == member for one in trello.memberships(workspace))


def username(record):
    return CustomERPHook().get_record("employee", record)[0]["trello_username"]


def test_a_new_link_and_a_member_who_has_joined_are_compared_in_the_next_run(loaded, una):
    record, email = una
    assert waiting(loaded, record) == [NEW_IN_TRELLO]
    assert loaded.run(EMPLOYEES).writes() == []
    assert waiting(loaded, record) == []
    shown = ask("POST", f"{loaded.trello_url}/sandbox/join", email=email)
    loaded.run(EMPLOYEES)
    assert NEW_IN_TRELLO in waiting(loaded, record)
    loaded.run(EMPLOYEES)
    assert username(record) == shown["username"]
    assert loaded.run(EMPLOYEES).writes() == []
    assert waiting(loaded, record) == []


def test_an_edit_from_the_time_when_somebody_was_out_of_sight_is_seen_once_they_are_back(loaded, una):
    record, email = una
    shown = ask("POST", f"{loaded.trello_url}/sandbox/join", email=email)
    for _ in range(3):
        loaded.run(EMPLOYEES)
    trello = TrelloHook()
    (staff,) = (one["id"] for one in trello.my_organizations() if joined(trello, one["id"], shown["id"]))
    trello.remove_member(staff, shown["id"])
    loaded.run(EMPLOYEES)
    loaded.run(EMPLOYEES)
    erp_edit("employee", record, initials="ED")
    loaded.run(EMPLOYEES)  # reads the edit, with nothing to compare it with
    assert loaded.run(EMPLOYEES).writes() == []
    trello.set_member_type(staff, shown["id"], "normal")
    loaded.run(EMPLOYEES)
    assert waiting(loaded, record) == [NEW_IN_TRELLO]
    loaded.run(EMPLOYEES)
    marks = json.loads(loaded.link_of(EMPLOYEES, record)["marks"])
    assert marks["initials"] == "not_writable:trello", "nobody else can change the profile, and people are told so"
    assert waiting(loaded, record) == []


def test_an_edit_from_the_time_when_a_workspace_was_out_of_sight_is_written_once_it_is_back(loaded, monkeypatch):
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    made, _ = CustomERPHook().create_record("customer", {"name": "Out of sight Ltd", "type": "company"})
    loaded.run(CUSTOMERS, action="full_resync")
    workspace, us = loaded.link_of(CUSTOMERS, made["id"])["trello_id"], trello_settings.INTEGRATION.id
    place = f"/organizations/{workspace}/members"
    TrelloHook().set_member_type(workspace, trello_settings.ANNA.id, "admin")
    as_anna(loaded, "DELETE", f"{place}/{us}")
    loaded.run(CUSTOMERS)
    assert loaded.link_of(CUSTOMERS, made["id"])["status"] == "suspended"
    erp_edit("customer", made["id"], website="https://edited.example")
    loaded.run(CUSTOMERS)
    assert loaded.run(CUSTOMERS).writes() == []
    as_anna(loaded, "PUT", f"{place}/{us}", type="admin")
    written = [*loaded.run(CUSTOMERS).writes(), *loaded.run(CUSTOMERS).writes()]
    assert ("trello", "update", "website", "https://edited.example") in written
    assert loaded.run(CUSTOMERS).writes() == []


def test_a_record_that_left_the_scope_stays_apart_though_nobody_edits_it_again(loaded, monkeypatch):
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    found = loaded.mapping(CUSTOMERS)
    companies = (Condition.model_validate({"field": "type", "in": ["company"]}),)
    narrow = found.customerp.model_copy(update={"filter": companies})
    monkeypatch.setitem(loaded.mappings, CUSTOMERS, found.model_copy(update={"customerp": narrow}))
    loaded.let_through(CUSTOMERS)
    sleep(APART)
    made, _ = CustomERPHook().create_record("customer", {"name": "In and out Ltd", "type": "company"})
    loaded.run(CUSTOMERS)
    sleep(APART)
    erp_edit("customer", made["id"], type="person")
    loaded.run(CUSTOMERS)
    link = loaded.link_of(CUSTOMERS, made["id"])
    assert (link["status"], link["away"]) == ("suspended", "customerp")
    TrelloHook().update_organization(link["trello_id"], website="https://meanwhile.example")
    assert [loaded.run(CUSTOMERS).writes() for _ in range(2)] == [[], []]
    assert loaded.link_of(CUSTOMERS, made["id"])["status"] == "suspended"
    sleep(APART)
    erp_edit("customer", made["id"], type="company")
    assert loaded.run(CUSTOMERS).writes() == [("customerp", "update", "website", "https://meanwhile.example")]
    assert loaded.link_of(CUSTOMERS, made["id"])["status"] == "linked"


def test_after_many_new_links_the_next_run_lists_everybody_instead(loaded, una, monkeypatch):
    record, email = una
    loaded.run(EMPLOYEES)
    monkeypatch.setattr(flow_finish, "MANY_OPEN", 0)
    shown = ask("POST", f"{loaded.trello_url}/sandbox/join", email=email)
    assert not loaded.run(EMPLOYEES).steps["extract_customerp"]["complete"]
    assert NEW_IN_TRELLO not in waiting(loaded, record)
    with loaded.store.read() as tx:
        marks = load_watermarks(tx, EMPLOYEES)
    assert [marks[side].complete_at is None for side in SIDES] == [True, False]
    assert loaded.run(EMPLOYEES).steps["extract_customerp"]["complete"]
    assert username(record) == shown["username"]
