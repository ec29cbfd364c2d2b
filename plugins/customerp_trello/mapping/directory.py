"""The records that a reference may mean: ids, numbers and names of one ERP entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from customerp_trello.errors import RecordError
from customerp_trello.mapping.values import WHITESPACE, normalise, to_text


@dataclass(frozen=True)
class Directory:
    """Who is who by number.

    Attributes:
        numbers: id as text, without blanks around it -> number.
        ids: number -> id as the ERP wrote it (an integer stays one).
        named: full name -> numbers of all who bear it.
        labels: number -> full name, for rendering.
    """

    numbers: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, Any] = field(default_factory=dict)
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[tuple[Any, Any, Any]]) -> Directory:
        """Build one from (id, number, name) of every record; those without a number cannot be referred to.

        A number that two records bear means neither when writing.
        """
        numbers: dict[str, str] = {}
        ids: dict[str, list[Any]] = {}
        named: dict[str, tuple[str, ...]] = {}
        labels: dict[str, str] = {}
        rows = list(records)
        texts = [normalise(pd.Series([to_text(row[part]) for row in rows], dtype="str"), "string") for part in (1, 2)]
        for (record_id, *_), number, name in zip(rows, *texts, strict=True):
            if number:
                numbers[to_text(record_id).strip(WHITESPACE)] = number
                ids.setdefault(number, []).append(record_id)
                named[name] = (*named.get(name, ()), number)
                labels[number] = name
        return cls(numbers, {number: found[0] for number, found in ids.items() if len(found) == 1}, named, labels)

    def find(self, text: str, label: str) -> Any:
        """The id of the record that *text* means: its number, or its name if only one bears it.

        Raises:
            RecordError: nobody, or more than one.
        """
        bearers = self.named.get(text, ())
        number = bearers[0] if text not in self.ids and len(bearers) == 1 else text
        if number in self.ids:
            return self.ids[number]
        why = "more than one record has this name or number" if bearers or text in self.labels else "no record has it"
        raise RecordError(f"{label} refers to no single record of CustomERP: {why}. Valid: a number, or a unique name.")
