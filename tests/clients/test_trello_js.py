"""trello.js 2.2 with strict schemas: members, organizations, memberships, actions, comments, batches, webhooks.

An answer that its schemas do not know raises ZodError, so each call here also says that the sandbox answers as Trello's
OpenAPI document, and what trello.js's authors found at the live API, say. What the answers hold is asserted besides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from client_processes import TrelloJsProcess
from trello_js_client import TrelloJs, TrelloJsError
from trello_webhooks import signature
from webhook_receiver import Receiver

pytestmark = pytest.mark.clients

Json = dict[str, Any]


@pytest.fixture
def workspace(js: TrelloJs) -> Json:
    return js.organizations.createOrganization(
        displayName="Acme AG", desc="Since 1999", name="acme", website="https://acme.example"
    )


@pytest.fixture
def card(js: TrelloJs, workspace: Json) -> Json:
    board = js.boards.createBoard(name="Register", idOrganization=workspace["id"])
    column = js.boards.getBoardLists(id=board["id"])[0]
    return js.cards.createCard(idList=column["id"], name="Project register", desc="One comment a project")


def test_the_schemas_are_on_and_strict(js: TrelloJs, trello_server: Any, workspace: Json) -> None:
    """Trello gives no picture as null, which the schema does not know; nor does it know an organization here."""
    with pytest.raises(TrelloJsError, match="expected string, received null") as failed:
        js.members.getMember(id=trello_server.carla.id)
    assert failed.value.name == "ZodError"
    with pytest.raises(TrelloJsError, match="unrecognized_keys") as failed:
        js.organizations.updateOrganizationMember(id=workspace["id"], idMember=trello_server.anna.id, type="normal")
    assert failed.value.name == "ZodError"


# -- members -------------------------------------------------------------------------------------------------------


def test_members_and_their_fields(js: TrelloJs, trello_server: Any) -> None:
    me = js.members.getMember(id="me")
    ours = trello_server.integration
    assert (me["id"], me["username"], me["fullName"], me["email"]) == (ours.id, "erp_sync", "ERP Sync", ours.email)
    assert (me["initials"], me["memberType"], me["confirmed"]) == ("ES", "normal", True)
    assert me["nonPublic"] == {name: me[name] for name in ("fullName", "initials", "avatarUrl", "avatarHash")}
    anna = js.members.getMember(id="annaberg", fields="fullName,bio,email")
    assert anna == {"id": trello_server.anna.id, "fullName": "Anna Berg", "bio": ""}
    assert js.members.getMemberField(id="me", field="fullName") == {"_value": "ERP Sync"}


def test_ones_own_profile_is_edited_and_nobody_elses(js: TrelloJs) -> None:
    wish = {"fullName": "ERP Bot", "initials": "EB", "username": "erp_bot", "bio": "I copy things."}
    edited = js.members.updateMember(id="me", **wish)
    assert {name: edited[name] for name in wish} == wish
    assert {name: js.members.getMember(id="me")[name] for name in wish} == wish
    with pytest.raises(TrelloJsError, match="401 Unauthorized - unauthorized permission requested"):
        js.members.updateMember(id="annaberg", fullName="Anna B.")
    with pytest.raises(TrelloJsError, match="400 Bad Request - invalid value for initials"):
        js.members.updateMember(id="me", initials="ABCDE")


def test_a_members_organizations_boards_and_tokens(js: TrelloJs, workspace: Json, card: Json) -> None:
    assert js.members.getMemberOrganizations(id="me", fields="name,website") == [
        {"id": workspace["id"], "name": "acme", "website": "https://acme.example"}
    ]
    assert [one["name"] for one in js.members.getMemberBoards(id="me")] == ["Register"]
    (token,) = js.members.getMemberTokens(id="me")
    assert token["identifier"] == "ERP integration"
    assert js.tokens.getToken(token=js._token) == token
    assert js.tokens.getTokenMember(token=js._token, fields="username")["username"] == "erp_sync"
    assert (token["dateExpires"], token["permissions"][0]["read"]) == (None, True)


# -- organizations -------------------------------------------------------------------------------------------------


def test_an_organization_is_created_changed_and_deleted(js: TrelloJs, workspace: Json) -> None:
    assert (workspace["name"], workspace["displayName"]) == ("acme", "Acme AG")
    assert (workspace["desc"], workspace["website"]) == ("Since 1999", "https://acme.example")
    edited = js.organizations.updateOrganization(id=workspace["id"], displayName=" Acme SE ", desc="", website="")
    assert (edited["displayName"], edited["desc"], edited["website"]) == ("Acme SE", "", None)
    assert js.organizations.getOrganization(id="acme") == edited
    assert js.organizations.getOrganizationField(id="acme", field="displayName") == {"_value": "Acme SE"}
    assert js.organizations.deleteOrganization(id=workspace["id"]) == {"_value": None}
    with pytest.raises(TrelloJsError, match="404 Not Found - model not found"):
        js.organizations.getOrganization(id=workspace["id"])


def test_short_names_are_cleaned_and_replaced(js: TrelloJs, workspace: Json) -> None:
    cleaned = js.organizations.createOrganization(displayName="B", name="C-1042!")
    assert cleaned["name"] == "1042"
    replaced = js.organizations.createOrganization(displayName="C", name="acme")
    assert replaced["name"].startswith("acme")
    assert replaced["name"] != workspace["name"]
    with pytest.raises(TrelloJsError, match="400 Bad Request - invalid value for website"):
        js.organizations.createOrganization(displayName="D", website="www.acme.example")


def test_an_organizations_actions_tell_what_was_changed(js: TrelloJs, workspace: Json) -> None:
    js.organizations.updateOrganization(id=workspace["id"], displayName="Acme SE")
    changed, created = js.organizations.getOrganizationActions(id=workspace["id"])
    assert (created["type"], changed["type"]) == ("createOrganization", "updateOrganization")
    assert changed["data"]["old"] == {"displayName": "Acme AG"}
    assert changed["data"]["organization"]["displayName"] == "Acme SE"
    assert changed["memberCreator"]["username"] == "erp_sync"
    only = js.organizations.getOrganizationActions(
        id=workspace["id"], filter="updateOrganization", fields="date,type,data,idMemberCreator", memberCreator=False
    )
    assert [(one["id"], "memberCreator" in one) for one in only] == [(changed["id"], False)]
    assert js.organizations.getOrganizationActions(id=workspace["id"], since=changed["date"]) == []
    assert js.organizations.getOrganizationActions(id=workspace["id"], before=changed["date"]) == [created]
    assert js.actions.getActionOrganization(id=changed["id"], fields="name")["name"] == "acme"


# -- memberships ---------------------------------------------------------------------------------------------------


def test_invitations_roles_and_removal(js: TrelloJs, trello_server: Any, workspace: Json) -> None:
    id_org, anna = workspace["id"], trello_server.anna
    js.organizations.updateOrganizationMembers(id=id_org, email=anna.email, fullName="ignored", type="admin")
    invited = js.organizations.updateOrganizationMembers(id=id_org, email="nina@x.example", fullName="Nina Neu")
    ghost = invited["members"][0]["id"]
    listed = js.organizations.getOrganizationMemberships(id=id_org, filter="all", member=True)
    assert {one["idMember"]: (one["memberType"], one["unconfirmed"], one["member"]["fullName"]) for one in listed} == {
        trello_server.integration.id: ("admin", False, "ERP Sync"),
        anna.id: ("admin", False, "Anna Berg"),
        ghost: ("normal", True, "Nina Neu"),
    }
    one = {"id": id_org, "idMembership": listed[1]["id"]}
    assert js.organizations.getOrganizationMembership(**one, member=True) == listed[1]
    normal = js.organizations.getOrganizationMemberships(id=id_org, filter="normal")
    assert [one["idMember"] for one in normal] == [ghost]
    assert js.organizations.getOrganizationMembers(id=id_org)[1] == {
        "id": anna.id,
        "fullName": "Anna Berg",
        "username": "annaberg",
    }
    assert js.organizations.removeOrganizationMember(id=id_org, idMember=ghost) == {"_value": None}
    js.organizations.removeOrganizationMemberFromAllBoards(id=id_org, idMember=anna.id)
    assert len(js.organizations.getOrganizationMembers(id=id_org)) == 1
    actions = js.organizations.getOrganizationActions(id=id_org, member=False)  # a ghost has no picture
    assert [one["type"] for one in actions] == [
        "removeMemberFromOrganization",
        "deleteOrganizationInvitation",
        "unconfirmedOrganizationInvitation",
        "addMemberToOrganization",
        "createOrganization",
    ]


def test_a_new_role_answers_the_member_as_the_document_says(
    start_trello: Any, trello_js_process: TrelloJsProcess
) -> None:
    server = start_trello(rate_limits=False, invite_answer="member")
    js = TrelloJs(trello_js_process, server)
    id_org = js.organizations.createOrganization(displayName="Acme")["id"]
    member = js.organizations.updateOrganizationMember(id=id_org, idMember=server.anna.id, type="normal")
    assert (member["id"], member["username"]) == (server.anna.id, "annaberg")
    js.organizations.updateOrganizationMember(id=id_org, idMember=server.anna.id, type="admin")
    memberships = js.organizations.getOrganizationMemberships(id=id_org)
    assert [one["memberType"] for one in memberships] == ["admin", "admin"]


def test_deactivating_where_the_plan_allows_it(js: TrelloJs, trello_server: Any, workspace: Json) -> None:
    who = {"id": workspace["id"], "idMember": trello_server.anna.id}
    js.organizations.updateOrganizationMembers(id=workspace["id"], email=trello_server.anna.email)
    with pytest.raises(TrelloJsError, match=r"403 Forbidden - .*requires a paid plan"):
        js.organizations.deactivateOrganizationMember(**who, value=True)
    trello_server.set_plan(workspace["id"], paid=True)
    js.organizations.deactivateOrganizationMember(**who, value=True)
    (one,) = js.organizations.getOrganizationMemberships(id=workspace["id"], filter="deactivated")
    assert (one["idMember"], one["deactivated"]) == (trello_server.anna.id, True)
    js.organizations.deactivateOrganizationMember(**who, value=False)
    assert js.organizations.getOrganizationMemberships(id=workspace["id"], filter="deactivated") == []


# -- actions and comments ------------------------------------------------------------------------------------------


def test_comments_are_written_read_edited_and_deleted(js: TrelloJs, trello_server: Any, card: Json) -> None:
    made = js.cards.createCardComment(id=card["id"], text="P-1\nStatus: Open")
    assert (made["type"], made["data"]["text"]) == ("commentCard", "P-1\nStatus: Open")
    assert made["data"]["card"]["shortLink"] == card["shortLink"]
    assert made["memberCreator"]["id"] == made["idMemberCreator"] == trello_server.integration.id
    assert js.actions.getAction(id=made["id"]) == made
    edits: list[Callable[[str], Json]] = [
        lambda text: js.actions.updateAction(id=made["id"], text=text),
        lambda text: js.actions.updateActionText(id=made["id"], value=text),
        lambda text: js.cards.updateCardComment(id=card["id"], idAction=made["id"], text=text),
    ]
    for number, edit in enumerate(edits):
        edited = edit(f"P-1\nStatus: {number}")
        assert (edited["id"], edited["date"]) == (made["id"], made["date"])
        assert edited["data"]["text"] == f"P-1\nStatus: {number}"
        assert edited["data"]["dateLastEdited"] > made["date"]
    assert js.cards.getCardActions(id=card["id"], filter="commentCard") == [edited]
    assert js.cards.deleteCardComment(id=card["id"], idAction=made["id"]) == {"_value": None}
    second = js.cards.createCardComment(id=card["id"], text="again")
    js.actions.deleteAction(id=second["id"])
    assert [one["type"] for one in js.cards.getCardActions(id=card["id"], filter="all")] == ["createCard"]
    with pytest.raises(TrelloJsError, match=r"404 Not Found - The requested resource was not found\."):
        js.actions.getAction(id=made["id"])


def test_an_action_leads_to_what_it_is_about(js: TrelloJs, card: Json) -> None:
    made = js.cards.createCardComment(id=card["id"], text="news")
    assert js.actions.getActionCard(id=made["id"]) == js.cards.getCard(id=card["id"])
    assert js.actions.getActionBoard(id=made["id"], fields="name")["name"] == "Register"
    assert js.actions.getActionList(id=made["id"])["name"] == "To Do"
    assert js.actions.getActionCreator(id=made["id"], fields="username")["username"] == "erp_sync"
    assert js.actions.getActionOrganization(id=made["id"])["displayName"] == "Acme AG"
    assert js.actions.getActionField(id=made["id"], field="type") == {"_value": "commentCard"}


def test_an_invitations_action_leads_to_the_member(js: TrelloJs, trello_server: Any, workspace: Json) -> None:
    js.organizations.updateOrganizationMembers(id=workspace["id"], email=trello_server.anna.email)
    added = js.organizations.getOrganizationActions(id=workspace["id"], filter="addMemberToOrganization")[0]
    assert added["member"]["username"] == "annaberg"
    assert js.actions.getActionMember(id=added["id"])["fullName"] == "Anna Berg"


def test_lists_of_actions_are_windowed_and_paged(js: TrelloJs, card: Json) -> None:
    made = [js.cards.createCardComment(id=card["id"], text=str(number)) for number in range(5)]
    newest = made[::-1]
    wish = {"filter": "commentCard"}
    assert js.cards.getCardActions(id=card["id"], limit=2, page=1, **wish) == newest[2:4]
    assert js.cards.getCardActions(id=card["id"], since=made[2]["date"], **wish) == newest[:2]
    assert js.lists.getListActions(id=card["idList"], before=made[2]["date"], **wish) == newest[3:]
    assert js.boards.getBoardActions(boardId=card["idBoard"], **wish) == newest
    assert js.members.getMemberActions(id="me", **wish) == newest
    with pytest.raises(TrelloJsError, match="400 Bad Request - invalid value for page"):
        js.cards.getCardActions(id=card["id"], limit=1000, page=1)


def test_boards_lists_and_cards(js: TrelloJs, card: Json) -> None:
    board = js.boards.getBoard(id=card["idBoard"])
    assert (board["name"], board["closed"], board["prefs"]["permissionLevel"]) == ("Register", False, "org")
    assert [one["name"] for one in js.boards.getBoardLists(id=board["id"])] == ["To Do", "Doing", "Done"]
    assert js.boards.getBoardCardsByFilter(id=board["id"], filter="open") == [card]
    assert js.lists.getListCards(id=card["idList"]) == [card]
    assert js.lists.getListBoard(id=card["idList"]) == board
    moved = js.cards.updateCard(id=card["id"], name="Register", closed=True)
    assert (moved["name"], moved["closed"]) == ("Register", True)
    assert js.cards.getCardField(id=card["id"], field="name") == {"_value": "Register"}
    assert js.cards.getCardBoard(id=card["id"]) == js.boards.getBoard(id=board["id"])
    assert js.cards.getCardList(id=card["id"])["id"] == card["idList"]
    js.cards.deleteCard(id=card["id"])
    assert js.boards.getBoardCards(id=board["id"]) == []


# -- batch ---------------------------------------------------------------------------------------------------------


def test_a_batch_answers_in_order(js: TrelloJs, workspace: Json, card: Json) -> None:
    made = js.cards.createCardComment(id=card["id"], text="one")
    me, organization, action = js.batch(
        ("members.getMember", {"id": "me"}),
        ("organizations.getOrganization", {"id": workspace["id"]}),
        ("actions.getAction", {"id": made["id"]}),
    )
    assert me["username"] == "erp_sync"
    assert organization["displayName"] == "Acme AG"
    assert action == made


@pytest.mark.parametrize("style", ["named", "status"])
def test_a_failure_in_a_batch_comes_in_either_shape(
    start_trello: Any, trello_js_process: TrelloJsProcess, style: str
) -> None:
    js = TrelloJs(trello_js_process, start_trello(rate_limits=False, batch_errors=style))
    told = {"named": '"statusCode":404', "status": '{"404":"model not found"}'}[style]
    with pytest.raises(TrelloJsError) as failed:
        js.batch(("members.getMember", {"id": "me"}), ("organizations.getOrganization", {"id": "nobody_here"}))
    assert failed.value.message.startswith("Batch request failed: ")
    assert told in failed.value.message


# -- webhooks ------------------------------------------------------------------------------------------------------


def test_a_webhook_is_made_shown_changed_and_removed(js: TrelloJs, workspace: Json, receiver: Receiver) -> None:
    model = workspace["id"]
    made = js.webhooks.createWebhook(idModel=model, callbackURL=receiver.url, description="ours", active=True)
    assert (made["idModel"], made["callbackURL"], made["description"], made["active"]) == (
        model,
        receiver.url,
        "ours",
        True,
    )
    assert (made["consecutiveFailures"], made["firstConsecutiveFailDate"]) == (0, None)
    assert js.webhooks.getWebhook(id=made["id"]) == made
    assert js.webhooks.getWebhookField(id=made["id"], field="callbackURL") == {"_value": receiver.url}
    assert js.tokens.getTokenWebhooks(token=js._token) == [made]
    assert js.members.getMemberTokens(id="me", webhooks=True)[0]["webhooks"] == [made]
    changed = js.webhooks.updateWebhook(id=made["id"], description="theirs", active=False)
    assert changed == made | {"description": "theirs", "active": False}
    js.webhooks.deleteWebhook(id=made["id"])
    with pytest.raises(TrelloJsError, match="404 Not Found"):
        js.webhooks.getWebhook(id=made["id"])


def test_a_tokens_webhooks_have_routes_of_their_own(js: TrelloJs, workspace: Json, receiver: Receiver) -> None:
    token = js._token
    made = js.tokens.createTokenWebhook(token=token, idModel=workspace["id"], callbackURL=receiver.url)
    assert js.tokens.getTokenWebhook(token=token, idWebhook=made["id"]) == made
    js.tokens.updateTokenWebhook(token=token, idWebhook=made["id"], description="ours")
    assert js.webhooks.getWebhook(id=made["id"])["description"] == "ours"
    js.tokens.deleteTokenWebhook(token=token, idWebhook=made["id"])
    assert js.tokens.getTokenWebhooks(token=token) == []


def test_a_webhook_of_somebody_else_is_not_there(
    js: TrelloJs, trello_server: Any, workspace: Json, receiver: Receiver
) -> None:
    made = js.webhooks.createWebhook(idModel=workspace["id"], callbackURL=receiver.url)
    hers = js.as_(trello_server.anna.token)
    with pytest.raises(TrelloJsError, match="404 Not Found"):
        hers.webhooks.getWebhook(id=made["id"])
    with pytest.raises(TrelloJsError, match="401 Unauthorized - unauthorized organization"):
        hers.webhooks.createWebhook(idModel=workspace["id"], callbackURL=receiver.url)
    receiver.head = 500
    with pytest.raises(TrelloJsError, match=r"400 Bad Request - URL .* did not return 200 status code"):
        js.webhooks.createWebhook(idModel=workspace["id"], callbackURL=receiver.url + "/other")


def test_deliveries_are_signed_and_hold_actions(
    js: TrelloJs, trello_server: Any, card: Json, receiver: Receiver
) -> None:
    js.webhooks.createWebhook(idModel=card["id"], callbackURL=receiver.url)
    made = js.cards.createCardComment(id=card["id"], text="news")
    js.actions.updateAction(id=made["id"], text="old news")
    js.actions.deleteAction(id=made["id"])
    came = receiver.wait(3)
    actions = [js.parse("ActionSchema", content["action"]) for _, content in came]
    assert [one["type"] for one in actions] == ["commentCard", "updateComment", "deleteComment"]
    assert actions[0] == made
    assert actions[1]["data"]["action"] == {"id": made["id"], "text": "old news"}
    assert actions[1]["data"]["old"] == {"text": "news"}
    assert actions[2]["data"]["action"] == {"id": made["id"]}
    assert {content["model"]["id"] for _, content in came} == {card["id"]}
    for headers, body in receiver.came:
        secret = trello_server.service.settings.secret
        assert headers["x-trello-webhook"] == signature(secret, body, receiver.url)
