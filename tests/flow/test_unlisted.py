"""Records that a listing by change leaves out are there all the same."""

from __future__ import annotations

from engine import CONTACTS, CUSTOMERS, ask, erp_edit
from test_moved_since_the_plan import engine, erp, synced

from customerp_trello.hooks.customerp import CustomERPHook

__all__ = ["engine"]


def test_a_second_contact_of_one_customer_with_one_address_is_not_invited(engine):
    hook = CustomERPHook()
    customer, _ = hook.create_record("customer", {"name": "One address", "type": "company"})
    synced(engine, CUSTOMERS)
    fields = {"last_name": "Twice", "email": "twice@one.example", "customer_id": customer["id"]}
    first, _ = hook.create_record("contact", fields | {"first_name": "Tilda", "email": "wrong@one.example"})
    synced(engine, CONTACTS, 2)
    ask("POST", f"{engine.trello_url}/sandbox/join", email="wrong@one.example")
    synced(engine, CONTACTS, 2)
    erp_edit("contact", first["id"], email=fields["email"])  # which Trello's member does not take any more
    synced(engine, CONTACTS, 2)
    second, _ = hook.create_record("contact", fields | {"first_name": "T."})
    for _ in range(2):
        assert [one for one in synced(engine, CONTACTS) if one[0] == "trello"] == []
    linked = set(engine.links(CONTACTS)["customerp_id"])
    assert (str(first["id"]) in linked, str(second["id"]) in linked) == (True, False)
    assert erp("contact", second["id"])["email"] == "twice@one.example"
