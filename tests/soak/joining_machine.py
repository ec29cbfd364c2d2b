"""How people come and go in Trello, whoever they are in the ERP."""

from __future__ import annotations

from typing import Any

import trello_settings
from cells import plain
from desk import Refused
from edited_records import NUMBER
from hypothesis import strategies as st
from hypothesis.stateful import rule
from people_machine import PeopleMachine
from people_records import BOSS, US, member_of


class JoiningMachine(PeopleMachine):
    """Addresses change, invitations are accepted, members leave, are removed and let in again."""

    @rule(number=NUMBER)
    def an_address_changes(self, number: int) -> None:
        row = self.person(number)
        self.count += 1
        self.erp_change(str(row["id"]), **{self.email_field: f"new{self.count}@company.example"})
        self.call_elsewhere(str(row["id"]), len(self.workspaces()))
        self.dirty = True

    @rule(number=NUMBER, how=st.sampled_from(["as invited", "other name", "new id", "other account"]))
    def somebody_joins(self, number: int, how: str) -> None:
        """Somebody accepts an invitation, perhaps under another name or with another account."""
        ghosts = [row for rows in self.standings().values() for row in rows if not row["confirmed"] and row["email"]]
        if not ghosts:
            return
        ghost = ghosts[number % len(ghosts)]
        wish: dict[str, Any] = {"email": ghost["email"]}
        if how == "other name":
            wish["fullName"] = self.fresh("full_name")
        if how == "new id":
            wish["newId"] = True
        if how == "other account":
            for record in [one for one in self.standings() if member_of(one) == ghost["id"]]:
                self.nobody_knows(record)
            wish["accountEmail"] = trello_settings.CARLA.email
        joined = self.world.control("trello", "join", **wish)
        self.ever["trello"] |= {plain(joined["fullName"]), plain(joined["username"])}
        for record in self._whose(joined["id"], self.links(every=True), self.people_by_id()):
            self.is_in_again(record)  # the other account may be of somebody who was out
        self.dirty = True

    @rule(number=NUMBER, how=st.sampled_from(["leaves", "removed", "switched off"]))
    def somebody_leaves_in_trello(self, number: int, how: str) -> None:
        found = [record for record in self.standings() if member_of(record) not in (US.id, BOSS.id)]
        if not found:
            return
        record = found[number % len(found)]
        self.nobody_knows(record)
        for one in self.standings()[record]:
            path = f"/organizations/{one['id_organization']}/members/{one['id']}"
            try:
                if how == "switched off":
                    self.boss("PUT", f"{path}/deactivated", value=True)
                elif how == "leaves" and one["confirmed"]:
                    self.desk_of(record)("DELETE", path)
                else:
                    self.boss("DELETE", path)
            except Refused:
                continue

    @rule(number=NUMBER, which=NUMBER)
    def somebody_is_let_in_again_in_trello(self, number: int, which: int) -> None:
        """By a colleague's hand, maybe in another of the workspaces."""
        links = [link for link in self.links(every=True) if member_of(link["trello_id"]) != US.id]
        if links:
            link, spaces = links[number % len(links)], self.workspaces()
            workspace = link["trello_id"].partition(":")[0] if ":" in link["trello_id"] else spaces[which % len(spaces)]
            member = member_of(link["trello_id"])
            try:
                self.let_in(workspace, member)
                self.boss("PUT", f"/organizations/{workspace}/members/{member}/deactivated", value=False)
            except Refused:
                return  # that account is not there any more
            self.dirty = True
