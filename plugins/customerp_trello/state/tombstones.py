"""Tombstones: a survivor of a delete is never the source of a create (contract, section 5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import pandas as pd
from sqlalchemy import Text, cast, insert, select, update

from customerp_trello.state.frames import read_frame
from customerp_trello.state.tables import CUSTOMERP, Side, tombstone
from customerp_trello.state.transaction import Transaction, chunks

APART: Literal["apart"] = "apart"
"""Instead of a side: both records of a link are there, and a person took them apart."""

BOTH: Literal["both"] = "both"
"""Instead of a side: neither record of a link is left."""

REPLACED: Literal["replaced"] = "replaced"
"""Instead of a side: Trello's record is there, but another account's; ours (the surviving one) took its place."""


def bury(
    tx: Transaction,
    pair: str,
    side: Side | Literal["apart", "both", "replaced"],
    deleted_id: str,
    surviving_id: str,
    *,
    keys: Mapping[str, str],
    run: str,
) -> int:
    """Remember a deleted record; the same standing tombstone is not set twice.

    Args:
        tx: a writing transaction.
        pair: the pair.
        side: where the record was deleted; ``apart`` for a link that a person ended, ``both`` for one of which neither
            is left, with CustomERP's id as the deleted and Trello's as the surviving one; ``replaced``.
        deleted_id: its id there.
        surviving_id: its former counterpart on the other side.
        keys: link keys it had, property -> text.
        run: our run.

    Returns:
        The tombstone's id.
    """
    t = tombstone.c
    same = (t.pair == pair) & (t.side == side) & (t.deleted_id == deleted_id) & (t.surviving_id == surviving_id)
    standing = tx.execute(select(t.id).where(same, t.lifted_at.is_(None))).scalars().first()
    if standing is not None:
        return int(standing)
    row = {"pair": pair, "side": side, "deleted_id": deleted_id, "surviving_id": surviving_id, "keys": dict(keys)}
    statement = insert(tombstone).values(**row, run=run, created_at=tx.now, lifted_why="").returning(t.id)
    return int(tx.execute(statement).scalar_one())


def load_tombstones(tx: Transaction, pair: str, *, lifted: bool = False) -> pd.DataFrame:
    """Load the standing tombstones (or with *lifted*, all).

    Returns:
        Frame sorted by id: `id` (Int64), `side`, `deleted_id`, `surviving_id`, `keys` (JSON object), `run`,
        `created_at`, `lifted_at`, `lifted_why`.
    """
    t = tombstone.c
    query = select(
        t.id, t.side, t.deleted_id, t.surviving_id, cast(t["keys"], Text).label("keys"), t.run, t.created_at,
        t.lifted_at, t.lifted_why,
    ).where(t.pair == pair).order_by(t.id)  # fmt: skip
    return read_frame(tx, query if lifted else query.where(t.lifted_at.is_(None)))


def lift(tx: Transaction, ids: Collection[int], why: str) -> int:
    """Lift tombstones (the deleted id lives again, a new id has its key, a person said so). Returns how many."""
    t = tombstone.c
    return sum(
        tx.execute(
            update(tombstone).where(t.id.in_(part), t.lifted_at.is_(None)).values(lifted_at=tx.now, lifted_why=why)
        ).rowcount
        for part in chunks(sorted(ids))
    )


def lift_deleted(tx: Transaction, pair: str, side: Side, deleted_id: str, why: str) -> None:
    """Lift whatever calls a record of *side* deleted."""
    t = tombstone.c
    sides = (side, BOTH) if side == CUSTOMERP else (side,)
    mine = (t.pair == pair) & t.side.in_(sides) & (t.deleted_id == deleted_id) & t.lifted_at.is_(None)
    tx.execute(update(tombstone).where(mine).values(lifted_at=tx.now, lifted_why=why))


def replaced_ids(tx: Transaction, pair: str) -> frozenset[str]:
    """Ids of Trello's records whose place ours took: what they show is old, even if ours is gone."""
    t = tombstone.c
    mine = (t.pair == pair) & (t.side == REPLACED) & t.lifted_at.is_(None)
    return frozenset(tx.execute(select(t.deleted_id).where(mine)).scalars())
