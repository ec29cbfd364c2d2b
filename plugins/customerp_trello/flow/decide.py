"""From two snapshots to a plan that may be applied: reconcile, then the guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd

from customerp_trello.errors import FatalError, FormError, GuardError
from customerp_trello.flow.artifacts import read_frame, read_listing, write_csv, write_frame, write_planned
from customerp_trello.flow.form import APPLY_PLAN, LET_THROUGH, RELINK, way_through
from customerp_trello.flow.gathered import gather
from customerp_trello.flow.labels import meant_by_names, unclear_name
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.flow.restrict import restrict, window_evidence
from customerp_trello.mapping.frame import Snapshot
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.guard import BY_MEMBERSHIP, Reason, Situation, guarded_changes, judge
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import CONFLICT, CUSTOMERP, SIDES, TRELLO, counts, digest
from customerp_trello.reconcile.reapply import still_holding
from customerp_trello.reconcile.reconcile import reconcile
from customerp_trello.reconcile.undo import UNDOABLE, undo
from customerp_trello.sides.base import ChangeTimes, Directory, Side
from customerp_trello.state.history import history_of_run, recent_counts
from customerp_trello.state.intents import retire_changes
from customerp_trello.state.links import count_links
from customerp_trello.state.plans import (
    HELD,
    Plan,
    allows,
    approval_for,
    approve,
    get_plan,
    held_plan,
    hold_plan,
    named_plan,
    save_plan,
    seen_plan,
    unreleased,
)
from customerp_trello.state.runs import load_watermarks, update_run

_KINDS = {
    "create": "create",
    "restore": "create",
    "update": "update",
    "undo": "update",
    "move": "update",
    "delete": "delete",
    "suspended": "delete",
}


def decide(run: PairRun, open_side: Callable[[str], Side]) -> dict[str, Any]:
    """Make the run's plan and save it.

    Args:
        run: the run.
        open_side: opens a side where deciding needs one more look (times of an edit, names of references).

    Returns:
        Digest and counts, for the log.
    """
    seen = _seen(run) if run.form.action == APPLY_PLAN else None
    undone = _undone(run) if run.form.run else None
    touched = frozenset(int(link) for one in (seen, undone) if one is not None for link in one["link"].dropna())
    found = gather(run, touched)
    snapshots = _resolve_references(run, found.snapshots, open_side)
    if undone is not None:
        plan = undo(run.mapping, snapshots[CUSTOMERP], snapshots[TRELLO], found.past, undone)
    else:
        plan = _compare(run, snapshots, found.past, open_side)
    plan = restrict(plan, run.form, run.mapping, snapshots)
    if seen is not None:
        plan = still_holding(seen, plan, snapshots)
    if found.narrowed:
        write_planned(run.folder, snapshots)
    write_frame(run.folder, "plan", plan)
    write_csv(run.folder, "plan", plan)
    name, numbers = digest(plan), counts(plan)
    with run.store.begin() as tx:
        if run.row.plan_digest not in ("", name):
            retire_changes(tx, run.id, run.row.plan_digest)
        save_plan(tx, Plan(run.id, run.pair, name, path=str(run.folder / "plan.parquet"), counts=numbers))
        update_run(tx, run.id, plan_digest=name)
    notes = [note for side in SIDES for note in snapshots[side].facts.get("notes", [])]
    window = {"window": window_evidence(run.form, found.times)} if run.form.windowed else {}
    return {"digest": name, "changes": numbers, "notes": len(notes), **window}


def _seen(run: PairRun) -> pd.DataFrame:
    """The plan that the person has seen and names."""
    with run.store.read() as tx:
        named = seen_plan(tx, run.pair, run.form.plan, besides=run.id)
    try:
        return read_frame(run.folder_of(named.run), "plan")
    except FatalError:
        raise FormError(
            f"{run.pair}: the table of plan {named.digest} has been deleted. Trigger a preview, and apply that plan."
        ) from None


def _undone(run: PairRun) -> pd.DataFrame:
    """What the run that is to be undone has written."""
    with run.store.read() as tx:
        done = history_of_run(tx, run.form.run)
    return done[done["side"].ne("") & done["operation"].isin(UNDOABLE)]


def _compare(
    run: PairRun, snapshots: dict[str, Snapshot], past: Past, open_side: Callable[[str], Side]
) -> pd.DataFrame:
    plan = reconcile(run.mapping, snapshots[CUSTOMERP], snapshots[TRELLO], past)
    evidence = _evidence(plan, open_side)
    if evidence.empty:
        return plan
    return reconcile(run.mapping, snapshots[CUSTOMERP], snapshots[TRELLO], replace(past, evidence=evidence))


def _evidence(plan: pd.DataFrame, open_side: Callable[[str], Side]) -> pd.DataFrame:
    """When Trello says that the properties fought over were changed, where it can say so (one look, only if needed)."""
    fought = plan[plan["operation"].eq(CONFLICT) & plan["cause"].str.endswith("_by_estimate")]
    if fought.empty:
        return pd.DataFrame()
    side = open_side(TRELLO)
    if not isinstance(side, ChangeTimes):
        return pd.DataFrame()
    times = side.change_times(sorted(set(fought["trello_id"])))
    rows = [(record, prop, at) for record, found in times.items() for prop, at in found.items()]
    frame = pd.DataFrame(rows, columns=["trello_id", "property", "at"])
    frame["at"] = pd.to_datetime(frame["at"], utc=True).dt.as_unit("us")
    return frame


def _resolve_references(
    run: PairRun, snapshots: dict[str, Snapshot], open_side: Callable[[str], Side]
) -> dict[str, Snapshot]:
    """Turn bare names of referenced records, as people type them in Trello, into their numbers (ids) where unique."""
    trello = snapshots[TRELLO]
    frame = trello.frame
    resolved = frame
    for prop in run.mapping.properties:
        bare = frame[prop.name].str.startswith("name:").fillna(False) if prop.references else None
        if bare is None or not bare.any():
            continue
        side = open_side(CUSTOMERP)
        if not isinstance(side, Directory):
            continue
        single = meant_by_names(side.directory(str(prop.references)), prop)
        names = frame.loc[bare, prop.name].str.removeprefix("name:")
        resolved = resolved.copy() if resolved is frame else resolved
        found = names.map(single).astype("str")
        resolved.loc[bare, prop.name] = found
        unclear = found.index[found.isna()]
        resolved.loc[unclear, "_problem"] = unclear_name(prop)
    return snapshots | {TRELLO: Snapshot(resolved, trello.complete, trello.facts)}


def guard(run: PairRun, by: str) -> dict[str, Any]:
    """Judge the run's plan.

    Args:
        run: the run.
        by: who triggered the run, for a plan that is let through.

    Returns:
        ``go`` (whether the loads may write), ``verdict`` (a sentence).

    Raises:
        GuardError: the plan looks like an accident; it is held until a person lets it through.
        FormError: the plan to be let through is not there, or this run's plan asks for more.
    """
    plan = read_frame(run.folder, "plan")
    situation = _situation(run)
    reasons = judge(plan, run.mapping, situation)
    name = digest(plan)
    if run.form.dry:
        if reasons:
            _hold(run, name, guarded_changes(plan, reasons, run.mapping.memberships), reasons)
        return _verdict(False, "preview: nothing was written", reasons, name)
    if run.form.action == RELINK:
        return _relink(run, plan, reasons)
    if not reasons:
        if situation.first_run:
            _note_approval(run, "first_run: apply")
        return _verdict(True, "the plan passes", reasons, name)
    guarded = guarded_changes(plan, reasons, run.mapping.memberships)
    approval = _approval(run, name, guarded, by)
    if approval:
        _note_approval(run, approval.approved_by)
        return _verdict(True, f"let through by {approval.approved_by} (plan {approval.digest})", reasons, name)
    _hold(run, name, guarded, reasons)
    text = "; ".join(reason.text for reason in reasons)
    if run.form.action == LET_THROUGH:
        raise FormError(
            f"{run.pair}: plan {run.form.plan} was let through, but by now the plan is {name} and asks for more than "
            f"it did ({text}). Look at this one in the log of the task reconcile; to let it through, trigger the DAG "
            f"with action let_through and plan {name}. Nothing was written."
        )
    way = way_through(run.form.action)
    advice = (
        "Look at the plan in the log of the task reconcile; to let it through, trigger the DAG with action "
        f"{way} and plan {name}. Nothing was written."
    )
    if all(reason.code == "first_run" for reason in reasons):
        return {"go": False, "verdict": f"held: {text}. {advice}", "digest": name}
    raise GuardError(f"{run.pair}: the guard holds plan {name}: {text}. {advice}")


def _relink(run: PairRun, plan: pd.DataFrame, reasons: list[Reason]) -> dict[str, Any]:
    """Let the links pass, and hold whatever else the plan asks for until a person releases it (contract, P12)."""
    name = digest(plan)
    strange = [reason.text for reason in reasons if reason.code in ("identity", "empty_listing")]
    if strange:
        raise GuardError(
            f"{run.pair}: nothing was linked: {'; '.join(strange)}. Correct the connection or the filter, or look at a "
            "preview and let its plan through."
        )
    guarded = guarded_changes(plan, [Reason("relink", "")])
    if not guarded:
        return _verdict(True, "linked anew; there is nothing else to do", [], name)
    held = Reason("relink", f"{len(guarded)} changes wait for a person since the records were linked anew")
    _hold(run, name, guarded, [held])
    text = f"only links are made; {held.text}. To let them through, trigger the DAG with action let_through and plan"
    return _verdict(True, f"{text} {name}", [], name)


def _hold(run: PairRun, name: str, guarded: set[str], reasons: list[Reason]) -> None:
    """Keep the plan for a person to let through."""
    with run.store.begin() as tx:
        found = get_plan(tx, run.id)
        held = replace(found or Plan(run.id, run.pair, name), guarded=sorted(guarded))
        hold_plan(tx, replace(held, reasons=[reason.text for reason in reasons]))


def _approval(run: PairRun, name: str, guarded: set[str], by: str) -> Plan | None:
    """The approval that lets this plan through: given by this very run, or earlier to a plan that asked for as much."""
    with run.store.begin() as tx:
        approval = approval_for(tx, run.pair, name, guarded)
        if approval is None and run.form.action in (LET_THROUGH, APPLY_PLAN):
            named = held_plan(tx, run.pair, run.form.plan)
            if named is None and run.form.action == LET_THROUGH:
                named_plan(tx, run.pair, run.form.plan)  # says which plans are held
            if named and named.status == HELD and allows(named, name, guarded):
                return approve(tx, run.pair, run.form.plan, by or "a person")
    return approval


def _note_approval(run: PairRun, by: str) -> None:
    """Write down who let the run's plan through, so that its figures do not count against the next day's runs."""
    with run.store.begin() as tx:
        found = get_plan(tx, run.id)
        if found is not None:
            save_plan(tx, replace(found, approved_by=by, approved_at=tx.now))


def _verdict(go: bool, text: str, reasons: list[Reason], name: str) -> dict[str, Any]:
    found = "; ".join(reason.text for reason in reasons)
    return {"go": go, "verdict": f"{text} ({found})" if found else text, "digest": name}


def _memberships(mapping: Mapping) -> dict[str, list[str]]:
    """What a member's update counts as, in the words of the history."""
    return {
        kind: [f"{name}={word}" for name in mapping.memberships for word in words]
        for kind, words in BY_MEMBERSHIP.items()
    }


def _situation(run: PairRun) -> Situation:
    listings = {side: read_listing(run.folder, side) for side in SIDES}
    with run.store.read() as tx:
        marks = load_watermarks(tx, run.pair)
        linked = count_links(tx, run.pair)
        recent = recent_counts(tx, run.pair, tx.now - timedelta(hours=24), _memberships(run.mapping))
        relinked = unreleased(tx, run.pair, RELINK)
    numbers: dict[str, int] = {}
    for (side, operation), number in recent.items():
        kind = "delete" if operation == "unlink" else _KINDS.get(operation)
        for target in (side,) if side else SIDES:
            if kind:
                numbers[f"{target}.{kind}"] = numbers.get(f"{target}.{kind}", 0) + number
    moved = []
    for side, mark in marks.items():
        identity = listings[side].facts.get("identity", {})
        differs = [k for k, v in identity.items() if k in mark.identity and mark.identity[k] != v]
        if differs:
            moved.append(Reason("identity", f"{side} is not the system of the last run: {', '.join(differs)} changed"))
    if any(mark.fingerprint and mark.fingerprint != run.mapping.fingerprint() for mark in marks.values()):
        moved.append(Reason("mapping", "the mapping's filter, scope or link keys changed since the last run"))
    return Situation(
        linked=linked,
        first_run=linked == 0,
        recent=numbers,
        listed={s: listings[s].facts.get("listed") if listings[s].complete else None for s in SIDES},
        listed_before={s: marks[s].listed if s in marks else None for s in SIDES},
        moved=tuple(moved),
        relinked=relinked,
    )
