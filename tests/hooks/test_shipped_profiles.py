"""Shipped profiles of ERPs that cannot be had here, against servers that answer in their documented shapes.

Odoo: External JSON-2 API; ERPNext: Frappe's REST API; Business Central: API v2.0. Tryton and plain REST are tried on
the real thing in ``tests/erps``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from scripted_server import Received, Scripted, ScriptedServer

from customerp_trello.errors import ConfigurationError, RecordError, RecordMissing, RecordStale
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile_file import profiles_folder
from customerp_trello.hooks.profile_schema import NAME, text

SINCE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
Connect = Callable[..., str]


def query(received: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(received.target).query).items()}


def test_the_schema_is_what_the_models_say_now() -> None:
    assert (profiles_folder() / NAME).read_text() == text(), "run python -m customerp_trello.hooks.profile_schema"


# -- Odoo ------------------------------------------------------------------------------------------------------------


class Odoo:
    """``res.partner`` behind ``/json/2``."""

    def __init__(self, server: ScriptedServer) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.domains: list[Any] = []
        server.answer = self.answer

    def answer(self, received: Received) -> Scripted:
        if received.headers.get("Authorization") != "Bearer key":
            return self.error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
        body = json.loads(received.body)
        return getattr(self, received.target.rpartition("/")[2])(body)

    def error(self, status: int, name: str, message: str) -> Scripted:
        debug = "Traceback (most recent call last): ..."
        return Scripted(
            status, {"name": name, "message": message, "arguments": [message], "context": {}, "debug": debug}
        )

    def shown(self, row: dict[str, Any], fields: list[str]) -> dict[str, Any]:
        return {"id": row["id"], **{name: row.get(name) or False for name in fields}}

    def search_read(self, body: dict[str, Any]) -> Scripted:
        self.domains.append(body["domain"])
        last = next((term[2] for term in body["domain"] if term[:2] == ["id", ">"]), 0)
        assert body["context"] == {"active_test": False}
        assert body["order"] == "id asc"
        rows = [row for id_, row in sorted(self.rows.items()) if id_ > last][: min(body["limit"], 2)]
        return Scripted(200, [self.shown(row, body["fields"]) for row in rows])

    def read(self, body: dict[str, Any]) -> Scripted:
        return Scripted(200, [self.shown(self.rows[id_], body["fields"]) for id_ in body["ids"] if id_ in self.rows])

    def create(self, body: dict[str, Any]) -> Scripted:
        (values,) = body["vals_list"]
        if not values.get("name"):
            return self.error(422, "odoo.exceptions.ValidationError", "Contacts require a name")
        id_ = len(self.rows) + 1
        stamp = {"create_date": "2026-03-01 09:30:00", "write_date": "2026-03-01 09:30:00"}
        self.rows[id_] = {"id": id_, "active": True, **stamp, **values}
        return Scripted(200, [id_])

    def write(self, body: dict[str, Any]) -> Scripted:
        for id_ in body["ids"]:
            if id_ not in self.rows:
                return self.error(404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.")
            self.rows[id_] |= {**body["vals"], "write_date": "2026-03-01 09:31:00"}
        return Scripted(200, True)


def test_odoo(server: ScriptedServer, connect: Connect) -> None:
    odoo = Odoo(server)
    connect("customerp", host=server.url, password="key", extra={"profile": "odoo"})
    hook = CustomERPHook()
    made, version = hook.create_record("customer", {"name": "Alder", "ref": "C-1"})
    assert (made["is_company"] if "is_company" in made else odoo.rows[1]["is_company"]) is True
    assert made["email"] is None
    assert made["active"] is True
    assert (made["write_date"], version) == ("2026-03-01T09:30:00Z", "2026-03-01 09:30:00")
    for name in ("Birch", "Cedar", "Elder", "Fir"):
        hook.create_record("customer", {"name": name})
    assert [row["name"] for row in hook.list_records("customer")] == ["Alder", "Birch", "Cedar", "Elder", "Fir"]
    next(hook.list_records("customer", since=SINCE, filters={"ref": "C-1"}))
    assert odoo.domains[-1] == [
        ["is_company", "=", True],
        ["ref", "=", "C-1"],
        ["write_date", ">=", "2026-03-01 09:29:55"],
    ]
    changed, newer = hook.update_record("customer", "1", {"description": "x", "email": None}, version)
    assert (changed["description"], odoo.rows[1]["comment"], odoo.rows[1]["email"]) == ("x", "x", False)
    with pytest.raises(RecordStale):
        hook.update_record("customer", "1", {"name": "y"}, version)
    hook.delete_record("customer", "1")
    assert hook.get_record("customer", "1")[0]["active"] is False
    assert newer != version
    with pytest.raises(RecordMissing):
        hook.get_record("customer", "99")
    with pytest.raises(RecordError, match="require a name") as refusal:
        hook.create_record("customer", {"ref": "C-2"})
    assert "Traceback" not in str(refusal.value)
    connect("customerp", host=server.url, password="wrong", extra={"profile": "odoo"})
    with pytest.raises(ConfigurationError, match="Invalid apikey"):
        list(CustomERPHook().list_records("customer"))


@pytest.mark.parametrize(
    ("profile", "refusal"),
    [
        ("odoo", Scripted(403, {"name": "odoo.exceptions.AccessError", "message": "not of your company"})),
        ("erpnext", Scripted(403, {"exc_type": "PermissionError", "exception": "frappe.PermissionError"})),
    ],
)
def test_one_record_that_our_user_may_not_see_is_refused_by_itself(
    server: ScriptedServer, connect: Connect, profile: str, refusal: Scripted
) -> None:
    connect("customerp", host=server.url, login="key", password="secret", extra={"profile": profile})
    server.answer = lambda asked: refusal
    with pytest.raises(RecordError):
        CustomERPHook().get_record("customer", "5")
    with pytest.raises(ConfigurationError):
        list(CustomERPHook().list_records("customer"))


def test_an_odoo_contact_names_its_company(server: ScriptedServer, connect: Connect) -> None:
    connect("customerp", host=server.url, password="key", extra={"profile": "odoo"})
    row = {"id": 5, "name": "Anna", "parent_id": [1, "Alder"], "function": False, "write_date": "2026-03-01 09:30:00"}
    server.script(Scripted(200, [row]))
    assert CustomERPHook().get_record("contact", "5")[0]["customer_id"] == 1


def test_an_odoo_projects_manager_is_no_employee_and_so_not_read(server: ScriptedServer, connect: Connect) -> None:
    row = {"id": 5, "name": "Move", "user_id": [2, "Mitchell"], "partner_id": [1, "Alder"], "date_start": "2026-03-01"}
    server.answer = lambda asked: Scripted(
        200, [{"id": 5, **{name: row.get(name, False) for name in json.loads(asked.body)["fields"]}}]
    )
    connect("customerp", host=server.url, password="key", extra={"profile": "odoo"})
    project = CustomERPHook().get_record("project", "5")[0]
    assert (project["customer_id"], project["start_date"]) == (1, "2026-03-01")
    assert not {"manager_id", "user_id"} & set(project)


# -- ERPNext ---------------------------------------------------------------------------------------------------------


class ERPNext:
    """``/api/resource/Customer``."""

    def __init__(self, server: ScriptedServer) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.filters: list[Any] = []
        server.answer = self.answer

    def answer(self, received: Received) -> Scripted:
        if received.headers.get("Authorization") != "token key:secret":
            return Scripted(401, {"exc_type": "AuthenticationError", "exception": "frappe.AuthenticationError"})
        name = unquote(urlsplit(received.target).path).partition("/Customer/")[2]
        if received.method == "GET" and not name:
            return self.list(query(received))
        if received.method == "POST":
            return self.create(json.loads(received.body))
        if name not in self.rows:
            return Scripted(404, {"exc_type": "DoesNotExistError", "exception": f"Customer {name} not found"})
        return self.change(name, json.loads(received.body)) if received.method == "PUT" else self.data(name)

    def data(self, name: str) -> Scripted:
        return Scripted(200, {"data": self.rows[name]})

    def list(self, asked: dict[str, str]) -> Scripted:
        self.filters.append(json.loads(asked.get("filters", "[]")))
        assert asked["order_by"] == "name asc"
        fields, begin = json.loads(asked["fields"]), int(asked["limit_start"])
        rows = [self.rows[name] for name in sorted(self.rows)][begin : begin + 3]
        return Scripted(200, {"data": [{field: row.get(field) for field in fields} for row in rows]})

    def create(self, values: dict[str, Any]) -> Scripted:
        name = values.get("customer_name", "")
        if not name:
            packed = json.dumps([json.dumps({"message": "Customer Name is mandatory"})])
            return Scripted(417, {"exc_type": "MandatoryError", "_server_messages": packed, "exc": '["Traceback"]'})
        if name in self.rows:
            return Scripted(409, {"exc_type": "DuplicateEntryError", "exception": "already exists"})
        stamp = {"creation": "2026-03-01 09:30:00.000001", "modified": "2026-03-01 09:30:00.000001"}
        self.rows[name] = {"name": name, "disabled": 0, "website": "", **values, **stamp}
        return self.data(name)

    def change(self, name: str, values: dict[str, Any]) -> Scripted:
        row = self.rows[name]
        if values.get("modified", row["modified"]) != row["modified"]:
            return Scripted(417, {"exc_type": "TimestampMismatchError", "exception": "Document has been modified"})
        row |= {**values, "modified": f"2026-03-01 09:31:00.{len(values):06}"}
        return self.data(name)


def test_erpnext(server: ScriptedServer, connect: Connect) -> None:
    erpnext = ERPNext(server)
    connect("customerp", host=server.url, login="key", password="secret", extra={"profile": "erpnext"})
    hook = CustomERPHook()
    names = ["Alder & Co", "Birch", "Cedar", "Elder", "Fir", "Hazel", "Larch"]
    for name in names:
        made, version = hook.create_record("customer", {"customer_name": name})
    assert made["active"] is True
    assert made["website"] is None
    assert erpnext.rows["Larch"]["customer_type"] == "Company"
    assert [row["name"] for row in hook.list_records("customer")] == names
    list(hook.list_records("customer", since=SINCE, filters={"customer_name": "Fir"}))
    assert erpnext.filters[-1] == [["customer_name", "=", "Fir"], ["modified", ">=", "2026-03-01 09:29:55.000000"]]
    changed, newer = hook.update_record("customer", "Larch", {"description": "x"}, version)
    assert (changed["description"], newer != version) == ("x", True)
    with pytest.raises(RecordStale):
        hook.update_record("customer", "Larch", {"description": "y"}, version)
    hook.delete_record("customer", "Larch")
    assert hook.get_record("customer", "Larch")[0]["active"] is False
    assert hook.get_record("customer", "Alder & Co")[0]["name"] == "Alder & Co"
    with pytest.raises(RecordMissing):
        hook.get_record("customer", "Nobody")
    with pytest.raises(RecordError, match="Customer Name is mandatory") as refusal:
        hook.create_record("customer", {"website": "https://x.example"})
    assert "Traceback" not in str(refusal.value)
    with pytest.raises(RecordError, match="already exists"):
        hook.create_record("customer", {"customer_name": "Fir"})


# -- Business Central ------------------------------------------------------------------------------------------------


class BusinessCentral:
    """``/customers`` of one company, behind a token."""

    def __init__(self, server: ScriptedServer) -> None:
        self.rows: list[dict[str, Any]] = []
        self.filters: list[str] = []
        server.answer = self.answer

    def answer(self, received: Received) -> Scripted:
        path = unquote(urlsplit(received.target).path)
        if path == "/token":
            return Scripted(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ0-of-entra"})
        if received.headers.get("Authorization") != "Bearer eyJ0-of-entra":
            return self.error(
                401, "Authentication_InvalidCredentials", "The server has rejected the client credentials."
            )
        if path == "/customers":
            return self.create(json.loads(received.body)) if received.method == "POST" else self.list(query(received))
        row = next((row for row in self.rows if path == f"/customers({row['id']})"), None)
        if row is None:
            return self.error(404, "BadRequest_ResourceNotFound", "Resource not found for the segment.")
        return Scripted(200, row) if received.method == "GET" else self.write(row, received)

    def error(self, status: int, code: str, message: str) -> Scripted:
        return Scripted(status, {"error": {"code": code, "message": f"{message}  CorrelationId:  1234."}})

    def list(self, asked: dict[str, str]) -> Scripted:
        self.filters.append(asked.get("$filter", ""))
        assert "$top" not in asked
        begin = int(asked.get("$skiptoken", 0))
        more = {"@odata.nextLink": f"/customers?$skiptoken={begin + 2}"} if begin + 2 < len(self.rows) else {}
        return Scripted(200, {"@odata.context": "...", "value": self.rows[begin : begin + 2], **more})

    def create(self, values: dict[str, Any]) -> Scripted:
        if "@" in values.get("email", "@") is False:
            return self.error(400, "BadRequest", "The email address is not valid.")
        number = len(self.rows) + 1
        row = {
            "@odata.etag": f'W/"{number}.1"',
            "id": f"5d115c9c-44e3-ea11-bb43-00000000000{number}",
            "number": f"C000{number}",
            "taxAreaId": "00000000-0000-0000-0000-000000000000",
            "lastModifiedDateTime": "2026-03-01T09:30:00.123Z",
            **values,
        }
        self.rows.append(row)
        return Scripted(201, row)

    def write(self, row: dict[str, Any], received: Received) -> Scripted:
        match = received.headers.get("If-Match")
        if match is None:
            return self.error(
                400, "BadRequest", "Could not validate the client concurrency token required by the service."
            )
        if match != row["@odata.etag"]:
            return self.error(409, "Request_EntityChanged", "Another user has already changed the record.")
        if received.method == "DELETE":
            self.rows.remove(row)
            return Scripted(204)
        row |= {**json.loads(received.body), "@odata.etag": row["@odata.etag"].replace(".", ".1")}
        return Scripted(200, row)


def test_business_central(server: ScriptedServer, connect: Connect) -> None:
    central = BusinessCentral(server)
    extra = {"profile": "business-central", "token_url": f"{server.url}/token"}
    connect("customerp", host=server.url, login="client", password="secret", extra=extra)
    hook = CustomERPHook()
    made, version = hook.create_record("customer", {"name": "Alder"})
    assert made["name"] == "Alder"
    assert made["taxAreaId"] is None
    for name in ("Birch", "Cedar", "Elder", "Fir"):
        hook.create_record("customer", {"name": name})
    rows = list(hook.list_records("customer"))
    assert [row["name"] for row in rows] == ["Alder", "Birch", "Cedar", "Elder", "Fir"]
    assert hook.version_of("customer", rows[0]) == version == 'W/"1.1"'
    list(hook.list_records("customer", since=SINCE, filters={"name": "O'Hara"}))
    assert central.filters[-3] == "displayName eq 'O''Hara' and lastModifiedDateTime gt 2026-03-01T09:29:55Z"
    id_ = str(made["id"])
    _, newer = hook.update_record("customer", id_, {"name": "Alder AG"}, version)
    with pytest.raises(RecordStale):
        hook.update_record("customer", id_, {"name": "y"}, version)
    assert hook.update_record("customer", id_, {"name": "z"}, "")[0]["name"] == "z"  # the ETag is looked up
    assert newer != version
    hook.delete_record("customer", id_)
    with pytest.raises(RecordMissing):
        hook.get_record("customer", id_)
    assert {one.headers.get("Prefer") for one in server.received if one.target.startswith("/customers")} == {
        "odata.maxpagesize=1000"
    }
