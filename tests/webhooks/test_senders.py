"""Which pairs a delivery concerns, and what is kept of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers

from customerp_trello.errors import RecordError
from customerp_trello.hooks.profile import Notifications
from customerp_trello.mapping.load import FOLDER_VARIABLE
from customerp_trello.webhooks import senders
from customerp_trello.webhooks.customerp_sender import CustomERPSender
from customerp_trello.webhooks.signatures import sha256_signature

MAPPINGS = Path(__file__).resolve().parents[2] / "include" / "mappings"
CUSTOMERS = "custom_customer__trello_organizations"
EMPLOYEES = "customerp_employee__trello_members"
CONTACTS = "custom_contact__trello_members"
PROJECTS = "custom_project__trello_actions"

ACME = {"id": "a" * 24, "name": "Acme AG"}
STAFF = {"id": "b" * 24, "name": "Our company"}
CARD = {"id": "c" * 24, "name": "Project register", "shortLink": "abcd1234", "idShort": 1}
OTHER = {"id": "d" * 24, "name": "Something else", "shortLink": "wxyz9876", "idShort": 2}
BOARD = {"id": "e" * 24, "name": "Register"}


def action(kind: str, **data: Any) -> dict[str, Any]:
    return {"id": "9" * 24, "type": kind, "idMemberCreator": "1" * 24, "date": "2026-03-01T09:30:00.000Z", "data": data}


def concerned(content: dict[str, Any]) -> set[str]:
    found = senders.sender("trello_default")
    assert found is not None
    return {one.pair for one in found.deliveries({}, json.dumps(content).encode())}


@pytest.fixture(autouse=True)
def company(connected):
    connected(staff_workspaces="ourcompany, another", register_card="https://trello.com/c/abcd1234/1-project-register")


@pytest.mark.parametrize(
    ("kind", "data", "model", "expected"),
    [
        ("updateOrganization", {"organization": ACME, "old": {"desc": ""}}, ACME, {CUSTOMERS}),
        ("addMemberToOrganization", {"organization": ACME, "idMemberAdded": "2" * 24}, ACME, {CONTACTS}),
        ("unconfirmedOrganizationInvitation", {"organization": ACME}, ACME, {CONTACTS}),
        ("makeAdminOfOrganization", {"organization": ACME}, ACME, {CONTACTS}),
        ("removeMemberFromOrganization", {"organization": STAFF}, {**STAFF, "name": "OurCompany"}, {EMPLOYEES}),
        ("memberJoinedTrello", {"organization": STAFF}, {**STAFF, "name": "ourcompany"}, {EMPLOYEES}),
        ("commentCard", {"card": CARD, "board": BOARD, "text": "P-1"}, CARD, {PROJECTS}),
        ("updateComment", {"card": CARD, "action": {"id": "f" * 24}}, BOARD, {PROJECTS}),
        ("deleteComment", {"card": CARD, "action": {"id": "f" * 24}}, BOARD, {PROJECTS}),
        ("commentCard", {"card": CARD, "organization": ACME, "board": BOARD}, ACME, {PROJECTS}),
        ("commentCard", {"card": OTHER, "board": BOARD, "text": "P-1"}, BOARD, set()),
        ("updateCard", {"card": CARD, "board": BOARD}, CARD, set()),
        ("createCard", {"card": OTHER, "board": BOARD, "organization": ACME}, ACME, set()),
        ("addToOrganizationBoard", {"organization": ACME, "board": BOARD}, ACME, set()),
        ("updateMember", {}, {"id": "1" * 24}, set()),
    ],
)
def test_an_action_concerns_these_pairs(kind, data, model, expected):
    assert concerned({"action": action(kind, **data), "model": model}) == expected


def test_nothing_is_kept_but_what_the_wake_up_needs():
    content = {"action": action("commentCard", card=CARD, text="anna@customer.example"), "model": CARD}
    found = senders.sender("trello_default")
    (kept,) = found.deliveries({}, json.dumps(content).encode())
    assert vars(kept) == {
        "connection": "trello_default",
        "delivery_id": "9" * 24,
        "pair": PROJECTS,
        "model": CARD["id"],
        "kind": "commentCard",
    }


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b'{"action": {}}', b'{"action": {"id": 1, "type": "x"}, "model": {"id": 2}}']
)
def test_what_is_no_action_is_refused_in_words(body):
    with pytest.raises(RecordError, match="trello_default: a delivery is no action"):
        senders.sender("trello_default").deliveries({}, body)


def test_our_own_writes_are_known_by_their_echo():
    trello, erp = senders.sender("trello_default"), senders.sender("customerp_default")
    assert trello.ours(Headers({"x-trello-client-identifier": "customerp-trello"}))
    assert not trello.ours(Headers({"x-trello-client-identifier": "somebody"}))
    assert not trello.ours(Headers())
    assert erp.ours(Headers({"x-client-identifier": "customerp-trello"}))
    assert not erp.ours(Headers({"x-client-identifier": "somebody"}))
    assert not erp.ours(Headers())


def test_a_connection_without_address_or_secret_takes_nothing(connect):
    connect("trello", password="token", extra={"webhook_url": "https://airflow.example.com/x"})
    connect("customerp", host="https://erp.example.com", extra={"webhook_secret": "s"})
    senders._senders.cache_clear()
    assert senders.sender("trello_default") is None
    assert senders.sender("customerp_default") is None
    assert senders.sender("another") is None


def test_what_is_wrong_with_one_connection_or_mapping_leaves_the_others_alone(connect, monkeypatch, tmp_path):
    mappings = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, mappings)
    monkeypatch.setenv(FOLDER_VARIABLE, str(mappings))
    (mappings / f"{EMPLOYEES}.yaml").write_text("pair: [")
    hooked = {"webhook_url": "https://airflow.example.com/x", "webhook_secret": "s"}
    connect("customerp", host="https://erp.example.com", extra=hooked | {"profile": "no-such-profile"})
    senders._senders.cache_clear()
    assert senders.sender("customerp_default") is None
    assert {pair.pair for pair in senders.sender("trello_default").pairs} == {CUSTOMERS, CONTACTS, PROJECTS}


@pytest.mark.parametrize(
    ("entity", "expected"), [("customer", {CUSTOMERS}), ("employee", {EMPLOYEES}), ("invoice", set())]
)
def test_an_erps_notification_concerns_the_pairs_of_its_kind(entity, expected):
    erp = senders.sender("customerp_default")
    body = json.dumps({"entity": entity, "record_id": 1}).encode()
    found = erp.deliveries(Headers({"X-CustomERP-Delivery": "d1"}), body)
    assert {one.pair for one in found} == expected
    assert {one.delivery_id for one in found} <= {"d1"}


def speaking(**said: Any) -> CustomERPSender:
    erp = senders.sender("customerp_default")
    assert isinstance(erp, CustomERPSender)
    return CustomERPSender(erp.hook, erp.pairs, Notifications(**said))


def test_another_erp_signs_in_base64_and_names_its_kinds_differently():
    erp = speaking(signature="X-Sig", encoding="base64", entity="data.table", names={"clients": "customer"})
    body = json.dumps({"data": {"table": "clients"}}).encode()
    assert erp.signed(Headers({"x-sig": sha256_signature("shared-with-the-erp", body, "base64")}), body)
    assert not erp.signed(Headers({"x-sig": sha256_signature("shared-with-the-erp", body, "hex")}), body)
    first, second = erp.deliveries(Headers(), body), erp.deliveries(Headers(), body)
    assert [one.pair for one in first] == [CUSTOMERS]
    assert first == second  # without an id of its own, an equal body counts as the same
    assert not erp.ours(Headers())


def test_an_erp_that_names_no_kind_wakes_all_its_pairs():
    found = speaking(signature="X-Sig").deliveries(Headers(), b"anything")
    assert {one.pair for one in found} == {CUSTOMERS, EMPLOYEES, CONTACTS, PROJECTS}


@pytest.mark.parametrize("body", [b"no json", b"{}", b'{"entity": 7}'])
def test_a_kind_that_is_not_where_the_profile_says_is_said(body):
    with pytest.raises(RecordError, match=r"names no kind of record at entity; correct `notifications\.entity`"):
        senders.sender("customerp_default").deliveries(Headers(), body)
