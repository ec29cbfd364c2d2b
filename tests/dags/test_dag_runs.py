"""Each of the four DAGs run by Airflow's own `dag.test()` against the company of the sandbox, over real HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from both_systems import BothSystems
from dag_tester import DagTester
from four_dags import CONTACTS, CUSTOMERS, EMPLOYEES, MAPPINGS, PROJECTS

from customerp_trello.mapping.load import FOLDER_VARIABLE
from customerp_trello.state.bases import load_links
from customerp_trello.state.lease import holder
from customerp_trello.state.plans import APPLIED, plans
from customerp_trello.state.runs import recent_runs
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
}
LOADS = {"load_customerp", "load_trello"}


@pytest.fixture(scope="module")
def tester(tmp_path_factory):
    home = tmp_path_factory.mktemp("airflow_home")
    environment = os.environ | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    with DagTester(home) as process:
        yield process


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
        before = self.systems.writes_made()
        done = self.tester.test(pair, self.environment, **form)
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


@pytest.fixture
def company(seeded_sandbox, tester, tmp_path):
    company = Company(seeded_sandbox(customers=24), tester, tmp_path)
    yield company
    company.state.close()


def check_went_through(done, *, news=True):
    assert done.state == "success"
    skipped = set() if news else {"publish"}
    assert done.tasks == dict.fromkeys(TASKS - skipped, "success") | dict.fromkeys(skipped, "skipped")
    assert set(done.tries.values()) == {1}


def check_nothing_left(company, pair):
    again, written = company.run(pair)
    check_went_through(again, news=False)
    assert dict(written) == {}
    with company.state.read() as tx:
        runs = recent_runs(tx, pair)
    assert runs[0].status == "success"
    assert runs[0].dag_id == pair
    assert holder(company.state, pair) is None


def test_customers_and_their_workspaces(company):
    done, written = company.load(CUSTOMERS)
    check_went_through(done)
    assert "let through by dag_test" in done.results["guard"]["verdict"]
    with company.state.read() as tx:
        assert {plan.approved_by for plan in plans(tx, CUSTOMERS, status=APPLIED)} == {"dag_test"}
    assert written["POST /1/organizations"] == done.results["reconcile"]["changes"]["trello.create"]
    assert "Custom Customer and Trello organization: success" in done.results["report"]
    links = company.links(CUSTOMERS)
    one, two = sorted(links)[-2:]
    company.systems.edit("customers", one, name="Renamed in the ERP")
    company.systems.put(f"/organizations/{links[two]}", desc="Described in Trello")
    moved, written = company.run(CUSTOMERS)
    check_went_through(moved, news=False)
    assert written == {"PUT /1/organizations/{id}": 1, "PATCH /api/v1/customers/{id}": 1}
    check_customers_are_equal(company.systems, links)
    assert company.systems.records("customers")[two]["description"] == "Described in Trello"
    check_nothing_left(company, CUSTOMERS)


def check_customers_are_equal(systems, links):
    customers = systems.records("customers")
    workspaces = {one["id"]: one for one in systems.organizations()}
    assert len(links) > 15
    assert len(set(links.values())) == len(links)
    for number, workspace in links.items():
        customer, found = customers[number], workspaces[workspace]
        assert (customer["name"] or "").strip() == found["displayName"], number
        if len(customer["description"] or "") <= 16384:
            assert (customer["description"] or "").strip() == found["desc"], number


def test_employees_and_the_members_of_the_staff_workspaces(company):
    _, written = company.load_unheld(EMPLOYEES)
    assert written["PUT /1/organizations/{id}/members"] > 0
    links = company.links(EMPLOYEES)
    employees = company.systems.records("employees")
    present = {one["idMember"]: one for staff in company.systems.staff for one in company.systems.memberships(staff)}
    for number, member in links.items():
        if employees[number]["status"] == "active" and employees[number]["active"]:
            assert member in present, number
    assert sum(one["unconfirmed"] for one in present.values()) == written["PUT /1/organizations/{id}/members"]
    check_nothing_left(company, EMPLOYEES)


def test_projects_and_the_comments_on_the_register_card(company):
    _, written = company.load_unheld(PROJECTS)
    links = company.links(PROJECTS)
    assert written["POST /1/cards/{id}/actions/comments"] > 5
    company.systems.edit("projects", min(links), name="Renamed in the ERP")
    number = company.systems.records("projects")[max(links)]["number"]
    company.systems.comment_as_anna(f"{number}\nStatus: Completed")
    moved, _ = company.run(PROJECTS)
    check_went_through(moved, news=False)
    projects, comments = company.systems.records("projects"), company.systems.comments()
    assert projects[max(links)]["status"] == "completed"
    assert "Renamed in the ERP" in comments[links[min(links)]]
    assert "Completed" in comments[links[max(links)]]
    for number, comment in links.items():
        assert projects[number]["number"] in comments[comment]
        assert projects[number]["name"].strip() in comments[comment]
    check_nothing_left(company, PROJECTS)


def test_contacts_and_the_members_of_their_customers_workspaces(company):
    company.load_unheld(CUSTOMERS)
    done, written = company.load(CONTACTS)
    check_went_through(done)
    assert written["PUT /1/organizations/{id}/members"] > 0
    contacts, workspaces = company.systems.records("contacts"), company.links(CUSTOMERS)
    links = company.links(CONTACTS)
    assert len(links) > 10
    for number, record in links.items():
        workspace = workspaces[contacts[number]["customer_id"]]
        members = {one["idMember"] for one in company.systems.memberships(workspace)}
        assert record.split(":")[-1] in members, number
    check_nothing_left(company, CONTACTS)


def test_a_form_that_makes_no_sense_is_refused_by_the_first_task_at_once(company):
    done, written = company.run(CUSTOMERS, actoin="preview")
    assert done.state == "failed"
    assert (done.tasks["acquire_lease"], done.tries["acquire_lease"]) == ("failed", 1)
    assert not {done.tasks[name] for name in TASKS - {"acquire_lease"}} & {"success", "failed"}
    assert dict(written) == {}
    assert company.systems.requests_made().total() == 0
