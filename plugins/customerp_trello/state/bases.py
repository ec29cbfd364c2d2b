"""The base of each link: what each side showed when a property was last settled (contract, sections 1 and 7).

A base moves for the properties that are named and for no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Select, Text, bindparam, cast, select, update

from customerp_trello.errors import RecordMissing
from customerp_trello.state.frames import explode_json, read_frame
from customerp_trello.state.search import SearchIndex
from customerp_trello.state.tables import link
from customerp_trello.state.transaction import Transaction, chunks

_FEW = 5_000
"""Up to so many ids are looked up; for more it is faster to load all links and narrow the frame."""


@dataclass(frozen=True)
class Settlement:
    """What is now settled of one link.

    Attributes:
        link: its id.
        customerp, trello: property -> new base text of that side; all other properties keep theirs.
        marks: property -> cause to set, None to lift.
        written_customerp, written_trello: new value, None to keep.
    """

    link: int
    customerp: Mapping[str, str] = field(default_factory=dict)
    trello: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str | None] = field(default_factory=dict)
    written_customerp: str | None = None
    written_trello: str | None = None


def load_links(
    tx: Transaction,
    pair: str,
    properties: Sequence[str],
    *,
    customerp_ids: Collection[str] | None = None,
    trello_ids: Collection[str] | None = None,
) -> pd.DataFrame:
    """Load a pair's links with their bases.

    Args:
        tx: any transaction.
        pair: the pair.
        properties: canonical names whose bases are wanted.
        customerp_ids: only links with one of these ids, or with one of *trello_ids*.
        trello_ids: likewise; None for both means all links.

    Returns:
        Frame, sorted by link: `link` (int64), `customerp_id`, `trello_id`, `status`, `reason`, `away` (the side for
        which a link is suspended), `written_customerp`, `written_trello`, `marks` (JSON object) and, per property,
        `c.<property>` and `t.<property>`; str, missing where there is no base.
    """
    return _with_bases(_narrowed(tx, _links_of(pair), customerp_ids, trello_ids), properties)


def iterate_links(tx: Transaction, pair: str, properties: Sequence[str], size: int) -> Iterator[pd.DataFrame]:
    """Load a pair's links like :func:`load_links`, at most *size* at a time; at least one frame, maybe an empty one."""
    last, full = -1, True
    while full:
        found = read_frame(tx, _links_of(pair).where(link.c.id > last).order_by(link.c.id).limit(size))
        full = len(found) == size
        if full:
            last = int(found["link"].iloc[-1])
        yield _with_bases(found, properties)


def _links_of(pair: str) -> Select[Any]:
    c = link.c
    return select(
        c.id.label("link"), c.customerp_id, c.trello_id, c.status, c.reason, c.away, c.written_customerp,
        c.written_trello,
        cast(c.marks, Text).label("marks"), cast(c.base_customerp, Text).label("base_c"),
        cast(c.base_trello, Text).label("base_t"),
    ).where(c.pair == pair)  # fmt: skip


def _with_bases(frame: pd.DataFrame, properties: Sequence[str]) -> pd.DataFrame:
    frame["link"] = frame["link"].astype("int64")
    bases = [explode_json(frame.pop(f"base_{side}"), properties, f"{side}.") for side in ("c", "t")]
    return pd.concat([frame, *bases], axis="columns")


def _narrowed(
    tx: Transaction, query: Select[Any], ours: Collection[str] | None, theirs: Collection[str] | None
) -> pd.DataFrame:
    c = link.c
    if ours is None and theirs is None:
        return read_frame(tx, query.order_by(c.id))
    ours, theirs = set(ours or ()), set(theirs or ())
    if len(ours) + len(theirs) > _FEW:
        frame = read_frame(tx, query.order_by(c.id))
        wanted = frame["customerp_id"].isin(ours) | frame["trello_id"].isin(theirs)
        return frame[wanted].reset_index(drop=True)
    asked = [c.customerp_id.in_(part) for part in chunks(sorted(ours))]
    asked += [c.trello_id.in_(part) for part in chunks(sorted(theirs))]
    frames = [read_frame(tx, query.where(condition)) for condition in asked] or [read_frame(tx, query.where(c.id < 0))]
    return pd.concat(frames).drop_duplicates("link").sort_values("link", ignore_index=True)


def settle(
    tx: Transaction,
    link_id: int,
    *,
    run: str,
    customerp: Mapping[str, str] | None = None,
    trello: Mapping[str, str] | None = None,
    marks: Mapping[str, str | None] | None = None,
    written_customerp: str | None = None,
    written_trello: str | None = None,
) -> bool:
    """Move the base of the named properties of one link; arguments as in :class:`Settlement`.

    Returns:
        Whether anything was different.

    Raises:
        RecordMissing: there is no such link (any more).
    """
    one = Settlement(link_id, customerp or {}, trello or {}, marks or {}, written_customerp, written_trello)
    return settle_many(tx, [one], run=run) > 0


def settle_many(tx: Transaction, settlements: Iterable[Settlement], *, run: str) -> int:
    """Move bases of many links; several of one link count in their order, and what is equal is not written.

    Returns:
        The number of links that changed.

    Raises:
        RecordMissing: one of the links is not there (any more); nothing is written.
    """
    settlements = list(settlements)
    before = _bases(tx, sorted({item.link for item in settlements}))
    after = dict(before)
    for item in settlements:
        if item.link not in after:
            raise RecordMissing(
                f"There is no link {item.link} (any more), so nothing can be settled of it; read again."
            )
        after[item.link] = _settled(after[item.link], item, tx.now)
    changed = {key: row for key, row in after.items() if row != before[key]}
    tx.execute_many(
        _CHANGE,
        [{"of": key, "by": run} | {f"new_{name}": row[name] for name in _SETTLED} for key, row in changed.items()],
    )
    for pair in {row["pair"] for row in changed.values()}:
        moved = {key: (both(before[key]), both(row)) for key, row in changed.items() if row["pair"] == pair}
        SearchIndex(tx, pair).move({key: bases for key, bases in moved.items() if bases[0] != bases[1]})
    return len(changed)


_SETTLED = ("base_customerp", "base_trello", "marks", "not_writable_since", "written_customerp", "written_trello")
_NEW: dict[str, Any] = {name: bindparam(f"new_{name}", type_=link.c[name].type) for name in _SETTLED}
_CHANGE = update(link).where(link.c.id == bindparam("of")).values(changed_run=bindparam("by"), **_NEW)


def _bases(tx: Transaction, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    columns = [link.c[name] for name in ("pair", *_SETTLED)]
    return {
        row["id"]: {name: row[name] for name in ("pair", *_SETTLED)}
        for part in chunks(ids)
        for row in tx.execute(select(link.c.id, *columns).where(link.c.id.in_(part))).mappings()
    }


def _settled(row: dict[str, Any], item: Settlement, now: datetime) -> dict[str, Any]:
    marks = {name: cause for name, cause in {**row["marks"], **item.marks}.items() if cause is not None}
    return {
        "pair": row["pair"],
        "base_customerp": {**row["base_customerp"], **texts(item.customerp)},
        "base_trello": {**row["base_trello"], **texts(item.trello)},
        "marks": marks,
        "not_writable_since": (row["not_writable_since"] or now) if not_writable(marks) else None,
        "written_customerp": row["written_customerp"] if item.written_customerp is None else item.written_customerp,
        "written_trello": row["written_trello"] if item.written_trello is None else item.written_trello,
    }


def both(row: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Both bases of a link's row."""
    return row["base_customerp"], row["base_trello"]


def not_writable(marks: Mapping[str, str]) -> bool:
    """Whether a target does not take one of the properties."""
    return any(cause.startswith("not_writable") for cause in marks.values())


def texts(values: Mapping[str, str]) -> dict[str, str]:
    """Copy property texts.

    Raises:
        TypeError: one of them is not a text; unknown has no place in a base.
    """
    wrong = sorted(name for name, value in values.items() if not isinstance(value, str))
    if wrong:
        raise TypeError(f"A base or mark is a text, never unknown; wrong: {', '.join(wrong)}. Leave these out.")
    return dict(values)
