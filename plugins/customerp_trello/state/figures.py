"""How a pair is doing, in figures that cost the same at a million links as at ten thousand: indexes are counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, union

from customerp_trello.state.conflicts import ANSWERED, OPEN
from customerp_trello.state.links import LINKED, SUSPENDED
from customerp_trello.state.runs import SUCCESS, Run
from customerp_trello.state.tables import CUSTOMERP, TRELLO, conflict, history, link, open_work, run
from customerp_trello.state.transaction import Transaction

KINDS: Mapping[str, tuple[str, ...]] = {
    "quarantined": ("quarantined", "quarantine"),
    "waiting": ("waiting", "deferred"),
    "not_writable": ("not_writable",),
}
"""What people tell apart -> kinds of open work; an unanswered conflict is counted as a conflict."""


@dataclass(frozen=True)
class Figure:
    """How many, and since when the oldest of them."""

    count: int = 0
    since: datetime | None = None

    def __add__(self, other: Figure) -> Figure:
        moments = [since for since in (self.since, other.since) if since is not None]
        return Figure(self.count + other.count, min(moments, default=None))


@dataclass(frozen=True)
class Figures:
    """A pair at a glance.

    Attributes:
        linked: links, suspended ones included.
        in_sync: links that nothing is open about.
        conflicts: questions that a person has to answer; answered: those that no run has applied yet.
        not_writable: links with a value that a target does not take, and records that get no counterpart for it.
        quarantined, waiting: records with such open work.
        suspended: links of which one side is out of sight.
    """

    linked: int = 0
    in_sync: int = 0
    conflicts: Figure = field(default_factory=Figure)
    answered: Figure = field(default_factory=Figure)
    not_writable: Figure = field(default_factory=Figure)
    quarantined: Figure = field(default_factory=Figure)
    waiting: Figure = field(default_factory=Figure)
    suspended: Figure = field(default_factory=Figure)

    @property
    def needs_a_person(self) -> int:
        """What does not go on by itself."""
        return self.conflicts.count + self.quarantined.count + self.suspended.count


def figures(tx: Transaction, pair: str) -> Figures:
    """Count what stands open about a pair."""
    linked, suspended, marked = _links(tx, pair)
    open_kinds = _open_work(tx, pair)
    asked = _conflicts(tx, pair)
    return Figures(
        linked=linked + suspended,
        in_sync=linked - marked.count - _troubled(tx, pair),
        conflicts=asked.get(OPEN, Figure()),
        answered=asked.get(ANSWERED, Figure()),
        not_writable=marked + open_kinds["not_writable"],
        quarantined=open_kinds["quarantined"],
        waiting=open_kinds["waiting"],
        suspended=Figure(suspended),
    )


_counted: dict[tuple[str, str], tuple[Any, tuple[int, int, Figure]]] = {}
"""Database and pair -> what the counts were good for (:func:`_standing`), and the counts."""


def _links(tx: Transaction, pair: str) -> tuple[int, int, Figure]:
    """Linked, suspended and marked ones: counted anew once something has happened, for a million take a while."""
    key, standing = (str(tx.connection.engine.url), pair), _standing(tx, pair)
    known = _counted.get(key)
    if known is None or known[0] != standing:
        counts = _count(tx, pair, LINKED), _count(tx, pair, SUSPENDED), _marked(tx, pair)
        known = _counted[key] = (standing, counts)
    return known[1]


def _count(tx: Transaction, pair: str, status: str) -> int:
    """A bare count reads no column of the index."""
    mine = (link.c.pair == pair) & (link.c.status == status)
    return int(tx.execute(select(func.count()).select_from(link).where(mine)).scalar_one())


def _standing(tx: Transaction, pair: str) -> tuple[Any, ...]:
    """What cannot stay the same while links come, go or change: a run does it, or a person, who makes history."""
    latest = select(run.c.id, run.c.status).where(run.c.pair == pair).order_by(run.c.started_at.desc()).limit(1)
    ends = select(select(func.max(history.c.id)).scalar_subquery(), select(func.max(link.c.id)).scalar_subquery())
    return tx.execute(latest).first(), tx.execute(ends).one()


def _marked(tx: Transaction, pair: str) -> Figure:
    """Links with a value that a target does not take."""
    c = link.c
    mine = (c.pair == pair) & (c.status == LINKED) & c.not_writable_since.is_not(None)
    count, since = tx.connection.execute(select(func.count(), func.min(c.not_writable_since)).where(mine)).one()
    return Figure(count, since)


def _open_work(tx: Transaction, pair: str) -> dict[str, Figure]:
    c = open_work.c
    counted = select(c.kind, func.count(), func.min(c.first_seen)).where(c.pair == pair).group_by(c.kind)
    found = {kind: Figure(count, since) for kind, count, since in tx.connection.execute(counted).all()}
    return {word: sum((found.get(kind, Figure()) for kind in kinds), Figure()) for word, kinds in KINDS.items()}


def _conflicts(tx: Transaction, pair: str) -> dict[str, Figure]:
    c = conflict.c
    mine = (c.pair == pair) & c.status.in_((OPEN, ANSWERED))
    counted = select(c.status, func.count(), func.min(c.created_at)).where(mine).group_by(c.status)
    return {status: Figure(count, since) for status, count, since in tx.connection.execute(counted).all()}


def _troubled(tx: Transaction, pair: str) -> int:
    """Links, neither suspended nor marked, with open work or an open question."""
    healthy = (link.c.pair == pair) & (link.c.status == LINKED) & link.c.not_writable_since.is_(None)
    w = open_work.c
    parts = [
        select(link.c.id).where(healthy, link.c[f"{side}_id"] == w.record_id, w.pair == pair, w.side == side)
        for side in (CUSTOMERP, TRELLO)
    ]
    asked = (conflict.c.pair == pair) & conflict.c.status.in_((OPEN, ANSWERED))
    parts.append(select(link.c.id).where(healthy, link.c.id == conflict.c.link, asked))
    return int(tx.execute(select(func.count()).select_from(union(*parts).subquery())).scalar_one())


def last_run(tx: Transaction, pair: str, *, status: str | None = SUCCESS) -> Run | None:
    """The pair's latest run that ended so, or that ended at all (None)."""
    mine = select(run).where(
        run.c.pair == pair, run.c.ended_at.is_not(None) if status is None else run.c.status == status
    )
    row = tx.execute(mine.order_by(run.c.started_at.desc()).limit(1)).mappings().first()
    return None if row is None else Run(**row)


def counts_since(tx: Transaction, pair: str, since: datetime) -> Iterable[tuple[datetime, str, Mapping[str, Any]]]:
    """Start, status and figures of each ended run since a moment, oldest first: what a chart is drawn of.

    The runs' own figures are read, not the history: it has hundreds of lines for each of them.
    """
    c = run.c
    mine = (c.pair == pair) & (c.started_at >= since) & c.ended_at.is_not(None)
    rows = tx.execute(select(c.started_at, c.status, c.counts).where(mine).order_by(c.started_at))
    return [(row.started_at, row.status, row.counts) for row in rows]
