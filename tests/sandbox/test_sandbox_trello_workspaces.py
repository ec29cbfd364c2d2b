"""Workspaces, who is in them, and what is written down about it."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_client import Trello


@pytest.fixture
def trello(trello_server: Any) -> Trello:
    return Trello(trello_server)


def test_names_are_cleaned_and_taken_ones_replaced(trello: Trello) -> None:
    first = trello.organization("  Müller GmbH ", name="C-1042!")
    assert (first["displayName"], first["name"]) == ("Müller GmbH", "1042")
    second = trello.organization("Other", name="1042")
    assert second["name"] != "1042"
    assert second["name"].startswith("1042")
    assert trello.organization("株式会社")["name"].startswith("workspace")
    assert trello.get("/organizations/1042").json()["id"] == first["id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"displayName": " "},
        {"displayName": "A", "website": "http//broken"},
        {"displayName": "A", "website": "www.example.com"},
        {"displayName": "A", "desc": "x" * 16385},
        {"displayName": "A", "name": "ab"},
    ],
)
def test_refused_workspaces(trello: Trello, wrong: dict[str, str]) -> None:
    answer = trello.post("/organizations", **wrong)
    assert (answer.status_code, answer.text) == (400, f"invalid value for {list(wrong)[-1]}")
    assert trello.get("/members/me/organizations").json() == []


def test_an_edit_writes_an_action_with_the_old_values(trello: Trello) -> None:
    organization = trello.organization("A", desc="one", website="https://a.example")
    path = f"/organizations/{organization['id']}"
    edited = trello.put(path, displayName=" B ", desc="one", website="").json()
    assert (edited["displayName"], edited["website"]) == ("B", None)
    (action,) = trello.actions(path, filter="updateOrganization")
    assert action["data"]["old"] == {"displayName": "A", "website": "https://a.example"}
    assert action["data"]["organization"]["displayName"] == "B"
    assert action["memberCreator"]["username"] == "erp_sync"
    trello.put(path, desc="one")
    assert len(trello.actions(path, filter="updateOrganization")) == 1


def test_json_bodies_and_nulls(trello: Trello) -> None:
    organization = trello.organization("A", website="https://a.example")
    answer = trello("PUT", f"/organizations/{organization['id']}", json={"website": None, "desc": "ö"})
    assert (answer.json()["website"], answer.json()["desc"]) == (None, "ö")


def test_only_admins_edit_and_delete(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")
    path = f"/organizations/{organization['id']}"
    trello.invite(organization["id"], trello_server.anna.email)
    anna = trello.as_(trello_server.anna.token)
    assert anna.get(path).status_code == 200
    assert anna.put(path, desc="x").text == "unauthorized permission requested"
    assert anna.delete(path).status_code == 401
    trello.post("/boards", name="B", idOrganization=organization["id"])
    assert trello.delete(path).status_code == 200
    assert trello.get(path).status_code == 404


def test_an_account_joins_at_once_and_a_stranger_is_pending(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    known = trello.invite(organization, "ANNA.berg@company.example", type="admin").json()
    assert known["members"][0]["id"] == trello_server.anna.id
    unknown = trello.invite(organization, "new@x.example", fullName="New Person").json()
    ghost = unknown["members"][0]["id"]
    found = trello.memberships(organization)
    assert found[trello_server.anna.id]["memberType"] == "admin"
    assert found[ghost]["unconfirmed"] is True
    assert found[ghost]["member"]["memberType"] == "ghost"
    assert found[ghost]["member"]["fullName"] == "New Person"
    assert trello.invite(organization, "new@x.example").json() == unknown
    kinds = [action["type"] for action in trello.actions(f"/organizations/{organization}")]
    assert kinds == ["unconfirmedOrganizationInvitation", "addMemberToOrganization", "createOrganization"]
    assert trello.invite(organization, "ask at the desk").text == "invalid value for email"


def test_members_are_listed_with_three_fields_unless_asked(trello: Trello) -> None:
    organization = trello.organization("A")["id"]
    (me,) = trello.get(f"/organizations/{organization}/members").json()
    assert set(me) == {"id", "username", "fullName"}
    (me,) = trello.get(f"/organizations/{organization}/members", fields="initials,nonPublic").json()
    assert set(me) == {"id", "initials", "nonPublic"}


def test_a_pending_member_joins(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    ghost = trello.invite(organization, "new@x.example", fullName="New").json()["members"][0]["id"]
    person = trello_server.join("new@x.example", fullName="Nina Neu", username="ninaneu")
    assert person["id"] == ghost
    membership = trello.memberships(organization)[ghost]
    assert (membership["unconfirmed"], membership["member"]["fullName"]) == (False, "Nina Neu")
    assert trello.as_(person["token"]).get("/members/me").json()["email"] == "new@x.example"
    assert trello.actions(f"/organizations/{organization}")[0]["type"] == "memberJoinedTrello"


@pytest.mark.parametrize("how", [{"newId": True}, {"accountEmail": "private@x.example"}])
def test_a_pending_member_joins_as_somebody_else(trello: Trello, trello_server: Any, how: dict[str, Any]) -> None:
    organization = trello.organization("A")["id"]
    ghost = trello.invite(organization, "new@x.example", fullName="New").json()["members"][0]["id"]
    person = trello_server.join("new@x.example", **how)
    assert person["id"] != ghost
    assert set(trello.memberships(organization)) == {trello_server.integration.id, person["id"]}
    assert trello.get(f"/members/{ghost}").status_code == 404


def test_a_known_account_takes_over_an_invitation(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    trello.invite(organization, "private@x.example")
    person = trello_server.join("private@x.example", accountEmail=trello_server.anna.email)
    assert person == {
        "id": trello_server.anna.id,
        "username": "annaberg",
        "fullName": "Anna Berg",
        "token": trello_server.anna.token,
    }


def test_roles_and_the_last_admin(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    anna, me = trello_server.anna.id, trello_server.integration.id
    trello.invite(organization, trello_server.anna.email)
    path = f"/organizations/{organization}/members"
    assert trello.put(f"{path}/{me}", type="normal").text == "Not enough admins"
    trello.put(f"{path}/{anna}", type="admin")
    assert trello.memberships(organization)[anna]["memberType"] == "admin"
    assert trello.put(f"{path}/{anna}", type="king").status_code == 400
    trello.put(f"{path}/{me}", type="normal")
    kinds = [action["type"] for action in trello.actions(f"/organizations/{organization}", limit=2)]
    assert kinds == ["makeNormalMemberOfOrganization", "makeAdminOfOrganization"]


def test_deactivating_is_for_paid_workspaces(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    anna = trello_server.anna
    trello.invite(organization, anna.email)
    path = f"/organizations/{organization}/members/{anna.id}/deactivated"
    assert trello.put(path, value="true").status_code == 403
    trello_server.set_plan(organization, paid=True)
    assert trello.put(path, value="true").status_code == 200
    assert trello.memberships(organization)[anna.id]["deactivated"] is True
    assert trello.as_(anna.token).get(f"/organizations/{organization}").status_code == 401
    trello.put(path, value="false")
    assert trello.as_(anna.token).get(f"/organizations/{organization}").status_code == 200


def test_removing_and_leaving(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    anna, boris = trello_server.anna, trello_server.boris
    for account in (anna, boris):
        trello.invite(organization, account.email)
    path = f"/organizations/{organization}/members"
    assert trello.as_(boris.token).delete(f"{path}/{anna.id}").status_code == 401
    assert trello.as_(boris.token).delete(f"{path}/{boris.id}").status_code == 200
    assert trello.delete(f"{path}/{anna.id}").status_code == 200
    assert trello.delete(f"{path}/{anna.id}").status_code == 404
    assert list(trello.memberships(organization)) == [trello_server.integration.id]


def test_a_free_workspace_holds_ten_and_a_paid_one_more(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    for number in range(9):
        assert trello.invite(organization, f"p{number}@x.example").status_code == 200
    full = trello.invite(organization, "p9@x.example")
    assert full.status_code == 403
    assert "10 collaborators" in full.json()["message"]
    trello_server.set_plan(organization, paid=True)
    assert trello.invite(organization, "p9@x.example").status_code == 200


def test_caps_can_be_lifted_and_answers_shortened(start_trello: Any) -> None:
    trello = Trello(start_trello(caps=False, invite_answer="bare", rate_limits=False))
    organization = trello.organization("A")["id"]
    for number in range(12):
        assert set(trello.invite(organization, f"p{number}@x.example").json()) == {"id", "name", "displayName"}
    assert len(trello.memberships(organization)) == 13
