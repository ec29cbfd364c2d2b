"""What is edited of somebody while they leave is not lost: it is written once they are back."""

from __future__ import annotations

import json

import pytest
from engine import CONTACTS, CUSTOMERS, ask, erp_edit

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook


@pytest.fixture
def contact(loaded, request):
    """A contact who has joined its customer's workspace: ERP id, workspace id."""
    customer, _ = CustomERPHook().create_record("customer", {"name": f"Home of {request.node.name}", "type": "company"})
    loaded.run(CUSTOMERS)
    email = f"leah{customer['id']}@goes.example"
    fields = {"first_name": "Leah", "last_name": "Ving", "email": email, "customer_id": customer["id"]}
    made, _ = CustomERPHook().create_record("contact", fields)
    loaded.run(CONTACTS)
    ask("POST", f"{loaded.trello_url}/sandbox/join", email=email)
    loaded.run(CONTACTS)
    return made["id"], loaded.link_of(CUSTOMERS, customer["id"])["trello_id"]


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


def invitations(engine):
    """How often somebody was invited by an address."""
    return ask("GET", f"{engine.trello_url}/sandbox/requests")["requests"]["PUT /1/organizations/{id}/members"]
