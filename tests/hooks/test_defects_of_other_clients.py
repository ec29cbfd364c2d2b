"""Where today's Trello clients fall short, and that ours does not.

Each test shows the trap first: by py-trello itself, or by the way in which the named client works. What trello.js does
in the same places is in ``tests/clients/test_defects_of_trello_js.py``, since it needs Node.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import trello
from py_trello_client import py_trello
from scripted_server import Scripted, ScriptedServer

from customerp_trello.errors import RecordMissing, RetriableError
from customerp_trello.hooks import trello_paging
from customerp_trello.hooks.trello import TrelloHook

Connect = Callable[..., str]
Json = dict[str, Any]


def open_hook(server: Any, connect: Connect) -> TrelloHook:
    extra = {"requests_per_10_seconds": 100_000}
    connect("trello", host=server.url, login=server.key, password=server.token, extra=extra)
    return TrelloHook()


@pytest.fixture
def hook(trello_server: Any, connect: Connect) -> TrelloHook:
    return open_hook(trello_server, connect)


@pytest.fixture
def scripted(server: ScriptedServer, connect: Connect) -> TrelloHook:
    """A hook of the scripted server."""
    connect("trello", host=server.url, login="k3y", password="t0ken", extra={"read_timeout": 0.2})
    return TrelloHook()


@pytest.fixture
def organization(hook: TrelloHook) -> Json:
    return hook.create_organization(displayName="Acme", name="acme")


@pytest.fixture
def card(trello_server: Any, organization: Json) -> trello.Card:
    """A card as py-trello sees it; ``card.id`` for ours."""
    board = py_trello(trello_server).add_board("Register", organization_id=organization["id"])
    return board.open_lists()[0].add_card("Projects")


def raw(server: Any, path: str, **params: Any) -> requests.Response:
    """A plain request, as a client without any care makes it."""
    query = {"key": server.key, "token": server.token, **params}
    return requests.get(f"{server.url}/1{path}", params=query, timeout=10)


# -- py-trello -----------------------------------------------------------------------------------------------------


def test_py_trello_cannot_change_an_organization_nor_invite(hook: TrelloHook, organization: Json) -> None:
    """It can create one by now."""
    theirs = {name for name in dir(trello.Organization) if not name.startswith("_")}
    assert not [name for name in theirs if any(word in name for word in ("set", "update", "save", "invite", "email"))]
    edited = hook.update_organization(organization["id"], displayName="Acme SE", website="https://acme.example")
    assert (edited["displayName"], edited["website"]) == ("Acme SE", "https://acme.example")
    ghost = hook.invite(organization["id"], "nina@x.example", "Nina Neu").id_member
    (row,) = [row for row in hook.memberships(organization["id"]) if row["idMember"] == ghost]
    assert (row["unconfirmed"], row["member"]["fullName"]) == (True, "Nina Neu")


def test_py_trello_member_fetch_raises_on_other_peoples_email(hook: TrelloHook, trello_server: Any) -> None:
    anna = trello_server.anna
    with pytest.raises(KeyError, match="email"):
        py_trello(trello_server).get_member(anna.id)
    found = hook.get_member(anna.id)
    assert (found["fullName"], "email" in found) == (anna.full_name, False)


def test_py_trello_waits_for_ever(scripted: TrelloHook, server: ScriptedServer) -> None:
    asked: list[Json] = []

    class Noting(requests.Session):
        def request(self, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
            asked.append(options)
            raise requests.ConnectionError

    with pytest.raises(requests.ConnectionError):
        trello.TrelloClient("k", token="t", http_service=Noting()).list_organizations()
    assert "timeout" not in asked[0]
    server.answer = lambda _: time.sleep(1) or Scripted(200, [])  # type: ignore[func-returns-value]
    begin = time.monotonic()
    with pytest.raises(RetriableError):
        scripted.my_organizations()
    attempts = len(server.received)
    assert time.monotonic() - begin < 1.0 * attempts  # each was given up before its answer came


@pytest.mark.parametrize("status", [429, 503, 504])
def test_py_trello_gives_up_at_the_first_hiccup(hook: TrelloHook, trello_server: Any, status: int) -> None:
    route = "GET /1/members/{id}/organizations"
    trello_server.fault(route, f"status:{status}")
    with pytest.raises(trello.ResourceUnavailable):
        py_trello(trello_server).list_organizations()
    trello_server.fault(route, f"status:{status}", times=2)
    assert hook.my_organizations() == []


def test_py_trello_reads_one_page_of_fifty(hook: TrelloHook, card: trello.Card) -> None:
    made = [hook.post_comment(card.id, f"n{number}")["id"] for number in range(55)]
    assert len(card.get_comments()) == 50
    assert [row["id"] for row in hook.comments(card.id)] == made[::-1]


# -- trello.js -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 449, 500, 502, 503, 504])
def test_trello_js_retries_429_only(scripted: TrelloHook, server: ScriptedServer, status: int) -> None:
    server.script(Scripted(status, "later"), Scripted(status, "later"), Scripted(200, [{"id": "1"}]))
    assert scripted.my_organizations() == [{"id": "1"}]
    assert len(server.received) == 3


@pytest.mark.parametrize("window", [200, 500])
def test_trello_js_waits_two_four_eight_seconds_whatever_is_told(
    scripted: TrelloHook, server: ScriptedServer, window: int
) -> None:
    told = {"x-rate-limit-member-remaining": "0", "x-rate-limit-member-interval-ms": str(window)}
    server.script(Scripted(429, {"message": "Rate limit exceeded"}, told), Scripted(200, []))
    begin = time.monotonic()
    scripted.my_organizations()
    assert window / 1000 <= time.monotonic() - begin < 2


def test_trello_js_has_no_pager(hook: TrelloHook, card: trello.Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trello_paging, "PAGE_SIZE", 4)
    made = [hook.post_comment(card.id, f"n{number}")["id"] for number in range(10)]
    assert [row["id"] for row in hook.comments(card.id)] == made[::-1]


def test_trello_js_and_tap_trello_put_credentials_into_the_query(scripted: TrelloHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, {"id": "1", "username": "u"}))
    scripted.me()
    scripted.update_organization("1", desc="x")
    for received in server.received:
        assert "t0ken" not in received.target
        assert "k3y" not in received.target
        assert received.headers["Authorization"] == 'OAuth oauth_consumer_key="k3y", oauth_token="t0ken"'


def test_trello_js_puts_long_texts_into_the_url(scripted: TrelloHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, {"id": "1"}))
    scripted.post_comment("card", "ü" * 16_384)
    assert server.received[0].target == "/1/cards/card/actions/comments"
    assert len(server.received[0].body) > 16_384


def test_trello_js_drops_the_parameters_of_a_batch(hook: TrelloHook, organization: Json) -> None:
    (found,) = hook.batch([f"/organizations/{organization['id']}?fields=name,displayName"])
    assert found == {"id": organization["id"], "name": "acme", "displayName": "Acme"}


@pytest.mark.parametrize("style", ["named", "status"])
def test_trello_js_loses_a_batch_by_one_failure(start_trello: Any, connect: Connect, style: str) -> None:
    hook = open_hook(start_trello(rate_limits=False, batch_errors=style), connect)
    me, failed, again = hook.batch(["/members/me?fields=username", "/organizations/nobody", "/members/me?fields=bio"])
    assert (me["username"], again["bio"]) == ("erp_sync", "")
    assert isinstance(failed, RecordMissing)


def test_trello_js_refuses_a_member_without_a_picture(hook: TrelloHook, organization: Json, trello_server: Any) -> None:
    hook.invite(organization["id"], trello_server.carla.email, "Carla")
    assert raw(trello_server, f"/members/{trello_server.carla.id}").json()["avatarUrl"] is None
    assert hook.get_member(trello_server.carla.id)["fullName"] == trello_server.carla.full_name
    assert len(hook.memberships(organization["id"])) == 2


# -- Airbyte's source-trello ---------------------------------------------------------------------------------------


def made_in_one_second(server: Any, actions: list[Json]) -> list[str]:
    """Move actions into one second, a millisecond each; their ids, newest first."""
    database, ids = server.service.database, []
    for number, action in enumerate(actions):
        made = f"6af00000{number:016x}"
        date = f"{datetime.fromtimestamp(0x6AF00000, UTC):%Y-%m-%dT%H:%M:%S}.{500 + number}Z"
        database.run("UPDATE actions SET id = ?, date = ? WHERE id = ?", made, date, action["id"])
        ids.insert(0, made)
    return ids


def test_airbyte_skips_what_shares_a_second_with_the_end_of_a_page(
    hook: TrelloHook, card: trello.Card, trello_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = made_in_one_second(trello_server, [hook.post_comment(card.id, f"n{number}") for number in range(10)])
    theirs: list[str] = []
    query: Json = {"filter": "commentCard", "limit": 4}
    while page := raw(trello_server, f"/cards/{card.id}/actions", **query).json():
        theirs += [row["id"] for row in page]
        query["before"] = page[-1]["id"]
    assert theirs == ids[:4]
    monkeypatch.setattr(trello_paging, "PAGE_SIZE", 4)
    assert [row["id"] for row in hook.comments(card.id)] == ids


def test_airbyte_stumbles_over_copied_comments(
    hook: TrelloHook, card: trello.Card, organization: Json, trello_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy's id is new and its date is old, so that ``before=<last id>`` brings the same page for ever."""
    trello_server.set_clock(-1000)
    made = [hook.post_comment(card.id, f"n{number}") for number in range(9)]
    trello_server.set_clock(0)
    copy = card.trello_list.add_card("Copy", source=card.id)
    query: Json = {"filter": "copyCommentCard", "limit": 4}
    path = f"/cards/{copy.id}/actions"
    first = raw(trello_server, path, **query).json()
    assert raw(trello_server, path, **query, before=first[-1]["id"]).json() == first
    monkeypatch.setattr(trello_paging, "PAGE_SIZE", 4)
    listed = hook.organization_actions(organization["id"], "copyCommentCard")
    assert [row["date"] for row in listed] == [one["date"] for one in reversed(made)]


def test_airbyte_misses_edits_and_deletes(hook: TrelloHook, card: trello.Card) -> None:
    """Nothing of them is listed since then; so the whole card is read, and texts and ids are compared."""
    edited, deleted = hook.post_comment(card.id, "one"), hook.post_comment(card.id, "gone")
    before = {row["id"]: row["data"]["text"] for row in hook.comments(card.id)}
    since = datetime.fromisoformat(deleted["date"]) + timedelta(milliseconds=1)
    hook.update_comment(edited["id"], "two")
    hook.delete_comment(deleted["id"])
    assert hook.comments(card.id, since) == []
    after = {row["id"]: row["data"]["text"] for row in hook.comments(card.id)}
    assert (before[edited["id"]], after[edited["id"]]) == ("one", "two")
    assert set(before) - set(after) == {deleted["id"]}


def test_airbyte_waits_ten_seconds_whatever_is_told(scripted: TrelloHook, server: ScriptedServer) -> None:
    """A short window is waited for here; the one of 900 seconds is left to Airflow, with its length."""
    told = {"x-rate-limit-member-remaining": "0", "x-rate-limit-member-interval-ms": "900000"}
    server.script(Scripted(429, {"error": "MEMBER_LIMIT_EXCEEDED", "message": "Rate limit exceeded"}, told))
    begin = time.monotonic()
    with pytest.raises(RetriableError) as failed:
        scripted.get_member("1")
    assert failed.value.retry_after == 900
    assert time.monotonic() - begin < 5
    assert len(server.received) == 1


# -- tap-trello ----------------------------------------------------------------------------------------------------


def test_tap_trello_reads_one_page_of_an_organizations_actions(
    hook: TrelloHook, organization: Json, trello_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trello_paging, "PAGE_SIZE", 4)
    for number in range(9):
        hook.update_organization(organization["id"], desc=f"version {number}")
    query = {"filter": "updateOrganization", "limit": 4}
    assert len(raw(trello_server, f"/organizations/{organization['id']}/actions", **query).json()) == 4
    listed = hook.organization_actions(organization["id"], "updateOrganization")
    assert [row["data"]["organization"]["desc"] for row in listed] == [f"version {8 - number}" for number in range(9)]


def test_tap_trello_asks_for_each_member_and_runs_into_the_limit(start_trello: Any, connect: Connect) -> None:
    server = start_trello(token_limit=10_000, key_limit=10_000)
    hook = open_hook(server, connect)
    id_org = hook.create_organization(displayName="Acme")["id"]
    theirs = {"token": server.anna.token}
    statuses = [raw(server, "/members/borispetrov", **theirs).status_code for _ in range(101)]
    assert (statuses[:100], statuses[100]) == ([200] * 100, 429)
    hook.invite(id_org, server.anna.email, "Anna Berg")
    server.control("DELETE", "requests")
    for row in hook.memberships(id_org):
        assert {"fullName", "username", "initials", "bio", "memberType"} <= set(row["member"])
    assert server.requests()["requests"] == {"GET /1/organizations/{id}/memberships": 1}


# -- n8n -----------------------------------------------------------------------------------------------------------


def test_n8n_has_no_organizations(hook: TrelloHook, organization: Json) -> None:
    assert [row["id"] for row in hook.my_organizations()] == [organization["id"]]
    assert hook.get_organization("acme")["displayName"] == "Acme"
    hook.delete_organization(organization["id"])
    with pytest.raises(RecordMissing):
        hook.get_organization(organization["id"])


def test_n8n_reads_pages_of_thirty(hook: TrelloHook, card: trello.Card, trello_server: Any) -> None:
    for number in range(65):
        hook.post_comment(card.id, f"n{number}")
    trello_server.control("DELETE", "requests")
    assert len(hook.comments(card.id)) == 65
    assert trello_server.requests()["requests"] == {"GET /1/cards/{id}/actions": 2}  # the second brings nothing new
