"""Customers and workspaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import trello_settings
from cells import plain
from desk import Refused
from edited_records import NUMBER
from engine import CUSTOMERS
from hypothesis import strategies as st
from hypothesis.stateful import rule
from journal import Written
from lawful_runs import room_rule, run_rule
from soak_world import SoakWorld
from sync_machine import SyncMachine

from customerp_trello.mapping.model import Condition

TRELLO_FIELDS = {"name": "displayName", "description": "desc", "website": "website"}
TRELLO_COLUMNS = {"name": "display_name", "description": "desc", "website": "website"}
TOO_LONG = "A history of this customer that Trello does not take. " * 310
NAME_TOO_LONG = "A name that is too long for the ERP " * 6


def populate(world: SoakWorld) -> None:
    """Six customers with a workspace each, one that is switched off, one workspace of nobody."""
    for number in range(6):
        kind = "person" if number == 5 else "company"
        fields = {"description": f"First text {number}", "website": f"https://first{number}.example"}
        world.erp("POST", "/customers", name=f"Customer {number}", type=kind, **fields)
    off = world.erp("POST", "/customers", name="Switched off", type="company")
    world.erp("DELETE", f"/customers/{off['id']}")
    world.trello("POST", "/organizations", displayName="Walking Club")
    world.engine.widen()
    world.engine.let_through(CUSTOMERS)
    for one in world.rows("trello", "SELECT id FROM organizations WHERE name LIKE 'c1%'"):
        # Somebody who can let the integration in again.
        world.trello("PUT", f"/organizations/{one['id']}/members/{trello_settings.ANNA.id}", type="admin")
    assert world.run(CUSTOMERS).writes() == []


class CustomersMachine(SyncMachine):
    """People rename, describe, create, switch off, hide and let in again."""

    pair = CUSTOMERS
    editable = ("name", "description", "website")
    kinds = ("plain", "plain", "plain", "empty", "odd", "long")
    listings: ClassVar = {"customerp": ("GET /api/v1/customers",), "trello": ("GET /1/members/me/organizations",)}
    writes: ClassVar = {
        "customerp": ("PATCH /api/v1/customers/{id}",),
        "trello": ("PUT /1/organizations/{id}", "POST /1/organizations", "PUT /1/organizations/{id}"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.hidden: set[str] = set()
        self.twins: set[str] = set()
        self.given_away: set[str] = set()
        """Workspaces that went to another customer than the one that they were made for."""
        self.narrow = False

    # -- what the records are ---------------------------------------------------------------------------------------

    def shown(self) -> dict[str, dict[str, dict[str, str]]]:
        erp = self.world.rows("customerp", "SELECT * FROM customers WHERE active = 1")
        trello = self.world.rows(
            "trello",
            "SELECT organizations.* FROM organizations JOIN memberships ON id_organization = organizations.id "
            "WHERE id_member = ? AND deactivated = 0",
            trello_settings.INTEGRATION.id,
        )
        return {
            "customerp": {str(one["id"]): {name: plain(one[name]) for name in self.editable} for one in erp},
            "trello": {one["id"]: {name: plain(one[TRELLO_COLUMNS[name]]) for name in self.editable} for one in trello},
        }

    def write(self, side: str, record: str, values: dict[str, str]) -> None:
        now = self.shown()["trello"].get(record, {})
        # what was refused before rests for a while, also when it is mended now
        self.dirty |= side == "trello" and "name" in values and len(now.get("name", "")) > 200
        super().write(side, record, values)

    def edit(self, side: str, record: str, values: dict[str, str]) -> None:
        if side == "customerp":
            self.erp_change(record, **{name: value or None for name, value in values.items()})
        else:
            fields = {TRELLO_FIELDS[name]: value for name, value in values.items()}
            self.world.trello("PUT", f"/organizations/{record}", **fields)

    def erp_change(self, record: str, **fields: Any) -> None:
        """An ERP user's change, with the version that the ERP wants."""
        version = self.world.rows("customerp", "SELECT version FROM customers WHERE id = ?", record)[0]["version"]
        self.world.erp("PATCH", f"/customers/{record}", version=f'"{version}"', **fields)

    def text(self, name: str, kind: str) -> str:
        if name == "website":
            return "" if kind == "empty" else f"https://site{self.count}.example"
        if kind == "empty" and name != "name":
            return ""
        if kind == "odd":
            end = "" if name == "name" else " \r\nsecond line\n"
            return f"  U\u0308ber & <b>{self.count}</b> *_~ 発票 🎉 \u00a0x{end}"
        if kind == "long" and name == "description":
            return f"{self.count} {TOO_LONG}"
        return f"{name} {self.count}"

    def takes(self, name: str, side: str, value: str) -> bool:
        if name == "name" and not value:
            return False
        return not (side == "trello" and name == "description" and len(value) > 16384)

    def replaced(self, written: Written) -> Iterator[tuple[str, str, str]]:
        if written.route == "PATCH /api/v1/customers/{id}":
            for name in self.editable:
                if name in written.sent:
                    yield name, plain(written.before[name]), plain(written.sent[name])
        if written.route == "PUT /1/organizations/{id}":
            for name, field in TRELLO_FIELDS.items():
                if field in written.sent:
                    yield name, plain(written.before[TRELLO_COLUMNS[name]]), plain(written.sent[field])

    def source(self, written: Written) -> str:
        return str(written.sent["name"]) if written.route == "POST /1/organizations" else ""

    def healthy(self, customerp_id: str, trello_id: str) -> bool:
        name = self.world.rows("trello", "SELECT display_name FROM organizations WHERE id = ?", trello_id)
        refused = bool(name) and len(plain(name[0]["display_name"])) > 200
        return not (refused or trello_id in self.hidden or customerp_id in self.twins or self.narrow)

    # -- what else people do ----------------------------------------------------------------------------------------

    @room_rule(number=NUMBER)
    def a_customer_is_new(self, number: int) -> None:
        fields = {name: self.fresh(name) for name in self.editable}
        self.world.erp("POST", "/customers", type="company", **fields)
        self.ever["customerp"].update(fields.values())

    @room_rule()
    def a_customer_and_its_workspace_are_new(self) -> None:
        """Both sides made it by hand: they find each other by name."""
        name = self.fresh("name")
        here, there = self.fresh("description"), self.fresh("description")
        self.world.erp("POST", "/customers", type="company", name=name, description=here)
        self.world.trello("POST", "/organizations", displayName=name, desc=there)
        self.ever["customerp"].update((name, here))
        self.ever["trello"].update((name, there))

    @room_rule(number=NUMBER)
    def a_twin_is_new(self, number: int) -> None:
        """A customer with a linked one's name, which tells neither from now on."""
        if link := self.pick(number):
            name = self.shown()["customerp"][link["customerp_id"]]["name"]
            made = self.world.erp("POST", "/customers", type="company", name=name)
            self.twins |= {str(made["id"]), link["customerp_id"]}

    @rule(number=NUMBER, edited=st.booleans())
    def a_customer_is_switched_off(self, number: int, edited: bool) -> None:
        """Its workspace may be edited in the same quarter of an hour."""
        if link := self.pick(number):
            self.world.erp("DELETE", f"/customers/{link['customerp_id']}")
            if edited:
                self.write("trello", link["trello_id"], {"description": self.fresh("description")})
            self.dirty = True

    @rule(number=NUMBER)
    def a_customer_is_switched_on(self, number: int) -> None:
        off = self.world.rows("customerp", "SELECT id FROM customers WHERE active = 0 ORDER BY id")
        if off:
            self.erp_change(str(off[number % len(off)]["id"]), active=True)
            self.dirty = True

    @rule(number=NUMBER)
    def a_workspace_is_hidden(self, number: int) -> None:
        """A colleague takes the integration out of a workspace; it sees it no more."""
        if (link := self.pick(number)) and self._anna_is_in(link["trello_id"]):
            self.world.anna("DELETE", f"/organizations/{link['trello_id']}/members/{trello_settings.INTEGRATION.id}")
            self.hidden.add(link["trello_id"])
            self.dirty = True

    def _anna_is_in(self, workspace: str) -> bool:
        query = "SELECT 1 FROM memberships WHERE id_organization = ? AND id_member = ? AND admin = 1"
        return bool(self.world.rows("trello", query, workspace, trello_settings.ANNA.id))

    @rule()
    def the_workspaces_are_shown_again(self) -> None:
        for workspace in sorted(self.hidden):
            path = f"/organizations/{workspace}/members/{trello_settings.INTEGRATION.id}"
            self.world.anna("PUT", path, type="admin")
            self.dirty = True
        self.hidden.clear()

    @rule(number=NUMBER)
    def a_name_is_too_long_for_the_erp(self, number: int) -> None:
        """P15: the others go on."""
        if link := self.pick(number):
            self.write("trello", link["trello_id"], {"name": f"{self.fresh('name')} {NAME_TOO_LONG}"})
            self.dirty = True

    @run_rule()
    def the_filter_changes(self) -> None:
        """P14: who is out of it rests, and nothing is deleted; the guard asks a person first."""
        mapping = self.world.engine.mappings[self.pair]
        self.narrow = not self.narrow
        conditions = (Condition.model_validate({"field": "type", "in": ["company"]}),) if self.narrow else ()
        customerp = mapping.customerp.model_copy(update={"filter": conditions})
        self.world.engine.mappings[self.pair] = mapping.model_copy(update={"customerp": customerp})
        with self._run("runs with another filter"):
            ended = self.world.accident(self.pair)
            held = self.world.state("SELECT digest FROM plan WHERE pair = ? AND status = 'held'", self.pair)
            assert held, f"the guard lets a changed filter pass: {ended}"
            ended = self.world.accident(self.pair, action="let_through", plan=held[-1]["digest"])
            if "asks for more" in ended:  # meanwhile something else was due, so the person looks again
                held = self.world.state("SELECT digest FROM plan WHERE pair = ? AND status = 'held'", self.pair)
                ended = self.world.accident(self.pair, action="let_through", plan=held[-1]["digest"])
            assert ended == "went through", f"a changed filter is not let through: {ended}"
        self.dirty = True
        self.doubt()

    def _laws(self, what: str) -> None:
        """One whose workspace has gone to a twin while it was switched off gets another one when it is back."""
        sources = {one.answer["id"]: self.source(one) for one in self.world.journal.writes if self.source(one)}
        numbers = {str(one["id"]): one["number"] for one in self.world.rows("customerp", "SELECT * FROM customers")}
        for link in self.links(every=True):
            source = sources.get(link["trello_id"])
            own = numbers[link["customerp_id"]].replace("-", "").lower()
            if source and source != own and link["trello_id"] not in self.given_away:
                self.given_away.add(link["trello_id"])
                self.spared[source] += 1
        super()._laws(what)

    def mend(self) -> None:
        """Everybody is there and has a proper name again."""
        if self.narrow:
            self.the_filter_changes()
        self.the_workspaces_are_shown_again()
        for one in self.world.rows("trello", "SELECT * FROM organizations WHERE length(display_name) > 150"):
            self.write("trello", one["id"], {"name": self.fresh("name")})
        for twin in sorted(self.twins):
            try:
                self.write("customerp", twin, {"name": self.fresh("name")})
            except Refused:
                continue
        self.twins.clear()
