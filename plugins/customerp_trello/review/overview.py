"""The first page: how every pair is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request, Response

from customerp_trello.review.access import Caller, readable
from customerp_trello.review.database import State
from customerp_trello.review.pairs import known_mapping, pair_names, problem_of
from customerp_trello.review.render import page
from customerp_trello.state import lease
from customerp_trello.state.figures import Figures, figures, last_run
from customerp_trello.state.lease import Holder
from customerp_trello.state.plans import Plan, waiting_plan
from customerp_trello.state.runs import Run, get_run
from customerp_trello.state.store import Store


@dataclass(frozen=True)
class Glance:
    """A pair as the overview and the head of its own page show it.

    Attributes:
        problem: what is wrong with its mapping, "" if nothing.
        latest: its latest run that has ended; good: the latest that succeeded.
        held: the plan that waits for a person, None if none does; held_since: since when one does;
            held_action: of the run that it is of.
        holder: which run has the pair now.
    """

    pair: str
    title: str
    problem: str = ""
    figures: Figures = field(default_factory=Figures)
    latest: Run | None = None
    good: Run | None = None
    held: Plan | None = None
    held_since: datetime | None = None
    held_action: str = ""
    holder: Holder | None = None

    @property
    def verdict(self) -> tuple[str, str]:
        """The one thing to know about it, and its tone (good, warn, bad, calm)."""
        if self.problem:
            return "mapping cannot be read", "bad"
        if self.held:
            return "plan held", "warn"
        if self.latest is None:
            return "never run", "calm"
        if self.latest.status == "failed":
            return "last run failed", "bad"
        if waiting := self.figures.needs_a_person:
            return f"{waiting:,} {'needs' if waiting == 1 else 'need'} you", "warn"
        if self.figures.linked and self.figures.in_sync == self.figures.linked:
            return "all in sync", "good"
        return "nothing to do", "good"


def glance(store: Store, pair: str) -> Glance:
    """Look at one pair."""
    mapping = known_mapping(pair)
    title = mapping.title if mapping else pair
    problem = problem_of(pair)
    with store.read() as tx:
        latest = last_run(tx, pair, status=None)
        good = latest if latest and latest.status == "success" else last_run(tx, pair)
        held, since = waiting_plan(tx, pair) or (None, None)
        made_by = get_run(tx, held.run) if held else None
        action = made_by.action if made_by else ""
        counted = figures(tx, pair)
    return Glance(pair, title, problem, counted, latest, good, held, since, action, lease.holder(store, pair))


def show(request: Request, user: Caller, store: State) -> Response:
    """All pairs whose DAG the caller may see."""
    glances = [glance(store, pair) for pair in readable(pair_names(), request, user)]
    return page(request, "overview", glances=glances)
