"""What people do in Trello's own pages and the API cannot: sign up, join, buy a plan, choose what a token may do."""

from __future__ import annotations

import sqlite3
from typing import Any

from sandbox_clock import SandboxClock, as_milliseconds
from sandbox_database import SandboxDatabase
from trello_schema import TrelloIds, initials_of
from trello_settings import SCOPES, Account, TrelloSettings


class TrelloPeople:
    """The controls below /sandbox that stand for people; all raise ValueError with a sentence."""

    def __init__(
        self, database: SandboxDatabase, clock: SandboxClock, ids: TrelloIds, settings: TrelloSettings
    ) -> None:
        self.database, self.clock, self.ids, self.settings = database, clock, ids, settings

    def create_accounts(self) -> None:
        """The accounts of the settings, as far as they are missing."""
        for account in self.settings.accounts:
            if self.database.value("SELECT 1 FROM members WHERE id = ?", account.id) is None:
                insert_account(self.database, account)
            self._give_token(account.id, account.token, "ERP integration")

    def sign_up(self, wish: dict[str, Any]) -> dict[str, Any]:
        """POST /sandbox/accounts {fullName, username, email}: a new account with a token."""
        if self.database.value("SELECT 1 FROM members WHERE email = ?", wish["email"]):
            raise ValueError("this address has an account or an invitation; use /sandbox/join for the latter")
        member_id = self.ids.new()
        self._insert(member_id, wish["username"], wish["fullName"], wish["email"])
        return self._person(member_id)

    def join(self, wish: dict[str, Any]) -> dict[str, Any]:
        """POST /sandbox/join {email, fullName?, username?, newId?, accountEmail?}: a pending member accepts.

        With ``newId`` true, or with the address of another account in ``accountEmail``, the ghost goes and a member
        with another id takes its place.
        """
        ghost = self.database.row("SELECT * FROM members WHERE email = ? AND confirmed = 0", wish["email"])
        if ghost is None:
            raise ValueError(f"nobody is pending under the address {wish['email']!r}")
        account_email = wish.get("accountEmail") or wish["email"]
        with self.database.transaction():
            if wish.get("newId") or account_email != wish["email"]:
                member_id = self._replace(ghost, account_email, wish)
            else:
                member_id = self._confirm(ghost, wish)
            self._write_joined(member_id)
        return self._person(member_id)

    def set_plan(self, wish: dict[str, Any]) -> dict[str, Any]:
        """POST /sandbox/plan {organization, paid}: buy or cancel a paid plan; organization is an id or short name."""
        sql = "UPDATE organizations SET paid = ? WHERE ? IN (id, name)"
        if not self.database.run(sql, int(bool(wish["paid"])), wish["organization"]).rowcount:
            raise ValueError(f"there is no organization {wish['organization']!r}")
        return {}

    def set_scope(self, wish: dict[str, Any]) -> dict[str, Any]:
        """POST /sandbox/scope {token, scope, dateExpires?}: what a token was made for, such as ``read,write``."""
        scopes = str(wish["scope"]).split(",")
        if unknown := sorted(set(scopes) - set(SCOPES)):
            raise ValueError(f"there is no scope {unknown[0]!r}; valid: {', '.join(SCOPES)}")
        sql = "UPDATE tokens SET date_expires = ? WHERE token = ?"
        if not self.database.run(sql, wish.get("dateExpires"), wish["token"]).rowcount:
            raise ValueError("there is no such token")
        self.database.run("INSERT OR REPLACE INTO token_scopes VALUES (?, ?)", wish["token"], ",".join(scopes))
        return {}

    def _confirm(self, ghost: sqlite3.Row, wish: dict[str, Any]) -> str:
        full_name = wish.get("fullName") or ghost["full_name"]
        username = wish.get("username") or ghost["username"]
        sql = "UPDATE members SET confirmed = 1, full_name = ?, username = ?, initials = ? WHERE id = ?"
        self.database.run(sql, full_name, username, initials_of(full_name), ghost["id"])
        return str(ghost["id"])

    def _replace(self, ghost: sqlite3.Row, account_email: str, wish: dict[str, Any]) -> str:
        known = self.database.row("SELECT * FROM members WHERE email = ? AND confirmed = 1", account_email)
        self.database.run("UPDATE members SET email = NULL WHERE id = ?", ghost["id"])
        member_id = known["id"] if known is not None else self.ids.new()
        if known is None:
            full_name = wish.get("fullName") or ghost["full_name"]
            self._insert(member_id, wish.get("username") or f"new{member_id[-10:]}", full_name, account_email)
        sql = "UPDATE OR IGNORE memberships SET id_member = ? WHERE id_member = ?"
        self.database.run(sql, member_id, ghost["id"])
        self.database.run("DELETE FROM memberships WHERE id_member = ?", ghost["id"])
        self.database.run("DELETE FROM members WHERE id = ?", ghost["id"])
        return str(member_id)

    def _insert(self, member_id: str, username: str, full_name: str, email: str) -> None:
        insert_account(self.database, Account(member_id, username, full_name, email, ""))

    def _give_token(self, member_id: str, token: str, identifier: str) -> None:
        values = (token, self.ids.new(), self.settings.key, member_id, identifier, as_milliseconds(self.clock.now()))
        insert = "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (token) DO UPDATE SET api_key = ?"
        self.database.run(insert, *values, self.settings.key)  # a seeded token takes the key that the server was given

    def _person(self, member_id: str) -> dict[str, Any]:
        token = f"sandbox-token-{member_id}"
        self._give_token(member_id, token, "Browser")
        row = self.database.row("SELECT * FROM members WHERE id = ?", member_id)
        if row is None:
            raise ValueError(f"there is no member {member_id}")
        token = self.database.value("SELECT token FROM tokens WHERE id_member = ? ORDER BY rowid", member_id)
        return {"id": member_id, "username": row["username"], "fullName": row["full_name"], "token": token}

    def _write_joined(self, member_id: str) -> None:
        for row in self.database.rows("SELECT id_organization FROM memberships WHERE id_member = ?", member_id):
            action = {
                "id": self.ids.new(),
                "type": "memberJoinedTrello",
                "date": as_milliseconds(self.clock.stamp()),
                "id_member_creator": member_id,
                "data": f'{{"organization": {{"id": "{row[0]}"}}, "idMember": "{member_id}"}}',
                "id_organization": row[0],
            }
            self.database.insert("actions", action)


def insert_account(database: SandboxDatabase, account: Account) -> None:
    """A confirmed member."""
    database.insert(
        "members",
        {
            "id": account.id,
            "username": account.username,
            "full_name": account.full_name,
            "initials": initials_of(account.full_name),
            "email": account.email,
            "confirmed": 1,
            "avatar_url": account.avatar_url,
        },
    )
