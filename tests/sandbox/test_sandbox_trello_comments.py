"""Comments and how actions are listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sandbox_client import Trello


@pytest.fixture
def trello(trello_server: Any) -> Trello:
    return Trello(trello_server)


def test_a_comment_is_trimmed_and_bounded(trello: Trello) -> None:
    card = trello.card()
    action = trello.comment(card, "  hello \n")
    assert (action["type"], action["data"]["text"]) == ("commentCard", "hello")
    assert action["data"]["card"]["id"] == card
    assert action["memberCreator"]["username"] == "erp_sync"
    made = int(action["id"][:8], 16)
    assert abs(made - datetime.fromisoformat(action["date"]).timestamp()) < 2
    for text in ("", "  ", "x" * 16385):
        assert trello.post(f"/cards/{card}/actions/comments", text=text).status_code == 400
    assert len(trello.comment(card, "x" * 16384)["data"]["text"]) == 16384


def test_an_edit_keeps_id_and_date_and_leaves_no_other_action(trello: Trello) -> None:
    card = trello.card()
    action = trello.comment(card, "one")
    edited = trello.put(f"/actions/{action['id']}", text=" two ").json()
    assert (edited["id"], edited["date"]) == (action["id"], action["date"])
    assert edited["data"]["text"] == "two"
    assert edited["data"]["dateLastEdited"] >= action["date"]
    assert trello.put(f"/actions/{action['id']}/text", value="three").json()["data"]["text"] == "three"
    assert [one["id"] for one in trello.actions(f"/cards/{card}")] == [action["id"]]
    assert trello.actions(f"/cards/{card}", since=edited["data"]["dateLastEdited"]) == []


def test_only_the_author_edits_and_an_admin_may_delete(trello: Trello, trello_server: Any) -> None:
    card = trello.card()
    organization = trello.get("/members/me/organizations").json()[0]["id"]
    trello.invite(organization, trello_server.anna.email)
    anna = trello.as_(trello_server.anna.token)
    ours, hers = trello.comment(card, "ours"), anna.comment(card, "hers")
    assert anna.put(f"/actions/{ours['id']}", text="x").text == "unauthorized permission requested"
    assert anna.delete(f"/actions/{ours['id']}").status_code == 401
    assert trello.put(f"/actions/{hers['id']}", text="x").status_code == 401
    assert trello.delete(f"/actions/{hers['id']}").status_code == 200
    assert trello.get(f"/actions/{hers['id']}").status_code == 404
    assert trello.actions(f"/cards/{card}", filter="deleteComment") == []


def test_outsiders_see_nothing_of_a_card(trello: Trello, trello_server: Any) -> None:
    card = trello.card()
    outsider = trello.as_(trello_server.dimitra.token)
    assert outsider.get(f"/cards/{card}").text == "unauthorized card permission requested"
    assert outsider.post(f"/cards/{card}/actions/comments", text="x").status_code == 401
    assert trello.get("/cards/000000000000000000000000").text == "The requested resource was not found."
    assert (trello.get("/cards/x-y").status_code, trello.get("/cards/x-y").text) == (400, "invalid id")
    link = trello.get(f"/cards/{card}").json()["shortLink"]
    assert trello.get(f"/cards/{link}").json()["id"] == card


def test_lists_are_newest_first_by_date_whatever_the_id(trello: Trello, trello_server: Any) -> None:
    card = trello.card()
    made = [trello.comment(card, f"c{number}")["id"] for number in range(4)]
    sql = "UPDATE actions SET date = '2020-01-01T00:00:00.000Z' WHERE id = ?"
    trello_server.service.database.run(sql, made[3])
    expected = [made[2], made[1], made[0], made[3]]
    for path in (f"/cards/{card}", f"/lists/{trello.get(f'/cards/{card}').json()['idList']}"):
        assert [one["id"] for one in trello.actions(path, filter="commentCard")] == expected


def test_paging_limits_and_windows(trello: Trello) -> None:
    card = trello.card()
    made = [trello.comment(card, f"c{number}") for number in range(5)]
    ids = [one["id"] for one in reversed(made)]
    path = f"/cards/{card}"
    assert [one["id"] for one in trello.actions(path, limit=2, page=1)] == ids[2:4]
    assert [one["id"] for one in trello.actions(path, before=made[2]["date"])] == ids[3:]
    assert [one["id"] for one in trello.actions(path, since=made[2]["date"])] == ids[:2]
    assert trello.actions(path, before=made[0]["id"]) == []
    for wrong in ({"limit": 1001}, {"limit": "many"}, {"limit": 1000, "page": 1}, {"since": "yesterday"}):
        assert trello.get(f"{path}/actions", **wrong).status_code == 400
    assert trello.get(f"{path}/actions", limit=1000).status_code == 200


def test_fields_and_filters_of_actions(trello: Trello) -> None:
    card = trello.card()
    trello.comment(card, "c")
    board = trello.get(f"/cards/{card}").json()["idBoard"]
    listed = trello.actions(f"/boards/{board}", filter="commentCard", fields="data", memberCreator="false")
    assert [set(one) for one in listed] == [{"id", "data"}]
    kinds = {one["type"] for one in trello.actions(f"/boards/{board}")}
    assert kinds == {"commentCard", "createCard", "createBoard"}
    assert [one["type"] for one in trello.actions(f"/cards/{card}")] == ["commentCard"]


def test_cards_and_boards_can_be_archived(trello: Trello) -> None:
    card = trello.card()
    board = trello.get(f"/cards/{card}").json()["idBoard"]
    assert [one["id"] for one in trello.get(f"/boards/{board}/cards").json()] == [card]
    assert trello.put(f"/cards/{card}", closed="true").json()["closed"] is True
    assert trello.get(f"/boards/{board}/cards").json() == []
    assert trello.put(f"/boards/{board}", closed="true").json()["closed"] is True
    assert trello.delete(f"/cards/{card}").status_code == 200
    assert trello.get(f"/cards/{card}").status_code == 404


def test_a_workspace_takes_its_comments_along(trello: Trello, trello_server: Any) -> None:
    card = trello.card()
    action = trello.comment(card, "c")
    trello.delete(f"/organizations/{trello.get('/members/me/organizations').json()[0]['id']}")
    assert trello.get(f"/actions/{action['id']}").status_code == 404
    assert trello.get(f"/cards/{card}").status_code == 404


def test_ids_begin_with_the_shifted_second(trello: Trello, trello_server: Any) -> None:
    card = trello.card()
    trello_server.set_clock(86_400)
    action = trello.comment(card, "tomorrow")
    real = datetime.now(UTC).timestamp()
    assert abs(int(action["id"][:8], 16) - real - 86_400) < 5
    assert abs(datetime.fromisoformat(action["date"]).timestamp() - real - 86_400) < 5
