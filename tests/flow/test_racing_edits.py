"""An edit that falls between reading and writing, and is followed by another one."""

from __future__ import annotations

import trello_settings
from engine import CUSTOMERS, as_anna, erp_edit

from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.conflicts import conflicts


def test_what_our_write_replaced_is_recorded_although_somebody_edits_once_more(customers_loaded, monkeypatch):
    loaded = customers_loaded
    link = loaded.fresh_link(CUSTOMERS)
    TrelloHook().set_member_type(link["trello_id"], trello_settings.ANNA.id, "admin")
    erp_edit("customer", link["customerp_id"], description="ours again")
    real = TrelloHook.update_organization

    def racing(self, id, **fields):
        as_anna(loaded, "PUT", f"/organizations/{id}", desc="theirs, unseen")
        answer = real(self, id, **fields)
        as_anna(loaded, "PUT", f"/organizations/{id}", website="https://later.example")
        return answer

    monkeypatch.setattr(TrelloHook, "update_organization", racing)
    loaded.run(CUSTOMERS)
    with loaded.store.read() as tx:
        lost = [one.trello for one in conflicts(tx, CUSTOMERS, status="settled") if one.reason == "overwritten"]
    assert "theirs, unseen" in lost
