"""Remembered invitations: Trello shows nobody's email, so who was invited as what is known here alone."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
from sqlalchemy import insert, select, update

from customerp_trello.state.frames import read_frame
from customerp_trello.state.tables import invitation
from customerp_trello.state.transaction import Transaction, chunks

OPEN, JOINED = "open", "joined"


def remember_invitation(
    tx: Transaction,
    pair: str,
    email: str,
    workspace_id: str,
    member_id: str,
    *,
    run: str,
    status: str = OPEN,
    full_name: str = "",
) -> None:
    """Remember that *email* was invited to a workspace and became *member_id* there; a repeated one is renewed."""
    key = {"email": email.strip().lower(), "workspace_id": workspace_id}
    values = {"member_id": member_id, "pair": pair, "status": status, "invited_at": tx.now, "run": run}
    if full_name:
        values["full_name"] = full_name
    mine = (invitation.c.email == key["email"]) & (invitation.c.workspace_id == workspace_id)
    if tx.execute(update(invitation).where(mine).values(**values)).rowcount == 0:
        tx.execute(insert(invitation).values(**key, **values))


def note_joined(tx: Transaction, member_ids: Collection[str]) -> int:
    """These members have accepted: whoever vanishes later has left, and nobody follows them. Returns how many rows."""
    c = invitation.c
    return sum(
        tx.execute(update(invitation).where(c.member_id.in_(part), c.status == OPEN).values(status=JOINED)).rowcount
        for part in chunks(sorted(member_ids))
    )


def load_invitations(tx: Transaction, pair: str | None = None) -> pd.DataFrame:
    """All invitations.

    Returns:
        Frame: `email`, `member_id`, `workspace_id`, `full_name` ("" if nobody knows), `pair`, `status`, `invited_at`.
    """
    c = invitation.c
    columns = (c.email, c.member_id, c.workspace_id, c.full_name, c.pair, c.status, c.invited_at)
    query = select(*columns).order_by(c.id)
    return read_frame(tx, query if pair is None else query.where(c.pair == pair))
