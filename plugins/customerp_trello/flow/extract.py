"""Reading one side of a pair into a snapshot (contract, section 2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from customerp_trello.errors import ConfigurationError
from customerp_trello.flow.artifacts import write_snapshot
from customerp_trello.flow.form import FULL_RESYNC, LET_THROUGH, RELINK
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.flow.past import known_of
from customerp_trello.mapping.frame import LIVE, STATE, Snapshot
from customerp_trello.mapping.model import Mapping, SideName
from customerp_trello.reconcile.plan import CUSTOMERP
from customerp_trello.sides.base import Known, Reading, Side
from customerp_trello.state.runs import Watermark, load_watermarks

OVERLAP = timedelta(seconds=120)
"""Read again what was changed so shortly before the watermark: servers commit out of order."""

MANY_OPEN = 50
"""More open work than this is read faster by a complete listing than one by one."""


def extract(run: PairRun, name: SideName, side: Side) -> dict[str, Any]:
    """Read one side and leave its snapshot in the run's folder.

    Args:
        run: the run.
        name: ``customerp`` or ``trello``.
        side: how to read it.

    Returns:
        Counts for the log: records, complete, requests, and how many of them were answered with 429.

    Raises:
        ConfigurationError: a mapped field is unknown in every record.
    """
    known = known_of(run.store, run.mapping, name)
    with run.store.read() as tx:
        mark = load_watermarks(tx, run.pair).get(name)
    started = datetime.now(UTC)
    identity = side.identity()
    since = mark.at if mark and not _complete(run, name, mark, known, started, identity) else None
    snapshot = side.extract(Reading(since=since, known=known))
    _check_columns(run.mapping, name, snapshot)
    facts = snapshot.facts | {
        "identity": identity,
        "started_at": started.isoformat(),
        # All that an incremental listing leaves out is linked, or would be open work and have been read.
        "keys_complete": True,
        "listed": int(snapshot.frame[STATE].eq(LIVE).sum()),
    }
    write_snapshot(run.folder, name, Snapshot(snapshot.frame, snapshot.complete, facts))
    return {
        "side": name,
        "records": len(snapshot.frame),
        "complete": snapshot.complete,
        "requests": side.requests_made,
        "rate_limited": side.hook.rate_limited,
    }


def _complete(
    run: PairRun, name: str, mark: Watermark | None, known: Known, now: datetime, identity: dict[str, str]
) -> bool:
    """Whether this side has to be listed completely; Trello always is, since its edits do not show in time."""
    if name != CUSTOMERP or mark is None or mark.at is None or mark.complete_at is None:
        return True
    if run.form.action in (FULL_RESYNC, RELINK, LET_THROUGH) or run.form.partial:
        return True
    if mark.fingerprint != run.mapping.fingerprint() or mark.identity != identity:
        return True  # another filter or system: what was left out until now has not changed since the watermark
    too_old = now - mark.complete_at > timedelta(hours=run.mapping.full_listing_every_hours)
    return too_old or len(known.open_ids) > MANY_OPEN or not known.ids


def _check_columns(mapping: Mapping, name: str, snapshot: Snapshot) -> None:
    """A property that no record of a complete CustomERP listing knows is a misspelt field, not a fact."""
    live = snapshot.frame[snapshot.frame[STATE].eq(LIVE)]
    if name != CUSTOMERP or not snapshot.complete or live.empty:
        return
    unknown = [prop for prop in mapping.properties if live[prop.name].isna().all()]
    if unknown:
        fields = ", ".join(f"{p.name} (CustomERP {', '.join(p.customerp_fields)})" for p in unknown)
        raise ConfigurationError(
            f"Mapping {mapping.pair}: no {mapping.customerp.entity} has {fields}. Correct the field's name in the "
            "mapping, or drop the property; nothing was written."
        )
