"""The inbox: which pairs somebody outside says have news. A delivery only wakes a run up, it is never what is synced.

A delivery waits until a run of its pair begins to read after it was received. So nothing depends on Airflow's events:
one that gets lost leaves its delivery waiting, and it is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from customerp_trello.state.tables import delivery
from customerp_trello.state.transaction import Transaction


@dataclass(frozen=True)
class Delivery:
    """One notification, as far as one pair is concerned; no text and no person of it is kept.

    Attributes:
        connection: Airflow connection that it came over.
        delivery_id: the sender's id, the same when it is sent again (Trello: the action's id).
        pair: the pair that has news.
        model: what was watched (a Trello id, an ERP's entity).
        kind: what happened, in the sender's word.
    """

    connection: str
    delivery_id: str
    pair: str
    model: str
    kind: str


@dataclass(frozen=True)
class Waiting:
    """A pair's deliveries that no run has begun to read after: the oldest and the newest row, and how many."""

    oldest: int
    newest: int
    count: int


def put_in(tx: Transaction, deliveries: Iterable[Delivery]) -> int:
    """Store deliveries, but for those that are there already; returns how many were new."""
    new = 0
    for one in deliveries:
        try:
            with tx.connection.begin_nested():
                tx.execute(insert(delivery).values(**vars(one), received_at=tx.now, run=""))
        except IntegrityError:  # sent again, perhaps at this very moment
            continue
        new += 1
    return new


def waiting(tx: Transaction, pair: str) -> Waiting | None:
    """What waits for a run of *pair*; None if nothing does."""
    c = delivery.c
    query = select(func.min(c.id), func.max(c.id), func.count(c.id)).where(c.pair == pair, c.run == "")
    found = Waiting(*map(int, [number or 0 for number in tx.execute(query).one()]))
    return found if found.count else None


def take_out(tx: Transaction, pair: str, run: str) -> int:
    """Note that *run* begins to read after all that waits now; returns how many deliveries that were."""
    mine = (delivery.c.pair == pair) & (delivery.c.run == "")
    return tx.execute(update(delivery).where(mine).values(run=run, taken_at=tx.now)).rowcount
