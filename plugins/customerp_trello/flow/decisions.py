"""What waits for a person: the evidence that a form shows, and what an answer brings about (contract, sections 3, 6).

A form is stored in Airflow's database and shown to everybody who may see the DAG of the decisions. So it shows what the
log of the pair shows: personal properties masked, people's records by their ids; the page of the run has the rest
(decision 0021).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from customerp_trello.errors import ConfigurationError, FatalError
from customerp_trello.flow.answers import LEAVE, LET, SIDE_OF
from customerp_trello.flow.artifacts import Folder, read_frame
from customerp_trello.flow.change_log import MASK, Masker, log
from customerp_trello.flow.form import SYNC, UNDO, way_through
from customerp_trello.flow.links import run_page
from customerp_trello.flow.markdown import cell, plain
from customerp_trello.flow.plan_evidence import SHOWN, plan_evidence
from customerp_trello.mapping.frame import BY, ID, MODIFIED_AT
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import CUSTOMERP, SIDES, TRELLO, Mapping
from customerp_trello.state.conflicts import OPEN, Conflict, answer_conflicts, conflicts
from customerp_trello.state.history import Entry, append_history
from customerp_trello.state.links import find_ends
from customerp_trello.state.plans import HELD, REFUSED, Plan, approve, get_plan, set_plan_status
from customerp_trello.state.questions import PLAN, Question, ask, due, get_question, write_answer
from customerp_trello.state.runs import get_run
from customerp_trello.state.store import Store
from customerp_trello.state.transaction import Transaction

AT_ONCE = 50
"""Questions in one run of the DAG; more are asked in the next one, and all are on the review page."""

_CHOICE = (
    f"*{LET}* starts a run that reads both systems again and writes only if it would do no more than this.",
    f"*{LEAVE}* writes nothing; correct the cause, and the next run makes another plan.",
)


@dataclass(frozen=True)
class DecisionForm:
    """What a person is shown.

    Attributes:
        subject: the headline.
        body: Markdown.
        options: the answers; the last one writes nothing and is the default.
    """

    subject: str
    body: str
    options: tuple[str, ...]


def questions(store: Store, asked_in: str, wait: timedelta) -> list[int]:
    """Take what has to be decided, for a run of Airflow that asks it."""
    with store.begin() as tx:
        return ask(tx, asked_in, wait, most=AT_ONCE)


def has_questions(store: Store, pair: str) -> bool:
    """Whether a pair has something to be decided that nobody has been asked yet."""
    with store.read() as tx:
        return bool(due(tx, pair=pair))


def form_of(store: Store, storage: Folder, question_id: int, wait: timedelta) -> DecisionForm:
    """The form for a question, with the evidence."""
    with store.read() as tx:
        asked = get_question(tx, question_id)
        standing = _standing(tx, asked)
    mapping = _mapping(asked.pair)
    title = mapping.title if mapping else asked.pair
    safe = f"Without an answer within {_hours(wait)} nothing is written, and the question is asked again."
    if standing is None:
        return DecisionForm(f"{title}: nothing to decide any more", "It was decided elsewhere meanwhile.", (LEAVE,))
    if isinstance(standing, Plan):
        lines = [*plan_evidence(standing, mapping, storage), "", *_CHOICE]
        return DecisionForm(
            f"{title}: let plan {standing.digest} through?", "\n".join([*lines, "", safe]), (LET, LEAVE)
        )
    mask = Masker(mapping) if mapping else None
    lines = [line for one in standing[:SHOWN] for line in _conflict_evidence(store, one, mask, storage)]
    if len(standing) > SHOWN:
        lines += [f"... and {len(standing) - SHOWN} more; the answer is for all of them.", ""]
    page = f"Values marked `***` are personal: see [the run's page]({run_page(asked.pair, standing[0].run)})."
    name = _label(mapping, standing[0].property)
    subject = f"{title}: whose {name} shall hold, for {_whom(store, standing)}?"
    return DecisionForm(subject, "\n".join([*lines, page, "", safe]), (*SIDE_OF, LEAVE))


def carry_out(store: Store, question_id: int, chosen: str, by: str) -> dict[str, Any] | None:
    """Write a person's answer down, with the person; answering twice is harmless.

    Args:
        store: the state database.
        question_id: the question.
        chosen: one of the form's options.
        by: who answered, "" if nobody did in time.

    Returns:
        ``dag_id``, ``run_id`` and ``conf`` of the run that carries the answer out, None if none is called for.
    """
    with store.begin() as tx:
        asked = get_question(tx, question_id)
        if by and asked.answer != chosen and not _answer(tx, asked, chosen, by):
            return None
        return _run_for(tx, asked) if by and chosen != LEAVE else None


def _answer(tx: Transaction, asked: Question, chosen: str, by: str) -> bool:
    """Write the answer down; False if there was nothing to decide any more."""
    standing = _standing(tx, asked)
    if isinstance(standing, Plan):
        made_by = get_run(tx, standing.run)
        if chosen == LET:
            approve(tx, asked.pair, standing.digest, by)
        elif made_by and made_by.action == UNDO:
            set_plan_status(tx, standing.run, REFUSED)  # no later run makes it anew, so that nothing else would end it
        told = Entry("", "answer", f"plan {standing.digest}", cause=chosen, actor=by)
        append_history(tx, asked.pair, standing.run, [told])
    elif standing and chosen in SIDE_OF:
        answer_conflicts(tx, asked.pair, [one.id for one in standing], SIDE_OF[chosen], by)
    write_answer(tx, asked.id, chosen if standing else "decided elsewhere", by, rests=chosen == LEAVE)
    return standing is not None


def _run_for(tx: Transaction, asked: Question) -> dict[str, Any]:
    """The run that carries an answer out; its name comes from the question, so that it is started once."""
    conf = {"action": SYNC}
    if asked.kind == PLAN:
        made_by = get_run(tx, str(asked.subjects[0]))
        again = way_through(made_by.action if made_by else "")
        conf = {"action": again, "plan": asked.about}
    return {"dag_id": asked.pair, "run_id": f"decision__{asked.id}__{asked.asked_in}", "conf": conf}


def _standing(tx: Transaction, asked: Question) -> Plan | list[Conflict] | None:
    """What of the question is still open; None if nothing is."""
    if asked.kind == PLAN:
        held = get_plan(tx, str(asked.subjects[0]))
        return held if held and held.status == HELD else None
    wanted = set(asked.subjects)
    return [one for one in conflicts(tx, asked.pair, status=OPEN) if one.id in wanted] or None


def _mapping(pair: str) -> Mapping | None:
    """The pair's mapping; a pair whose mapping is broken or gone is asked about all the same."""
    try:
        return load_pair(pair)
    except ConfigurationError:
        return None


def _whom(store: Store, standing: list[Conflict]) -> str:
    """Whom a question is about: one record by its id in CustomERP, which is no personal data, many by their number."""
    with store.read() as tx:
        number, _ = find_ends(tx, standing[0].link)
    return f"CustomERP {plain(number)}" if len(standing) == 1 and number else f"{len(standing)} records"


def _label(mapping: Mapping | None, name: str) -> str:
    known = mapping is not None and name in mapping.names
    return mapping.property(name).label if mapping and known else name


def _conflict_evidence(store: Store, one: Conflict, mask: Masker | None, storage: Folder) -> Iterator[str]:
    with store.read() as tx:
        ids = dict(zip(SIDES, find_ends(tx, one.link), strict=True))
    show: Callable[[str | None], str] = (lambda text: mask.value(one.property, text)) if mask else (lambda _: MASK)
    yield f"**{cell(one.property)}** of CustomERP {cell(ids[CUSTOMERP])}, Trello {cell(ids[TRELLO])}"
    yield f"(conflict {one.id}, {plain(one.reason) or 'changed on both sides'}):"
    yield ""
    yield from ("| | CustomERP | Trello |", "|---|---|---|")
    yield f"| when they last agreed | {cell(show(one.base_customerp))} | {cell(show(one.base_trello))} |"
    yield f"| now | {cell(show(one.customerp))} | {cell(show(one.trello))} |"
    when, who = zip(*(_last_change(storage / one.pair / one.run, side, ids[side]) for side in SIDES), strict=True)
    yield f"| record last changed | {' | '.join(when)} |"
    people = mask is None or mask.key_is_personal
    named = [cell(MASK if people and name else name or "not told") for name in who]
    yield f"| by | {' | '.join(named)} |"
    yield ""


def _last_change(folder: Folder, side: str, record_id: str) -> tuple[str, str]:
    """When a record was changed and by whom, as the run that asked saw it."""
    try:
        frame = read_frame(folder, side)
    except FatalError:
        return "not known any more", ""
    except Exception as error:  # as for a plan: each storage raises errors of its own
        log.warning("no evidence", side=side, error=type(error).__name__)
        return "not to be read now", ""
    row = frame[frame[ID].eq(record_id)].head(1)
    if row.empty:
        return "not told", ""
    at, by = row.iloc[0][MODIFIED_AT], row.iloc[0][BY]
    return ("not told" if pd.isna(at) else f"{at:%F %T} UTC"), "" if pd.isna(by) else str(by)


def _hours(wait: timedelta) -> str:
    return f"{wait.total_seconds() / 3600:.0f} hours"
