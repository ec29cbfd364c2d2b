"""Forgetting: rows that are old and closed, and the frames of runs that no row names any more."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from customerp_trello.state.retention import AT_ONCE, forget_older
from customerp_trello.state.runs import run_ids
from customerp_trello.state.store import Store


def forget(store: Store, frames: Any, days: float) -> int:
    """Delete state rows older than *days*, then run folders that have lost their row; both hold personal data.

    Args:
        store: the state database.
        frames: a pair's folder of run folders, a ``Path`` or an ``ObjectStoragePath``.
        days: how long closed runs are kept.

    Returns:
        How many run folders were deleted.
    """
    more = True
    while more:
        with store.begin() as tx:
            more = max(forget_older(tx, days).values()) >= AT_ONCE
    if not frames.exists():
        return 0
    # In this order: a run's row is there before its folder is.
    folders = [folder for folder in frames.iterdir() if folder.is_dir()]
    with store.read() as tx:
        known = run_ids(tx)
    lost = [folder for folder in folders if folder.name not in known]
    for folder in lost:
        if isinstance(folder, Path):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.rmdir(recursive=True)
    return len(lost)
