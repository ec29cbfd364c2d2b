"""A frame in a local parquet file, read by columns or by rows; never as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Most texts occur once, so a dictionary is only work; LZ4 is the quickest to read.
PARQUET: dict[str, Any] = {"compression": "lz4", "use_dictionary": False}

AT_ONCE = 1 << 18
"""Rows that are in memory while rows are picked."""


class ParquetTable:
    """See :class:`customerp_trello.reconcile.wide.Table`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = int(pq.read_metadata(path).num_rows)

    def __len__(self) -> int:
        """How many rows it has."""
        return self._count

    def __getitem__(self, name: str) -> pd.Series:
        """One of its columns."""
        table = pq.read_table(self._path, columns=[name], memory_map=True).combine_chunks()
        return with_texts(table.to_pandas())[name]

    def rows(self, wanted: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """The rows in *wanted*, in their order."""
        picked, begin = [], 0
        with pq.ParquetFile(self._path, memory_map=True) as file:
            schema = file.schema_arrow
            for batch in file.iter_batches(AT_ONCE):
                here = wanted[begin : begin + batch.num_rows]
                begin += batch.num_rows
                if here.any():
                    picked.append(batch.filter(pa.array(here)))
        return with_texts(pa.Table.from_batches(picked, schema).combine_chunks().to_pandas())


def write_table(path: Path, frames: Iterable[pd.DataFrame]) -> ParquetTable:
    """Write frames of the same columns one after the other into one file.

    Args:
        path: a local file.
        frames: at least one.
    """
    writer: pq.ParquetWriter | None = None
    try:
        for frame in frames:
            table = pa.Table.from_pandas(frame, preserve_index=False, schema=writer.schema if writer else None)
            writer = writer or pq.ParquetWriter(path, table.schema, **PARQUET)
            writer.write_table(table)
    finally:
        if writer:
            writer.close()
    return ParquetTable(path)


def with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame from parquet with its texts as pandas `str`: an empty column comes back as object."""
    texts = dict.fromkeys(frame.select_dtypes("object").columns, "str")
    return frame.astype(texts) if texts else frame
