"""Each of the four DAGs run by Airflow's own `dag.test()` against the company of the sandbox, over real HTTP."""

from __future__ import annotations

from company import TASKS, check_went_through
from four_dags import CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS

from customerp_trello.state.lease import holder
from customerp_trello.state.plans import APPLIED, plans
from customerp_trello.state.runs import recent_runs


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


def test_what_cannot_be_forgotten_keeps_neither_a_person_from_deciding_nor_the_next_run_waiting(company):
    company.environment["AIRFLOW_VAR_CUSTOMERP_TRELLO_RETENTION_DAYS"] = "90d"
    done, _ = company.run(CUSTOMERS)
    del company.environment["AIRFLOW_VAR_CUSTOMERP_TRELLO_RETENTION_DAYS"]
    assert (done.tasks["report"], done.tasks["release_lease"], done.tasks["forget"]) == ("success", "success", "failed")
    assert done.tries["forget"] == 1, "a second try would not mend it"
    assert holder(company.state, CUSTOMERS) is None
    assert "held" in done.results["report"], "so that the event of the decisions goes out with the report's success"


def test_a_form_that_makes_no_sense_is_refused_by_the_first_task_at_once(company):
    done, written = company.run(CUSTOMERS, actoin="preview")
    assert done.state == "failed"
    assert (done.tasks["acquire_lease"], done.tries["acquire_lease"]) == ("failed", 1)
    assert not {done.tasks[name] for name in TASKS - {"acquire_lease"}} & {"success", "failed"}
    assert dict(written) == {}
    assert company.systems.requests_made().total() == 0
