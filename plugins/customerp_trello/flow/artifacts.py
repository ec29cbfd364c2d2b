"""What tasks hand to one another: frames as parquet below the run's folder; XCom carries names and counts only."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa

from customerp_trello.errors import FatalError
from customerp_trello.flow.parquet_table import PARQUET, with_texts
from customerp_trello.mapping.frame import Snapshot

# Arrow's own allocator asks the kernel for huge pages. A task is a fresh process that reads a few hundred megabytes
# once: it would spend more time on getting those pages than on reading.
pa.set_memory_pool(pa.system_memory_pool())


class Folder(Protocol):
    """A folder on any storage: ``pathlib.Path`` and Airflow's ``ObjectStoragePath`` both are one."""

    def __truediv__(self, name: str) -> Any:
        """A path below the folder."""

    def mkdir(self, mode: int = ..., parents: bool = ..., exist_ok: bool = ...) -> None:
        """Make the folder."""


def write_frame(folder: Folder, name: str, frame: pd.DataFrame) -> None:
    """Write a frame as ``<name>.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, **PARQUET)
    (folder / f"{name}.parquet").write_bytes(buffer.getvalue())


def write_csv(folder: Folder, name: str, frame: pd.DataFrame) -> None:
    """Write a frame as ``<name>.csv`` for spreadsheets: UTF-8 with a mark, unknown as ``?``.

    A text that a spreadsheet would run as a formula is led by an apostrophe, as OWASP advises ("CSV Injection").
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = frame.select_dtypes(["object", "str"]).columns
    safe = frame.assign(**{column: _no_formula(frame[column]) for column in texts})
    content = safe.to_csv(index=False, na_rep="?", lineterminator="\r\n").encode("utf-8-sig")
    (folder / f"{name}.csv").write_bytes(content)


def _no_formula(texts: pd.Series) -> pd.Series:
    return texts.mask(texts.str.match(r"[=+\-@\t\r\n]", na=False), "'" + texts)


def read_frame(folder: Folder, name: str) -> pd.DataFrame:
    """Read ``<name>.parquet`` back, texts as pandas `str`.

    Raises:
        FatalError: the run has none.
    """
    return with_texts(pd.read_parquet(io.BytesIO(_read(folder, f"{name}.parquet"))))


def write_snapshot(folder: Folder, side: str, snapshot: Snapshot) -> None:
    """Write a side's snapshot: the frame as parquet, its facts beside it as JSON."""
    write_frame(folder, side, snapshot.frame)
    facts = {"complete": snapshot.complete, "facts": snapshot.facts}
    (folder / f"{side}.json").write_text(json.dumps(facts))


def read_snapshot(folder: Folder, side: str, listing: Listing) -> Snapshot:
    """Read a side's snapshot back, of which the *listing* is known already.

    Raises:
        FatalError: the run has none.
    """
    return Snapshot(read_frame(folder, side), listing.complete, listing.facts)


def write_planned(folder: Folder, snapshots: Mapping[str, Snapshot]) -> None:
    """Leave the records that a large pair's plan can be about, so that nobody has to read all for them."""
    for side, snapshot in snapshots.items():
        write_frame(folder, f"{side}_planned", snapshot.frame)


def read_planned(folder: Folder, side: str) -> pd.DataFrame:
    """Read a side's records back as the plan saw them: at least those that the plan is about.

    Raises:
        FatalError: the run has none.
    """
    few = f"{side}_planned"
    return read_frame(folder, few if (folder / f"{few}.parquet").exists() else side)


@dataclass(frozen=True)
class Listing:
    """What is known of a side's listing as a whole: a snapshot without its records."""

    complete: bool
    facts: dict[str, Any]


def read_listing(folder: Folder, side: str) -> Listing:
    """Read what a snapshot says of itself, however many records it has.

    Raises:
        FatalError: the run has none.
    """
    return Listing(**json.loads(_read(folder, f"{side}.json")))


def _read(folder: Folder, name: str) -> bytes:
    try:
        content: bytes = (folder / name).read_bytes()
    except FileNotFoundError:
        # A cleared task belongs to a run of its own, which has no plan unless the tasks before it were cleared too.
        raise FatalError(
            f"{folder / name} is not there, so this task has nothing to work with. Either it was cleared without the "
            "tasks before it, whose results are stale by now: trigger a new run. Or the tasks do not share their "
            "storage: set the Airflow variable customerp_trello_storage to a place that all workers reach."
        ) from None
    return content
