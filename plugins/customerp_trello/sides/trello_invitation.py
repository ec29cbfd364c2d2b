"""An invitation that was sent, and what has to be remembered of it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from customerp_trello.sides.trello_roster import Standing

INVITED = "_invited"
"""Key in an answer's meta: the :class:`Invitation` that the write sent."""


@dataclass(frozen=True)
class Invitation:
    """One that was sent.

    Attributes:
        email, member_id, workspace_id, full_name: what has to be remembered.
        standing: of the member, where Trello's answer shows it; else it has to be read.
    """

    email: str
    member_id: str
    workspace_id: str
    full_name: str
    standing: Standing | None = None
