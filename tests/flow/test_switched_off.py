"""Who was switched off or has left, and what others who are much like them must not be taken for."""

from __future__ import annotations

import pytest
from engine import CONTACTS, CUSTOMERS, EMPLOYEES, ask, erp_edit

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.intents import open_intents


def names(workspace):
    return {row["member"]["fullName"] for row in TrelloHook().memberships(workspace)}


@pytest.fixture
def patient(loaded, monkeypatch):
    """The engine, which waits for nothing."""
    monkeypatch.setattr("customerp_trello.hooks.http.time.sleep", lambda seconds: None)
    kept = dict(loaded.mappings)
    loaded.widen(settle_seconds=0)
    yield loaded
    loaded.mappings.clear()
    loaded.mappings.update(kept)
    loaded.end_faults()


def test_a_lost_answer_does_not_move_somebody_switched_off_to_the_customer_of_their_successor(patient):
    erp = CustomERPHook()
    old, _ = erp.create_record("customer", {"name": "Old employer", "type": "company"})
    new, _ = erp.create_record("customer", {"name": "New employer", "type": "company"})
    patient.run(CUSTOMERS)
    fields = {"first_name": "Mia", "last_name": "Mover", "email": "mia@private.example"}
    first, _ = erp.create_record("contact", fields | {"customer_id": old["id"]})
    patient.run(CONTACTS)
    ask("POST", f"{patient.trello_url}/sandbox/join", email="mia@private.example")
    patient.run(CONTACTS)
    erp_edit("contact", first["id"], active=False)
    patient.run(CONTACTS)
    second, _ = erp.create_record("contact", fields | {"customer_id": new["id"]})
    patient.fault("trello", match="PUT /1/organizations/*/members", kind="lost_answer", times=9)
    patient.run(CONTACTS)
    patient.end_faults()
    patient.run(CONTACTS)
    patient.run(CONTACTS)
    assert erp.get_record("contact", first["id"])[0]["customer_id"] == old["id"]
    assert str(second["id"]) in set(patient.links(CONTACTS)["customerp_id"])


def test_a_namesake_is_not_taken_for_somebody_whose_invitation_we_withdrew(loaded):
    erp, hook = CustomERPHook(), TrelloHook()
    fields = {"first_name": "Ada", "last_name": "Same", "status": "active"}
    one, _ = erp.create_record("employee", fields | {"work_email": "ada1@a.example"})
    loaded.run(EMPLOYEES, action="full_resync")
    loaded.run(EMPLOYEES)
    erp_edit("employee", one["id"], status="terminated")
    loaded.run(EMPLOYEES)
    assert loaded.run(EMPLOYEES).writes() == []
    account = {"fullName": "Ada Same", "username": "adasame", "email": "ada2@a.example"}
    other = ask("POST", f"{loaded.trello_url}/sandbox/accounts", **account)
    staff = next(o["id"] for o in hook.my_organizations() if o["name"] == loaded.summary["staff"]["short_names"][0])
    hook.set_member_type(staff, other["id"], "normal")
    two, _ = erp.create_record("employee", fields | {"work_email": "ada2@a.example"})
    for _ in range(3):
        loaded.run(EMPLOYEES)
    assert erp.get_record("employee", one["id"])[0]["trello_username"] != "adasame"
    assert loaded.link_of(EMPLOYEES, two["id"])["trello_id"] == other["id"]


def test_who_left_and_got_another_address_is_not_stuck_after_an_interruption(patient, monkeypatch):
    fields = {"first_name": "Uma", "last_name": "Leaves", "work_email": "uma@one.example", "status": "active"}
    made, _ = CustomERPHook().create_record("employee", fields)
    patient.run(EMPLOYEES, action="full_resync")
    patient.run(EMPLOYEES)
    erp_edit("employee", made["id"], work_email="uma@two.example", status="terminated")
    real = TrelloHook.remove_member

    def and_away(self, *ids):
        real(self, *ids)
        patient.fault("trello", match="GET /1/batch", kind="status:503", times=5)

    monkeypatch.setattr(TrelloHook, "remove_member", and_away)
    patient.run(EMPLOYEES)
    patient.end_faults()
    monkeypatch.setattr(TrelloHook, "remove_member", real)
    patient.run(EMPLOYEES)
    patient.run(EMPLOYEES)
    with patient.store.read() as tx:
        assert open_intents(tx, EMPLOYEES) == []
    erp_edit("employee", made["id"], status="active")
    patient.run(EMPLOYEES)
    assert patient.link_of(EMPLOYEES, made["id"])["t.membership"] == "active"


def test_a_refused_deactivation_does_not_remove_anybody_from_a_workspace_that_can_deactivate(patient):
    email = "ina@a.example"
    fields = {"first_name": "Ina", "last_name": "Ctive", "work_email": email, "status": "active"}
    made, _ = CustomERPHook().create_record("employee", fields)
    patient.run(EMPLOYEES, action="full_resync")
    ask("POST", f"{patient.trello_url}/sandbox/join", email=email)
    patient.run(EMPLOYEES)
    patient.run(EMPLOYEES)
    staff = next(one["id"] for one in TrelloHook().my_organizations() if "Ina Ctive" in names(one["id"]))
    erp_edit("employee", made["id"], status="inactive")
    patient.fault("trello", match="PUT /1/organizations/*/members/*/deactivated", kind="status:409", times=1)
    patient.run(EMPLOYEES)
    assert "Ina Ctive" in names(staff)


def test_the_tokens_own_member_never_becomes_a_contact(loaded):
    customer, _ = CustomERPHook().create_record("customer", {"name": "Home of ours", "type": "company"})
    loaded.run(CUSTOMERS)
    me = TrelloHook().me()
    first, last = me["fullName"].split()
    fields = {"first_name": first, "last_name": last, "email": me["email"], "customer_id": customer["id"]}
    made, _ = CustomERPHook().create_record("contact", fields)
    loaded.run(CONTACTS)
    assert str(made["id"]) not in set(loaded.links(CONTACTS)["customerp_id"])
