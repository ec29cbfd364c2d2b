"""The end of a run that went through: open work, watermarks and the plan's status, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from customerp_trello.flow.artifacts import Listing, read_frame, read_listing
from customerp_trello.flow.extract import MANY_OPEN, OVERLAP
from customerp_trello.flow.form import APPLY_PLAN
from customerp_trello.flow.outcome import RESTORE
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.flow.restrict import links_only
from customerp_trello.mapping.model import SIDES, Mapping, SideName
from customerp_trello.reconcile.plan import ADOPT, CONFLICT, CREATE, NOT_WRITABLE, QUARANTINE, TRELLO, UPDATE, WAITING
from customerp_trello.state.intents import OPEN, PLANNED, open_intents
from customerp_trello.state.invitations import note_joined
from customerp_trello.state.lease import Fence
from customerp_trello.state.links import link_ids, made_by
from customerp_trello.state.plans import APPLIED, APPROVED, HELD, REFUSED, plans, seen_plan, set_plan_status
from customerp_trello.state.runs import Watermark, get_run, load_watermarks, save_watermark
from customerp_trello.state.transaction import Transaction
from customerp_trello.state.work import FOUND, NEW_IN_TRELLO, Work, load_open_work, replace_open_work


def finish(run: PairRun, fence: Fence) -> None:
    """Write down what the run leaves open and up to where it has read.

    A partial run (keys, window, limit) proves nothing about the rest, so it moves no watermark. Nor does a re-link
    whose writes are held: the next run has everything before it.
    """
    if links_only(run):
        return
    plan = read_frame(run.folder, "plan")
    listings = {side: read_listing(run.folder, side) for side in SIDES}
    with run.begin(fence) as tx:
        if not run.form.partial:
            work = load_open_work(tx, run.pair)
            unread = listings["customerp"].facts.get("unread", ())
            standing = list(_standing(work, run.row.started_at, plan, unread))
            known = {(one.side, one.record_id) for one in standing}
            interrupted = [one for one in _interrupted(tx, run.pair) if (one.side, one.record_id) not in known]
            joined = listings["trello"].facts.get("joined")
            news = _news(tx, run, joined) | _in_sight_again(run.mapping, plan)
            few = len(news) <= MANY_OPEN
            first = [Work("customerp", record, WAITING, NEW_IN_TRELLO) for record in sorted(news) if few]
            replace_open_work(tx, run.pair, [*first, *_open(plan), *standing, *interrupted])
            marks = load_watermarks(tx, run.pair)
            note_joined(tx, joined or ())
            for side in SIDES:
                mark = _mark(run, listings[side], marks.get(side))
                again = side == "customerp" and not few
                save_watermark(tx, run.pair, side, replace(mark, complete_at=None) if again else mark)
        _close_plans(tx, run)
        set_plan_status(tx, run.id, APPLIED)


def _close_plans(tx: Transaction, run: PairRun) -> None:
    """What was let through or applied is done, what is still held is moot: but for an undo, which no sync replaces."""
    if run.form.action == APPLY_PLAN:
        set_plan_status(tx, seen_plan(tx, run.pair, run.form.plan, besides=run.id).run, APPLIED)
    for approved in plans(tx, run.pair, status=APPROVED):
        if not run.form.partial or approved.digest.startswith(run.form.plan or "?"):
            set_plan_status(tx, approved.run, APPLIED)
    for moot in [] if run.form.partial else plans(tx, run.pair, status=HELD):
        asked = get_run(tx, moot.run)
        if asked is None or not asked.form.get("run"):
            set_plan_status(tx, moot.run, REFUSED)


def _news(tx: Transaction, run: PairRun, joined: Collection[str] | None) -> frozenset[str]:
    """CustomERP ids of people whose profile Trello shows only from now on; with many, the next run reads everybody."""
    if joined is None:
        return frozenset()
    made = made_by(tx, run.pair, run.id)
    if not joined:
        return made
    links = link_ids(tx, run.pair)
    member = links["trello_id"].str.replace(r"^.*:", "", regex=True)
    return made.union(links.loc[member.isin(list(joined)), "customerp_id"])


def _in_sight_again(mapping: Mapping, plan: pd.DataFrame) -> frozenset[str]:
    """CustomERP ids whose counterpart shows (more of) itself only from now on.

    People whose membership changes, as who is in again shows a profile; whatever Trello lost and gets again; and what
    is new there, if Trello alone decides a property. What CustomERP says was read, with nothing to compare it with.
    """
    changed = plan["property"].isin(mapping.memberships) & plan["operation"].isin((ADOPT, UPDATE))
    made = plan["operation"].eq(CREATE) & plan["side"].eq(TRELLO)
    if all(prop.to(TRELLO) for prop in mapping.properties):
        made &= plan["detail"].eq(RESTORE)
    return frozenset(plan.loc[(changed | made) & plan["customerp_id"].ne(""), "customerp_id"])


def _open(plan: pd.DataFrame) -> Iterator[Work]:
    """The plan's notes that the next runs must look at again."""
    unlinked = plan["customerp_id"].eq("") | plan["trello_id"].eq("")
    notes = (
        plan["operation"].isin((WAITING, QUARANTINE)) & ~plan["cause"].eq("held")
        | plan["operation"].eq(NOT_WRITABLE) & unlinked
        | plan["operation"].eq(CONFLICT) & plan["winner"].eq("")
    )
    for row in plan[notes].drop_duplicates("change").to_dict("records"):
        side: SideName = "customerp" if row["customerp_id"] else "trello"
        reason = f"{row['cause']}: {row['detail']}" if row["detail"] else row["cause"]
        yield Work(side, row["customerp_id"] or row["trello_id"], row["operation"], reason)


def _standing(work: pd.DataFrame, started: datetime, plan: pd.DataFrame, unread: Collection[str]) -> Iterator[Work]:
    """Failures of this run, earlier ones whose time has not come, and whatever stands of records nobody could read."""
    held = plan[plan["cause"].eq("held")]
    ids = set(held["customerp_id"]) | set(held["trello_id"])
    noted = work["last_seen"].ge(started) & work["reason"].ne(FOUND)  # what was found first has been compared
    keep = work["kind"].isin(("quarantined", "waiting", "deferred")) & (noted | work["record_id"].isin(ids))
    keep |= work["side"].eq("customerp") & work["record_id"].isin(unread)
    for row in work[keep].to_dict("records"):
        yield Work(row["side"], row["record_id"], row["kind"], row["reason"])


def _interrupted(tx: Transaction, pair: str) -> Iterator[Work]:
    """Records with a write whose outcome is not known: a watermark that passes them must not hide them."""
    for intent in open_intents(tx, pair, statuses=(OPEN, PLANNED)):
        side: SideName = "customerp" if intent.customerp_id else "trello"
        record = intent.customerp_id or intent.trello_id or intent.source
        yield Work(side, record, "deferred", f"{intent.side}: a {intent.operation} was interrupted")


def _mark(run: PairRun, listing: Listing, before: Watermark | None) -> Watermark:
    facts = listing.facts
    started = datetime.fromisoformat(facts["started_at"])
    offset = timedelta(seconds=float(facts.get("clock_offset", 0)))
    whole = listing.complete
    return Watermark(
        at=started + offset - OVERLAP,
        read_at=started,
        complete_at=started if whole else before.complete_at if before else None,
        listed=facts["listed"] if whole else before.listed if before else None,
        identity=facts["identity"],
        fingerprint=run.mapping.fingerprint(),
        run=run.id,
    )
