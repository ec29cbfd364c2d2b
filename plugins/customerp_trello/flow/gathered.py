"""What a plan is made of: both snapshots and the pair's past; of a large pair, what anything can follow for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from customerp_trello.flow.artifacts import Folder, Listing, read_listing, read_snapshot
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.flow.parquet_table import ParquetTable, write_table
from customerp_trello.flow.past import past_of
from customerp_trello.mapping.frame import ID, MODIFIED_AT, Snapshot
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import SIDES
from customerp_trello.reconcile.wide import WideSnapshot, narrowed
from customerp_trello.state.bases import iterate_links
from customerp_trello.state.links import count_links

LARGE = 1_000_000
"""Up to so many records on a side a pair is taken into memory as a whole, which is quicker; that takes 2 GB."""

_LINKS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Gathered:
    """What a plan is made of.

    Attributes:
        snapshots: both sides.
        past: what the state database knows.
        times: per side, ``_id`` and ``_modified_at`` of every record that was read.
        narrowed: whether snapshots and past were narrowed to what anything can follow for.
    """

    snapshots: dict[str, Snapshot]
    past: Past
    times: dict[str, pd.DataFrame]
    narrowed: bool


def gather(run: PairRun, touched: frozenset[int] = frozenset()) -> Gathered:
    """Read what a run's plan is made of.

    Args:
        run: the run, its sides extracted.
        touched: links that the run is about whatever they show.
    """
    listings = {side: read_listing(run.folder, side) for side in SIDES}
    listed = max(int(one.facts.get("listed") or 0) for one in listings.values())
    with run.store.read() as tx:
        links = count_links(tx, run.pair)
    if max(listed, links) > LARGE:
        return _of_a_large_pair(run, listings, touched)
    snapshots = {side: read_snapshot(run.folder, side, one) for side, one in listings.items()}
    times = {side: one.frame[[ID, MODIFIED_AT]] for side, one in snapshots.items()}
    return Gathered(snapshots, past_of(run.store, run.mapping), times, narrowed=False)


def _of_a_large_pair(run: PairRun, listings: dict[str, Listing], touched: frozenset[int]) -> Gathered:
    past = past_of(run.store, run.mapping, links=False)
    with tempfile.TemporaryDirectory() as local:
        wide = {side: _snapshot(run.folder, side, one, Path(local)) for side, one in listings.items()}
        links = write_table(Path(local) / "links.parquet", _links(run))
        snapshots, past = narrowed(run.mapping, wide, links, past, touched)
        times = {side: _times(one, windowed=run.form.windowed) for side, one in wide.items()}
    return Gathered(snapshots, past, times, narrowed=True)


def _snapshot(folder: Folder, side: str, listing: Listing, local: Path) -> WideSnapshot:
    """A side's snapshot on this machine's disk, where columns are read quickly."""
    path = local / f"{side}.parquet"
    with (folder / path.name).open("rb") as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 24)
    return WideSnapshot(ParquetTable(path), listing.complete, listing.facts)


def _links(run: PairRun) -> Iterator[pd.DataFrame]:
    with run.store.read() as tx:
        yield from iterate_links(tx, run.pair, run.mapping.names, _LINKS_AT_ONCE)


def _times(side: WideSnapshot, *, windowed: bool) -> pd.DataFrame:
    names = (ID, MODIFIED_AT) if windowed else ()
    return pd.DataFrame({name: side.table[name] for name in names})
