"""Our address over real HTTP: who gets in, what is stored, what is answered."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
import requests
from fastapi import Request
from inbox_rows import rows, wait_for

from customerp_trello.webhooks import endpoint
from customerp_trello.webhooks.signatures import sha256_signature, trello_signature

ACME = {"id": "a" * 24, "name": "acme"}
RENAMED = {"id": "9" * 24, "type": "updateOrganization", "data": {"organization": ACME, "old": {}}}
CUSTOMERS = "custom_customer__trello_organizations"


@pytest.fixture(autouse=True)
def both(connected):
    connected(staff_workspaces="staff")


def send(address: str, content: Any, connection: str = "trello_default", **headers: str) -> int:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    url = f"{address}/{connection}"
    signed = {"X-Trello-Webhook": trello_signature("sandbox-trello-secret", body, url)}
    return requests.post(url, data=body, headers=signed | headers, timeout=10).status_code


def test_head_says_whether_anything_is_taken_here(address):
    assert requests.head(f"{address}/trello_default", timeout=10).status_code == 200
    assert requests.head(f"{address}/another", timeout=10).status_code == 404


def test_a_signed_delivery_is_stored_once_however_often_it_comes(address, store):
    content = {"action": RENAMED, "model": ACME}
    assert [send(address, content) for _ in range(3)] == [200] * 3
    (row,) = rows(store)
    assert (row["pair"], row["delivery_id"], row["model"], row["kind"], row["run"]) == (
        CUSTOMERS,
        RENAMED["id"],
        ACME["id"],
        "updateOrganization",
        "",
    )


@pytest.mark.parametrize("signature", ["", "AAAA", "ü".encode().decode("latin-1")])
def test_a_forged_delivery_is_refused_and_leaves_nothing(address, store, signature):
    content = {"action": RENAMED, "model": ACME}
    assert send(address, content, **{"X-Trello-Webhook": signature}) == 401
    body = json.dumps(content).encode()
    other_address = trello_signature("sandbox-trello-secret", body, f"{address}/elsewhere")
    assert send(address, body, **{"X-Trello-Webhook": other_address}) == 401
    other_body = trello_signature("sandbox-trello-secret", body + b" ", f"{address}/trello_default")
    assert send(address, body, **{"X-Trello-Webhook": other_body}) == 401
    # signed as the other system would: each has its own secret and its own way
    signed = f"sha256={sha256_signature('shared-with-the-erp', body, 'hex')}"
    assert send(address, body, **{"X-Trello-Webhook": signed, "X-CustomERP-Signature": signed}) == 401
    assert rows(store) == []


def test_our_own_echo_is_taken_and_not_stored(address, store):
    content = {"action": RENAMED, "model": ACME}
    assert send(address, content, **{"X-Trello-Client-Identifier": "customerp-trello"}) == 200
    assert rows(store) == []


def test_what_concerns_no_pair_is_taken_and_not_stored(address, store):
    assert send(address, {"action": {**RENAMED, "data": {}}, "model": ACME}) == 200
    assert rows(store) == []


def test_a_signed_body_that_makes_no_sense_is_a_bad_request(address, store):
    assert send(address, b"no json") == 400
    assert rows(store) == []


def test_a_body_that_is_too_large_is_refused_without_being_read_to_its_end(address):
    read, chunks = [], endpoint.LARGEST_BODY // 65536

    async def chunk():
        read.append(65536)
        return {"type": "http.request", "body": b"x" * 65536, "more_body": len(read) < 4 * chunks}

    request = Request({"type": "http", "method": "POST", "headers": []}, chunk)
    assert asyncio.run(endpoint.receive("trello_default", request)).status_code == 413
    assert len(read) == chunks + 1

    def large():
        for _ in range(4 * chunks):
            yield b"x" * 65536

    url = f"{address}/trello_default"
    with suppress(requests.ConnectionError):  # the server may close before all is sent
        assert requests.post(url, data=large(), timeout=10).status_code == 413
    assert requests.post(url, data=b"x" * (endpoint.LARGEST_BODY + 1), timeout=10).status_code == 413
    assert requests.post(url, data=b"x" * endpoint.LARGEST_BODY, timeout=10).status_code == 401


def test_there_is_nothing_to_read(address):
    for path in ("/trello_default", "/docs", "/openapi.json", "/redoc"):
        assert requests.get(f"{address}{path}", timeout=10).status_code in (404, 405)


def test_a_state_database_that_is_away_asks_for_the_delivery_again(address, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE", "postgresql://nobody:nothing@127.0.0.1:9/none")
    assert send(address, {"action": RENAMED, "model": ACME}) == 503


def test_a_connection_that_cannot_be_looked_up_asks_for_the_delivery_again(address, monkeypatch, tmp_path):
    state = tmp_path / "apart" / "state.db"
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE", f"sqlite:///{state}")
    assert send(address, {"action": RENAMED, "model": ACME}) == 200
    # To Airflow a connection whose backend is away is one that is not there.
    monkeypatch.delenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE")
    assert send(address, {"action": RENAMED | {"id": "9" * 24}, "model": ACME}) == 503
    assert not (tmp_path / "customerp_trello" / "state.db").exists()


def test_a_refusal_in_the_log_quotes_nothing_that_was_sent(address, capfd):
    body = json.dumps({"action": RENAMED, "model": ACME, "text": "anna@customer.example"}).encode()
    assert send(address, body, **{"X-Trello-Webhook": "forged"}) == 401
    said = "".join(capfd.readouterr())
    assert "forged delivery refused" in said
    for secret in ("anna@customer.example", "sandbox-trello-secret", ACME["id"]):
        assert secret not in said


def test_an_edit_in_trello_comes_in_and_ours_does_not(address, connected, trello_server, store):
    from customerp_trello.hooks.trello import TrelloHook
    from customerp_trello.webhooks.senders import _senders

    connected(trello=trello_server.url)
    _senders.cache_clear()
    hook = TrelloHook()
    workspace = hook.create_organization(displayName="Acme")
    hook.create_webhook(workspace["id"], f"{address}/trello_default", "ours")
    hook.update_organization(workspace["id"], displayName="By us")
    somebody = {"Authorization": f'OAuth oauth_consumer_key="{trello_server.key}", oauth_token="{trello_server.token}"'}
    url = f"{trello_server.url}/1/organizations/{workspace['id']}"
    assert requests.put(url, data={"displayName": "By somebody"}, headers=somebody, timeout=10).status_code == 200
    kind = {"filter": "updateOrganization"}
    theirs, ours = requests.get(f"{url}/actions", params=kind, headers=somebody, timeout=10).json()
    assert [one["data"]["organization"]["displayName"] for one in (theirs, ours)] == ["By somebody", "By us"]
    # Deliveries come in the order of the edits: ours would be there by now.
    wait_for(lambda: theirs["id"] in {row["delivery_id"] for row in rows(store)})
    assert [(row["delivery_id"], row["pair"], row["model"]) for row in rows(store)] == [
        (theirs["id"], CUSTOMERS, workspace["id"])
    ]


def test_an_edit_in_the_erp_comes_in_and_ours_does_not(address, connected, customerp_server, store):
    from customerp_trello.hooks.customerp import CustomERPHook
    from customerp_trello.webhooks.senders import _senders

    connected(customerp=customerp_server.url)
    _senders.cache_clear()
    bearer = {"Authorization": f"Bearer {customerp_server.token}"}
    api = f"{customerp_server.url}/api/v1"
    wish = {"url": f"{address}/customerp_default", "secret": "shared-with-the-erp"}
    assert requests.post(f"{api}/webhooks", json=wish, headers=bearer, timeout=10).status_code == 201
    CustomERPHook().create_record("customer", {"name": "By us"})
    person = {"employee_number": "E-1", "first_name": "Anna", "status": "active"}
    assert requests.post(f"{api}/employees", json=person, headers=bearer, timeout=10).status_code == 201
    (row,) = wait_for(lambda: rows(store))
    assert (row["pair"], row["model"]) == ("customerp_employee__trello_members", "employee")
