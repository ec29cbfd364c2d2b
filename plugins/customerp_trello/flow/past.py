"""What the state database tells a run about its pair: to the sides before reading, to reconcile before deciding."""

from __future__ import annotations

import pandas as pd

from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.membership import NONE
from customerp_trello.mapping.model import Mapping, SideName
from customerp_trello.reconcile.known import BOTH, VALUES, Past
from customerp_trello.reconcile.plan import CUSTOMERP, SIDES, TRELLO
from customerp_trello.sides.base import Known
from customerp_trello.state.bases import load_links
from customerp_trello.state.conflicts import OPEN, Conflict, answers, asked_ids, conflicts, standing_decisions
from customerp_trello.state.intents import OPEN as INTENT_OPEN
from customerp_trello.state.intents import PLANNED as INTENT_PLANNED
from customerp_trello.state.intents import consumed_sources, open_intents
from customerp_trello.state.invitations import JOINED, load_invitations
from customerp_trello.state.links import link_ids
from customerp_trello.state.runs import load_watermarks
from customerp_trello.state.store import Store
from customerp_trello.state.tombstones import load_tombstones, replaced_ids
from customerp_trello.state.transaction import Transaction
from customerp_trello.state.work import load_open_work, open_ids


def known_of(store: Store, mapping: Mapping, side: SideName) -> Known:
    """What a side is told before it is read."""
    names = {prop.trello: prop.name for prop in mapping.properties}
    number = mapping.link_keys[0].properties[0] if mapping.trello.entity == "action" else ""
    address = names.get("email", "") if mapping.trello.entity == "member" else ""
    shown = (number or address) if side == TRELLO else ""
    membership = mapping.memberships if shown and address else ()
    with store.read() as tx:
        links = load_links(tx, mapping.pair, (shown, *membership)) if shown else link_ids(tx, mapping.pair)
        bases = links[f"t.{shown}"].dropna() if shown else pd.Series(dtype="str")
        return Known(
            ids=frozenset(links[f"{side}_id"]),
            open_ids=open_ids(tx, mapping.pair, side) | asked_ids(tx, mapping.pair, side),
            invitations=_invitations(tx),
            workspace_customer=_workspace_customer(tx, mapping),
            staff_members=_staff_members(tx, mapping),
            consumed_sources=consumed_sources(tx, mapping.pair) | replaced_ids(tx, mapping.pair),
            numbers=frozenset(bases) if number else frozenset(),
            addresses=_bearers(bases, links["trello_id"]) if address else {},
            out=frozenset(id_ for name in membership for id_ in links.loc[links[f"t.{name}"].eq(NONE), "trello_id"]),
        )


def _bearers(texts: pd.Series, ids: pd.Series) -> dict[str, set[str]]:
    shown = texts[texts.ne("")].str.casefold()
    found: dict[str, set[str]] = {}
    for text, record in zip(shown, ids.loc[shown.index], strict=True):
        found.setdefault(text, set()).add(record)
    return found


def _invitations(tx: Transaction) -> pd.DataFrame:
    found = load_invitations(tx)
    return found.assign(joined=found["status"].eq(JOINED))


def past_of(store: Store, mapping: Mapping, *, links: bool = True) -> Past:
    """What reconcile is told; without the *links* if they are too many to be told at once."""
    with store.read() as tx:
        manual = [*conflicts(tx, mapping.pair, status=OPEN), *answers(tx, mapping.pair)]
        marks = load_watermarks(tx, mapping.pair)
        return Past(
            links=load_links(tx, mapping.pair, mapping.names, customerp_ids=None if links else ()),
            tombstones=load_tombstones(tx, mapping.pair)[["side", "deleted_id", "surviving_id"]],
            held=_held(tx, mapping.pair),
            manual=_frame(manual, ("property", "answer", "reason", *SIDES)),
            decided=_frame(standing_decisions(tx, mapping.pair), ("property", "winner", "reason", *VALUES)),
            last_read={side: marks[side].read_at for side in SIDES if side in marks},
        )


def _frame(found: list[Conflict], names: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame({"link": pd.Series([one.link for one in found], dtype="int64")})
    for name in names:
        frame[name] = pd.Series([getattr(one, name) for one in found], dtype="str")
    return frame


def _held(tx: Transaction, pair: str) -> pd.DataFrame:
    """Records that must not be written now: not due after a failure, or with a write whose outcome is not known."""
    work = load_open_work(tx, pair)
    resting = work[work["next_try_at"].notna() & (work["next_try_at"] > tx.now)]
    rows = [resting[["side", "record_id", "reason"]]]
    for intent in open_intents(tx, pair, statuses=(INTENT_OPEN, INTENT_PLANNED)):
        ids = {CUSTOMERP: intent.customerp_id, TRELLO: intent.trello_id or intent.source}
        reason = f"a {intent.operation} in {intent.side} was interrupted; its outcome is looked up first"
        found = [{"side": side, "record_id": ids[side], "reason": reason} for side in SIDES if ids[side]]
        rows.append(pd.DataFrame(found))
    return pd.concat(rows, ignore_index=True).astype("str")


def _workspace_customer(tx: Transaction, mapping: Mapping) -> dict[str, str]:
    """Workspace -> customer, from the links of the pairs of workspaces that this one builds on."""
    result: dict[str, str] = {}
    for pair in mapping.after:
        if load_pair(pair).trello.entity != "organization":
            continue  # its ids are of other tables, in which the same numbers are somebody else
        links = link_ids(tx, pair)
        result |= dict(zip(links["trello_id"], links["customerp_id"], strict=True))
    return result


def _staff_members(tx: Transaction, mapping: Mapping) -> frozenset[str]:
    """Members that are or were staff: linked or tombstoned in one of the pairs that the scope names."""
    members: set[str] = set()
    for pair in mapping.trello.scope.staff_pairs:
        members |= set(link_ids(tx, pair)["trello_id"])
        stones = load_tombstones(tx, pair)
        members |= set(stones.loc[stones["side"] == TRELLO, "deleted_id"])
        members |= set(stones.loc[stones["side"].isin((CUSTOMERP, BOTH)), "surviving_id"])
    return frozenset(members)
