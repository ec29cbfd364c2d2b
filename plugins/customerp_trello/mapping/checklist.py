"""What somebody checks of a mapping on a live record: per property an edit on one side, and what follows of it.

The data-flow document shows the list with empty boxes; ``make qa`` ticks it against two running systems.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from customerp_trello.mapping.model import SIDES, Mapping, Property, SideName, other

Outcome = Literal["arrives", "put_back", "stays"]

WORDS: dict[Outcome, str] = {
    "arrives": "is seen on the other side",
    "put_back": "is put back",
    "stays": "stays where it is, the other side keeps its value",
}


@dataclass(frozen=True)
class Check:
    """One line of the checklist.

    Attributes:
        name: the property.
        side: where it is edited.
        outcome: what one run makes of the edit.
    """

    name: str
    side: SideName
    outcome: Outcome

    @property
    def words(self) -> str:
        """What is to be seen, for people."""
        return WORDS[self.outcome]


def checklist(mapping: Mapping) -> list[Check]:
    """Two checks for each property, in the file's order."""
    return [check for prop in mapping.properties for check in _checks(prop)]


def _checks(prop: Property) -> Iterator[Check]:
    for side in SIDES:
        yield Check(prop.name, side, _outcome(prop, side))


def _outcome(prop: Property, side: SideName) -> Outcome:
    if prop.create_only:
        return "stays"
    if prop.to(other(side)):
        return "arrives"
    return "put_back" if prop.put_back else "stays"
