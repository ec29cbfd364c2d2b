"""What a property's value is on either side, worked out from the mapping file alone.

This is a second, smaller reading of the mapping: it shares no code with the package, so that an error in one of the two
shows as a difference.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_NOT_IN_SHORT_NAMES = re.compile(r"[^a-z0-9_]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~·⏎␍])")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)\Z")

References = Mapping[str, Mapping[int, str]]
"""Entity to the number of each of its records by id."""


@dataclass(frozen=True)
class Property:
    """One entry of a mapping's `properties`.

    Attributes:
        name: the mapping's own name for it.
        customerp: fields of the ERP.
        trello: field of Trello, or the title of a line in a comment.
        kind: data type.
        convert: the entry's `convert`.
        create_only: set when the counterpart is made, never changed later.
    """

    name: str
    customerp: tuple[str, ...]
    trello: str
    kind: str
    convert: Mapping[str, Any]
    create_only: bool

    def in_customerp(self, record: Mapping[str, Any], references: References) -> str:
        """The text that a record of the ERP shows."""
        raw = [record.get(field) for field in self.customerp]
        if self.convert.get("using") == "value_table":
            return self._from_table(raw[0], bool(record.get("active", True)))
        if self.convert.get("using") == "reference":
            by_number = references[self.convert["references"]] if self.convert.get("by") != "id" else {}
            return by_number.get(raw[0] or 0, plain(raw[0]))
        if self.convert.get("using") == "short_name":
            return _NOT_IN_SHORT_NAMES.sub("", plain(raw[0]).lower())
        return self.normalised(" ".join(text for value in raw if (text := plain(value))))

    def normalised(self, text: str) -> str:
        """The text as it is compared, whichever side it comes from."""
        if self.kind == "url" and text and "://" not in text:
            return f"https://{text}"
        return plain(text)

    def in_comment(self, shown: str) -> str:
        """The text behind a comment's title: `-` is empty, a reference is the number in its last brackets."""
        if shown.strip() == "-":
            return ""
        if self.kind == "reference" and (found := _IN_BRACKETS.search(shown.strip())):
            return found[1]
        return plain(shown if self.kind == "text" else _ESCAPED.sub(r"\1", shown))

    def _from_table(self, value: Any, active: bool) -> str:
        if not active and "inactive" in self.convert:
            return str(self.convert["inactive"])
        if value is None:
            return str(self.convert.get("empty") or "")
        table = {_code(key): text for key, text in self.convert["values"].items()}
        return str(table.get(_code(value), value))


def read_properties(mapping: Path) -> tuple[Property, ...]:
    """Read the properties of a mapping file."""
    entries = yaml.safe_load(mapping.read_text(encoding="utf-8"))["properties"]
    return tuple(_property(entry) for entry in entries)


def plain(value: Any) -> str:
    """A value as text: null is empty, ends trimmed, line ends and accents in one form."""
    text = "" if value is None else str(value)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def _property(entry: Mapping[str, Any]) -> Property:
    fields = entry["customerp"]
    return Property(
        entry["name"],
        (fields,) if isinstance(fields, str) else tuple(fields),
        entry["trello"],
        entry["type"],
        entry.get("convert") or {},
        bool(entry.get("create_only")),
    )


def _code(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
