"""The webhooks of both sandbox systems, seen by a server that takes their deliveries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import customerp_webhooks
import pytest
import requests
import trello_webhooks
from sandbox_client import Trello
from webhook_receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def trello(trello_server) -> Trello:
    return Trello(trello_server)


def hook(trello: Trello, receiver: Receiver, model: str) -> requests.Response:
    return trello.post("/webhooks/", idModel=model, callbackURL=receiver.url, description="ours")


def test_a_webhook_is_made_listed_changed_and_removed(trello, receiver):
    organization = trello.organization("Acme")["id"]
    made = hook(trello, receiver, organization).json()
    assert (made["idModel"], made["callbackURL"], made["active"]) == (organization, receiver.url, True)
    (own,) = trello.get("/members/me/tokens", webhooks="true").json()
    assert [one["id"] for one in own["webhooks"]] == [made["id"]]
    assert trello.token not in json.dumps(own)
    assert trello.get(f"/tokens/{trello.token}/webhooks").json() == own["webhooks"]
    assert trello.put(f"/webhooks/{made['id']}", active="false").json()["active"] is False
    assert trello.delete(f"/webhooks/{made['id']}").status_code == 200
    assert trello.get(f"/webhooks/{made['id']}").status_code == 404


def test_it_is_refused_twice_for_a_deaf_callback_and_for_what_the_token_cannot_see(trello, trello_server, receiver):
    organization = trello.organization("Acme")["id"]
    assert hook(trello, receiver, organization).status_code == 200
    assert "already exists" in hook(trello, receiver, organization).text
    assert hook(trello.as_(trello_server.anna.token), receiver, organization).status_code == 401
    receiver.head = 404
    other = trello.organization("Bolt")["id"]
    refused = hook(trello, receiver, other)
    assert (refused.status_code, "did not return 200" in refused.text) == (400, True)
    assert hook(trello, receiver, "nonsense").status_code == 400


def test_an_edited_workspace_is_told_with_a_signature_and_the_senders_identifier(trello, trello_server, receiver):
    organization = trello.organization("Acme")["id"]
    hook(trello, receiver, organization)
    trello.session.headers["X-Trello-Client-Identifier"] = "somebody"
    trello.put(f"/organizations/{organization}", displayName="Acme AG")
    ((headers, content),) = receiver.wait(1)
    assert content["action"]["type"] == "updateOrganization"
    assert content["action"]["data"]["old"] == {"displayName": "Acme"}
    assert (content["model"]["id"], content["model"]["displayName"]) == (organization, "Acme AG")
    assert headers["x-trello-client-identifier"] == "somebody"
    expected = trello_webhooks.signature("sandbox-trello-secret", receiver.came[0][1], receiver.url)
    assert headers["x-trello-webhook"] == expected


def test_comments_made_edited_and_deleted_are_told_and_so_are_members(trello, receiver):
    card = trello.card()
    organization = trello.get(f"/cards/{card}", board="true", board_fields="idOrganization").json()
    hook(trello, receiver, card)
    comment = trello.comment(card, "hello")
    trello.put(f"/actions/{comment['id']}", text="hello again")
    trello.delete(f"/actions/{comment['id']}")
    told = [content["action"] for _, content in receiver.wait(3)]
    assert [one["type"] for one in told] == ["commentCard", "updateComment", "deleteComment"]
    assert told[0]["id"] == comment["id"]
    assert told[1]["data"]["action"]["id"] == told[2]["data"]["action"]["id"] == comment["id"]
    assert told[1]["data"]["old"] == {"text": "hello"}
    assert {one["data"]["card"]["id"] for one in told} == {card}
    workspace = trello.get(f"/boards/{organization['idBoard']}").json()["idOrganization"]
    hook(trello, receiver, workspace)
    trello.invite(workspace, "new@customer.example")
    assert receiver.wait(4)[3][1]["action"]["type"] == "unconfirmedOrganizationInvitation"


def test_what_was_refused_or_rolled_back_is_not_told(trello, trello_server, receiver):
    organization = trello.organization("Acme")["id"]
    hook(trello, receiver, organization)
    assert trello.put(f"/organizations/{organization}", website="no-url").status_code == 400
    assert trello.put(f"/organizations/{organization}", displayName="Acme").status_code == 200  # no change
    trello.put(f"/organizations/{organization}", displayName="Acme AG")
    ((_, content),) = receiver.wait(1)
    assert content["action"]["data"]["old"] == {"displayName": "Acme"}


def test_a_delivery_that_is_not_taken_comes_again_and_counts_as_a_failure(start_trello, receiver):
    server = start_trello(rate_limits=False, webhook_waits=(0.05, 0.05))
    trello = Trello(server)
    organization = trello.organization("Acme")["id"]
    made = hook(trello, receiver, organization).json()
    receiver.statuses = [503, 500]
    trello.put(f"/organizations/{organization}", displayName="Acme AG")
    came = receiver.wait(3)
    assert len({content["action"]["id"] for _, content in came}) == 1
    receiver.statuses = [503, 503, 503]
    trello.put(f"/organizations/{organization}", displayName="Acme SE")
    receiver.wait(6)
    wait_for(lambda: trello.get(f"/webhooks/{made['id']}").json()["consecutiveFailures"] == 3)
    trello.put(f"/organizations/{organization}", displayName="Acme KG")
    wait_for(lambda: trello.get(f"/webhooks/{made['id']}").json()["consecutiveFailures"] == 0)
    assert len(receiver.came) == 7


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_erp_tells_its_subscribers_what_changed(customerp_server, receiver):
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {customerp_server.token}"
    api = f"{customerp_server.url}/api/v1"
    made = session.post(f"{api}/webhooks", json={"url": receiver.url, "secret": "shared"}, timeout=10)
    assert (made.status_code, "shared" in session.get(f"{api}/webhooks", timeout=10).text) == (201, False)
    customer = session.post(f"{api}/customers", json={"name": "Acme"}, timeout=10)
    asked = {"If-Match": customer.headers["ETag"], "X-Client-Identifier": "somebody"}
    path = f"{api}/customers/{customer.json()['id']}"
    assert session.patch(path, json={"name": ""}, headers=asked, timeout=10).status_code == 422
    assert session.patch(path, json={"name": "Acme AG"}, headers=asked, timeout=10).status_code == 200
    came = receiver.wait(2)
    assert [content["event"] for _, content in came] == ["customer.created", "customer.updated"]
    assert {content["record_id"] for _, content in came} == {customer.json()["id"]}
    assert "Acme" not in str(receiver.came)
    assert [headers.get("x-client-identifier") for headers, _ in came] == [None, "somebody"]
    assert len({headers["x-customerp-delivery"] for headers, _ in came}) == 2
    for headers, body in receiver.came:
        assert headers["x-customerp-signature"] == customerp_webhooks.signature("shared", body)
    assert session.delete(f"{api}/webhooks/{made.json()['id']}", timeout=10).status_code == 204


def test_a_webhooks_fields_and_its_tokens_routes(trello, receiver):
    made = hook(trello, receiver, trello.organization("Acme")["id"]).json()
    assert trello.get(f"/webhooks/{made['id']}/description").json() == {"_value": "ours"}
    assert trello.get(f"/webhooks/{made['id']}/nonsense").status_code == 404
    path = f"/tokens/{trello.token}/webhooks/{made['id']}"
    assert trello.get(path).json() == made
    assert trello.put(path, description="theirs").json()["description"] == "theirs"
    assert trello.delete(path).status_code == 200
    assert trello.get(path).status_code == 404


def test_copied_comments_are_told_with_their_old_dates(trello, receiver):
    card = trello.card()
    old = trello.comment(card, "old")
    full = trello.get(f"/cards/{card}").json()
    assert hook(trello, receiver, full["idBoard"]).status_code == 200
    copy = trello.post("/cards", idList=full["idList"], idCardSource=card).json()
    told = {content["action"]["type"]: content["action"] for _, content in receiver.wait(2)}
    assert set(told) == {"copyCard", "copyCommentCard"}
    assert (told["copyCommentCard"]["date"], told["copyCommentCard"]["data"]["card"]["id"]) == (old["date"], copy["id"])
