"""Query results as frames, column by column: a hundred thousand rows in about a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import json as arrow_json
from sqlalchemy import DateTime, Select, TypeDecorator
from sqlalchemy.types import Integer, TypeEngine

from customerp_trello.state.transaction import Transaction


def read_frame(tx: Transaction, query: Select[Any]) -> pd.DataFrame:
    """Run *query* and return its columns: texts as str (NULL missing), numbers as Int64, moments as datetime UTC."""
    rows = tx.execute(query).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(query.selected_columns)
    data = {
        column.name: pd.Series(list(values), dtype=_dtype(column.type))
        for column, values in zip(query.selected_columns, columns, strict=True)
    }
    return pd.DataFrame(data)


def _dtype(kind: TypeEngine[Any]) -> Any:
    if isinstance(kind, Integer):
        return "Int64"
    plain = kind.impl if isinstance(kind, TypeDecorator) else kind
    return "datetime64[us, UTC]" if isinstance(plain, DateTime) else "str"


def explode_json(objects: pd.Series, names: Sequence[str], prefix: str) -> pd.DataFrame:
    """Turn a column of JSON objects of texts into one str column per name.

    Args:
        objects: JSON text, one object per row, each on one line.
        names: the keys to take; a row that lacks one is missing there.
        prefix: goes before each name in the answer's columns.
    """
    if objects.empty or not names:
        return pd.DataFrame({prefix + name: pd.Series(dtype="str") for name in names}, index=objects.index)
    lines = "\n".join(objects.tolist()).encode()
    table = arrow_json.read_json(
        pa.BufferReader(lines),
        read_options=arrow_json.ReadOptions(block_size=max(1 << 20, int(objects.str.len().max()) * 4 + 1)),
        parse_options=arrow_json.ParseOptions(
            explicit_schema=pa.schema([(name, pa.string()) for name in names]), unexpected_field_behavior="ignore"
        ),
    )
    data = {prefix + name: pd.Series(table.column(name).to_pandas(), dtype="str") for name in names}
    return pd.DataFrame(data, index=objects.index)
