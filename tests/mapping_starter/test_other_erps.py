"""What is proposed for other ERPs by their shipped profiles, from records in their documented shapes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

sys.path.append(str(Path(__file__).parents[1] / "hooks"))

from scripted_server import Received, Scripted, ScriptedServer

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.mapping_starter.__main__ import PAIRS, propose

CUSTOMERS, EMPLOYEES, CONTACTS, PROJECTS = PAIRS
STAMP = {"creation": "2026-03-01 09:30:00.000001", "modified": "2026-03-01 09:30:00.000001"}
NAMES = [
    ("Anna", "Berg"),
    ("Boris", "Petrov"),
    ("Carla", "Munoz"),
    ("Dimitra", "Pappa"),
    ("Emil", "Holm"),
    ("Finn", ""),
]
FIRMS = ["Alder Ltd", "Birch GmbH", "Cedar SA", "Elder Oy", "Fir AS", "Ginkgo Inc"]

ERPNEXT: dict[str, list[dict[str, Any]]] = {
    "Customer": [
        {"name": firm, "customer_name": firm, "customer_type": "Company", "website": f"{firm.split()[0]}.example",
         "customer_details": "Since 2001.\nPays late.", "disabled": 0}
        for firm in FIRMS
    ],
    "Contact": [
        {"name": f"{first} {last}", "first_name": first, "last_name": last, "email_id": f"{first}@firm.example",
         "phone": "+49 30 1234567", "mobile_no": "", "company_name": FIRMS[place]}
        for place, (first, last) in enumerate(NAMES)
    ],
    "Project": [
        {"name": f"PROJ-{place:04}", "project_name": f"House {place}", "status": ("Open", "Completed")[place % 2],
         "customer": FIRMS[place], "expected_start_date": "2026-04-01", "expected_end_date": None, "notes": ""}
        for place in range(6)
    ],
    "Employee": [
        {"name": f"HR-EMP-{place:05}", "employee_name": f"{first} {last}", "first_name": first, "last_name": last,
         "company_email": f"{first}@own.example", "cell_number": "+49 170 1234567", "designation": "Clerk",
         "status": ("Active", "Left")[place % 2]}
        for place, (first, last) in enumerate(NAMES)
    ],
}  # fmt: skip

CENTRAL: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {"id": f"6d3c-{place}", "number": f"{10000 + place}", "displayName": firm, "type": "Company",
         "email": f"info@{firm.split()[0]}.example", "website": "", "balanceDue": 12.5}
        for place, firm in enumerate(FIRMS)
    ],
    "employees": [
        {"id": f"9a1b-{place}", "number": f"E{place}", "givenName": first, "surname": last, "jobTitle": "Clerk",
         "email": f"{first}@own.example", "status": ("Active", "Inactive", "Terminated")[place % 3]}
        for place, (first, last) in enumerate(NAMES)
    ],
    "contacts": [
        {"id": f"77aa-{place}", "number": f"CT{place}", "displayName": f"{first} {last}", "email": f"{first}@x.example",
         "companyNumber": f"{10000 + place}", "jobTitle": "Buyer"}
        for place, (first, last) in enumerate(NAMES)
    ],
}  # fmt: skip


def erpnext(received: Received) -> Scripted:
    url = urlsplit(received.target)
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    rows = [{**row, **STAMP} for row in ERPNEXT[url.path.rpartition("/")[2]]][int(asked["limit_start"]) :]
    return Scripted(200, {"data": [{name: row.get(name) for name in json.loads(asked["fields"])} for row in rows]})


def business_central(received: Received) -> Scripted:
    kind = urlsplit(received.target).path.rpartition("/")[2]
    if kind == "token":
        return Scripted(200, {"access_token": "given", "token_type": "Bearer", "expires_in": 3600})
    rows = CENTRAL.get(kind, [])
    last = {"lastModifiedDateTime": "2026-03-01T09:30:00Z"}
    return Scripted(200, {"value": [{**row, **last, "@odata.etag": 'W/"1"'} for row in rows]})


@pytest.fixture
def fields(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """``fields(profile, answer, pair)``: property -> the ERP's field(s) in the proposal; and ``mapping``, whole."""
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    server = ScriptedServer()

    def proposed(profile: str, answer: Callable[[Received], Scripted], pair: str, **asked: str) -> dict[str, Any]:
        server.answer = answer
        extra = {"profile": profile, "token_url": f"{server.url}/token"}
        connection = {
            "conn_type": "customerp",
            "host": server.url,
            "login": "key",
            "password": "secret",
            "extra": extra,
        }
        monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_DEFAULT", json.dumps(connection))
        text = propose(pair, "customerp_default", asked=asked)
        mapping = {**yaml.safe_load(text), "text": text}
        return {**{one["name"]: one["customerp"] for one in mapping["properties"]}, "mapping": mapping}

    yield proposed
    server.close()


def test_erpnext(fields: Callable[..., dict[str, Any]]) -> None:
    customers = fields("erpnext", erpnext, CUSTOMERS)
    mapping = customers.pop("mapping")
    assert customers == {
        "number": "name",
        "name": "customer_name",
        "description": "description",
        "website": "website",
    }
    assert mapping["customerp"]["on_gone"] == "deactivate"
    contacts = fields("erpnext", erpnext, CONTACTS)
    del contacts["mapping"]
    assert contacts == {"customer": "company_name", "email": "email_id", "full_name": ["first_name", "last_name"]}
    projects = fields("erpnext", erpnext, PROJECTS)
    mapping = projects.pop("mapping")
    assert projects == {
        "number": "name",
        "name": "project_name",
        "status": "status",
        "start_date": "start_date",
        "end_date": "end_date",
        "customer": "customer_id",
        "description": "description",
    }
    (status,) = [one for one in mapping["properties"] if one["name"] == "status"]
    assert status["convert"]["values"] == {"Open": "Open", "Completed": "Completed"}
    employees = fields("erpnext", erpnext, EMPLOYEES)
    mapping = employees.pop("mapping")
    names = ["first_name", "last_name"]
    assert employees == {"email": "company_email", "full_name": names, "membership": "status"}
    (full_name, membership) = mapping["properties"][1:]
    assert full_name["convert"]["one_word_to"] == "first_name", "Finn has no family name"
    assert membership["convert"] == {"using": "value_table", "values": {"Active": "active", "Left": "none"}}
    assert mapping["customerp"]["on_unlinked"] == {"mode": "condition", "when": [{"field": "status", "in": ["Active"]}]}


def test_business_central(fields: Callable[..., dict[str, Any]]) -> None:
    customers = fields("business-central", business_central, CUSTOMERS)
    mapping = customers.pop("mapping")
    assert customers == {"number": "number", "name": "name", "website": "website"}
    assert mapping["customerp"]["on_gone"] == "unlink"
    employees = fields("business-central", business_central, EMPLOYEES)
    mapping = employees.pop("mapping")
    names = ["first_name", "last_name"]
    assert employees == {"email": "work_email", "full_name": names, "membership": "status"}
    table = {"Active": "active", "Inactive": "deactivated", "Terminated": "none"}
    assert mapping["properties"][2]["convert"]["values"] == table
    with pytest.raises(ConfigurationError, match="no field of contact refers to its customer"):
        fields("business-central", business_central, CONTACTS)
    contacts = fields("business-central", business_central, CONTACTS, customer="company_number")
    assert contacts["full_name"] == "name"
    assert "decide: most of what it holds is no id of a customer" in contacts["mapping"]["text"]
