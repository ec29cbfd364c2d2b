"""Trello short names: at least three characters of a-z, 0-9 and _ (trello-api: Organizations)."""

from __future__ import annotations

import re
import unicodedata

_SHORTEST = 3


def short_name(number: str) -> str:
    """The short name for a customer number: ``C-1042`` becomes ``c1042``, ``7`` becomes ``no_7``.

    Other characters are left out, as Trello does itself, so that a workspace which a person named after the number is
    recognised. ``""`` if nothing is left: then Trello chooses.
    """
    plain = unicodedata.normalize("NFKD", number).lower()
    name = re.sub(r"[^a-z0-9_]", "", plain)
    return f"no_{name}" if 0 < len(name) < _SHORTEST else name
