"""The check at the demo's end: are the two systems equal? Asked of the systems themselves, not of the sync's state.

Every record that both systems have is compared property by property. What is left out is listed with its reason and
counted: nothing is passed over in silence.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.check_records import CUSTOMERS, PROJECTS, Couple, PairRecords
from demo.check_values import Property

_HIDDEN = "Trello shows nobody's address"
_PENDING = "profile of somebody who has not accepted the invitation yet"


@dataclass(frozen=True)
class Known:
    """A property of a record that is known to differ.

    Attributes:
        pair: of which pair.
        key: which record.
        property: which property.
        reason: why the sync must not make it equal.
    """

    pair: str
    key: str
    property: str
    reason: str


@dataclass
class Checked:
    """What the check found in one pair.

    Attributes:
        records: how many were compared.
        properties: how many of their properties were compared.
        differences: one line each.
        left_out: reason to how many records or properties were not compared.
    """

    records: int = 0
    properties: int = 0
    differences: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def known_from_seed(special: Mapping[str, Any]) -> list[Known]:
    """Properties that the seed made too long for Trello."""
    too_long = "too long for Trello"
    broken = special["broken"]
    return [
        Known(CUSTOMERS, broken["customer_description_too_long_for_trello"], "description", too_long),
        Known(PROJECTS, broken["project_description_too_long_for_trello"], "description", too_long),
    ]


def compare(pairs: Mapping[str, PairRecords], known: Iterable[Known]) -> dict[str, Checked]:
    """Compare every couple of every pair."""
    reasons = {(one.pair, one.key, one.property): one.reason for one in known}
    return {name: _compare_pair(name, records, reasons) for name, records in pairs.items()}


def _compare_pair(name: str, pair: PairRecords, reasons: Mapping[tuple[str, str, str], str]) -> Checked:
    checked = Checked(records=len(pair.couples), left_out=Counter(pair.apart))
    checked.differences += [f"{key} {what}" for key, what in sorted(pair.missing.items())]
    for couple in pair.couples:
        for prop in pair.properties:
            expected = prop.in_customerp(couple.customerp, pair.references)
            reason = reasons.get((name, couple.key, prop.name)) or _reason(couple, prop, expected)
            if reason:
                checked.left_out[reason] += 1
                continue
            checked.properties += 1
            shown = prop.normalised(couple.trello[prop.name] or "")
            if expected != shown:
                checked.differences.append(
                    f"{couple.key} {prop.name}: CustomERP {_short(expected)} | Trello {_short(shown)}"
                )
    return checked


def _reason(couple: Couple, prop: Property, expected: str) -> str:
    """Why a property cannot be compared; "" where it can."""
    shown = couple.trello[prop.name]
    if prop.create_only and shown != expected:
        return "short name of a workspace that was there before, never changed"
    if shown is not None:
        return ""
    if prop.trello == "email":
        return _HIDDEN
    return _PENDING if prop.trello in ("fullName", "username", "initials", "bio") else ""


def _short(text: str, most: int = 60) -> str:
    flat = text.replace("\n", " ⏎ ")
    return repr(flat if len(flat) <= most else f"{flat[:most]}...")


def table(checked: Mapping[str, Checked], titles: Mapping[str, str]) -> list[str]:
    """The result as lines: one per pair, then what was left out and what differs."""
    lines = [f"{'':<12}{'records':>9}{'properties':>12}{'differences':>13}"]
    for pair, one in checked.items():
        lines.append(f"{titles[pair]:<12}{one.records:>9}{one.properties:>12}{len(one.differences):>13}")
    lines += ["", "not compared:"]
    for pair, one in checked.items():
        lines += [f"  {titles[pair]:<12}{count:>4}  {reason}" for reason, count in sorted(one.left_out.items())]
    differences = [(titles[pair], text) for pair, one in checked.items() for text in one.differences]
    return lines + [f"DIFFERENCE  {title}: {text}" for title, text in differences]


def passed(checked: Mapping[str, Checked]) -> bool:
    """Whether every pair had something to compare and nothing differed."""
    return bool(checked) and all(one.records and one.properties and not one.differences for one in checked.values())
