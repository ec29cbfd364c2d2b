"""One thing by way of another: single fields, nested resources, copies."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_client import Trello


@pytest.fixture
def trello(trello_server: Any) -> Trello:
    return Trello(trello_server)


def test_single_fields_are_shown_and_changed(trello: Trello, trello_server: Any) -> None:
    organization, card = trello.organization("A", desc="d")["id"], trello.card()
    assert trello.get(f"/organizations/{organization}/desc").json() == {"_value": "d"}
    assert trello.put(f"/organizations/{organization}/displayName", value="B").json()["displayName"] == "B"
    assert trello.get(f"/organizations/{organization}/idBoards").json() == {"_value": []}
    assert trello.put(f"/cards/{card}/name", value="Register").json()["name"] == "Register"
    column = trello.get(f"/cards/{card}").json()["idList"]
    assert trello.put(f"/lists/{column}/closed", value="true").json()["closed"] is True
    assert trello.get(f"/lists/{column}/closed").json() == {"_value": True}
    assert trello.put("/members/me/initials", value="E").json()["initials"] == "E"
    comment = trello.comment(card, "c")
    assert trello.get(f"/actions/{comment['id']}/date").json() == {"_value": comment["date"]}


def test_a_field_that_nobody_may_see_or_change_is_no_route(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    for method, path in (
        ("GET", f"/organizations/{organization}/nonsense"),
        ("GET", "/members/annaberg/email"),
        ("PUT", f"/organizations/{organization}/id"),
        ("PUT", f"/organizations/{organization}/memberships"),
    ):
        answer = trello(method, path)
        assert (answer.status_code, answer.text) == (404, f"Cannot {method} /1{path}")
    outsider = trello.as_(trello_server.dimitra.token)
    assert outsider.get(f"/organizations/{organization}/name").status_code == 401
    assert outsider.put("/members/annaberg/bio", value="x").status_code == 401


def test_a_slash_at_the_end_makes_no_difference(trello: Trello, trello_server: Any) -> None:
    organization = trello.post("/organizations/", displayName="A").json()
    assert trello.get(f"/organizations/{organization['id']}/").json() == organization
    assert trello_server.requests()["requests"] == {"GET /1/organizations/{id}": 1, "POST /1/organizations": 1}
    assert trello.get("/").text == "Cannot GET /1"


def test_what_an_action_is_about(trello: Trello) -> None:
    card = trello.card()
    comment = trello.comment(card, "c")["id"]
    full = trello.get(f"/cards/{card}").json()
    assert trello.get(f"/actions/{comment}/card").json() == full
    assert trello.get(f"/actions/{comment}/board", fields="name").json() == {"id": full["idBoard"], "name": "Register"}
    assert trello.get(f"/actions/{comment}/list").json() == trello.get(f"/cards/{card}/list").json()
    assert trello.get(f"/actions/{comment}/memberCreator").json()["username"] == "erp_sync"
    assert trello.get(f"/actions/{comment}/organization").json()["displayName"] == "Staff"
    assert trello.get(f"/actions/{comment}/member").status_code == 404


def test_an_action_names_whom_it_is_about(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    trello.invite(organization, trello_server.anna.email)
    (added,) = trello.actions(f"/organizations/{organization}", filter="addMemberToOrganization")
    assert (added["member"]["username"], added["memberCreator"]["username"]) == ("annaberg", "erp_sync")
    assert trello.get(f"/actions/{added['id']}/member", fields="username").json()["username"] == "annaberg"
    (bare,) = trello.actions(f"/organizations/{organization}", filter="addMemberToOrganization", member="false")
    assert "member" not in bare
    (named,) = trello.actions(
        f"/organizations/{organization}", filter="addMemberToOrganization", member_fields="username"
    )
    assert named["member"] == {"id": trello_server.anna.id, "username": "annaberg"}


def test_a_comment_belongs_to_its_card(trello: Trello) -> None:
    card, other = trello.card(), trello.card()
    comment = trello.comment(card, "c")["id"]
    path = f"/actions/{comment}/comments"
    assert trello.put(f"/cards/{other}{path}", text="d").status_code == 404
    assert trello.put(f"/cards/{card}{path}", text="d").json()["data"]["text"] == "d"
    assert trello.delete(f"/cards/{other}{path}").status_code == 404
    assert trello.delete(f"/cards/{card}{path}").json() == {"_value": None}
    assert trello.actions(f"/cards/{card}") == []


def test_only_comments_can_be_written(trello: Trello) -> None:
    card = trello.card()
    (made,) = trello.actions(f"/cards/{card}", filter="createCard")
    assert trello.put(f"/actions/{made['id']}", text="x").status_code == 400
    assert trello.delete(f"/actions/{made['id']}").status_code == 400
    assert trello.actions(f"/cards/{card}", filter="createCard") == [made]


def test_cards_and_lists_of_a_board_by_filter(trello: Trello) -> None:
    card = trello.card()
    board = trello.get(f"/cards/{card}").json()["idBoard"]
    assert trello.get(f"/boards/{board}/cards/{card}").json()["id"] == card
    assert [one["id"] for one in trello.get(f"/boards/{board}/cards/open").json()] == [card]
    assert trello.get(f"/boards/{board}/cards/closed").json() == []
    assert len(trello.get(f"/boards/{board}/lists/all").json()) == 3
    assert trello.get(f"/boards/{board}/cards/{trello.card()}").status_code == 404
    assert [one["username"] for one in trello.get(f"/boards/{board}/members").json()] == ["erp_sync"]
    assert trello.get(f"/boards/{board}/memberships").json()[0]["memberType"] == "admin"
    assert board in {one["id"] for one in trello.get("/members/me/boards").json()}


def test_boards_of_others_are_those_shared(trello: Trello, trello_server: Any) -> None:
    trello.card()
    assert trello.get("/members/annaberg/boards").json() == []
    trello.invite(trello.get("/members/me/organizations").json()[0]["id"], trello_server.anna.email)
    assert [one["name"] for one in trello.get("/members/annaberg/boards").json()] == ["Register"]
    assert trello.as_(trello_server.dimitra.token).get("/members/annaberg/boards").json() == []


def test_badges_count_comments(trello: Trello) -> None:
    card = trello.card()
    assert trello.get(f"/cards/{card}").json()["badges"]["comments"] == 0
    comment = trello.comment(card, "c")
    full = trello.get(f"/cards/{card}").json()
    assert (full["badges"]["comments"], full["dateLastActivity"]) == (1, comment["date"])


def test_a_copied_comment_has_a_new_id_and_its_old_date(trello: Trello) -> None:
    card = trello.card()
    old = trello.comment(card, "old")
    column = trello.get(f"/cards/{card}").json()["idList"]
    new = trello.comment(card, "new")
    copy = trello.post("/cards", idList=column, idCardSource=card, keepFromSource="all").json()
    assert copy["name"] == "Project register"
    late = trello.comment(copy["id"], "late")
    listed = trello.actions(f"/cards/{copy['id']}", filter="commentCard,copyCommentCard")
    assert [(one["type"], one["data"]["text"], one["date"]) for one in listed] == [
        ("commentCard", "late", late["date"]),
        ("copyCommentCard", "new", new["date"]),
        ("copyCommentCard", "old", old["date"]),
    ]
    assert [one["type"] for one in trello.actions(f"/cards/{copy['id']}", filter="all")][1] == "copyCard"
    assert min(one["id"] for one in listed) > new["id"]
    assert trello.actions(f"/cards/{copy['id']}", filter="commentCard,copyCommentCard", since=new["date"]) == [late]
    bare = trello.post("/cards", idList=column, idCardSource=card, keepFromSource="labels", name="Bare").json()
    assert trello.actions(f"/cards/{bare['id']}", filter="commentCard,copyCommentCard") == []


def test_tokens_are_their_owners(trello: Trello, trello_server: Any) -> None:
    (token,) = trello.get("/members/me/tokens").json()
    assert token["idMember"] == trello_server.integration.id
    assert trello.token not in str(token)
    assert trello.get(f"/tokens/{token['id']}").json() == token
    assert trello.get(f"/tokens/{trello.token}/member").json()["username"] == "erp_sync"
    assert trello.get("/members/annaberg/tokens").status_code == 401
    assert trello.get(f"/tokens/{trello_server.anna.token}/member").status_code == 404


def test_one_membership(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    (mine,) = trello.get(f"/organizations/{organization}/memberships").json()
    assert set(mine) == {"id", "idMember", "memberType", "unconfirmed", "deactivated"}
    path = f"/organizations/{organization}/memberships/{mine['id']}"
    assert trello.get(path).json() == mine
    assert trello.get(path, member="true", member_fields="bio").json()["member"]["bio"] == ""
    assert trello.get(path[:-4] + "0000").status_code == 404


def test_members_are_filtered_by_role(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    trello.invite(organization, trello_server.anna.email)
    path = f"/organizations/{organization}/members"
    found = {name: [one["username"] for one in trello.get(path, filter=name).json()] for name in ("normal", "admins")}
    assert found == {"normal": ["annaberg"], "admins": ["erp_sync"]}
    assert trello.get(path, filter="none").json() == []
    assert trello.get(path, filter="nonsense").status_code == 400
