"""The first page: how every pair is doing."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request, Response

from customerp_trello.errors import ConfigurationError
from customerp_trello.mapping.model import Mapping
from customerp_trello.review.access import Caller, readable
from customerp_trello.review.database import State
from customerp_trello.review.pairs import mapping_of, pair_names
from customerp_trello.review.render import page
from customerp_trello.state import lease
from customerp_trello.state.figures import Figures, figures, last_run
from customerp_trello.state.lease import Holder
from customerp_trello.state.plans import Plan, plans
from customerp_trello.state.runs import Run, recent_runs
from customerp_trello.state.store import Store


@dataclass(frozen=True)
class Glance:
    """A pair as the overview and the head of its own page show it.

    Attributes:
        problem: what is wrong with its mapping, "" if nothing.
        latest: its latest run that has ended; good: the latest that succeeded.
        held: plans that wait for a person, newest first.
        holder: which run has the pair now.
    """

    pair: str
    title: str
    problem: str = ""
    figures: Figures = field(default_factory=Figures)
    latest: Run | None = None
    good: Run | None = None
    held: list[Plan] = field(default_factory=list)
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
    mapping = mapping_of(pair)
    title = mapping.title if isinstance(mapping, Mapping) else pair
    problem = str(mapping) if isinstance(mapping, ConfigurationError) else ""
    with store.read() as tx:
        ended = [run for run in recent_runs(tx, pair, limit=5) if run.ended_at is not None]
        latest = ended[0] if ended else None
        good = latest if latest and latest.status == "success" else last_run(tx, pair)
        found = Glance(pair, title, problem, figures(tx, pair), latest, good, plans(tx, pair))
    holder = lease.holder(store, pair)
    return Glance(**{**vars(found), "holder": holder})


def show(request: Request, user: Caller, store: State) -> Response:
    """All pairs whose DAG the caller may see."""
    glances = [glance(store, pair) for pair in readable(pair_names(), request, user)]
    return page(request, "overview", glances=glances)
