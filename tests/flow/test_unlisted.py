"""Records that a listing by change leaves out are there all the same."""

from __future__ import annotations

import pytest
import trello_settings
from engine import CONTACTS, CUSTOMERS, ask, erp_edit
from test_moved_since_the_plan import engine, erp, synced

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.conflicts import answer_conflict, conflicts
from customerp_trello.state.history import history_of

__all__ = ["engine"]


def test_a_second_contact_of_one_customer_with_one_address_is_not_invited(engine):
    hook = CustomERPHook()
    customer, _ = hook.create_record("customer", {"name": "One address", "type": "company"})
    synced(engine, CUSTOMERS)
    fields = {"last_name": "Twice", "email": "twice@one.example", "customer_id": customer["id"]}
    first, _ = hook.create_record("contact", fields | {"first_name": "Tilda", "email": "wrong@one.example"})
    synced(engine, CONTACTS, 2)
    ask("POST", f"{engine.trello_url}/sandbox/join", email="wrong@one.example")
    synced(engine, CONTACTS, 2)
    erp_edit("contact", first["id"], email=fields["email"])  # which Trello's member does not take any more
    synced(engine, CONTACTS, 2)
    second, _ = hook.create_record("contact", fields | {"first_name": "T."})
    for _ in range(2):
        assert [one for one in synced(engine, CONTACTS) if one[0] == "trello"] == []
    linked = set(engine.links(CONTACTS)["customerp_id"])
    assert (str(first["id"]) in linked, str(second["id"]) in linked) == (True, False)
    assert erp("contact", second["id"])["email"] == "twice@one.example"


def test_the_address_of_whoever_was_linked_by_name_stays_taken(engine):
    """Trello shows it of nobody whom we did not invite, and the second contact would have been invited."""
    hook = CustomERPHook()
    customer, _ = hook.create_record("customer", {"name": "By name", "type": "company"})
    synced(engine, CUSTOMERS)
    account = {"fullName": "Nele Name", "username": "nelename", "email": "nele@private.example"}
    member = ask("POST", f"{engine.trello_url}/sandbox/accounts", **account)["id"]
    workspace = engine.link_of(CUSTOMERS, customer["id"])["trello_id"]
    TrelloHook().set_member_type(workspace, member, "normal")
    fields = {"last_name": "Name", "email": "nele@by-name.example", "customer_id": customer["id"]}
    first, _ = hook.create_record("contact", fields | {"first_name": "Nele"})
    synced(engine, CONTACTS, 2)
    link = engine.link_of(CONTACTS, first["id"])
    assert (link["trello_id"], link["c.email"]) == (f"{workspace}:{member}", fields["email"])
    hook.create_record("contact", fields | {"first_name": "Nelly"})
    assert synced(engine, CONTACTS, 3) == []
    erp_edit("contact", first["id"], email="other@by-name.example")  # which Trello does not show either
    assert [(side, name) for side, _, name, _ in synced(engine, CONTACTS) if side == "trello"][:1] != []
    assert engine.link_of(CONTACTS, first["id"])["c.email"] == "other@by-name.example"


def test_an_answer_for_somebody_who_is_out_waits_until_they_are_back(engine):
    """Nobody sees a profile then, and the ERP lists what has changed alone."""
    found = engine.mapping(CONTACTS)
    props = tuple(p.model_copy(update={"conflict": "manual"}) if p.name == "initials" else p for p in found.properties)
    engine.mappings[CONTACTS] = found.model_copy(update={"properties": props})
    hook = CustomERPHook()
    customer, _ = hook.create_record("customer", {"name": "Answers", "type": "company"})
    synced(engine, CUSTOMERS)
    email = "out@answers.example"
    fields = {"first_name": "Olga", "last_name": "Outis", "email": email, "customer_id": customer["id"]}
    contact, _ = hook.create_record("contact", fields)
    synced(engine, CONTACTS, 2)
    olga = ask("POST", f"{engine.trello_url}/sandbox/join", email=email)
    synced(engine, CONTACTS, 2)
    erp_edit("contact", contact["id"], initials="E1")
    own = f'OAuth oauth_consumer_key="{trello_settings.TRELLO_KEY}", oauth_token="{olga["token"]}"'
    ask("PUT", f"{engine.trello_url}/1/members/{olga['id']}", own, initials="T1")
    synced(engine, CONTACTS)
    (asked,) = standing(engine)
    assert (asked.customerp, asked.trello) == ("E1", "T1")
    workspace = engine.link_of(CUSTOMERS, customer["id"])["trello_id"]
    TrelloHook().remove_member(workspace, olga["id"])
    synced(engine, CONTACTS, 2)
    with engine.store.begin() as tx:
        answer_conflict(tx, asked.id, "trello", "anna")
    synced(engine, CONTACTS, 3)
    (still,) = standing(engine)
    assert (still.id, still.status, still.customerp, still.trello) == (asked.id, "answered", "E1", "T1")
    TrelloHook().set_member_type(workspace, olga["id"], "normal")
    synced(engine, CONTACTS, 2)
    assert erp("contact", contact["id"])["initials"] == "T1"
    assert standing(engine) == []


@pytest.mark.parametrize(("policy", "causes"), [("manual", ["manual", "answered"]), ("latest", ["latest_by_estimate"])])
def test_a_decision_that_waits_for_a_workspace_stands_and_is_told_once(engine, policy, causes):
    """P4: each run finds both sides edited, and none has anything to add; Trello is read later every time."""
    found = engine.mapping(CONTACTS)
    props = tuple(p.model_copy(update={"conflict": policy}) if p.name == "customer" else p for p in found.properties)
    engine.mappings[CONTACTS] = found.model_copy(update={"properties": props})
    hook, trello = CustomERPHook(), TrelloHook()
    names = [f"{policy} {one}" for one in ("here", "there", "later")]
    here, there = (hook.create_record("customer", {"name": one, "type": "company"})[0] for one in names[:2])
    synced(engine, CUSTOMERS)
    email = f"wanda@{policy}.example"
    fields = {"first_name": "Wanda", "last_name": policy, "email": email, "customer_id": here["id"]}
    contact, _ = hook.create_record("contact", fields)
    synced(engine, CONTACTS, 2)
    wanda = ask("POST", f"{engine.trello_url}/sandbox/join", email=email)
    synced(engine, CONTACTS, 2)
    workspaces = [engine.link_of(CUSTOMERS, one["id"])["trello_id"] for one in (here, there)]
    later, _ = hook.create_record("customer", {"name": names[2], "type": "company"})
    trello.set_member_type(workspaces[1], wanda["id"], "normal")
    trello.remove_member(workspaces[0], wanda["id"])
    erp_edit("contact", contact["id"], customer_id=later["id"])
    synced(engine, CONTACTS)
    if policy == "manual":
        (asked,) = standing(engine)
        assert (asked.property, asked.customerp, asked.trello) == ("customer", str(later["id"]), str(there["id"]))
        with engine.store.begin() as tx:
            answer_conflict(tx, asked.id, "customerp", "anna")
    synced(engine, CONTACTS, 3)
    assert told(engine, contact["id"]) == causes
    assert erp("contact", contact["id"])["customer_id"] == later["id"]
    synced(engine, CUSTOMERS)
    synced(engine, CONTACTS, 2)
    workspace = engine.link_of(CUSTOMERS, later["id"])["trello_id"]
    assert engine.link_of(CONTACTS, contact["id"])["trello_id"] == f"{workspace}:{wanda['id']}"
    assert (standing(engine), told(engine, contact["id"])) == ([], causes)


def told(engine, contact):
    """Causes of a record's conflicts, as its history tells them."""
    with engine.store.read() as tx:
        lines = history_of(tx, CONTACTS, str(contact))
    return list(lines[lines["operation"] == "conflict"]["cause"])


def standing(engine):
    with engine.store.read() as tx:
        return [*conflicts(tx, CONTACTS, status="open"), *conflicts(tx, CONTACTS, status="answered")]
