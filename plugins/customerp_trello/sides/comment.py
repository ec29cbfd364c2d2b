"""A project as a Trello comment that a person reads with pleasure (contract, section 8, custom_project).

    **P-1007 · Rollout South**

    Status: Open
    Start date: 2026-03-01
    End date: -
    Manager: Anna Berg (E-1042)

    Description:
    Any number of lines.

    _(CustomERP sync · project 17 · included 65f0… at 2026-03-01T09:30:00.123000Z · from 65ef…)_

``-`` is empty, a missing line is unknown, the last line belongs to the integration. Reading it back is the business
of :mod:`customerp_trello.sides.comment_reading`. Pure: no network, no pandas, no mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from customerp_trello.errors import ConfigurationError, RecordError
from customerp_trello.sides.comment_text import DOT, EMPTY, escape, fold, show, show_reference, unescape

MAX_LENGTH = 16_384
SEPARATOR = f" {DOT} "
LEFT_OUT = "description left out: too long for Trello"

_SIGNATURE = "CustomERP sync"
_FOOTER = re.compile(rf"[_*]{{0,2}}\({_SIGNATURE}((?: {DOT} .*)?)\)[_*]{{0,2}}\Z", re.DOTALL)
_PART = re.compile(rf" {DOT} ((?:\\.|(?! {DOT} ).)*)", re.DOTALL)
_INCLUDED = re.compile(r"(\S+) at (\S+)\Z")


@dataclass(frozen=True)
class Line:
    """One property line: canonical property, label as shown, and whether its value is a reference."""

    property: str
    label: str
    reference: bool = False


@dataclass(frozen=True)
class Layout:
    """Which property stands where in the comment.

    Attributes:
        number: property that begins the first line.
        title: property behind it, None if none is mapped.
        title_label: label by which a person may name the title on a line of its own.
        lines: the property lines, in order.
        block: property of the last, many-line block, None if none is mapped.
        block_label: its label.

    Raises:
        ConfigurationError: labels that a reader could not tell apart.
    """

    number: str
    title: str | None = None
    title_label: str = "Name"
    lines: tuple[Line, ...] = ()
    block: str | None = None
    block_label: str = "Description"

    def __post_init__(self) -> None:
        labels = [line.label for line in self.lines]
        labels += [self.title_label] if self.title else []
        labels += [self.block_label] if self.block else []
        for label in labels:
            if not re.fullmatch(r"[^\s\-*_•>#`~\\:：]([^\n\r:：]*[^\s*_:：])?", label):
                raise ConfigurationError(
                    f"mapping: the label {label!r} cannot begin a line of a Trello comment: it is empty, holds a "
                    "colon or has a sign of Markdown at an end; give the property a plain word as its `trello` name"
                )
        if len({fold(label) for label in labels}) < len(labels):
            raise ConfigurationError(
                f"mapping: two properties have the same label in the Trello comment (upper and lower case count as "
                f"the same); labels: {', '.join(labels)}; give one of them another `trello` name"
            )


@dataclass(frozen=True, order=True)
class Moment:
    """When and which amendment: (last edit as RFC 3339 with microseconds, action id), ordered as text."""

    at: str
    id: str


@dataclass(frozen=True)
class Footer:
    """The integration's last line.

    Attributes:
        marker: the ERP record's id.
        included: last amendment that the comment includes.
        source: comment that the project was born from.
        left_out: the description did not fit.
    """

    marker: str = ""
    included: Moment | None = None
    source: str = ""
    left_out: bool = False

    def render(self) -> str:
        """The line as it stands in the comment."""
        parts = [f"project {escape(self.marker, DOT)}"] if self.marker else []
        if self.included:
            parts.append(f"included {self.included.id} at {self.included.at}")
        parts += [f"from {escape(self.source, DOT)}"] if self.source else []
        parts += [LEFT_OUT] if self.left_out else []
        return f"_({SEPARATOR.join((_SIGNATURE, *parts))})_"

    @classmethod
    def parse(cls, line: str) -> Footer | None:
        """The footer in *line*, None if the line is something else; parts of later versions are passed over."""
        found = _FOOTER.match(line.strip())
        if found is None:
            return None
        parts = [part[1] for part in _PART.finditer(found[1])]
        by_word = {word: unescape(rest) for word, _, rest in (part.partition(" ") for part in parts)}
        included = _INCLUDED.match(by_word.get("included", ""))
        return cls(
            marker=by_word.get("project", ""),
            included=Moment(at=included[2], id=included[1]) if included else None,
            source=by_word.get("from", ""),
            left_out=LEFT_OUT in parts,
        )


@dataclass(frozen=True)
class Rendered:
    """The comment's text, and whether the description had to be left out."""

    text: str
    left_out: bool


def length(text: str) -> int:
    """Length as Trello counts it: UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def render(layout: Layout, values: Mapping[str, str | None], labels: Mapping[str, str], footer: Footer) -> Rendered:
    """Write a project as a comment.

    Args:
        layout: what stands where.
        values: canonical property -> text; empty text is shown as ``-``, a missing one has no line.
        labels: reference number -> human name.
        footer: the last line; its ``left_out`` is decided here, or stays where *values* have no description.

    Raises:
        RecordError: the comment is too long even without its description.
    """
    head = [_first_line(layout, values), "", *_property_lines(layout, values, labels)]
    still = footer.left_out and values.get(layout.block or "") is None
    whole = [*head, *_block(layout, values), "", _with(footer, left_out=still).render()]
    if length(text := "\n".join(whole)) <= MAX_LENGTH:
        return Rendered(text, left_out=still)
    text = "\n".join([*head, "", _with(footer, left_out=True).render()])
    if length(text) > MAX_LENGTH:
        raise RecordError(
            f"trello comment: {length(text)} characters without the description, at most {MAX_LENGTH} are possible; "
            "shorten the project's other texts or take one of them out of the mapping"
        )
    return Rendered(text, left_out=True)


def _with(footer: Footer, *, left_out: bool) -> Footer:
    return Footer(footer.marker, footer.included, footer.source, left_out)


def _first_line(layout: Layout, values: Mapping[str, str | None]) -> str:
    number = show(values.get(layout.number), DOT)
    return f"**{number}**" if layout.title is None else f"**{number}{SEPARATOR}{show(values.get(layout.title))}**"


def _property_lines(layout: Layout, values: Mapping[str, str | None], labels: Mapping[str, str]) -> list[str]:
    lines = []
    for line in layout.lines:
        value = values.get(line.property)
        if value is not None:
            text = show_reference(value, labels.get(value, "")) if line.reference else show(value)
            lines.append(f"{line.label}: {text}")
    return lines


def _block(layout: Layout, values: Mapping[str, str | None]) -> list[str]:
    value = values.get(layout.block) if layout.block else None
    if value is None:
        return []
    return ["", f"{layout.block_label}: {EMPTY}"] if value == "" else ["", f"{layout.block_label}:", value]
