"""Ordered faults do what their names say: tests of the sync lean on that."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from sandbox_client import Trello


@pytest.fixture
def trello(trello_server: Any) -> Trello:
    return Trello(trello_server)


def names(trello: Trello) -> list[str]:
    return [one["displayName"] for one in trello.get("/members/me/organizations").json()]


def test_a_status_does_nothing(trello: Trello, trello_server: Any) -> None:
    trello_server.fault("POST /1/organizations", "status:504", times=2)
    assert [trello.post("/organizations", displayName="A").status_code for _ in range(3)] == [504, 504, 200]
    assert names(trello) == ["A"]


def test_a_reset_does_nothing_and_a_lost_answer_has_written(trello: Trello, trello_server: Any) -> None:
    trello_server.fault("POST /1/organizations", "reset")
    with pytest.raises(requests.ConnectionError):
        trello.post("/organizations", displayName="A")
    assert names(trello) == []
    trello_server.fault("POST /1/organizations", "lost_answer")
    with pytest.raises(requests.ConnectionError):
        trello.post("/organizations", displayName="B")
    assert names(trello) == ["B"]
    assert trello_server.requests()["statuses"]["0"] == 2


def test_bodies_can_be_cut_emptied_shortened_and_doubled(trello: Trello, trello_server: Any) -> None:
    for name in "ABCD":
        trello.organization(name)
    match = "GET /1/members/me/organizations"
    trello_server.fault(match, "truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        names(trello)
    trello_server.fault(match, "blank")
    assert trello.get("/members/me/organizations").content == b""
    for kind, left in (("empty", []), ("short", ["A", "B"]), ("doubled", list("AABBCCDD"))):
        trello_server.fault(match, kind)
        assert names(trello) == left
    assert names(trello) == list("ABCD")


def test_a_request_can_be_slow_or_delivered_twice(trello: Trello, trello_server: Any) -> None:
    trello_server.fault("* /1/organizations", "slow:0.2")
    begin = time.monotonic()
    trello.organization("A")
    assert time.monotonic() - begin >= 0.2
    trello_server.fault("POST /1/organizations", "twice")
    trello.organization("B")
    assert names(trello) == ["A", "B", "B"]


def test_matching_by_template_pattern_and_count(trello: Trello, trello_server: Any) -> None:
    one, two = trello.organization("A")["id"], trello.organization("B")["id"]
    trello_server.fault("PUT /1/organizations/{id}", "status:500", after=1)
    trello_server.fault(f"GET /1/organizations/{two}*", "status:503")
    assert trello.put(f"/organizations/{one}", desc="x").status_code == 200
    assert trello.put(f"/organizations/{one}", desc="y").status_code == 500
    assert trello.get(f"/organizations/{one}/members").status_code == 200
    assert trello.get(f"/organizations/{two}/members").status_code == 503


def test_faults_can_be_taken_back_and_misspelt_ones_are_refused(trello: Trello, trello_server: Any) -> None:
    trello_server.fault("POST /1/organizations", "status:500")
    trello_server.clear_faults()
    assert trello.post("/organizations", displayName="A").status_code == 200
    answer = requests.post(trello_server.url + "/sandbox/faults", json={"match": "GET /", "kind": "fire"}, timeout=10)
    assert answer.status_code == 400
    assert "lost_answer" in answer.json()["error"]


def test_the_erp_has_faults_too(customerp_server: Any) -> None:
    headers = {"Authorization": f"Bearer {customerp_server.token}"}
    url = customerp_server.url + "/api/v1/customers"
    for name in "AB":
        requests.post(url, json={"name": name}, headers=headers, timeout=10)
    customerp_server.fault("GET /api/v1/customers", "status:429")
    answer = requests.get(url, headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    customerp_server.fault("GET /api/v1/customers", "short")
    assert len(requests.get(url, headers=headers, timeout=10).json()["data"]) == 1


def test_a_reset_server_is_as_new(trello: Trello, trello_server: Any) -> None:
    trello.organization("A")
    trello_server.fault("GET /1/members/me", "status:500")
    trello_server.set_clock(99)
    trello_server.reset()
    assert trello.get("/members/me").status_code == 200
    assert names(trello) == []
    assert trello_server.requests()["total"] == 2
