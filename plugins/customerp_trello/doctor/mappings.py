"""Is each mapping valid, and do the fields that it names exist on both sides?"""

from __future__ import annotations

from collections.abc import Iterator

from customerp_trello.doctor.erp_reading import ERPReading
from customerp_trello.doctor.setup import Setup
from customerp_trello.errors import ConfigurationError, SyncError
from customerp_trello.mapping.model import Mapping
from customerp_trello.profile_doctor.findings import Finding
from customerp_trello.sides.comment_layout import layout_of

SECTION = "mappings"


def examine_mappings(setup: Setup) -> Iterator[Finding]:
    """Check every mapping's file, then what it names against what the two systems show."""
    for pair, error in setup.invalid.items():
        yield Finding(SECTION, pair, "does not", _in_one_line(error, pair))
    yield from setup.waiting(SECTION, (*setup.erps, *setup.trellos))
    for pair, mapping in setup.mappings.items():
        found = list(_of_one(setup, mapping))
        yield from found or [Finding(SECTION, pair, "works", _well(setup, mapping))]


def _well(setup: Setup, mapping: Mapping) -> str:
    valid = f"valid, {len(mapping.properties)} properties"
    reading = setup.reading(mapping)
    return f"{valid}, compared with {reading.sample} {mapping.customerp.entity} records" if reading else valid


def _in_one_line(error: ConfigurationError, pair: str) -> str:
    text = " ".join(str(error).split()).replace(": - ", ": ").replace(" - ", "; ")
    return text.removeprefix("Mapping ")


def _of_one(setup: Setup, mapping: Mapping) -> Iterator[Finding]:
    """What is wrong with one mapping; nothing if nothing is."""
    try:
        if mapping.trello.entity == "action":
            layout_of(mapping)
        reading = setup.reading(mapping)
    except SyncError as error:
        yield Finding(SECTION, mapping.pair, "does not", str(error))
        return
    if reading:
        yield from _fields(mapping, reading)
    elif mapping.customerp.connection not in setup.broken:
        remark = f"{mapping.customerp.entity} records have to be readable first, see above"
        yield Finding(SECTION, mapping.pair, "not tried", remark)
    if mapping.trello.connection not in setup.broken and mapping.trello.entity == "organization":
        yield from _trello_fields(setup, mapping)


def _fields(mapping: Mapping, reading: ERPReading) -> Iterator[Finding]:
    entity, count = mapping.customerp.entity, len(reading.sample.records)
    if not count:
        yield Finding(SECTION, mapping.pair, "not tried", f"the ERP has no {entity} yet to compare its fields with")
        return
    if reading.missing:
        remark = f"no {entity} of {reading.sample} has {' '.join(reading.missing)} Correct `customerp` in the mapping"
        yield Finding(SECTION, mapping.pair, "does not", f"{remark}, or the profile's fields")
        return
    unreadable = reading.unreadable
    if not unreadable.empty:
        bad, most = int(unreadable.sum()), unreadable.index[0]
        remark = f"{bad} of {reading.sample} {entity} records would be quarantined; the most frequent reason: {most}"
        yield Finding(SECTION, mapping.pair, "does not" if bad == count else "works", remark)


def _trello_fields(setup: Setup, mapping: Mapping) -> Iterator[Finding]:
    try:
        shown = setup.trello(mapping.trello.connection).my_organizations()
    except SyncError:
        return  # the sections about what the token sees say so
    lacking = [field for field in mapping.trello_fields if shown and field not in shown[0]]
    if lacking:
        remark = f"Trello shows no {', '.join(lacking)} of a workspace; correct `trello` in the mapping"
        yield Finding(SECTION, mapping.pair, "does not", remark)
