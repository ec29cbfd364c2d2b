"""What people decide on the page is what the next run does: both sandbox systems, real runs."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from engine import CUSTOMERS
from engine_building import build_engine

from customerp_trello.state.records import link_with, open_conflicts, open_work_about
from customerp_trello.state.tables import open_work

sys.path.append(str(Path(__file__).resolve().parents[1] / "dags"))

from both_systems import BothSystems

from customerp_trello.review.lists import seen

HERE = f"/pair/{CUSTOMERS}"


@pytest.fixture(scope="module")
def engine(tmp_path_factory, seed_files):
    """Customers and workspaces that have been linked; a name is for a person to settle."""
    with ExitStack() as stack:
        engine = build_engine(stack, tmp_path_factory.mktemp("engine"), seed_files)
        engine.widen(first_run="apply")
        mapping = engine.mapping(CUSTOMERS)
        manual = [
            one.model_copy(update={"conflict": "manual"}) if one.name == "name" else one for one in mapping.properties
        ]
        engine.mappings[CUSTOMERS] = mapping.model_copy(update={"properties": tuple(manual)})
        engine.run(CUSTOMERS)
        yield engine


@pytest.fixture
def systems(engine):
    card, staff = engine.summary["register_card"]["id"], engine.summary["staff"]["short_names"]
    return BothSystems(engine.customerp_url, engine.trello_url, card, staff)


@pytest.fixture
def anna(app, engine, browse, store_here):
    return browse("anna")


@pytest.fixture
def store(engine):
    """Instead of an empty database: the engine's."""
    return engine.store


@pytest.fixture
def store_here(store):
    return store


def workspace(systems, number):
    return systems.get(f"/organizations/{number}", fields="displayName,website")


def test_the_winner_that_a_person_names_is_written_to_the_other_side(engine, systems, anna):
    link = engine.fresh_link(CUSTOMERS)
    systems.edit("customers", int(link["customerp_id"]), name="Ours Ltd")
    systems.put(f"/organizations/{link['trello_id']}", displayName="Theirs Ltd")
    engine.run(CUSTOMERS)
    with engine.store.read() as tx:
        (one,) = open_conflicts(tx, CUSTOMERS)
    page = anna.see(f"{HERE}/record/{link['link']}").text
    assert "Ours Ltd" in page
    assert "Theirs Ltd" in page
    assert anna.press(f"{HERE}/conflicts", question=f"{one.id}.{seen(one)}", side="trello").status_code == 303
    engine.run(CUSTOMERS)
    assert systems.records("customers")[int(link["customerp_id"])]["name"] == "Theirs Ltd"
    page = anna.see(f"{HERE}/record/{link['link']}").text
    assert "Conflicts that were decided" in page
    assert "by anna" in page


def test_a_corrected_record_is_tried_again_at_once(engine, systems, anna):
    link = engine.fresh_link(CUSTOMERS)
    systems.put(f"/organizations/{link['trello_id']}", website="http://intranet")
    engine.run(CUSTOMERS)
    with engine.store.read() as tx:
        (work,) = open_work_about(tx, CUSTOMERS, customerp_id=link["customerp_id"])
    assert work.kind == "quarantined"
    assert "website must be a web address" in anna.see(f"{HERE}/record/{link['link']}").text
    systems.put(f"/organizations/{link['trello_id']}", website="https://intranet.example")
    engine.run(CUSTOMERS)
    before = systems.records("customers")[int(link["customerp_id"])]["website"]
    assert before != "https://intranet.example", "it rests until its next try is due"
    assert anna.press(f"{HERE}/retry", work=work.id).status_code == 303
    engine.run(CUSTOMERS)
    assert systems.records("customers")[int(link["customerp_id"])]["website"] == "https://intranet.example"
    with engine.store.read() as tx:
        assert open_work_about(tx, CUSTOMERS, customerp_id=link["customerp_id"]) == []


def test_an_ended_link_stays_ended_until_somebody_lets_the_two_find_each_other(engine, systems, anna):
    link = engine.fresh_link(CUSTOMERS)
    ids = {"customerp_id": link["customerp_id"], "trello_id": link["trello_id"]}
    workspaces = len(systems.organizations())
    assert anna.press(f"{HERE}/record/{link['link']}/unlink", **ids).status_code == 303
    systems.edit("customers", int(ids["customerp_id"]), description="Nobody over there shall read this.")
    assert not [row for row in engine.run(CUSTOMERS).writes() if "Nobody over there" in row[-1]]
    with engine.store.read() as tx:
        assert link_with(tx, CUSTOMERS, "customerp", ids["customerp_id"]) is None
        assert "apart" in open_work_about(tx, CUSTOMERS, customerp_id=ids["customerp_id"])[0].reason
    assert len(systems.organizations()) == workspaces, "and no second workspace was made"
    text = anna.see(f"{HERE}/apart").text
    stone = text.split('name="tombstone" value="')[1].split('"')[0]
    assert anna.press(f"{HERE}/apart", tombstone=stone).status_code == 303
    engine.run(CUSTOMERS)
    with engine.store.read() as tx:
        assert link_with(tx, CUSTOMERS, "customerp", ids["customerp_id"]).trello_id == ids["trello_id"]


def test_two_records_linked_by_hand_are_compared_as_a_first_link(engine, systems, anna):
    link = engine.fresh_link(CUSTOMERS)
    ids = {"customerp_id": str(link["customerp_id"]), "trello_id": str(link["trello_id"])}
    assert anna.press(f"{HERE}/record/{link['link']}/unlink", **ids).status_code == 303
    systems.put(f"/organizations/{ids['trello_id']}", displayName="Another name there", website="")
    systems.edit("customers", int(ids["customerp_id"]), website="https://filled.example")
    engine.run(CUSTOMERS)
    assert "Another name there" in anna.press(f"{HERE}/link/check", **ids).text
    assert anna.press(f"{HERE}/link", **ids).status_code == 303
    engine.run(CUSTOMERS)
    with engine.store.read() as tx:
        found = link_with(tx, CUSTOMERS, "trello", ids["trello_id"])
        assert found.customerp_id == ids["customerp_id"]
        assert not tx.execute(open_work.select().where(open_work.c.record_id == ids["customerp_id"])).all()
    assert found.base_trello["name"] == found.base_customerp["name"] != "Another name there", "CustomERP's, by mapping"
    assert workspace(systems, ids["trello_id"])["website"] == "https://filled.example"
