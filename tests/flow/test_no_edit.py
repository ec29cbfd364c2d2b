"""What a system keeps in another form, what both sides say alike, and a clock that is wrong: none of it is an edit."""

from __future__ import annotations

import pytest
from engine import CUSTOMERS, ask, erp_edit

from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.conflicts import conflicts

HOUR = 3600


@pytest.fixture
def company(customers_loaded):
    yield customers_loaded
    assert idle(customers_loaded)


def in_trello(link, **fields):
    return TrelloHook().update_organization(link["trello_id"], **fields)


def idle(company):
    """Whether neither a run nor one that reads everything again finds anything to write."""
    return [company.run(CUSTOMERS, action=action).writes() for action in ("sync", "full_resync")] == [[], []]


@pytest.mark.parametrize(
    ("shown", "field", "written", "kept"),
    [
        ("desc", "description", " two\r\nlines ", "two\nlines"),
        ("displayName", "name", "  Werft  Nordkai ", "Werft  Nordkai"),
        ("website", "website", "https://WWW.Nordkai.Example", "https://www.nordkai.example"),
    ],
)
def test_p5_a_value_that_its_reader_keeps_in_another_form_does_not_come_back(company, shown, field, written, kept):
    link = company.fresh_link(CUSTOMERS)
    before = in_trello(link, **{shown: written})[shown]
    assert company.run(CUSTOMERS).writes() == [("customerp", "update", field, kept)]
    assert company.run(CUSTOMERS).writes() == []
    assert TrelloHook().get_organization(link["trello_id"])[shown] == before, "the form of who wrote it stays"


def test_p6_one_value_written_on_both_sides_is_no_conflict(company):
    link = company.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], description="agreed")
    in_trello(link, desc="agreed")
    ran = company.run(CUSTOMERS)
    assert ran.writes() == []
    with company.store.read() as tx:
        assert conflicts(tx, CUSTOMERS, links=[int(link["link"])]) == []
    # it is the base from now on: the next edit of one side is one side's
    in_trello(link, desc="agreed, and more")
    assert company.run(CUSTOMERS).writes() == [("customerp", "update", "description", "agreed, and more")]


@pytest.mark.parametrize(("system", "wrong_by"), [("customerp", HOUR), ("trello", -HOUR)])
def test_p22_a_wrong_clock_changes_nothing_of_what_arrives(company, system, wrong_by):
    one, two = company.fresh_link(CUSTOMERS), company.fresh_link(CUSTOMERS)
    url = getattr(company, f"{system}_url")
    ask("POST", f"{url}/sandbox/clock", offset_seconds=wrong_by)
    try:
        company.run(CUSTOMERS, action="full_resync")
        erp_edit("customer", one["customerp_id"], description="Said by the ERP")
        in_trello(two, desc="Said by Trello")
        assert company.run(CUSTOMERS).writes() == [
            ("customerp", "update", "description", "Said by Trello"),
            ("trello", "update", "description", "Said by the ERP"),
        ]
        assert idle(company)
    finally:
        ask("POST", f"{url}/sandbox/clock", offset_seconds=0)
        company.run(CUSTOMERS, action="full_resync")
