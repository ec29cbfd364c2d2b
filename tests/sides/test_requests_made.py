"""How many requests a listing may take, counted by Trello itself; `make bench-requests` does it with thousands."""

import runpy
from pathlib import Path

import pytest

from customerp_trello.hooks import trello_paging
from customerp_trello.sides.base import Known
from customerp_trello.sides.open import open_side

ORGANIZATIONS, BATCH, ACTIONS = "GET /1/members/{id}/organizations", "GET /1/batch", "GET /1/cards/{id}/actions"
LOOK_UPS = {"GET /1/members/{id}": 1, "GET /1/cards/{id}": 1}


@pytest.fixture
def count(trello_server, mapping, read_all):
    """The requests of one listing."""

    def counted(pair, **known):
        trello_server.control("DELETE", "requests")
        snapshot = open_side(mapping(pair), "trello", Known(**known)).extract(read_all(**known))
        return trello_server.requests()["requests"], snapshot

    return counted


@pytest.fixture
def card(trello):
    """The register card, in a workspace of its own."""
    home = trello.create_organization(displayName="Register")["id"]
    board = trello.request("POST", "/1/boards", body={"name": "Register", "idOrganization": home}).json()
    lists = trello.request("GET", f"/1/boards/{board['id']}/lists").json()
    return trello.request("POST", "/1/cards", body={"name": "Register", "idList": lists[0]["id"]}).json()["id"]


@pytest.fixture
def workspaces(trello):
    return [trello.create_organization(displayName=f"Workspace {number:02}")["id"] for number in range(23)]


def test_all_organizations_come_in_one_request(workspaces, card, as_person, trello_server, count):
    as_person("trello_default", trello_server.token, register_card=card)
    requests, snapshot = count("custom_customer")
    assert requests == {ORGANIZATIONS: 1, **LOOK_UPS}
    assert len(snapshot.frame) == 23


def test_members_come_from_ten_workspaces_in_a_request(workspaces, trello, as_person, trello_server, count):
    trello.invite(workspaces[-1], trello_server.anna.email, "Anna")
    as_person("trello_default", trello_server.token, staff_workspaces=workspaces)
    requests, snapshot = count("customerp_employee")
    assert requests == {BATCH: 3, ORGANIZATIONS: 1, "GET /1/members/{id}": 1}
    assert len(snapshot.frame) == 2


def test_contacts_take_a_tenth_for_each_customer_and_staff_workspace(
    workspaces, trello, as_person, trello_server, count
):
    customers, staff = workspaces[:21], workspaces[21:]
    trello.invite(customers[-1], trello_server.carla.email, "Carla")
    as_person("trello_default", trello_server.token, staff_workspaces=staff)
    known = {"workspace_customer": {id_: str(number) for number, id_ in enumerate(customers)}}
    requests, snapshot = count("custom_contact", **known)
    assert requests == {BATCH: 3, ORGANIZATIONS: 1, "GET /1/members/{id}": 1}
    assert len(snapshot.frame) == 1


def test_comments_come_in_whole_pages_and_one_request_sees_their_end(
    card, trello, as_person, trello_server, count, monkeypatch
):
    monkeypatch.setattr(trello_paging, "PAGE_SIZE", 10)
    as_person("trello_default", trello_server.token, register_card=card)
    for number in range(50):
        trello.post_comment(card, f"chatter {number}")
    requests, _ = count("custom_project")
    assert requests == {
        ACTIONS: 7,
        **LOOK_UPS,
    }  # each further page repeats a comment: 10 + 9 + 9 + 9 + 9 + 4, and the end


CAPACITY = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "capacity.py"))
WHO = {"email": "new@new.example", "full_name": "New Person", "role": "normal", "membership": "active"}
WRITES = {
    "customers": ("custom_customer", {"number": "c1042", "name": "Contoso"}, {"name": "Contoso Ltd"}),
    "employees": ("customerp_employee", WHO, {"role": "admin"}),
    "contacts": ("custom_contact", WHO | {"customer": "11"}, {"role": "admin"}),
    "projects": ("custom_project", {"number": "P-1", "name": "New roof", "status": "Open"}, {"status": "Completed"}),
}


@pytest.mark.parametrize("records", WRITES)
def test_a_write_takes_as_many_requests_as_the_capacity_page_says(
    records, workspaces, card, as_person, trello_server, mapping, read_all
):
    pair, made, edit = WRITES[records]
    as_person("trello_default", trello_server.token, register_card=card, staff_workspaces=workspaces[-1:])
    known = {"workspace_customer": {workspaces[0]: "11"}}
    side = open_side(mapping(pair), "trello", Known(**known))
    side.extract(read_all(**known))
    before = side.requests_made
    record = side.create(made, marker="7", labels={})
    assert side.requests_made - before == CAPACITY["CREATE"][records]
    before = side.requests_made
    answer = side.update(side.read(record.id), edit, labels={})
    assert side.requests_made - before == CAPACITY["UPDATE"][records]
    assert {name: answer.values[name] for name in edit} == edit
