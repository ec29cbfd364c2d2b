"""Faults that a run meets: lost answers, empty and short listings, refusals, a system that is away, a stale run."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import structlog
from engine import CUSTOMERS, EMPLOYEES, PROJECTS, as_anna, ask, erp_edit

from customerp_trello.errors import ConfigurationError, FormError, LeaseLost, RetriableError
from customerp_trello.flow import finish
from customerp_trello.flow.artifacts import read_listing
from customerp_trello.flow.change_log import show_notes
from customerp_trello.flow.form import Form
from customerp_trello.flow.load import load
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.model import Condition
from customerp_trello.state import lease
from customerp_trello.state.intents import open_intents
from customerp_trello.state.work import load_open_work


@pytest.fixture
def settled(loaded):
    loaded.widen(settle_seconds=0)
    yield loaded
    loaded.end_faults()
    loaded.run(CUSTOMERS)
    assert loaded.run(CUSTOMERS).writes() == []


def workspaces(name):
    return [one["displayName"] for one in TrelloHook().my_organizations(fields="displayName")].count(name)


def new_customer(name):
    return CustomERPHook().create_record("customer", {"name": name, "type": "company"})[0]


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "status:500", "twice"])
def test_p10_a_create_whose_answer_is_lost_happens_once(settled, kind):
    name = f"Lost {kind.replace(':', ' ')}"
    new = str(new_customer(name)["id"])
    settled.fault("trello", match="POST /1/organizations", kind=kind)
    settled.run(CUSTOMERS)
    settled.run(CUSTOMERS)
    with settled.store.read() as tx:
        work = load_open_work(tx, CUSTOMERS)
    assert new not in set(work["record_id"]), "the run that finds it has compared it"
    settled.run(CUSTOMERS)
    # A delivery that the network doubles makes two on a system without idempotency keys: shown, never a third.
    assert workspaces(name) == (2 if kind == "twice" else 1)
    with settled.store.read() as tx:
        assert open_intents(tx, CUSTOMERS) == []


def test_p10_a_workspace_is_gone_whose_deletion_was_done_and_answered_to_nobody(settled, monkeypatch):
    mapping = settled.mapping(CUSTOMERS)
    deletes = mapping.trello.model_copy(update={"on_gone": "delete"})
    monkeypatch.setitem(settled.mappings, CUSTOMERS, mapping.model_copy(update={"trello": deletes}))
    one, two = settled.fresh_link(CUSTOMERS), settled.fresh_link(CUSTOMERS)
    for link in (one, two):
        CustomERPHook().delete_record("customer", link["customerp_id"])
    held = settled.run(CUSTOMERS)
    settled.fault("trello", match=f"DELETE /1/organizations/{one['trello_id']}", kind="lost_answer", times=9)
    settled.run(CUSTOMERS, action="let_through", plan=held.steps["reconcile"]["digest"])
    taken = ask("GET", f"{settled.trello_url}/sandbox/requests")["writes_taken"]
    assert not settled.run(CUSTOMERS).held
    assert ask("GET", f"{settled.trello_url}/sandbox/requests")["writes_taken"] == taken
    links = settled.links(CUSTOMERS)
    assert not {one["trello_id"], two["trello_id"]} & set(links["trello_id"])


def test_a_young_interrupted_create_is_left_alone_until_it_has_settled(settled):
    settled.widen(settle_seconds=3600)
    new_customer("Young")
    settled.fault("trello", match="POST /1/organizations", kind="reset")
    settled.run(CUSTOMERS)
    assert settled.run(CUSTOMERS).writes() == []
    assert workspaces("Young") == 0
    settled.widen(settle_seconds=0)
    settled.run(CUSTOMERS)
    assert workspaces("Young") == 1


def test_p13_an_empty_listing_is_held_and_changes_nothing(settled):
    before = settled.links(PROJECTS)
    settled.fault("trello", match="GET /1/cards/*/actions", kind="empty", times=9)
    ran = settled.run(PROJECTS)
    assert "listed no record at all" in ran.held
    assert ran.writes() == []
    assert settled.links(PROJECTS).equals(before)


def test_without_its_staff_workspaces_a_run_stops(settled):
    settled.fault("trello", match="GET /1/members/me/organizations", kind="empty", times=9)
    with pytest.raises(ConfigurationError, match="staff_north"):
        settled.run(CUSTOMERS)


def test_p13_a_short_listing_deletes_and_creates_nothing(settled):
    before = settled.links(CUSTOMERS)
    guard = settled.mapping(CUSTOMERS).guard.model_copy(update={"delete_count": 5})
    settled.mappings[CUSTOMERS] = settled.mapping(CUSTOMERS).model_copy(update={"guard": guard})
    settled.fault("trello", match="GET /1/members/me/organizations", kind="short")
    ran = settled.run(CUSTOMERS)
    assert "deletes in trello" in ran.held
    assert ran.writes() == []
    settled.fault("trello", match="GET /1/members/me/organizations", kind="short")
    settled.widen()
    # Even with the guard wide open: what is missing may be linked, but nothing is made or removed.
    assert {operation for _, operation, _, _ in settled.run(CUSTOMERS).writes()} <= {"update"}
    settled.run(CUSTOMERS)
    after = settled.links(CUSTOMERS)
    assert set(before["link"]) <= set(after["link"])
    assert set(after["status"]) == {"linked"}


@pytest.mark.parametrize("looked_up", [500, 0])
def test_p13_who_waits_is_not_forgotten_by_a_short_listing(settled, monkeypatch, looked_up):
    """CustomERP is read by change, so whoever drops out of open work is out of sight until the next whole listing."""
    made, _ = CustomERPHook().create_record(
        "employee", {"first_name": "No", "last_name": f"Address {looked_up}", "status": "active"}
    )
    settled.run(EMPLOYEES)
    monkeypatch.setattr("customerp_trello.sides.customerp.LOOK_UPS", looked_up)
    settled.fault("customerp", match="GET /api/v1/employees", kind="short")
    settled.run(EMPLOYEES, action="full_resync")
    with settled.store.read() as tx:
        work = load_open_work(tx, EMPLOYEES)
    assert work.loc[work["record_id"].eq(str(made["id"])), "kind"].tolist() == ["waiting"]


def test_p13_a_customer_who_is_back_gets_no_second_workspace_by_a_short_listing(settled):
    """Its workspace was renamed meanwhile, so that no key tells that it is there."""
    erp, hook = CustomERPHook(), TrelloHook()
    customer = str(erp.create_record("customer", {"name": "Here and gone", "type": "company"})[0]["id"])
    settled.run(CUSTOMERS)
    workspace = settled.link_of(CUSTOMERS, customer)["trello_id"]
    erp.delete_record("customer", customer)
    settled.run(CUSTOMERS)
    hook.update_organization(workspace, displayName="Zzz, by another name")
    erp_edit("customer", customer, active=True)
    settled.fault("trello", match="GET /1/members/me/organizations", kind="short")
    ran = settled.run(CUSTOMERS, action="full_resync")
    assert ("trello", "create") not in {row[:2] for row in ran.writes()}
    assert "not in sight" in ran.plan.loc[ran.plan["customerp_id"] == customer, "detail"].iloc[0]
    settled.run(CUSTOMERS)
    assert settled.link_of(CUSTOMERS, customer)["trello_id"] == workspace


def test_a_system_that_is_away_ends_the_attempt_and_a_second_one_goes_on(settled, monkeypatch):
    monkeypatch.setattr("customerp_trello.hooks.http.time.sleep", lambda seconds: None)
    links = [settled.fresh_link(CUSTOMERS) for _ in range(6)]
    for link in links:
        erp_edit("customer", link["customerp_id"], description=f"away {link['link']}")
    settled.fault("trello", match="PUT /1/organizations/*", kind="status:503", times=200)
    with pytest.raises(RetriableError):
        settled.run(CUSTOMERS)
    settled.end_faults()
    settled.run(CUSTOMERS)
    settled.run(CUSTOMERS)
    for link in links:
        assert TrelloHook().get_organization(link["trello_id"])["desc"] == f"away {link['link']}"


def test_a_plan_made_under_an_older_lease_is_stale_and_writes_nothing(settled):
    link = settled.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], description="stale")
    old = settled.run(CUSTOMERS, action="preview").run
    with pytest.raises(LeaseLost, match="stale"):
        load(old, "trello", settled.sides(old))
    assert TrelloHook().get_organization(link["trello_id"])["desc"] != "stale"
    assert ("trello", "update", "description", "stale") in settled.run(CUSTOMERS).writes()


def test_a_second_run_of_the_pair_is_told_whom_it_waits_for(settled):
    from customerp_trello.flow.begin import acquire

    run = settled.start(CUSTOMERS, Form())
    try:
        holder = acquire(settled.mapping(CUSTOMERS), settled.store, "another", Form())
        assert run.id in str(holder)
        assert CUSTOMERS in str(holder)
    finally:
        lease.release(settled.store, CUSTOMERS, run.id)


def test_p7_an_edit_between_plan_and_write_survives(settled, monkeypatch):
    """Somebody edits in Trello after the plan was made: our write of the same property waits for the next run."""
    link = settled.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], description="ours", name=f"Both {link['link']}")
    import engine

    real = engine.guard

    def edit_first(run, by):
        TrelloHook().update_organization(link["trello_id"], desc="theirs, later")
        return real(run, by)

    monkeypatch.setattr(engine, "guard", edit_first)
    ran = settled.run(CUSTOMERS)
    monkeypatch.setattr(engine, "guard", real)
    assert ran.writes() == [("trello", "update", "name", f"Both {link['link']}")]
    assert TrelloHook().get_organization(link["trello_id"])["desc"] == "theirs, later"
    after = settled.run(CUSTOMERS)
    assert after.plan[after.plan["operation"] == "conflict"]["property"].tolist() == ["description"]


def test_deletes_beyond_the_guard_are_held_and_let_through_by_a_person(settled):
    guard = settled.mapping(CUSTOMERS).guard.model_copy(update={"delete_count": 1, "delete_share": 0.01})
    settled.mappings[CUSTOMERS] = settled.mapping(CUSTOMERS).model_copy(update={"guard": guard})
    doomed = [settled.fresh_link(CUSTOMERS) for _ in range(3)]
    for link in doomed:
        CustomERPHook().delete_record("customer", link["customerp_id"])
    held = settled.run(CUSTOMERS)
    # Tests that came before have their deletes counted with these: all of the last 24 hours are.
    total, before = map(int, re.search(r"(\d+) deletes in customerp \(of which (\d+) in the last", held.held).groups())
    assert total - before == 3
    assert {link["link"] for link in doomed} <= set(settled.links(CUSTOMERS)["link"])
    with pytest.raises(FormError, match="no held plan"):
        settled.run(CUSTOMERS, action="let_through", plan="0123456789abcdef")
    through = settled.run(CUSTOMERS, action="let_through", plan=held.steps["reconcile"]["digest"])
    assert through.steps["guard"]["go"]
    assert not {link["link"] for link in doomed} & set(settled.links(CUSTOMERS)["link"])


def test_p14_another_filter_is_previewed_in_full(settled, monkeypatch):
    """Whoever the filter lets in has not changed since the watermark: an incremental listing would not show them."""
    monkeypatch.setattr(finish, "OVERLAP", timedelta(0))
    wide = settled.mapping(CUSTOMERS)
    companies = (Condition.model_validate({"field": "type", "in": ["company"]}),)
    narrow = wide.customerp.model_copy(update={"filter": companies})
    settled.mappings[CUSTOMERS] = wide.model_copy(update={"customerp": narrow})
    settled.let_through(CUSTOMERS)
    CustomERPHook().create_record("customer", {"name": "Person of late", "type": "person"})
    settled.run(CUSTOMERS)
    assert workspaces("Person of late") == 0
    settled.mappings[CUSTOMERS] = wide
    held = settled.run(CUSTOMERS)
    created = held.plan[held.plan["operation"].eq("create") & held.plan["property"].eq("name")]
    assert created["after"].tolist() == ["Person of late"]
    settled.run(CUSTOMERS, action="let_through", plan=held.steps["reconcile"]["digest"])
    assert workspaces("Person of late") == 1


def test_a_plan_that_asks_for_more_than_was_let_through_is_held_itself(settled):
    guard = settled.mapping(CUSTOMERS).guard.model_copy(update={"delete_count": 1, "delete_share": 0.01})
    settled.mappings[CUSTOMERS] = settled.mapping(CUSTOMERS).model_copy(update={"guard": guard})
    doomed = [settled.fresh_link(CUSTOMERS) for _ in range(3)]
    for link in doomed[:2]:
        CustomERPHook().delete_record("customer", link["customerp_id"])
    held = settled.run(CUSTOMERS).steps["reconcile"]["digest"]
    CustomERPHook().delete_record("customer", doomed[2]["customerp_id"])
    with pytest.raises(FormError, match="asks for more than it did") as refused:
        settled.run(CUSTOMERS, action="let_through", plan=held)
    (named,) = re.findall(r"let_through and plan (\w+)", str(refused.value))
    assert {link["link"] for link in doomed} <= set(settled.links(CUSTOMERS)["link"])
    assert settled.run(CUSTOMERS, action="let_through", plan=named).steps["guard"]["go"]
    assert not {link["link"] for link in doomed} & set(settled.links(CUSTOMERS)["link"])


def test_a_bad_amendment_is_refused_with_a_reason_and_the_project_goes_on(settled):
    link = settled.fresh_link(PROJECTS)
    card = settled.summary["register_card"]["id"]
    text = f"{link['c.number']}\nStatus: Nearly done\nDescription: this part is fine"
    comment = as_anna(settled, "POST", f"/cards/{card}/actions/comments", text=text)["id"]
    edited = erp_edit("project", link["customerp_id"], name="Still synced")
    ran = settled.run(PROJECTS)
    assert {
        ("trello", "update", "name", "Still synced"),
        ("customerp", "update", "description", "this part is fine"),
    } <= {*ran.writes()}
    after = CustomERPHook().get_record("project", link["customerp_id"])[0]
    assert (after["status"], after["description"]) == (edited["status"], "this part is fine")
    notes = read_listing(ran.run.folder, "trello").facts["notes"]
    (what,) = [note["what"] for note in notes if note["comment"] == comment]
    with structlog.testing.capture_logs() as lines:
        show_notes(notes)
    assert "refused, line 2" in what
    assert {"event": "note", "log_level": "warning", "comment": comment, "what": what} in lines
    assert settled.run(PROJECTS).writes() == []
