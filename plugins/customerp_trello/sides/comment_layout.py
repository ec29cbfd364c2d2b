"""The comment's layout as a pair's mapping describes it, and its texts in canonical form."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping as Dict

from customerp_trello.errors import ConfigurationError
from customerp_trello.mapping.model import Mapping, Property
from customerp_trello.mapping.validity import invalid_one
from customerp_trello.mapping.values import WHITESPACE, clean, normalise_one
from customerp_trello.sides.comment import Layout, Line

OWN_FIELDS = ("id", "date", "memberCreator", "card")
"""What Trello itself says of a comment; every other `trello` name of a property is the title of a line."""

_PLAIN = ("string", "text", "reference")


def layout_of(mapping: Mapping) -> Layout:
    """Which property stands where: the link key first, ``name`` as the title, the last text as the block.

    Raises:
        ConfigurationError: there is no single property to recognise a project by, or labels cannot be told apart.
    """
    shown = [prop for prop in mapping.properties if prop.trello not in OWN_FIELDS]
    key = mapping.link_keys[0].properties
    if len(key) != 1 or mapping.property(key[0]) not in shown:
        raise ConfigurationError(
            f"mapping {mapping.pair}, link_keys[0]: a comment begins with one property by which people know the "
            f"project; name exactly one of: {', '.join(prop.name for prop in shown)}"
        )
    rest = [prop for prop in shown if prop.name != key[0]]
    title = next((prop for prop in rest if prop.name == "name"), None)
    block = next((prop for prop in reversed(rest) if prop.type == "text"), None)
    return Layout(
        number=key[0],
        title=title.name if title else None,
        title_label=title.trello if title else "Name",
        lines=tuple(_line(prop) for prop in rest if prop not in (title, block)),
        block=block.name if block else None,
        block_label=block.trello if block else "Description",
    )


def _line(prop: Property) -> Line:
    return Line(prop.name, prop.trello, reference=prop.type == "reference")


class Texts:
    """Normalises what a comment says, remembering what it has seen: most words come again and again."""

    def __init__(self, mapping: Mapping) -> None:
        self._properties = {prop.name: prop for prop in mapping.properties}
        self._seen: dict[tuple[str, str], tuple[str, str]] = {}

    def read(self, values: Dict[str, str], places: Dict[str, int]) -> tuple[dict[str, str], list[tuple[int, str]]]:
        """Canonical texts, and (line, reason) of every value that is none; such a property is left out."""
        good: dict[str, str] = {}
        bad: list[tuple[int, str]] = []
        for name, text in values.items():
            value, reason = self._one(self._properties[name], text)
            if reason:
                bad.append((places.get(name, 0), reason))
            else:
                good[name] = value
        return good, bad

    def _one(self, prop: Property, text: str) -> tuple[str, str]:
        if prop.type in _PLAIN:
            # the same as normalise_one, without a data frame's overhead for every single text
            plain = clean(text.replace("\r\n", "\n").replace("\r", "\n") if prop.type == "text" else text)
            return unicodedata.normalize("NFC", plain).strip(WHITESPACE), ""
        key = (prop.name, text)
        if key not in self._seen:
            value = normalise_one(text, prop.type, prop.allowed) or ""
            self._seen[key] = value, self._reason(prop, value)
        return self._seen[key]

    @staticmethod
    def _reason(prop: Property, value: str) -> str:
        reason = invalid_one(value, prop.type, prop.allowed)
        return f"{prop.label}: {reason}" if reason else ""
