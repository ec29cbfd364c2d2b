"""Runs of all pairs in this process, step by step as the DAG's tasks do, against two real servers."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trello_settings

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
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import Mapping
from customerp_trello.sides.open import open_side
from customerp_trello.state import lease
from customerp_trello.state.bases import load_links
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
        return self.told("create", "update", "delete", "move", "restore", "undo")

    def told(self, *operations: str) -> list[tuple[str, str, str, str]]:
        with self.run.store.read() as tx:
            rows = history_of_run(tx, self.run.id)
        rows = rows[rows["side"].ne("") & rows["operation"].isin(operations)]
        return sorted(zip(rows["side"], rows["operation"], rows["property"], rows["after"].fillna("?"), strict=True))


@dataclass
class Engine:
    """The package on top of two sandboxes.

    Attributes:
        folder: where frames go.
        store: the state database.
        summary: what the seed says of the company.
        customerp_url, trello_url: the two servers.
        mappings: pairs whose mapping differs from the shipped one.
        used: links that a test has taken for itself.
    """

    folder: Path
    store: Store
    summary: dict[str, Any]
    customerp_url: str
    trello_url: str
    mappings: dict[str, Mapping] = field(default_factory=dict)
    used: set[tuple[str, int]] = field(default_factory=set)

    def widen(self, **changes: Any) -> None:
        """Let the guard count to ten thousand, since tests edit a small company a lot."""
        for pair in PAIRS:
            found = self.mapping(pair)
            wide = found.guard.model_copy(update={f"{kind}_count": 10_000 for kind in ("create", "update", "delete")})
            self.mappings[pair] = found.model_copy(update={"guard": wide, **changes})

    def links(self, pair: str) -> Any:
        """The pair's links with their bases."""
        with self.store.read() as tx:
            return load_links(tx, pair, self.mapping(pair).names)

    def fresh_link(self, pair: str) -> Any:
        """A link that no test has touched yet."""
        for _, link in self.links(pair).iterrows():
            if (pair, link["link"]) not in self.used and link["status"] == "linked" and link["customerp_id"] != "1":
                self.used.add((pair, link["link"]))
                return link
        raise AssertionError(f"{pair}: all links are used")

    def link_of(self, pair: str, customerp_id: Any) -> Any:
        """The link of one ERP record."""
        links = self.links(pair)
        return links[links["customerp_id"] == str(customerp_id)].iloc[0]

    def fault(self, system: str, **wish: Any) -> None:
        """Order a fault from one of the sandboxes."""
        url = self.trello_url if system == "trello" else self.customerp_url
        ask("POST", f"{url}/sandbox/faults", **wish)

    def end_faults(self) -> None:
        """Take the faults back; one that has struck nobody would make its test one of an undisturbed run."""
        standing = []
        for url in (self.customerp_url, self.trello_url):
            standing += ask("GET", f"{url}/sandbox/faults")["faults"]
            ask("DELETE", f"{url}/sandbox/faults")
        assert [one for one in standing if one["struck"] == 0] == []

    def mapping(self, pair: str) -> Mapping:
        return self.mappings.get(pair) or load_pair(pair)

    def sides(self, run: PairRun) -> Any:
        opened: dict[str, Any] = {}

        def side(name: str) -> Any:
            if name not in opened:
                known = known_of(run.store, run.mapping, name) if name == "trello" else None
                opened[name] = open_side(run.mapping, name, known)
            return opened[name]

        return side

    def start(self, pair: str, form: Form) -> PairRun:
        run_id = uuid.uuid4().hex
        mapping = self.mapping(pair)
        holder = acquire(mapping, self.store, run_id, form, dag_id=pair, airflow_run_id="test")
        assert holder is None, str(holder)
        return open_run(mapping, self.store, run_id, self.folder)

    def run(self, pair: str, *, on_task: Callable[[str], object] = str, **form: Any) -> Ran:
        """One run by its form; *on_task* is told of every task that begins."""
        on_task("acquire_lease")
        run = self.start(pair, Form(**form))
        steps: dict[str, Any] = {}
        held = ""
        try:
            on_task("begin")
            steps["begin"] = begin(run, self.sides(run))
            for side in ("customerp", "trello"):
                on_task(f"extract_{side}")
                steps[f"extract_{side}"] = extract(run, side, self.sides(run)(side))
            on_task("reconcile")
            steps["reconcile"] = decide(run, self.sides(run))
            on_task("guard")
            try:
                steps["guard"] = guard(run, "tester")
            except GuardError as error:
                held = str(error)
                steps["guard"] = {"go": False, "verdict": held}
            if steps["guard"]["go"]:
                for side in ("customerp", "trello"):
                    on_task(f"load_{side}")
                    steps[f"load_{side}"] = load(run, side, self.sides(run))
                finish(run, run.attempt())
            elif not run.form.dry:
                held = steps["guard"]["verdict"]
            on_task("report")
            text = report(run, steps)
        finally:
            lease.release(self.store, pair, run.id)
        return Ran(run, read_frame(run.folder, "plan"), steps, text, held)

    def let_through(self, pair: str) -> Ran:
        """Run; if the guard holds the plan, let it through."""
        ran = self.run(pair)
        return self.run(pair, action="let_through", plan=ran.steps["reconcile"]["digest"]) if ran.held else ran


def ask(method: str, url: str, authorization: str = "", **body: Any) -> Any:
    """A plain JSON request, past the package."""
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, method=method)
    request.add_header("Content-Type", "application/json")
    if authorization:
        request.add_header("Authorization", authorization)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def as_anna(engine: Engine, method: str, path: str, **body: Any) -> Any:
    """Another person's request to Trello."""
    key, token = trello_settings.TRELLO_KEY, trello_settings.ANNA.token
    header = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'
    return ask(method, f"{engine.trello_url}/1{path}", header, **body)


def erp_edit(entity: str, record_id: str, **fields: Any) -> Any:
    """Somebody edits a record in the ERP."""
    hook = CustomERPHook()
    _, version = hook.get_record(entity, record_id)
    return hook.update_record(entity, record_id, fields, version)[0]


def connection(**parts: Any) -> str:
    return json.dumps(parts)
