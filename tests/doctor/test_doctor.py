"""The doctor says what is missing: one line for one broken thing, with what to do, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trello_sizes
from customerp_entities import EMPLOYEE

from customerp_trello.doctor import hooks
from customerp_trello.state.links import NewLink, add_links
from customerp_trello.state.location import state_url
from customerp_trello.state.store import Store

CUSTOMERS = "custom_customer__trello_organizations"
EMPLOYEES = "customerp_employee__trello_members"
CONTACTS = "custom_contact__trello_members"
PROJECTS = "custom_project__trello_actions"


def lines(text: str, verdict: str) -> list[tuple[str, str]]:
    """Section and rest of every line with this verdict."""
    found, section = [], ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            section = line
        elif line.strip().startswith(verdict):
            found.append((section, line.strip().removeprefix(verdict).strip()))
    return found


def test_a_whole_set_up(set_up: Any) -> None:
    status, text = set_up.examine()
    assert status == 0, text
    assert not lines(text, "does not")
    assert not lines(text, "not tried")
    sections = [line for line in text.splitlines() if line and not line.startswith(" ")][:-2]
    assert sections == ["connections", "permissions", "mappings", "scope", "limits", "state"]
    assert "Nothing is missing." in text
    assert ("state", "database:") in [(section, rest.split()[0]) for section, rest in lines(text, "not there")]


def test_it_only_reads_and_asks_little(set_up: Any) -> None:
    set_up.examine()
    erp, trello = set_up.erp.requests(), set_up.trello.requests()
    assert erp["writes_taken"] == trello["writes_taken"] == 0
    assert erp["total"] <= 4
    assert trello["total"] <= 4
    assert not any("/tokens/" in route for route in trello["requests"])
    assert not list(set_up.mappings.parents[1].glob("home/**/*.db"))


def test_it_tells_nothing_about_anybody(set_up: Any) -> None:
    set_up.edit(EMPLOYEES, lambda mapping: mapping["properties"][6]["convert"].update(values={"retired": "none"}))
    _, text = set_up.examine()
    secrets = [set_up.erp.token, set_up.trello.token, set_up.trello.key]
    rows = [
        row
        for sql in ("SELECT last_name, work_email FROM employees", "SELECT last_name, email FROM contacts")
        for row in set_up.erp.service.database.rows(sql)
    ]
    names = {text for row in rows for text in row if text and len(text) > 3}
    assert len(names) > 20
    assert [word for word in (*secrets, *names) if word in text] == []


def test_a_pair_by_itself(set_up: Any) -> None:
    set_up.edit(PROJECTS, lambda mapping: mapping.update(schedule="never"))
    status, text = set_up.examine("--pair", CUSTOMERS)
    assert status == 0, text
    assert "project" not in text
    status, text = set_up.examine("--pair", "custom_order__trello_cards")
    assert (status, "no mapping 'custom_order__trello_cards'" in text) == (1, True)


# -- one broken thing, one line --------------------------------------------------------------------------------


def _in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


SOON = _in_days(3)


def _columns(mapping: dict[str, Any], name: str, **changes: Any) -> None:
    next(one for one in mapping["properties"] if one["name"] == name).update(changes)


BROKEN: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "no connection": (
        lambda it: it.connections.pop("trello_default"),
        "connections",
        "trello_default: connection trello_default does not exist; create it under Admin, Connections",
    ),
    "nobody answers": (
        lambda it: it.connect("customerp_default", host="http://127.0.0.1:1"),
        "connections",
        "See that `host` in the connection is right and that this machine reaches it",
    ),
    "wrong token of the ERP": (
        lambda it: it.connect("customerp_default", password="wr0ng-password"),
        "connections",
        "GET /api/v1/contacts: HTTP 401: A valid token is needed: Authorization: Bearer <token>. Check the credentials",
    ),
    "wrong key": (
        lambda it: it.connect("trello_default", login="wr0ng-key"),
        "connections",
        "HTTP 401: invalid key. Check the credentials in the connection",
    ),
    "wrong token": (
        lambda it: it.connect("trello_default", password="wr0ng-token"),
        "connections",
        "HTTP 401: invalid token. Check the credentials in the connection",
    ),
    "no such profile": (
        lambda it: it.connect("customerp_default", extra={"profile": "sapp"}),
        "connections",
        "sapp",
    ),
    "misspelt key in a connection": (
        lambda it: it.connect("trello_default", extra={"staf_workspaces": "x"}),
        "connections",
        "did you mean 'staff_workspaces'?",
    ),
    "an entity that may not be read": (
        lambda it: it.erp.fault("GET /api/v1/contacts", "status:403", times=0),
        "permissions",
        "customerp_default, contact: GET /api/v1/contacts: HTTP 403",
    ),
    "a token that may not write": (
        lambda it: it.trello.set_scope("read,account"),
        "permissions",
        "the token may not write; make a token anew with the scopes read, write and account",
    ),
    "a token without account": (
        lambda it: it.trello.set_scope("read,write"),
        "permissions",
        "the token lacks the scope account; make a token anew with the scopes read, write and account",
    ),
    "a token that expires": (
        lambda it: it.trello.set_scope("read,write,account", dateExpires=SOON),
        "permissions",
        f"the token expires on {SOON[:10]}; make one that does not expire",
    ),
    "no administrator": (
        lambda it: it.demote("staff_south"),
        "permissions",
        "trello_default, staff workspaces: the token's account is no administrator of 1 of 2 (trello.com/w/",
    ),
    "a mapping with a misspelt key": (
        lambda it: it.edit(CUSTOMERS, lambda mapping: mapping.update(delete_vs_edits="edit_wins")),
        "mappings",
        "Did you mean 'delete_vs_edit'?",
    ),
    "a field that no record has": (
        lambda it: it.edit(CUSTOMERS, lambda mapping: _columns(mapping, "website", customerp="websit")),
        "mappings",
        "no customer of 24 has 'websit'. Did you mean 'website'?",
    ),
    "a value table that fits nothing": (
        lambda it: it.edit(
            PROJECTS,
            lambda mapping: _columns(mapping, "status", convert={"using": "value_table", "values": {"Done": "Done"}}),
        ),
        "mappings",
        "status holds a value that the mapping's table for 'status' lacks; it has: Done",
    ),
    "a reference to what has no number": (
        lambda it: it.edit(
            PROJECTS,
            lambda mapping: _columns(mapping, "manager", convert={"using": "reference", "references": "contact"}),
        ),
        "mappings",
        "the profile names no `number` of 'contact'; name it there, or say `by: id`",
    ),
    "a filter that nothing meets": (
        lambda it: it.edit(
            CUSTOMERS, lambda mapping: mapping["customerp"].update(filter=[{"field": "type", "in": ["Company"]}])
        ),
        "scope",
        "none of 24 customer records takes part; see `customerp.filter`",
    ),
    "a filter of Trello's that nothing meets": (
        lambda it: it.edit(
            CUSTOMERS, lambda mapping: mapping["trello"].update(filter=[{"field": "website", "in": ["none"]}])
        ),
        "scope",
        "correct `trello.filter`",
    ),
    "no staff workspace": (
        lambda it: it.connect("trello_default", extra={"staff_workspaces": []}),
        "scope",
        "no workspace of the staff is named; give ids or short names in `staff_workspaces` of the connection",
    ),
    "no card": (
        lambda it: it.connect("trello_default", extra={"register_card": ""}),
        "scope",
        "no card is named; give the id or URL of the card that holds the projects",
    ),
    "more requests than Trello takes": (
        lambda it: it.connect("trello_default", extra={"requests_per_10_seconds": 300}),
        "limits",
        "Trello takes 100 in 10 s, the connection asks for 300; set `requests_per_10_seconds` to 100 or less",
    ),
    "no room for the staff": (
        lambda it: _crowd(it),
        "limits",
        "take a plan with more room",
    ),
    "a state database of a newer version": (
        lambda it: _newer_state(it),
        "state",
        "is of version 9999, this package knows",
    ),
    "a state database that is no URL": (
        lambda it: it.connect("customerp_trello_state", conn_type="sqlite"),
        "state",
        "SQLite in memory is lost with its process",
    ),
    "a file for many machines": (
        lambda it: it.monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor"),
        "state",
        "put a PostgreSQL database into the connection customerp_trello_state",
    ),
}


def _crowd(set_up: Any) -> None:
    set_up.trello.set_plan("staff_north", paid=False)
    for number in range(3):
        fields = {"first_name": f"New {number}", "work_email": f"new{number}@company.example", "status": "active"}
        set_up.erp.service.store.create(EMPLOYEE, {**fields, "employee_number": f"E-9{number}"})


def _newer_state(set_up: Any) -> None:
    file = set_up.mappings.parents[1] / "newer.db"
    with Store(f"sqlite:///{file}") as store:
        store.upgrade()
        with store.begin() as tx:
            tx.connection.exec_driver_sql("UPDATE customerp_trello_version SET version_num = '9999'")
    set_up.monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE", f"sqlite:///{file}")


@pytest.mark.parametrize("case", BROKEN)
def test_one_broken_thing_is_one_line(set_up: Any, case: str) -> None:
    damage, section, said = BROKEN[case]
    damage(set_up)
    status, text = set_up.examine()
    assert status == 1, text
    broken = lines(text, "does not")
    assert [where for where, _ in broken] == [section], text
    assert said in broken[0][1], text
    assert "One thing is missing" in text
    assert "wr0ng" not in text


def test_what_builds_on_a_broken_connection_is_said_in_one_line_each(set_up: Any) -> None:
    set_up.connect("trello_default", password="wr0ng-token")
    _, text = set_up.examine()
    said = "trello_default: the connection has to work first, see above"
    assert lines(text, "not tried") == [(section, said) for section in ("permissions", "mappings", "scope", "limits")]


def test_with_nothing_at_all_it_begins_with_the_connections(set_up: Any) -> None:
    set_up.connections.clear()
    status, text = set_up.examine()
    assert status == 1
    assert [section for section, _ in lines(text, "does not")] == ["connections", "connections"]
    assert len(lines(text, "not tried")) == 4


def test_a_workspace_that_is_not_there_is_said_once_for_all_pairs(set_up: Any) -> None:
    set_up.connect("trello_default", extra={"staff_workspaces": ["staff_nroth"]})
    status, text = set_up.examine()
    assert status == 1
    broken = lines(text, "does not")
    assert [section for section, _ in broken] == ["scope"], text
    assert "in no workspace 'staff_nroth'; give its id or short name" in broken[0][1]
    assert {section for section, _ in lines(text, "not tried")} == {"scope", "limits"}


def test_several_tokens_of_one_account(set_up: Any) -> None:
    """Trello does not say which one is ours, so nothing is claimed where they differ."""
    insert = (
        "INSERT INTO tokens SELECT 'other', '5f00000000000000000000ff', api_key, id_member, 'Zap', date_created, NULL"
        " FROM tokens WHERE token = ?"
    )
    set_up.trello.service.database.run(insert, set_up.trello.token)
    status, text = set_up.examine()
    assert (status, lines(text, "not tried")) == (0, []), text
    set_up.trello.control("POST", "scope", token="other", scope="read")
    status, text = set_up.examine()
    assert status == 0
    assert "the account has 2 tokens and some may not write; Trello does not say which is ours" in text


def test_customers_workspaces_that_somebody_took_from_us(set_up: Any) -> None:
    database = set_up.trello.service.database
    sql = "SELECT id, name FROM organizations WHERE name NOT LIKE 'staff%' ORDER BY id LIMIT 2"
    workspaces = {row["name"]: row["id"] for row in database.rows(sql)}
    with Store(state_url()) as store:
        store.upgrade()
        with store.begin() as tx:
            links = [NewLink(str(number), id_) for number, id_ in enumerate(workspaces.values())]
            add_links(tx, CUSTOMERS, links, run="run")
    status, text = set_up.examine()
    assert "customers' workspaces: the token's account administers all 2" in text
    assert f"{CONTACTS} in Trello: 2 of 2 linked workspaces can be seen" in text
    set_up.demote(next(iter(workspaces)))
    status, text = set_up.examine()
    assert status == 1
    ((section, rest),) = lines(text, "does not")
    assert section == "permissions"
    assert f"no administrator of 1 of 2 (trello.com/w/{next(iter(workspaces.values()))})" in rest
    database.run("DELETE FROM memberships WHERE id_member = ?", set_up.trello.integration.id)
    set_up.connect("trello_default", extra={"staff_workspaces": [], "register_card": ""})
    _, text = set_up.examine("--pair", CONTACTS)
    assert "0 of 2 linked workspaces can be seen; make the token's account a member of them again" in text


def test_of_many_records_only_the_first_are_looked_at_and_that_is_said(set_up: Any) -> None:
    set_up.monkeypatch.setattr(hooks, "SAMPLE", 10)
    filter_ = [{"field": "number", "in": ["C-1020"]}]
    set_up.edit(CUSTOMERS, lambda mapping: mapping["customerp"].update(filter=filter_))
    status, text = set_up.examine("--pair", CUSTOMERS)
    assert status == 0, text
    assert "compared with the first 10 customer records" in text
    ((section, rest),) = lines(text, "not tried")
    assert section == "scope"
    assert "none of the first 10 customer records takes part; a preview looks at all of them" in rest


def test_an_erp_that_throttles_is_told_of(set_up: Any) -> None:
    set_up.erp.fault("GET /api/v1/contacts", "throttle", times=2)
    status, text = set_up.examine()
    assert status == 0, text
    assert "it refused 2 of 6 requests as too many; runs wait as it asks" in text


def test_more_customers_than_an_account_has_workspaces(set_up: Any) -> None:
    set_up.monkeypatch.setattr(trello_sizes, "ORGANIZATIONS", 20)
    status, text = set_up.examine("--pair", CUSTOMERS)
    assert status == 1
    ((section, rest),) = lines(text, "does not")
    assert section == "limits"
    assert "8 taken, 12 free, and at least 23 more customers want one" in rest


def test_an_older_state_is_no_alarm_about_what_is_linked(set_up: Any) -> None:
    set_up.monkeypatch.setattr(trello_sizes, "ORGANIZATIONS", 20)
    with Store(state_url()) as store:
        store.upgrade()
        with store.begin() as tx:
            add_links(tx, CUSTOMERS, [NewLink(str(number), f"w{number}") for number in range(30)], run="run")
            tx.connection.exec_driver_sql("UPDATE customerp_trello_version SET version_num = '0001'")
    status, text = set_up.examine("--pair", CUSTOMERS, "--pair", CONTACTS)
    assert status == 0, text
    untried = {(section, rest.partition(":")[0]) for section, rest in lines(text, "not tried")}
    assert untried >= {("scope", f"{CONTACTS} in Trello"), ("limits", "trello_default, workspaces")}
    assert "no customer is linked" not in text


def test_records_that_would_be_quarantined_are_counted(set_up: Any) -> None:
    table = {"using": "value_table", "values": {"open": "Open", "completed": "Completed", "cancelled": "Cancelled"}}
    set_up.edit(PROJECTS, lambda mapping: _columns(mapping, "status", convert=table))
    status, text = set_up.examine("--pair", PROJECTS)
    assert status == 0, text
    sql = "SELECT count(*) FROM projects WHERE status = 'on_hold'"
    count = set_up.erp.service.database.value(sql)
    assert f"{count} of 14 project records would be quarantined; the most frequent reason: status holds a value" in text


def test_without_mappings_it_says_where_to_get_one(set_up: Any) -> None:
    for file in set_up.mappings.glob("*.yaml"):
        file.unlink()
    status, text = set_up.examine()
    assert status == 1
    assert "`python -m customerp_trello.mapping_starter` proposes one" in text


def test_a_trello_that_shows_no_memberships_is_blamed_for_nothing(set_up: Any) -> None:
    set_up.monkeypatch.setattr(hooks, "_WORKSPACE", "id,name,displayName,desc,website,products")
    status, text = set_up.examine()
    assert status == 0, text
    ((section, rest),) = lines(text, "not tried")
    assert (section, rest.partition(":")[0]) == ("permissions", "trello_default, staff workspaces")


def test_a_trello_that_does_not_tell_of_tokens(set_up: Any) -> None:
    """OAuth 2.0 tokens may not ask for that list."""
    set_up.trello.fault("GET /1/members/me/tokens", "status:403", times=0)
    status, text = set_up.examine()
    assert status == 0, text
    ((section, rest),) = lines(text, "not tried")
    assert section == "permissions"
    assert "Trello does not tell what the token may do" in rest
    set_up.monkeypatch.setattr(hooks.ExaminedTrello, "tokens", [])
    _, text = set_up.examine()
    assert "trello_default, token: Trello lists no token of the account" in text
