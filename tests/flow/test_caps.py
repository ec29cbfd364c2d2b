"""Trello's caps: told in the plan, in the order of the keys, before anything is written; retried when there is room."""

from __future__ import annotations

import pytest
import trello_sizes
from engine import CONTACTS, CUSTOMERS, EMPLOYEES, ask, erp_edit

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.work import load_open_work

FULL = ("", "cap", "no free place left")


@pytest.fixture
def crowded(loaded, request):
    """A new customer with a free workspace: ERP id and workspace id. The token's member is in it."""
    customer, _ = CustomERPHook().create_record("customer", {"name": f"Crowded {request.node.name}", "type": "company"})
    loaded.run(CUSTOMERS)
    return customer["id"], loaded.link_of(CUSTOMERS, customer["id"])["trello_id"]


def hire(customer, *names, domain):
    """New contacts of a customer: name -> ERP id."""
    made = {}
    for name in names:
        fields = {"last_name": name, "first_name": "Al", "email": f"{name}@{domain}.example", "customer_id": customer}
        made[name] = CustomERPHook().create_record("contact", fields)[0]["id"]
    return made


def names(count, first=0):
    return [f"c{number:02}" for number in range(first, first + count)]


def refused(loaded):
    """How often Trello had to say no."""
    return ask("GET", f"{loaded.trello_url}/sandbox/requests")["statuses"].get("403", 0)


def told(ran, *records):
    """What is not writable of these ERP records: (property, cause, detail)."""
    ids = {str(one) for one in records}
    rows = ran.plan[ran.plan["operation"].eq("not_writable") & ran.plan["customerp_id"].isin(ids)]
    return sorted(zip(rows["property"], rows["cause"], rows["detail"], strict=True))


def members(workspace):
    return {row["member"]["fullName"] for row in TrelloHook().memberships(workspace)} - {"ERP Sync"}


def test_contacts_beyond_ten_collaborators_wait_for_room_in_the_order_of_their_keys(loaded, crowded):
    customer, workspace = crowded
    crowd = hire(customer, *reversed(names(12)), domain="beyond").values()
    before = refused(loaded)
    ran = loaded.run(CONTACTS)
    assert told(ran, *crowd) == [FULL] * 3
    assert members(workspace) == {f"Al {name}" for name in names(9)}  # and the token's member makes ten
    assert "not writable" in ran.text
    assert loaded.run(CONTACTS).writes() == []
    gone = next(row for row in TrelloHook().memberships(workspace) if row["member"]["fullName"] == "Al c04")
    TrelloHook().remove_member(workspace, gone["idMember"])
    again = loaded.run(CONTACTS)
    assert ("trello", "create", "full_name", "Al c09") in again.writes()
    assert told(again, *crowd) == [FULL] * 2
    assert refused(loaded) == before


def test_a_contact_moves_to_another_customer_once_there_is_room(loaded, crowded):
    customer, workspace = crowded
    (mover,) = hire(loaded.fresh_link(CUSTOMERS)["customerp_id"], "mover", domain="moves").values()
    crowd = hire(customer, *names(9), domain="moves")
    loaded.run(CONTACTS)
    old = loaded.link_of(CONTACTS, mover)["trello_id"]
    erp_edit("contact", mover, customer_id=customer)
    before = refused(loaded)
    ran = loaded.run(CONTACTS)
    assert (ran.writes(), told(ran, mover)) == ([], [("customer", *FULL[1:])])
    assert loaded.link_of(CONTACTS, mover)["trello_id"] == old
    assert "Al mover" in members(old.partition(":")[0])
    quiet = loaded.run(CONTACTS)
    assert (quiet.writes(), told(quiet, mover)) == ([], [])
    erp_edit("contact", crowd["c00"], active=False)
    loaded.run(CONTACTS)
    ran = loaded.run(CONTACTS)
    assert [one[:3] for one in ran.writes()] == [("trello", "update", "customer")]
    assert "Al mover" in members(workspace)
    assert "Al mover" not in members(old.partition(":")[0])
    assert refused(loaded) == before
    assert loaded.run(CONTACTS).writes() == []


def test_a_contact_whose_new_customer_has_no_workspace_waits_where_it_is(loaded, crowded):
    """Nobody has anything to mend: it goes there as soon as the customer is linked."""
    customer, workspace = crowded
    (mover,) = hire(customer, "mover", domain="waits").values()
    loaded.run(CONTACTS)
    late, _ = CustomERPHook().create_record("customer", {"name": "Late", "type": "company"})
    erp_edit("contact", mover, customer_id=late["id"], trello_role="admin")
    assert loaded.run(CONTACTS).writes() == [("trello", "update", "role", "admin")]
    for _ in range(2):
        assert loaded.run(CONTACTS).writes() == []
        with loaded.store.read() as tx:
            work = load_open_work(tx, CONTACTS)
        mine = work[work["record_id"].eq(str(mover))]
        assert mine["kind"].tolist() == ["waiting"]
        assert "no linked workspace" in mine["reason"].iloc[0]
        assert members(workspace) == {"Al mover"}
    loaded.run(CUSTOMERS)
    assert loaded.run(CONTACTS).writes() == [("trello", "update", "customer", str(late["id"]))]
    assert members(workspace) == set()
    with loaded.store.read() as tx:
        assert str(mover) not in set(load_open_work(tx, CONTACTS)["record_id"])


def test_who_comes_back_takes_a_place_before_newcomers_with_a_greater_key(loaded, crowded):
    customer, workspace = crowded
    crowd = hire(customer, *names(9), domain="back")
    loaded.run(CONTACTS)
    erp_edit("contact", crowd["c03"], active=False)
    loaded.run(CONTACTS)
    assert "Al c03" not in members(workspace)
    erp_edit("contact", crowd["c03"], active=True)
    crowd |= hire(customer, "c02b", "c99", domain="back")
    before = refused(loaded)
    ran = loaded.run(CONTACTS)
    assert ("trello", "create", "full_name", "Al c02b") in ran.writes()
    assert told(ran, *crowd.values()) == [FULL, ("membership", *FULL[1:])]
    ask("POST", f"{loaded.trello_url}/sandbox/plan", organization=workspace, paid=True)
    ran = loaded.run(CONTACTS)
    assert ("trello", "update", "membership", "active") in ran.writes()
    assert ("trello", "create", "full_name", "Al c99") in ran.writes()
    assert (told(ran, *crowd.values()), refused(loaded)) == ([], before)


def test_another_address_of_an_open_invitation_takes_a_place_until_the_old_one_is_withdrawn(loaded, crowded):
    customer, workspace = crowded
    crowd = hire(customer, *names(9), domain="mail")
    loaded.run(CONTACTS)
    erp_edit("contact", crowd["c05"], email="other@mail.example")
    before = refused(loaded)
    ran = loaded.run(CONTACTS)
    assert (ran.writes(), told(ran, *crowd.values())) == ([], [("email", *FULL[1:])])
    ask("POST", f"{loaded.trello_url}/sandbox/plan", organization=workspace, paid=True)
    assert loaded.run(CONTACTS).writes() == [("trello", "update", "email", "other@mail.example")]
    assert refused(loaded) == before


def test_an_employee_comes_back_when_the_staff_workspace_has_room(loaded):
    staff = loaded.summary["staff"]["workspaces"][0]
    link = loaded.fresh_link(EMPLOYEES)
    erp_edit("employee", link["customerp_id"], status="terminated")
    for name in ("Fill", "Filler"):
        fields = {"first_name": name, "last_name": "Up", "work_email": f"{name}@company.example", "status": "active"}
        CustomERPHook().create_record("employee", fields)
    loaded.run(EMPLOYEES)
    ask("POST", f"{loaded.trello_url}/sandbox/plan", organization=staff, paid=False)
    try:
        assert len(TrelloHook().memberships(staff)) >= 10
        erp_edit("employee", link["customerp_id"], status="active")
        before = refused(loaded)
        ran = loaded.run(EMPLOYEES)
        assert told(ran, link["customerp_id"]) == [("membership", *FULL[1:])]
        assert (ran.writes(), refused(loaded)) == ([], before)
    finally:
        ask("POST", f"{loaded.trello_url}/sandbox/plan", organization=staff, paid=True)
    assert ("trello", "update", "membership", "active") in loaded.run(EMPLOYEES).writes()
    assert loaded.run(EMPLOYEES).writes() == []


def test_workspaces_beyond_those_of_one_member(loaded, monkeypatch):
    """With a smaller number than 850: the server says so and refuses one more, and is never asked for it."""
    most = len(TrelloHook().my_organizations("id")) + 1
    monkeypatch.setattr(trello_sizes, "ORGANIZATIONS", most)
    made = {
        name: CustomERPHook().create_record("customer", {"name": name, "type": "company"})[0]["id"]
        for name in ("Zeta Ltd", "Yota Ltd")
    }
    before = refused(loaded)
    ran = loaded.run(CUSTOMERS)
    assert told(ran, *made.values()) == [FULL]
    first = min(made, key=lambda name: CustomERPHook().get_record("customer", made[name])[0]["number"])
    assert ("trello", "create", "name", first) in ran.writes()
    assert refused(loaded) == before
    monkeypatch.setattr(trello_sizes, "ORGANIZATIONS", most + 1)
    assert [one for one in loaded.run(CUSTOMERS).writes() if one[2] == "name"] == [
        ("trello", "create", "name", next(name for name in made if name != first))
    ]
