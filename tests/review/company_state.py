"""A small company in the state database: links in every condition, with a history, as runs leave them."""

from __future__ import annotations

from typing import Any

from customerp_trello.mapping.load import load_pair
from customerp_trello.state.bases import settle
from customerp_trello.state.conflicts import Conflict, record_conflict
from customerp_trello.state.history import Entry, append_history
from customerp_trello.state.links import NewLink, add_links, suspend
from customerp_trello.state.plans import HELD, Plan, save_plan
from customerp_trello.state.runs import Watermark, end_run, save_watermark, start_run
from customerp_trello.state.search import index_next, set_searchable
from customerp_trello.state.store import Store
from customerp_trello.state.tombstones import bury
from customerp_trello.state.work import Work, note_failure, note_work

CUSTOMERS, CONTACTS = "custom_customer__trello_organizations", "custom_contact__trello_members"
SCRIPT = "<script>alert('Bobby')</script>"
RUN = "a" * 32


def customer(number: int, name: str, website: str = "") -> NewLink:
    base = {"number": f"c{number}", "name": name, "website": website, "description": f"Customer {number}"}
    return NewLink(f"{number}", f"{number:024x}", base, base)


def fill(store: Store, clock: Any, folder: str = "") -> dict[str, int]:
    """Everything there is to see of the customers' pair, and a contact; name -> link's number."""
    with store.begin() as tx:
        for pair in (CUSTOMERS, CONTACTS):
            set_searchable(tx, pair, load_pair(pair).searched)
            while index_next(tx, pair):
                pass
        start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id="manual__1+00:00", run_id=RUN, started_by="anna")
        names = ("Müller & Söhne GmbH", "Acme Berlin", SCRIPT, "Kept Apart AG", "Out of Sight Ltd", "Bäckerei Ærø")
        numbers = add_links(tx, CUSTOMERS, [customer(1042 + n, name) for n, name in enumerate(names)], run=RUN)
        found = dict(zip(("müller", "acme", "script", "apart", "suspended", "bakery"), numbers, strict=True))
        person = {"email": "nora.lindgren@nordlicht.example", "full_name": "Nora Lindgren", "customer": "1042"}
        (found["nora"],) = add_links(tx, CONTACTS, [NewLink("7", "w:7", person, person)], run="b" * 32)
        _history(tx, found)
    clock.forward(minutes=5)
    with store.begin() as tx:
        _troubles(tx, found)
        save_watermark(tx, CUSTOMERS, "trello", Watermark(None, tx.now, None, 6, {"card": "c" * 24}))
        end_run(tx, RUN, "success", {"linked": 6, "created in trello": 2, "updated in customerp": 1, "conflicts": 2})
        save_plan(tx, Plan(RUN, CUSTOMERS, "0123456789abcdef", path=folder, status="applied"))
        start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id="held", run_id="f" * 32)
        end_run(tx, "f" * 32, "held", {"linked": 6, "would create in trello": 42})
        save_plan(tx, Plan("f" * 32, CUSTOMERS, "fedcba9876543210", status=HELD, reasons=["42 creates in trello"]))
    clock.forward(minutes=5)
    return found


def _history(tx: Any, found: dict[str, int]) -> None:
    lines = [
        Entry("trello", "create", "1", "1044", f"{1044:024x}", "name", None, SCRIPT, found["script"],
              "new_in_customerp"),
        Entry("customerp", "update", "2", "1043", f"{1043:024x}", "name", "Acme", "Acme Berlin", found["acme"],
              "edited_in_trello", actor="Boris"),
    ]  # fmt: skip
    append_history(tx, CUSTOMERS, RUN, lines)


def _troubles(tx: Any, found: dict[str, int]) -> None:
    ask = Conflict(
        found["müller"], "name", "Müller", "Müller", "Müller & Söhne GmbH", "Müller + Söhne", reason="manual"
    )
    record_conflict(tx, CUSTOMERS, RUN, ask)
    ask = Conflict(found["script"], "description", None, None, SCRIPT, f"{SCRIPT}2", reason="first_link")
    record_conflict(tx, CUSTOMERS, RUN, ask)
    note_failure(tx, CUSTOMERS, Work("customerp", "1043", "quarantined", f"trello: refused {SCRIPT}"))
    note_work(tx, CUSTOMERS, Work("customerp", "2000", "waiting", "ambiguous: the link keys fit several records"))
    note_work(tx, CUSTOMERS, Work("customerp", "2001", "not_writable", "required: no Name"))
    settle(tx, found["bakery"], run=RUN, marks={"name": "not_writable:trello"})
    suspend(tx, [found["suspended"]], "not_seen", away="trello", run=RUN)
    bury(tx, CUSTOMERS, "apart", "3000", "apart-workspace", keys={}, run=RUN)
