"""One run per pair at a time: a lease with an expiry and a fencing number (contract, section 7).

A process that lost its supervisor goes on running, so a lease alone is not enough: every writing transaction checks
that the number it was given is still the pair's. The number grows with each acquire and with each attempt to load.
Hosts that share a state database need clocks that agree to a few seconds; the lease should last minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from customerp_trello.errors import LeaseLost
from customerp_trello.state.tables import pair_lease, run
from customerp_trello.state.transaction import Clock, Transaction

if TYPE_CHECKING:
    from customerp_trello.state.store import Store


@dataclass(frozen=True)
class Fence:
    """The right to write for a pair, as long as nobody got a larger number.

    Attributes:
        pair: whose lease it is.
        run: our run that owns it.
        number: grows with every acquire and every load attempt.
        run_fence: the number of the run's acquire, as stored in its plan.
        ttl: seconds by which each writing transaction extends the lease.
    """

    pair: str
    run: str
    number: int
    run_fence: int
    ttl: float


@dataclass(frozen=True)
class Holder:
    """Who owns a lease that is not free.

    Attributes:
        run: our run; dag_id and airflow_run_id name it for a person, "" if its row is not there yet.
        acquired_at, expires_at: UTC.
    """

    pair: str
    run: str
    dag_id: str
    airflow_run_id: str
    acquired_at: datetime
    expires_at: datetime

    def __str__(self) -> str:
        name = f"{self.dag_id} / {self.airflow_run_id} (run {self.run})" if self.dag_id else f"run {self.run}"
        return f"{self.pair} is held by {name} since {self.acquired_at:%F %T} UTC, until {self.expires_at:%F %T} UTC"


def acquire(store: Store, pair: str, run: str, ttl: float) -> Fence | Holder:
    """Take the pair's lease if it is free, expired or this run's already.

    Args:
        store: the state database.
        pair: the pair.
        run: our run's id.
        ttl: seconds until it expires unless extended.

    Returns:
        A fence with a new number, or who holds the lease and until when.
    """
    _ensure_row(store, pair)
    with store.begin() as tx:
        row = _locked(tx.connection, pair)
        now = store.clock()
        if row.owner_run not in (None, run) and row.expires_at > now:
            return _holder(tx, row)
        number = row.fence + 1
        values = {"owner_run": run, "run_fence": number, "fence": number, "acquired_at": now}
        _store(tx.connection, pair, expires_at=now + timedelta(seconds=ttl), **values)
        return Fence(pair, run, number, number, ttl)


def take_over(store: Store, pair: str, run: str, run_fence: int, ttl: float) -> Fence:
    """Start one attempt to load: a larger number for it, so that an orphan of an earlier attempt is fenced out.

    An expired lease that nobody else took is still the run's.

    Raises:
        LeaseLost: the lease is no longer of the acquire under which the plan was made.
    """
    with store.begin() as tx:
        row = _locked(tx.connection, pair, missing_ok=True)
        now = store.clock()
        if row is None or row.owner_run != run or row.run_fence != run_fence:
            raise LeaseLost(
                f"{pair}: the plan of run {run} is stale (it was made under lease {run_fence}, now it is "
                f"{_state(row)}); nothing was written. Trigger a new run."
            )
        _store(tx.connection, pair, fence=row.fence + 1, expires_at=now + timedelta(seconds=ttl))
        return Fence(pair, run, row.fence + 1, run_fence, ttl)


def release(store: Store, pair: str, run: str) -> bool:
    """Give the lease back; does nothing if it is not this run's.

    Returns:
        Whether it was this run's.
    """
    with store.begin() as tx:
        mine = (pair_lease.c.pair == pair) & (pair_lease.c.owner_run == run)
        return tx.execute(update(pair_lease).where(mine).values(owner_run=None, expires_at=tx.now)).rowcount > 0


def holder(store: Store, pair: str) -> Holder | None:
    """Tell who holds the pair's lease now; None if it is free or expired."""
    with store.read() as tx:
        row = tx.execute(select(pair_lease).where(pair_lease.c.pair == pair)).one_or_none()
        return _holder(tx, row) if row is not None and row.owner_run and row.expires_at > tx.now else None


def under_way(store: Store, pair: str, longest: timedelta) -> Holder | None:
    """Tell which run is at work, though its lease may have expired: whoever reads for long extends nothing.

    Args:
        store: the state database.
        pair: the pair.
        longest: a run that began earlier counts as killed, even if nobody could say that it ended.

    Returns:
        The lease's last owner while its run has not ended; None if there is none, or it is free.
    """
    with store.read() as tx:
        row = tx.execute(select(pair_lease).where(pair_lease.c.pair == pair)).one_or_none()
        if row is None or row.owner_run is None:
            return None
        mine = (run.c.id == row.owner_run) & run.c.ended_at.is_(None) & (run.c.started_at > tx.now - longest)
        return _holder(tx, row) if tx.execute(select(run.c.id).where(mine)).first() else None


def ensure_outlives(store: Store, fence: Fence, seconds: float) -> None:
    """Make sure that the lease outlives a request that may last *seconds*; to be called just before sending it.

    Raises:
        LeaseLost: it is not ours any more; the request must not start.
    """
    with store.read() as tx:
        row = tx.execute(select(pair_lease).where(pair_lease.c.pair == fence.pair)).one_or_none()
        _check(row, fence, tx.now)
        if row is not None and row.expires_at > tx.now + timedelta(seconds=seconds):
            return
    with store.begin() as tx:
        hold(tx.connection, fence, store.clock, at_least=seconds)


def hold(connection: Connection, fence: Fence, clock: Clock, at_least: float = 0) -> datetime:
    """Check, within a writing transaction, that *fence* still holds, lock its row and extend it.

    Returns:
        The moment of the check, UTC.

    Raises:
        LeaseLost: somebody has a larger number, or the lease has expired.
    """
    row = _locked(connection, fence.pair, missing_ok=True)
    now = clock()
    _check(row, fence, now)
    expires_at = now + timedelta(seconds=max(fence.ttl, at_least))
    if row is not None and expires_at > row.expires_at:
        _store(connection, fence.pair, expires_at=expires_at)
    return now


def _check(row: Row[Any] | None, fence: Fence, now: datetime) -> None:
    if row is None or row.owner_run != fence.run or row.fence != fence.number:
        raise LeaseLost(
            f"{fence.pair}: run {fence.run} wrote under lease {fence.number}, but now it is {_state(row)}; this "
            "process stops and writes nothing more. The run or attempt that has the lease now goes on."
        )
    if row.expires_at <= now:
        raise LeaseLost(
            f"{fence.pair}: lease {fence.number} of run {fence.run} expired at {row.expires_at:%F %T} UTC; this "
            "process stops and writes nothing more. Retry the task, or trigger a new run."
        )


def _state(row: Row[Any] | None) -> str:
    if row is None or row.owner_run is None:
        return "free"
    return f"lease {row.fence} of run {row.owner_run}"


def _locked(connection: Connection, pair: str, *, missing_ok: bool = False) -> Any:
    result = connection.execute(select(pair_lease).where(pair_lease.c.pair == pair).with_for_update())
    return result.one_or_none() if missing_ok else result.one()


def _store(connection: Connection, pair: str, **values: Any) -> None:
    connection.execute(update(pair_lease).where(pair_lease.c.pair == pair).values(**values))


def _ensure_row(store: Store, pair: str) -> None:
    with store.begin() as tx:
        if tx.execute(select(pair_lease.c.pair).where(pair_lease.c.pair == pair)).one_or_none():
            return
        free = {"pair": pair, "owner_run": None, "run_fence": 0, "fence": 0, "acquired_at": tx.now}
        try:
            with tx.connection.begin_nested():
                tx.execute(insert(pair_lease).values(expires_at=tx.now, **free))
        except IntegrityError:
            # Another process inserted it in the same moment (a server's transactions overlap): just as well.
            return


def _holder(tx: Transaction, row: Any) -> Holder:
    named = tx.execute(select(run.c.dag_id, run.c.airflow_run_id).where(run.c.id == row.owner_run)).one_or_none()
    dag_id, airflow_run_id = (named.dag_id, named.airflow_run_id) if named else ("", "")
    return Holder(row.pair, row.owner_run, dag_id, airflow_run_id, row.acquired_at, row.expires_at)
