"""What is deliberately special in the data: ambiguous, broken and conflicting records, and where to find them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from seed_customerp import SeedERP
from seed_trello import SeedTrello
from trello_settings import ANNA, BORIS, CARLA, INTEGRATION, ORGANIZATIONS, Account

_KINDS = ("equal", "other_description", "equal", "other_website", "empty")
_CROWD = 13
SMALLEST = 24


class SeedSpecial:
    """Bends a few records of both sides, each another one, and remembers which."""

    def __init__(self, erp: SeedERP, trello: SeedTrello) -> None:
        self.erp, self.trello = erp, trello
        self.found: dict[str, Any] = {}
        good = [row for row in erp.tables["customers"].rows if row["active"] and row["type"] == "company"]
        self._customers = iter(good)

    def _customer(self) -> dict[str, Any]:
        return next(self._customers)

    def broken(self) -> None:
        """Records as old imports leave them: the ERP itself would not take them today."""
        customer = self._customer()
        customer["website"] = "http//broken"
        nameless = self._customer()
        nameless["name"] = "   "
        wordy = self._customer()
        wordy["description"] = "Long history of this customer. " * 560
        contact = next(row for row in self.erp.tables["contacts"].rows if row["email"])
        contact["email"] = "ask at the front desk"
        project = self.erp.tables["projects"].rows[0]
        project |= {"start_date": "2026-05-01", "end_date": "2026-04-01"}
        self.erp.tables["projects"].rows[1]["description"] = "Minutes of the meetings.\n" * 780
        self.found["broken"] = {
            "customer_website": customer["number"],
            "customer_name_of_spaces": nameless["number"],
            "customer_description_too_long_for_trello": wordy["number"],
            "contact_email": contact["id"],
            "project_ends_before_it_starts": project["number"],
            "project_description_too_long_for_trello": self.erp.tables["projects"].rows[1]["number"],
        }

    def ambiguous(self) -> None:
        """One customer with two workspaces of its name; two customers of one name with one workspace."""
        two_workspaces, first, second = self._customer(), self._customer(), self._customer()
        two_workspaces["website"] = first["website"] = second["website"] = None
        second["name"] = first["name"]
        for number in (1, 2):
            self.trello.workspace(f"double{number}", two_workspaces["name"])
        self.trello.workspace("namesakes", first["name"])
        self.trello.workspace("nobody_in_the_erp", "Walking Club")
        self.found["ambiguous"] = {
            "customer_with_two_workspaces": two_workspaces["number"],
            "customers_of_one_name": [first["number"], second["number"]],
            "workspace_without_customer": "nobody_in_the_erp",
        }

    def crowd(self) -> None:
        """A customer with more contacts than a free workspace holds."""
        customer = self._customer()
        for _ in range(_CROWD):
            person = self.erp.names.person()
            address = self.erp.names.address(person, "crowd.example")
            self.erp.contact(customer, person, email=address)
        self.found["customer_with_a_crowd_of_contacts"] = customer["number"]

    def merged(self) -> None:
        """A customer that was merged into another."""
        gone, survivor = self._customer(), self._customer()
        gone |= {"active": 0, "merged_into": survivor["id"]}
        self.found["merged_customer"] = {"gone": gone["number"], "survivor": survivor["number"]}

    def workspaces(self, caps: bool) -> None:
        """Every tenth customer has a workspace already, with its contacts in it."""
        customers = self.erp.tables["customers"].rows
        count = len(customers) // 10 if not caps else min(len(customers) // 10, ORGANIZATIONS // 2)
        special = [self._customer(), self._customer()]
        self._people(*special)
        by_customer = defaultdict(list)
        for contact in self.erp.tables["contacts"].rows:
            by_customer[contact["customer_id"]].append(contact)
        chosen = special + [row for row, _ in zip(self._customers, range(max(0, count - 2)), strict=False)]
        kinds: dict[str, list[str]] = defaultdict(list)
        for index, customer in enumerate(chosen):
            kind = _KINDS[index % len(_KINDS)]
            self.trello.customer_workspace(customer, by_customer[customer["id"]], kind)
            kinds[kind].append(customer["number"])
        self.found["customers_with_a_workspace"] = {
            kind: {"count": len(numbers), "first": numbers[:5]} for kind, numbers in kinds.items()
        }

    def _people(self, carlas: dict[str, Any], boriss: dict[str, Any]) -> None:
        """Contacts who have a Trello account with a token; one of them is staff, too."""
        for account, customer in ((CARLA, carlas), (BORIS, boriss)):
            first, _, last = account.full_name.partition(" ")
            person = self.erp.names.person()
            row = self.erp.contact(customer, person, first_name=first, last_name=last, email=account.email)
            self.found[f"contact_{account.username}"] = {"id": row["id"], "customer": customer["number"]}
        self.found["contact_who_is_also_staff"] = self.found[f"contact_{BORIS.username}"]["id"]

    def namesakes(self) -> None:
        """Two employees of one name, whom a name alone cannot tell apart."""
        rows = self.erp.tables["employees"].rows
        one, two = rows[-1], rows[-2]
        two |= {"first_name": one["first_name"], "last_name": one["last_name"]}
        self.found["employees_of_one_name"] = [two["employee_number"], one["employee_number"]]

    def comments(self) -> None:
        """What people wrote on the register card before there was a sync."""
        number = self.erp.tables["projects"].rows[2]["number"]
        unfinished = "New project: Bike shelter\nStatus: sometime soon\nStart date: when the snow is gone"
        damaged = f"**{number} · Damaged by a script**\n\nStatus Open Start\n\n_(CustomERP sync · project 3)_"
        texts: tuple[tuple[str, Account, str], ...] = (
            ("chatter", ANNA, "Good morning! Shall we list our projects here?"),
            ("chatter", BORIS, "👍 Да, отлично."),
            ("chatter", ANNA, f"{number} is going well, thanks to all."),
            ("does_not_parse_without_number", BORIS, unfinished),
            ("does_not_parse_with_number", INTEGRATION, damaged),
        )
        found: dict[str, list[str]] = defaultdict(list)
        for kind, author, text in texts:
            found[kind].append(self.trello.comment(author, text))
        self.found["comments"] = found
