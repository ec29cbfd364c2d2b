"""What a run reads and cannot settle is settled by the next ones, though CustomERP is read by change."""

from __future__ import annotations

from datetime import timedelta
from time import sleep

import pytest
import trello_settings
from engine import CUSTOMERS, as_anna, erp_edit
from sqlalchemy import update

from customerp_trello.flow import finish as flow_finish
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.by_hand import link_by_hand, unlink_by_hand
from customerp_trello.state.tables import open_work
from customerp_trello.state.work import load_open_work

APART = 1.2
"""Seconds between runs: what is older than the one before is not read again."""


@pytest.fixture
def engine(customers_loaded, monkeypatch):
    """The profile reads five seconds twice, so this comes to nothing."""
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    customers_loaded.widen(settle_seconds=0)
    yield customers_loaded
    customers_loaded.end_faults()


def synced(engine, times=1, **form):
    written = []
    for _ in range(times):
        sleep(APART)
        written += engine.run(CUSTOMERS, **form).writes()
    sleep(APART)
    return written


def linked(engine, name, **fields):
    made, _ = CustomERPHook().create_record("customer", {"name": name, "type": "company", **fields})
    synced(engine, 3)
    return str(made["id"]), engine.link_of(CUSTOMERS, made["id"])["trello_id"]


def waiting(engine, record):
    with engine.store.read() as tx:
        work = load_open_work(tx, CUSTOMERS)
    return work.loc[work["record_id"].eq(record), "kind"].tolist()


def due(engine):
    with engine.store.begin() as tx:
        tx.execute(update(open_work).values(next_try_at=None))


def killed_at(task):
    def on_task(begun):
        if begun == task:
            raise KeyboardInterrupt(task)

    return on_task


@pytest.mark.parametrize("how", ["killed", "limit"])
def test_a_link_that_resumes_in_a_run_that_does_not_finish_is_compared_later(engine, how):
    record, workspace = linked(engine, f"Out of sight {how}")
    place, us = f"/organizations/{workspace}/members", trello_settings.INTEGRATION.id
    TrelloHook().set_member_type(workspace, trello_settings.ANNA.id, "admin")
    as_anna(engine, "DELETE", f"{place}/{us}")
    synced(engine)
    erp_edit("customer", record, website=f"https://{how}.example")
    synced(engine, 2)
    as_anna(engine, "PUT", f"{place}/{us}", type="admin")
    if how == "killed":
        with pytest.raises(KeyboardInterrupt):
            engine.run(CUSTOMERS, on_task=killed_at("load_trello"))
    else:
        erp_edit("customer", engine.fresh_link(CUSTOMERS)["customerp_id"], name="!First by key")
        synced(engine, limit=1)
    synced(engine, 3)
    assert TrelloHook().get_organization(workspace)["website"] == f"https://{how}.example"


def test_an_edit_beside_an_interrupted_write_that_is_resolved_late_is_written(engine, monkeypatch):
    record, workspace = linked(engine, "Resolved late")
    erp_edit("customer", record, name="Resolved late, renamed")
    engine.fault("trello", match="PUT /1/organizations/*", kind="lost_answer", times=9)
    with monkeypatch.context() as quick:
        quick.setattr("customerp_trello.hooks.http.time.sleep", lambda seconds: None)
        engine.run(CUSTOMERS)
    engine.end_faults()
    erp_edit("customer", record, website="https://meanwhile.example")
    engine.fault("trello", match="GET /1/organizations/*", kind="status:403")  # the look-up of the task `begin` alone
    synced(engine, 4)
    assert TrelloHook().get_organization(workspace)["website"] == "https://meanwhile.example"


@pytest.mark.parametrize("direction", ["both", "to_trello"])
def test_one_of_two_properties_that_moves_just_before_the_write_is_looked_at_again(engine, monkeypatch, direction):
    found = engine.mapping(CUSTOMERS)
    props = tuple(p.model_copy(update={"direction": direction}) if p.name == "website" else p for p in found.properties)
    monkeypatch.setitem(engine.mappings, CUSTOMERS, found.model_copy(update={"properties": props}))
    record, workspace = linked(engine, f"Half moved {direction}", website="https://old.example")
    erp_edit("customer", record, description="New text", website="https://new.example")
    sleep(APART)

    def edit(task):
        if task == "load_trello":
            TrelloHook().update_organization(workspace, website="https://visitor.example")

    engine.run(CUSTOMERS, on_task=edit)
    if direction == "both":
        TrelloHook().update_organization(workspace, website="https://old.example")
    synced(engine, 3)
    assert TrelloHook().get_organization(workspace)["website"] == "https://new.example"


def test_a_workspace_made_by_hand_after_ours_was_refused_is_linked_once_it_may_be(engine):
    synced(engine)
    engine.fault("trello", match="POST /1/organizations", kind="status:400")
    record = str(CustomERPHook().create_record("customer", {"name": "Refused at first", "type": "company"})[0]["id"])
    synced(engine)
    made = TrelloHook().create_organization(displayName="Refused at first")
    synced(engine)
    assert waiting(engine, record) == ["quarantined"], "its next try is not due yet"
    due(engine)
    synced(engine, 2)
    assert engine.links(CUSTOMERS).set_index("customerp_id")["trello_id"].get(record) == made["id"]


def test_what_fits_a_refused_record_is_not_made_once_more(engine, monkeypatch):
    found = engine.mapping(CUSTOMERS)
    mode = type(found.trello.on_unlinked).model_validate({"mode": "create"})
    side = found.trello.model_copy(update={"on_unlinked": mode})
    monkeypatch.setitem(engine.mappings, CUSTOMERS, found.model_copy(update={"trello": side}))
    engine.let_through(CUSTOMERS)
    synced(engine, 2)
    TrelloHook().create_organization(displayName="Born over there")
    engine.fault("customerp", match="POST /api/v1/customers", kind="status:422")
    engine.run(CUSTOMERS)
    engine.end_faults()
    CustomERPHook().create_record("customer", {"name": "Born over there", "type": "company"})
    synced(engine, 3)
    names = [one["name"] for one in CustomERPHook().list_records("customer")]
    assert names.count("Born over there") == 1


def test_two_that_are_linked_by_hand_are_compared_as_they_are(engine):
    record, workspace = linked(engine, "By hand")
    unlink_by_hand(engine.store, CUSTOMERS, int(engine.link_of(CUSTOMERS, record)["link"]), "a person")
    synced(engine)
    erp_edit("customer", record, website="https://apart.example")
    synced(engine, 2)
    link_by_hand(engine.store, CUSTOMERS, record, workspace, "a person")
    assert synced(engine, 3) == [("trello", "update", "website", "https://apart.example")]


def test_what_one_side_refuses_stays_quarantined_though_the_other_side_is_written(engine):
    record, workspace = linked(engine, "Refused here")
    erp_edit("customer", record, website="https://written.example")
    TrelloHook().update_organization(workspace, desc="Refused")
    engine.fault("customerp", match="PATCH /api/v1/customers/*", kind="status:422")
    assert synced(engine) == [("trello", "update", "website", "https://written.example")]
    assert TrelloHook().get_organization(workspace)["website"] == "https://written.example"
    assert waiting(engine, record) == ["quarantined"]


def test_what_was_switched_off_some_runs_ago_is_not_written_though_no_listing_shows_it(engine):
    kept = engine.mapping(CUSTOMERS)
    trello = kept.trello.model_copy(update={"on_gone": "ignore"})
    engine.mappings[CUSTOMERS] = kept.model_copy(update={"trello": trello, "delete_vs_edit": "delete_wins"})
    record, workspace = linked(engine, "Off for a while")
    erp_edit("customer", record, active=False)
    assert synced(engine, 2) == []
    TrelloHook().update_organization(workspace, website="https://meanwhile.example")
    assert synced(engine, 4) == []
    assert waiting(engine, record) == ["waiting"]
    erp_edit("customer", record, active=True)
    synced(engine, 2)
    assert CustomERPHook().get_record("customer", record)[0]["website"] == "https://meanwhile.example"
    assert waiting(engine, record) == []
    engine.mappings[CUSTOMERS] = kept


def test_what_was_switched_off_after_it_was_read_is_not_written(engine):
    record, workspace = linked(engine, "Off in between")
    TrelloHook().update_organization(workspace, website="https://between.example")
    sleep(APART)
    off = {"load_customerp": lambda: erp_edit("customer", record, active=False)}
    ran = engine.run(CUSTOMERS, on_task=lambda begun: off.pop(begun, lambda: None)())
    assert not [one for one in ran.writes() if one[0] == "customerp"]
    assert CustomERPHook().get_record("customer", record)[0]["active"] is False
    assert waiting(engine, record) == ["deferred"]
    synced(engine, 2)  # the edit wins over the deletion, as the mapping says
    found = CustomERPHook().get_record("customer", record)[0]
    assert (found["active"], found["website"]) == (True, "https://between.example")


def test_what_trello_alone_decides_is_compared_once_a_new_workspace_shows_it(engine, monkeypatch):
    found = engine.mapping(CUSTOMERS)
    one_way = tuple(p.model_copy(update={"direction": "to_customerp"} if p.name == "description" else {})
                    for p in found.properties)  # fmt: skip
    monkeypatch.setitem(engine.mappings, CUSTOMERS, found.model_copy(update={"properties": one_way}))
    engine.let_through(CUSTOMERS)
    sleep(APART)
    new = {"name": "Seilbahn Ost", "type": "company", "description": "Not for CustomERP to say"}
    made, _ = CustomERPHook().create_record("customer", new)
    assert ("trello", "create", "name", "Seilbahn Ost") in synced(engine)
    assert synced(engine) == [("customerp", "update", "description", "")]
    assert synced(engine) == []
    now, _ = CustomERPHook().get_record("customer", str(made["id"]))
    assert not now["description"]
