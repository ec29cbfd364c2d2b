"""Our runs: one execution each, with an id of ours (Airflow uses a run_id again), and what they read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from customerp_trello.errors import FatalError
from customerp_trello.state.tables import Side, run, watermark
from customerp_trello.state.transaction import Transaction

RUNNING, SUCCESS, FAILED = "running", "success", "failed"


@dataclass(frozen=True)
class Run:
    """One execution of a pair.

    Attributes:
        id: ours, 32 hex digits.
        dag_id, airflow_run_id, attempt: what Airflow calls it.
        action: sync, preview, full resync...
        window_start, window_end: the window it is confined to, None for none.
        form: what the trigger form said.
        status: running, success, failed or what the flow calls its end.
        counts: what it did, for the report.
        run_fence: number of the lease it acquired, None before.
        started_by: who triggered it, "" for a schedule.
    """

    id: str
    pair: str
    dag_id: str
    airflow_run_id: str
    attempt: int
    action: str
    window_start: datetime | None
    window_end: datetime | None
    form: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None
    status: str
    counts: Mapping[str, Any]
    plan_digest: str
    run_fence: int | None
    started_by: str = ""


def new_run_id() -> str:
    """A new id for a run of ours."""
    return uuid.uuid4().hex


def start_run(
    tx: Transaction,
    pair: str,
    *,
    dag_id: str,
    airflow_run_id: str,
    attempt: int = 1,
    action: str = "sync",
    window: tuple[datetime | None, datetime | None] = (None, None),
    form: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    started_by: str = "",
) -> str:
    """Write down that a run starts and return its id (a new one unless *run_id* is given)."""
    run_id = run_id or new_run_id()
    row = {"id": run_id, "pair": pair, "dag_id": dag_id, "airflow_run_id": airflow_run_id, "attempt": attempt}
    row |= {
        "started_by": started_by,
        "action": action,
        "window_start": window[0],
        "window_end": window[1],
        "form": dict(form or {}),
    }
    tx.execute(insert(run).values(**row, started_at=tx.now, status=RUNNING, counts={}, plan_digest=""))
    return run_id


def update_run(tx: Transaction, run_id: str, **values: Any) -> None:
    """Change attributes of a run (run_fence, plan_digest, counts, attempt...).

    Raises:
        FatalError: there is no such run.
    """
    if tx.execute(update(run).where(run.c.id == run_id).values(**values)).rowcount == 0:
        raise FatalError(f"There is no run {run_id} in the state database; was another database configured meanwhile?")


def end_run(tx: Transaction, run_id: str, status: str, counts: Mapping[str, Any]) -> None:
    """Write down how a run ended and what it did."""
    update_run(tx, run_id, ended_at=tx.now, status=status, counts=dict(counts))


def get_run(tx: Transaction, run_id: str) -> Run | None:
    """One run, None if there is none of this id."""
    row = tx.execute(select(run).where(run.c.id == run_id)).mappings().one_or_none()
    return None if row is None else Run(**row)


def run_ids(tx: Transaction) -> frozenset[str]:
    """The ids of all runs of all pairs."""
    return frozenset(tx.execute(select(run.c.id)).scalars())


def find_run(tx: Transaction, pair: str, named: str) -> Run | None:
    """A pair's run by its id, the only one whose id begins so, or the latest with that Airflow run id, if any."""
    mine = select(run).where(run.c.pair == pair).order_by(run.c.started_at.desc(), run.c.id)
    by_id = tx.execute(mine.where(run.c.id.startswith(named, autoescape=True)).limit(2)).mappings().all()
    if len(by_id) == 1:
        return Run(**by_id[0])
    row = tx.execute(mine.where(run.c.airflow_run_id == named).limit(1)).mappings().first()
    return None if row is None else Run(**row)


def recent_runs(
    tx: Transaction, pair: str | None = None, *, limit: int = 50, before: datetime | None = None
) -> list[Run]:
    """The latest runs (of a pair), newest first; with *before* those that started before that moment."""
    query = select(run).order_by(run.c.started_at.desc(), run.c.id).limit(limit)
    if before is not None:
        query = query.where(run.c.started_at < before)
    return [Run(**row) for row in tx.execute(query if pair is None else query.where(run.c.pair == pair)).mappings()]


@dataclass(frozen=True)
class Watermark:
    """Up to where one side of a pair has been read.

    Attributes:
        at: the system's own clock at the start of the last successful extraction, less the overlap; None if unknown.
        read_at: when that was, by our clock.
        complete_at: when the last complete listing was, None if never.
        listed: records in that listing.
        identity: who and what the side was then (for the guard).
        fingerprint: of the mapping's filter, scope and link keys then.
        run: which run read it.
    """

    at: datetime | None
    read_at: datetime
    complete_at: datetime | None
    listed: int | None
    identity: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    run: str = ""


def load_watermarks(tx: Transaction, pair: str) -> dict[str, Watermark]:
    """The watermarks of a pair by side; a side that was never read is absent."""
    rows = tx.execute(select(watermark).where(watermark.c.pair == pair)).mappings()
    names = Watermark.__dataclass_fields__
    return {row["side"]: Watermark(**{name: row[name] for name in names}) for row in rows}


def save_watermark(tx: Transaction, pair: str, side: Side, mark: Watermark) -> None:
    """Set a side's watermark."""
    values = {name: getattr(mark, name) for name in Watermark.__dataclass_fields__} | {"identity": dict(mark.identity)}
    mine = (watermark.c.pair == pair) & (watermark.c.side == side)
    if tx.execute(update(watermark).where(mine).values(**values)).rowcount == 0:
        tx.execute(insert(watermark).values(pair=pair, side=side, **values))
