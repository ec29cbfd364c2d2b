"""Employees and members of the staff workspaces."""

from __future__ import annotations

from typing import Any, ClassVar

import trello_settings
from edited_records import NUMBER
from engine import EMPLOYEES
from hypothesis import strategies as st
from hypothesis.stateful import rule
from joining_machine import JoiningMachine
from lawful_runs import room_rule
from people_records import BOSS, US, member_of
from soak_world import SoakWorld

WISHES = {"active": "active", "inactive": "deactivated", "terminated": "none"}


def populate(world: SoakWorld) -> None:
    """The token's owner, Anna, Boris with an account, three who were invited (one has joined), one without address."""
    for workspace in world.engine.summary["staff"]["workspaces"]:
        world.trello("PUT", f"/organizations/{workspace}/members/{BOSS.id}", type="admin")
    for account in (US, trello_settings.ANNA, trello_settings.BORIS):
        given, _, family = account.full_name.partition(" ")
        world.erp("POST", "/employees", first_name=given, last_name=family, work_email=account.email, status="active")
    for number in range(3):
        email = f"invited{number}@company.example"
        world.erp(
            "POST", "/employees", first_name=f"Invited{number}", last_name="Lee", work_email=email, status="active"
        )
    world.erp("POST", "/employees", first_name="Noaddress", last_name="Lee", status="active")
    world.erp("POST", "/employees", first_name="Left", last_name="Long Ago", status="terminated")
    world.engine.widen()
    world.engine.let_through(EMPLOYEES)
    world.control("trello", "join", email="invited0@company.example")
    world.run(EMPLOYEES)
    assert world.run(EMPLOYEES).writes() == []


class EmployeesMachine(JoiningMachine):
    """People are hired, dismissed and hired again; a colleague lets somebody in by hand."""

    pair = EMPLOYEES
    entity = "employees"
    email_field = "work_email"
    listings: ClassVar[dict[str, tuple[str, ...]]] = {
        "customerp": ("GET /api/v1/employees",),
        "trello": ("GET /1/batch", "GET /1/members/me/organizations"),
    }
    writes: ClassVar[dict[str, tuple[str, ...]]] = {
        "customerp": ("PATCH /api/v1/employees/{id}",),
        "trello": (
            "PUT /1/organizations/{id}/members",
            "PUT /1/organizations/{id}/members/{idMember}",
            "PUT /1/organizations/{id}/members/{idMember}/deactivated",
            "DELETE /1/organizations/{id}/members/{idMember}",
            "PUT /1/members/{id}",
        ),
    }

    def workspaces(self) -> list[str]:
        return list(self.world.engine.summary["staff"]["workspaces"])

    def record_of(self, workspace: str, member: str) -> str:
        return member

    def wish(self, row: dict[str, Any]) -> str:
        return WISHES[row["status"]] if row["active"] else "none"

    @room_rule(address=st.booleans(), role=st.sampled_from([None, "admin", "normal"]))
    def somebody_is_hired(self, address: bool, role: str | None) -> None:
        self.count += 1
        name = {"first_name": f"Hired{self.count}", "last_name": "Ng", "status": "active", "trello_role": role}
        email = f"hired{self.count}@company.example" if address else None
        made = self.world.erp("POST", "/employees", **name, work_email=email)
        self.ever["customerp"].add(f"Hired{self.count} Ng")
        self.call(str(made["id"]))
        self.dirty = self.dirty or not address

    @rule(number=NUMBER, status=st.sampled_from(["inactive", "terminated", "off"]))
    def somebody_is_dismissed(self, number: int, status: str) -> None:
        id_ = str(self.person(number)["id"])
        if status == "off":
            self.erp_change(id_, active=False)
        else:
            self.erp_change(id_, status=status)

    @rule(number=NUMBER)
    def somebody_is_active_again(self, number: int) -> None:
        """Or for the first time, in case nobody had invited them before."""
        out = [row for row in self.people() if self.wish(row) != "active"]
        if out:
            id_ = str(out[number % len(out)]["id"])
            self.erp_change(id_, status="active", active=True)
            self.call(id_, len(self.workspaces()))
            self.dirty = True

    @room_rule(number=NUMBER, other=st.booleans())
    def a_colleague_is_let_in_by_hand(self, number: int, other: bool) -> None:
        """Whose employee is not linked yet, or who is nobody's employee."""
        linked = {link["customerp_id"] for link in self.links(every=True)}
        waiting = [row for row in self.people() if str(row["id"]) not in linked]
        self.count += 1
        name = f"Stranger{self.count} Ng"
        if waiting and not other:
            row = waiting[number % len(waiting)]
            name = f"{row['first_name']} {row['last_name']}"
        fields = {"fullName": name, "username": f"hand_{self.count}", "email": f"hand{self.count}@elsewhere.example"}
        account = self.world.control("trello", "accounts", **fields)
        spaces = self.workspaces()
        self.boss("PUT", f"/organizations/{spaces[number % len(spaces)]}/members/{account['id']}", type="normal")
        self.ever["trello"] |= {name, fields["username"]}

    @rule(number=NUMBER)
    def somebody_gets_the_other_workspace_as_well(self, number: int) -> None:
        links = [link for link in self.links() if member_of(link["trello_id"]) in self.standings()]
        for workspace in self.workspaces():
            member = member_of(links[number % len(links)]["trello_id"])
            if member != US.id:
                self.let_in(workspace, member)
