"""What has room, and how fast both systems let us work."""

from __future__ import annotations

from collections.abc import Iterator

from customerp_trello.doctor.hooks import ExaminedTrello
from customerp_trello.doctor.setup import Setup
from customerp_trello.doctor.state import OUTDATED, State
from customerp_trello.errors import SyncError
from customerp_trello.hooks.connection import whole_number
from customerp_trello.mapping.model import Mapping
from customerp_trello.profile_doctor.findings import Finding
from customerp_trello.sides.trello_workspaces import Workspaces

SECTION = "limits"
_TOLD = ("ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit", "ratelimit-policy")
"""Headers by which APIs tell how much they take."""


def examine_limits(setup: Setup, state: State) -> Iterator[Finding]:
    """Compare what the pairs will want with what there is."""
    yield from setup.waiting(SECTION, (*setup.erps, *setup.trellos))
    for connection in setup.working(setup.erps):
        yield _pace_of_the_erp(setup, connection)
    for connection in setup.working(setup.trellos):
        hook = setup.trello(connection)
        yield _pace_of_trello(hook)
        for mapping in setup.of_trello(connection):
            try:
                yield from _room(setup, hook, mapping, state)
            except SyncError:
                remark = "the scope has to be right first, see above"
                yield Finding(SECTION, f"{mapping.pair} in Trello", "not tried", remark)


def _pace_of_the_erp(setup: Setup, connection: str) -> Finding:
    hook = setup.erp(connection)
    told = [f"{name}: {value}" for name, value in hook.headers.items() if name.lower() in _TOLD]
    said = f"the ERP says {', '.join(told)}" if told else "the ERP tells no limit"
    if hook.rate_limited:
        remark = f"it refused {hook.rate_limited} of {hook.requests_made} requests as too many; runs wait as it asks"
        return Finding(SECTION, connection, "works", f"{said}; {remark}")
    return Finding(SECTION, connection, "works", f"{said}; {hook.requests_made} requests in a row were taken")


def _pace_of_trello(hook: ExaminedTrello) -> Finding:
    capability = f"{hook.conn_id}, requests"
    wanted = whole_number(hook.settings, "requests_per_10_seconds", 100)
    most = hook.headers.get("x-rate-limit-api-token-max", "")
    if not most.isdecimal():
        return Finding(SECTION, capability, "not tried", "Trello's answer does not tell its limit")
    seconds = int(hook.headers.get("x-rate-limit-api-token-interval-ms", "10000")) / 1000
    told = f"Trello takes {most} in {seconds:g} s"
    if wanted > int(most):
        remark = f"{told}, the connection asks for {wanted}; set `requests_per_10_seconds` to {most} or less"
        return Finding(SECTION, capability, "does not", remark)
    return Finding(SECTION, capability, "works", f"{told}, the sync keeps to {wanted}")


# -- places ----------------------------------------------------------------------------------------------------


def _room(setup: Setup, hook: ExaminedTrello, mapping: Mapping, state: State) -> Iterator[Finding]:
    if mapping.trello.entity == "organization":
        if state.outdated:
            yield Finding(SECTION, f"{hook.conn_id}, workspaces", "not tried", OUTDATED)
            return
        used = len(hook.my_organizations())
        wanted = max(0, _creating(setup, mapping) - len(state.linked(mapping.pair)))
        room = Workspaces(mapping, hook).more(used)
        yield _fits(f"{hook.conn_id}, workspaces", used, room, wanted, "customers")
    elif mapping.trello.entity == "member" and not mapping.trello.scope.workspaces:
        workspaces = Workspaces(mapping, hook)
        for id_ in workspaces.staff[:1]:  # who is new is invited to the first one
            used = len(workspaces.mine[id_].get("memberships") or ())
            wanted, room = max(0, _creating(setup, mapping) - used), workspaces.capacity(id_, used)
            yield _fits(f"{hook.conn_id}, first staff workspace", used, room, wanted, "people")


def _fits(capability: str, used: int, room: int, wanted: int, whom: str) -> Finding:
    remark = f"{used} taken, {room} free"
    if wanted > room:
        cure = "take a plan with more room, or narrow `customerp.filter`; who does not fit is shown as not writable"
        return Finding(SECTION, capability, "does not", f"{remark}, and at least {wanted} more {whom} want one; {cure}")
    return Finding(SECTION, capability, "works", f"{remark}; {wanted} more {whom} may want one" if wanted else remark)


def _creating(setup: Setup, mapping: Mapping) -> int:
    """How many of the records that were read may get a counterpart; 0 where nothing is known or created."""
    if not mapping.customerp.on_unlinked.creates:
        return 0
    try:
        reading = setup.reading(mapping)
    except SyncError:
        return 0
    return reading.creating if reading else 0
