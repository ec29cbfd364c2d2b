"""Contacts and members of their customers' workspaces."""

from __future__ import annotations

from typing import Any, ClassVar

import trello_settings
from desk import Refused
from edited_records import NUMBER
from engine import CONTACTS, CUSTOMERS
from hypothesis import strategies as st
from hypothesis.stateful import rule
from joining_machine import JoiningMachine
from lawful_runs import Before, room_rule
from people_records import BOSS, US, member_of
from soak_world import SoakWorld


def populate(world: SoakWorld) -> None:
    """Three customers with a workspace, one without; Carla has an account, of three invited contacts one has joined."""
    for number in range(3):
        world.erp("POST", "/customers", name=f"Customer {number}", type="company")
    world.erp("DELETE", f"/customers/{world.erp('POST', '/customers', name='Off', type='company')['id']}")
    world.engine.widen()
    world.engine.let_through(CUSTOMERS)
    for link in world.state("SELECT trello_id FROM link WHERE pair = ?", CUSTOMERS):
        world.trello("PUT", f"/organizations/{link['trello_id']}/members/{BOSS.id}", type="admin")
        world.control("trello", "plan", organization=link["trello_id"], paid=True)
    for workspace in world.engine.summary["staff"]["workspaces"]:
        world.trello("PUT", f"/organizations/{workspace}/members/{BOSS.id}", type="admin")
    carla = trello_settings.CARLA
    world.erp("POST", "/contacts", first_name="Carla", last_name="Muñoz", email=carla.email, customer_id=1)
    for number in range(4):
        email = f"invited{number}@customer.example"
        world.erp(
            "POST", "/contacts", first_name=f"Invited{number}", last_name="Lee", email=email, customer_id=1 + number % 3
        )
    world.erp("POST", "/contacts", first_name="Noaddress", last_name="Lee", customer_id=1)
    world.erp("POST", "/contacts", first_name="Waits", last_name="Lee", email="waits@customer.example", customer_id=4)
    world.engine.let_through(CONTACTS)
    world.control("trello", "join", email="invited0@customer.example")
    world.control("trello", "join", email="invited1@customer.example")
    world.run(CONTACTS)
    assert world.run(CONTACTS).writes() == []


class ContactsMachine(JoiningMachine):
    """Contacts go to other customers, on either side, and some of them become staff for a while."""

    pair = CONTACTS
    pairs = (CUSTOMERS,)
    entity = "contacts"
    email_field = "email"
    listings: ClassVar[dict[str, tuple[str, ...]]] = {
        "customerp": ("GET /api/v1/contacts",),
        "trello": ("GET /1/batch", "GET /1/members/me/organizations"),
    }
    writes: ClassVar[dict[str, tuple[str, ...]]] = {
        "customerp": ("PATCH /api/v1/contacts/{id}",),
        "trello": (
            "PUT /1/organizations/{id}/members",
            "PUT /1/organizations/{id}/members/{idMember}",
            "DELETE /1/organizations/{id}/members/{idMember}",
            "PUT /1/members/{id}",
        ),
    }

    def workspaces(self) -> list[str]:
        return sorted(self._customers())

    def _customers(self) -> dict[str, str]:
        """Workspace -> customer."""
        rows = self.world.state("SELECT customerp_id, trello_id FROM link WHERE pair = ?", CUSTOMERS)
        return {row["trello_id"]: row["customerp_id"] for row in rows}

    def record_of(self, workspace: str, member: str) -> str:
        return "" if member == US.id else f"{workspace}:{member}"

    def wish(self, row: dict[str, Any]) -> str:
        return "active" if row["active"] else "none"

    def _expect(self, before: Before) -> None:
        super()._expect(before)
        self._where_they_belong()

    def _where_they_belong(self) -> None:
        """A contact who is in, is in its customer's workspace."""
        here, standings = self._customers(), self.standings()
        waiting = {link for link, name in self._questions() if name == "customer"}
        customer = {str(row["id"]): str(row["customer_id"] or "") for row in self.people()}
        for link in self.links():
            workspace = link["trello_id"].partition(":")[0]
            right = here.get(workspace) == customer.get(link["customerp_id"])
            asked = link["id"] in waiting or customer.get(link["customerp_id"]) not in here.values()
            told = self._work(link["customerp_id"]) or "customer" in link["marks"]
            assert right or asked or told or link["trello_id"] not in standings, (
                f"{link} is in the workspace of {here.get(workspace)}; the ERP says {customer[link['customerp_id']]}"
            )

    @room_rule(customer=st.integers(1, 4), address=st.booleans())
    def a_contact_is_new(self, customer: int, address: bool) -> None:
        self.count += 1
        email = f"new{self.count}@customer.example" if address else None
        name = {"first_name": f"Fresh{self.count}", "last_name": "Ng"}
        made = self.world.erp("POST", "/contacts", **name, email=email, customer_id=customer)
        self.ever["customerp"].add(f"Fresh{self.count} Ng")
        self.call(str(made["id"]))
        self.dirty = self.dirty or not address

    @room_rule(number=NUMBER, customer=st.integers(1, 3))
    def a_contact_works_for_another_customer_as_well(self, number: int, customer: int) -> None:
        """One member in two customers' workspaces is two records."""
        row = self.person(number)
        if row["email"]:
            fields = {name: row[name] for name in ("first_name", "last_name", "email")}
            made = self.world.erp("POST", "/contacts", **fields, customer_id=customer)
            self.call(str(made["id"]))
            self.dirty = True

    @rule(number=NUMBER)
    def a_contact_is_switched_off(self, number: int) -> None:
        self.erp_change(str(self.person(number)["id"]), active=False)

    @rule(number=NUMBER)
    def a_contact_is_switched_on(self, number: int) -> None:
        off = [row for row in self.people() if not row["active"]]
        if off:
            id_ = str(off[number % len(off)]["id"])
            self.erp_change(id_, active=True)
            self.call(id_)
            self.dirty = True

    @rule(number=NUMBER, customer=st.integers(1, 4))
    def a_contact_goes_to_another_customer(self, number: int, customer: int) -> None:
        """Or to one that has no workspace: then nothing is removed."""
        id_ = str(self.person(number)["id"])
        self.erp_change(id_, customer_id=customer)
        self.call_elsewhere(id_)
        self.dirty = True

    @rule(number=NUMBER, which=NUMBER)
    def a_member_is_moved_in_trello(self, number: int, which: int) -> None:
        found = [record for record in self.standings() if member_of(record) != BOSS.id]
        if found:
            workspace, _, member = found[number % len(found)].partition(":")
            others = [one for one in self.workspaces() if one != workspace]
            self.nobody_knows(f"{workspace}:{member}")
            self.let_in(others[which % len(others)], member)
            self.boss("DELETE", f"/organizations/{workspace}/members/{member}")
            self.dirty = True

    @rule(number=NUMBER, back=st.booleans())
    def a_member_becomes_staff_or_ceases_to_be(self, number: int, back: bool) -> None:
        staff = self.world.engine.summary["staff"]["workspaces"]
        members = sorted({member_of(record) for record in self.standings()} - {BOSS.id})
        if members:
            path = f"/organizations/{staff[0]}/members/{members[number % len(members)]}"
            try:
                self.boss("DELETE" if back else "PUT", path, **({} if back else {"type": "normal"}))
            except Refused:
                return
            self.dirty = True
