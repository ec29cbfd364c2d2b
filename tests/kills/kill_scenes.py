"""What people do on both sides before the run that is killed: per pair, something for every kind of write.

A scene edits a company in sync. The run that follows is the one that is killed at every step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import trello_settings
from engine import CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS, Engine, as_anna, ask, erp_edit

from customerp_trello.flow.form import Form
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.conflicts import answer_conflict, conflicts
from customerp_trello.state.plans import approve

LONG = "Long. " * 3000


@dataclass(frozen=True)
class Scene:
    """One pair, the mapping that it runs with, and the edits.

    Attributes:
        pair: the pair.
        edit: what people do, and the form of the run that follows, where it is no ordinary one.
        expects: (side, operation) of the writes that the run must make, and state-only operations as ("", operation).
        before: what happens before the run in which all is in sync once more (an old tombstone, an old suspension).
        always: kinds of step at which the product once failed, so that every test run kills at the first and the
            last of each.
        every_listing_complete: whether records that the ERP has no more are found in every run.
        customerp, trello: settings of the mapping's sides that differ from the shipped ones.
        manual: properties whose conflicts a person settles.
    """

    pair: str
    edit: Callable[[Engine], Form | None]
    expects: frozenset[tuple[str, str]]
    before: Callable[[Engine], None] | None = None
    always: tuple[str, ...] = ()
    every_listing_complete: bool = False
    customerp: dict[str, Any] = field(default_factory=dict)
    trello: dict[str, Any] = field(default_factory=dict)
    manual: tuple[str, ...] = ()

    def widen(self, engine: Engine) -> None:
        """Give the engine the scene's mapping."""
        engine.mappings.clear()
        engine.widen()
        mapping = engine.mapping(self.pair)
        changes: dict[str, Any] = {
            "customerp": mapping.customerp.model_copy(update=self.customerp),
            "trello": mapping.trello.model_copy(update=self.trello),
            "properties": tuple(
                one.model_copy(update={"conflict": "manual"}) if one.name in self.manual else one
                for one in mapping.properties
            ),
        }
        if self.every_listing_complete:
            changes["full_listing_every_hours"] = 0
        engine.mappings[self.pair] = mapping.model_copy(update=changes)


def _links(engine: Engine, pair: str) -> Iterator[Any]:
    """The pair's usual records: linked by our own create, in the order of CustomERP's ids."""
    links = engine.links(pair)
    usual = links[links["status"].eq("linked") & links["marks"].eq("{}") & ~links["customerp_id"].isin(("1", "2"))]
    for _, link in usual.sort_values("customerp_id", key=lambda ids: ids.astype(int)).iterrows():
        yield link


def _as(engine: Engine, token: str, method: str, path: str, **body: Any) -> Any:
    """A request to Trello with somebody's own token."""
    header = f'OAuth oauth_consumer_key="{trello_settings.TRELLO_KEY}", oauth_token="{token}"'
    return ask(method, f"{engine.trello_url}/1{path}", header, **body)


def _join(engine: Engine, email: str, **more: Any) -> str:
    """A pending member accepts; their token."""
    return str(ask("POST", f"{engine.trello_url}/sandbox/join", email=email, **more)["token"])


def _erase(engine: Engine, entity: str, number: str) -> None:
    """The ERP's own people delete a record for good."""
    with closing(sqlite3.connect(engine.folder.parent / "customerp.db")) as database, database:
        database.execute(f"DELETE FROM {entity} WHERE id = ?", (number,))


def _answer(engine: Engine, pair: str, customerp_id: str, winner: str) -> None:
    """A person answers what has been asked about a record."""
    link = engine.link_of(pair, customerp_id)["link"]
    with engine.store.begin() as tx:
        for asked in conflicts(tx, pair, links=[int(link)]):
            answer_conflict(tx, asked.id, winner, "a person")


# -- customers -----------------------------------------------------------------------------------------------------


def before_customers(engine: Engine) -> None:
    """One customer was switched off, one workspace went out of sight, one conflict was asked and answered."""
    CustomERPHook().delete_record("customer", "23")
    _out_of_sight(engine, engine.link_of(CUSTOMERS, "24")["trello_id"])
    asked = engine.link_of(CUSTOMERS, "22")
    erp_edit("customer", "22", description="What the ERP says")
    TrelloHook().update_organization(asked["trello_id"], desc="What Trello says")
    engine.run(CUSTOMERS)


def edit_customers(engine: Engine) -> None:
    erp, trello = CustomERPHook(), TrelloHook()
    links = _links(engine, CUSTOMERS)
    here, there, both, clash, asked, same, off, revived, hidden, wordy, refused = (next(links) for _ in range(11))
    erp_edit("customer", here["customerp_id"], name="Renamed in the ERP", website="https://here.example")
    trello.update_organization(there["trello_id"], desc="Described in Trello")
    erp_edit("customer", both["customerp_id"], description="Described in the ERP")
    trello.update_organization(both["trello_id"], displayName="Renamed in Trello")
    trello.update_organization(clash["trello_id"], displayName="Lost in Trello")
    erp_edit("customer", clash["customerp_id"], name="Won in the ERP")
    erp_edit("customer", asked["customerp_id"], description="One text", name="Renamed beside a question")
    trello.update_organization(asked["trello_id"], desc="Another text")
    erp_edit("customer", same["customerp_id"], name="The same")
    trello.update_organization(same["trello_id"], displayName="The same")
    erp.delete_record("customer", off["customerp_id"])
    erp.delete_record("customer", revived["customerp_id"])
    trello.update_organization(revived["trello_id"], desc="Still needed")
    _out_of_sight(engine, hidden["trello_id"])
    erp_edit("customer", wordy["customerp_id"], description=LONG)
    trello.update_organization(refused["trello_id"], displayName="A name too long for the ERP " * 9)
    erp.create_record("customer", {"name": "Quite new", "type": "company"})
    erp.create_record("customer", {"name": "New with website", "type": "company", "website": "https://new.example"})
    trello.create_organization(displayName="Waiting for a customer", desc="From Trello")
    erp.create_record("customer", {"name": "Waiting for a customer", "type": "company", "description": "From the ERP"})
    erp_edit("customer", "23", active=True)
    _answer(engine, CUSTOMERS, "22", "trello")
    _in_sight(engine, engine.link_of(CUSTOMERS, "24")["trello_id"])


def edit_customers_to_delete(engine: Engine) -> None:
    links = _links(engine, CUSTOMERS)
    for _ in range(2):
        CustomERPHook().delete_record("customer", next(links)["customerp_id"])
    erp_edit("customer", next(links)["customerp_id"], name="Renamed beside deletes")
    held = engine.run(CUSTOMERS)
    with engine.store.begin() as tx:
        approve(tx, CUSTOMERS, held.steps["reconcile"]["digest"], "a person")


def edit_customers_to_undo(engine: Engine) -> Form:
    """A run that wrote to both sides is undone; one of its values has been edited since, so that it stays."""
    links = _links(engine, CUSTOMERS)
    here, there, since = (next(links) for _ in range(3))
    erp_edit("customer", here["customerp_id"], name="Renamed by mistake", description="Described by mistake")
    TrelloHook().update_organization(there["trello_id"], displayName="Renamed by mistake in Trello")
    erp_edit("customer", since["customerp_id"], name="Edited since")
    CustomERPHook().create_record("customer", {"name": "Created by mistake", "type": "company"})
    undone = engine.run(CUSTOMERS).run.id
    TrelloHook().update_organization(since["trello_id"], displayName="Right by now")
    return Form(action="undo", run=undone)


def _out_of_sight(engine: Engine, workspace: str) -> None:
    """A colleague takes the integration out of a workspace."""
    TrelloHook().invite(workspace, trello_settings.ANNA.email, "Anna Berg", "admin")
    as_anna(engine, "DELETE", f"/organizations/{workspace}/members/{trello_settings.INTEGRATION.id}")


def _in_sight(engine: Engine, workspace: str) -> None:
    """A colleague lets the integration in again."""
    as_anna(engine, "PUT", f"/organizations/{workspace}/members/{trello_settings.INTEGRATION.id}", type="admin")


# -- employees -----------------------------------------------------------------------------------------------------


def before_employees(engine: Engine) -> None:
    """Some invitations are accepted; one employee left, one was switched off; one workspace has a paid plan."""
    ask("POST", f"{engine.trello_url}/sandbox/plan", organization=engine.summary["staff"]["workspaces"][0], paid=True)
    for link in _links(engine, EMPLOYEES):
        if link["customerp_id"] in ("5", "6", "7"):
            _join(engine, link["c.email"])
    engine.run(EMPLOYEES)
    engine.run(EMPLOYEES)
    erp_edit("employee", "4", status="terminated")
    erp_edit("employee", "5", status="inactive")
    engine.run(EMPLOYEES)


def edit_employees(engine: Engine) -> None:
    erp = CustomERPHook()
    for first, email in (("Cara", "cara@new.example"), ("Carl", "carl@new.example"), ("Nomail", None)):
        erp.create_record(
            "employee", {"first_name": first, "last_name": "New", "work_email": email, "status": "active"}
        )
    anna = trello_settings.ANNA
    _as(engine, anna.token, "PUT", f"/members/{anna.id}", bio="I wrote this in Trello", initials="ABX")
    erp_edit("employee", "1", last_name="Berg-Won", job_title="Head")
    erp_edit("employee", "3", trello_role="admin", first_name="Nobody", last_name="Writes This")
    erp_edit("employee", "4", status="active")
    erp_edit("employee", "5", status="active", trello_role="admin")
    erp_edit("employee", "6", status="inactive")
    erp_edit("employee", "7", status="terminated")
    erp_edit("employee", "8", work_email="other.address@company.example")
    erp_edit("employee", "9", status="terminated")
    south = engine.summary["staff"]["workspaces"][1]
    member = engine.link_of(EMPLOYEES, 2)["trello_id"]
    north = engine.summary["staff"]["workspaces"][0]
    for workspace in (north, south):
        standing = {one["idMember"] for one in TrelloHook().memberships(workspace)}
        if member in standing:
            TrelloHook().set_member_type(workspace, member, "admin")


def edit_employees_to_delete(engine: Engine) -> None:
    """Employees that the ERP has no more: one accepted the invitation, the other has not."""
    for number in ("6", "8"):
        _erase(engine, "employees", number)
    erp_edit("employee", "3", trello_role="admin")


# -- contacts ------------------------------------------------------------------------------------------------------


def before_contacts(engine: Engine) -> None:
    """Some invitations are accepted, some contacts were switched off earlier."""
    for number in ("3", "4", "6", "7", "8", "10"):
        _join(engine, engine.link_of(CONTACTS, number)["c.email"])
    engine.run(CONTACTS)
    engine.run(CONTACTS)
    for number in ("8", "14"):
        erp_edit("contact", number, active=False)
    engine.run(CONTACTS)


def edit_contacts(engine: Engine) -> None:
    erp = CustomERPHook()
    for first, email in (("Nora", "nora@new.example"), ("Nils", "nils@new.example"), ("Nomail", None)):
        fields = {"first_name": first, "last_name": "New", "email": email, "customer_id": 19}
        erp.create_record("contact", fields)
    erp_edit("contact", "3", customer_id=19)
    erp_edit("contact", "11", customer_id=19)
    erp_edit("contact", "12", email="other.address@customer.example")
    erp_edit("contact", "4", active=False)
    erp_edit("contact", "15", active=False)
    erp_edit("contact", "6", trello_role="admin")
    erp_edit("contact", "8", active=True)
    erp_edit("contact", "14", active=True)
    erp_edit("contact", "10", first_name="Nobody", last_name="Writes This")
    carla = trello_settings.CARLA
    _as(engine, carla.token, "PUT", f"/members/{carla.id}", bio="I wrote this in Trello")
    trello = TrelloHook()
    workspace, _, member = engine.link_of(CONTACTS, 7)["trello_id"].partition(":")
    elsewhere = engine.link_of(CUSTOMERS, 19)["trello_id"]
    trello.set_member_type(elsewhere, member, "normal")
    trello.remove_member(workspace, member)
    workspace, _, member = engine.link_of(CONTACTS, 17)["trello_id"].partition(":")
    trello.remove_member(workspace, member)


def edit_contacts_to_delete(engine: Engine) -> None:
    """Contacts that the ERP has no more: one accepted the invitation, the other has not."""
    for number in ("11", "3"):
        _erase(engine, "contacts", number)
    erp_edit("contact", "6", trello_role="admin")


# -- projects ------------------------------------------------------------------------------------------------------


def _comment(engine: Engine, text: str) -> str:
    card = engine.summary["register_card"]["id"]
    return str(as_anna(engine, "POST", f"/cards/{card}/actions/comments", text=text)["id"])


def _author(engine: Engine, comment: str, account: trello_settings.Account) -> None:
    """The integration has got another account: what the old one wrote is somebody else's by now."""
    with closing(sqlite3.connect(engine.folder.parent / "trello.db")) as database, database:
        database.execute("UPDATE actions SET id_member_creator = ? WHERE id = ?", (account.id, comment))


def before_projects(engine: Engine) -> None:
    """Two conflicts were asked, for each side to win one."""
    links = list(_links(engine, PROJECTS))
    for asked in links[-2:]:
        erp_edit("project", asked["customerp_id"], description="What the ERP says")
        _comment(engine, f"{asked['c.number']}\nDescription: What Trello says")
    engine.run(PROJECTS)


def edit_projects(engine: Engine) -> None:
    erp, trello = CustomERPHook(), TrelloHook()
    links = _links(engine, PROJECTS)
    here, there, both, clash, asked, lost, off, revived, refused, wordy = (next(links) for _ in range(10))
    erp_edit("project", here["customerp_id"], name="Renamed in the ERP", status="completed")
    _comment(engine, f"{there['c.number']}\nStatus: On hold\nDescription: Amended in Trello")
    erp_edit("project", both["customerp_id"], end_date="2029-12-31")
    _comment(engine, f"{both['c.number']}\nName: Renamed in Trello")
    _comment(engine, f"{clash['c.number']}\nName: Lost in Trello")
    erp_edit("project", clash["customerp_id"], name="Won in the ERP")
    erp_edit("project", asked["customerp_id"], description="One text", name="Renamed beside a question")
    _comment(engine, f"{asked['c.number']}\nDescription: Another text")
    trello.delete_comment(lost["trello_id"])
    erp.delete_record("project", off["customerp_id"])
    erp.delete_record("project", revived["customerp_id"])
    _comment(engine, f"{revived['c.number']}\nDescription: Still needed")
    _comment(engine, f"{refused['c.number']}\nStatus: Nearly done\nDescription: this part is fine")
    erp.create_record("project", {"name": "Quite new", "status": "open"})
    erp.create_record("project", {"name": "New with manager", "status": "open", "manager_id": 1})
    erp.create_record("project", {"name": "New and too long", "status": "open", "description": LONG})
    erp_edit("project", wordy["customerp_id"], description=LONG)
    _author(engine, next(links)["trello_id"], trello_settings.DIMITRA)
    _comment(engine, "Name: Born in Trello\nStatus: Open\nStart date: 2026-03-01\nManager: -")
    _comment(engine, "Name: Also born in Trello\nStatus: On hold\nDescription: With a text")
    for asked_before, winner in zip(list(_links(engine, PROJECTS))[-2:], ("customerp", "trello"), strict=True):
        _answer(engine, PROJECTS, asked_before["customerp_id"], winner)


def edit_projects_to_delete(engine: Engine) -> None:
    links = _links(engine, PROJECTS)
    TrelloHook().delete_comment(next(links)["trello_id"])
    CustomERPHook().delete_record("project", next(links)["customerp_id"])
    _comment(engine, f"{next(links)['c.number']}\nDescription: Amended beside deletes")


def edit_projects_to_undo(engine: Engine) -> Form:
    """A run is undone that wrote both ways and let a project be born."""
    links = _links(engine, PROJECTS)
    erp_edit("project", next(links)["customerp_id"], name="Renamed by mistake", status="completed")
    _comment(engine, f"{next(links)['c.number']}\nDescription: Amended by mistake")
    CustomERPHook().create_record("project", {"name": "Created by mistake", "status": "open"})
    _comment(engine, "Name: Born by mistake\nStatus: Open")
    return Form(action="undo", run=engine.run(PROJECTS).run.id)


def _writes(*names: str) -> frozenset[tuple[str, str]]:
    """``trello.create`` is a create in Trello, ``link`` a change of our own state."""
    return frozenset((side, operation) for side, _, operation in (name.rpartition(".") for name in names))


SCENES = {
    "customers": Scene(
        CUSTOMERS,
        edit_customers,
        _writes(
            "trello.create",
            "trello.update",
            "customerp.update",
            "customerp.restore",
            "link",
            "adopt",
            "unlink",
            "conflict",
            "trello.not_writable",
            "trello.suspended",
        ),
        before=before_customers,
        always=("before PATCH /api/v1/customers/15", "before POST /1/organizations"),
        manual=("description",),
    ),
    "customers, deletes": Scene(
        CUSTOMERS,
        edit_customers_to_delete,
        _writes("trello.delete", "trello.update"),
        always=("after DELETE /1/organizations/.*",),
        trello={"on_gone": "delete"},
    ),
    "customers, undo": Scene(CUSTOMERS, edit_customers_to_undo, _writes("trello.undo", "customerp.undo", "unlink")),
    "employees": Scene(
        EMPLOYEES,
        edit_employees,
        _writes("trello.create", "trello.update", "customerp.update", "trello.not_writable"),
        before=before_employees,
        always=("after DELETE /1/organizations/.*",),
    ),
    "employees, deletes": Scene(
        EMPLOYEES,
        edit_employees_to_delete,
        _writes("trello.delete", "trello.update"),
        before=before_employees,
        every_listing_complete=True,
        trello={"on_gone": "delete"},
    ),
    "contacts": Scene(
        CONTACTS,
        edit_contacts,
        _writes("trello.create", "trello.update", "customerp.update", "relink", "adopt", "trello.not_writable"),
        before=before_contacts,
        always=("after DELETE /1/organizations/.*",),
    ),
    "contacts, deletes": Scene(
        CONTACTS,
        edit_contacts_to_delete,
        _writes("trello.delete", "trello.update"),
        before=before_contacts,
        every_listing_complete=True,
        trello={"on_gone": "delete"},
    ),
    "projects": Scene(
        PROJECTS,
        edit_projects,
        _writes(
            "trello.create",
            "trello.update",
            "trello.restore",
            "customerp.create",
            "customerp.update",
            "customerp.restore",
            "unlink",
            "conflict",
        ),
        before=before_projects,
        always=("after POST /1/cards/.*",),
        manual=("description",),
    ),
    "projects, deletes": Scene(
        PROJECTS,
        edit_projects_to_delete,
        _writes("customerp.delete", "trello.delete", "customerp.update"),
        always=("after DELETE /api/.*",),
        customerp={"on_gone": "deactivate"},
        trello={"on_gone": "delete"},
    ),
    "projects, undo": Scene(PROJECTS, edit_projects_to_undo, _writes("trello.undo", "customerp.undo", "unlink")),
}
