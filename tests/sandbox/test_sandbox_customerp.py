"""The CustomERP answers as its reference says: real HTTP, real database."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

ERP = "/api/v1"


class Erp:
    """A client without any cleverness."""

    def __init__(self, server: Any) -> None:
        self.server = server

    def __call__(self, method: str, path: str, token: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.server.token}", **more.pop("headers", {})}
        return requests.request(method, self.server.url + ERP + path, headers=headers, timeout=10, **more)

    def create(self, entity: str, **fields: Any) -> dict[str, Any]:
        answer = self("POST", f"/{entity}", json=fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def change(self, entity: str, record: dict[str, Any], **fields: Any) -> requests.Response:
        headers = {"If-Match": f'"{record["version"]}"'}
        return self("PATCH", f"/{entity}/{record['id']}", json=fields, headers=headers)


@pytest.fixture
def erp(customerp_server: Any) -> Erp:
    return Erp(customerp_server)


def errors_of(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


def test_create_gives_numbers_dates_and_an_etag(erp: Erp) -> None:
    answer = erp("POST", "/customers", json={"name": "  Müller & Søn "})
    record = answer.json()
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    assert (record["number"], record["name"], record["active"]) == ("C-1001", "Müller & Søn", True)
    assert record["created_at"] == record["modified_at"]
    assert erp.create("customers", name="Zweite")["number"] == "C-1002"
    assert erp.create("projects", name="Roof", status="open")["number"] == "P-1001"
    assert erp.create("employees", first_name="Ada", status="active")["employee_number"] == "E-1001"
    named = erp.create("employees", first_name="Bo", status="active", employee_number="E-1002")
    assert named["employee_number"] == "E-1002"
    assert erp.create("employees", first_name="Cy", status="active")["employee_number"] == "E-1003"


@pytest.mark.parametrize(
    ("entity", "fields", "field", "words"),
    [
        ("customers", {}, "name", "required"),
        ("customers", {"name": "   "}, "name", "required"),
        ("customers", {"name": "A", "number": "C-1"}, "number", "given by the server"),
        ("customers", {"name": "A", "website": "http//broken"}, "website", "http:// or https://"),
        ("customers", {"name": "A", "country": "Germany"}, "country", "two letters"),
        ("customers", {"name": "A", "currency": "EURO"}, "currency", "three letters"),
        ("customers", {"name": "A", "type": "firm"}, "type", "company, person"),
        ("customers", {"name": "A", "credit_limit": "much"}, "credit_limit", "number"),
        ("customers", {"name": "A", "nonsense": 1}, "nonsense", "not a field"),
        ("customers", {"name": "A" * 201}, "name", "at most 200"),
        ("customers", {"name": "A", "account_manager_id": 77}, "account_manager_id", "none with the id 77"),
        ("customers", {"name": 7}, "name", "must be text"),
        ("contacts", {"last_name": "A", "email": "a@b"}, "email", "e-mail"),
        ("contacts", {"last_name": "A", "phone": "call me"}, "phone", "telephone"),
        ("contacts", {"last_name": "A", "language": "German!"}, "language", "BCP 47"),
        ("projects", {"name": "P", "status": "late"}, "status", "open, on_hold, completed, cancelled"),
        ("projects", {"name": "P", "status": "open", "percent_complete": 101}, "percent_complete", "between 0 and 100"),
        ("projects", {"name": "P", "status": "open", "start_date": "31.12.2026"}, "start_date", "2026-03-31"),
        (
            "projects",
            {"name": "P", "status": "open", "start_date": "2026-02-02", "end_date": "2026-02-01"},
            "end_date",
            "before start_date",
        ),
        ("projects", {"name": "P", "status": "open", "tags": "roof"}, "tags", "list"),
        ("projects", {"name": "P", "status": "open", "active": "yes"}, "active", "true or false"),
    ],
)
def test_refusals_name_the_field_and_say_what_is_valid(
    erp: Erp, entity: str, fields: dict[str, Any], field: str, words: str
) -> None:
    assert words in errors_of(erp("POST", f"/{entity}", json=fields))[field]


def test_all_wrong_fields_are_told_at_once(erp: Erp) -> None:
    assert set(errors_of(erp("POST", "/projects", json={"budget": "x", "priority": "huge"}))) == {
        "budget",
        "priority",
        "name",
        "status",
    }


def test_values_are_normalised(erp: Erp) -> None:
    record = erp.create("customers", name="A", country="de", currency="eur", description="one\r\ntwo ", email="")
    assert (record["country"], record["currency"]) == ("DE", "EUR")
    assert (record["description"], record["email"]) == ("one\ntwo", None)
    project = erp.create("projects", name="P", status="open", budget=12.345, tags=[" roof", "roof", "a"])
    assert (project["budget"], project["tags"]) == (12.34, ["roof", "a"])


def test_conditional_writes(erp: Erp) -> None:
    record = erp.create("customers", name="A")
    path = f"/customers/{record['id']}"
    assert erp("PATCH", path, json={"name": "B"}).status_code == 428
    changed = erp.change("customers", record, name="B")
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json()["modified_at"] > record["modified_at"]
    assert erp.change("customers", record, name="C").status_code == 412
    assert erp("GET", path).json() == changed.json()


def test_a_change_that_changes_nothing_leaves_no_trace(erp: Erp) -> None:
    record = erp.create("customers", name="A", credit_limit=10)
    assert erp.change("customers", record, name=" A ", credit_limit="10.00", version=1).json() == record


def test_required_fields_cannot_be_emptied(erp: Erp) -> None:
    assert "cannot be emptied" in errors_of(erp.change("customers", erp.create("customers", name="A"), name=""))["name"]


def test_delete_is_soft_and_shows_in_modified_since(erp: Erp, customerp_server: Any) -> None:
    record = erp.create("customers", name="A")
    assert erp("DELETE", f"/customers/{record['id']}", headers={"If-Match": '"9"'}).status_code == 412
    assert erp("DELETE", f"/customers/{record['id']}").status_code == 204
    after = erp("GET", f"/customers/{record['id']}").json()
    assert (after["active"], after["version"]) == (False, 2)
    assert erp("DELETE", f"/customers/{record['id']}").status_code == 204
    listed = erp("GET", "/customers", params={"modified_since": after["modified_at"]}).json()["data"]
    assert listed == [after]
    assert erp.change("customers", after, active=True).json()["active"] is True


def test_pages_are_sorted_by_id_and_complete(erp: Erp) -> None:
    made = [erp.create("contacts", last_name=f"N{i}")["id"] for i in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = erp("GET", "/contacts", params={"limit": 3, "cursor": cursor}).json()
        seen += [record["id"] for record in page["data"]]
        cursor = page["next_cursor"]
    assert seen == sorted(made)
    assert erp("GET", "/contacts", params={"limit": 7}).json()["next_cursor"] is None


def test_modified_since_is_inclusive(erp: Erp) -> None:
    records = [erp.create("contacts", last_name=f"N{i}") for i in range(3)]
    found = erp("GET", "/contacts", params={"modified_since": records[1]["modified_at"]}).json()["data"]
    assert [record["id"] for record in found] == [records[1]["id"], records[2]["id"]]


def test_modified_at_grows_strictly(erp: Erp) -> None:
    stamps = [erp.create("contacts", last_name=f"N{i}")["modified_at"] for i in range(20)]
    assert stamps == sorted(set(stamps))


def test_lists_filter_by_marker_and_keys(erp: Erp) -> None:
    record = erp.create("customers", name="A", trello_id="abc", email="a@b.example")
    erp.create("customers", name="B")
    for name in ("trello_id", "number", "email"):
        assert erp("GET", "/customers", params={name: record[name]}).json()["data"] == [record]
    assert erp("GET", "/customers", params={"trello_id": "none"}).json()["data"] == []
    wrong = erp("GET", "/customers", params={"colour": "red"})
    assert wrong.status_code == 400
    assert "modified_since" in wrong.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/customers/99", 404),
        ("GET", "/customers/abc", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/customers/1", 405),
        ("DELETE", "/customers", 405),
    ],
)
def test_what_is_not_there(erp: Erp, method: str, path: str, status: int) -> None:
    answer = erp(method, path)
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert (status == 405) == ("Allow" in answer.headers)


def test_bad_bodies_and_cursors(erp: Erp) -> None:
    assert erp("POST", "/customers", data="{").status_code == 400
    assert erp("POST", "/customers", json=[1]).status_code == 400
    assert erp("GET", "/customers", params={"cursor": "%%"}).status_code == 400
    assert erp("GET", "/customers", params={"modified_since": "yesterday"}).status_code == 400


def test_a_token_is_needed(erp: Erp) -> None:
    answer = erp("GET", "/customers", token="wrong")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_too_many_requests(start_customerp: Any) -> None:
    erp = Erp(start_customerp(rate_limit=2))
    statuses = [erp("GET", "/customers").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert 1 <= int(erp("GET", "/customers").headers["Retry-After"]) <= 10
    assert erp.server.requests()["refused_429"] == 2


def test_a_broken_old_record_stays_editable(erp: Erp, customerp_server: Any) -> None:
    record = erp.create("customers", name="A")
    customerp_server.service.database.run("UPDATE customers SET website = 'http//broken'")
    changed = erp.change("customers", record, name="B", website="http//broken")
    assert changed.status_code == 200
    assert changed.json()["website"] == "http//broken"


def test_the_clock_can_be_shifted(erp: Erp, customerp_server: Any) -> None:
    customerp_server.set_clock(-3600)
    answer = erp("POST", "/customers", json={"name": "A"})
    hour_ago = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() - 3600))
    assert answer.json()["created_at"].startswith(hour_ago)
    assert time.strftime("%H", time.gmtime(time.time() - 3600)) in answer.headers["Date"]


def test_data_survive_a_restart(start_customerp: Any) -> None:
    first = start_customerp()
    record = Erp(first).create("customers", name="A")
    again = Erp(start_customerp(database=first.database))
    assert again("GET", f"/customers/{record['id']}").json() == record
    assert again.create("customers", name="B")["number"] == "C-1002"
