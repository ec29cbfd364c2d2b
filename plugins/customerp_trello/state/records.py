"""Single records and pages of them, for people: plain rows, no frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import RowMapping, Select, func, or_, select, union

from customerp_trello.state.conflicts import OPEN, Conflict
from customerp_trello.state.tables import CUSTOMERP, TRELLO, Side, conflict, history, link, open_work, run, tombstone
from customerp_trello.state.transaction import Transaction, chunks

PAGE = 50


@dataclass(frozen=True)
class Link:
    """A link with its bases (property -> text) and marks (property -> cause of a standing difference)."""

    id: int
    pair: str
    customerp_id: str
    trello_id: str
    status: str
    reason: str
    base_customerp: Mapping[str, str]
    base_trello: Mapping[str, str]
    marks: Mapping[str, str]
    not_writable_since: datetime | None = None


_LINK = tuple(link.c[name] for name in Link.__dataclass_fields__)


@dataclass(frozen=True)
class OpenWork:
    """One thing that is not done about one record (see :class:`customerp_trello.state.work.Work`)."""

    id: int
    pair: str
    side: Side
    record_id: str
    kind: str
    reason: str
    attempts: int
    first_seen: datetime
    last_seen: datetime
    next_try_at: datetime | None


@dataclass(frozen=True)
class Apart:
    """What stays without a counterpart until a person says otherwise: a standing tombstone.

    Attributes:
        side: where the counterpart was deleted; ``apart``: a person ended the link of the two.
    """

    id: int
    side: Side | Literal["apart"]
    customerp_id: str
    trello_id: str
    created_at: datetime
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One line of history, with what is known of its run ("" where the run is forgotten or there was none)."""

    id: int
    run: str
    at: datetime
    link: int | None
    side: str
    operation: str
    customerp_id: str
    trello_id: str
    property: str
    before: str | None
    after: str | None
    cause: str
    winner: str
    actor: str
    airflow_run_id: str = ""
    action: str = ""
    started_by: str = ""


def get_link(tx: Transaction, pair: str, link_id: int) -> Link | None:
    """One of the pair's links, None if it has none of this number."""
    return links_of(tx, pair, [link_id]).get(link_id)


def links_of(tx: Transaction, pair: str, ids: Collection[int]) -> dict[int, Link]:
    """The pair's links of these numbers, in the order given; missing ones are left out."""
    # By number alone: asked for the pair as well, SQLite looks through all of the pair's links.
    chosen = [select(*_LINK).where(link.c.id.in_(part)) for part in chunks(list(ids))]
    found = {row["id"]: Link(**row) for query in chosen for row in tx.execute(query).mappings()}
    return {number: found[number] for number in ids if number in found and found[number].pair == pair}


def link_with(tx: Transaction, pair: str, side: Side, record_id: str) -> Link | None:
    """The link that binds a record of one side."""
    column = link.c.customerp_id if side == CUSTOMERP else link.c.trello_id
    row = tx.execute(select(*_LINK).where(link.c.pair == pair, column == record_id)).mappings().one_or_none()
    return None if row is None else Link(**row)


def links_with(tx: Transaction, pair: str, records: Collection[tuple[str, str]]) -> dict[tuple[str, str], Link]:
    """The links of many (side, record id)."""
    found: dict[tuple[str, str], Link] = {}
    for side, column in (("customerp", link.c.customerp_id), ("trello", link.c.trello_id)):
        mine = sorted({record for of, record in records if of == side})
        for part in chunks(mine):
            rows = tx.execute(select(*_LINK).where(link.c.pair == pair, column.in_(part))).mappings()
            found |= {(side, row[f"{side}_id"]): Link(**row) for row in rows}
    return found


def not_writable_links(tx: Transaction, pair: str, *, before: int | None = None, limit: int = PAGE) -> list[Link]:
    """A page of links with a value that a target does not take, those marked last first.

    Args:
        tx: any transaction.
        pair: the pair.
        before: number of the last link of the page before.
        limit: links per page.
    """
    c = link.c
    mine = (c.pair == pair) & (c.status == "linked") & c.not_writable_since.is_not(None)
    if before is not None:
        moment = select(c.not_writable_since).where(c.id == before).scalar_subquery()
        mine &= c.not_writable_since <= moment  # by this the index is entered in the right place
        mine &= or_(c.not_writable_since < moment, c.id < before)
    query = select(*_LINK).where(mine).order_by(c.not_writable_since.desc(), c.id.desc())
    return [Link(**row) for row in tx.execute(query.limit(limit)).mappings()]


def suspended_links(tx: Transaction, pair: str, *, after: int = 0, limit: int = PAGE) -> list[Link]:
    """A page of suspended links, by number."""
    c = link.c
    mine = select(*_LINK).where(c.pair == pair, c.status == "suspended", c.id > after)
    return [Link(**row) for row in tx.execute(mine.order_by(c.id).limit(limit)).mappings()]


def open_work_of(
    tx: Transaction, pair: str, kinds: Collection[str], *, after: int = 0, limit: int = PAGE
) -> list[OpenWork]:
    """A page of a pair's open work of some kinds, by number: the oldest first."""
    c = open_work.c
    mine = select(open_work).where(c.pair == pair, c.kind.in_(kinds), c.id > after).order_by(c.id).limit(limit)
    return [OpenWork(**row) for row in tx.execute(mine).mappings()]


def get_open_work(tx: Transaction, pair: str, work_id: int) -> OpenWork | None:
    """One piece of a pair's open work, None if it is done by now."""
    c = open_work.c
    row = tx.execute(select(open_work).where(c.pair == pair, c.id == work_id)).mappings().one_or_none()
    return None if row is None else OpenWork(**row)


def open_work_about(tx: Transaction, pair: str, *, customerp_id: str = "", trello_id: str = "") -> list[OpenWork]:
    """Everything open about a record, under either of its ids."""
    c = open_work.c
    wanted = [(side, record) for side, record in (("customerp", customerp_id), ("trello", trello_id)) if record]
    rows: list[OpenWork] = []
    for side, record in wanted:
        mine = select(open_work).where(c.pair == pair, c.side == side, c.record_id == record).order_by(c.kind)
        rows += [OpenWork(**row) for row in tx.execute(mine).mappings()]
    return rows


_PARTED = (CUSTOMERP, TRELLO, "apart")
"""What a tombstone says where a person can let the two come together again."""


def apart(tx: Transaction, pair: str, *, after: int = 0, limit: int = PAGE) -> list[Apart]:
    """A page of the records that a person took apart, and of those that survived their counterpart."""
    t = tombstone.c
    mine = (t.pair == pair) & t.lifted_at.is_(None) & t.side.in_(_PARTED) & (t.id > after)
    return [_apart(row) for row in tx.execute(select(tombstone).where(mine).order_by(t.id).limit(limit)).mappings()]


def get_apart(tx: Transaction, pair: str, id_: int) -> Apart | None:
    """One of them, None if it does not stand (any more)."""
    t = tombstone.c
    mine = (t.id == id_) & (t.pair == pair) & t.lifted_at.is_(None) & t.side.in_(_PARTED)
    row = tx.execute(select(tombstone).where(mine)).mappings().one_or_none()
    return None if row is None else _apart(row)


def _apart(row: RowMapping) -> Apart:
    ids = row["deleted_id"], row["surviving_id"]
    customerp_id, trello_id = reversed(ids) if row["side"] == TRELLO else ids
    return Apart(row["id"], row["side"], customerp_id, trello_id, row["created_at"], row["keys"])


_RUN = ("airflow_run_id", "action", "started_by")
_LINE = (
    *(history.c[name] for name in Line.__dataclass_fields__ if name not in _RUN),
    *(func.coalesce(run.c[name], "").label(name) for name in _RUN),
)


def history_about(
    tx: Transaction, pair: str, *, link_id: int | None, ids: Sequence[str], before: int | None = None, limit: int = PAGE
) -> list[Line]:
    """A page of a record's history, newest first: by its link, and by ids that it has or had.

    Args:
        tx: any transaction.
        pair: the pair.
        link_id: its link, None if it has none.
        ids: its ids on either side.
        before: number of the last line of the page before.
        limit: lines per page.
    """
    h = history.c
    # One index each, instead of an OR that a planner may answer by reading the whole pair.
    parts = [select(h.id).where(h.pair == pair, column.in_(ids)) for column in (h.customerp_id, h.trello_id)]
    if link_id is not None:
        parts.append(select(h.id).where(h.pair == pair, h.link == link_id))
    return _lines(tx, h.id.in_(union(*parts)), before, limit, newest_first=True)


def history_of_a_run(tx: Transaction, run_id: str, *, after: int | None = None, limit: int = PAGE) -> list[Line]:
    """A page of what a run did, in order; *after* is the last line of the page before."""
    return _lines(tx, history.c.run == run_id, after, limit, newest_first=False)


def _lines(tx: Transaction, mine: Any, edge: int | None, limit: int, *, newest_first: bool) -> list[Line]:
    h = history.c
    query: Select[Any] = select(*_LINE).outerjoin_from(history, run, run.c.id == h.run).where(mine)
    if edge is not None:
        query = query.where(h.id < edge if newest_first else h.id > edge)
    query = query.order_by(h.id.desc() if newest_first else h.id).limit(limit)
    return [Line(**row) for row in tx.execute(query).mappings()]


def open_conflicts(tx: Transaction, pair: str, *, after: int = 0, limit: int = PAGE) -> list[Conflict]:
    """A page of questions that nobody has answered, the oldest first."""
    c = conflict.c
    mine = select(conflict).where(c.pair == pair, c.status == OPEN, c.id > after).order_by(c.id).limit(limit)
    return [Conflict(**row) for row in tx.execute(mine).mappings()]


def hold_conflict(tx: Transaction, pair: str, conflict_id: int) -> Conflict | None:
    """One of the pair's conflicts, kept as it is until the transaction ends; None if there is none of this number."""
    c = conflict.c
    mine = select(conflict).where(c.pair == pair, c.id == conflict_id).with_for_update()
    row = tx.execute(mine).mappings().one_or_none()
    return None if row is None else Conflict(**row)


def conflicts_about(tx: Transaction, link_id: int, *, limit: int = PAGE) -> list[Conflict]:
    """The latest conflicts of a link, newest first."""
    mine = select(conflict).where(conflict.c.link == link_id).order_by(conflict.c.id.desc()).limit(limit)
    return [Conflict(**row) for row in tx.execute(mine).mappings()]


def links_once_of(tx: Transaction, pair: str, record_id: str, *, limit: int = 10) -> set[int]:
    """Links, standing or ended, that history names with this id of either side."""
    h = history.c
    found: set[int] = set()
    for column in (h.customerp_id, h.trello_id):
        mine = (h.pair == pair) & (column == record_id) & h.link.is_not(None)
        found |= set(tx.execute(select(h.link).where(mine).distinct().limit(limit)).scalars())
    return found
