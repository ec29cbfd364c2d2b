"""`TrelloHook` against the sandbox's Trello, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scripted_server import Scripted, ScriptedServer

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RetriableError,
    UnknownOutcome,
)
from customerp_trello.hooks import trello_paging
from customerp_trello.hooks.invitation import Invited
from customerp_trello.hooks.trello import TrelloHook

Connect = Callable[..., str]


def trello(server: Any, connect: Connect, token: str = "", **extra: Any) -> TrelloHook:
    extra = {"requests_per_10_seconds": 100_000, **extra}
    connect("trello", host=server.url, login=server.key, password=token or server.token, extra=extra)
    return TrelloHook()


@pytest.fixture
def hook(trello_server: Any, connect: Connect) -> TrelloHook:
    return trello(trello_server, connect)


@pytest.fixture
def organization(hook: TrelloHook) -> dict[str, Any]:
    return hook.create_organization(displayName="Acme", name="acme_1")


@pytest.fixture
def card(hook: TrelloHook, organization: dict[str, Any]) -> str:
    body = {"name": "Projects", "idOrganization": organization["id"]}
    board = hook.request("POST", "/1/boards", body=body).json()
    lists = hook.request("GET", f"/1/boards/{board['id']}/lists").json()
    made = hook.request("POST", "/1/cards", body={"name": "Register", "idList": lists[0]["id"]}).json()
    return str(made["id"])


def test_who_we_are_is_asked_once_and_the_secrets_stay_out_of_urls(
    server: ScriptedServer, connect: Connect, hook: TrelloHook, trello_server: Any
) -> None:
    assert hook.me()["id"] == hook.me()["id"] == trello_server.integration.id
    assert hook.me()["email"] == trello_server.integration.email
    assert hook.requests_made == 1
    connect("trello", host=server.url, login="k3y", password="t0ken", conn_id="trello_header")
    server.script(Scripted(200, {"id": "1", "username": "u"}))
    TrelloHook("trello_header").me()
    assert server.received[0].headers["Authorization"] == 'OAuth oauth_consumer_key="k3y", oauth_token="t0ken"'
    assert "t0ken" not in server.received[0].target
    connect("trello", host=server.url, password="b3arer", conn_id="trello_bearer")
    TrelloHook("trello_bearer").me()
    assert server.received[1].headers["Authorization"] == "Bearer b3arer"
    connect("trello", host=server.url, login="k3y", password="t0ken\n", conn_id="trello_copied")
    TrelloHook("trello_copied").me()
    assert server.received[2].headers["Authorization"] == 'OAuth oauth_consumer_key="k3y", oauth_token="t0ken"'
    connect("trello", host=server.url, login="k3y", password="t0keń", conn_id="trello_wrong")
    assert "connection trello_wrong: password holds a character" in TrelloHook("trello_wrong").test_connection()[1]


def test_identity_and_extra(trello_server: Any, connect: Connect) -> None:
    hook = trello(trello_server, connect, staff_workspaces="staff_b, staff_a", register_card="abcd1234")
    assert hook.staff_workspaces == ["staff_b", "staff_a"]
    assert hook.register_card == "abcd1234"
    assert hook.identity() == {
        "base_url": trello_server.url,
        "member": trello_server.integration.id,
        "staff_workspaces": "staff_a,staff_b",
        "register_card": "abcd1234",
    }
    with pytest.raises(ConfigurationError, match="valid keys: connect_timeout, read_timeout, register_card"):
        trello(trello_server, connect, staff_workspace="x").me()
    with pytest.raises(ConfigurationError, match="whole number"):
        trello(trello_server, connect, requests_per_10_seconds=0).me()


def test_connection_says_one_sentence(hook: TrelloHook, trello_server: Any, connect: Connect) -> None:
    assert hook.test_connection() == (True, f"Trello answers at {trello_server.url} and knows us as @erp_sync.")
    good, said = trello(trello_server, connect, token="wr0ng").test_connection()
    assert (good, "invalid token" in said, "wr0ng" in said) == (False, True, False)
    connect("trello", host=trello_server.url)
    assert TrelloHook().test_connection()[1].startswith("connection trello_default: no token")


def test_organizations(hook: TrelloHook, organization: dict[str, Any]) -> None:
    id_ = organization["id"]
    assert hook.get_organization("acme_1")["id"] == id_
    assert hook.update_organization(id_, displayName="Acme & Söhne", website="https://acme.example")["displayName"]
    assert [row["displayName"] for row in hook.my_organizations("id,displayName")] == ["Acme & Söhne"]
    assert hook.update_organization(id_, website="")["website"] is None
    old = [action["data"].get("old") for action in hook.organization_actions(id_, "updateOrganization")]
    assert any("displayName" in (change or {}) for change in old)
    assert hook.organization_actions(id_, "updateOrganization", datetime.now(UTC) + timedelta(hours=1)) == []
    with pytest.raises(RecordError, match="invalid value"):
        hook.update_organization(id_, displayName="")
    hook.delete_organization(id_)
    with pytest.raises(RecordMissing, match="model not found"):
        hook.get_organization(id_)


def test_an_organization_of_others_is_refused_not_missing(
    hook: TrelloHook, organization: dict[str, Any], trello_server: Any, connect: Connect
) -> None:
    with pytest.raises(RecordError) as error:
        trello(trello_server, connect, token=trello_server.anna.token).get_organization(organization["id"])
    assert not isinstance(error.value, RecordMissing)


@pytest.mark.parametrize("shape", ["full", "bare", "member"])
def test_invitations(start_trello: Any, connect: Connect, shape: str) -> None:
    server = start_trello(rate_limits=False, invite_answer=shape)
    hook = trello(server, connect)
    organization = hook.create_organization(displayName="Acme")
    sent = hook.invite(organization["id"], "new.person@x.example", "New Person")
    ghost = sent.id_member
    row = next(row for row in hook.memberships(organization["id"]) if row["idMember"] == ghost)
    assert (row["unconfirmed"], row["memberType"], row["member"]["fullName"]) == (True, "normal", "New Person")
    shown = {name: value for name, value in row.items() if name != "member"}
    assert sent.membership == (shown if shape == "full" else None)
    assert hook.invite(organization["id"], "new.person@x.example", "New Person") == sent
    assert hook.invite(organization["id"], server.anna.email, "Anna B.", "admin") == Invited(server.anna.id)
    assert hook.invite(organization["id"], server.anna.email, "Anna Berg") == Invited(server.anna.id)
    nameless = hook.invite(organization["id"], "no.name@x.example", " ").id_member
    assert hook.get_member(nameless)["fullName"] == "no.name", "Trello wants a name"


def test_an_address_of_a_member_under_another_name(start_trello: Any, connect: Connect) -> None:
    server = start_trello(rate_limits=False, invite_answer="bare")
    hook = trello(server, connect)
    organization = hook.create_organization(displayName="Acme")
    hook.invite(organization["id"], server.anna.email, "Anna Berg")
    with pytest.raises(RecordError, match="link the record by hand") as error:
        hook.invite(organization["id"], server.anna.email, "Annie")
    assert server.anna.email not in str(error.value)


def test_memberships(hook: TrelloHook, organization: dict[str, Any], trello_server: Any) -> None:
    id_org, anna = organization["id"], trello_server.anna
    hook.invite(id_org, anna.email, anna.full_name)
    hook.set_member_type(id_org, anna.id, "admin")
    with pytest.raises(RecordError, match="paid plan"):
        hook.deactivate_member(id_org, anna.id, True)
    trello_server.set_plan(id_org, paid=True)
    hook.deactivate_member(id_org, anna.id, True)
    row = next(row for row in hook.memberships(id_org) if row["idMember"] == anna.id)
    assert (row["memberType"], row["deactivated"]) == ("admin", True)
    hook.deactivate_member(id_org, anna.id, False)
    hook.remove_member(id_org, anna.id)
    assert anna.id not in {row["idMember"] for row in hook.memberships(id_org)}
    with pytest.raises(RecordMissing):
        hook.remove_member(id_org, anna.id)


def test_profiles_are_their_owners(hook: TrelloHook, trello_server: Any) -> None:
    assert hook.get_member(trello_server.anna.id)["fullName"] == "Anna Berg"
    hook.me()
    assert hook.update_member("me", bio="We keep things in sync.", initials="ES")["initials"] == "ES"
    assert hook.me()["bio"] == "We keep things in sync."
    with pytest.raises(RecordError, match="permission"):
        hook.update_member(trello_server.anna.id, bio="x")


def test_comments(hook: TrelloHook, card: str, trello_server: Any) -> None:
    text = 'Müller & Söhne: 5 % = "viel"\n' + "x" * 16000
    made = hook.post_comment(card, text)
    assert hook.get_action(made["id"])["data"]["text"] == text
    assert hook.update_comment(made["id"], "short")["data"]["text"] == "short"
    assert [row["data"]["text"] for row in hook.comments(card)] == ["short"]
    assert hook.comments(card)[0]["memberCreator"]["id"] == trello_server.integration.id
    hook.delete_comment(made["id"])
    with pytest.raises(RecordMissing):
        hook.get_action(made["id"])
    with pytest.raises(RecordError, match="invalid id"):
        hook.get_action("nonsense")


def test_any_number_of_comments(hook: TrelloHook, card: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trello_paging, "PAGE_SIZE", 4)
    ids = [hook.post_comment(card, f"n{number}")["id"] for number in range(10)]
    assert [row["id"] for row in hook.comments(card)] == ids[::-1]
    assert hook.comments(card, datetime.now(UTC) + timedelta(hours=1)) == []


def test_more_comments_of_one_millisecond_than_a_page_holds_are_an_error(
    server: ScriptedServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trello_paging, "PAGE_SIZE", 2)
    connect("trello", host=server.url, login="k", password="t")
    server.script(
        Scripted(
            200, [{"id": "2", "date": "2026-01-01T00:00:00.000Z"}, {"id": "1", "date": "2026-01-01T00:00:00.000Z"}]
        )
    )
    with pytest.raises(FatalError, match="same page came twice"):
        TrelloHook().comments("card")
    server.script(Scripted(200, [{"id": "2"}]))
    with pytest.raises(FatalError, match="no date"):
        TrelloHook().comments("card")


def test_a_card_is_found_by_id_link_and_url_with_its_workspace(
    hook: TrelloHook, card: str, organization: dict[str, Any]
) -> None:
    found = hook.get_card(card)
    assert found["board"]["idOrganization"] == organization["id"]
    assert hook.get_card(found["shortLink"])["id"] == card
    assert hook.get_card(f"https://trello.com/c/{found['shortLink']}/1-register")["id"] == card


@pytest.mark.parametrize("style", ["named", "status"])
def test_batches(start_trello: Any, connect: Connect, style: str) -> None:
    server = start_trello(rate_limits=False, batch_errors=style)
    hook = trello(server, connect)
    ids = [hook.create_organization(displayName=f"Org {number}")["id"] for number in range(12)]
    sent = hook.requests_made
    results = hook.batch(
        [*(f"/organizations/{id_}?fields=displayName,name" for id_ in ids), "/organizations/" + "0" * 24]
    )
    assert hook.requests_made == sent + 2
    assert [row["displayName"] for row in results[:-1]] == [f"Org {number}" for number in range(12)]
    assert isinstance(results[-1], RecordMissing)
    assert hook.batch([]) == []
    with pytest.raises(FatalError, match="no path"):
        hook.batch(["/nonsense"])


def test_a_path_that_does_not_exist_proves_nothing_of_a_record(hook: TrelloHook) -> None:
    with pytest.raises(FatalError, match="no such path"):
        hook.request("GET", "/1/nonsense/1", record="nonsense 1")


def test_lost_answers(hook: TrelloHook, card: str, trello_server: Any) -> None:
    trello_server.fault("POST /1/cards/{id}/actions/comments", "lost_answer")
    with pytest.raises(UnknownOutcome):
        hook.post_comment(card, "once")
    comments = hook.comments(card)
    assert [row["data"]["text"] for row in comments] == ["once"]
    trello_server.fault("PUT /1/actions/{id}", "lost_answer")
    assert hook.update_comment(comments[0]["id"], "twice")["data"]["text"] == "twice"


def test_a_429_is_waited_out(hook: TrelloHook, trello_server: Any) -> None:
    trello_server.fault("GET /1/members/{id}", "status:429", times=2)
    assert hook.me()["id"]
    assert hook.requests_made == 3


def test_our_pace_keeps_trello_from_ever_saying_429(start_trello: Any, connect: Connect) -> None:
    server = start_trello(token_limit=20, key_limit=60)
    hook = trello(server, connect, requests_per_10_seconds=20)
    for _ in range(20):
        hook.my_organizations("id")
    hook._limits.longest_wait = 0.1
    with pytest.raises(RetriableError, match="20 requests in 10 s"):
        hook.my_organizations("id")
    assert server.requests()["refused_429"] == 0


def test_others_with_the_same_token_slow_us_down(start_trello: Any, connect: Connect) -> None:
    server = start_trello(token_limit=3)
    hook = trello(server, connect, requests_per_10_seconds=50)
    for _ in range(3):
        hook.my_organizations("id")
    hook._limits.longest_wait = 0.1
    with pytest.raises(RetriableError, match="50 requests"):
        hook.my_organizations("id")
    assert server.requests()["refused_429"] == 0
