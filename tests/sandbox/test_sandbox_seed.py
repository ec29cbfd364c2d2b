"""The seed's data are the same every time and hold what the summary promises."""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import requests
import sandbox_seed
from sandbox_client import Trello


def digest(file: Path) -> str:
    with sqlite3.connect(file) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


def test_the_same_seed_gives_the_same_data(tmp_path: Path) -> None:
    found = []
    for number, seed in enumerate((7, 7, 8)):
        files = tmp_path / f"e{number}.db", tmp_path / f"t{number}.db"
        sandbox_seed.seed(*files, 40, seed)
        found.append(tuple(digest(file) for file in files))
    assert found[0] == found[1] != found[2]


@pytest.fixture
def sandbox(seeded_sandbox: Any) -> Any:
    return seeded_sandbox(customers=60)


def records(sandbox: Any, entity: str, **params: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {sandbox.customerp.token}"}
    url = f"{sandbox.customerp.url}/api/v1/{entity}"
    return requests.get(url, params={"limit": 500, **params}, headers=headers, timeout=10).json()["data"]


def test_names_are_of_many_scripts_and_addresses_unique(sandbox: Any) -> None:
    contacts = records(sandbox, "contacts")
    scripts = {
        unicodedata.name(letter).split()[0] for one in contacts for letter in one["last_name"] if letter.isalpha()
    }
    assert scripts >= {"LATIN", "CJK", "CYRILLIC", "GREEK", "ARABIC"}
    assert any("'" in one["last_name"] for one in contacts)
    addresses = [one["email"].lower() for one in contacts if one["email"]]
    assert len(addresses) == len(set(addresses))
    assert len(addresses) < len(contacts)


def test_the_next_number_follows(sandbox: Any) -> None:
    headers = {"Authorization": f"Bearer {sandbox.customerp.token}"}
    url = f"{sandbox.customerp.url}/api/v1/customers"
    assert requests.post(url, json={"name": "New"}, headers=headers, timeout=10).json()["number"] == "C-1061"


def test_both_sides_know_some_customers(sandbox: Any) -> None:
    trello = Trello(sandbox.trello)
    by_name = {one["name"]: one for one in trello.get("/members/me/organizations").json()}
    special = sandbox.summary["special"]
    for number in special["customers_with_a_workspace"]["equal"]["first"]:
        (customer,) = records(sandbox, "customers", number=number)
        workspace = by_name[number.lower().replace("-", "")]
        assert workspace["displayName"] == customer["name"]
        assert (workspace["desc"], workspace["website"]) == (customer["description"] or "", customer["website"])
    twice = special["ambiguous"]["customer_with_two_workspaces"]
    (customer,) = records(sandbox, "customers", number=twice)
    assert [one["displayName"] for one in by_name.values()].count(customer["name"]) == 2
    one, two = (records(sandbox, "customers", number=n)[0] for n in special["ambiguous"]["customers_of_one_name"])
    assert one["name"] == two["name"]


def test_broken_records_are_really_broken(sandbox: Any) -> None:
    broken = sandbox.summary["special"]["broken"]
    assert records(sandbox, "customers", number=broken["customer_website"])[0]["website"] == "http//broken"
    assert not records(sandbox, "customers", number=broken["customer_name_of_spaces"])[0]["name"].strip()
    wordy = records(sandbox, "customers", number=broken["customer_description_too_long_for_trello"])[0]
    assert Trello(sandbox.trello).post("/organizations", displayName="A", desc=wordy["description"]).status_code == 400


def test_a_crowd_does_not_fit_a_free_workspace(sandbox: Any) -> None:
    number = sandbox.summary["special"]["customer_with_a_crowd_of_contacts"]
    (customer,) = records(sandbox, "customers", number=number)
    assert len(records(sandbox, "contacts", customer_id=str(customer["id"]))) > 10


def test_the_staff_and_the_register(sandbox: Any) -> None:
    trello = Trello(sandbox.trello)
    north, south = sandbox.summary["staff"]["short_names"]
    members = trello.get(f"/organizations/{north}/members").json()
    assert {"erp_sync", "annaberg", "borispetrov"} <= {one["username"] for one in members}
    assert trello.get(f"/organizations/{south}").json()["offering"] == "trello.premium"
    anna = records(sandbox, "employees")[0]
    assert (anna["first_name"], anna["work_email"]) == ("Anna", sandbox.trello.anna.email)
    card = sandbox.summary["register_card"]
    assert trello.get(f"/cards/{card['short_link']}").json()["id"] == card["id"]
    comments = {one["id"]: one for one in trello.actions(f"/cards/{card['id']}", filter="commentCard")}
    special = sandbox.summary["special"]["comments"]
    assert set(comments) == {one for several in special.values() for one in several}
    newest_first = [one["date"] for one in comments.values()]
    assert newest_first == sorted(newest_first, reverse=True)


def test_the_people_with_tokens_are_where_the_summary_says(sandbox: Any) -> None:
    trello = Trello(sandbox.trello)
    boris = trello.as_(sandbox.trello.boris.token).get("/members/me/organizations").json()
    assert {"staff_north"} < {one["name"] for one in boris}
    special = sandbox.summary["special"]
    (customer,) = records(sandbox, "customers", number=special["contact_borispetrov"]["customer"])
    assert customer["name"] in {one["displayName"] for one in boris}
    carla = trello.as_(sandbox.trello.carla.token).get("/members/me/organizations").json()
    assert len(carla) == 1
