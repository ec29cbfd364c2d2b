"""Confining a plan to what a person asked for: some keys, a window, a number of writes; or to its links."""

from __future__ import annotations

import pandas as pd

from customerp_trello.flow.form import RELINK, Form
from customerp_trello.flow.pair_run import PairRun
from customerp_trello.mapping.frame import ID, MODIFIED_AT, Snapshot
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile import plan as operations
from customerp_trello.reconcile.match import key_columns
from customerp_trello.reconcile.plan import WRITES, make_plan
from customerp_trello.state.plans import HELD, get_plan

_LINKING = (operations.RELINK, operations.LINK, operations.ADOPT)


def restrict(plan: pd.DataFrame, form: Form, mapping: Mapping, snapshots: dict[str, Snapshot]) -> pd.DataFrame:
    """Keep of *plan* what the form asks for; both sides of a kept record were read now, so nothing past is written."""
    if form.keys:
        plan = plan[_chosen(plan, {side: _with_key(s, form, mapping) for side, s in snapshots.items()}, form)]
    if form.windowed:
        plan = plan[_chosen(plan, {side: _in_window(s.frame, form) for side, s in snapshots.items()}, None)]
    if form.limit is not None:
        writes = plan.loc[plan["operation"].isin(WRITES), "change"].unique()[: form.limit]
        plan = plan[~plan["operation"].isin(WRITES) | plan["change"].isin(writes)]
    return make_plan([plan]) if form.partial else plan


def window_evidence(form: Form, times: dict[str, pd.DataFrame]) -> dict[str, dict[str, int]]:
    """Per side, how many of the records that were read lie in the window, and by what evidence.

    Args:
        form: says the window.
        times: per side, ``_id`` and ``_modified_at`` of its records.

    Returns:
        ``inside`` and ``outside`` by the record's own modification time; ``unknown``: no time is known, so that the
        record belongs to every window.
    """
    found = {}
    for side, frame in times.items():
        unknown = int(frame[MODIFIED_AT].isna().sum())
        inside = len(_in_window(frame, form)) - unknown
        found[side] = {"inside": inside, "outside": len(frame) - inside - unknown, "unknown": unknown}
    return found


def carried_out(run: PairRun, plan: pd.DataFrame) -> pd.DataFrame:
    """What of its plan a run carries out: all, but of a re-link whose writes are held the links alone."""
    return plan[plan["operation"].isin(_LINKING)] if links_only(run) else plan


def links_only(run: PairRun) -> bool:
    """Whether the run makes links and leaves everything else of its plan to a person."""
    if run.form.action != RELINK:
        return False
    with run.store.read() as tx:
        plan = get_plan(tx, run.id)
    return plan is not None and plan.status == HELD


def _chosen(plan: pd.DataFrame, ids: dict[str, set[str]], form: Form | None) -> pd.Series:
    chosen = pd.Series(False, index=plan.index)
    for side, wanted in ids.items():
        chosen |= plan[f"{side}_id"].isin(wanted)
    return chosen | _plain(plan["key"]).isin(_wanted(form)) if form else chosen


def _plain(texts: pd.Series) -> pd.Series:
    """Keys as people type them: C-1042 is the short name c1042."""
    return texts.str.casefold().str.replace(r"[^\w@.]", "", regex=True)


def _wanted(form: Form) -> set[str]:
    return set(_plain(pd.Series(list(form.keys), dtype="str")))


def _with_key(snapshot: Snapshot, form: Form, mapping: Mapping) -> set[str]:
    frame = snapshot.frame
    keys = key_columns(frame, mapping.link_keys, frozenset())
    hit = frame[ID].isin(form.keys)
    for position in range(len(mapping.link_keys)):
        hit |= _plain(keys[f"k{position}"]).isin(_wanted(form))
    return set(frame.loc[hit, ID])


def _in_window(frame: pd.DataFrame, form: Form) -> set[str]:
    """Records changed in the window; a change whose time nobody knows belongs to every window."""
    at = frame[MODIFIED_AT]
    inside = pd.Series(True, index=at.index)
    if form.changed_from:
        inside &= at.ge(form.changed_from)
    if form.changed_to:
        inside &= at.lt(form.changed_to)
    return set(frame.loc[inside | at.isna(), ID])
