"""Trello's sizes: 10 collaborators of a free workspace, 4,000 members of one, 850 workspaces of a member."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_client import Trello


@pytest.fixture
def trello(trello_server: Any) -> Trello:
    return Trello(trello_server)


def fill(server: Any, organization: str, *, members: int) -> None:
    """Put so many more people into a workspace, past the API."""
    database = server.service.database
    with database.transaction():
        for number in range(members):
            person = f"{number:024x}"
            names = {"id": person, "username": f"p{number}", "full_name": f"P {number}", "initials": "P"}
            database.insert("members", {**names, "email": f"f{number}@x.example", "confirmed": 1})
            row = {"id": f"{number + 2**64:024x}", "id_organization": organization, "id_member": person}
            database.insert("memberships", row)


def found_workspaces(server: Any, member: str, *, count: int) -> None:
    """Give a member so many workspaces, past the API."""
    database = server.service.database
    with database.transaction():
        for number in range(count):
            made = f"{number:024x}"
            names = {"id": made, "name": f"w{number}", "display_name": f"W {number}"}
            database.insert("organizations", {**names, "date_last_activity": "2026-01-01T00:00:00.000Z"})
            row = {"id": f"{number + 2**65:024x}", "id_organization": made, "id_member": member, "admin": 1}
            database.insert("memberships", row)


def test_a_free_workspace_counts_pending_people(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    for number in range(9):  # none of them has joined
        assert trello.invite(organization, f"p{number}@x.example").status_code == 200
    for refused in (
        trello.invite(organization, trello_server.anna.email),
        trello.put(f"/organizations/{organization}/members/{trello_server.anna.id}", type="normal"),
    ):
        assert refused.status_code == 403
        assert refused.json()["error"] == "FREE_COLLABORATOR_LIMIT"
    assert trello.invite(organization, "p3@x.example").status_code == 200  # who is in already is no more
    ghost = trello.get(f"/organizations/{organization}/memberships").json()[-1]["idMember"]
    trello.delete(f"/organizations/{organization}/members/{ghost}")
    assert trello.invite(organization, trello_server.anna.email).status_code == 200


def test_a_paid_workspace_holds_four_thousand(trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    trello_server.set_plan(organization, paid=True)
    fill(trello_server, organization, members=3998)
    assert trello.invite(organization, trello_server.anna.email).status_code == 200
    refused = trello.invite(organization, trello_server.boris.email)
    assert (refused.status_code, refused.json()["error"]) == (403, "ORGANIZATION_TOO_MANY_MEMBERS")
    assert "4000 members" in refused.json()["message"]


def test_a_member_has_eight_hundred_and_fifty_workspaces(trello: Trello, trello_server: Any) -> None:
    found_workspaces(trello_server, trello_server.integration.id, count=849)
    organization = trello.organization("The last one")["id"]
    refused = trello.post("/organizations", displayName="One more")
    assert (refused.status_code, refused.json()["error"]) == (403, "MEMBER_TOO_MANY_ORGANIZATIONS")
    assert len(trello.get("/members/me/organizations", fields="name").json()) == 850
    trello.delete(f"/organizations/{organization}")
    assert trello.post("/organizations", displayName="One more").status_code == 200


def test_an_invited_member_has_eight_hundred_and_fifty_too(trello: Trello, trello_server: Any) -> None:
    anna = trello_server.anna
    found_workspaces(trello_server, anna.id, count=850)
    organization = trello.organization("A")["id"]
    for refused in (
        trello.invite(organization, anna.email),
        trello.put(f"/organizations/{organization}/members/{anna.id}", type="normal"),
    ):
        assert (refused.status_code, refused.json()["error"]) == (403, "MEMBER_TOO_MANY_ORGANIZATIONS")


def test_a_setting_lifts_them_all(start_trello: Any) -> None:
    server = start_trello(caps=False, rate_limits=False)
    trello = Trello(server)
    found_workspaces(server, server.integration.id, count=850)
    organization = trello.organization("One more")["id"]
    fill(server, organization, members=4000)
    assert trello.invite(organization, server.anna.email).status_code == 200


def test_the_limits_are_told(start_trello: Any, trello: Trello, trello_server: Any) -> None:
    organization = trello.organization("A")["id"]
    fill(trello_server, organization, members=9)
    told = {"status": "disabled", "disableAt": 10, "warnAt": 9}
    limits = trello.get(f"/organizations/{organization}", fields="limits").json()["limits"]["orgs"]
    assert limits["usersPerFreeOrg"] == told
    assert limits["totalMembersPerOrg"] == {"status": "ok", "disableAt": 4000, "warnAt": 3600}
    trello_server.set_plan(organization, paid=True)
    assert set(trello.get(f"/organizations/{organization}", fields="limits").json()["limits"]["orgs"]) == {
        "totalMembersPerOrg"
    }
    mine = trello.get("/members/me", fields="limits").json()["limits"]
    assert mine == {"orgs": {"totalPerMember": {"status": "ok", "disableAt": 850, "warnAt": 765}}}
    assert "limits" not in trello.get(f"/members/{trello_server.anna.id}").json()
    lifted = Trello(start_trello(caps=False)).get("/members/me", fields="limits").json()["limits"]
    assert lifted["orgs"]["totalPerMember"]["disableAt"] == 1_000_000
