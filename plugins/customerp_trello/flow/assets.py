"""The assets by which one DAG tells another that there is news; an event only wakes up, it is never the news itself."""

from __future__ import annotations

from airflow.sdk import Asset

DECISIONS = "customerp_trello__decisions"
"""Id of the DAG in which people decide."""


def links_asset(pair: str) -> Asset:
    """The asset that is updated when a pair's links changed."""
    return Asset(name=f"{pair}_links", uri=f"customerp-trello://{pair}/links", group="customerp_trello")


def decisions_asset() -> Asset:
    """The asset that is updated when something has come up that a person has to decide."""
    return Asset(name=DECISIONS, uri="customerp-trello://decisions", group="customerp_trello")
