"""Employees as members of the staff workspaces: one record per person over all of them (contract, section 8).

Requests: a listing takes one for the organizations, one for the token's member and a tenth per staff workspace; reading
a record takes one for ten staff workspaces. An invitation takes two or three; another change one per workspace
concerned, and one for ten workspaces before it and after it: who is in, and reading back.
"""

from __future__ import annotations

from typing import Any

from customerp_trello.errors import ConfigurationError, RecordError
from customerp_trello.mapping.frame import Record, Snapshot
from customerp_trello.mapping.membership import ACTIVE, NONE
from customerp_trello.sides.base import Reading
from customerp_trello.sides.trello_invitation import Invitation
from customerp_trello.sides.trello_people import TrelloPeople, name_in, strongest
from customerp_trello.sides.trello_roster import Roster, Standing, is_pending
from customerp_trello.sides.trello_rows import Found, trello_frame, trello_record


class TrelloEmployees(TrelloPeople):
    """Members of the staff workspaces; ``_id`` is the member's id."""

    def identity(self) -> dict[str, str]:
        """Base URL, token's member, staff workspaces by id."""
        identity = self.hook.identity()
        staff = ",".join(sorted(self._staff))
        return {"base_url": identity["base_url"], "member": identity["member"], "staff_workspaces": staff}

    def extract(self, reading: Reading) -> Snapshot:
        """List all members of the staff workspaces; a linked one who is in none has the membership ``none``.

        Raises:
            ConfigurationError: no staff workspace is named, or one of them cannot be read.
        """
        self.known = reading.known
        rosters = self._read_staff()
        members = {member for roster in rosters.values() for member in roster}
        gone = reading.known.ids - members
        rebound = self._rebound({id_: id_ for id_ in gone - reading.known.out}, lambda _: self._new_in(rosters))
        # Whoever goes by another id now is no record any more that a key could find.
        found = [self._one(member, rosters) for member in sorted((members | gone) - rebound.keys())]
        first = self._staff[0]
        facts: dict[str, Any] = {
            "identity": self.identity(),
            "clock_offset": self.hook.clock_offset,
            "capacity": {"": self._workspaces.capacity(first, len(rosters[first]))},
            "rebound": rebound,
            "joined": self._joined(rosters),
        }
        return Snapshot(trello_frame(self.mapping, found, reading.known.ids), complete=True, facts=facts)

    def read(self, record_id: str) -> Record | None:
        """Read one member now; who is in no staff workspace is not gone, the membership is ``none``."""
        return trello_record(self.mapping, self._one(record_id, self._read_staff()))

    def find(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Whoever is remembered as invited by this address."""
        email = self._by_field(values).get("email", "")
        invitations = self.known.invitations
        here = invitations["email"].eq(email) & invitations["workspace_id"].isin(self._staff)
        return [
            record for id_ in dict.fromkeys(invitations.loc[here, "member_id"]) if email and (record := self.read(id_))
        ]

    def create(self, values: dict[str, str], *, marker: str, labels: dict[str, str], source: str = "") -> Record:
        """Invite to the first staff workspace."""
        fields = self._by_field(values)
        invited = self._invite(self._staff[0], fields)
        return self._as_invited(self._answer(invited.member_id, invited, invited.standing), values)

    def update(self, record: Record, values: dict[str, str], *, labels: dict[str, str], touch: str = "") -> Record:
        """Change membership, role and, for the token's own member, the profile."""
        fields, here = self._by_field(values), self._standings(record.id, self._read_staff())
        if "email" in fields:
            return self.move(record, values, labels=labels)
        invited = None
        if "membership" in fields:
            whole = self._by_field({name: text for name, text in record.values.items() if text}) | fields
            home = self._staff[0]
            invited = self._set_membership(record.id, here, fields["membership"], home=home, fields=whole)
        if "role" in fields:
            if fields.get("membership"):
                here = self._standings(record.id, self._read_staff())
            self._set_role(record.id, here, fields["role"])
        self._set_profile(record.id, fields)
        return self._taken(self._answer(invited.member_id if invited else record.id, invited), values)

    def move(self, record: Record, values: dict[str, str], *, labels: dict[str, str]) -> Record:
        """Send an open invitation to another address: invite anew, then withdraw the old one."""
        fields, here = self._by_field(values), self._standings(record.id, self._read_staff())
        email = fields.pop("email", "")
        rest = {name: text for name, text in values.items() if self.mapping.property(name).trello != "email"}
        if not email or fields.get("membership", ACTIVE) != ACTIVE:
            return self._unasked(self.update(record, rest, labels=labels), values)
        if not is_pending(here.values()):
            raise RecordError("the invitation was accepted, so its address cannot be changed any more")
        known = {"fullName": name_in(here.values()), "role": strongest("", here.values())}
        asked = {**known, **{name: text for name, text in fields.items() if text}, "email": email}
        invitations = [self._invite(workspace, asked, instead_of=record.id) for workspace in here]
        invited = invitations[0]
        self._need_free(invited.member_id, record.id)
        for one in invitations:
            self._carry_role(one, asked["role"], exactly="role" in fields)
        for workspace in here if invited.member_id != record.id else ():
            self._remove(workspace, record.id)
        return self._answer(invited.member_id, invited)

    def finish_move(self, record_id: str, values: dict[str, str]) -> Record | None:
        """Ask again who the invitation to the other address went to, where the old one is withdrawn already."""
        fields = self._by_field(values)
        if not fields.get("email") or self._standings(record_id, self._read_staff()):
            return None
        if fields.get("membership", ACTIVE) != ACTIVE:  # they have left, as was asked for: nobody is invited
            return self._taken(self._unasked(self._answer(record_id), values), values)
        asked = {"fullName": self._name_of(record_id), **fields}
        invited = self._invite(self._staff[0], asked, instead_of=record_id)
        return self._answer(invited.member_id, invited)

    # -- between the two ---------------------------------------------------------------------------------------

    @property
    def _staff(self) -> list[str]:
        if staff := self._workspaces.staff:
            return staff
        raise ConfigurationError(
            f"mapping {self.mapping.pair}, trello.scope.staff_workspaces, or else connection {self.hook.conn_id}, "
            "staff_workspaces: no workspace of the staff is named; give ids or short names"
        )

    def _read_staff(self) -> Roster:
        rosters, refused = self._rosters(self._staff)
        if refused:
            workspace, said = next(iter(refused.items()))
            raise ConfigurationError(
                f"mapping {self.mapping.pair}: the staff workspace {workspace} cannot be read ({said}); make the "
                "token's member a member of it, or name other staff workspaces"
            )
        return rosters

    def _new_in(self, rosters: Roster) -> dict[str, Standing]:
        """Members of the staff workspaces who are nobody's employee yet."""
        return {
            member: standing
            for roster in rosters.values()
            for member, standing in roster.items()
            if member not in self.known.ids and member != self.me
        }

    @staticmethod
    def _standings(member: str, rosters: Roster) -> dict[str, Standing]:
        return {workspace: roster[member] for workspace, roster in rosters.items() if member in roster}

    def _one(self, member: str, rosters: Roster) -> Found:
        here = self._standings(member, rosters)
        return self._found(member, member, list(here.values()), rosters)

    def _answer(self, member: str, invited: Invitation | None = None, told: Standing | None = None) -> Record:
        """What Trello shows after a write, or what the write's answer *told*: of one workspace that is all there is."""
        self._answered.add(member)
        rosters = {self._staff[0]: {member: told}} if told and len(self._staff) == 1 else self._read_staff()
        return self._told(self._one(member, rosters), invited)

    def _is_another(self, record_id: str, workspace: str, member: str) -> bool:
        return record_id != member

    def _leave(self, record: Record, wish: str) -> None:
        here = self._standings(record.id, self._read_staff())
        self._set_membership(record.id, here, wish if here else NONE, home=self._staff[0], fields={})
