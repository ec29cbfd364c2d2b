"""Who has just been invited? Trello answers an invitation in more than one shape, and never tells addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Invited:
    """Who has been invited.

    Attributes:
        id_member: the member.
        membership: as the answer itself shows it while the invitation is open; None where it has to be read. Somebody
            with an open invitation has no profile that counts, so the membership is all that there is to be read.
    """

    id_member: str
    membership: dict[str, Any] | None = None


def members_in(answer: Any) -> dict[str, str]:
    """Return member id -> full name ("" if not told) of whatever an answer holds.

    Known shapes: the member itself; the organization with ``members`` and/or ``memberships``; a list of either.
    """
    found: dict[str, str] = {}
    for row in answer if isinstance(answer, list) else [answer]:
        if not isinstance(row, dict):
            continue
        if "idMember" in row:
            member = row.get("member") or {}
            found.setdefault(row["idMember"], str(member.get("fullName") or ""))
        elif "username" in row and "id" in row:
            found[row["id"]] = str(row.get("fullName") or "")
        for key in ("members", "memberships"):
            for id_member, name in members_in(row.get(key) or []).items():
                found[id_member] = name or found.get(id_member, "")
    return found


def open_membership(answer: Any, id_member: str) -> dict[str, Any] | None:
    """Return the member's row in the organization that an answer is, if it says that the invitation is open."""
    rows = answer.get("memberships") if isinstance(answer, dict) else None
    mine = [row for row in rows or () if isinstance(row, dict) and row.get("idMember") == id_member]
    return mine[0] if mine and mine[0].get("unconfirmed") is True and "memberType" in mine[0] else None


def invited(before: Iterable[str], after: dict[str, str], full_name: str) -> str | None:
    """Return the member who is in *after* and was not *before*; of several, the only one of that name.

    Args:
        before: member ids before the invitation.
        after: member id -> full name, after it.
        full_name: name in the invitation.
    """
    known = set(before)
    new = {id_member: name for id_member, name in after.items() if id_member not in known}
    if len(new) == 1:
        return next(iter(new))
    named = [id_member for id_member, name in (new or after).items() if _same(name, full_name)]
    return named[0] if len(named) == 1 else None


def _same(one: str, other: str) -> bool:
    return bool(one.strip()) and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
