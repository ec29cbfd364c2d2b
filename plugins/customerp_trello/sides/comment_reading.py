"""What a comment on the register card is: our own project, an amendment, a new project, or chatter.

The form that a person types for a new project (a title and at least one property line, labels in any case)::

    New project: Rollout South          (or  **Rollout South**,  # Rollout South,  Name: Rollout South)
    Status: Open
    Manager: Anna Berg

    Description:
    Any number of lines.

and for an amendment of a project that is there already::

    P-1007
    Status: Completed
    End date: -

``-`` empties a property; a line left out or left blank says nothing about it. No text makes the reader fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from customerp_trello.sides.comment import SEPARATOR, Footer, Layout, Line
from customerp_trello.sides.comment_text import DOT, EMPTY, fold, name_beside, understand, understand_reference

_COLON = re.compile("[:：]")
_BULLET = re.compile(r"[-*•]\s+")
_BOLD = ("**", "__")
_SPLIT = re.compile(rf"((?:\\.|[^\\])*?)(?:{SEPARATOR}|\Z)(.*)\Z", re.DOTALL)
_HASHES = re.compile(r"#{1,6}\s+")
_NEW = re.compile(r"(?:new\s+)?project\s*[:：]\s*(.+)\Z", re.IGNORECASE | re.DOTALL)
_WORDS_OF_A_NUMBER = 4


@dataclass(frozen=True)
class Canonical:
    """Our own form.

    Attributes:
        values: property -> text; an unknown one is left out.
        footer: the last line.
        places: property -> number of its line.
        names: reference -> the human name beside it.
    """

    values: dict[str, str]
    footer: Footer
    places: dict[str, int]
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Amendment:
    """A person's change of the project *number*; ``problems`` are (line number, reason)."""

    number: str
    values: dict[str, str]
    places: dict[str, int]
    problems: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class NewProject:
    """A person's new project; it has no number yet."""

    values: dict[str, str]
    places: dict[str, int]
    problems: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Unparsable:
    """Clearly a project of ours, but line *line* cannot be read, for *reason*."""

    line: int
    reason: str
    footer: Footer | None = None


@dataclass(frozen=True)
class Chatter:
    """Anything else that people say to each other."""


Parsed = Canonical | Amendment | NewProject | Unparsable | Chatter


def parse(layout: Layout, text: str, numbers: Mapping[str, str] | None = None) -> Parsed:
    """Tell what a comment is and read it.

    Args:
        layout: what stands where.
        text: the comment as Trello gives it.
        numbers: folded number -> number of the projects on the card, by which amendments are recognised.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    if footer := Footer.parse(lines[-1]):
        return _canonical(layout, lines[:-1], footer)
    for place, line in enumerate(lines, start=1):
        if footer := Footer.parse(line):
            return Unparsable(place + 1, "text follows the integration's last line; move it above that line", footer)
    return _from_a_person(layout, lines, numbers or {})


@dataclass
class _Found:
    """Property lines as they are collected."""

    values: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    repeated: list[tuple[int, str]] = field(default_factory=list)
    other: list[tuple[int, str]] = field(default_factory=list)

    def put(self, name: str, value: str | None, place: int, label: str) -> None:
        if name in self.places:
            self.repeated.append((place, f"{label} is already on line {self.places[name]}; keep one of the two"))
            self.values.pop(name, None)
            return
        self.places[name] = place
        if value is not None:
            self.values[name] = value


def _canonical(layout: Layout, lines: Sequence[str], footer: Footer) -> Canonical | Unparsable:
    number, separator, title = _split(_heading(lines[0].strip()) if lines else "")
    if not number.strip() or (layout.title is not None and not separator):
        return Unparsable(1, f"it has to be **<number>{SEPARATOR}<name>**", footer)
    found = _Found()
    if layout.title is not None:
        found.put(layout.title, understand(title), 1, layout.title_label)
    else:
        number += separator + title
    found.put(layout.number, understand(number), 1, "the number")
    _collect(layout, lines, 1, found)
    if found.repeated:
        return Unparsable(*found.repeated[0], footer)
    for place, line in found.other:
        if reason := _reason_of_stray(layout, line, found):
            return Unparsable(place, reason, footer)
    return Canonical(found.values, footer, found.places, found.names)


def _reason_of_stray(layout: Layout, line: str, found: _Found) -> str:
    """Why a line that is no property's cannot stay; "" for the line of a property that left the mapping."""
    missing = {fold(known.label): known.label for known in layout.lines if known.property not in found.places}
    labelled = _labelled(line)
    if labelled is None:
        return "it is no property line (<label>: <value>)"
    close = get_close_matches(fold(labelled[0]), missing, n=1, cutoff=0.75)
    return f"{labelled[0].strip()!r} is no label; did you mean {missing[close[0]]!r}?" if close else ""


def _from_a_person(layout: Layout, lines: Sequence[str], numbers: Mapping[str, str]) -> Parsed:
    found = _Found()
    _collect(layout, lines, 0, found)
    first = lines[0].strip()
    heading = _heading(first)
    head = heading or first
    if not found.places:
        return Chatter()
    stray = 1 not in found.places.values()
    number, title = _number_of(head, numbers, titled=stray and layout.title in found.places)
    if number:
        return _amendment(layout, found, number, title)
    if layout.title is None:
        return Chatter()
    new = _NEW.match(head)
    if layout.title not in found.places and stray and (heading or new):
        found.put(layout.title, understand(new[1] if new else head), 1, layout.title_label)
    if not found.values.get(layout.title) or len(found.places) == 1:
        return Chatter()
    return NewProject(found.values, found.places, tuple(found.repeated))


def _labelled(line: str) -> tuple[str, str] | None:
    """Label and value of a property line, with or without a bullet and bold type; None if it is none.

    Without one pattern for it all: anybody can write a line of blanks, on which such a pattern would take hours.
    """
    colon = _COLON.search(line)
    if colon is None:
        return None
    label, value = line[: colon.start()].strip(), line[colon.end() :]
    bullet = _BULLET.match(label)
    label = label[bullet.end() :] if bullet else label
    label = label[2:] if label.startswith(_BOLD) else label
    label = label[:-2] if label.endswith(_BOLD) else label
    return (label, value[2:] if value.startswith(_BOLD) else value) if label.strip() else None


def _heading(line: str) -> str:
    """What stands in a line of bold type or behind hashes; "" in another one."""
    if line.startswith(_BOLD) and line.endswith(_BOLD) and len(line) > 4:
        return line[2:-2].strip()
    hashes = _HASHES.match(line)
    if hashes is None:
        return ""
    text = line[hashes.end() :]
    bare = text.rstrip("#")
    return (bare if bare != text and bare[-1:].isspace() else text).strip()


def _amendment(layout: Layout, found: _Found, number: str, title: str) -> Amendment:
    if layout.title is not None and title and layout.title not in found.places:
        found.put(layout.title, understand(title), 1, layout.title_label)
    return Amendment(number, found.values, found.places, tuple(found.repeated))


def _number_of(head: str, numbers: Mapping[str, str], *, titled: bool) -> tuple[str, str]:
    """The number that a first line begins with, and the new title behind it; "" where there is none.

    Where the title stands elsewhere (*titled*), a first line of one word with a digit in it is none, but a number.
    """
    front, separator, title = _split(head)
    candidate = understand(front) or ""
    if fold(candidate) in numbers:
        return numbers[fold(candidate)], title
    words = head.split()[:_WORDS_OF_A_NUMBER]
    for count in range(len(words), 0, -1):
        known = fold(" ".join(words[:count]).rstrip(f":,.;|-–—{DOT} "))
        if known in numbers:
            return numbers[known], ""
    # a number that nobody on the card has: an amendment of a project that is gone, never a new project
    unmistakable = (separator or titled) and re.fullmatch(r"\S*\d\S*", candidate)
    return (candidate, title) if unmistakable else ("", "")


def _split(head: str) -> tuple[str, str, str]:
    """First line -> number, separator, title; a separator inside the number is escaped."""
    found = _SPLIT.match(head)
    if found is None or found.end(1) == len(head):
        return head, "", ""
    return found[1], SEPARATOR, found[2]


def _collect(layout: Layout, lines: Sequence[str], start: int, found: _Found) -> None:
    """Read the property lines from index *start* up to the block, which takes all the rest."""
    known = {fold(line.label): line for line in layout.lines}
    if layout.title is not None:
        known.setdefault(fold(layout.title_label), Line(layout.title, layout.title_label))
    for index in range(start, len(lines)):
        labelled = _labelled(lines[index])
        label = fold(labelled[0]) if labelled else ""
        if labelled and layout.block is not None and label == fold(layout.block_label):
            found.put(layout.block, _block(labelled[1], lines[index + 1 :]), index + 1, layout.block_label)
            return
        if labelled and label in known:
            line = known[label]
            value = understand_reference(labelled[1]) if line.reference else understand(labelled[1])
            if value and line.reference and (name := name_beside(labelled[1])):
                found.names[value] = name
            found.put(line.property, value, index + 1, line.label)
        elif lines[index].strip():
            found.other.append((index + 1, lines[index]))


def _block(inline: str, rest: Sequence[str]) -> str | None:
    """The block's text is taken as it stands: it is the person's own Markdown."""
    text = "\n".join((inline, *rest)).strip()
    if not text:
        return None
    return "" if text == EMPTY and inline.strip() else text
