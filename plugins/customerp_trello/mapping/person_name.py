"""A full name as given and family name, and back, so that nothing is lost on the way (contract, P21)."""

from __future__ import annotations

import re

from nameparser import HumanName

from customerp_trello.mapping.values import WHITESPACE

_LONGEST_PARSED = 200


def split(full: str, old: tuple[str | None, str | None], *, one_word_to: int) -> tuple[str, str]:
    """Given and family name that, with a space between, are exactly *full*.

    Args:
        full: canonical full name (NFC, trimmed).
        old: canonical given and family name so far, None for unknown; the part that *full* still ends or begins with
            is kept.
        one_word_to: 0 or 1, the part that the ERP requires: it takes what cannot be split.
    """
    alone = (full, "") if one_word_to == 0 else ("", full)
    cuts = _cuts(full)
    if not cuts or full == old[one_word_to]:
        return alone
    given, family = old
    if family and full.endswith(f" {family}") and len(full) - len(family) - 1 in cuts:
        return full[: -len(family) - 1], family
    if given and full.startswith(f"{given} ") and len(given) in cuts:
        return given, full[len(given) + 1 :]
    cut = _parsed(full, cuts)
    return alone if cut is None else (full[:cut], full[cut + 1 :])


def _cuts(full: str) -> list[int]:
    """Where a single space stands between two other characters: elsewhere the parts would not join to the same name."""
    spaces = (match.start() for match in re.finditer(" ", full))
    return [at for at in spaces if full[at - 1] not in WHITESPACE and full[at + 1] not in WHITESPACE]


def _parsed(full: str, cuts: list[int]) -> int | None:
    """The cut before the family name: nameparser knows ``van``, ``de la`` and ``Jr.``, but not where they stood."""
    if len(full) <= _LONGEST_PARSED:
        name = HumanName(full)
        for cut in reversed(cuts):
            if name.last and full.startswith(name.last, cut + 1):
                return cut
        if "," in full:
            return None
    return cuts[-1]
