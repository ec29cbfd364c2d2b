"""Trello's side of the data: staff workspaces with the register card, and the workspaces of customers."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any

from sandbox_database import SandboxDatabase
from seed_names import Names
from seed_records import LAST_DAY, Past, SeedIds, Table, trello_date
from trello_schema import initials_of
from trello_settings import ACCOUNTS, ANNA, BORIS, INTEGRATION, TRELLO_KEY, Account

REGISTER_LINK = "Register"
STAFF_WORKSPACES = (("staff_north", "Company Staff North"), ("staff_south", "Company Staff South"))


class SeedTrello:
    """Draws Trello's rows."""

    def __init__(self, chance: random.Random, names: Names, past: Past) -> None:
        self.chance, self.names, self.past = chance, names, past
        self.ids = SeedIds(past)
        self.members = Table(
            "members", ("id", "username", "full_name", "initials", "bio", "email", "confirmed", "avatar_url")
        )
        self.organizations = Table(
            "organizations",
            ("id", "name", "display_name", "desc", "website", "date_last_activity", "paid", "id_member_creator"),
        )
        self.memberships = Table("memberships", ("id", "id_organization", "id_member", "admin", "deactivated"))
        self.boards = Table("boards", ("id", "id_organization", "name", "desc", "closed", "short_link"))
        self.lists = Table("lists", ("id", "id_board", "name", "closed", "pos"))
        self.cards = Table("cards", ("id", "id_list", "name", "desc", "closed", "short_link", "id_short"))
        self.actions = Table(
            "actions",
            ("id", "type", "date", "id_member_creator", "data", "id_organization", "id_board", "id_list", "id_card"),
        )
        self.tokens = Table("tokens", ("token", "id", "api_key", "id_member", "identifier", "date_created"))
        self.by_email: dict[str, dict[str, Any]] = {}
        self.register: dict[str, str] = {}

    def accounts(self) -> None:
        """The people who have a token."""
        for account in ACCOUNTS:
            self._account(account)
            self.tokens.add(
                token=account.token,
                id=self.ids.new(),
                api_key=TRELLO_KEY,
                id_member=account.id,
                identifier="ERP integration",
                date_created=trello_date(self.past.moment()),
            )

    def _account(self, account: Account) -> dict[str, Any]:
        member = self.members.add(
            id=account.id,
            username=account.username,
            full_name=account.full_name,
            initials=initials_of(account.full_name),
            bio="",
            email=account.email,
            confirmed=1,
            avatar_url=account.avatar_url,
        )
        self.by_email[account.email.lower()] = member
        return member

    def person(self, full_name: str, email: str, *, confirmed: bool = True) -> dict[str, Any]:
        """A member with this address: the one who has it, or a new one."""
        known = self.by_email.get(email.lower())
        if known is not None:
            return known
        member_id = self.ids.new()
        username = "".join(
            letter for letter in email.partition("@")[0] if letter in "abcdefghijklmnopqrstuvwxyz0123456789"
        )
        member = self._account(Account(member_id, f"{username[:40]}_{member_id[-6:]}", full_name, email, ""))
        member["confirmed"] = int(confirmed)
        member["bio"] = (
            self.chance.choice(("", "", "Coffee first.", "Erreichbar Mo–Do.", "電話でどうぞ。")) if confirmed else ""
        )
        return member

    def workspace(self, name: str, display_name: str, *, desc: str = "", website: str = "", paid: bool = False) -> str:
        """A workspace whose admin is the integration's account; its id."""
        made = self.past.moment()
        organization = self.organizations.add(
            id=self.ids.new(made),
            name=name,
            display_name=display_name,
            desc=desc,
            website=website or None,
            date_last_activity=trello_date(made),
            paid=int(paid),
            id_member_creator=INTEGRATION.id,
        )
        self.join(organization["id"], INTEGRATION.id, admin=True)
        self._action(
            "createOrganization",
            made,
            INTEGRATION.id,
            {"organization": {"id": organization["id"], "name": display_name}},
            organization["id"],
        )
        return str(organization["id"])

    def join(self, organization: str, member: str, *, admin: bool = False, deactivated: bool = False) -> None:
        """Put a member into a workspace."""
        row = {"id_organization": organization, "id_member": member}
        self.memberships.add(id=self.ids.new(), **row, admin=int(admin), deactivated=int(deactivated))

    def staff(self, employees: list[dict[str, Any]]) -> dict[str, Any]:
        """Two paid workspaces, the register card, and every tenth employee as a member."""
        north, south = (self.workspace(name, title, paid=True) for name, title in STAFF_WORKSPACES)
        self.join(north, ANNA.id, admin=True)
        self.join(south, ANNA.id)
        self.join(north, BORIS.id)
        joined = [row for row in employees[2:] if row["work_email"] and row["status"] == "active"]
        joined = joined[: max(2, len(employees) // 10)]
        for row in joined:
            member = self.person(f"{row['first_name']} {row['last_name']}", row["work_email"])
            self.join(self.chance.choice((north, south)), member["id"])
        leavers = self._leavers(north, employees)
        self._register(north)
        return {"workspaces": [north, south], "members": len(joined) + 2, **leavers}

    def _leavers(self, workspace: str, employees: list[dict[str, Any]]) -> dict[str, Any]:
        """One inactive and one terminated employee who are still members."""
        found: dict[str, Any] = {}
        for status in ("inactive", "terminated"):
            row = next((one for one in employees if one["status"] == status and one["work_email"]), None)
            if row is not None:
                self.join(workspace, self.person(f"{row['first_name']} {row['last_name']}", row["work_email"])["id"])
                found[f"{status}_employee_still_member"] = row["employee_number"]
        return found

    def _register(self, workspace: str) -> None:
        board = self.boards.add(
            id=self.ids.new(),
            id_organization=workspace,
            name="Company register",
            desc="",
            closed=0,
            short_link="RegBoard",
        )
        column = self.lists.add(id=self.ids.new(), id_board=board["id"], name="Projects", closed=0, pos=16384)
        card = self.cards.add(
            id=self.ids.new(),
            id_list=column["id"],
            name="Project register",
            desc="One comment for each project. Write below it what should change.",
            closed=0,
            short_link=REGISTER_LINK,
            id_short=1,
        )
        self.register = {"workspace": workspace, "board": board["id"], "list": column["id"], "card": card["id"]}

    def comment(self, author: Account, text: str) -> str:
        """A comment on the register card; its id."""
        place = self.register
        data = {
            "idCard": place["card"],
            "text": text,
            "card": {"id": place["card"], "name": "Project register", "idShort": 1, "shortLink": REGISTER_LINK},
            "board": {"id": place["board"], "name": "Company register", "shortLink": "RegBoard"},
            "list": {"id": place["list"], "name": "Projects"},
        }
        return self._action("commentCard", self.past.moment(60), author.id, data, place["workspace"], place)

    def _action(
        self, kind: str, moment: datetime, author: str, data: dict[str, Any], organization: str, place: Any = None
    ) -> str:
        row = {"id": self.ids.new(moment), "type": kind, "date": trello_date(min(moment, LAST_DAY))}
        where = {f"id_{name}": place[name] for name in ("board", "list", "card")} if place else {}
        text = json.dumps(data, ensure_ascii=False)
        self.actions.add(**row, id_member_creator=author, data=text, id_organization=organization, **where)
        return row["id"]

    def customer_workspace(self, customer: dict[str, Any], contacts: list[dict[str, Any]], kind: str) -> str:
        """A workspace that a customer has already, its contacts in it; ``kind`` says how it differs from the ERP."""
        desc = customer["description"] or ""
        website = customer["website"] or ""
        if kind == "other_description":
            desc = f"Shared board with {customer['name']}"
        elif kind == "other_website":
            website = f"https://{customer['number'].lower()}.example/contact"
        elif kind == "empty":
            desc = website = ""
        ours = kind in ("equal", "empty")  # named after the number, as the sync would have done
        name = customer["number"].lower().replace("-", "") if ours else f"our_team_{customer['id']}"
        workspace = self.workspace(name, customer["name"].strip(), desc=desc, website=website)
        for index, contact in enumerate(one for one in contacts[:8] if one["email"] and "@" in one["email"]):
            full_name = f"{contact['first_name'] or ''} {contact['last_name']}".strip()
            member = self.person(full_name, contact["email"], confirmed=index % 4 != 3)
            self.join(workspace, member["id"])
        return workspace

    def write(self, database: SandboxDatabase) -> None:
        """Insert everything."""
        for table in (
            self.members,
            self.tokens,
            self.organizations,
            self.memberships,
            self.boards,
            self.lists,
            self.cards,
            self.actions,
        ):
            table.write(database)
