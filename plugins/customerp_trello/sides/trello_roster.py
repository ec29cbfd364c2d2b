"""Who is in which workspace, and how one person's memberships look as one record. No I/O."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from customerp_trello.mapping.membership import ACTIVE, DEACTIVATED, NONE

ADMIN, NORMAL = "admin", "normal"
PROFILE = ("fullName", "initials", "username", "bio")
PUBLIC = ("id", "url", "avatarUrl")


@dataclass(frozen=True)
class Standing:
    """One membership: role, whether deactivated, whether the invitation is still open, and the member's profile."""

    role: str
    deactivated: bool
    pending: bool
    member: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, membership: dict[str, Any]) -> Standing:
        """Read one of ``GET /organizations/{id}/memberships``."""
        member = membership.get("member") or {}
        return cls(
            role=ADMIN if membership.get("memberType") == ADMIN else NORMAL,
            deactivated=bool(membership.get("deactivated")),
            pending=bool(membership.get("unconfirmed")) or member.get("confirmed") is False,
            member=member,
        )


Roster = dict[str, dict[str, Standing]]
"""Workspace id -> member id -> standing."""


def roster_of(memberships: Iterable[dict[str, Any]]) -> dict[str, Standing]:
    """One workspace's memberships by member id."""
    return {str(one["idMember"]): Standing.of(one) for one in memberships}


def membership_of(standings: Iterable[Standing]) -> str:
    """``active`` (an open invitation counts), ``deactivated`` or ``none``, over all workspaces."""
    found = list(standings)
    if any(not one.deactivated for one in found):
        return ACTIVE
    return DEACTIVATED if found else NONE


def is_pending(standings: Iterable[Standing]) -> bool:
    """Whether the person has an open invitation and has accepted none."""
    live = [one for one in standings if not one.deactivated]
    return bool(live) and all(one.pending for one in live)


def fields_of(standings: Iterable[Standing]) -> dict[str, Any]:
    """Trello's fields of a record: the highest role, membership, and the profile of whoever is active and confirmed."""
    found = list(standings)
    fields: dict[str, Any] = {"membership": membership_of(found)}
    live = [one for one in found if not one.deactivated]
    if found:
        fields["role"] = ADMIN if any(one.role == ADMIN for one in live or found) else NORMAL
    confirmed = next((one.member for one in live if not one.pending and one.member), None)
    if confirmed is not None:
        shown = {name: confirmed[name] for name in (*PROFILE, *PUBLIC) if name in confirmed}
        hidden = confirmed.get("nonPublic") or {}
        fields |= shown | {name: hidden[name] for name in ("fullName", "initials") if hidden.get(name)}
    return fields


def invited_email(
    invited: Mapping[str, Sequence[tuple[str, str]]], member: str, workspaces: Container[str]
) -> str | None:
    """The address by which a member was invited, preferably to one of *workspaces*; None if nobody remembers."""
    mine = invited.get(member, ())
    addresses = [email for workspace, email in mine if workspace in workspaces] or [email for _, email in mine]
    return addresses[-1] if addresses else None
