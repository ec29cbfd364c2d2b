"""What a write brought about, written down in one transaction: intent, link, base, history (contract, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from customerp_trello.mapping.frame import MODIFIED_AT, Record
from customerp_trello.mapping.model import SideName, other
from customerp_trello.reconcile.known import BOTH
from customerp_trello.reconcile.plan import CREATE, CUSTOMERP, MOVE, NOT_WRITABLE, Change
from customerp_trello.reconcile.undo import UNDO
from customerp_trello.sides.base import AUTHOR, INCLUDED, NOT_TAKEN, UNSEEN
from customerp_trello.sides.trello_invitation import INVITED, Invitation
from customerp_trello.state.bases import settle
from customerp_trello.state.conflicts import (
    ANSWERED,
    OPEN,
    OVERWRITTEN,
    SETTLED,
    Conflict,
    conflicts,
    record_conflict,
    settle_conflicts,
)
from customerp_trello.state.history import Entry, append_history
from customerp_trello.state.intents import DONE, Intent, close_intent, plan_intent
from customerp_trello.state.invitations import remember_invitation
from customerp_trello.state.links import NewLink, add_link, find_link, note_included, relink, unlink
from customerp_trello.state.tombstones import REPLACED, bury, lift_deleted
from customerp_trello.state.transaction import Transaction
from customerp_trello.state.work import clear_work

NORMALISED = "normalised"
UNDONE = "undone"
RESTORE = "restore"


@dataclass(frozen=True)
class Write:
    """One write, whether it comes from a plan or from the journal of an interrupted run.

    Attributes:
        side: where it writes.
        operation: create, restore, update, undo, move, delete.
        change_key: names it within its run.
        customerp_id, trello_id: the records, empty where not there yet.
        link: the link, -1 if it is to be found by the ids.
        key: the display key.
        sent: property -> value to write.
        source: property -> value on the other side.
        before: property -> value of the target as read.
        causes, winners, actors: property -> why, who won a conflict, and who made the edit where that is known.
        not_taken: properties of *sent* that the target's answer says it could not take.
        replaced: of a create whose source one of ours will replace: property -> value of the source, as read just
            before; it is the journal's "before".
    """

    side: SideName
    operation: str
    change_key: str
    customerp_id: str
    trello_id: str
    link: int = -1
    key: str = ""
    sent: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, str | None] = field(default_factory=dict)
    before: Mapping[str, str | None] = field(default_factory=dict)
    causes: Mapping[str, str] = field(default_factory=dict)
    winners: Mapping[str, str] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)
    not_taken: tuple[str, ...] = ()
    replaced: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def target_id(self) -> str:
        """Id of the record that is written."""
        return self.customerp_id if self.side == CUSTOMERP else self.trello_id

    @property
    def source_id(self) -> str:
        """Id of its counterpart."""
        return self.trello_id if self.side == CUSTOMERP else self.customerp_id

    def with_values(self, values: Mapping[str, str], cause: str) -> Write:
        """The write of values that are read only now."""
        return replace(self, sent=values, source=values, causes=dict.fromkeys(values, cause))

    def answered_by(self, answer: Record) -> Write:
        """The write with the id that the target's answer gave, and what it could not take."""
        not_taken = tuple(name for name in answer.meta.get(NOT_TAKEN, ()) if name in self.sent)
        if self.side == CUSTOMERP:
            return replace(self, customerp_id=answer.id, not_taken=not_taken)
        return replace(self, trello_id=answer.id, not_taken=not_taken)

    def intent(self, pair: str, run: str) -> Intent:
        """The journal's row for it."""
        return Intent(
            pair,
            run,
            self.side,
            self.operation,
            self.change_key,
            self.customerp_id,
            self.trello_id,
            before=dict(self.replaced or self.before),
            after=dict(self.sent),
        )


def change_key(change: Change) -> str:
    """Names a change within its plan, the same in every attempt."""
    return f"{change.number}.{change.side}.{change.operation}"


def write_of(change: Change, values: Mapping[str, str] | None = None) -> Write:
    """The write that a change calls for, confined to *values* where some have moved meanwhile."""
    sent = change.values if values is None else dict(values)
    side: SideName = "customerp" if change.side == CUSTOMERP else "trello"
    properties = change.rows["property"].tolist()

    def told(column: str) -> dict[str, str]:
        pairs = zip(properties, change.rows[column].tolist(), strict=True)
        return {name: text for name, text in pairs if not name or name in sent}

    return Write(
        side,
        _operation(change),
        change_key(change),
        change.customerp_id,
        change.trello_id,
        change.link,
        change.key,
        sent,
        change.column(other(side)),
        change.column("before"),
        told("cause"),
        told("winner"),
        told("actor"),
    )


def _operation(change: Change) -> str:
    """What the write is called in journal and history, where that is more than the plan's word says."""
    if change.cause == UNDO:
        return UNDO
    if change.detail.startswith(AUTHOR):
        return MOVE
    return RESTORE if change.detail == RESTORE else change.operation


def write_again(intent: Intent) -> Write:
    """The write that an interrupted run had begun."""
    sent = {name: text for name, text in (intent.after or {}).items() if text is not None}
    created = intent.operation == CREATE
    return Write(
        intent.side,
        intent.operation,
        intent.change_key,
        intent.customerp_id,
        intent.trello_id,
        sent=sent,
        source=sent,
        before={} if created else intent.before or {},
        causes=dict.fromkeys(sent, "recovered"),
        replaced=intent.before or {} if created else {},
    )


def written_at(record: Record) -> str:
    """The modification time that a write left, as the text that reconcile compares; empty if the system has none."""
    at = record.meta.get(MODIFIED_AT)
    if at is None or pd.isna(at):
        return ""
    return pd.Timestamp(at).tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def who(change: Change | Write) -> tuple[SideName, str]:
    """The record by which a change's open work is named: CustomERP's if there is one, since it is read by id."""
    return ("customerp", change.customerp_id) if change.customerp_id else ("trello", change.trello_id)


def link_of(tx: Transaction, pair: str, change: Change | Write) -> int:
    """The change's link: the one that it names, or the one that binds its records by now."""
    return change.link if change.link >= 0 else find_link(tx, pair, change.customerp_id, change.trello_id)


def _well(tx: Transaction, pair: str, write: Write, link: int | None) -> None:
    """What stood open about the record here is over: earlier failures, and the answers that this write applies."""
    clear_work(tx, pair, *who(write), kinds=("quarantined", "waiting", "deferred"), of=write.side)
    if link is not None:
        answered = conflicts(tx, pair, status=ANSWERED)
        ids = [one.id for one in answered if one.link == link and one.property in write.sent]
        settle_conflicts(tx, ids, winner=other(write.side))


def record_written(tx: Transaction, pair: str, run: str, intent: int, write: Write, answer: Record) -> None:
    """A write has been answered: link, base, invitation, history and the journal follow."""
    before, write = write, write.answered_by(answer)
    if write.operation == "create":
        link = _new_link(tx, pair, run, write, answer)
    else:
        link = link_of(tx, pair, before)
        relink(tx, link, write.side, answer.id, run=run)
        if write.operation == MOVE and before.target_id != answer.id:
            bury(tx, pair, REPLACED, before.target_id, answer.id, keys={}, run=run)
        written: dict[str, Any] = {f"written_{write.side}": written_at(answer)}
        settle(tx, link, run=run, **_bases(write, answer), **written)
        if INCLUDED in answer.meta:
            note_included(tx, link, answer.meta[INCLUDED])
        if write.operation == UNDO:
            _hold_undone(tx, pair, run, link, write, answer)
    close_intent(tx, intent, DONE, customerp_id=write.customerp_id, trello_id=write.trello_id)
    append_history(tx, pair, run, _entries(write, answer, link))
    _well(tx, pair, before, link)
    _remember(tx, pair, run, answer)
    _note_overwritten(tx, pair, run, link, write, answer)


def record_deleted(tx: Transaction, pair: str, run: str, intent: int, write: Write, *, for_good: bool) -> None:
    """A delete (*for_good*) or deactivation has been answered: no link, but a tombstone of whoever is gone."""
    link = link_of(tx, pair, write)
    unlink(tx, [link])
    if for_good:
        bury(tx, pair, BOTH, write.customerp_id, write.trello_id, keys={"key": write.key}, run=run)
    else:
        bury(tx, pair, other(write.side), write.source_id, write.target_id, keys={"key": write.key}, run=run)
    close_intent(tx, intent, DONE)
    append_history(tx, pair, run, _entries(write, None, link))
    _well(tx, pair, write, None)


def record_first_half(tx: Transaction, pair: str, run: str, intent: int, write: Write, answer: Record) -> None:
    """A record was created whose source is to be replaced by a record of ours: the second write is planned with it."""
    done = write.answered_by(answer)
    close_intent(tx, intent, DONE, customerp_id=done.customerp_id, trello_id="")
    append_history(tx, pair, run, _entries(done, answer, None))
    _well(tx, pair, write, None)
    second = Intent(
        pair,
        run,
        other(write.side),
        "create",
        f"{write.change_key}.second",
        customerp_id=answer.id if write.side == CUSTOMERP else "",
        trello_id="" if write.side == CUSTOMERP else answer.id,
        before=write.replaced,
        source=write.source_id,
        outcome=answer.values,
    )
    plan_intent(tx, second)


def _new_link(tx: Transaction, pair: str, run: str, write: Write, answer: Record) -> int:
    # What the new record does not show yet (a pending member's profile) has no base: it is a first link later.
    shown = {name: text for name, text in write.sent.items() if answer.values.get(name) is not None}
    found = _bases(replace(write, sent=shown), answer)
    marks = {name: cause for name, cause in found["marks"].items() if cause}
    for name, text in write.source.items():
        made = answer.values.get(name)
        if name not in write.sent and text is not None and made is not None:
            found[other(write.side)][name], found[write.side][name] = text, made
            marks[name] = f"{NOT_WRITABLE}:{write.side}"
    included = answer.meta.get(INCLUDED, "")
    new = NewLink(write.customerp_id, write.trello_id, found["customerp"], found["trello"], marks, included=included)
    written: dict[str, Any] = {f"written_{write.side}": written_at(answer)}
    # Whoever was deleted and counts as new is not waited for once more by the tombstone.
    lift_deleted(tx, pair, other(write.side), write.source_id, "it counts as new")
    return add_link(tx, pair, replace(new, **written), run=run)


def _bases(write: Write, answer: Record) -> dict[str, Any]:
    """The bases that a write moves: what was sent, and what the target made of it.

    Only properties of this write move, and only from its own answer; where that shows nothing, what was sent counts.
    What the target could not take moves the other side's base alone, and is written once it can be.
    """
    made, ours = {}, {}
    for name, sent in write.sent.items():
        answered, source = answer.values.get(name), write.source.get(name)
        made[name] = sent if answered is None else answered
        ours[name] = sent if source is None else source
    if write.operation == UNDO:
        # The other side was not asked: its base stays, and a person says which value shall be on both.
        return {write.side: made, "marks": dict.fromkeys(made, UNDONE)}
    marks = {name: NORMALISED if made[name] != ours[name] else None for name in write.sent}
    for name in made.keys() & set(write.not_taken):
        marks[name] = f"{NOT_WRITABLE}:{write.side}"
        if answer.meta[NOT_TAKEN][name] is None:
            del made[name]
    return {write.side: made, other(write.side): ours, "marks": marks}


def _entries(write: Write, answer: Record | None, link: int | None) -> list[Entry]:
    """One history line per property of a write, one for the whole record where it has none."""
    names = list(write.sent) or [""]
    shown = answer.values if answer is not None else {}
    return [
        Entry(
            write.side,
            NOT_WRITABLE if name in write.not_taken else write.operation,
            write.change_key,
            write.customerp_id,
            write.trello_id,
            name,
            before=write.before.get(name),
            after=write.sent.get(name) if shown.get(name) is None or name in write.not_taken else shown.get(name),
            link=link,
            cause=write.causes.get(name) or write.causes.get("", ""),
            winner=write.winners.get(name, ""),
            actor=write.actors.get(name, ""),
        )
        for name in names
    ]


def _remember(tx: Transaction, pair: str, run: str, answer: Record) -> None:
    """Remember which address an invitation went to: Trello never shows it again."""
    invited: Invitation | None = answer.meta.get(INVITED)
    if invited:
        ids = invited.email, invited.workspace_id, invited.member_id
        remember_invitation(tx, pair, *ids, run=run, full_name=invited.full_name)


def _hold_undone(tx: Transaction, pair: str, run: str, link: int, write: Write, answer: Record) -> None:
    """Hold undone properties as conflicts: neither applied again nor spread until a person answers."""
    for name, sent in write.sent.items():
        shown = answer.values.get(name)
        now = {write.side: sent if shown is None else shown, other(write.side): write.source.get(name)}
        asked = Conflict(link, name, None, None, now["customerp"], now["trello"], reason=UNDONE, status=OPEN)
        record_conflict(tx, pair, run, asked)


def _note_overwritten(tx: Transaction, pair: str, run: str, link: int, write: Write, answer: Record) -> None:
    """Record what our write replaced without our having read it (contract, section 7, lost updates)."""
    lost: dict[str, str] = answer.meta.get(UNSEEN) or {}
    for name, text in lost.items():
        ours = {write.side: text, other(write.side): write.sent.get(name)}
        found = Conflict(
            link,
            name,
            None,
            None,
            ours["customerp"],
            ours["trello"],
            winner=other(write.side),
            reason=OVERWRITTEN,
            status=SETTLED,
        )
        record_conflict(tx, pair, run, found)


def lines_of(change: Change, link: int | None) -> list[Entry]:
    """History of a change that wrote to neither system: one line per property, with both sides' values."""
    return [
        Entry(
            change.side,
            change.operation,
            change_key(change),
            change.customerp_id,
            change.trello_id,
            row["property"],
            before=None if pd.isna(row["before"]) else row["before"],
            after=None if pd.isna(row["after"]) else row["after"],
            link=link,
            cause=row["cause"],
            winner=row["winner"],
            actor=row["actor"],
        )
        for row in change.rows.to_dict("records")
    ]
