"""Round 2: what people do in both systems between two runs, through the systems' own APIs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from demo.check import Known
from demo.check_records import CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS, Couple, PairRecords
from demo.errors import DemoError
from demo.systems import CustomERP, Trello

ANNA_TOKEN = "sandbox-token-anna"  # noqa: S105 - opens nothing but the sandbox
CARLA_TOKEN = "sandbox-token-carla"  # noqa: S105
ANNA = "annaberg"

BORN_IN_TRELLO = """New project: Solar carport
Status: Open
Start date: 2026-09-01
Manager: Anna Berg

Description:
Forty places, two charging points each."""


class Edits:
    """People at work; each edit takes a record that no other edit has touched.

    Args:
        customerp: the ERP.
        trello: Trello as the company's account sees it.
        pairs: what both systems hold.
        card: id of the register card.
        broken: keys of records that are special enough already.

    Attributes:
        known: differences that stay, because the other system cannot take the edit.
    """

    def __init__(
        self,
        customerp: CustomERP,
        trello: Trello,
        pairs: Mapping[str, PairRecords],
        card: str,
        broken: Iterable[Any],
    ) -> None:
        self._erp, self._trello, self._card = customerp, trello, card
        self._anna, self._carla = Trello(trello.url, ANNA_TOKEN), Trello(trello.url, CARLA_TOKEN)
        self._employees = pairs[EMPLOYEES].couples
        with_people = {couple.customerp["customer_id"] for couple in pairs[CONTACTS].couples}
        # Customers without contacts first: what becomes of the contacts of a deleted one is another story.
        customers = sorted(pairs[CUSTOMERS].couples, key=lambda couple: couple.ids[0] in with_people)
        special = set(broken)
        self._customers = iter([couple for couple in customers if couple.key not in special])
        self._projects = iter([couple for couple in pairs[PROJECTS].couples if couple.key not in special])
        self.known: list[Known] = []

    def make(self) -> Iterator[str]:
        """Do everything; one sentence each."""
        yield self._delete_a_customer()
        yield self._rename_a_customer()
        yield self._describe_a_workspace()
        yield self._clash()
        yield self._add_a_customer()
        yield self._rename_an_employee()
        yield self._edit_a_profile()
        yield self._edit_a_project()
        yield self._amend_a_project()
        yield self._delete_a_comment()
        yield self._type_a_project()

    # -- customers ---------------------------------------------------------------------------------------------

    def _delete_a_customer(self) -> str:
        customer = next(self._customers)
        self._erp.delete("customers", customer.ids[0])
        return f"CustomERP  customer {customer.key} is deleted"

    def _rename_a_customer(self) -> str:
        customer = next(self._customers)
        name = f"{customer.customerp['name']} Group"
        self._erp.edit("customers", customer.ids[0], name=name)
        return f"CustomERP  customer {customer.key} is renamed to {name!r}"

    def _describe_a_workspace(self) -> str:
        customer = next(self._customers)
        self._edit_workspace(customer, desc="Boards of the spring campaign.")
        return f"Trello     the workspace of {customer.key} gets another description"

    def _clash(self) -> str:
        customer = next(self._customers)
        name = customer.customerp["name"]
        self._erp.edit("customers", customer.ids[0], name=f"{name} (ERP)")
        self._edit_workspace(customer, displayName=f"{name} (Trello)")
        return f"both       the name of {customer.key} is changed in CustomERP, then otherwise in Trello: a clash"

    def _add_a_customer(self) -> str:
        customer = self._erp.create("customers", name="Nordlicht Energie GmbH", type="company", country="DE")
        person = {"first_name": "Nora", "last_name": "Lindgren", "email": "nora.lindgren@nordlicht.example"}
        self._erp.create("contacts", **person, customer_id=customer["id"])
        return f"CustomERP  {customer['number']} {customer['name']} is a new customer, Nora Lindgren its contact"

    def _edit_workspace(self, customer: Couple, **fields: str) -> None:
        self._trello.send("PUT", f"/1/organizations/{customer.ids[1]}", json=fields)

    # -- people ------------------------------------------------------------------------------------------------

    def _rename_an_employee(self) -> str:
        employee = self._confirmed_employee()
        self._erp.edit("employees", employee.ids[0], last_name="Newname")
        reason = "a profile is its owner's, nobody else can change the name in it"
        self.known.append(Known(EMPLOYEES, employee.key, "full_name", reason))
        return f"CustomERP  employee {employee.key} has another last name, which Trello cannot take"

    def _confirmed_employee(self) -> Couple:
        for couple in reversed(self._employees):
            if couple.trello["full_name"] and couple.trello["username"] != ANNA:
                return couple
        raise DemoError("no employee with a Trello profile of their own is there to be renamed")

    def _edit_a_profile(self) -> str:
        self._carla.send("PUT", "/1/members/me", json={"bio": "Back in the office on Mondays."})
        return "Trello     Carla Muñoz, somebody's contact, writes something about herself in her profile"

    # -- projects ----------------------------------------------------------------------------------------------

    def _edit_a_project(self) -> str:
        project = next(self._projects)
        self._erp.edit("projects", project.ids[0], name=f"{project.customerp['name']}, phase 2")
        return f"CustomERP  project {project.key} is renamed"

    def _amend_a_project(self) -> str:
        project = next(self._projects)
        self._anna.comment(self._card, f"{project.key}\nStatus: On hold\nEnd date: 2027-01-31")
        return f"Trello     Anna comments: {project.key} / Status: On hold / End date: 2027-01-31"

    def _delete_a_comment(self) -> str:
        project = next(self._projects)
        self._trello.send("DELETE", f"/1/actions/{project.ids[1]}")
        return f"Trello     the comment of {project.key} is deleted"

    def _type_a_project(self) -> str:
        self._anna.comment(self._card, BORN_IN_TRELLO)
        return "Trello     Anna types a comment that describes a new project, 'Solar carport'"
