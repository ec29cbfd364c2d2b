"""Who may ask Trello what, how fast, and in which words it refuses."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from sandbox_client import Trello


@pytest.fixture
def trello(trello_server: Any) -> Trello:
    return Trello(trello_server)


def test_three_ways_to_authenticate(trello: Trello, trello_server: Any) -> None:
    url = trello_server.url + "/1/members/me"
    key, token = trello_server.key, trello_server.token
    for ways in (
        {"headers": {"Authorization": f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'}},
        {"params": {"key": key, "token": token}},
        {"headers": {"Authorization": f"Bearer {token}"}},
    ):
        assert requests.get(url, timeout=10, **ways).json()["username"] == "erp_sync"


@pytest.mark.parametrize(
    ("key", "token", "words"),
    [
        ("wrong", "sandbox-trello-token", "invalid key"),
        ("sandbox-trello-key", "wrong", "invalid token"),
        ("sandbox-trello-key", "", "unauthorized permission requested"),
        ("", "", "invalid key"),
    ],
)
def test_refused_credentials(trello_server: Any, key: str, token: str, words: str) -> None:
    answer = requests.get(trello_server.url + "/1/members/me", params={"key": key, "token": token}, timeout=10)
    assert (answer.status_code, answer.text) == (401, words)
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_token_tells_about_itself(trello: Trello) -> None:
    token = trello.get(f"/tokens/{trello.token}").json()
    assert token["idMember"] == trello.get("/members/me").json()["id"]
    assert token["dateExpires"] is None
    assert {"modelType": "Member", "read": True, "write": True} in [
        {name: value for name, value in one.items() if name != "idModel"} for one in token["permissions"]
    ]
    assert trello.get("/tokens/sandbox-token-anna").status_code == 404


def test_a_get_with_a_body_meets_a_wall_of_html(trello: Trello) -> None:
    answer = trello("GET", "/members/me", json={})
    assert answer.status_code == 403
    assert answer.text.startswith("<!DOCTYPE")


def test_unknown_routes_and_methods_are_404(trello: Trello) -> None:
    assert trello.get("/nothing").text == "Cannot GET /1/nothing"
    assert trello("POST", "/members/me").status_code == 404


def test_the_email_is_for_its_owner_only(trello: Trello) -> None:
    assert trello.get("/members/me", fields="email").json()["email"] == "erp-sync@company.example"
    assert set(trello.get("/members/annaberg", fields="username,email").json()) == {"id", "username"}


def test_non_public_names_are_for_fellow_members(trello: Trello) -> None:
    assert "nonPublic" not in trello.get("/members/annaberg").json()
    organization = trello.organization("Staff")
    trello.invite(organization["id"], "anna.berg@company.example")
    assert trello.get("/members/annaberg").json()["nonPublic"]["fullName"] == "Anna Berg"


def test_a_profile_is_its_owners(trello: Trello, trello_server: Any) -> None:
    assert trello.put("/members/annaberg", fullName="Anna B.").text == "unauthorized permission requested"
    anna = trello.as_(trello_server.anna.token)
    changed = anna.put("/members/me", fullName="Anna B.", initials="A", username="anna_b", bio="Hi")
    assert (
        changed.json() | {"fullName": "Anna B.", "initials": "A", "username": "anna_b", "bio": "Hi"} == changed.json()
    )
    for name, value in (
        ("fullName", " Anna"),
        ("fullName", ""),
        ("initials", "ABCDE"),
        ("username", "an"),
        ("username", "Anna B"),
        ("bio", "x" * 16385),
    ):
        assert anna.put("/members/me", **{name: value}).text == f"invalid value for {name}"
    assert anna.put("/members/me", username="erp_sync").text == "Username is taken"


def test_fields_are_what_was_asked_for(trello: Trello) -> None:
    organization = trello.organization("A", desc="d")
    assert trello.get(f"/organizations/{organization['id']}", fields="desc,website").json() == {
        "id": organization["id"],
        "desc": "d",
        "website": None,
    }
    assert trello.get(f"/organizations/{organization['id']}", fields="nonsense").status_code == 400


def test_only_members_see_a_workspace(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")
    outsider = trello.as_(trello_server.dimitra.token)
    path = f"/organizations/{organization['id']}"
    assert (outsider.get(path).status_code, outsider.get(path).text) == (401, "unauthorized organization")
    assert outsider.get("/members/me/organizations").json() == []
    assert (trello.get("/organizations/000000000000000000000000").status_code) == 404
    assert trello.get("/organizations/no_such_name").text == "model not found"


def test_a_batch_answers_in_order_and_survives_a_failure(trello: Trello) -> None:
    urls = "/members/me?fields=username%2CfullName,/members/nobody,/organizations/xx"
    answers = trello.get("/batch", urls=urls).json()
    assert answers[0]["200"]["fullName"] == "ERP Sync"
    assert answers[1] == {"name": "NotFoundError", "message": "model not found", "statusCode": 404}
    assert len(answers) == 3
    assert trello.get("/batch", urls=",".join(["/members/me"] * 11)).status_code == 400


def test_a_batch_in_the_other_style(start_trello: Any) -> None:
    trello = Trello(start_trello(batch_errors="status"))
    assert trello.get("/batch", urls="/members/nobody").json() == [{"404": "model not found"}]


def test_limits_are_told_and_held(start_trello: Any) -> None:
    trello = Trello(start_trello(token_limit=3, key_limit=5))
    headers = trello.get("/members/me/organizations").headers
    assert headers["x-rate-limit-api-token-max"] == "3"
    assert headers["x-rate-limit-api-token-remaining"] == "2"
    assert headers["x-rate-limit-api-token-interval-ms"] == "10000"
    assert headers["x-rate-limit-api-key-remaining"] == "4"
    answers = [trello.get("/members/me/organizations") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"error": "API_TOKEN_LIMIT_EXCEEDED", "message": "Rate limit exceeded"}
    anna = trello.as_("sandbox-token-anna")
    assert anna.get("/members/me/organizations").status_code == 200
    assert anna.get("/members/me/organizations").json()["error"] == "API_KEY_LIMIT_EXCEEDED"


def test_the_fullest_window_is_told_wherever_it_begins_and_time_may_pass_faster(start_trello: Any) -> None:
    server = start_trello(token_limit=2, pace=1000)
    trello = Trello(server)
    for _ in range(3):
        assert trello.get("/members/me/organizations").headers["x-rate-limit-api-token-interval-ms"] == "10"
        time.sleep(0.02)
    assert server.control("GET", "limits") == {"most": {"key": 1, "token": 1}}
    server = start_trello(token_limit=2)
    for _ in range(3):
        Trello(server).get("/members/me/organizations")
    assert server.control("GET", "limits") == {"most": {"key": 3, "token": 3}}


def test_members_have_a_limit_of_their_own_and_nested_routes_are_exempt(start_trello: Any) -> None:
    trello = Trello(start_trello(member_limit=2))
    assert [trello.get("/members/me").status_code for _ in range(3)] == [200, 200, 429]
    assert trello.get("/members/me").json()["error"] == "MEMBER_LIMIT_EXCEEDED"
    assert trello.get("/members/me/organizations").status_code == 200


def test_too_many_refusals_close_the_key_for_a_while(start_trello: Any) -> None:
    server = start_trello(token_limit=1, key_limit=10_000)
    trello = Trello(server)
    for _ in range(203):
        trello.get("/members/me/organizations")
    assert trello.as_(server.anna.token).get("/members/me/organizations").status_code == 429


def test_requests_are_counted_by_route(trello: Trello, trello_server: Any) -> None:
    trello.organization("A")
    trello.get("/members/me")
    trello.get("/members/annaberg")
    counts = trello_server.requests()
    assert counts["requests"] == {"GET /1/members/{id}": 2, "POST /1/organizations": 1}
    assert counts["total"] == 3
    trello_server.control("DELETE", "requests")
    assert trello_server.requests()["total"] == 0


def test_a_token_does_what_it_was_made_for(trello: Trello, trello_server: Any) -> None:
    trello_server.set_scope("read")
    assert trello.get("/members/me").status_code == 200
    assert "email" not in trello.get("/members/me").json()
    assert trello.post("/organizations", displayName="New").status_code == 401
    (token, *_) = trello.get("/members/me/tokens").json()
    assert {(one["modelType"], one["read"], one["write"]) for one in token["permissions"]} == {
        ("Board", True, False),
        ("Organization", True, False),
        ("Member", True, False),
    }
    trello_server.set_scope("read,write")
    assert trello.post("/organizations", displayName="New").status_code == 200
    assert trello.put("/members/me", bio="Robot").status_code == 401
    trello_server.set_scope("read,write,account", dateExpires="2020-01-01T00:00:00.000Z")
    assert trello.get("/members/me").text == "expired token"
