"""The plan's changes that move our own state and nothing else, applied in bulk under the run's fence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import structlog

from customerp_trello.errors import RecordError
from customerp_trello.flow.change_log import ChangeLog
from customerp_trello.flow.outcome import change_key, lines_of, link_of
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.mapping.model import SideName, other
from customerp_trello.reconcile.compare import NOTED
from customerp_trello.reconcile.known import APART, BOTH
from customerp_trello.reconcile.plan import (
    ADOPT,
    CONFLICT,
    LINK,
    NOT_WRITABLE,
    RELINK,
    SIDES,
    SUSPENDED,
    UNLINK,
    Change,
    changes,
)
from customerp_trello.reconcile.undo import UNDO
from customerp_trello.state.bases import Settlement, settle_many
from customerp_trello.state.conflicts import (
    ANSWERED,
    OPEN,
    SETTLED,
    Conflict,
    conflicts,
    record_conflict,
    settle_conflicts,
)
from customerp_trello.state.history import Entry, append_history, history_of_run
from customerp_trello.state.lease import Fence
from customerp_trello.state.links import NewLink, add_links, link_ids, relink, resume, suspend, unlink
from customerp_trello.state.tombstones import REPLACED, bury, lift, load_tombstones
from customerp_trello.state.transaction import Transaction, chunks
from customerp_trello.state.work import NEW_IN_TRELLO, SURVIVES, TAKEN_APART, Work, note_work

log = structlog.get_logger("customerp_trello")

BATCH = 500
_LINE = ("change_key", "operation", "link", "property", "before", "after", "cause", "winner")
"""What tells two lines of one run apart."""


def apply_state(run: PairRun, plan: pd.DataFrame, fence: Fence) -> None:
    """Apply relinks, links, adoptions, unlinks, standing marks, suspensions and conflicts; repeating it is harmless."""
    journal = _Journal.of(run)
    _each(journal, plan, fence, (RELINK,), _relink)
    _links(journal, plan, fence)
    _each(journal, plan, fence, (ADOPT,), _adopt)
    _each(journal, plan, fence, (UNLINK,), _unlink)
    for side in SIDES:
        _each(journal, plan, fence, (NOT_WRITABLE,), _not_writable, side)
        _each(journal, plan, fence, (SUSPENDED,), _suspend, side)
    _each(journal, plan, fence, (CONFLICT,), _Conflicts(run))
    _settled_elsewhere(run, plan, fence)


@dataclass(frozen=True)
class _Journal:
    """A run and the lines of its history that an earlier attempt has written: they are not written once more."""

    run: PairRun
    told: frozenset[tuple[Any, ...]]

    @classmethod
    def of(cls, run: PairRun) -> _Journal:
        with run.store.read() as tx:
            lines = history_of_run(tx, run.id)
        columns = [lines[name].astype("object").where(lines[name].notna(), None) for name in _LINE]
        return cls(run, frozenset(zip(*columns, strict=True)))

    def append(self, tx: Transaction, lines: list[Entry]) -> None:
        """Write lines that the run's history does not have."""
        news = [one for one in lines if tuple(getattr(one, name) for name in _LINE) not in self.told]
        if news:
            append_history(tx, self.run.pair, self.run.id, news)


def _each(
    journal: _Journal,
    plan: pd.DataFrame,
    fence: Fence,
    operations: tuple[str, ...],
    apply: Callable[[Transaction, _Journal, Change], None],
    side: str = "",
) -> None:
    lines = ChangeLog(journal.run.mapping)
    for part in chunks(list(changes(plan, side, operations)), BATCH):
        done = []
        with journal.run.begin(fence) as tx:
            for change in part:
                try:
                    apply(tx, journal, change)
                except RecordError as error:  # raised before anything is written of the change
                    _left(change, str(error))
                else:
                    done.append(change)
        for change in done:
            if change.customerp_id and change.trello_id:  # what is not linked is open work, not news in every run
                lines.noted(change)


def _left(change: Change, why: str) -> None:
    """An interrupted write that was looked up since the plan was made may have linked one of the two records."""
    ends = {"customerp": change.customerp_id, "trello": change.trello_id}
    log.warning("left to the next run", operation=change.operation, reason=why, **ends)


def _relink(tx: Transaction, journal: _Journal, change: Change) -> None:
    relink(tx, change.link, "customerp", change.customerp_id, run=journal.run.id)
    relink(tx, change.link, "trello", change.trello_id, run=journal.run.id)
    journal.append(tx, lines_of(change, change.link))


def _links(journal: _Journal, plan: pd.DataFrame, fence: Fence) -> None:
    run = journal.run
    everything = list(changes(plan, "", (LINK,)))
    if not everything:
        return
    with run.store.read() as tx:
        standing = link_ids(tx, run.pair)
        stones = load_tombstones(tx, run.pair)
    bound = set(zip(standing["customerp_id"], standing["trello_id"], strict=True))
    taken = {side: set(standing[f"{side}_id"]) for side in SIDES}
    new = [c for c in everything if c.link < 0 and (c.customerp_id, c.trello_id) not in bound]
    free = []
    for change in new:
        if change.customerp_id in taken["customerp"] or change.trello_id in taken["trello"]:
            _left(change, "one of the two records is in another link by now")
        else:
            free.append(change)
    lines = ChangeLog(run.mapping)
    for part in chunks(free, BATCH):
        with run.begin(fence) as tx:
            numbers = add_links(tx, run.pair, [NewLink(c.customerp_id, c.trello_id) for c in part], run=run.id)
            for change, number in zip(part, numbers, strict=True):
                journal.append(tx, lines_of(change, number))
                lines.noted(change)
            reborn = {c.customerp_id for c in part} | {c.trello_id for c in part}
            hit = stones["deleted_id"].isin(reborn) | stones["surviving_id"].isin(reborn) & stones["side"].ne(REPLACED)
            lift(tx, [int(i) for i in stones.loc[hit, "id"]], "linked again")
    with run.begin(fence) as tx:
        back = [c for c in everything if c.link >= 0]
        resume(tx, [c.link for c in back], run=run.id)
        for change in back:  # here, since the next run sees an ordinary link, however this one ends
            note_work(tx, run.pair, Work("customerp", change.customerp_id, "waiting", NEW_IN_TRELLO))


def _adopt(tx: Transaction, journal: _Journal, change: Change) -> None:
    link = link_of(tx, journal.run.pair, change)
    marks: dict[str, str | None] = {
        row["property"]: (None if row["cause"] in ("equal", NOTED) else row["cause"])
        for row in change.rows.to_dict("records")
    }
    _settle_as_read(tx, journal.run, change, link, marks)
    journal.append(tx, lines_of(change, link))


def _not_writable(tx: Transaction, journal: _Journal, change: Change) -> None:
    if not change.customerp_id or not change.trello_id:
        return  # not linked: shown as open work
    link = link_of(tx, journal.run.pair, change)
    marks: dict[str, str | None] = dict.fromkeys(change.values, f"{NOT_WRITABLE}:{change.side}")
    _settle_as_read(tx, journal.run, change, link, marks)
    journal.append(tx, lines_of(change, link))


def _settle_as_read(tx: Transaction, run: PairRun, change: Change, link: int, marks: dict[str, str | None]) -> None:
    read = {side: {p: v for p, v in change.column(side).items() if v is not None} for side in SIDES}
    settle_many(tx, [Settlement(link, read["customerp"], read["trello"], marks)], run=run.id)


def _unlink(tx: Transaction, journal: _Journal, change: Change) -> None:
    if unlink(tx, [change.link]):
        _bury(tx, journal.run, change)
        journal.append(tx, lines_of(change, change.link))


def _bury(tx: Transaction, run: PairRun, change: Change) -> None:
    keys = {"key": change.key}
    if change.cause == UNDO:
        bury(tx, run.pair, APART, change.customerp_id, change.trello_id, keys=keys, run=run.id)
        note_work(tx, run.pair, Work("customerp", change.customerp_id, "waiting", TAKEN_APART))
        return
    if change.cause == "gone_on_both":
        bury(tx, run.pair, BOTH, change.customerp_id, change.trello_id, keys=keys, run=run.id)
        return
    gone: SideName = "trello" if change.cause == "gone_in_trello" else "customerp"
    ids = {"customerp": change.customerp_id, "trello": change.trello_id}
    bury(tx, run.pair, gone, ids[gone], ids[other(gone)], keys=keys, run=run.id)
    if gone == "trello":
        note_work(tx, run.pair, Work("customerp", change.customerp_id, "waiting", SURVIVES))


def _suspend(tx: Transaction, journal: _Journal, change: Change) -> None:
    away: SideName = "customerp" if change.side == "customerp" else "trello"
    if suspend(tx, [change.link], change.detail, away=away, run=journal.run.id):
        journal.append(tx, lines_of(change, change.link))


class _Conflicts:
    """Records conflicts; a question that stands already is brought up to date and is no news."""

    def __init__(self, run: PairRun) -> None:
        with run.store.read() as tx:
            self.asked = {(one.link, one.property) for one in conflicts(tx, run.pair, status=OPEN)}

    def __call__(self, tx: Transaction, journal: _Journal, change: Change) -> None:
        run = journal.run
        link = link_of(tx, run.pair, change)
        for row in change.rows.to_dict("records"):
            base, now = ({side: _text(row[f"{prefix}{side}"]) for side in SIDES} for prefix in ("base_", ""))
            name, winner = row["property"], row["winner"]
            found = Conflict(
                link,
                name,
                base["customerp"],
                base["trello"],
                now["customerp"],
                now["trello"],
                winner,
                row["cause"],
                SETTLED if winner else OPEN,
            )
            record_conflict(tx, run.pair, run.id, found)
            if winner or (link, name) not in self.asked:
                journal.append(tx, [_line(change, found)])


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _line(change: Change, found: Conflict) -> Entry:
    return Entry(
        "",
        CONFLICT,
        change_key(change),
        change.customerp_id,
        change.trello_id,
        found.property,
        before=found.customerp,
        after=found.trello,
        link=found.link,
        cause=found.reason,
        winner=found.winner,
    )


def _settled_elsewhere(run: PairRun, plan: pd.DataFrame, fence: Fence) -> None:
    """Close questions whose sides agree by now, whose answer asks for nothing that may be written, or that are moot.

    Moot is what asks about a property that the mapping does not have any more: nobody will ever compare it.
    """
    agreed = plan[plan["operation"].isin((ADOPT, NOT_WRITABLE))]
    pairs = set(zip(agreed["link"], agreed["property"], strict=True))
    with run.store.read() as tx:
        asked = [*conflicts(tx, run.pair, status=OPEN), *conflicts(tx, run.pair, status=ANSWERED)]
    names = frozenset(run.mapping.names)
    over = [one.id for one in asked if (one.link, one.property) in pairs or one.property not in names]
    if over:
        with run.begin(fence) as tx:
            settle_conflicts(tx, over)
