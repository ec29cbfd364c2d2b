"""How a pair is, in numbers, from the state database alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select, union

from customerp_trello.state.conflicts import OPEN
from customerp_trello.state.links import LINKED, count_links
from customerp_trello.state.plans import held_count
from customerp_trello.state.runs import FAILED, load_watermarks
from customerp_trello.state.tables import conflict, link, open_work, run
from customerp_trello.state.transaction import Transaction


@dataclass(frozen=True)
class Health:
    """A pair at one moment.

    Attributes:
        linked: links.
        in_sync: links with neither open work nor an open conflict.
        conflicts: properties that wait for a person.
        quarantined: records that cannot be read or were refused.
        held: plans that wait for a person.
        synced_at: up to when both sides have been read by a full run that went through; None if never.
        lag: seconds since then, None if never.
        first_run_at: when a run of the pair first started, None if none did.
    """

    linked: int
    in_sync: int
    conflicts: int
    quarantined: int
    held: int
    synced_at: datetime | None
    lag: float | None
    first_run_at: datetime | None


def health_of(tx: Transaction, pair: str) -> Health:
    """How a pair is now."""
    marks = load_watermarks(tx, pair)
    synced = min((mark.read_at for mark in marks.values()), default=None) if len(marks) > 1 else None
    c, w = conflict.c, open_work.c
    bad = select(func.count(func.distinct(w.record_id)))
    return Health(
        linked=count_links(tx, pair),
        in_sync=_linked(tx, pair) - _troubled(tx, pair),
        conflicts=_number(tx, select(func.count()).where(c.pair == pair, c.status == OPEN)),
        quarantined=_number(tx, bad.where(w.pair == pair, w.kind.in_(("quarantined", "quarantine")))),
        held=held_count(tx, pair),
        synced_at=synced,
        lag=(tx.now - synced).total_seconds() if synced else None,
        first_run_at=tx.execute(select(func.min(run.c.started_at)).where(run.c.pair == pair)).scalar_one(),
    )


def failed_in_a_row(tx: Transaction, pair: str) -> int:
    """How many runs of a pair that have ended failed since one did not; what a person asked for in vain counts too."""
    mine = (run.c.pair == pair) & run.c.ended_at.is_not(None)
    last_good = select(func.max(run.c.started_at)).where(mine, run.c.status != FAILED).scalar_subquery()
    failed = select(func.count()).select_from(run).where(mine, run.c.status == FAILED)
    return _number(tx, failed.where(or_(last_good.is_(None), run.c.started_at > last_good)))


def _linked(tx: Transaction, pair: str) -> int:
    return _number(tx, select(func.count()).select_from(link).where(link.c.pair == pair, link.c.status == LINKED))


def _troubled(tx: Transaction, pair: str) -> int:
    """Links with open work or an open conflict; found from those, since they are few."""
    mine = (link.c.pair == pair) & (link.c.status == LINKED)
    w = open_work.c
    parts = [
        select(link.c.id).join(open_work, and_(w.pair == link.c.pair, w.side == side, w.record_id == ends)).where(mine)
        for side, ends in (("customerp", link.c.customerp_id), ("trello", link.c.trello_id))
    ]
    asked = select(link.c.id).join(conflict, and_(conflict.c.link == link.c.id, conflict.c.status == OPEN)).where(mine)
    return _number(tx, select(func.count()).select_from(union(*parts, asked).subquery()))


def _number(tx: Transaction, query: object) -> int:
    return int(tx.connection.execute(query).scalar_one())  # type: ignore[call-overload]
