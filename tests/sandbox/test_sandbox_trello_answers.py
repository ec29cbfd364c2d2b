"""The shapes of Trello's answers: which fields there are, and in what form it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sandbox_client import Trello

MEMBER = "id,username,fullName,initials,avatarUrl,bio,url,confirmed,memberType,activityBlocked,idEnterprise,nonPublic"
ORGANIZATION = (
    "id,name,displayName,desc,website,url,dateLastActivity,idEnterprise,memberships,prefs,idBoards,logoUrl,teamType"
)


@pytest.fixture
def trello(trello_server: Any) -> Trello:
    return Trello(trello_server)


def test_the_fields_of_members_organizations_and_actions(trello: Trello) -> None:
    organization = trello.organization("A")["id"]
    assert set(trello.get("/members/me", fields=MEMBER).json()) == set(MEMBER.split(","))
    (listed,) = trello.get(f"/organizations/{organization}/members", fields=MEMBER).json()
    assert set(listed) == set(MEMBER.split(","))
    shown = trello.get(f"/organizations/{organization}", fields=ORGANIZATION).json()
    assert set(shown) == set(ORGANIZATION.split(","))
    assert trello.get("/members/me/organizations", fields=ORGANIZATION).json() == [shown]
    (action,) = trello.actions(f"/organizations/{organization}", fields="id,idMemberCreator,type,date,data")
    assert set(action) == {"id", "idMemberCreator", "type", "date", "data", "memberCreator"}
    assert {"id", "username", "fullName"} <= set(action["memberCreator"])
    assert int(action["id"], 16) > 0
    assert len(action["id"]) == 24


def test_some_have_a_picture_and_some_have_none(trello: Trello, trello_server: Any) -> None:
    me, carla = trello.get("/members/me").json(), trello.get("/members/carlamunoz").json()
    assert me["avatarUrl"].endswith(f"/{me['id']}/{me['avatarHash']}")
    assert (carla["avatarUrl"], carla["avatarHash"]) == (None, None)


def test_there_is_no_idempotency_key(trello: Trello) -> None:
    card = trello.card()
    first, second = trello.comment(card, "same"), trello.comment(card, "same")
    assert first["id"] != second["id"]
    assert trello.organization("Same", name="same")["name"] != trello.organization("Same", name="same")["name"]


@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        ("full", {"id", "name", "displayName", "members", "memberships"}),
        ("bare", {"id", "name", "displayName"}),
    ],
)
def test_an_invitation_answers_the_organization(start_trello: Any, shape: str, fields: set[str]) -> None:
    server = start_trello(rate_limits=False, invite_answer=shape)
    trello = Trello(server)
    organization = trello.organization("A")["id"]
    answer = trello.invite(organization, server.anna.email).json()
    assert (set(answer), answer["id"]) == (fields, organization)


def test_an_invitation_answers_the_member(start_trello: Any) -> None:
    server = start_trello(rate_limits=False, invite_answer="member")
    trello = Trello(server)
    organization = trello.organization("A")["id"]
    assert trello.invite(organization, server.anna.email).json()["id"] == server.anna.id
    changed = trello.put(f"/organizations/{organization}/members/{server.anna.id}", type="admin").json()
    assert changed["username"] == "annaberg"


def test_a_token_may_be_over(trello: Trello, trello_server: Any) -> None:
    over = (datetime.now(UTC) - timedelta(seconds=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    trello_server.service.database.run("UPDATE tokens SET date_expires = ? WHERE token = ?", over, trello.token)
    answer = trello.get("/members/me")
    assert (answer.status_code, answer.text) == (401, "expired token")
    trello_server.service.database.run("UPDATE tokens SET date_expires = '2999-01-01T00:00:00.000Z'")
    assert trello.get(f"/tokens/{trello.token}").json()["dateExpires"] == "2999-01-01T00:00:00.000Z"


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503, 504])
def test_faults_are_told_in_plain_text(trello: Trello, trello_server: Any, status: int) -> None:
    trello_server.fault("GET /1/members/{id}", f"status:{status}")
    answer = trello.get("/members/me")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")


def test_429_and_449_are_told_in_json(trello: Trello, trello_server: Any) -> None:
    trello_server.fault("GET /1/members/{id}", "status:449")
    answer = trello.get("/members/me")
    assert answer.status_code == 449
    assert answer.json() == {"path": "/1/members/me", "originalMessage": "Conflict", "originalStatus": 409}
    trello_server.fault("GET /1/members/{id}", "status:429")
    assert trello.get("/members/me").json()["message"] == "Rate limit exceeded"


def test_a_batch_takes_get_routes_without_the_version(trello: Trello) -> None:
    urls = "/members/me,/1/members/me,/nothing/here,/members/me/fullName"
    first, versioned, unknown, field = trello.get("/batch", urls=urls).json()
    assert list(first) == ["200"]
    assert (versioned["statusCode"], unknown["statusCode"]) == (404, 404)
    assert field == {"200": {"_value": "ERP Sync"}}
    assert trello.get("/batch").status_code == 400


def test_windows_by_id_are_windows_by_its_second(trello: Trello, trello_server: Any) -> None:
    card = trello.card()
    old = trello.comment(card, "old")
    trello_server.set_clock(60)
    new = trello.comment(card, "new")
    assert trello.actions(f"/cards/{card}", before=new["id"], filter="commentCard") == [old]
    assert trello.actions(f"/cards/{card}", since=new["id"], filter="commentCard") == [new]


def test_a_signed_request_gets_in(trello_server: Any) -> None:
    """Clients of OAuth 1 send more parts, in any order."""
    parts = f'oauth_nonce="1", oauth_token="{trello_server.token}", oauth_consumer_key="{trello_server.key}"'
    headers = {"Authorization": f'OAuth {parts}, oauth_signature_method="HMAC-SHA1", oauth_signature="x%3D"'}
    answer = requests.get(trello_server.url + "/1/members/me", headers=headers, timeout=10)
    assert answer.json()["username"] == "erp_sync"
