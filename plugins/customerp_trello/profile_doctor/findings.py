"""What a doctor found, and the two forms in which a person reads it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from customerp_trello.errors import SyncError

Verdict = Literal["works", "does not", "not there", "not tried"]


@dataclass(frozen=True)
class Finding:
    """One capability.

    Attributes:
        subject: the kind of record, or "connection"; of the set-up's doctor the part of the set-up.
        capability: what was tried.
        verdict: it works; it does not; it is not there and need not be; it could not be tried.
        remark: what was seen, and what to change.
    """

    subject: str
    capability: str
    verdict: Verdict
    remark: str = ""


def failed(subject: str, capability: str, error: SyncError) -> Finding:
    """The finding for an error, in its own words: they say what to change."""
    return Finding(subject, capability, "does not", str(error))


def table(findings: Iterable[Finding], width: int = 110) -> str:
    """Findings as a table of text."""
    rows = list(findings)
    subject = max((len(row.subject) for row in rows), default=0) + 2
    capability = max((len(row.capability) for row in rows), default=0) + 2
    indent = subject + capability + 11
    lines = []
    for row in rows:
        said = textwrap.wrap(row.remark, max(width - indent, 40)) or [""]
        lines.append(f"{row.subject:<{subject}}{row.capability:<{capability}}{row.verdict:<11}{said[0]}".rstrip())
        lines += [" " * indent + line for line in said[1:]]
    return "\n".join(lines)


def outline(findings: Iterable[Finding], width: int = 110) -> str:
    """Findings below their subjects, the verdict first: for capabilities with long names."""
    lines: list[str] = []
    for subject, rows in groupby(findings, key=lambda row: row.subject):
        lines += ["", subject] if lines else [subject]
        for row in rows:
            said = f"{row.capability}: {row.remark}" if row.remark else row.capability
            first, *more = textwrap.wrap(said, max(width - 13, 40), break_long_words=False, break_on_hyphens=False)
            lines += [f"  {row.verdict:<11}{first}", *(f"{'':<15}{line}" for line in more)]
    return "\n".join(lines)
