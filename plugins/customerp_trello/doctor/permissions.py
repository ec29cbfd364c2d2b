"""What may the ERP's user read, what may Trello's token do, and what is its account in the workspaces?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from customerp_trello.doctor.hooks import ExaminedTrello
from customerp_trello.doctor.setup import Setup
from customerp_trello.doctor.state import State
from customerp_trello.errors import SyncError
from customerp_trello.mapping.model import Mapping
from customerp_trello.profile_doctor.findings import Finding
from customerp_trello.sides.trello_workspaces import Workspaces

SECTION = "permissions"
SOON = timedelta(days=14)
"""A token that runs out within this time is one to replace now."""

_ANEW = "make a token anew with the scopes read, write and account and put it into the connection's password"


def examine_permissions(setup: Setup, state: State) -> Iterator[Finding]:
    """Ask both systems what we may do, without doing it."""
    yield from setup.waiting(SECTION, (*setup.erps, *setup.trellos))
    for connection in setup.working(setup.erps):
        yield from _readable(setup, connection)
    for connection in setup.working(setup.trellos):
        hook = setup.trello(connection)
        yield _scopes(hook)
        yield from _workspaces(hook, setup.of_trello(connection), state)


def _readable(setup: Setup, connection: str) -> Iterator[Finding]:
    hook = setup.erp(connection)
    readable = []
    for entity in setup.entities(connection):
        try:
            readable.append(f"{entity} ({hook.sample(entity)})")
        except SyncError as error:
            setup.unreadable.add((connection, entity))
            remark = str(error).removeprefix(f"{connection}: ")
            yield Finding(SECTION, f"{connection}, {entity}", "does not", remark)
    if readable:
        yield Finding(SECTION, connection, "works", f"may read {', '.join(readable)}")


# -- Trello's token --------------------------------------------------------------------------------------------


def _scopes(hook: ExaminedTrello) -> Finding:
    capability = f"{hook.conn_id}, token"
    if not hook.me().get("email"):  # a token reads its owner's address by the scope `account` alone
        return Finding(SECTION, capability, "does not", f"the token lacks the scope account; {_ANEW}")
    try:
        tokens = hook.tokens
    except SyncError as error:
        return Finding(SECTION, capability, "not tried", f"Trello does not tell what the token may do ({error})")
    writing = [_writes(token) for token in tokens]
    if not tokens:
        return Finding(SECTION, capability, "not tried", "Trello lists no token of the account")
    if not any(writing):
        return Finding(SECTION, capability, "does not", f"the token may not write; {_ANEW}")
    if not all(writing):
        remark = f"the account has {len(tokens)} tokens and some may not write; Trello does not say which is ours"
        return Finding(SECTION, capability, "not tried", f"{remark}. Remove those that nobody uses, then try again")
    return _lasting(capability, tokens)


def _writes(token: dict[str, Any]) -> bool:
    allowed = {str(one.get("modelType")).casefold() for one in token.get("permissions") or () if one.get("write")}
    return {"board", "organization"} <= allowed


def _lasting(capability: str, tokens: list[dict[str, Any]]) -> Finding:
    ends = [datetime.fromisoformat(token["dateExpires"]) for token in tokens if token.get("dateExpires")]
    if not ends:
        return Finding(SECTION, capability, "works", "scopes read, write and account; it does not expire")
    day = min(ends).date().isoformat()
    if len(ends) == len(tokens) and max(ends) - datetime.now(UTC) < SOON:
        return Finding(SECTION, capability, "does not", f"the token expires on {day}; make one that does not expire")
    which = "it" if len(tokens) == 1 else f"one of the account's {len(tokens)} tokens"
    return Finding(SECTION, capability, "works", f"scopes read, write and account; {which} expires on {day}")


# -- its account in the workspaces -----------------------------------------------------------------------------


def _workspaces(hook: ExaminedTrello, mappings: list[Mapping], state: State) -> Iterator[Finding]:
    people = [mapping for mapping in mappings if mapping.trello.entity == "member"]
    named: dict[str, list[str]] = {"staff workspaces": [], "customers' workspaces": []}
    try:
        mine = {str(one["id"]): one for one in hook.my_organizations()}
        for mapping in people:
            named["staff workspaces"] += Workspaces(mapping, hook).staff
    except SyncError:
        pass  # which workspace cannot be seen is said with the scope
    else:
        for mapping in mappings:
            pairs = (mapping.pair,) if mapping.trello.entity == "organization" else mapping.after
            named["customers' workspaces"] += [id_ for pair in pairs for id_ in state.linked(pair) if id_ in mine]
        me = str(hook.me()["id"])
        for what, ids in named.items():
            if ids:
                yield _administered(f"{hook.conn_id}, {what}", me, [mine[id_] for id_ in dict.fromkeys(ids)])


def _administered(capability: str, me: str, workspaces: list[dict[str, Any]]) -> Finding:
    if not all("memberships" in one for one in workspaces):
        return Finding(SECTION, capability, "not tried", "Trello does not show who is what in them")
    others = [one for one in workspaces if not _is_admin(me, one["memberships"])]
    if not others:
        return Finding(SECTION, capability, "works", f"the token's account administers all {len(workspaces)}")
    few = ", ".join(f"trello.com/w/{one['id']}" for one in others[:3]) + (", ..." if len(others) > 3 else "")
    return Finding(
        SECTION,
        capability,
        "does not",
        f"the token's account is no administrator of {len(others)} of {len(workspaces)} ({few}); let somebody who is "
        "one make it one in the workspace's members page",
    )


def _is_admin(me: str, memberships: Iterable[dict[str, Any]]) -> bool:
    return any(
        one.get("idMember") == me and one.get("memberType") == "admin" and not one.get("deactivated")
        for one in memberships
    )
