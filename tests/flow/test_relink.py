"""A re-link: who is who is found out anew, and everything else waits for a person (contract, P12)."""

from __future__ import annotations

import pytest
from engine import CUSTOMERS, PROJECTS, erp_edit
from sqlalchemy import delete, update

from customerp_trello.state.conflicts import conflicts
from customerp_trello.state.plans import HELD, plans
from customerp_trello.state.tables import conflict, link, open_work, plan, tombstone, watermark

TABLES = (link, watermark, plan, conflict, open_work, tombstone)


def digest(ran):
    return ran.steps["reconcile"]["digest"]


def lose(engine, pair):
    """The state of a pair is lost."""
    with engine.store.begin() as tx:
        for table in TABLES:
            tx.execute(delete(table).where(table.c.pair == pair))


def ends(engine, pair):
    links = engine.links(pair)
    return set(zip(links["customerp_id"], links["trello_id"], strict=True))


def in_sync(engine, pair=CUSTOMERS):
    engine.widen()
    engine.let_through(pair)
    return engine


@pytest.mark.parametrize("pair", [CUSTOMERS, PROJECTS])
def test_lost_links_are_found_again_and_nothing_is_written_until_a_person_says_so(engine, pair):
    before = ends(in_sync(engine, pair), pair)
    changed = min(before)[0]
    entity = {CUSTOMERS: "customer", PROJECTS: "project"}[pair]
    erp_edit(entity, changed, name="Changed while the state was lost")
    lose(engine, pair)
    linked = engine.run(pair, action="relink")
    assert linked.writes() == []
    assert ends(engine, pair) == before
    assert ": success - only links are made" in linked.text
    # The schedule's runs hold as well, however little they would write.
    for _ in range(2):
        held = engine.run(pair)
        assert held.writes() == []
        assert "linked anew and nobody has let a plan through" in held.held
    released = engine.run(pair, action="let_through", plan=digest(linked))
    assert ("trello", "update", "name", "Changed while the state was lost") in released.writes()
    assert {write[1] for write in released.writes()} <= {"update", "create"}
    assert engine.run(pair).writes() == []
    with engine.store.read() as tx:
        assert plans(tx, pair, status=HELD) == []


def test_a_change_of_the_link_keys_is_followed_by_a_relink(engine):
    in_sync(engine)
    found = engine.mapping(CUSTOMERS)
    engine.mappings[CUSTOMERS] = found.model_copy(update={"link_keys": found.link_keys[1:]})
    before = ends(engine, CUSTOMERS)
    held = engine.run(CUSTOMERS)
    assert "link keys changed" in held.held
    linked = engine.run(CUSTOMERS, action="relink")
    assert linked.writes() == []
    assert ends(engine, CUSTOMERS) >= before
    # The mapping's change is passed by whoever lets a plan through, or by a full run with nothing to guard.
    passed = engine.run(CUSTOMERS, action="let_through", plan=digest(engine.run(CUSTOMERS)))
    assert passed.steps["guard"]["go"]
    assert engine.run(CUSTOMERS).writes() == []


def test_another_system_is_not_linked_to(engine):
    in_sync(engine)
    with engine.store.begin() as tx:
        trello = (watermark.c.pair == CUSTOMERS) & (watermark.c.side == "trello")
        tx.execute(update(watermark).where(trello).values(identity={"base_url": "https://other.example"}))
    refused = engine.run(CUSTOMERS, action="relink")
    assert "nothing was linked: trello is not the system of the last run: base_url changed" in refused.held
    with engine.store.read() as tx:
        assert plans(tx, CUSTOMERS, status=HELD) == []


def test_two_different_values_are_shown_as_a_first_link_and_not_settled(engine):
    in_sync(engine)
    one = engine.fresh_link(CUSTOMERS)
    erp_edit("customer", one["customerp_id"], description="Only the ERP says so")
    lose(engine, CUSTOMERS)
    linked = engine.run(CUSTOMERS, action="relink")
    shown = linked.plan[linked.plan["cause"].str.startswith("first_link") & linked.plan["property"].eq("description")]
    assert one["customerp_id"] in set(shown["customerp_id"])
    with engine.store.read() as tx:
        assert conflicts(tx, CUSTOMERS) == []
