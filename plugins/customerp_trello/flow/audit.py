"""The audit of a pair: both sides read completely, compared, nothing written; and pairs that fell behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from customerp_trello.errors import AuditError, ConfigurationError
from customerp_trello.flow.change_log import log, show_lines
from customerp_trello.flow.metrics import send_audit, send_health
from customerp_trello.flow.past import known_of, past_of
from customerp_trello.mapping.frame import Snapshot
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import SIDES
from customerp_trello.mapping.model import Mapping as PairMapping
from customerp_trello.reconcile.audit import DRIFT, audit, figures
from customerp_trello.reconcile.plan import CUSTOMERP, TRELLO
from customerp_trello.reconcile.reconcile import reconcile
from customerp_trello.sides.base import Reading, Side
from customerp_trello.state.health import health_of
from customerp_trello.state.links import link_ids
from customerp_trello.state.runs import load_watermarks
from customerp_trello.state.store import Store

SHOWN = 200
"""Differences that the log shows of each pair."""


def compare(mapping: PairMapping, store: Store, open_side: Callable[[str], Side]) -> dict[str, Any]:
    """Read both sides of a pair completely and say which linked records differ, and whether anybody knows why.

    Args:
        mapping: the pair's mapping.
        store: the state database; it is only read.
        open_side: opens either side.

    Returns:
        ``pair``, ``drift`` (links that differ without a reason) and counts, for the verdict and the metrics.
    """
    with store.read() as tx:
        marks = load_watermarks(tx, mapping.pair)
        standing = link_ids(tx, mapping.pair)["link"]
    read_at = {side: pd.Timestamp(mark.at) for side, mark in marks.items() if mark.at}
    snapshots: dict[str, Snapshot] = {}
    for side in SIDES:
        reading = Reading(since=None, known=known_of(store, mapping, side))
        snapshots[side] = open_side(side).extract(reading)
    # After both sides were read: what a run has written meanwhile is a difference that the base explains. What it has
    # linked meanwhile may be younger than what was read.
    past = past_of(store, mapping)
    plan = reconcile(mapping, snapshots[CUSTOMERP], snapshots[TRELLO], past)
    past = replace(past, links=past.links[past.links["link"].isin(standing)])
    found = audit(mapping, snapshots, past, plan, read_at)
    counts = figures(found, int(past.links["status"].eq("linked").sum()))
    _show(mapping, found, counts)
    send_audit(mapping.pair, counts)
    return {"pair": mapping.pair, "drift": sum(counts[name] for name in DRIFT), **counts}


def _show(mapping: PairMapping, found: pd.DataFrame, counts: Mapping[str, int]) -> None:
    """One line per difference: which property, not its values, since whoever looks at an audit needs none."""
    drift = found[found["found"].isin(DRIFT)]
    log.info(f"::group::Differences that nobody expects: {len(drift)}")
    for row in drift.head(SHOWN).to_dict("records"):
        ends = f"[CustomERP {row['customerp_id']} | Trello {row['trello_id']}]"
        log.warning(f"{row['found']:<12} {row['property']:<20} {ends}")
    if len(drift) > SHOWN:
        log.info(f"... and {len(drift) - SHOWN} more")
    log.info("::endgroup::")
    width = max(map(len, counts))
    show_lines([f"{mapping.title}:", "", *(f"  {name:<{width}}  {number:>8}" for name, number in counts.items())])


def late_pairs(pairs: Iterable[str], store: Store, hours: float) -> list[str]:
    """A sentence for each pair that has fallen behind, or whose mapping is wrong: that one must not hide the others."""
    found = []
    for pair in pairs:
        try:
            found.append(behind(load_pair(pair), store, hours))
        except ConfigurationError as error:
            found.append(f"{pair} cannot run: {error}")
    return [text for text in found if text]


def behind(mapping: PairMapping, store: Store, hours: float) -> str:
    """Why a pair has fallen behind, in a sentence; "" if it has not. A paused DAG raises no other alarm."""
    with store.read() as tx:
        health = health_of(tx, mapping.pair)
    send_health(mapping.pair, health)
    since = health.synced_at or health.first_run_at
    if since is None or datetime.now(UTC) - since <= timedelta(hours=hours):
        return ""  # a pair that nobody has ever started is not behind
    held = "; a plan is held" if health.held else ""
    what = "was last in sync at" if health.synced_at else "has never been in sync since its first run at"
    return f"{mapping.title} {what} {since:%F %H:%M} UTC{held}"


def judge(results: list[Mapping[str, Any] | None], late: list[str], hours: float) -> str:
    """The verdict over all pairs.

    Raises:
        AuditError: records differ and nobody knows why, a pair has fallen behind, or could not be compared.
    """
    drifted = [f"{one['pair']}: {one['drift']} linked records differ without a reason" for one in results if one
               and one["drift"]]  # fmt: skip
    missing = sum(one is None for one in results)
    failed = [f"{missing} pairs could not be compared; see the logs of the task compare"] if missing else []
    if problems := [*drifted, *failed, *late]:
        raise AuditError(
            "The audit has found: " + "; ".join(problems) + f". A pair counts as behind after {hours:.0f} hours. Look "
            "at the log of the task compare. Action full_resync of the pair's DAG mends what is late; of what is "
            "unexplained, edit the side that is wrong."
        )
    return f"{len(results)} pairs: all linked records agree or differ for a known reason, and none is behind."
