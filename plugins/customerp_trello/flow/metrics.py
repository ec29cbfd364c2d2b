"""Figures for Airflow's own metrics (StatsD or OpenTelemetry, whichever is configured), one set per pair.

The pair is a part of each name, since plain StatsD knows no tags: ``airflow.customerp_trello.<pair>.conflicts``.
"""

from __future__ import annotations

from collections.abc import Mapping

from airflow.sdk.observability import stats

from customerp_trello.state.health import Health

PREFIX = "customerp_trello"


def send_health(pair: str, health: Health) -> None:
    """Send how a pair is: gauges, so that the last one holds until the next."""
    _gauges(
        pair,
        {
            "linked": health.linked,
            "in_sync": health.in_sync,
            "conflicts": health.conflicts,
            "quarantined": health.quarantined,
            "held_plans": health.held,
        },
    )
    if health.lag is not None:
        _gauges(pair, {"lag_seconds": round(health.lag, 1)})


def send_run(pair: str, status: str, figures: Mapping[str, float]) -> None:
    """Send what a run took: counters of runs by their end and of requests, and how long it was."""
    stats.incr(f"{PREFIX}.{pair}.runs.{status}")
    for name in ("requests", "rate_limited"):
        if number := int(figures.get(name.replace("_", " "), 0)):
            stats.incr(f"{PREFIX}.{pair}.{name}", number)
    stats.timing(f"{PREFIX}.{pair}.run", 1000 * float(figures.get("seconds", 0)))


def send_audit(pair: str, figures: Mapping[str, float]) -> None:
    """Send what an audit found."""
    _gauges(pair, {f"audit.{name}": number for name, number in figures.items()})


def _gauges(pair: str, numbers: Mapping[str, float]) -> None:
    for name, number in numbers.items():
        stats.gauge(f"{PREFIX}.{pair}.{name}", number)
