"""What a person does to records outside a run: try again, link, unlink, let find each other again.

What moves a link is done under the pair's lease, so that no run decides or writes meanwhile (contract, section 7).
Each act is a line of the record's history with its author; it belongs to no run, and the guard does not count it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import or_, select, update

from customerp_trello.errors import RecordError, RecordMissing
from customerp_trello.state import lease
from customerp_trello.state.history import BY_HAND, Entry, append_history
from customerp_trello.state.intents import OPEN, PLANNED
from customerp_trello.state.lease import Holder
from customerp_trello.state.links import NewLink, add_link, unlink
from customerp_trello.state.records import Apart, get_apart, get_link, get_open_work
from customerp_trello.state.runs import new_run_id
from customerp_trello.state.store import Store
from customerp_trello.state.tables import CUSTOMERP, TRELLO, intent, open_work, tombstone
from customerp_trello.state.tombstones import APART, REPLACED, bury, lift
from customerp_trello.state.transaction import Transaction
from customerp_trello.state.work import NEW_IN_TRELLO, TAKEN_APART, Work, clear_work, note_work

RETRY, LINK, UNLINK, REJOIN, RENEW = "retry", "link", "unlink", "rejoin", "renew"
_MOMENT = 60.0
"""Seconds that the lease would outlive a web server that dies in the middle."""
_LONGEST_RUN = timedelta(hours=6)
"""As long as the next run waits for its turn."""


class Busy(RecordError):
    """A run has the pair now; nothing was done.

    Attributes:
        holder: which one, since when.
    """

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{holder}. Nothing was done; try again when it has ended.")
        self.holder = holder


@contextmanager
def _alone(store: Store, pair: str) -> Iterator[Transaction]:
    """A writing transaction while no run has the pair.

    A lease that has expired is for another run to take, not for us: its run may be reading, and would lose all of it.

    Raises:
        Busy: one has.
    """
    who = new_run_id()
    found = lease.under_way(store, pair, _LONGEST_RUN) or lease.acquire(store, pair, who, _MOMENT)
    if isinstance(found, Holder):
        raise Busy(found)
    try:
        with store.begin(found) as tx:
            yield tx
    finally:
        lease.release(store, pair, who)


def retry(tx: Transaction, pair: str, work_id: int, by: str) -> None:
    """Let the next run try a record again, however often it has failed; safe beside a run.

    Raises:
        RecordMissing: it is done by now.
    """
    found = get_open_work(tx, pair, work_id)
    if found is None:
        raise RecordMissing(f"{pair}: this is not open any more. Reload the page.")
    tx.execute(update(open_work).where(open_work.c.id == work_id).values(next_try_at=None))
    customerp_id, trello_id = (found.record_id if found.side == side else "" for side in (CUSTOMERP, TRELLO))
    cause = f"{found.kind}: {found.reason}"
    _note(tx, pair, RETRY, cause, by, customerp_id=customerp_id, trello_id=trello_id)


def link_by_hand(store: Store, pair: str, customerp_id: str, trello_id: str, by: str) -> int:
    """Bind two records; the next run compares them as a first link (contract, section 3).

    Returns:
        The link's number.

    Raises:
        Busy: a run has the pair.
        RecordError: one of them is linked already, or an interrupted write of theirs has to be looked up first.
    """
    with _alone(store, pair) as tx:
        _refuse_interrupted(tx, pair, customerp_id, trello_id)
        number = add_link(tx, pair, NewLink(customerp_id, trello_id), run=BY_HAND)
        t = tombstone.c
        survives = t.surviving_id.in_((customerp_id, trello_id)) & (t.side != REPLACED)
        mine = or_(t.deleted_id.in_((customerp_id, trello_id)), survives)
        stones = tx.execute(select(t.id).where(t.pair == pair, t.lifted_at.is_(None), mine)).scalars().all()
        lift(tx, stones, f"linked by {by}")
        clear_work(tx, pair, "customerp", customerp_id)
        clear_work(tx, pair, "trello", trello_id)
        note_work(tx, pair, Work("customerp", customerp_id, "waiting", NEW_IN_TRELLO))
        _note(tx, pair, LINK, "by hand", by, customerp_id=customerp_id, trello_id=trello_id, link=number)
    return number


def unlink_by_hand(store: Store, pair: str, link_id: int, by: str, *, seen: tuple[str, str] | None = None) -> None:
    """End a link; both records stay, and nothing links or creates them across again until a person says so.

    Args:
        store: the state.
        pair: the pair.
        link_id: the link.
        by: who ends it.
        seen: the ids in CustomERP and in Trello that the person saw; a link keeps its number when a record changes.

    Raises:
        Busy: a run has the pair.
        RecordMissing: there is no such link (any more).
        RecordError: it binds other records by now, or an interrupted write of theirs has to be looked up first.
    """
    with _alone(store, pair) as tx:
        found = get_link(tx, pair, link_id)
        if found is None:
            raise RecordMissing(f"{pair}: there is no link {link_id} (any more). Reload the page.")
        if seen not in (None, (found.customerp_id, found.trello_id)):
            raise RecordError("Nothing was ended: the link binds other records by now. Reload the page and look again.")
        ids = {"customerp_id": found.customerp_id, "trello_id": found.trello_id}
        _refuse_interrupted(tx, pair, found.customerp_id, found.trello_id)
        unlink(tx, [link_id])
        bury(tx, pair, APART, found.customerp_id, found.trello_id, keys={}, run=BY_HAND)
        clear_work(tx, pair, "customerp", found.customerp_id)
        clear_work(tx, pair, "trello", found.trello_id)
        note_work(tx, pair, Work("customerp", found.customerp_id, "waiting", TAKEN_APART))
        _note(tx, pair, UNLINK, "by hand", by, link=link_id, **ids)


def rejoin(tx: Transaction, pair: str, tombstone_id: int, by: str) -> Apart:
    """Let two records that were taken apart find each other again, or let a survivor count as new (section 5).

    A survivor may be linked by its keys, or be made anew on the side where its counterpart was deleted, as the mapping
    says of records without a link. Safe beside a run, which looks at it once.

    Returns:
        What kept them apart.

    Raises:
        RecordMissing: it has been done already.
    """
    found = get_apart(tx, pair, tombstone_id)
    if found is None or not lift(tx, [tombstone_id], f"by {by}"):
        raise RecordMissing(f"{pair}: these records are not kept apart (any more). Reload the page.")
    if found.side != CUSTOMERP:  # what survived in Trello is read in every run
        may = "find its counterpart again" if found.side == APART else "count as new"
        note_work(tx, pair, Work(CUSTOMERP, found.customerp_id, "waiting", f"a person lets it {may}"))
    said = REJOIN if found.side == APART else RENEW
    _note(tx, pair, said, "by hand", by, customerp_id=found.customerp_id, trello_id=found.trello_id)
    return found


def _refuse_interrupted(tx: Transaction, pair: str, customerp_id: str, trello_id: str) -> None:
    c = intent.c
    about = or_(c.customerp_id == customerp_id, c.trello_id == trello_id, c.source.in_((customerp_id, trello_id)))
    if tx.execute(select(c.id).where(c.pair == pair, c.status.in_((OPEN, PLANNED)), about)).first():
        raise RecordError(
            f"{pair}: a write of CustomERP {customerp_id} or Trello {trello_id} was interrupted; the next run looks up "
            "what became of it. Start a run, then try again."
        )


def _note(
    tx: Transaction,
    pair: str,
    operation: str,
    cause: str,
    by: str,
    *,
    customerp_id: str,
    trello_id: str,
    link: int | None = None,
) -> None:
    said = Entry("", operation, f"{operation} by hand", customerp_id, trello_id, link=link, cause=cause, actor=by)
    append_history(tx, pair, BY_HAND, [said])
