"""The register card as a person reads it: a second reader, which shares no code with ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cells import plain

TITLES = {
    "Name": "name",
    "Status": "status",
    "Start date": "start_date",
    "End date": "end_date",
    "Manager": "manager",
    "Customer": "customer",
    "Description": "description",
}
STATUSES = ("Open", "On hold", "Completed", "Cancelled")

_HEAD = re.compile(r"\*\*(P-\d+) · (.*)\*\*\Z")
_FOOTER = re.compile(r"_\(CustomERP sync\b.*\)_\Z")
_INCLUDED = re.compile(r" · included (\S+) at (\S+?)(?: · |\)_\Z)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~·⏎␍])")
_VALID = {
    "status": re.compile("|".join(STATUSES)),
    "start_date": re.compile(r"(\d{4}-\d\d-\d\d)?"),
    "end_date": re.compile(r"(\d{4}-\d\d-\d\d)?"),
}

Resolve = Callable[[str, str], str]
"""(property, what stands behind its title) -> the number that is meant."""


@dataclass(frozen=True)
class Comment:
    """One comment on the card.

    Attributes:
        at: when it was last edited, else written, and its id: the order of amendments.
        written: when it was written, likewise.
        number: of the project that it speaks of, "" for chatter.
        canonical: it has the integration's last line.
        left_out: the description did not fit.
        included: the last amendment that it includes, None if it names none.
        values: property -> value.
    """

    id: str
    author: str
    text: str
    at: tuple[datetime, str]
    written: tuple[datetime, str]
    number: str
    canonical: bool
    left_out: bool
    included: tuple[datetime, str] | None
    values: dict[str, str]

    @property
    def since(self) -> tuple[datetime, str]:
        """Later amendments are not in it."""
        return self.included or self.written


def read_comment(row: dict[str, Any], resolve: Resolve) -> Comment:
    """A row of the system's own table as a comment."""
    data = json.loads(row["data"])
    first, *lines = data["text"].split("\n")
    head = _HEAD.match(first)
    footer = lines[-1] if lines and head and _FOOTER.match(lines[-1]) else ""
    number = head[1] if head else first if re.fullmatch(r"P-\d+", first) else ""
    values = _values(lines[:-1] if footer else lines, resolve) if number else {}
    if head and head[2] != "?":
        values["name"] = plain(_ESCAPED.sub(r"\1", head[2]))
    named = _INCLUDED.search(footer)
    written = _moment(row["date"]), row["id"]
    edited = _moment(data["dateLastEdited"]) if data.get("dateLastEdited") else written[0]
    return Comment(
        id=row["id"],
        author=row["id_member_creator"],
        text=data["text"],
        at=(max(edited, written[0]), row["id"]),
        written=written,
        number=number,
        canonical=bool(footer),
        left_out="description left out" in footer,
        included=(_moment(named[2]), named[1]) if named else None,
        values=values,
    )


def overlaid(comment: Comment, others: Iterable[Comment], until: tuple[datetime, str] | None = None) -> dict[str, str]:
    """What a project's comment says together with the amendments that it does not include yet, up to *until*."""
    values = dict(comment.values)
    for other in sorted(others, key=lambda one: one.at):
        amends = other.number == comment.number and not other.canonical and other.id != comment.id
        if amends and other.at > comment.since and (until is None or other.at <= until):
            values.update(other.values)
    return values


def _values(lines: list[str], resolve: Resolve) -> dict[str, str]:
    values: dict[str, str] = {}
    for place, line in enumerate(lines):
        title, colon, rest = line.partition(":")
        name = TITLES.get(title) if colon else None
        if name == "description":
            text = "\n".join([rest, *lines[place + 1 :]])
            values[name] = "" if text.strip() == "-" and rest.strip() else plain(text)
            break
        if name and rest.strip() not in ("", "?"):
            values[name] = _one(name, rest.strip(), resolve)
    return {name: value for name, value in values.items() if name not in _VALID or _VALID[name].fullmatch(value)}


def _one(name: str, text: str, resolve: Resolve) -> str:
    if text == "-":
        return ""
    bare = plain(_ESCAPED.sub(r"\1", text))
    if name not in ("manager", "customer"):
        return bare
    in_brackets = re.search(r"\(([^()]+)\)\Z", bare)
    return in_brackets[1] if in_brackets else resolve(name, bare)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
