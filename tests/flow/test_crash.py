"""Kill a run just before and just after every step that touches a system or the state; two more runs put all right.

The process is not killed for real here (the tests with a real Airflow do that); an exception that nothing catches
ends the attempt at exactly one step, and the next run finds what it left.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest
import requests
from engine import CUSTOMERS, EMPLOYEES, PAIRS, PROJECTS, as_anna, erp_edit

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state import lease
from customerp_trello.state.store import Store

EVERY = int(os.environ.get("CUSTOMERP_TRELLO_KILL_EVERY", "40"))
"""1 kills at every single step, which takes minutes per pair."""


class Killed(BaseException):
    """The process is gone."""


class Steps:
    """Counts the steps of a run and ends it at one of them."""

    def __init__(self, monkeypatch):
        self.at, self.count = None, 0
        self.record = []
        send, begin = requests.Session.send, Store.begin

        def sending(session, request, **kwargs):
            writes = request.method != "GET"
            if writes:
                self.step(f"before {request.method}")
            answer = send(session, request, **kwargs)
            if writes:
                self.step(f"after {request.method}")
            return answer

        @contextmanager
        def beginning(store, fence=None):
            self.step("before commit")
            with begin(store, fence) as tx:
                yield tx
            self.step("after commit")

        monkeypatch.setattr(requests.Session, "send", sending)
        monkeypatch.setattr(Store, "begin", beginning)

    def step(self, name):
        if self.at is None:
            return
        self.record.append(name)
        self.count += 1
        if self.count == self.at:
            self.at = None
            raise Killed(name)

    def arm(self, number):
        self.at, self.count, self.record = number, 0, []

    def disarm(self):
        self.at = None


@pytest.fixture
def steps(monkeypatch):
    return Steps(monkeypatch)


@pytest.fixture
def world(engine):
    engine.widen(settle_seconds=0)
    for pair in PAIRS:
        engine.let_through(pair)
    return engine


def edit_customers(engine, number):
    link = engine.links(CUSTOMERS).iloc[0]
    CustomERPHook().create_record("customer", {"name": f"Crash {number}", "type": "company"})
    erp_edit("customer", link["customerp_id"], name=f"ERP {number}")
    TrelloHook().update_organization(link["trello_id"], desc=f"Trello {number}")

    def check():
        names = [one["displayName"] for one in TrelloHook().my_organizations(fields="displayName")]
        assert names.count(f"Crash {number}") == 1
        assert names.count(f"ERP {number}") == 1
        erp = CustomERPHook().get_record("customer", link["customerp_id"])[0]
        assert (erp["name"], erp["description"]) == (f"ERP {number}", f"Trello {number}")

    return check


def edit_projects(engine, number):
    link = engine.links(PROJECTS).iloc[0]
    card = engine.summary["register_card"]["id"]
    erp_edit("project", link["customerp_id"], name=f"ERP {number}")
    as_anna(engine, "POST", f"/cards/{card}/actions/comments", text=f"Name: Born {number}\nStatus: Open")
    text = f"{link['c.number']}\nDescription: Amended {number}"
    as_anna(engine, "POST", f"/cards/{card}/actions/comments", text=text)
    CustomERPHook().create_record("project", {"name": f"New {number}", "status": "open"})

    def check():
        erp = list(CustomERPHook().list_records("project"))
        names = [one["name"] for one in erp]
        assert names.count(f"Born {number}") == names.count(f"New {number}") == 1
        mine = next(one for one in erp if str(one["id"]) == link["customerp_id"])
        assert (mine["name"], mine["description"]) == (f"ERP {number}", f"Amended {number}")
        texts = [one["data"]["text"] for one in TrelloHook().comments(card)]
        ours = [text for text in texts if "CustomERP" in text.splitlines()[-1]]
        for name in (f"Born {number}", f"New {number}", f"ERP {number}"):
            assert sum(name in text.splitlines()[0] for text in ours) == 1, name

    return check


def edit_employees(engine, number):
    fresh = {"first_name": "Cara", "last_name": f"Crash{number}", "work_email": f"cara{number}@crash.example"}
    CustomERPHook().create_record("employee", fresh | {"status": "active"})

    def check():
        organization = TrelloHook().get_organization(engine.summary["staff"]["workspaces"][0])["id"]
        members = [one["member"]["fullName"] for one in TrelloHook().memberships(organization)]
        assert members.count(f"Cara Crash{number}") == 1

    return check


@pytest.mark.parametrize(
    ("pair", "edit", "fewest"),
    [(CUSTOMERS, edit_customers, 30), (PROJECTS, edit_projects, 40), (EMPLOYEES, edit_employees, 20)],
)
def test_p10_p11_killed_at_any_step_two_more_runs_end_as_if_undisturbed(world, steps, pair, edit, fewest):
    number = 1 - EVERY
    while True:
        number += EVERY
        check = edit(world, number)
        steps.arm(number)
        try:
            ran = world.run(pair)
        except Killed:
            pass
        else:
            assert not ran.held
            break
        finally:
            steps.disarm()
        if dead := lease.holder(world.store, pair):
            lease.release(world.store, pair, dead.run)  # instead of waiting for its expiry
        world.run(pair)
        world.run(pair)
        check()
        again = world.run(pair)
        assert again.writes() == [], steps.record[-1]
    assert number > fewest
    print(f"{pair}: {number - EVERY} steps, killed at one in {EVERY}")
