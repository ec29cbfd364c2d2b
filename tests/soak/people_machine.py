"""What employees and contacts have in common: profiles that are their owner's, roles, invitations, leaving.

Beyond the base's laws, after every run:

- P10, and *an edit never invites or reactivates anybody*: no more memberships begin than the ERP's people called for;
- nobody is removed or switched off who shall be in, and never the token's own member;
- membership follows a change in the ERP and nothing else: who left in Trello is not fetched back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from cells import SIDES, plain
from journal import Written
from lawful_runs import Before
from people_records import BOSS, COLUMNS, PROFILE, US, Shown, member_of, of_the_erp, of_trello
from sync_machine import SyncMachine

BEGUN = ("addMemberToOrganization", "unconfirmedOrganizationInvitation", "reactivatedMemberInOrganization")
ENDED = ("removeMemberFromOrganization", "deleteOrganizationInvitation", "deactivatedMemberInOrganization")


class PeopleMachine(SyncMachine):
    """People edit their own profile, join, leave and are let in; a subclass says where and under which id."""

    entity: ClassVar[str]
    email_field: ClassVar[str]
    editable = (*PROFILE, "role")
    kinds = ("plain", "plain", "plain", "empty", "odd")

    def __init__(self) -> None:
        super().__init__()
        self.boss = self.world.trello_desk(BOSS.token)
        self.calls: Counter[str] = Counter()
        self.begun: Counter[str] = Counter()
        self.sent_away: set[str] = set()
        self.elsewhere: set[str] = set()
        self.wishes: dict[str, str] = {}
        self.known_actions = self._last_action()

    # -- what a subclass knows --------------------------------------------------------------------------------------

    def workspaces(self) -> list[str]:
        """Workspaces whose members are records."""
        raise NotImplementedError

    def record_of(self, workspace: str, member: str) -> str:
        """The record that a membership belongs to, "" if it is none."""
        raise NotImplementedError

    def wish(self, row: dict[str, Any]) -> str:
        """The membership that the ERP's record asks for."""
        raise NotImplementedError

    # -- what the records are ---------------------------------------------------------------------------------------

    def people(self) -> list[dict[str, Any]]:
        """The ERP's records."""
        return self.world.rows("customerp", f"SELECT * FROM {self.entity} ORDER BY id")

    def people_by_id(self) -> dict[str, dict[str, Any]]:
        """The ERP's records by the id that a link knows them by."""
        return {str(row["id"]): row for row in self.people()}

    def standings(self) -> dict[str, list[dict[str, Any]]]:
        """Memberships of every record in Trello, with the member's profile."""
        marks = ", ".join("?" * len(self.workspaces()))
        rows = self.world.rows(
            "trello",
            "SELECT members.*, id_organization, admin, deactivated FROM memberships JOIN members "
            f"ON members.id = id_member WHERE id_organization IN ({marks}) ORDER BY memberships.id",
            *self.workspaces(),
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            if record := self.record_of(row["id_organization"], row["id"]):
                found.setdefault(record, []).append(row)
        return found

    def shown(self) -> Shown:
        here = {str(row["id"]): of_the_erp(row) | {"membership": self.wish(row)} for row in self.people()}
        return {"customerp": here, "trello": {id_: of_trello(rows) for id_, rows in self.standings().items()}}

    def edit(self, side: str, record: str, values: dict[str, str]) -> None:
        if side == "customerp":
            fields: dict[str, Any] = {COLUMNS.get(name, name): text or None for name, text in values.items()}
            if name := fields.pop("full_name", ""):
                given, _, family = str(name).partition(" ")
                fields |= {"first_name": given, "last_name": family}
            if "role" in fields:
                fields["trello_role"] = fields.pop("role")
            self.erp_change(record, **fields)
            return
        if profile := {PROFILE[name]: text for name, text in values.items() if name in PROFILE}:
            self.desk_of(record)("PUT", f"/members/{member_of(record)}", **profile)
        for one in self.standings()[record] if "role" in values else ():
            if not one["deactivated"]:
                path = f"/organizations/{one['id_organization']}/members/{one['id']}"
                self.boss("PUT", path, type=values["role"])

    def let_in(self, workspace: str, member: str) -> None:
        """The boss lets somebody in as a normal member, whatever their role was: an edit of it, if it was another.

        Raises:
            Refused: there is no such account any more.
        """
        shown, links = self.shown()["trello"], self.links(every=True)
        normal = {one["customerp_id"] for one in links if shown.get(one["trello_id"], {}).get("role") == "normal"}
        self.boss("PUT", f"/organizations/{workspace}/members/{member}", type="normal")
        # By the address as well: whoever has joined under a new id since the last run is linked as invited.
        people = self.people_by_id()
        for record in self._whose(member, links, people):
            if record not in normal:
                self.cell(record, "role").edited.add("trello")
            self.is_in_again(record)

    def is_in_again(self, record: str) -> None:
        """What the ERP has said meanwhile of somebody who was out holds again."""
        if record in self.elsewhere:
            self.elsewhere.discard(record)
            self.call(record, len(self.workspaces()))

    def desk_of(self, record: str) -> Any:
        """The member's own desk."""
        query = "SELECT token FROM tokens WHERE id_member = ?"
        return self.world.trello_desk(self.world.rows("trello", query, member_of(record))[0]["token"])

    def erp_change(self, record: str, **fields: Any) -> None:
        """An ERP user's change, with the version that the ERP wants."""
        query = f"SELECT version FROM {self.entity} WHERE id = ?"
        version = self.world.rows("customerp", query, record)[0]["version"]
        self.world.erp("PATCH", f"/{self.entity}/{record}", version=f'"{version}"', **fields)

    def write(self, side: str, record: str, values: dict[str, str]) -> None:
        """What the record does not show cannot be edited, what it shows already is no edit; a profile has one owner.

        Nobody edits the role of the token's own member, and whoever is switched off everywhere has none to edit.
        """
        now = self.shown()[side].get(record, {})
        values = {name: text for name, text in values.items() if name in now and plain(text) != now[name]}
        if side == "trello" and (member_of(record) == US.id or now.get("membership") != "active"):
            values.pop("role", None)
        if not values:
            return
        self.edit(side, record, values)
        self.ever[side].update(plain(text) for text in values.values())
        for link in self.links(every=True):
            for name in values:
                same = member_of(link["trello_id"]) == member_of(record) if name in PROFILE else False
                if link[f"{side}_id"] == record or (side == "trello" and same):
                    self.cell(link["customerp_id"], name).edited.add(side)

    def text(self, name: str, kind: str) -> str:
        if name == "role":
            return "admin" if self.count % 2 else "normal"
        if name == "initials":
            return f"{self.count:X}"
        if name == "username":
            return f"user_{self.count}"
        if name == "full_name":
            return f"Zoë{self.count} van der Bürg-{self.count}" if kind == "odd" else f"Given{self.count} Name"
        return "" if kind == "empty" else f"{kind} text {self.count}\r\nsecond line 🎉"

    def takes_in(self, record: str, name: str, side: str, value: str) -> bool:
        if side == "customerp":
            return True
        if not value and name in ("full_name", "initials", "username"):
            return False
        if member_of(record) == US.id:
            return name != "role"
        return name == "role" and any(not one["deactivated"] for one in self.standings().get(record, ()))

    def healthy(self, customerp_id: str, trello_id: str) -> bool:
        """Not who would become another record's member, nor who is switched off and waits: what was edited rests."""
        work = self._work(customerp_id)
        return not any("is this member already" in one or one.startswith("waiting: trello: ") for one in work)

    def replaced(self, written: Written) -> Iterator[tuple[str, str, str]]:
        if written.route == f"PATCH /api/v1/{self.entity}/{{id}}":
            before, after = of_the_erp(written.before), of_the_erp({**written.before, **written.sent})
            yield from ((name, before[name], after[name]) for name in self.editable if before[name] != after[name])
        if written.route == "PUT /1/members/{id}":
            before = of_trello([written.before | {"admin": 0, "deactivated": 0}])
            for name, field in PROFILE.items():
                if field in written.sent:
                    yield name, before[name], plain(written.sent[field])

    def source(self, written: Written) -> str:
        return ""

    # -- laws -------------------------------------------------------------------------------------------------------

    def doubt(self) -> None:
        super().doubt()
        self.wishes.clear()

    def _laws(self, what: str) -> None:
        links = [*self.before_links.values(), *self.links(every=True)]
        people = self.people_by_id()
        self._roles_of_the_moved()
        answers = self._answers()
        for kind, workspace, member in self._new_actions():
            assert member != US.id, f"{what}: {kind} of the token's own member"
            whose = self._whose(member, links, people)
            if kind in BEGUN and not self.undoing:
                free = [one for one in whose if self.begun[one] < self.calls[one] + answers[one]]
                assert free, f"{what}: {kind} of {member} in {workspace}, and nobody called for it; it is {whose}"
                there = {one["customerp_id"] for one in links if one["trello_id"] in (member, f"{workspace}:{member}")}
                self.begun[min(free, key=lambda one: one not in there)] += 1
            if kind in BEGUN:
                for one in whose:
                    self.is_in_again(one)
            if kind in ENDED and not self.undoing:  # a person wants an undo's so
                may = [
                    one for one in whose if one in self.sent_away or answers[one] or self.wish(people[one]) != "active"
                ]
                assert may, f"{what}: {kind} of {member} in {workspace}, and nobody sent it away; it is {whose}"
        super()._laws(what)

    def _roles_of_the_moved(self) -> None:
        """Who goes to a workspace that they are in already has the role that they have there."""
        for link in self.links():
            before = self.before_links.get(link["id"])
            moved = before and before["trello_id"] != link["trello_id"]
            if moved and self.terms("role", link).direction == "both":
                cell = self.cell(link["customerp_id"], "role")
                cell.base, cell.sure, cell.edited = None, False, set(SIDES)

    def _answers(self) -> Counter[str]:
        """How often a person's answer calls somebody in, and thereby maybe out of another workspace.

        The answers themselves: of a write that was killed on its way the history does not say why it was made.
        """
        query = "SELECT customerp_id FROM history WHERE pair = ? AND operation = 'answer' AND winner = 'customerp'"
        told = self.world.state(f"{query} AND property IN ('customer', 'membership')", self.pair)
        return Counter(row["customerp_id"] for row in told)

    def _whose(self, member: str, links: list[Any], people: dict[str, Any]) -> list[str]:
        """The ERP records that a membership may be of: those linked to the member, then others with its address."""
        linked = {link["customerp_id"] for link in links if member_of(link["trello_id"]) == member}
        found = self.world.rows("trello", "SELECT email FROM members WHERE id = ?", member)
        email = (found[0]["email"] or "").casefold() if found else ""
        addressed = {id_ for id_, row in people.items() if email and (row[self.email_field] or "").casefold() == email}
        return [*sorted(linked & set(people)), *sorted(addressed - linked)]

    def _last_action(self) -> int:
        return int(self.world.rows("trello", "SELECT max(rowid) AS last FROM actions")[0]["last"] or 0)

    def _new_actions(self) -> Iterator[tuple[str, str, str]]:
        """Kind, workspace and member of what the package has done to memberships since it was asked last."""
        query = (
            "SELECT * FROM actions WHERE rowid > ? AND id_member_creator = ? AND data LIKE '%idMember%' ORDER BY rowid"
        )
        rows = self.world.rows("trello", query, self.known_actions, US.id)
        self.known_actions = self._last_action()
        for row in rows:
            yield row["type"], row["id_organization"], json.loads(row["data"])["idMember"]

    def _compared(self, before: Before) -> dict[int, str]:
        """Whom a run moves itself showed where they were before; whom somebody had moved, where they are."""
        query = "SELECT link, trello_id FROM history WHERE pair = ? AND operation = 'relink' AND id > ?"
        by_hand = {row["link"]: row["trello_id"] for row in self.world.state(query, self.pair, before.history)}
        return before.records | by_hand

    def _expect(self, before: Before) -> None:
        super()._expect(before)
        after, shown, compared = self.shown(), before.shown, self._compared(before)
        for link in self.links():
            here, there = link["customerp_id"], link["trello_id"]
            wish, now = (after[side].get(link[f"{side}_id"], {}).get("membership", "none") for side in SIDES)
            was = shown["trello"].get(compared.get(link["id"], there), {}).get("membership", "none")
            settled = self.wishes.get(here) if link["id"] in before.records else None
            allowed = {was} if wish == settled else {was, wish} if settled is None else {wish}
            if compared.get(link["id"], there) != there:
                allowed |= {shown["trello"].get(there, {}).get("membership", "none")}  # they were in there already
            if ("answered", "customerp") in {
                before.questions.get((link["id"], name)) for name in ("membership", "customer")
            }:
                allowed |= {wish}  # somebody had undone it, and a person wants it after all, here or in this workspace
            if not self.healthy(here, there):
                allowed |= {was}
            if member_of(there) == US.id:
                allowed = {"active"}
            if wish == "deactivated":
                allowed |= {"none"} if was != "deactivated" else set()  # a pending member cannot be switched off
            assert now in allowed, (
                f"membership of {here}, {there} was {was} and became {now}, expected one of {allowed}; the ERP says "
                f"{wish}, last time {settled}; open work {self._work(here)}"
            )
            if self.healthy(here, there):
                self.wishes[here] = wish
            else:
                self.wishes.pop(here, None)  # nobody knows when it is tried again

    def _work(self, record: str) -> list[str]:
        query = "SELECT kind, reason FROM open_work WHERE pair = ? AND record_id = ?"
        return [f"{row['kind']}: {row['reason']}" for row in self.world.state(query, self.pair, record)]

    def _all_well(self) -> None:
        super()._all_well()
        linked = {link["customerp_id"]: link["trello_id"] for link in self.links(every=True)}
        synced = {link["trello_id"] for link in self.links()}
        standings = self.standings()
        for row in self.people():
            id_, email = str(row["id"]), (row[self.email_field] or "").casefold()
            if id_ not in linked:
                assert self._work(id_) or self.wish(row) != "active", f"in the end {id_} is forgotten: {row}"
                continue
            memberships = standings.get(linked[id_], ()) if linked[id_] in synced else ()
            # Whoever is switched off and stays so cannot be invited: the address is marked until they are back.
            for one in memberships if any(not one["deactivated"] for one in memberships) else ():
                right = one["confirmed"] or not email or (one["email"] or "").casefold() == email
                # Whoever goes to a customer without a workspace waits, with the address.
                assert right or self._work(id_), f"in the end the open invitation of {row} went to {one['email']}"

    # -- whom people mean ---------------------------------------------------------------------------------------------

    def person(self, number: int) -> dict[str, Any]:
        """One of the ERP's records that are not the token's owner's."""
        found = [row for row in self.people() if row[self.email_field] != US.email]
        return found[number % len(found)]

    def call(self, record: str, times: int = 1) -> None:
        """The ERP's people want somebody to be in."""
        self.calls[record] += times

    def nobody_knows(self, record: str) -> None:
        """Somebody is about to go; if the run that called them in was killed, the next one knows nothing of it."""
        links, people = self.links(every=True), self.people_by_id()
        if record not in {link["trello_id"] for link in links}:
            for one in self._whose(member_of(record), [], people):
                self.call(one)
        query = "SELECT customerp_id FROM intent WHERE pair = ? AND side = 'trello' AND status = 'open'"
        interrupted = {row["customerp_id"] for row in self.world.state(query, self.pair)}
        for one in self._whose(member_of(record), links, people):
            if one in interrupted:
                self.call(one, len(self.workspaces()))

    def call_elsewhere(self, record: str, times: int = 1) -> None:
        """The ERP's people want somebody who is in, or has never been, to be in another place or by another address."""
        linked = {link["customerp_id"]: link["trello_id"] for link in self.links(every=True)}
        member = member_of(linked.get(record, ""))
        # Maybe in another workspace by now: a colleague has moved them, and no run has seen it yet.
        records = self.shown()["trello"].items()
        within = any(member_of(id_) == member and one["membership"] == "active" for id_, one in records)
        # Or under another id: whoever joins with an account of their own leaves the invited one behind.
        within |= not self.world.rows("trello", "SELECT 1 FROM members WHERE id = ?", member)
        self.sent_away.add(record)
        if record not in linked or within:
            self.call(record, times)
        else:
            self.elsewhere.add(record)
