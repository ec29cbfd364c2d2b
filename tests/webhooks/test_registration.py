"""Registering with Trello: once is enough, twice does no harm."""

from __future__ import annotations

import pytest

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.webhooks import registration
from customerp_trello.webhooks.__main__ import main
from customerp_trello.webhooks.senders import _senders, pairs_of


@pytest.fixture
def company(connected, seeded_sandbox):
    sandbox = seeded_sandbox(customers=24)
    staff, card = sandbox.summary["staff"]["short_names"], sandbox.summary["register_card"]["id"]
    connected(trello=sandbox.trello.url, customerp=sandbox.customerp.url, staff_workspaces=staff, register_card=card)
    _senders.cache_clear()
    return sandbox


def outcomes(done):
    return {one.model: one.outcome for one in done}


def register():
    return registration.register(TrelloHook(), pairs_of("trello")["trello_default"])


def test_registering_twice_makes_one_webhook_for_each_workspace_and_the_card(company):
    hook = TrelloHook()
    models = {one["id"] for one in hook.my_organizations()} | {company.summary["register_card"]["id"]}
    assert outcomes(register()) == dict.fromkeys(models, "made")
    assert outcomes(register()) == dict.fromkeys(models, "kept")
    assert sorted(one["idModel"] for one in registration.ours(hook)) == sorted(models)


def test_a_sleeping_one_is_woken_a_stray_one_removed_a_new_workspace_added_and_strangers_stay(company, address):
    register()
    hook = TrelloHook()
    first, second, *_ = registration.ours(hook)
    hook.update_webhook(first["id"], active=False)
    board = hook.get_card(company.summary["register_card"]["id"])["board"]["id"]
    hook.create_webhook(board, f"{address}/trello_default", "by hand")
    hook.create_webhook(board, f"{address}/customerp_default", "another program's")
    added = hook.create_organization(displayName="Brand new")["id"]
    done = outcomes(register())
    assert (done.pop(first["idModel"]), done.pop(board), done.pop(added)) == ("woken", "removed", "made")
    assert set(done.values()) == {"kept"}
    assert second["idModel"] in done
    assert set(outcomes(registration.remove(hook)).values()) == {"removed"}
    assert [one["description"] for one in hook.webhooks()] == ["another program's"]


def test_another_tokens_webhook_at_our_address_is_not_taken_for_ours(company, connect, address):
    """It is signed with another program's secret, so that its deliveries would be refused."""
    service = company.trello.service
    values = ("other-token", "6" * 24, company.trello.key, company.trello.integration.id, "Old", "2026-01-01T00:00:00Z")
    service.database.run("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, NULL)", *values)
    workspace = TrelloHook().my_organizations()[0]["id"]
    connect("trello", conn_id="old", host=company.trello.url, login=company.trello.key, password="other-token")
    TrelloHook("old").create_webhook(workspace, f"{address}/trello_default", "old")
    assert outcomes(register())[workspace] == "made"
    assert outcomes(register())[workspace] == "kept"


def test_the_token_is_in_no_url(company, monkeypatch):
    """As the system sees it, whoever put it together."""
    seen, service = [], company.trello.service
    count = service.count

    def heard(incoming, status):
        seen.append((incoming.method, incoming.url_path, incoming.query))
        count(incoming, status)

    monkeypatch.setattr(service, "count", heard)
    made = len(register())
    registration.remove(TrelloHook())
    methods = [method for method, *_ in seen]
    assert methods.count("POST") == methods.count("DELETE") == made > 1
    assert company.trello.token not in str(seen)


def test_without_address_or_secret_nothing_is_registered(company, connect):
    connect("trello", host=company.trello.url, login=company.trello.key, password=company.trello.token)
    for command in (register, lambda: registration.remove(TrelloHook())):
        with pytest.raises(ConfigurationError, match="webhook_url and webhook_secret missing"):
            command()


def test_the_command_says_what_it_did_and_what_is_there(company, capsys):
    assert main(["register"]) == 0
    made = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in made} == {"made"}
    assert main(["list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == len(made)
    assert all(line.startswith("active") and line.endswith("failures in a row: 0") for line in listed)
    assert main(["remove"]) == 0
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("removed") == len(made)


def test_the_command_fails_with_a_sentence(company, capsys):
    assert main(["register", "--connection", "another"]) == 1
    assert "no mapping names the connection 'another'; valid: trello_default" in capsys.readouterr().err
