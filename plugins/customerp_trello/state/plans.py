"""Plans as the guard left them: applied, held for a person, or let through."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, cast, func, insert, select, update

from customerp_trello.errors import FormError
from customerp_trello.state.tables import plan
from customerp_trello.state.tables import run as run_table
from customerp_trello.state.transaction import Transaction

PENDING, HELD, APPROVED, APPLIED, REFUSED = "pending", "held", "approved", "applied", "refused"

_SHOWN = [column for column in plan.c if column.name != "guarded"]
"""What is read of many plans: the guarded changes of one may be a million, so they are read of that one alone."""


@dataclass(frozen=True)
class Plan:
    """What is known of a run's plan; the plan itself is at *path*.

    Attributes:
        run: the run that made it.
        digest: of its changes.
        path: object storage URL of the table.
        status: pending, held (by the guard), approved, applied or refused.
        reasons: what the guard said.
        guarded: change keys that the guard held.
        counts: changes by kind, for people.
        approved_by, approved_at: who let it through, "" and None before.
    """

    run: str
    pair: str
    digest: str
    path: str = ""
    status: str = PENDING
    reasons: Sequence[str] = ()
    guarded: Sequence[str] = ()
    counts: Mapping[str, Any] = field(default_factory=dict)
    approved_by: str = ""
    approved_at: datetime | None = None
    created_at: datetime | None = None


def save_plan(tx: Transaction, new: Plan) -> None:
    """Save a run's plan; a second attempt of the run replaces it."""
    values = {
        "pair": new.pair,
        "digest": new.digest,
        "path": new.path,
        "status": new.status,
        "reasons": list(new.reasons),
        "guarded": sorted(new.guarded),
        "counts": dict(new.counts),
        "approved_by": new.approved_by,
        "approved_at": new.approved_at,
        "created_at": tx.now,
    }
    if tx.execute(update(plan).where(plan.c.run == new.run).values(**values)).rowcount == 0:
        tx.execute(insert(plan).values(run=new.run, **values))


def hold_plan(tx: Transaction, new: Plan) -> None:
    """Keep a run's plan for a person to let through.

    A plan that is held again in each run is a row for each, but its guarded changes may be a million: only the latest
    row has them.
    """
    save_plan(tx, replace(new, status=HELD))
    same = (plan.c.pair == new.pair) & (plan.c.digest == new.digest) & (plan.c.status == HELD)
    earlier = update(plan).where(same, plan.c.run != new.run, cast(plan.c.guarded, Text) != "[]")
    tx.execute(earlier.values(guarded=[]))


def get_plan(tx: Transaction, run: str) -> Plan | None:
    """A run's plan, None if it has none."""
    row = tx.execute(select(plan).where(plan.c.run == run)).mappings().one_or_none()
    return None if row is None else Plan(**row)


def plans(tx: Transaction, pair: str, *, status: str = HELD) -> list[Plan]:
    """The pair's plans of one status, newest first, without their guarded changes."""
    chosen = select(*_SHOWN).where(plan.c.pair == pair, plan.c.status == status)
    return [Plan(**row) for row in tx.execute(chosen.order_by(plan.c.created_at.desc(), plan.c.run)).mappings()]


def held_plan(tx: Transaction, pair: str, digest: str = "") -> Plan | None:
    """The newest plan with this digest (or its beginning; "" for any) that is held or let through, None if none is.

    Raises:
        FormError: several begin so; the newest need not be the one that a person has looked at.
    """
    standing = [*plans(tx, pair), *plans(tx, pair, status=APPROVED)]
    begun = [one for one in standing if one.digest.startswith(digest)]
    if digest and len({one.digest for one in begun}) > 1:
        valid = ", ".join(dict.fromkeys(one.digest for one in begun))
        raise FormError(f"{pair}: more than one held plan has the digest {digest!r}; valid: {valid}.")
    return get_plan(tx, begun[0].run) if begun else None


def waiting_plan(tx: Transaction, pair: str) -> tuple[Plan, datetime] | None:
    """The latest plan that holds a pair up, without its guarded changes, and since when one does; None if none does."""
    latest = _holding_up(select(*_SHOWN), pair).order_by(plan.c.created_at.desc(), plan.c.run).limit(1)
    row = tx.execute(latest).mappings().one_or_none()
    since = tx.execute(_holding_up(select(func.min(plan.c.created_at)), pair)).scalar_one()
    return None if row is None else (Plan(**row), since)


def latest_holds(tx: Transaction, pair: str, number: int) -> list[str]:
    """Digests of the latest plans that hold a pair up, newest first."""
    latest = _holding_up(select(plan.c.digest), pair).order_by(plan.c.created_at.desc(), plan.c.run)
    return list(tx.execute(latest.limit(number)).scalars())


def held_pairs(tx: Transaction) -> list[str]:
    """The pairs with a held plan."""
    return list(tx.execute(select(plan.c.pair).where(plan.c.status == HELD).distinct().order_by(plan.c.pair)).scalars())


def _holding_up(chosen: Select[Any], pair: str) -> Select[Any]:
    """Of the held plans of a pair those of runs that wanted to write: a preview's holds nothing up."""
    joined = chosen.select_from(plan).join(run_table, run_table.c.id == plan.c.run)
    return joined.where(plan.c.pair == pair, plan.c.status == HELD, run_table.c.action != "preview")


def held_count(tx: Transaction, pair: str) -> int:
    """How many plans hold a pair up; one that is held again in each run is one."""
    return int(tx.execute(_holding_up(select(func.count(func.distinct(plan.c.digest))), pair)).scalar_one())


def set_plan_status(tx: Transaction, run: str, status: str) -> None:
    """Say what became of a run's plan."""
    tx.execute(update(plan).where(plan.c.run == run).values(status=status))


def seen_plan(tx: Transaction, pair: str, digest: str, *, besides: str = "") -> Plan:
    """The newest plan with this digest (or its beginning), whatever became of it, *besides* that of one run.

    Raises:
        FormError: the pair has no such plan, or two that begin so.
    """
    chosen = (
        select(plan).where(plan.c.pair == pair, plan.c.run != besides).order_by(plan.c.created_at.desc(), plan.c.run)
    )
    begun = chosen.where(plan.c.digest.startswith(digest, autoescape=True))
    found = [Plan(**row) for row in tx.execute(begun).mappings()]
    if not digest or len({one.digest for one in found}) != 1:
        latest = dict.fromkeys(row["digest"] for row in tx.execute(chosen.limit(20)).mappings())
        valid = ", ".join(list(latest)[:5]) or "none; trigger a preview first"
        raise FormError(f"{pair}: no plan, or more than one, has the digest {digest!r}; the latest are: {valid}.")
    return found[0]


def unreleased(tx: Transaction, pair: str, action: str) -> bool:
    """Whether a plan of a run with this action is still held."""
    held = select(plan.c.run).join(run_table, run_table.c.id == plan.c.run)
    held = held.where(plan.c.pair == pair, plan.c.status == HELD, run_table.c.action == action)
    return tx.execute(held.limit(1)).first() is not None


def named_plan(tx: Transaction, pair: str, digest: str) -> Plan:
    """The held plan that a person names.

    Raises:
        FormError: no held plan of the pair has this digest, or several begin so.
    """
    held = held_plan(tx, pair, digest)
    if held is None or not digest:
        valid = ", ".join(found.digest for found in plans(tx, pair)[:5]) or "none is held"
        raise FormError(f"{pair}: no held plan has the digest {digest!r}; valid: {valid}.")
    return held


def approve(tx: Transaction, pair: str, digest: str, by: str) -> Plan:
    """A person lets a held plan through.

    Raises:
        FormError: no held plan of the pair has this digest, or several begin so.
    """
    held = named_plan(tx, pair, digest)
    # Held in one run after the other, it is one plan to whoever lets it through.
    chosen = update(plan).where(plan.c.pair == pair, plan.c.digest == held.digest, plan.c.status == HELD)
    tx.execute(chosen.values(status=APPROVED, approved_by=by, approved_at=tx.now))
    return replace(held, status=APPROVED, approved_by=by, approved_at=tx.now)


def allows(held: Plan, digest: str, guarded: Collection[str]) -> bool:
    """Whether letting *held* through lets a plan through with this digest or these guarded change keys."""
    return held.digest == digest or (bool(guarded) and set(guarded) <= set(held.guarded))


def approval_for(tx: Transaction, pair: str, digest: str, guarded: Collection[str]) -> Plan | None:
    """The approval that lets a plan through: of its digest, or of a plan that held all of its guarded changes.

    Args:
        tx: any transaction.
        pair: the pair.
        digest: of the plan that asks.
        guarded: its guarded change keys.

    Returns:
        The approved plan (mark it applied once this one is), None if a person has to decide.
    """
    whole = (get_plan(tx, one.run) for one in plans(tx, pair, status=APPROVED))
    return next((one for one in whole if one and allows(one, digest, guarded)), None)


def latest_path(tx: Transaction, pair: str) -> str:
    """Where the newest plan of a pair is, "" if it has none: what its run read lies beside it."""
    of_run = select(plan.c.path).join(run_table, run_table.c.id == plan.c.run)
    mine = of_run.where(run_table.c.pair == pair, plan.c.path != "").order_by(run_table.c.started_at.desc())
    return str(tx.execute(mine.limit(1)).scalar_one_or_none() or "")
