"""Both systems read side by side: which record of the one is which of the other, judged by what people can see."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from demo.check_records import (
    CONTACTS,
    CUSTOMERS,
    EMPLOYEES,
    PROJECTS,
    Couple,
    PairRecords,
    Record,
    couples_by,
    others,
    repeated,
)
from demo.check_values import References, plain, read_properties
from demo.systems import CustomERP, Trello

_COLLABORATORS = 10  # of a free workspace
_SIGNATURE = re.compile(r"_\(CustomERP sync\b.*\)_\Z")
_HEAD = re.compile(r"\*\*(\S+) · (.*)\*\*\Z")


class BothSystems:
    """Both systems, read once, and the pairs in them.

    Args:
        customerp: the ERP.
        trello: Trello, as the integration's account sees it.
        mappings: folder of the mapping files.
        card: id of the register card.
        staff_workspaces: ids.
        special: what the seed said of its deliberately special records.
    """

    def __init__(
        self,
        customerp: CustomERP,
        trello: Trello,
        mappings: Path,
        *,
        card: str,
        staff_workspaces: Iterable[str],
        special: Mapping[str, Any],
    ) -> None:
        self._trello = trello
        self._card = card
        self._staff = tuple(staff_workspaces)
        self._special = special
        self._erp = {
            plural: list(customerp.records(plural)) for plural in ("customers", "employees", "contacts", "projects")
        }
        self._references: References = {
            "customer": {one["id"]: one["number"] for one in self._erp["customers"]},
            "employee": {one["id"]: one["employee_number"] for one in self._erp["employees"]},
        }
        self._mappings = mappings
        self._rosters: dict[str, list[Record]] = {}
        self._own = ""
        self.workspaces: dict[int, str] = {}
        """Id of each customer to that of its workspace, once the customers have been read."""

    def read(self) -> dict[str, PairRecords]:
        """Read all four pairs; the contacts need the customers' workspaces."""
        found = {CUSTOMERS: self._customers()}
        self.workspaces = {couple.ids[0]: couple.ids[1] for couple in found[CUSTOMERS].couples}
        return found | {EMPLOYEES: self._employees(), CONTACTS: self._contacts(), PROJECTS: self._projects()}

    def _pair(self, pair: str) -> PairRecords:
        return PairRecords(read_properties(self._mappings / f"{pair}.yaml"), self._references)

    # -- customers ---------------------------------------------------------------------------------------------

    def _customers(self) -> PairRecords:
        pair = self._pair(CUSTOMERS)
        live = [one for one in self._erp["customers"] if one["active"]]
        pair.leave("switched off in the ERP", len(self._erp["customers"]) - len(live))
        here = [one for one in self._trello.organizations() if one["id"] not in self._staff]
        broken, ambiguous = self._special["broken"], self._special["ambiguous"]
        set_aside = {
            broken["customer_name_of_spaces"]: "no name, which Trello does not take",
            ambiguous["customer_with_two_workspaces"]: "ambiguous",
            **dict.fromkeys(ambiguous["customers_of_one_name"], "ambiguous"),
        }
        normal = [one for one in live if one["number"] not in set_aside]
        for one in live:
            if one["number"] in set_aside:
                pair.leave(set_aside[one["number"]])
        by_number, rest = couples_by(normal, here, lambda one: _short(one["number"]), lambda one: one["name"])
        by_name, rest = couples_by(
            rest, others(here, by_number), lambda one: plain(one["name"]), lambda one: plain(one["displayName"])
        )
        for customer, workspace in by_number + by_name:
            shown: dict[str, str | None] = {prop.trello: plain(workspace.get(prop.trello)) for prop in pair.properties}
            pair.couples.append(_couple(pair, customer["number"], customer, shown, workspace["id"]))
        pair.missing |= {one["number"]: "has no workspace" for one in rest}
        pair.leave("workspaces of nobody", len(others(here, by_number + by_name)))
        return pair

    # -- people ------------------------------------------------------------------------------------------------

    def _employees(self) -> PairRecords:
        pair = self._pair(EMPLOYEES)
        found: dict[str, list[Record]] = defaultdict(list)
        for workspace in self._staff:
            for one in self._roster(workspace):
                found[one["idMember"]].append(one)
        members = [_strongest(standings) for standings in found.values()]
        rest = self._people(pair, self._erp["employees"], members, "employee_number", "")
        for one in rest:
            if one["status"] != "active" or not one["active"]:
                pair.leave("do not work here (any more)")
            elif not one["work_email"]:
                pair.leave("no address to invite")
            else:
                pair.missing[one["employee_number"]] = "is not in a staff workspace"
        return pair

    def _contacts(self) -> PairRecords:
        pair = self._pair(CONTACTS)
        set_aside = {
            self._special["broken"]["contact_email"]: "an address that is none",
            self._special["contact_who_is_also_staff"]: "is one of the staff, too",
        }
        for customer in self._erp["customers"]:
            theirs = [one for one in self._erp["contacts"] if one["customer_id"] == customer["id"]]
            for one in theirs:
                if one["id"] in set_aside and customer["id"] in self.workspaces:
                    pair.leave(set_aside[one["id"]])
            normal = [one for one in theirs if one["id"] not in set_aside]
            if workspace := self.workspaces.get(customer["id"]):
                self._contacts_of(pair, customer, workspace, normal)
            else:
                pair.leave("their customer has no workspace", len(normal))
        return pair

    def _contacts_of(self, pair: PairRecords, customer: Record, workspace: str, contacts: list[Record]) -> None:
        roster = self._roster(workspace)
        full = len(roster) + 1 >= _COLLABORATORS  # the integration's own account is one
        rest = self._people(pair, contacts, roster, "id", str(customer["id"]))
        for one in rest:
            if not one["active"]:
                pair.leave("switched off in the ERP")
            elif not one["email"]:
                pair.leave("no address to invite")
            elif full:
                pair.leave("a free workspace is full")
            else:
                pair.missing[f"contact {one['id']}"] = f"is not in the workspace of {customer['number']}"

    def _people(
        self, pair: PairRecords, people: list[Record], members: list[Record], number: str, customer: str
    ) -> list[Record]:
        """Couple people by username, then by a full name that only one has; return the ERP's that are left."""
        named, rest = couples_by(people, members, lambda one: one["trello_username"], lambda one: _of(one, "username"))
        free = others(members, named)
        twice = repeated([_full_name(one) for one in rest])
        by_name, rest = couples_by(rest, free, _full_name, lambda one: _of(one, "fullName"))
        for person, member in named + by_name:
            key = str(person[number]) if number != "id" else f"contact {person['id']}"
            pair.couples.append(_couple(pair, key, person, _profile(member, customer), member["idMember"]))
        left = [one for one in rest if _full_name(one) not in twice]
        pair.leave("of one name, which nobody can tell apart", len(rest) - len(left))
        return left

    def _roster(self, workspace: str) -> list[Record]:
        """Memberships of a workspace without the integration's own account."""
        if workspace not in self._rosters:
            if not self._own:  # asked once: Trello answers this route 100 times in a quarter of an hour
                self._own = str(self._trello.send("GET", "/1/members/me", params={"fields": "id"})["id"])
            found = self._trello.memberships(workspace)
            self._rosters[workspace] = [one for one in found if one["idMember"] != self._own]
        return self._rosters[workspace]

    # -- projects ----------------------------------------------------------------------------------------------

    def _projects(self) -> PairRecords:
        pair = self._pair(PROJECTS)
        unreadable = set(self._special["comments"]["does_not_parse_with_number"])
        comments: dict[str, list[Record]] = defaultdict(list)
        for one in self._trello.comments(self._card):
            head = _HEAD.match(one["data"]["text"].partition("\n")[0])
            if head and _SIGNATURE.search(one["data"]["text"]):
                comments[head[1]].append(one)
        for project in self._erp["projects"]:
            theirs = comments.pop(project["number"], [])
            if len(theirs) == 1 and theirs[0]["id"] in unreadable:
                pair.leave("a comment that nobody can read")
            elif len(theirs) == 1:
                shown = _lines(pair, theirs[0]["data"]["text"])
                pair.couples.append(_couple(pair, project["number"], project, shown, theirs[0]["id"]))
            elif theirs:
                pair.missing[project["number"]] = f"has {len(theirs)} comments"
            elif project["active"]:
                pair.missing[project["number"]] = "has no comment"
            else:
                pair.leave("switched off in the ERP")
        pair.missing |= dict.fromkeys(comments, "has a comment and no project")
        return pair


def _couple(pair: PairRecords, key: str, record: Record, shown: Mapping[str, str | None], trello_id: str) -> Couple:
    texts = {prop.name: shown.get(prop.trello) for prop in pair.properties}
    return Couple(key, record, texts, (record["id"], trello_id))


def _short(number: str) -> str:
    return re.sub(r"[^a-z0-9_]", "", number.lower())


def _full_name(person: Record) -> str:
    return " ".join(text for name in ("first_name", "last_name") if (text := plain(person[name])))


def _of(membership: Record, name: str) -> str:
    return plain(membership["member"].get(name))


def _strongest(standings: list[Record]) -> Record:
    """One person over several workspaces: admin in one of them is admin, active in one of them is active."""
    admin = any(one["memberType"] == "admin" for one in standings)
    off = all(one["deactivated"] for one in standings)
    return {**standings[0], "memberType": "admin" if admin else "normal", "deactivated": off}


def _profile(membership: Record, customer: str) -> dict[str, str | None]:
    """What Trello shows of a member. Who has not accepted yet has no profile, and nobody's address is shown."""
    pending = membership["unconfirmed"]
    profile: dict[str, str | None] = {
        name: None if pending else plain(membership["member"].get(name))
        for name in ("fullName", "username", "initials", "bio")
    }
    membership_text = "deactivated" if membership["deactivated"] else "active"  # pending counts as active
    role = "admin" if membership["memberType"] == "admin" else "normal"
    return {**profile, "email": None, "role": role, "membership": membership_text, "customer": customer}


def _lines(pair: PairRecords, text: str) -> dict[str, str | None]:
    """The property lines of a comment, by title; what is not there is None."""
    first, *lines = text.split("\n")
    head = _HEAD.match(first)
    shown = {"Number": head[1], "Name": head[2]} if head else {}
    body = lines[:-1]  # the last one is the integration's
    for position, line in enumerate(body):
        title, colon, rest = line.partition(":")
        if colon and title == "Description":
            shown[title] = "\n".join([rest, *body[position + 1 :]])
            break
        if colon:
            shown[title] = rest
    by_title = {prop.trello: prop for prop in pair.properties}
    return {title: by_title[title].in_comment(rest) for title, rest in shown.items() if title in by_title}
