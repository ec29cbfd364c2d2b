"""A delivery waits until a run that looks at everything begins to read after it."""

from __future__ import annotations

import pytest
from engine import CUSTOMERS

from customerp_trello.flow.form import FULL_RESYNC, PREVIEW, SYNC
from customerp_trello.state import inbox
from customerp_trello.state.inbox import Delivery


def put(engine, delivery_id):
    with engine.store.begin() as tx:
        inbox.put_in(tx, [Delivery("trello_default", delivery_id, CUSTOMERS, "model", "updateOrganization")])


def waits(engine):
    with engine.store.read() as tx:
        found = inbox.waiting(tx, CUSTOMERS)
    return found.count if found else 0


@pytest.mark.parametrize(
    ("form", "left"),
    [
        ({"action": SYNC}, 0),
        ({"action": FULL_RESYNC}, 0),
        ({"action": PREVIEW}, 1),
        ({"keys": ("C-1001",)}, 1),
        ({"limit": 1}, 1),
    ],
)
def test_only_a_run_that_looks_at_everything_answers(engine, form, left):
    engine.run(CUSTOMERS)
    put(engine, "1")
    engine.run(CUSTOMERS, **form)
    assert waits(engine) == left


def test_what_comes_while_a_run_reads_waits_for_the_next(engine, monkeypatch):
    from customerp_trello.sides.trello_organization import TrelloOrganizations

    extract = TrelloOrganizations.extract

    def meanwhile(self, reading):
        put(engine, "late")
        return extract(self, reading)

    engine.run(CUSTOMERS)
    put(engine, "early")
    with monkeypatch.context() as patched:
        patched.setattr(TrelloOrganizations, "extract", meanwhile)
        engine.run(CUSTOMERS)
    assert waits(engine) == 1
    engine.run(CUSTOMERS)
    assert waits(engine) == 0
