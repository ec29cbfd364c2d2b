"""What the check compares: records of both systems that are the same thing, and how such records find each other."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.check_values import Property, References

CUSTOMERS = "custom_customer__trello_organizations"
EMPLOYEES = "customerp_employee__trello_members"
CONTACTS = "custom_contact__trello_members"
PROJECTS = "custom_project__trello_actions"
PAIRS = (CUSTOMERS, EMPLOYEES, CONTACTS, PROJECTS)


Record = dict[str, Any]


@dataclass(frozen=True)
class Couple:
    """One thing in both systems.

    Attributes:
        key: how people know it.
        customerp: the ERP's record.
        trello: property name to its text in Trello; None where Trello does not show it.
        ids: the record's id in the ERP and in Trello.
    """

    key: str
    customerp: Record
    trello: Mapping[str, str | None]
    ids: tuple[int, str]


@dataclass
class PairRecords:
    """What the two systems hold of one pair.

    Attributes:
        couples: recognised on both sides.
        missing: key to what is wrong: a record that ought to have a counterpart, a counterpart there twice.
        apart: reason to how many records have no counterpart for a good one.
        properties: as the mapping's file lists them.
        references: numbers of the ERP's records, by entity and id.
    """

    properties: tuple[Property, ...]
    references: References
    couples: list[Couple] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    apart: Counter[str] = field(default_factory=Counter)

    def leave(self, reason: str, count: int = 1) -> None:
        """Count records that need no counterpart."""
        if count:
            self.apart[reason] += count


def couples_by(
    left: Iterable[Record],
    right: Iterable[Record],
    left_key: Callable[[Record], Hashable],
    right_key: Callable[[Record], Hashable],
) -> tuple[list[tuple[Record, Record]], list[Record]]:
    """Pair records whose key is unique on both sides; also return what is left of the left side."""
    ones, others = _unique(left, left_key), _unique(right, right_key)
    couples = [(one, others[key]) for key, one in ones.items() if key in others]
    taken = {id(one) for one, _ in couples}
    return couples, [one for one in left if id(one) not in taken]


def _unique(records: Iterable[Record], key_of: Callable[[Record], Hashable]) -> dict[Hashable, Record]:
    keyed = [(key_of(one), one) for one in records]
    counts = Counter(key for key, _ in keyed)
    return {key: one for key, one in keyed if key and counts[key] == 1}


def others(records: list[Record], couples: Iterable[tuple[Record, Record]]) -> list[Record]:
    """Return the right side's records that are in none of the couples."""
    taken = {id(other) for _, other in couples}
    return [one for one in records if id(one) not in taken]


def repeated(names: Iterable[str]) -> set[str]:
    """Return the names that occur more than once."""
    return {name for name, count in Counter(names).items() if count > 1}
