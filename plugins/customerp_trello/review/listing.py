"""The frames that a run left in its storage: its plan, page by page, and what it read of single records."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from customerp_trello.errors import RecordMissing

log = structlog.get_logger(__name__)

ROWS = 50
_BATCH = 2_000
_ID = "_id"


@dataclass(frozen=True)
class PlanPage:
    """A page of a plan.

    Attributes:
        rows: the plan's columns by name, None for unknown.
        total: rows of the whole plan (one per change and property).
        more: whether there is a next page.
    """

    rows: Sequence[Mapping[str, Any]]
    total: int
    more: bool


def plan_page(path: str, number: int, *, rows: int = ROWS) -> PlanPage:
    """Read one page of a plan without reading what follows it.

    Args:
        path: object storage URL of the plan's parquet file.
        number: the page, from 0.
        rows: rows of a page.

    Raises:
        RecordMissing: the file is not there, or not within reach of this web server.
    """
    with _opened(path) as file:
        total, begin = file.metadata.num_rows, number * rows
        group, skipped = 0, 0
        while group < file.num_row_groups and skipped + file.metadata.row_group(group).num_rows <= begin:
            skipped += file.metadata.row_group(group).num_rows
            group += 1
        found: list[dict[str, Any]] = []
        groups = range(group, file.num_row_groups)
        for batch in file.iter_batches(batch_size=_BATCH, row_groups=groups) if groups else ():
            if begin < skipped + batch.num_rows:
                found += batch.slice(max(0, begin - skipped), rows - len(found)).to_pylist()
            skipped += batch.num_rows
            if len(found) >= rows:
                break
        return PlanPage(found, total, begin + len(found) < total)


def plan_rows(path: str) -> Iterator[Mapping[str, Any]]:
    """All rows of a plan, a few thousand in memory at a time.

    Raises:
        RecordMissing: as :func:`plan_page`.
    """
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            yield from batch.to_pylist()


def as_read(plan_path: str, side: str, ids: Collection[str], properties: Sequence[str]) -> dict[str, dict[str, str]]:
    """What a run read of some records of a side: id -> property -> text, unknown ones left out; {} if it is not there.

    Args:
        plan_path: where the run's plan is; what it read lies beside it.
        side: ``customerp`` or ``trello``.
        ids: the records.
        properties: canonical names.
    """
    if not plan_path or not ids:
        return {}
    try:
        with _opened(plan_path.removesuffix("plan.parquet") + f"{side}.parquet") as file:
            columns = [_ID, *(name for name in properties if name in file.schema_arrow.names)]
            wanted = pa.array(sorted(ids))
            found: dict[str, dict[str, str]] = {}
            for batch in file.iter_batches(batch_size=65_536, columns=columns):
                hit = batch.filter(pa.compute.is_in(batch.column(_ID), value_set=wanted))
                for row in hit.to_pylist():
                    found[row.pop(_ID)] = {name: text for name, text in row.items() if text is not None}
            return found
    except RecordMissing:
        return {}


def _opened(path: str) -> pq.ParquetFile:
    plain = path.removeprefix("file://")
    try:
        if not plain:
            raise FileNotFoundError
        if plain.startswith("/"):
            return pq.ParquetFile(plain)
        from airflow.sdk import ObjectStoragePath

        return pq.ParquetFile(ObjectStoragePath(path).open("rb"))  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        raise RecordMissing(
            "The plan's file is not there. Either it is older than the retention, or this web server does not share "
            "the workers' storage: set the Airflow variable customerp_trello_storage to a place that all of them reach."
        ) from None
    except Exception as error:  # each kind of storage has errors of its own; their texts may hold addresses and keys
        log.warning("a run's file cannot be read", path=path, error=type(error).__name__)
        raise RecordMissing(
            f"The plan's file cannot be read ({type(error).__name__}; the web server's log has its path). It "
            "needs the packages, the connection and the rights that the workers have for customerp_trello_storage."
        ) from None


def csv_lines(head: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[str]:
    """A table as CSV text, line by line; no cell is a formula to a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    yield "\ufeff"  # without it a spreadsheet takes UTF-8 for something else
    for row in _with_head(head, rows):
        writer.writerow([harmless(cell) for cell in row])
        if buffer.tell() > 65_536:
            yield _taken(buffer)
    yield _taken(buffer)


def _with_head(head: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield head
    yield from rows


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def harmless(cell: Any) -> str:
    """A cell's text that no spreadsheet carries out: what begins like a formula gets an apostrophe before it.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
