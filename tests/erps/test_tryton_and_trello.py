"""Customers and contacts in Tryton, a true ERP, kept in step with Trello by YAML alone, edited on both sides."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trello_settings
import yaml
from engine import CONTACTS, CUSTOMERS, EMPLOYEES, Engine, ask
from erp_under_test import Erp
from servers import TrytonRpc

from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.store import Store

pytestmark = pytest.mark.erps

MAPPINGS = Path(__file__).resolve().parents[2] / "include" / "mappings"
FIELDS = {
    CUSTOMERS: {"number": "code", "name": "name", "website": "website"},
    CONTACTS: {
        "customer": "customer_id", "email": "email", "full_name": "name", "bio": "notes", "membership": "active",
    },
}  # fmt: skip
"""Property -> Tryton's field in the profile; properties that Tryton has no place for are left out."""


def write_mappings(folder: Path) -> None:
    """The shipped mappings with Tryton's fields."""
    shutil.copy(MAPPINGS / f"{EMPLOYEES}.yaml", folder)
    for pair, fields in FIELDS.items():
        content = yaml.safe_load((MAPPINGS / f"{pair}.yaml").read_text())
        kept = [prop for prop in content["properties"] if prop["name"] in fields]
        for prop in kept:
            prop["customerp"] = fields[prop["name"]]
            if prop.get("convert", {}).get("using") == "person_name":
                del prop["convert"]  # Tryton keeps a name in one piece
            if prop["name"] == "website":
                prop["direction"] = "to_trello"  # Tryton takes a party's website at its creation only
        (folder / f"{pair}.yaml").write_text(yaml.safe_dump({**content, "properties": kept}))


class Office:
    """Tryton as its own people see it, by Tryton's own protocol."""

    def __init__(self, url: str) -> None:
        self._rpc = TrytonRpc(url.rpartition("/")[0])

    def make(self, model: str, **fields: Any) -> int:
        return int(self._rpc.call(f"model.{model}.create", [fields])[0])

    def edit(self, model: str, id_: int, **fields: Any) -> None:
        self._rpc.call(f"model.{model}.write", [id_], fields)

    def show(self, model: str, id_: int, *fields: str) -> dict[str, Any]:
        record = self._rpc.call(f"model.{model}.read", [id_], list(fields))[0]
        return {name: record[name] for name in fields}


@pytest.fixture
def tryton(erps: Callable[[str], Erp]) -> Erp:
    return erps("tryton")


@pytest.fixture
def office(tryton: Erp) -> Office:
    return Office(tryton.url)


@pytest.fixture
def engine(tryton: Erp, trello_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The package between Tryton and the Trello sandbox, with a staff workspace and nothing else."""
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    (tmp_path / "mappings").mkdir()
    write_mappings(tmp_path / "mappings")
    monkeypatch.setenv("CUSTOMERP_TRELLO_MAPPINGS", str(tmp_path / "mappings"))
    extra = {"requests_per_10_seconds": 100_000, "writes_in_flight": 1, "staff_workspaces": ["staff"]}
    connections = {
        "customerp_default": {"host": tryton.url, "password": tryton.password, "extra": {"profile": "tryton"}},
        "trello_default": {
            "host": trello_server.url, "login": trello_settings.TRELLO_KEY, "password": trello_server.token,
            "extra": extra,
        },
    }  # fmt: skip
    for name, fields in connections.items():
        content = {"conn_type": name.partition("_")[0], **fields}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(content))
    TrelloHook().create_organization(displayName="Staff", name="staff")
    store = Store(f"sqlite:///{tmp_path / 'state.db'}")
    store.upgrade()
    yield Engine(tmp_path / "runs", store, {}, tryton.url, trello_server.url)
    store.close()


def test_customers_and_contacts_converge_after_edits_on_both_sides(
    engine: Engine, office: Office, trello_server: Any
) -> None:
    tag = trello_server.url.rpartition(":")[2]
    parties = {
        name: office.make("party.party", name=name, code=f"C-{tag}-{number}", website=f"https://{name.lower()}.example")
        for number, name in enumerate(("Alder", "Birch", "Cedar"))
    }
    greta, boris = (
        office.make("party.contact_mechanism", type="email", name=name, value=address, party=parties[party])
        for name, address, party in (
            ("Greta Wolf", "greta@alder.example", "Alder"),
            ("Boris Wu", "boris@birch.example", "Birch"),
        )
    )

    # first load: previews that a person lets through
    made = engine.let_through(CUSTOMERS).writes()
    assert {after for _, operation, prop, after in made if (operation, prop) == ("create", "name")} >= set(parties)
    invited = engine.let_through(CONTACTS).writes()
    assert ("trello", "create", "full_name", "Greta Wolf") in invited
    for pair in (CUSTOMERS, CONTACTS):
        assert engine.run(pair, action="full_resync").writes() == []

    # edits on both sides
    trello = TrelloHook()
    workspace = {name: engine.link_of(CUSTOMERS, id_)["trello_id"] for name, id_ in parties.items()}
    office.edit("party.party", parties["Alder"], name="Alder AG")
    trello.update_organization(workspace["Birch"], displayName="Birch SA")
    trello.update_organization(workspace["Cedar"], website="https://new.cedar.example")
    office.edit("party.party", parties["Cedar"], name="Cedar GmbH")
    assert engine.run(CUSTOMERS).writes() == [
        ("customerp", "update", "name", "Birch SA"),
        ("trello", "update", "name", "Alder AG"),
        ("trello", "update", "name", "Cedar GmbH"),
        ("trello", "update", "website", "https://cedar.example"),  # put back
    ]
    for name, id_ in parties.items():
        shown = office.show("party.party", id_, "name", "website")
        organization = trello.get_organization(workspace[name])
        assert shown == {"name": organization["displayName"], "website": organization["website"]}
    assert trello.get_organization(workspace["Alder"])["displayName"] == "Alder AG"

    # a person joins, and renames herself in Trello
    person = trello_server.join("greta@alder.example", fullName="Greta Wolf", username="gretawolf")
    engine.run(CONTACTS)
    header = f'OAuth oauth_consumer_key="{trello_settings.TRELLO_KEY}", oauth_token="{person["token"]}"'
    ask("PUT", f"{trello_server.url}/1/members/me", header, fullName="Greta Wolf-Wu")
    assert engine.run(CONTACTS).writes() == [("customerp", "update", "full_name", "Greta Wolf-Wu")]
    assert office.show("party.contact_mechanism", greta, "name", "value", "party") == {
        "name": "Greta Wolf-Wu", "value": "greta@alder.example", "party": parties["Alder"],
    }  # fmt: skip

    # a contact is switched off in Tryton, and a customer
    office.edit("party.contact_mechanism", boris, active=False)
    assert ("trello", "update", "membership", "none") in engine.run(CONTACTS).writes()
    office.edit("party.party", parties["Cedar"], active=False)
    assert engine.run(CUSTOMERS, action="full_resync").writes() == []
    assert trello.get_organization(workspace["Cedar"])["displayName"] == "Cedar GmbH"  # kept, and no longer synced

    for pair in (CUSTOMERS, CONTACTS):
        for form in ({}, {"action": "full_resync"}):
            again = engine.run(pair, **form)
            assert (again.writes(), again.held) == ([], "")


def test_an_edit_in_tryton_between_our_read_and_our_write_survives(
    engine: Engine, office: Office, trello_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tryton's REST API has no conditional writes; the record is read once more just before it is written."""
    party = office.make("party.party", name="Elder", code=f"E-{trello_server.url.rpartition(':')[2]}")
    engine.let_through(CUSTOMERS)
    link = engine.link_of(CUSTOMERS, party)
    TrelloHook().update_organization(link["trello_id"], displayName="Elder from Trello")

    def meanwhile(task: str) -> None:
        if task == "load_customerp":
            office.edit("party.party", party, name="Elder from Tryton")

    engine.run(CUSTOMERS, on_task=meanwhile)
    names = (
        office.show("party.party", party, "name")["name"],
        TrelloHook().get_organization(link["trello_id"])["displayName"],
    )
    assert names[0] == "Elder from Tryton"
    for _ in range(2):
        engine.run(CUSTOMERS)
    settled = office.show("party.party", party, "name")["name"]
    assert settled == TrelloHook().get_organization(link["trello_id"])["displayName"]
    assert engine.run(CUSTOMERS).writes() == []
