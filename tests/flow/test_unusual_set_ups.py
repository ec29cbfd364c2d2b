"""Mappings and ERPs that are valid and unlike the shipped ones: the contract holds there as well."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from engine import CUSTOMERS, PROJECTS, as_anna
from engine_building import build_engine
from test_crash import projects
from test_projects import say

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.convert import Reference

NEW = "New project: {name}\nStatus: Open\nEnd date: 2027-01-01"


@pytest.fixture
def engine(tmp_path, seed_files):
    with ExitStack() as stack:
        ready = build_engine(stack, tmp_path, seed_files)
        ready.widen(settle_seconds=0)
        yield ready


@pytest.fixture
def profile(tmp_path, monkeypatch):
    """The shipped profile with changes to its entities."""

    def change(edit):
        content = yaml.safe_load(Path("include/customerp/default.yaml").read_text(encoding="utf-8"))
        for name, entity in content["entities"].items():
            edit(name, entity)
        folder = tmp_path / "profiles"
        folder.mkdir()
        (folder / "default.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        monkeypatch.setenv("CUSTOMERP_TRELLO_PROFILES", str(folder))

    return change


def comments_about(engine, name):
    card = engine.summary["register_card"]["id"]
    return [one for one in TrelloHook().comments(card) if f"· {name}**" in one["data"]["text"]]


def customer_by_id(engine):
    """Let projects refer to their customer by the ERP's id."""
    found = engine.mapping(PROJECTS)
    by_id = Reference(using="reference", references="customer", by="id")
    properties = [p.model_copy(update={"convert": by_id}) if p.name == "customer" else p for p in found.properties]
    engine.mappings[PROJECTS] = found.model_copy(update={"properties": tuple(properties)})


@pytest.mark.parametrize("fault", ["lost_answer", "reset"])
def test_p10_a_create_in_an_erp_without_a_marker_is_found_again_by_what_was_sent(engine, profile, fault):
    profile(lambda _, entity: (entity.pop("marker", None), entity["filters"].pop("trello_id", None)))
    assert CustomERPHook().profile.entities["project"].marker is None
    engine.let_through(PROJECTS)
    say(engine, NEW.format(name="Moonbase"))
    engine.fault("customerp", match="POST /api/v1/projects", kind=fault)
    for _ in range(4):
        engine.run(PROJECTS)
    assert len(projects("Moonbase")) == len(comments_about(engine, "Moonbase")) == 1


def test_p7_an_edit_of_a_new_projects_comment_just_before_it_is_made_arrives(engine):
    engine.let_through(PROJECTS)
    source = say(engine, NEW.format(name="Moonbase"))

    def edit(task):
        if task == "load_customerp":
            text = "New project: Moonbase\nStatus: Completed\nEnd date: 2029-09-09"
            as_anna(engine, "PUT", f"/actions/{source}", text=text)

    assert engine.run(PROJECTS, on_task=edit).writes() == []
    engine.run(PROJECTS)
    (made,) = projects("Moonbase")
    assert (made["status"], made["end_date"]) == ("completed", "2029-09-09")


def test_p10_a_new_projects_comment_that_is_deleted_just_before_it_is_made_makes_none(engine):
    engine.let_through(PROJECTS)
    source = say(engine, NEW.format(name="Moonbase"))
    engine.run(
        PROJECTS, on_task=lambda task: task == "load_customerp" and as_anna(engine, "DELETE", f"/actions/{source}")
    )
    engine.run(PROJECTS)
    assert projects("Moonbase") == []


def test_a_bare_name_of_a_reference_by_id_means_the_id(engine):
    customer_by_id(engine)
    engine.let_through(PROJECTS)
    link = engine.fresh_link(PROJECTS)
    now = CustomERPHook().get_record("project", link["customerp_id"])[0]["customer_id"]
    customers = list(CustomERPHook().list_records("customer"))
    names = [one["name"] for one in customers]
    other = next(one for one in customers if names.count(one["name"]) == 1 and one["id"] != now)
    say(engine, f"{link['c.number']}\nCustomer: {other['name']}")
    engine.run(PROJECTS)
    assert CustomERPHook().get_record("project", link["customerp_id"])[0]["customer_id"] == other["id"]
    assert engine.run(PROJECTS).writes() == []


def test_p15_a_bare_name_that_fits_nobody_of_an_entity_without_numbers_stops_nobody_else(engine, profile):
    profile(lambda name, entity: entity.pop("number", None) if name == "customer" else None)
    customer_by_id(engine)
    engine.let_through(PROJECTS)
    say(engine, NEW.format(name="Nowhere") + "\nCustomer: Nobody of that name")
    say(engine, NEW.format(name="Moonbase"))
    ran = engine.run(PROJECTS)
    assert (len(projects("Moonbase")), projects("Nowhere")) == (1, [])
    told = ran.plan.loc[ran.plan["operation"].eq("quarantine"), "detail"].tolist()
    assert any("does not fit exactly one customer; write its id" in one for one in told)


def test_projects_of_linked_customers_alone_get_a_comment_in_mode_related(engine):
    found = engine.mapping(PROJECTS)
    related = type(found.customerp.on_unlinked).model_validate({"mode": "related", "property": "customer"})
    side = found.customerp.model_copy(update={"on_unlinked": related})
    engine.mappings[PROJECTS] = found.model_copy(update={"after": (CUSTOMERS,), "customerp": side})
    engine.let_through(CUSTOMERS)
    linked = set(engine.links(CUSTOMERS)["customerp_id"])
    erp = CustomERPHook()
    wanted = {str(p["id"]) for p in erp.list_records("project") if p["active"] and str(p["customer_id"]) in linked}
    engine.let_through(PROJECTS)
    made = set(engine.links(PROJECTS)["customerp_id"])
    assert made
    assert made == wanted
    apart = erp.create_record("project", {"name": "Of nobody", "status": "open"})[0]
    told = engine.run(PROJECTS).plan
    assert told.loc[told["customerp_id"].eq(str(apart["id"])), "detail"].tolist() == ["its customer is not linked"]
