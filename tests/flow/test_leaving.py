"""What is edited of somebody while they leave is not lost: it is written once they are back."""

from __future__ import annotations

import json
from datetime import timedelta
from time import sleep

import pytest
from engine import CONTACTS, CUSTOMERS, ask, erp_edit
from test_moved_since_the_plan import APART

from customerp_trello.flow import finish as flow_finish
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.work import load_open_work


@pytest.fixture
def invited(loaded, request):
    """A contact who was invited to its customer's workspace: ERP id, workspace id, address."""
    customer, _ = CustomERPHook().create_record("customer", {"name": f"Home of {request.node.name}", "type": "company"})
    loaded.run(CUSTOMERS)
    email = f"leah{customer['id']}@goes.example"
    fields = {"first_name": "Leah", "last_name": "Ving", "email": email, "customer_id": customer["id"]}
    made, _ = CustomERPHook().create_record("contact", fields)
    loaded.run(CONTACTS)
    return made["id"], loaded.link_of(CUSTOMERS, customer["id"])["trello_id"], email


@pytest.fixture
def contact(loaded, invited):
    """A contact who has joined its customer's workspace: ERP id, workspace id."""
    record, workspace, email = invited
    ask("POST", f"{loaded.trello_url}/sandbox/join", email=email)
    loaded.run(CONTACTS)
    return record, workspace


def roles(workspace):
    return {row["member"]["fullName"]: row["memberType"] for row in TrelloHook().memberships(workspace)}


def test_a_role_that_changes_with_the_departure_is_given_upon_the_return(loaded, contact):
    record, workspace = contact
    erp_edit("contact", record, active=False, trello_role="admin")
    ran = loaded.run(CONTACTS)
    assert ("trello", "update", "membership", "none") in ran.writes()
    assert "Leah Ving" not in roles(workspace)
    assert json.loads(loaded.link_of(CONTACTS, record)["marks"]) == {"role": "not_writable:trello"}
    assert loaded.run(CONTACTS).writes() == []
    erp_edit("contact", record, active=True)
    loaded.run(CONTACTS)
    loaded.run(CONTACTS)
    assert roles(workspace)["Leah Ving"] == "admin"
    assert CustomERPHook().get_record("contact", record)[0]["trello_role"] == "admin"
    assert "role" not in json.loads(loaded.link_of(CONTACTS, record)["marks"])
    assert loaded.run(CONTACTS).writes() == []


def test_who_comes_back_gets_the_role_that_they_had(loaded, contact):
    record, workspace = contact
    erp_edit("contact", record, trello_role="admin")
    loaded.run(CONTACTS)
    assert roles(workspace)["Leah Ving"] == "admin"
    erp_edit("contact", record, active=False)
    loaded.run(CONTACTS)
    erp_edit("contact", record, active=True)
    ran = loaded.run(CONTACTS)
    assert ("trello", "update", "membership", "active") in ran.writes()
    assert roles(workspace)["Leah Ving"] == "admin"
    assert loaded.run(CONTACTS).writes() == []
    assert CustomERPHook().get_record("contact", record)[0]["trello_role"] == "admin"


def test_who_comes_back_before_having_joined_is_invited_once_and_at_the_address_of_today(loaded, request):
    customer, _ = CustomERPHook().create_record("customer", {"name": f"Home of {request.node.name}", "type": "company"})
    loaded.run(CUSTOMERS)
    fields = {"first_name": "Ida", "last_name": "Later", "email": "ida@old.example", "customer_id": customer["id"]}
    ida, _ = CustomERPHook().create_record("contact", fields)
    loaded.run(CONTACTS)
    erp_edit("contact", ida["id"], active=False)
    loaded.run(CONTACTS)
    erp_edit("contact", ida["id"], email="ida@new.example")
    loaded.run(CONTACTS)
    erp_edit("contact", ida["id"], active=True)
    before = invitations(loaded)
    loaded.run(CONTACTS)
    assert loaded.link_of(CONTACTS, ida["id"])["t.membership"] == "active"
    loaded.run(CONTACTS)
    link = loaded.link_of(CONTACTS, ida["id"])
    assert (link["c.email"], link["t.email"], link["marks"]) == ("ida@new.example", "ida@new.example", "{}")
    assert invitations(loaded) == before + 1
    assert loaded.run(CONTACTS).writes() == []


def test_whoever_accepts_with_another_account_stays_the_same_contact_and_can_be_sent_away(loaded, invited):
    """Else the ERP would have somebody who is out, and the workspace somebody whom nobody can remove."""
    record, workspace, email = invited
    joined = ask("POST", f"{loaded.trello_url}/sandbox/join", email=email, newId=True, fullName="Leah VING")
    ran = loaded.run(CONTACTS)
    assert "rebound" in ran.plan["cause"].tolist()
    link = loaded.link_of(CONTACTS, record)
    assert (link["trello_id"], link["t.membership"]) == (f"{workspace}:{joined['id']}", "active")
    assert loaded.run(CONTACTS).writes() == []
    erp_edit("contact", record, active=False)
    assert ("trello", "update", "membership", "none") in loaded.run(CONTACTS).writes()
    assert "Leah VING" not in roles(workspace)
    assert loaded.run(CONTACTS).writes() == []


def test_a_second_contact_of_that_address_is_not_linked_with_the_account_that_nobody_uses(loaded, invited):
    """The invitation's own account was left behind, and is found by the address of whoever was invited."""
    record, workspace, email = invited
    customer = CustomERPHook().get_record("contact", record)[0]["customer_id"]
    joined = ask("POST", f"{loaded.trello_url}/sandbox/join", email=email, newId=True, fullName="Leah Ving")
    fields = {"first_name": "Leah", "last_name": "Again", "email": email, "customer_id": customer}
    again, _ = CustomERPHook().create_record("contact", fields)
    loaded.run(CONTACTS)
    assert loaded.link_of(CONTACTS, record)["trello_id"] == f"{workspace}:{joined['id']}"
    assert str(again["id"]) not in set(loaded.links(CONTACTS)["customerp_id"])
    with loaded.store.read() as tx:
        work = load_open_work(tx, CONTACTS)
    assert work.loc[work["record_id"] == str(again["id"]), "reason"].tolist() == ["possible_duplicate"]


def test_an_address_that_somebody_got_while_out_of_sight_stays_taken_in_every_run(loaded, contact, monkeypatch):
    """CustomERP is read by change: seen once, the address would be free in the next run, and who has it too invited."""
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    record, _ = contact
    staff, member = loaded.summary["staff"]["workspaces"][0], loaded.link_of(CONTACTS, record)["trello_id"]
    TrelloHook().set_member_type(staff, member.partition(":")[2], "normal")
    address = f"of-both{record}@goes.example"
    erp_edit("contact", record, email=address)
    sleep(APART)
    loaded.run(CONTACTS)
    link = loaded.link_of(CONTACTS, record)
    assert (link["status"], link["away"]) == ("suspended", "trello")
    customer = CustomERPHook().get_record("contact", record)[0]["customer_id"]
    fields = {"first_name": "Lea", "last_name": "Wing", "email": address, "customer_id": customer}
    other, _ = CustomERPHook().create_record("contact", fields)
    before = invitations(loaded)
    for _ in range(3):
        sleep(APART)
        loaded.run(CONTACTS)
        told = reasons(loaded)
        assert told[str(other["id"])] == "possible_duplicate"
        assert told[str(record)].startswith("out_of_scope: what it is found by")
    assert invitations(loaded) == before
    TrelloHook().remove_member(staff, member.partition(":")[2])
    sleep(APART)
    loaded.run(CONTACTS)
    assert loaded.link_of(CONTACTS, record)["status"] == "linked"
    assert not reasons(loaded)[str(record)].startswith("out_of_scope")
    sleep(APART)
    loaded.run(CONTACTS)
    assert str(record) not in reasons(loaded)
    assert reasons(loaded)[str(other["id"])] == "possible_duplicate"


def reasons(loaded):
    with loaded.store.read() as tx:
        work = load_open_work(tx, CONTACTS)
    return dict(zip(work["record_id"], work["reason"], strict=True))


def test_whoever_has_joined_and_left_is_not_taken_for_a_newcomer_of_that_name(loaded, contact):
    record, workspace = contact
    (link,) = [loaded.link_of(CONTACTS, record)]
    hook = TrelloHook()
    hook.remove_member(workspace, link["trello_id"].partition(":")[2])
    other = ask(
        "POST", f"{loaded.trello_url}/sandbox/accounts", fullName="Leah Ving", username=f"leah{record}",
        email=f"other{record}@elsewhere.example",
    )  # fmt: skip
    hook.set_member_type(workspace, other["id"], "normal")
    ran = loaded.run(CONTACTS)
    assert "rebound" not in ran.plan["cause"].tolist()
    assert loaded.link_of(CONTACTS, record)["trello_id"] == link["trello_id"]


def invitations(engine):
    """How often somebody was invited by an address."""
    return ask("GET", f"{engine.trello_url}/sandbox/requests")["requests"]["PUT /1/organizations/{id}/members"]


def test_whoever_was_sent_away_is_not_let_in_by_the_invitation_of_another_contact(loaded, contact):
    record, workspace = contact
    email, customer = (CustomERPHook().get_record("contact", record)[0][name] for name in ("email", "customer_id"))
    fields = {"first_name": "Otto", "last_name": "Other", "email": "otto@goes.example", "customer_id": customer}
    other, _ = CustomERPHook().create_record("contact", fields)
    erp_edit("contact", record, active=False)
    loaded.run(CONTACTS)
    assert set(roles(workspace)) & {"Leah Ving", "Otto Other"} == {"Otto Other"}
    erp_edit("contact", other["id"], email=email)
    loaded.run(CONTACTS)
    assert set(roles(workspace)) & {"Leah Ving", "Otto Other"} == {"Otto Other"}
    with loaded.store.read() as tx:
        work = load_open_work(tx, CONTACTS)
    (mine,) = work[work["record_id"] == str(other["id"])].to_dict("records")
    assert mine["kind"] == "quarantined"
    assert "another record of CustomERP is this member already" in mine["reason"]
