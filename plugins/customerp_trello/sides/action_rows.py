"""The register's comments as canonical rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.conditions import holds
from customerp_trello.mapping.frame import (
    BY,
    HOLD,
    ID,
    MODIFIED_AT,
    OUT_OF_SCOPE,
    PROBLEM,
    REASON,
    STATE,
    SUSPENDED,
    TOUCH,
)
from customerp_trello.mapping.model import Mapping
from customerp_trello.sides.base import AUTHOR
from customerp_trello.sides.comment import SEPARATOR, Moment
from customerp_trello.sides.comment_layout import OWN_FIELDS, Texts
from customerp_trello.sides.register import Comment, Project
from customerp_trello.sides.rows import Row, moment

AMENDMENT = "amendment:"
NO_PROJECT = "CustomERP has no project with its number (any more), and a comment with a number is no new one"


class ActionRows:
    """Builds rows; ``card`` is asked for the register card only where a property shows it."""

    def __init__(self, mapping: Mapping, texts: Texts, hook: TrelloHook, card: Callable[[], dict[str, Any]]) -> None:
        self.mapping, self.hook = mapping, hook
        self._texts, self._card = texts, card

    def of_project(self, project: Project) -> Row:
        """A project with its pending amendments; the last of them is what a write will include."""
        last = project.pending[-1].comment if project.pending else None
        refused = [
            f"amendment {amended.comment.id}, line {line}: {reason}"
            for amended in project.pending
            for line, reason in amended.refused
        ]
        row = self._own(project.comment) | project.up_to(last.at if last else None)
        row[MODIFIED_AT] = self._time(last.at if last else project.comment.at)
        row[BY] = ", ".join(dict.fromkeys(_author(amended.comment) for amended in project.pending)) or row[BY]
        row[PROBLEM], row[REASON] = project.problem, "; ".join(refused)
        row[HOLD] = NO_PROJECT  # counts only while no link or match is found
        author, amendment = "" if project.ours else AUTHOR, touch_of(last.at) if last else ""
        row[TOUCH] = f"{author} {amendment}".strip()
        return row

    def of_born(self, comment: Comment, values: dict[str, str], problem: str) -> Row:
        """A comment that describes a new project; its number is unknown."""
        return self._own(comment) | values | {PROBLEM: problem}

    def of_broken(self, comment: Comment, problem: str) -> Row:
        """A comment of ours that cannot be read; its number, where it still shows, keeps off a second comment."""
        head, found, _ = comment.text.lstrip().partition("\n")[0].strip("* ").partition(SEPARATOR)
        number = {self.mapping.link_keys[0].properties[0]: head.strip()} if found else {}
        return self._own(comment) | number | {PROBLEM: problem}

    def in_scope(self, row: Row, linked: frozenset[str]) -> Row | None:
        """The row with the mapping's filter and condition applied; None if it takes no part."""
        settings = self.mapping.trello
        shown = {prop.trello: row[prop.name] for prop in self.mapping.properties if row.get(prop.name) is not None}
        if not holds(settings.on_unlinked.when, shown):
            row = row | {HOLD: "the mapping's condition is not met"}
        if row.get(PROBLEM) or holds(settings.filter, shown):
            return row
        return row | {STATE: SUSPENDED, REASON: OUT_OF_SCOPE} if row[ID] in linked else None

    def _own(self, comment: Comment) -> Row:
        row: Row = {ID: comment.id, MODIFIED_AT: self._time(comment.at), BY: _author(comment)}
        for prop in self.mapping.properties:
            if prop.trello in OWN_FIELDS:
                text = self._own_field(comment, prop.trello)
                row[prop.name] = self._texts.read({prop.name: text}, {})[0].get(prop.name)
        return row

    def _own_field(self, comment: Comment, name: str) -> str:
        if name == "memberCreator":
            return _author(comment)
        if name == "card":
            card = self._card()
            return str(card.get("url") or card["id"])
        return str(comment.raw.get(name) or "")

    def _time(self, at: Moment) -> datetime | None:
        return moment(at.at, self.hook.clock_offset)


def _author(comment: Comment) -> str:
    return str((comment.raw.get("memberCreator") or {}).get("fullName") or "")


def touch_of(last: Moment) -> str:
    """The ``_touch`` that names a comment as the last one to be included."""
    return f"{AMENDMENT}{last.id}@{last.at}"


def last_of(touch: str) -> Moment | None:
    """The amendment that a ``_touch`` names."""
    _, amends, last = touch.rpartition(AMENDMENT)
    id_, _, at = last.partition("@")
    return Moment(at, id_) if amends else None
