"""Contacts as members of their customer's workspace: one record per membership (contract, section 8).

Requests: a listing takes one for the organizations, one for the token's member, and a tenth per linked and per staff
workspace; reading a record takes one. An invitation takes two or three, a move three or four; another change three: who
is in, the change, and reading back.
"""

from __future__ import annotations

from typing import Any

from customerp_trello.errors import ConfigurationError, RecordError, RecordWaits
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.frame import HOLD, REASON, SCOPE, STATE, SUSPENDED, Record, Snapshot
from customerp_trello.mapping.membership import ACTIVE, NONE
from customerp_trello.mapping.model import Mapping
from customerp_trello.sides.base import Known, Reading
from customerp_trello.sides.trello_invitation import Invitation
from customerp_trello.sides.trello_people import TrelloPeople, name_in, only_once, strongest
from customerp_trello.sides.trello_roster import (
    ADMIN,
    Roster,
    Standing,
    invited_email,
    is_pending,
    membership_of,
)
from customerp_trello.sides.trello_rows import Found, trello_frame, trello_record

_OUTSIDE = "the contact's customer has no linked workspace (yet)"
_STAFF = "is one of the staff, who win a member; resumed when that ends"


class TrelloContacts(TrelloPeople):
    """Members of the workspaces linked to customers; ``_id`` is ``<workspace>:<member>``.

    Raises:
        ConfigurationError: no property of the mapping says which customer a contact belongs to.
    """

    def __init__(self, mapping: Mapping, hook: TrelloHook, known: Known) -> None:
        super().__init__(mapping, hook, known)
        if "customer" not in self._names:
            raise ConfigurationError(
                f"mapping {mapping.pair}, properties: a contact lives in its customer's workspace, so one property "
                "with `trello: customer` is needed (see the example file)"
            )

    def identity(self) -> dict[str, str]:
        """Base URL, token's member, staff workspaces by id."""
        identity = self.hook.identity()
        staff = ",".join(sorted(self._workspaces.staff))
        return {"base_url": identity["base_url"], "member": identity["member"], "staff_workspaces": staff}

    def extract(self, reading: Reading) -> Snapshot:
        """List the members of all linked workspaces; the token's own member is nobody's contact.

        ``facts["moved"]`` names linked records whose member is now in exactly one other linked workspace, not linked
        there, ``facts["rebound"]`` those whose invitation another account has accepted: old id -> new id.
        """
        self.known = reading.known
        linked = [id_ for id_ in sorted(self.known.workspace_customer) if id_ in self._workspaces.mine]
        listed, refused = self._rosters(list(dict.fromkeys([*linked, *self._workspaces.staff])))
        staff = self._staff_now(listed, refused)
        rosters = {id_: listed[id_] for id_ in linked if id_ in listed}
        found: dict[str, Found] = {}
        for workspace, roster in rosters.items():
            for member, standing in roster.items():
                if member != self.me:
                    one = self._one(workspace, member, standing)
                    found[one.id] = self._among_staff(one, member, staff)
        for id_ in self.known.ids - set(found):
            found[id_] = self._absent(id_, rosters, refused, staff)
        ghosts = self._ghosts(rosters)
        moved = self._moved(ghosts, rosters, found)
        rebound = self._rebound(
            {old: member for old, member in ghosts.items() if old not in moved},
            lambda old: self._newcomers(_parts(old)[0], rosters, found, {*moved.values()}),
        )
        facts: dict[str, Any] = {
            "identity": self.identity(),
            "clock_offset": self.hook.clock_offset,
            "capacity": self._capacity(rosters),
            "outside": _OUTSIDE,
            "moved": moved,
            "rebound": rebound,
            "joined": self._joined(rosters),
        }
        # Whoever goes by another id now is no record any more that a key could find.
        shown = [one for id_, one in found.items() if id_ not in moved and id_ not in rebound]
        return Snapshot(trello_frame(self.mapping, shown, self.known.ids), complete=True, facts=facts)

    def read(self, record_id: str) -> Record | None:
        """Read one membership now; who left is not gone, the membership is ``none``."""
        return trello_record(self.mapping, self._now(record_id))

    def find(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Whoever is remembered as invited by this address to the customer's workspace."""
        fields, invitations = self._by_field(values), self.known.invitations
        workspace, email = self._workspace_of(fields.get("customer", "")), fields.get("email", "")
        if not workspace or not email:
            return []
        here = invitations["email"].eq(email) & invitations["workspace_id"].eq(workspace)
        members = dict.fromkeys(invitations.loc[here, "member_id"])
        return [record for member in members if (record := self.read(f"{workspace}:{member}"))]

    def create(self, values: dict[str, str], *, marker: str, labels: dict[str, str], source: str = "") -> Record:
        """Invite to the customer's workspace."""
        fields = self._by_field(values)
        invited = self._invite(self._need_workspace(fields.get("customer", "")), fields)
        made = f"{invited.workspace_id}:{invited.member_id}"
        return self._as_invited(self._answer(made, invited, invited.standing), values)

    def update(self, record: Record, values: dict[str, str], *, labels: dict[str, str], touch: str = "") -> Record:
        """Change membership and role; another customer or address is a :meth:`move`."""
        fields = self._by_field(values)
        if "customer" in fields or "email" in fields:
            return self.move(record, values, labels=labels)
        workspace, member = _parts(record.id)
        here = self._standings(workspace, member)
        invited = None
        if "membership" in fields:
            whole = self._by_field({name: text for name, text in record.values.items() if text}) | fields
            invited = self._set_membership(member, here, fields["membership"], home=workspace, fields=whole)
            here = self._standings(workspace, member)
        if "role" in fields:
            self._set_role(member, here, fields["role"])
        self._set_profile(member, fields)
        now = f"{workspace}:{invited.member_id}" if invited else record.id
        return self._taken(self._answer(now, invited), values)

    def move(self, record: Record, values: dict[str, str], *, labels: dict[str, str]) -> Record:
        """Let the person into the other workspace, or invite the other address; then end the old membership.

        Who is not in, and shall not be, only belongs to another customer from now on: nobody is invited by that.

        Done twice it does no more than once: who is in already is let in again, who has left has left.
        """
        fields = self._by_field(values)
        workspace, member = _parts(record.id)
        self._not_me(member)
        here = self._standings(workspace, member)
        target = self._need_workspace(fields["customer"]) if "customer" in fields else workspace
        if "email" not in fields:  # another address may be another member
            self._need_free(f"{target}:{member}", record.id)
        if fields.get("membership", membership_of(here.values())) != ACTIVE:
            for old, standing in here.items():
                self._end(old, member, standing, NONE)
            self._answered.discard(record.id)
            return self._taken(self._unasked(self._answer(f"{target}:{member}"), values), values)
        known = self._by_field({name: text for name, text in record.values.items() if text})
        role = strongest(fields.get("role") or ("" if here else known.get("role", "")), here.values())
        known = {"fullName": name_in(here.values())} | known
        asked = {**known, **fields, "role": role, "membership": fields.get("membership", "active")}
        pending = is_pending(here.values())
        if "email" in fields and here and not pending:
            raise RecordError("the invitation was accepted, so its address cannot be changed any more")
        instead_of = member if "email" in fields else ""
        if pending and asked.get("email"):
            invited: Invitation | None = self._invite(target, asked, member=member, instead_of=instead_of)
        else:
            there = self._standings(target, member).get(target)
            if there and there.role == ADMIN and not there.deactivated and "role" not in fields:
                asked["role"] = ADMIN  # nobody is made less there than somebody has made them
            invited = self._add(target, member, asked)
        new = f"{target}:{invited.member_id if invited else member}"
        self._need_free(new, record.id)
        if invited:
            self._carry_role(invited, role, exactly="role" in fields)
        if new != record.id:
            self._remove(workspace, member)
            self._answered.discard(record.id)
        return self._answer(new, invited)

    def finish_move(self, record_id: str, values: dict[str, str]) -> Record | None:
        """Find who left the old workspace in the new one; where the address changed, ask again who it went to."""
        fields = self._by_field(values)
        workspace, member = _parts(record_id)
        if not {"customer", "email"} & set(fields) or self._standings(workspace, member):
            return None
        target = self._need_workspace(fields["customer"]) if "customer" in fields else workspace
        if fields.get("membership", ACTIVE) != ACTIVE:  # they have left, as was asked for: nobody is invited
            return self._taken(self._unasked(self._answer(f"{target}:{member}"), values), values)
        if fields.get("email"):
            asked = {"fullName": self._name_of(member), **fields}
            invited = self._invite(target, asked, instead_of=member)
            return self._answer(f"{target}:{invited.member_id}", invited)
        here = self._standings(target, member)
        email = invited_email(self.known.invited, member, [workspace]) if is_pending(here.values()) else None
        invitation = Invitation(email, member, target, "") if email else None
        return self._answer(f"{target}:{member}", invitation) if here else None

    # -- between the two ---------------------------------------------------------------------------------------

    def _workspace_of(self, customer: str) -> str:
        return self.known.workspaces.get(customer, "") if customer else ""

    def _need_workspace(self, customer: str) -> str:
        workspace = self._workspace_of(customer)
        if not workspace:
            raise RecordWaits(_OUTSIDE)
        return workspace

    def _standings(self, workspace: str, member: str) -> dict[str, Standing]:
        rosters, refused = self._rosters([workspace])
        if refused:
            raise RecordError(f"the workspace cannot be read: {refused[workspace]}")
        return {workspace: rosters[workspace][member]} if member in rosters[workspace] else {}

    def _staff_now(self, rosters: Roster, refused: dict[str, str]) -> frozenset[str] | None:
        """Members of the staff workspaces; None where none is named, so that only our state knows the staff."""
        staff = self._workspaces.staff
        if not staff:
            return None
        for workspace, said in ((id_, refused[id_]) for id_ in staff if id_ in refused):
            raise ConfigurationError(
                f"connection {self.hook.conn_id}, staff_workspaces: {workspace} cannot be read ({said}), so nobody can "
                "tell contacts from staff; make the token's member a member of it, or name other ones"
            )
        return frozenset(member for id_ in staff for member in rosters[id_])

    def _one(self, workspace: str, member: str, standing: Standing | None) -> Found:
        found = self._found(f"{workspace}:{member}", member, [standing] if standing else [], [workspace])
        customer = self.known.workspace_customer.get(workspace)
        if customer is not None:
            found.fields["customer"] = customer
            found.meta[SCOPE] = customer
        return found

    def _among_staff(self, one: Found, member: str, staff: frozenset[str] | None) -> Found:
        now = self.known.staff_members if staff is None else staff
        if member in now:
            one.meta.update({STATE: SUSPENDED, REASON: _STAFF})
        elif member in self.known.staff_members:
            one.meta[HOLD] = "was one of the staff: links to a contact that exists, never creates one"
        return one

    def _absent(self, record_id: str, rosters: Roster, refused: dict[str, str], staff: frozenset[str] | None) -> Found:
        """A linked record that no listing shows: left, or out of sight."""
        workspace, member = _parts(record_id)
        one = self._one(workspace, member, None)
        if workspace in rosters:
            return self._among_staff(one, member, staff)
        if workspace not in self.known.workspace_customer:
            reason = "its workspace is not linked to a customer (any more)"
        else:
            said = refused.get(workspace, "the token's member is not in it")
            reason = f"its workspace cannot be read: {said}"
        return Found(record_id, {}, {**one.meta, STATE: SUSPENDED, REASON: reason})

    def _now(self, record_id: str) -> Found:
        workspace, member = _parts(record_id)
        rosters, refused = self._rosters([workspace])
        if refused:
            return self._absent(record_id, rosters, refused, None)
        return self._one(workspace, member, rosters[workspace].get(member))

    def _capacity(self, rosters: Roster) -> dict[str, int]:
        return {
            self.known.workspace_customer[workspace]: self._workspaces.capacity(workspace, len(roster))
            for workspace, roster in rosters.items()
        }

    def _moved(self, ghosts: dict[str, str], rosters: Roster, found: dict[str, Found]) -> dict[str, str]:
        """Linked records that a person moved to another customer's workspace by hand: old id -> new id."""
        moved: dict[str, str] = {}
        for old, member in ghosts.items():
            elsewhere = [f"{id_}:{member}" for id_, roster in rosters.items() if member in roster]
            free = [id_ for id_ in elsewhere if id_ not in self.known.ids and STATE not in found[id_].meta]
            if len(free) == 1:
                moved[old] = free[0]
        return only_once(moved)

    def _ghosts(self, rosters: Roster) -> dict[str, str]:
        """Linked records whose member is not in their workspace, though it can be read -> the member."""
        parts = {old: _parts(old) for old in sorted(self.known.ids - self.known.out)}
        return {old: who for old, (where, who) in parts.items() if where in rosters and who not in rosters[where]}

    def _newcomers(
        self, workspace: str, rosters: Roster, found: dict[str, Found], taken: set[str]
    ) -> dict[str, Standing]:
        """Members of a workspace who are nobody's contact yet, and might be."""
        here = {f"{workspace}:{member}": standing for member, standing in rosters[workspace].items()}
        return {
            id_: standing
            for id_, standing in here.items()
            if id_ in found and id_ not in taken and id_ not in self.known.ids and STATE not in found[id_].meta
        }

    def _answer(self, record_id: str, invited: Invitation | None = None, told: Standing | None = None) -> Record:
        """What Trello shows after a write, or what the write's answer *told*."""
        self._answered.add(record_id)
        found = self._one(*_parts(record_id), told) if told else self._now(record_id)
        return self._told(found, invited)

    def _is_another(self, record_id: str, workspace: str, member: str) -> bool:
        place, somebody = _parts(record_id)
        return place == workspace and somebody != member

    def _leave(self, record: Record, wish: str) -> None:
        workspace, member = _parts(record.id)
        here = self._standings(workspace, member)
        self._set_membership(member, here, wish if here else NONE, home=workspace, fields={})


def _parts(record_id: str) -> tuple[str, str]:
    """Workspace and member of a record id."""
    workspace, _, member = record_id.partition(":")
    if not member:
        raise RecordError(f"{record_id!r} is no id of a membership (<workspace>:<member>)")
    return workspace, member
