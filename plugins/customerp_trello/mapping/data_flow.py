"""The data-flow document: every mapping as reStructuredText, for a company's own documentation.

Three columns say what corresponds to what (CustomERP property, Trello property, Trello data type), two more which way
and who wins. A checklist with boxes to tick follows each table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from types import MappingProxyType

from customerp_trello.mapping.checklist import Check, checklist
from customerp_trello.mapping.document import PROPERTY_HEAD, Section, property_rows, sections, summary
from customerp_trello.mapping.model import Mapping

EMPTY_BOX, TICKED_BOX, CROSSED_BOX = "☐", "☑", "☒"

_HEAD = """\
Data flow between CustomERP and Trello
######################################

Which property of CustomERP corresponds to which of Trello, made from the mappings in ``include/mappings``. Do not edit
this page: change the mapping, then run ``.venv/bin/python docs/write_pairs.py``.

.. contents:: Pairs
   :depth: 1
"""

_MARKUP = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*")
_SPECIAL = re.compile(r"([\\*`|_]|^[-+](?=\s|$))")


def data_flow(mappings: Iterable[Mapping]) -> str:
    """The whole document, a chapter for each mapping."""
    return "\n".join([_HEAD, *(chapter(mapping) for mapping in mappings)])


def chapter(mapping: Mapping) -> str:
    """One mapping: its tables, what else there is to say, and its checklist."""
    parts = [_heading(mapping.title, "="), _line(summary(mapping)), _table(PROPERTY_HEAD, property_rows(mapping))]
    for section in sections(mapping):
        parts += [_heading(section.title, "-"), _list(section)]
    parts += [_heading("QA checklist", "-"), qa_table(mapping)]
    return "\n\n".join(parts) + "\n"


Seen = tuple[Mapping, Collection[Check], Collection[Check], Dict[Check, str]]
"""A mapping, the checks that hold, those that do not, and why others cannot be tried."""


def qa_document(seen: Iterable[Seen]) -> str:
    """The checklists alone, as they were gone through."""
    parts = ["QA checklist\n############"]
    for mapping, passed, failed, apart in seen:
        parts += [_heading(mapping.title, "="), qa_table(mapping, passed, failed, apart)]
    return "\n\n".join(parts) + "\n"


def qa_table(
    mapping: Mapping,
    passed: Collection[Check] = (),
    failed: Collection[Check] = (),
    apart: Dict[Check, str] = MappingProxyType({}),
) -> str:
    """The checklist as a table, with the boxes of what was seen ticked, and crossed where something else was seen.

    Args:
        mapping: the pair.
        passed: what holds.
        failed: what does not.
        apart: why a line cannot be tried.
    """

    def cell(check: Check) -> str:
        if check in apart:
            return f"\u2013 {apart[check]}"
        box = CROSSED_BOX if check in failed else TICKED_BOX if check in passed else EMPTY_BOX
        return f"{box} {check.words}"

    checks = checklist(mapping)
    rows = [
        (mapping.property(one.name).label, cell(one), cell(two))
        for one, two in zip(checks[::2], checks[1::2], strict=True)
    ]
    return _table(("Property", "Edited in CustomERP", "Edited in Trello"), rows)


def _heading(title: str, line: str) -> str:
    return f"{_escaped(title)}\n{line * len(_escaped(title))}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (head, *rows):
        first, *others = (_escaped(cell) for cell in row)
        lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
    return "\n".join(lines)


def _list(section: Section) -> str:
    mark = "#." if section.ordered else "-"
    return "\n".join(f"{mark} {_line(line)}" for line in section.lines)


def _line(text: str) -> str:
    """A line of :mod:`customerp_trello.mapping.document`, with its markup in this document's spelling."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for found in _MARKUP.finditer(text):
        yield _escaped(text[at : found.start()])
        yield f"``{found[1]}``" if found[1] else f"**{_escaped(found[2])}**"
        at = found.end()
    yield _escaped(text[at:])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\n", " ")
