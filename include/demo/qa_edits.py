"""What is edited for the QA checklist: for each property and side a record that no other edit has touched.

Everything goes through the systems' own APIs, by whoever may do it: the integration's account, Anna (an employee) and
Carla (a contact) with their own tokens.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.check_records import CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS, Couple, PairRecords
from demo.edits import ANNA, ANNA_TOKEN, CARLA_TOKEN
from demo.errors import DemoError
from demo.systems import CustomERP, Trello

OWN = "erp_sync"
"""Username of the integration's own account: the only profile that it may write."""
CARLA = "carlamunoz"
ROOM = 9
"""Contacts that a free workspace has room for beside the integration."""

PLURALS = {CUSTOMERS: "customers", EMPLOYEES: "employees", CONTACTS: "contacts", PROJECTS: "projects"}

NOT_EDITABLE = {
    (CUSTOMERS, "number", "customerp"): "given by CustomERP, nobody can edit it",
    (PROJECTS, "number", "customerp"): "given by CustomERP, nobody can edit it",
    (PROJECTS, "number", "trello"): "another number is another project",
    (EMPLOYEES, "email", "trello"): "Trello shows nobody's address",
    (CONTACTS, "email", "trello"): "Trello shows nobody's address",
    **{
        (CONTACTS, name, "customerp"): "a profile is its owner's: not writable"
        for name in ("full_name", "initials", "username", "bio")
    },
}
"""Why a line of the checklist has nothing to tick."""


@dataclass(frozen=True)
class Edit:
    """One edit that has been made.

    Attributes:
        pair, property, side: the line of the checklist.
        key: how people know the record.
        record: id in the ERP.
        trello_id: of its counterpart before.
        before: what both sides showed.
        wanted: what the edited side shows now; None for a new address, which shows as another member.
    """

    pair: str
    property: str
    side: str
    key: str
    record: int
    trello_id: str
    before: str
    wanted: str | None


class QaEdits:
    """Edits both systems, property by property.

    Args:
        customerp: the ERP.
        trello: Trello as the integration's account sees it.
        pairs: what both systems hold, equal in all that is edited here.
        card: id of the register card.
        apart: keys of records that are not to be edited: odd on purpose, or edited before.
    """

    def __init__(
        self, customerp: CustomERP, trello: Trello, pairs: Mapping[str, PairRecords], card: str, apart: set[Any]
    ) -> None:
        self._erp, self._trello, self._card = customerp, trello, card
        self._anna, self._carla = Trello(trello.url, ANNA_TOKEN), Trello(trello.url, CARLA_TOKEN)
        self._pairs = pairs
        self._people = Counter(one.customerp["customer_id"] for one in pairs[CONTACTS].couples)
        self._plain = {
            pair: [one for one in found.couples if one.key not in apart and self._is_plain(pair, one)]
            for pair, found in pairs.items()
        }
        self._workspaces = {couple.ids[0]: couple.ids[1] for couple in pairs[CUSTOMERS].couples}

    def in_customerp(self) -> Iterator[Edit]:
        """Edit every property in the ERP."""
        for pair, name, change in self._erp_changes():
            couple = self._couple(pair, name, "customerp")
            fields, wanted = change(couple)
            self._erp.edit(PLURALS[pair], couple.ids[0], **fields)
            yield self._edit(pair, name, "customerp", couple, wanted)

    def in_trello(self) -> Iterator[Edit]:
        """Edit every property in Trello."""
        for pair, name, change in self._trello_changes():
            couple = self._couple(pair, name, "trello")
            yield self._edit(pair, name, "trello", couple, change(couple))

    # -- the changes -------------------------------------------------------------------------------------------

    def _erp_changes(self) -> Iterator[tuple[str, str, Callable[[Couple], tuple[dict[str, Any], str | None]]]]:
        text = "Edited for the checklist"
        yield CUSTOMERS, "name", lambda _: ({"name": f"{text} AG"}, f"{text} AG")
        yield CUSTOMERS, "description", lambda _: ({"description": text}, text)
        yield CUSTOMERS, "website", lambda _: ({"website": "https://checklist.example"}, "https://checklist.example")
        yield PROJECTS, "name", lambda _: ({"name": text}, text)
        yield PROJECTS, "status", lambda _: ({"status": "on_hold"}, "On hold")
        yield PROJECTS, "start_date", lambda _: ({"start_date": "2019-02-03"}, "2019-02-03")
        yield PROJECTS, "end_date", lambda _: ({"end_date": "2039-02-03"}, "2039-02-03")
        yield PROJECTS, "manager", lambda one: self._referred("employee", "manager_id", one)
        yield PROJECTS, "customer", lambda one: self._referred("customer", "customer_id", one)
        yield PROJECTS, "description", lambda _: ({"description": text}, text)
        yield EMPLOYEES, "full_name", lambda _: ({"first_name": "Check", "last_name": "List"}, "Check List")
        yield EMPLOYEES, "initials", lambda _: ({"initials": "QA"}, "QA")
        yield EMPLOYEES, "username", lambda _: ({"trello_username": "erp_sync_checked"}, "erp_sync_checked")
        yield EMPLOYEES, "bio", lambda _: ({"bio": text}, text)
        yield EMPLOYEES, "role", lambda _: ({"trello_role": "admin"}, "admin")
        yield EMPLOYEES, "membership", lambda _: ({"status": "inactive"}, "deactivated")
        yield EMPLOYEES, "email", lambda _: ({"work_email": "check.list@company.example"}, None)
        yield CONTACTS, "customer", lambda one: (moved := self._other_customer(one), str(moved["customer_id"]))
        yield CONTACTS, "role", lambda _: ({"trello_role": "admin"}, "admin")
        yield CONTACTS, "membership", lambda _: ({"active": False}, "none")
        yield CONTACTS, "email", lambda _: ({"email": "check.list@customer.example"}, None)

    def _trello_changes(self) -> Iterator[tuple[str, str, Callable[[Couple], str]]]:
        for name, field, value in (
            ("name", "displayName", "Checked in Trello AG"),
            ("description", "desc", "Checked in Trello"),
            ("website", "website", "https://checked.example"),
            ("number", "name", "checked_in_trello"),
        ):
            yield CUSTOMERS, name, self._workspace(field, value)
        for name, title, value in (
            ("name", "Name", "Checked in Trello"),
            ("status", "Status", "Completed"),
            ("start_date", "Start date", "2018-04-05"),
            ("end_date", "End date", "2038-04-05"),
            ("description", "Description", "Checked in Trello"),
        ):
            yield PROJECTS, name, self._amendment(title, value)
        yield PROJECTS, "manager", lambda one: self._amended_reference("Manager", "employee", one)
        yield PROJECTS, "customer", lambda one: self._amended_reference("Customer", "customer", one)
        for pair, person in ((EMPLOYEES, self._anna), (CONTACTS, self._carla)):
            word = "anna" if pair == EMPLOYEES else "carla"
            for name, field, value in (
                ("full_name", "fullName", f"{word.title()} Checked"),
                ("initials", "initials", "CT"),
                ("username", "username", f"{word}_checked"),
                ("bio", "bio", "Checked in Trello"),
            ):
                yield pair, name, self._profile(person, field, value)
        yield EMPLOYEES, "role", self._staff_role
        yield EMPLOYEES, "membership", self._staff_deactivated
        yield CONTACTS, "role", self._contact_role
        yield CONTACTS, "customer", self._contact_moved
        yield CONTACTS, "membership", self._contact_removed

    # -- in the ERP --------------------------------------------------------------------------------------------

    def _referred(self, entity: str, field: str, couple: Couple) -> tuple[dict[str, Any], str]:
        id_, number = self._another(entity, couple.customerp[field])
        return {field: id_}, number

    def _another(self, entity: str, taken: object) -> tuple[int, str]:
        numbers = self._pairs[PROJECTS].references[entity]
        return next((id_, number) for id_, number in numbers.items() if id_ != taken)

    def _other_customer(self, couple: Couple) -> dict[str, Any]:
        """A linked customer whose workspace has the fewest people."""
        people = {
            one.ids[0]: self._people[one.ids[0]]
            for one in self._pairs[CUSTOMERS].couples
            if self._in_sync(one) and one.ids[0] != couple.customerp["customer_id"]
        }
        return {"customer_id": min(people, key=lambda customer: (people[customer], customer))}

    def _in_sync(self, customer: Couple) -> bool:
        """Whether the sync has made the two equal; what only looks alike may be two things and have no link."""
        found = self._pairs[CUSTOMERS]
        return all(
            prop.in_customerp(customer.customerp, found.references) == prop.normalised(customer.trello[prop.name] or "")
            for prop in found.properties
        )

    # -- in Trello ---------------------------------------------------------------------------------------------

    def _workspace(self, field: str, value: str) -> Callable[[Couple], str]:
        def change(couple: Couple) -> str:
            self._trello.send("PUT", f"/1/organizations/{couple.ids[1]}", json={field: value})
            return value

        return change

    def _amendment(self, title: str, value: str, shown: str = "") -> Callable[[Couple], str]:
        def change(couple: Couple) -> str:
            self._anna.comment(self._card, f"{couple.key}\n{title}: {shown or value}")
            return value

        return change

    def _amended_reference(self, title: str, entity: str, couple: Couple) -> str:
        _, number = self._another(entity, couple.customerp[f"{title.lower()}_id"])
        return self._amendment(title, number, f"somebody else ({number})")(couple)

    @staticmethod
    def _profile(person: Trello, field: str, value: str) -> Callable[[Couple], str]:
        def change(_: Couple) -> str:
            person.send("PUT", "/1/members/me", json={field: value})
            return value

        return change

    def _staff_role(self, couple: Couple) -> str:
        for workspace in self._memberships(couple.ids[1]):
            self._trello.send("PUT", f"/1/organizations/{workspace}/members/{couple.ids[1]}", json={"type": "admin"})
        return "admin"

    def _staff_deactivated(self, couple: Couple) -> str:
        for workspace in self._memberships(couple.ids[1]):
            path = f"/1/organizations/{workspace}/members/{couple.ids[1]}/deactivated"
            self._trello.send("PUT", path, json={"value": True})
        return "deactivated"

    def _memberships(self, member: str) -> list[str]:
        """Workspaces of nobody's customer that the member is in: the staff's."""
        ours = set(self._workspaces.values())
        return [
            one["id"]
            for one in self._trello.organizations()
            if one["id"] not in ours
            and any(found["idMember"] == member for found in self._trello.memberships(one["id"]))
        ]

    def _contact_role(self, couple: Couple) -> str:
        self._join(couple, couple.customerp["customer_id"], "admin")
        return "admin"

    def _contact_moved(self, couple: Couple) -> str:
        other = self._other_customer(couple)["customer_id"]
        self._join(couple, other, "normal")
        self._contact_removed(couple)
        return str(other)

    def _contact_removed(self, couple: Couple) -> str:
        workspace = self._workspaces[couple.customerp["customer_id"]]
        self._trello.send("DELETE", f"/1/organizations/{workspace}/members/{couple.ids[1]}")
        return "none"

    def _join(self, couple: Couple, customer: int, role: str) -> None:
        path = f"/1/organizations/{self._workspaces[customer]}/members/{couple.ids[1]}"
        self._trello.send("PUT", path, json={"type": role})

    # -- whom --------------------------------------------------------------------------------------------------

    def _couple(self, pair: str, name: str, side: str) -> Couple:
        profile = name in ("full_name", "initials", "username", "bio")
        if pair == EMPLOYEES and profile:
            return self._person(pair, OWN if side == "customerp" else ANNA)
        if pair == CONTACTS and profile:
            return self._person(pair, CARLA)
        # Few of the staff have joined, and only they show who is switched off: whoever is invited has a role, too.
        pending = name == "email" or (pair == EMPLOYEES and name == "role")
        for couple in self._plain[pair]:
            anybody = pair in (CUSTOMERS, PROJECTS)
            suits = anybody or (couple.trello["full_name"] is None) == pending
            dated = name not in ("start_date", "end_date") or bool(couple.customerp["end_date"])
            if suits and dated and couple.trello.get("role") != "admin":
                self._plain[pair].remove(couple)
                return couple
        raise DemoError(f"no record of {pair} is left to edit {name!r} of in {side}; seed more customers")

    def _person(self, pair: str, username: str) -> Couple:
        found = [one for one in self._pairs[pair].couples if one.trello["username"] == username]
        if len(found) != 1:
            raise DemoError(f"{username} is {len(found)} records of {pair}; one is needed for the checklist")
        return found[0]

    def _is_plain(self, pair: str, couple: Couple) -> bool:
        """Not one of those with a token; nor of a workspace so full that Trello lets nobody in any more."""
        crowded = pair == CONTACTS and self._people[couple.customerp["customer_id"]] >= ROOM
        return not crowded and couple.trello.get("username") not in (OWN, ANNA, CARLA)

    def _edit(self, pair: str, name: str, side: str, couple: Couple, wanted: str | None) -> Edit:
        found = self._pairs[pair]
        prop = next(one for one in found.properties if one.name == name)
        before = prop.in_customerp(couple.customerp, found.references)
        return Edit(pair, name, side, couple.key, couple.ids[0], couple.ids[1], before, wanted)
