"""What employees and contacts have in common as members of workspaces: rows, invitations, roles, leaving."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

import pandas as pd

from customerp_trello.errors import ConfigurationError, RecordError, RecordMissing
from customerp_trello.hooks.trello import MEMBER_FIELDS, TrelloHook
from customerp_trello.mapping.frame import READONLY, READONLY_REASON, TAKES_PLACE, Record
from customerp_trello.mapping.membership import ACTIVE, DEACTIVATED, NONE
from customerp_trello.mapping.model import Mapping as PairMapping
from customerp_trello.sides.base import NOT_TAKEN, Known
from customerp_trello.sides.comment_text import fold
from customerp_trello.sides.rows import Row
from customerp_trello.sides.trello_invitation import INVITED, Invitation
from customerp_trello.sides.trello_roster import (
    ADMIN,
    NORMAL,
    PROFILE,
    Roster,
    Standing,
    fields_of,
    invited_email,
    is_pending,
    membership_of,
    roster_of,
)
from customerp_trello.sides.trello_rows import Found, trello_record
from customerp_trello.sides.trello_workspaces import Workspaces

THEIR_OWN = "a Trello profile and its address are their owner's; only they can change them"
AWAY = f"{THEIR_OWN}; and only a member who is active has a role"
OURS = "the token's own member keeps role, membership and address"
_TWICE = (
    "another record of CustomERP is this member already; make one of the two, or give one of them another address (or "
    "customer)"
)


class TrelloPeople(ABC):
    """The part of both member pairs that is the same.

    Attributes:
        repeatable_creates: an invitation is keyed by its address, so it may be sent twice.
        writes_in_flight: one, since who was invited is told by who was not there before.
    """

    repeatable_creates = True
    hides_deleted = False
    writes_in_flight = 1
    replaces_sources = False

    def __init__(self, mapping: PairMapping, hook: TrelloHook, known: Known) -> None:
        self.mapping, self.hook, self.known = mapping, hook, known
        self._workspaces = Workspaces(mapping, hook)
        self._names = {prop.trello: prop.name for prop in mapping.properties}
        self._answered: set[str] = set()  # linked since the state was asked which ids are

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return self.hook.requests_made

    @property
    def me(self) -> str:
        """Id of the token's member."""
        return str(self.hook.me()["id"])

    def deactivate(self, record: Record) -> None:
        """Deactivate in all workspaces of the record; where the plan lacks that, remove."""
        self._leave(record, DEACTIVATED)

    def delete(self, record: Record) -> None:
        """Remove from all workspaces of the record."""
        self._leave(record, NONE)

    def restore(
        self, record_id: str, values: dict[str, str], *, labels: dict[str, str], marker: str = "", touch: str = ""
    ) -> Record:
        """Nobody is brought back by a delete policy: membership is a property."""
        raise ConfigurationError(
            f"mapping {self.mapping.pair}, customerp.on_gone: a member is not restored, membership is a property of "
            "its own; valid: delete, deactivate, unlink, ignore"
        )

    # -- values ------------------------------------------------------------------------------------------------

    def _by_field(self, values: dict[str, str]) -> dict[str, str]:
        """Canonical values by Trello's field name."""
        return {prop.trello: values[prop.name] for prop in self.mapping.properties if prop.name in values}

    def _found(self, record_id: str, member: str, standings: Sequence[Standing], workspaces: Container[str]) -> Found:
        fields = fields_of(standings)
        if member == self.me:
            fields["email"] = self.hook.me().get("email") or ""
        elif email := invited_email(self.known.invited, member, workspaces):
            fields["email"] = email
        return Found(record_id, fields, self._readonly(member, standings) | self._takes_place(standings))

    def _readonly(self, member: str, standings: Sequence[Standing]) -> Row:
        closed: tuple[str, ...] = PROFILE
        reason = THEIR_OWN
        if member == self.me:
            closed, reason = ("email", "role", "membership", "customer"), OURS
        elif membership_of(standings) != ACTIVE:
            closed, reason = (*PROFILE, "email", "role"), AWAY
        elif not is_pending(standings):  # an open invitation can still be sent to another address
            closed = (*PROFILE, "email")
        names = [self._names[field] for field in closed if field in self._names]
        return {READONLY: ",".join(names), READONLY_REASON: reason if names else ""}

    def _takes_place(self, standings: Sequence[Standing]) -> Row:
        """Properties that take a place in a workspace: of who is out, coming in; of who is in, another workspace.

        An open invitation goes to another address before the old one is withdrawn.
        """
        taking = {NONE: ("membership",), ACTIVE: ("customer", "email") if is_pending(standings) else ("customer",)}
        names = [self._names[one] for one in taking.get(membership_of(standings), ()) if one in self._names]
        return {TAKES_PLACE: ",".join(names)}

    # -- reading -----------------------------------------------------------------------------------------------

    def _rosters(self, workspaces: Sequence[str]) -> tuple[Roster, dict[str, str]]:
        """Memberships of *workspaces*, ten in a request, and what Trello said of those that cannot be read."""
        query = f"filter=all&member=true&member_fields={MEMBER_FIELDS}"
        answers = self.hook.batch(f"/organizations/{id_}/memberships?{query}" for id_ in workspaces)
        rosters: Roster = {}
        refused: dict[str, str] = {}
        for id_, answer in zip(workspaces, answers, strict=True):
            if isinstance(answer, list):
                rosters[id_] = roster_of(answer)
            else:
                refused[id_] = str(answer)
        return rosters, refused

    @property
    def _unanswered(self) -> pd.DataFrame:
        """Invitations that nobody has been seen to accept."""
        invitations = self.known.invitations
        return invitations[~invitations["joined"].astype(bool)]

    def _joined(self, rosters: Roster) -> list[str]:
        """Invited members who have accepted since anybody looked."""
        asked = set(self._unanswered["member_id"])
        return sorted(
            {
                member
                for roster in rosters.values()
                for member, standing in roster.items()
                if member in asked and not standing.pending
            }
        )

    def _rebound(self, ghosts: Mapping[str, str], newcomers: Callable[[str], Mapping[str, Standing]]) -> dict[str, str]:
        """Open invitations that another account has accepted: old record -> the one newcomer who bears that name.

        Args:
            ghosts: linked records whose member is not there any more -> the member.
            newcomers: unlinked records where such a record was, with their standing.
        """
        unanswered = self._unanswered
        asked = unanswered[unanswered["full_name"].ne("")]
        names = dict(zip(asked["member_id"], asked["full_name"].map(fold), strict=True))
        found: dict[str, str] = {}
        for old, member in ghosts.items():
            if name := names.get(member):
                called = {new: str(fields_of([one]).get("fullName") or "") for new, one in newcomers(old).items()}
                fits = [new for new, text in called.items() if fold(text) == name]
                if len(fits) == 1:
                    found[old] = fits[0]
        return only_once(found)

    # -- writing -----------------------------------------------------------------------------------------------

    def _invite(self, workspace: str, fields: dict[str, str], *, member: str = "", instead_of: str = "") -> Invitation:
        """Invite, in place of another invitation if need be.

        Not by an address that is known to be another record's: that person would be let in by it.
        """
        email = fields.get("email", "")
        if not email:
            raise RecordError(
                "no address: only somebody with an e-mail address can be invited to Trello", fields={"email": ""}
            )
        if email.casefold() == str(self.hook.me().get("email") or "").casefold():
            raise RecordError(OURS, fields={"email": ""})
        if fields.get("membership", ACTIVE) != ACTIVE:
            raise RecordError("only somebody who is active in CustomERP is invited", fields={"membership": ""})
        bearers = self.known.addresses.get(email.casefold(), ())
        if any(self._is_another(one, workspace, member or instead_of) for one in bearers):
            raise RecordError(_TWICE)
        name, role = fields.get("fullName", ""), fields.get("role") or NORMAL
        found = self.hook.invite(workspace, email, name, role, instead_of=instead_of)
        standing = Standing.of(found.membership) if found.membership else None
        return Invitation(email, found.id_member, workspace, name, standing)

    def _carry_role(self, invited: Invitation, role: str, *, exactly: bool) -> None:
        """Whoever moves keeps the role, also where they are in already: an invitation changes nobody's.

        Unless the role is written as well (*exactly*), nobody is made less there than somebody has made them.
        """
        if role != ADMIN and not exactly:
            return
        place, member = invited.workspace_id, invited.member_id
        now = invited.standing or roster_of(self.hook.memberships(place)).get(member)
        if now and now.role != role:
            self._set_role(member, {place: now}, role)

    @abstractmethod
    def _is_another(self, record_id: str, workspace: str, member: str) -> bool:
        """Whether a linked record is somebody else whom an invitation to *workspace* would let in."""

    def _told(self, found: Found, invited: Invitation | None) -> Record:
        """What Trello shows after a write; the address of an invitation that was just sent is known to be so."""
        if invited:
            found.fields["email"] = invited.email
        record = trello_record(self.mapping, found)
        if invited:
            record.meta[INVITED] = invited
        return record

    @staticmethod
    def _as_invited(answer: Record, values: dict[str, str]) -> Record:
        """An invitation's answer, without what it did not bring about: an account's profile, a role that was there.

        That is compared as at every first link.
        """
        for name, text in values.items():
            if answer.values.get(name) != text:
                answer.values[name] = None
        return answer

    def _unasked(self, answer: Record, values: dict[str, str]) -> Record:
        """An answer to a write that sent no invitation: which address the next one goes to is not known by it."""
        name = self._names.get("email", "")
        if name in values:
            answer.values[name] = None
        return answer

    def _taken(self, answer: Record, values: dict[str, str]) -> Record:
        """An answer that says whether the role was taken: who leaves has none, so it waits until they are back."""
        name, standing = self._names.get("role", ""), answer.values.get(self._names.get("membership", ""))
        if name in values and standing != ACTIVE and answer.values.get(name) != values[name]:
            answer.meta[NOT_TAKEN] = {name: None}
        return answer

    def _need_free(self, record_id: str, mine: str) -> None:
        """Refuse to go where another record is linked already: two would be one, and this one's own would be gone."""
        if record_id != mine and (record_id in self.known.ids or record_id in self._answered):
            raise RecordError(_TWICE)

    def _set_role(self, member: str, here: dict[str, Standing], role: str) -> None:
        self._not_me(member)
        if not role:
            raise RecordError("a member has a role in Trello; valid: normal, admin", fields={"role": "empty"})
        for workspace, standing in here.items():
            if not standing.deactivated and standing.role != role:
                self.hook.set_member_type(workspace, member, role)

    def _set_membership(
        self, member: str, here: dict[str, Standing], wish: str, *, home: str, fields: dict[str, str]
    ) -> Invitation | None:
        """Bring a person's memberships to *wish*; the invitation if that took one."""
        self._not_me(member)
        if wish == membership_of(here.values()):
            return None
        if wish not in (ACTIVE, DEACTIVATED, NONE):
            raise RecordError(f"Trello knows no membership {wish!r}; valid: {ACTIVE}, {DEACTIVATED}, {NONE}")
        if wish == ACTIVE and here:
            for workspace in here:
                self.hook.deactivate_member(workspace, member, False)
        elif wish == ACTIVE:
            return self._add(home, member, fields)
        else:
            for workspace, standing in here.items():
                self._end(workspace, member, standing, wish)
        return None

    def _add(self, workspace: str, member: str, fields: dict[str, str]) -> Invitation | None:
        """Let somebody in whom Trello knows already.

        By address where the account is not there any more, or where there never was one and the address is another now.
        """
        if self._outdated(member, fields.get("email", "")):
            return self._invite(workspace, {**fields, "membership": ACTIVE}, member=member)
        try:
            self.hook.set_member_type(workspace, member, fields.get("role") or NORMAL)
        except RecordError:
            return self._invite(workspace, {**fields, "membership": ACTIVE}, member=member)
        return None

    def _outdated(self, member: str, email: str) -> bool:
        """Whether somebody has never been seen to accept, and was invited by another address than *email*."""
        invitations = self.known.invitations
        mine = invitations[invitations["member_id"].eq(member) & invitations["full_name"].ne("")]
        asked = set(mine["email"].str.casefold())
        return bool(email and asked) and not mine["joined"].any() and email.casefold() not in asked

    def _end(self, workspace: str, member: str, standing: Standing, wish: str) -> None:
        if wish == DEACTIVATED and not standing.pending:
            if standing.deactivated:
                return
            try:
                self.hook.deactivate_member(workspace, member, True)
            except RecordMissing:
                return
            except RecordError:
                if self._workspaces.mine.get(workspace, {}).get("products"):
                    raise
                self._remove(workspace, member)  # the workspace's plan knows no deactivated members
            return
        self._remove(workspace, member)

    def _remove(self, workspace: str, member: str) -> None:
        try:
            self.hook.remove_member(workspace, member)
        except RecordMissing:
            return

    def _set_profile(self, member: str, fields: dict[str, str]) -> None:
        profile = {name: fields[name] for name in PROFILE if name in fields}
        if not profile:
            return
        if member != self.me:
            raise RecordError(THEIR_OWN, fields=dict.fromkeys(profile, ""))
        self.hook.update_member(member, **profile)

    def _not_me(self, member: str) -> None:
        if member == self.me:
            raise RecordError(OURS)

    def _name_of(self, member: str) -> str:
        """The name of somebody whose invitation was withdrawn, "" if Trello knows nobody of that id any more."""
        try:
            return str(self.hook.get_member(member).get("fullName") or "")
        except RecordError:
            return ""

    @abstractmethod
    def _leave(self, record: Record, wish: str) -> None:
        """Bring all of a record's memberships to *wish*."""


def only_once(found: dict[str, str]) -> dict[str, str]:
    """Old id -> new id, without those that several would become: of these nobody can say which one it is."""
    times = Counter(found.values())
    return {old: new for old, new in found.items() if times[new] == 1}


def name_in(standings: Iterable[Standing]) -> str:
    """The name under which somebody is a member, also where an open invitation's profile counts as unknown."""
    return next((str(one.member["fullName"]) for one in standings if one.member.get("fullName")), "")


def strongest(role: str, standings: Iterable[Standing]) -> str:
    """The role to keep when somebody goes from one workspace to another."""
    return role or (ADMIN if any(one.role == ADMIN for one in standings) else NORMAL)
