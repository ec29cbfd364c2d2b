"""py-trello 0.20: all it can do with members, organizations, memberships, actions, comments, batches and webhooks."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import trello
from py_trello_client import py_trello
from trello_webhooks import signature
from webhook_receiver import Receiver


@pytest.fixture
def workspace(client: trello.TrelloClient) -> trello.Organization:
    return client.add_organization("Acme AG", description="Since 1999", name="acme")


@pytest.fixture
def board(client: trello.TrelloClient, workspace: trello.Organization) -> trello.Board:
    return client.add_board("Register", organization_id=workspace.id)


@pytest.fixture
def card(board: trello.Board) -> trello.Card:
    return board.open_lists()[0].add_card("Project register", desc="One comment a project")


@pytest.mark.parametrize("signed", [True, False])
def test_it_gets_in_by_signed_headers_and_by_the_query(trello_server: Any, signed: bool) -> None:
    me = py_trello(trello_server, signed=signed).get_member("me")
    assert (me.id, me.username, me.full_name) == (trello_server.integration.id, "erp_sync", "ERP Sync")
    assert (me.email, me.initials, me.member_type, me.bio) == ("erp-sync@company.example", "ES", "normal", "")
    assert me.url == "https://trello.com/u/erp_sync"
    assert me.avatar_url.endswith(f"/{me.id}/{trello_server.integration.avatar}")


def test_wrong_credentials_are_told_in_trellos_words(trello_server: Any) -> None:
    with pytest.raises(trello.Unauthorized, match="invalid token at"):
        py_trello(trello_server, "wrong").list_organizations()
    trello_server.key = "wrong"
    with pytest.raises(trello.Unauthorized, match="invalid key at"):
        py_trello(trello_server).list_organizations()


# -- organizations -------------------------------------------------------------------------------------------------


def test_an_organization_is_created_listed_and_fetched(client: trello.TrelloClient, workspace: Any) -> None:
    assert (workspace.name, workspace.displayName, workspace.description) == ("acme", "Acme AG", "Since 1999")
    assert workspace.url == "https://trello.com/w/acme"
    (listed,) = client.list_organizations()
    assert (listed.id, listed.name, listed.displayName) == (workspace.id, "acme", "Acme AG")
    by_name = client.get_organization("acme")
    assert (by_name.id, by_name.description) == (workspace.id, "Since 1999")
    by_name.name = by_name.description = ""
    by_name.fetch()
    assert (by_name.name, by_name.description) == ("acme", "Since 1999")


def test_a_taken_short_name_is_replaced(client: trello.TrelloClient, workspace: Any) -> None:
    other = client.add_organization("Acme again", name="acme")
    assert other.name.startswith("acme")
    assert other.name != workspace.name
    assert client.get_organization(other.name).id == other.id


def test_an_organization_of_others_is_refused(trello_server: Any, workspace: Any) -> None:
    with pytest.raises(trello.Unauthorized, match="unauthorized organization at"):
        py_trello(trello_server, trello_server.dimitra.token).get_organization(workspace.id)
    with pytest.raises(trello.ResourceUnavailable, match=r"model not found .* \(HTTP status: 404\)"):
        py_trello(trello_server).get_organization("nobody_here")


# -- memberships ---------------------------------------------------------------------------------------------------


def test_members_join_get_a_role_and_leave(trello_server: Any, workspace: Any) -> None:
    anna = SimpleNamespace(id=trello_server.anna.id)
    added = workspace.add_member(anna)
    assert added["members"][0]["fullName"] == "Anna Berg"
    assert added["memberships"][0] == {
        "id": added["memberships"][0]["id"],
        "idMember": anna.id,
        "memberType": "normal",
        "unconfirmed": False,
        "deactivated": False,
    }
    assert workspace.add_member(anna, "admin")["memberships"][0]["memberType"] == "admin"
    listed = {one.id: (one.full_name, one.username, one.initials, one.email) for one in workspace.get_members()}
    assert listed == {
        trello_server.integration.id: ("ERP Sync", "erp_sync", "ES", ""),
        anna.id: ("Anna Berg", "annaberg", "AB", ""),
    }
    assert workspace.remove_member(anna) == {"_value": None}
    assert [one.id for one in workspace.get_members()] == [trello_server.integration.id]
    with pytest.raises(trello.ResourceUnavailable, match="model not found"):
        workspace.remove_member(anna)


def test_only_an_admin_adds_people(trello_server: Any, workspace: Any) -> None:
    workspace.add_member(SimpleNamespace(id=trello_server.anna.id))
    hers = py_trello(trello_server, trello_server.anna.token).get_organization(workspace.id)
    with pytest.raises(trello.Unauthorized, match="unauthorized permission requested"):
        hers.add_member(SimpleNamespace(id=trello_server.boris.id))


def test_an_invitation_through_its_general_door(client: trello.TrelloClient, workspace: Any) -> None:
    fields = {"email": "nina@x.example", "fullName": "Nina Neu"}
    invited = client.fetch_json(f"organizations/{workspace.id}/members", http_method="PUT", post_args=fields)
    (ghost,) = invited["members"]
    assert (ghost["fullName"], ghost["memberType"], ghost["confirmed"]) == ("Nina Neu", "ghost", False)
    query = {"filter": "all", "member": "true"}
    memberships = client.fetch_json(f"organizations/{workspace.id}/memberships", query_params=query)
    assert [(one["unconfirmed"], one["member"]["fullName"]) for one in memberships] == [
        (False, "ERP Sync"),
        (True, "Nina Neu"),
    ]


# -- boards, as far as comments need them --------------------------------------------------------------------------


def test_boards_lists_and_cards(client: trello.TrelloClient, workspace: Any, board: Any, card: Any) -> None:
    assert [one.name for one in workspace.all_boards()] == ["Register"]
    assert [one.id for one in client.list_boards()] == [board.id]
    assert [one.name for one in board.all_lists()] == ["To Do", "Doing", "Done"]
    assert [(one.id, one.name, one.desc) for one in board.all_cards()] == [
        (card.id, "Project register", "One comment a project")
    ]
    assert (card.short_id, card.url) == (1, f"{card.short_url}/1-card")
    assert [one.username for one in board.all_members()] == ["erp_sync"]
    card.change_list(board.all_lists()[2].id)
    card.set_name("Register")
    again = client.get_card(card.id)
    assert (again.name, again.trello_list.name, again.board.name) == ("Register", "Done", "Register")
    card.set_closed(True)
    assert board.open_cards() == []
    assert board.closed_cards() == [card]
    board.close()
    assert client.get_board(board.id).closed is True
    assert (workspace.get_boards("open"), [one.id for one in workspace.get_boards("closed")]) == ([], [board.id])


def test_the_last_activity_is_that_of_the_last_comment(board: Any, card: Any) -> None:
    comment = card.comment("news")
    assert board.get_last_activity() == datetime.fromisoformat(comment["date"])
    card.fetch()
    assert card.date_last_activity == datetime.fromisoformat(comment["date"])


# -- actions and comments ------------------------------------------------------------------------------------------


def test_comments_are_written_read_edited_and_deleted(trello_server: Any, card: Any) -> None:
    made = card.comment("P-1\nStatus: Open")
    assert made["type"] == "commentCard"
    assert made["data"]["text"] == "P-1\nStatus: Open"
    assert made["data"]["card"] == {
        "id": card.id,
        "name": "Project register",
        "idShort": 1,
        "shortLink": card.short_url.rpartition("/")[2],
    }
    assert made["memberCreator"]["id"] == made["idMemberCreator"] == trello_server.integration.id
    card.fetch()
    assert card.badges["comments"] == 1
    assert [one["id"] for one in card.comments] == [made["id"]]
    edited = card.update_comment(made["id"], "P-1\nStatus: Done")
    assert (edited["id"], edited["date"], edited["data"]["text"]) == (made["id"], made["date"], "P-1\nStatus: Done")
    assert edited["data"]["dateLastEdited"] > made["date"]
    assert [one["data"]["text"] for one in card.get_comments()] == ["P-1\nStatus: Done"]
    card.delete_comment(made)
    assert card.get_comments() == []
    with pytest.raises(trello.ResourceUnavailable, match="The requested resource was not found"):
        card.update_comment(made["id"], "x")


def test_a_comment_of_somebody_else_cannot_be_edited(trello_server: Any, workspace: Any, card: Any) -> None:
    workspace.add_member(SimpleNamespace(id=trello_server.anna.id))
    hers = py_trello(trello_server, trello_server.anna.token).get_card(card.id)
    made = card.comment("ours")
    with pytest.raises(trello.Unauthorized, match="unauthorized permission requested"):
        hers.update_comment(made["id"], "hers")
    assert hers.get_comments()[0]["data"]["text"] == "ours"


def test_copied_comments_keep_their_old_dates(trello_server: Any, board: Any, card: Any) -> None:
    made = [card.comment(text) for text in ("one", "two")]
    copy = board.all_lists()[1].add_card("Copy", source=card.id, keep_from_source="comments")
    new = copy.comment("three")
    copied = copy.get_comments()  # it sorts by date
    assert [(one["type"], one["data"]["text"]) for one in copied] == [
        ("copyCommentCard", "one"),
        ("copyCommentCard", "two"),
        ("commentCard", "three"),
    ]
    assert [one["date"] for one in copied] == [*(one["date"] for one in made), new["date"]]
    assert not {one["id"] for one in copied} & {one["id"] for one in made}
    assert copied[0]["data"]["cardSource"]["id"] == card.id
    bare = board.all_lists()[1].add_card("Bare copy", source=card.id, keep_from_source="due")
    assert bare.get_comments() == []


def test_actions_of_card_list_and_board_newest_first(board: Any, card: Any) -> None:
    made = [card.comment(str(number)) for number in range(5)]
    ids = [one["id"] for one in reversed(made)]
    card.fetch_actions("commentCard", action_limit=2)
    assert [one["id"] for one in card.actions] == ids[:2]
    assert [one["id"] for one in card.trello_list.fetch_actions("commentCard")] == ids
    assert [one["id"] for one in board.fetch_actions("commentCard", since=made[2]["date"])] == ids[:2]
    assert [one["id"] for one in board.fetch_actions("commentCard", before=made[2]["date"])] == ids[3:]
    assert [one["type"] for one in board.fetch_actions("all")][5:] == ["createCard", "createBoard"]


def test_an_edit_is_invisible_to_since(card: Any) -> None:
    made = card.comment("one")
    later = datetime.fromisoformat(made["date"]) + timedelta(milliseconds=1)
    card.update_comment(made["id"], "two")
    card.fetch_actions("commentCard", since=later.isoformat())
    assert card.actions == []


def test_a_members_actions(client: trello.TrelloClient, card: Any) -> None:
    made = card.comment("one")
    (listed,) = client.fetch_json("members/me/actions", query_params={"filter": "commentCard"})
    assert listed == made


# -- batch ---------------------------------------------------------------------------------------------------------


def test_a_batch_through_its_general_door(client: trello.TrelloClient, workspace: Any) -> None:
    urls = f"/members/me?fields=username,/organizations/{workspace.id}?fields=name%2CdisplayName,/members/nobody"
    me, organization, failed = client.fetch_json("/batch", query_params={"urls": urls})
    assert me["200"]["username"] == "erp_sync"
    assert organization["200"] == {"id": workspace.id, "name": "acme", "displayName": "Acme AG"}
    assert failed == {"name": "NotFoundError", "message": "model not found", "statusCode": 404}


# -- webhooks ------------------------------------------------------------------------------------------------------


def test_a_webhook_is_made_listed_called_and_removed(
    client: trello.TrelloClient, trello_server: Any, workspace: Any, card: Any, receiver: Receiver
) -> None:
    made = client.create_hook(receiver.url, workspace.id, desc="ours")
    (listed,) = client.list_hooks()
    assert (listed.id, listed.desc, listed.id_model) == (made.id, "ours", workspace.id)
    assert (listed.callback_url, listed.active) == (receiver.url, True)
    comment = card.comment("news")
    card.update_comment(comment["id"], "old news")
    card.delete_comment(comment)
    came = receiver.wait(3)
    assert [content["action"]["type"] for _, content in came] == ["commentCard", "updateComment", "deleteComment"]
    assert came[0][1]["action"] == comment
    assert {content["model"]["id"] for _, content in came} == {workspace.id}
    for headers, body in receiver.came:
        secret = trello_server.service.settings.secret
        assert headers["x-trello-webhook"] == signature(secret, body, receiver.url)
    made.delete()
    assert client.list_hooks() == []


def test_a_callback_that_does_not_answer_is_refused(
    client: trello.TrelloClient, workspace: Any, receiver: Receiver
) -> None:
    receiver.head = 404
    with pytest.raises(Exception, match="did not return 200 status code, got 404"):
        client.create_hook(receiver.url, workspace.id)
    assert client.list_hooks() == []
