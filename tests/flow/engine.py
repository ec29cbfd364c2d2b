"""Runs of all pairs in this process, step by step as the DAG's tasks do, against two real servers."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from customerp_trello.errors import GuardError
from customerp_trello.flow.artifacts import read_frame
from customerp_trello.flow.begin import acquire, begin
from customerp_trello.flow.decide import decide, guard
from customerp_trello.flow.extract import extract
from customerp_trello.flow.finish import finish
from customerp_trello.flow.form import Form
from customerp_trello.flow.load import load
from customerp_trello.flow.pair_run import PairRun, open_run
from customerp_trello.flow.past import known_of
from customerp_trello.flow.report import report
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import Mapping
from customerp_trello.sides.open import open_side
from customerp_trello.state import lease
from customerp_trello.state.history import history_of_run
from customerp_trello.state.store import Store

CUSTOMERS = "custom_customer__trello_organizations"
EMPLOYEES = "customerp_employee__trello_members"
CONTACTS = "custom_contact__trello_members"
PROJECTS = "custom_project__trello_actions"
PAIRS = (CUSTOMERS, EMPLOYEES, PROJECTS, CONTACTS)


@dataclass
class Ran:
    """What a run did."""

    run: PairRun
    plan: Any
    steps: dict[str, Any]
    text: str
    held: str = ""

    def writes(self) -> list[tuple[str, str, str, str]]:
        with self.run.store.read() as tx:
            rows = history_of_run(tx, self.run.id)
        rows = rows[rows["side"].ne("") & rows["operation"].isin(("create", "update", "delete", "move", "restore"))]
        return sorted(zip(rows["side"], rows["operation"], rows["property"], rows["after"].fillna("?"), strict=True))


@dataclass
class Engine:
    """The package on top of two sandboxes; ``mappings`` overrides a pair's mapping."""

    folder: Path
    store: Store
    mappings: dict[str, Mapping] = field(default_factory=dict)

    def mapping(self, pair: str) -> Mapping:
        return self.mappings.get(pair) or load_pair(pair)

    def sides(self, run: PairRun) -> Any:
        opened: dict[str, Any] = {}

        def side(name: str) -> Any:
            if name not in opened:
                opened[name] = open_side(run.mapping, name, known_of(run.store, run.mapping, "trello"))
            return opened[name]

        return side

    def start(self, pair: str, form: Form) -> PairRun:
        run_id = uuid.uuid4().hex
        mapping = self.mapping(pair)
        holder = acquire(mapping, self.store, run_id, form, dag_id=pair, airflow_run_id="test")
        assert holder is None, str(holder)
        return open_run(mapping, self.store, run_id, self.folder)

    def run(self, pair: str, **form: Any) -> Ran:
        run = self.start(pair, Form(**form))
        steps: dict[str, Any] = {}
        held = ""
        try:
            steps["begin"] = begin(run, self.sides(run))
            for side in ("customerp", "trello"):
                steps[f"extract_{side}"] = extract(run, side, self.sides(run)(side))
            steps["reconcile"] = decide(run, self.sides(run))
            try:
                steps["guard"] = guard(run, "tester")
            except GuardError as error:
                held = str(error)
                steps["guard"] = {"go": False, "verdict": held}
            if steps["guard"]["go"]:
                for side in ("customerp", "trello"):
                    steps[f"load_{side}"] = load(run, side, self.sides(run))
                finish(run, run.attempt())
            elif not run.form.dry:
                held = steps["guard"]["verdict"]
            text = report(run, steps)
        finally:
            lease.release(self.store, pair, run.id)
        return Ran(run, read_frame(run.folder, "plan"), steps, text, held)

    def let_through(self, pair: str) -> Ran:
        """Run; if the guard holds the plan, let it through."""
        ran = self.run(pair)
        return self.run(pair, action="let_through", plan=ran.steps["reconcile"]["digest"]) if ran.held else ran


def connection(**parts: Any) -> str:
    return json.dumps(parts)
