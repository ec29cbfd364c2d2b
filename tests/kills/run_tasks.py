"""One run of a pair, task by task as the DAG does it: every task opens everything anew and hands on nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from customerp_trello.flow.begin import acquire, begin
from customerp_trello.flow.decide import decide, guard
from customerp_trello.flow.extract import extract
from customerp_trello.flow.finish import finish
from customerp_trello.flow.form import Form
from customerp_trello.flow.load import load
from customerp_trello.flow.pair_run import open_run
from customerp_trello.flow.report import report
from customerp_trello.state import lease

EVERYDAY = Form()
TASKS = (
    "acquire_lease",
    "begin",
    "extract_customerp",
    "extract_trello",
    "reconcile",
    "guard",
    "load_customerp",
    "load_trello",
    "report",
    "release_lease",
)


class PairTasks:
    """The tasks of one run.

    Args:
        engine: where everything is.
        pair: the pair.
        run_id: our run's id, a new one by default.
        on_task: told of every task that begins.
        form: what the run is asked for.

    Attributes:
        reached: the task that was begun last.
    """

    def __init__(
        self, engine, pair: str, run_id: str = "", on_task: Callable[[str], object] = str, form: Form = EVERYDAY
    ) -> None:
        self.engine, self.pair, self.id, self.on_task = engine, pair, run_id or uuid.uuid4().hex, on_task
        self.form = form
        self.reached = ""

    def perform(self, tasks: Iterable[str] = TASKS) -> None:
        for task in tasks:
            self.reached = task
            self.on_task(task)
            self.one(task)

    def retry(self) -> None:
        """What Airflow does with a task that was killed: the same task again, then those after it."""
        self.perform(TASKS[TASKS.index(self.reached) :])

    def one(self, task: str) -> None:
        store, mapping = self.engine.store, self.engine.mapping(self.pair)
        if task == "acquire_lease":
            holder = acquire(mapping, store, self.id, self.form, dag_id=self.pair, airflow_run_id="test")
            assert holder is None, str(holder)
            return
        if task == "release_lease":
            lease.release(store, self.pair, self.id)
            return
        run = open_run(mapping, store, self.id, self.engine.folder)
        sides = self.engine.sides(run)
        match task.partition("_"):
            case ("begin", _, _):
                begin(run, sides)
            case ("extract", _, side):
                extract(run, side, sides(side))
            case ("reconcile", _, _):
                decide(run, sides)
            case ("guard", _, _):
                assert guard(run, "tester")["go"]
            case ("load", _, side):
                load(run, side, sides)
                if side == "trello":
                    finish(run, run.attempt())
            case ("report", _, _):
                report(run, {})
