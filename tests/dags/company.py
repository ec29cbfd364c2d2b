"""A company with both systems, and the pairs' runs against them."""

from __future__ import annotations

import json
import shutil

from both_systems import BothSystems
from four_dags import MAPPINGS

from customerp_trello.mapping.load import FOLDER_VARIABLE
from customerp_trello.state.bases import load_links
from customerp_trello.state.store import Store

TASKS = {
    "acquire_lease",
    "begin",
    "extract_customerp",
    "extract_trello",
    "reconcile",
    "guard",
    "load_customerp",
    "load_trello",
    "publish",
    "report",
    "release_lease",
    "forget",
}
LOADS = {"load_customerp", "load_trello"}


class Company:
    """Both systems, and the pairs' runs against them with a state of its own."""

    def __init__(self, box, tester, folder):
        staff, card = box.summary["staff"]["short_names"], box.summary["register_card"]["id"]
        self.box, self.tester = box, tester
        self.systems = BothSystems(box.customerp.url, box.trello.url, card, staff)
        self.state = Store(f"sqlite:///{folder / 'state.db'}")
        extra = {"staff_workspaces": staff, "register_card": card, "requests_per_10_seconds": 100000}
        erp = {"conn_type": "customerp", "host": box.customerp.url, "password": box.customerp.token}
        trello = {"conn_type": "trello", "host": box.trello.url, "login": box.trello.key, "password": box.trello.token}
        self.environment = {
            "AIRFLOW_CONN_CUSTOMERP_DEFAULT": json.dumps(erp),
            "AIRFLOW_CONN_TRELLO_DEFAULT": json.dumps(trello | {"extra": extra}),
            "AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE": f"sqlite:///{folder / 'state.db'}",
            "AIRFLOW_VAR_CUSTOMERP_TRELLO_STORAGE": f"file://{folder / 'frames'}",
            FOLDER_VARIABLE: str(MAPPINGS),
        }
        self.unheld = shutil.copytree(MAPPINGS, folder / "mappings")
        for file in self.unheld.glob("*.yaml"):
            file.write_text(file.read_text().replace("first_run: hold", "first_run: apply"))

    def run(self, pair, **form):
        """A run by hand: a sync, unless the form says otherwise."""
        before = self.systems.writes_made()
        done = self.tester.test(pair, self.environment, **{"action": "sync", **form})
        return done, self.systems.writes_made() - before

    def load(self, pair):
        """The first run shows a preview; a second one lets it through."""
        held, written = self.run(pair)
        assert (held.state, dict(written)) == ("success", {})
        assert {name for name, state in held.tasks.items() if state == "skipped"} == LOADS | {"publish"}
        assert "held: this is the pair's first run" in held.results["guard"]["verdict"]
        digest = held.results["reconcile"]["digest"]
        return self.run(pair, action="let_through", plan=digest)

    def load_unheld(self, pair):
        """The first run writes at once, as the mapping may say."""
        self.environment[FOLDER_VARIABLE] = str(self.unheld)
        done, written = self.run(pair)
        self.environment[FOLDER_VARIABLE] = str(MAPPINGS)
        check_went_through(done)
        return done, written

    def links(self, pair):
        with self.state.read() as tx:
            links = load_links(tx, pair, ())
        return dict(zip(links["customerp_id"].astype(int), links["trello_id"], strict=True))


def check_went_through(done, *, news=True):
    assert done.state == "success"
    skipped = set() if news else {"publish"}
    assert done.tasks == dict.fromkeys(TASKS - skipped, "success") | dict.fromkeys(skipped, "skipped")
    assert set(done.tries.values()) == {1}
