"""Does each mapping's scope lead to any records, and is what it names in Trello there?"""

from __future__ import annotations

from collections.abc import Iterator

from customerp_trello.doctor.hooks import Sample
from customerp_trello.doctor.setup import Setup
from customerp_trello.doctor.state import OUTDATED, State
from customerp_trello.errors import ConfigurationError, SyncError
from customerp_trello.mapping.conditions import holds
from customerp_trello.mapping.frame import HOLD
from customerp_trello.mapping.model import Mapping
from customerp_trello.profile_doctor.findings import Finding, failed
from customerp_trello.sides.base import Known
from customerp_trello.sides.trello_action import TrelloActions
from customerp_trello.sides.trello_workspaces import Workspaces

SECTION = "scope"


def examine_scope(setup: Setup, state: State) -> Iterator[Finding]:
    """Look where each pair's records are, side by side."""
    yield from setup.waiting(SECTION, (*setup.erps, *setup.trellos))
    said: set[str] = set()
    for mapping in setup.mappings.values():
        yield from _in_customerp(setup, mapping)
        if mapping.trello.connection in setup.broken:
            continue
        capability = f"{mapping.pair} in Trello"
        try:
            yield _in_trello(setup, capability, mapping, state)
        except SyncError as error:
            cause = str(error).replace(mapping.pair, "")
            if cause in said:
                yield Finding(SECTION, capability, "not tried", "for the reason that stands above")
            else:
                yield failed(SECTION, capability, error)
            said.add(cause)


# -- CustomERP -------------------------------------------------------------------------------------------------


def _in_customerp(setup: Setup, mapping: Mapping) -> Iterator[Finding]:
    entity, capability = mapping.customerp.entity, f"{mapping.pair} in CustomERP"
    try:
        reading = setup.reading(mapping)
    except SyncError:
        return  # said with the permissions or the mappings
    if reading is None:
        return
    if not reading.sample.records:
        yield Finding(SECTION, capability, "not there", f"the ERP has no {entity} yet")
        return
    live, sample = len(reading.live), reading.sample
    if not live:
        yield _nobody(capability, mapping, sample)
        return
    remark = f"{live} of {sample} {entity} records take part"
    held = reading.live[HOLD][reading.live[HOLD].ne("")].value_counts()
    if mapping.customerp.on_unlinked.creates and not held.empty:
        remark += f"; {int(held.sum())} get no counterpart, most of them because: {held.index[0]}"
    yield Finding(SECTION, capability, "works", remark)


def _nobody(capability: str, mapping: Mapping, sample: Sample) -> Finding:
    filtered = bool(mapping.customerp.filter)
    cause = "`customerp.filter`" if filtered else "`customerp.inactive`: all of them are switched off"
    remark = f"none of {sample} {mapping.customerp.entity} records takes part"
    if sample.whole:
        return Finding(SECTION, capability, "does not", f"{remark}; see {cause}")
    return Finding(SECTION, capability, "not tried", f"{remark}; a preview looks at all of them; see {cause}")


# -- Trello ----------------------------------------------------------------------------------------------------


def _in_trello(setup: Setup, capability: str, mapping: Mapping, state: State) -> Finding:
    hook = setup.trello(mapping.trello.connection)
    if mapping.trello.entity == "action":
        card = TrelloActions(mapping, hook, Known()).identity()["card"]
        return Finding(SECTION, capability, "works", f"the register card {card} can be read")
    workspaces = Workspaces(mapping, hook)
    if mapping.trello.entity == "organization":
        return _organizations(capability, mapping, workspaces, hook.my_organizations())
    if mapping.trello.scope.workspaces == "linked":
        return _linked(capability, mapping, workspaces, state)
    return _staff(capability, mapping, workspaces)


def _organizations(
    capability: str, mapping: Mapping, workspaces: Workspaces, shown: list[dict[str, object]]
) -> Finding:
    apart = {*workspaces.staff, workspaces.of_the_register}
    others = [one for one in shown if one["id"] not in apart]
    inside = [one for one in others if holds(mapping.trello.filter, one)]
    remark = f"{len(inside)} of {len(others)} workspaces take part beside the staff's and the register card's"
    if others and not inside:
        return Finding(SECTION, capability, "does not", f"{remark}; correct `trello.filter`")
    return Finding(SECTION, capability, "works", remark)


def _staff(capability: str, mapping: Mapping, workspaces: Workspaces) -> Finding:
    if not workspaces.staff:
        raise ConfigurationError(
            "no workspace of the staff is named; give ids or short names in `staff_workspaces` of the connection "
            f"{mapping.trello.connection}, or in `trello.scope` of the mapping"
        )
    return Finding(SECTION, capability, "works", f"{len(workspaces.staff)} staff workspaces, all there")


def _linked(capability: str, mapping: Mapping, workspaces: Workspaces, state: State) -> Finding:
    linked = [id_ for pair in mapping.after for id_ in state.linked(pair)]
    _ = workspaces.staff  # one that is not there would let staff become contacts
    if state.outdated:
        return Finding(SECTION, capability, "not tried", OUTDATED)
    first = ", ".join(mapping.after)
    if not linked:
        return Finding(SECTION, capability, "not there", f"no customer is linked to a workspace yet; first run {first}")
    seen = [id_ for id_ in linked if id_ in workspaces.mine]
    remark = f"{len(seen)} of {len(linked)} linked workspaces can be seen"
    if not seen:
        return Finding(SECTION, capability, "does not", f"{remark}; make the token's account a member of them again")
    return Finding(SECTION, capability, "works", remark)
