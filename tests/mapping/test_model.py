"""Mappings: the four that we ship, and what is said about those that are wrong."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from customerp_trello.errors import ConfigurationError
from customerp_trello.mapping import load
from customerp_trello.mapping.load import load_mapping, load_pair, mappings_folder
from customerp_trello.mapping.model import Mapping, other

SHIPPED = Path(__file__).parents[2] / "include" / "mappings"
PAIRS = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
PROJECT = "custom_project__trello_actions"
CONTACT = "custom_contact__trello_members"
CUSTOMER = "custom_customer__trello_organizations"
EMPLOYEE = "customerp_employee__trello_members"


def changed(pair, tmp_path, *changes):
    """A shipped mapping with some of its text replaced, as a file."""
    text = (SHIPPED / f"{pair}.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / f"{pair}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path):
    with pytest.raises(ConfigurationError) as caught:
        load_mapping(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


# --- the shipped mappings


def test_there_are_four():
    assert PAIRS == [CONTACT, CUSTOMER, PROJECT, EMPLOYEE]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_shipped_mapping_loads_and_holds_its_first_run(pair):
    mapping = load_pair(pair, SHIPPED)
    assert mapping.pair == pair
    assert mapping.first_run == "hold"
    assert hash(mapping) == hash(load_pair(pair, SHIPPED))
    for key in mapping.link_keys:
        assert all(mapping.property(name).name == name for name in key.properties)


@pytest.mark.parametrize("pair", PAIRS)
def test_personal_data_stays_out_of_the_default_logs_and_mappings(pair):
    mapping = load_pair(pair, SHIPPED)
    people = {"email", "full_name", "initials", "username", "bio", "description"}
    assert mapping.personal == people & set(mapping.names)
    assert not {"birth_date", "street", "iban", "work_phone"} & set(mapping.customerp_fields)


def test_the_defaults_destroy_nothing():
    policies = {pair: load_pair(pair, SHIPPED) for pair in PAIRS}
    assert (policies[CUSTOMER].customerp.on_gone, policies[CUSTOMER].trello.on_gone) == ("deactivate", "unlink")
    assert policies[PROJECT].customerp.on_gone == "restore"
    assert all(mapping.trello.on_gone == "unlink" for mapping in policies.values())
    assert {mapping.delete_vs_edit for pair, mapping in policies.items() if "members" in pair} == {"delete_wins"}
    assert {mapping.trello.on_unlinked.creates for pair, mapping in policies.items() if pair != PROJECT} == {False}


# --- accessors


def test_what_the_rest_of_the_code_asks_a_mapping():
    mapping = load_pair(CONTACT, SHIPPED)
    name = mapping.property("full_name")
    assert name.customerp_fields == ("first_name", "last_name")
    assert name.label == "Full name"
    assert name.two_way
    assert name.to("trello")
    assert name.to("customerp")
    email = mapping.property("email")
    assert (email.two_way, email.to("trello"), email.to("customerp")) == (False, True, False)
    assert mapping.property("membership").allowed == ("active", "deactivated", "none")
    assert load_pair(PROJECT, SHIPPED).property("status").allowed == ("Open", "On hold", "Completed", "Cancelled")
    assert mapping.property("customer").references == "customer"
    assert mapping.property("email").references is None
    assert mapping.side("customerp").on_unlinked.via == "customer"
    assert mapping.side("trello").on_gone == "unlink"
    assert mapping.link_keys[0].properties == ("email",)
    assert mapping.folded == {"email"}
    assert other("customerp") == "trello"
    assert other("trello") == "customerp"
    assert not load_pair(CUSTOMER, SHIPPED).property("number").put_back
    with pytest.raises(KeyError) as caught:
        mapping.property("phone")
    assert caught.value.args == (
        f"{CONTACT} has no property 'phone'; it has: customer, email, full_name, initials, username, bio, role, "
        "membership",
    )
    with pytest.raises(KeyError):
        mapping.side("jira")


def test_every_field_that_has_to_be_read_is_named_once():
    mapping = load_pair(EMPLOYEE, SHIPPED)
    assert "status" in mapping.customerp_fields
    assert "active" in mapping.customerp_fields
    assert len(set(mapping.customerp_fields)) == len(mapping.customerp_fields)
    assert mapping.trello_fields[0] == "email"


def test_nothing_in_a_mapping_can_be_changed():
    mapping = load_pair(PROJECT, SHIPPED)
    with pytest.raises(ValidationError):
        mapping.title = "Other"
    with pytest.raises(ValidationError):
        mapping.properties[0].name = "other"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("title: Custom", "title: Our"), True),
        (('"*/15 * * * *"', '"*/5 * * * *"'), True),
        (("direction: to_trello", "direction: both"), True),
        (("  inactive: gone", "  filter: [{field: priority, in: [high]}]\n  inactive: gone"), False),
        (("scope: {}", "scope: {card: abcd1234}"), False),
        (("[number]", "[name]"), False),
    ],
)
def test_the_guard_watches_scope_filter_and_keys(tmp_path, change, same):
    before = load_pair(PROJECT, SHIPPED).fingerprint()
    assert (load_mapping(changed(PROJECT, tmp_path, change)).fingerprint() == before) is same


def test_a_fingerprint_outlives_a_release_of_the_software():
    """It is kept in the state database; another spelling of the same settings would hold every pair's next plan."""
    told = {
        "entities": ["project", "action"],
        "filters": [[{"empty": None, "field": "kind", "in_": ["a", 1, True]}], []],
        "inactive": "gone",
        "link_keys": [{"properties": ["number"], "with_second": False}],
        "scope": {"card": "abcd1234", "staff_pairs": [], "staff_workspaces": [], "workspaces": None},
    }
    data = yaml.safe_load((SHIPPED / f"{PROJECT}.yaml").read_text(encoding="utf-8"))
    data["customerp"]["filter"] = [{"field": "kind", "in": ["a", 1, True]}]
    data["trello"]["scope"] = {"card": "abcd1234"}
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    assert Mapping.model_validate(data).fingerprint() == digest


def test_a_person_may_drop_or_add_a_property_in_the_file_alone(tmp_path):
    data = yaml.safe_load((SHIPPED / f"{PROJECT}.yaml").read_text(encoding="utf-8"))
    data["properties"] = [prop for prop in data["properties"] if prop["name"] != "manager"]
    data["properties"].append({"name": "budget", "customerp": "budget", "trello": "Budget", "type": "decimal"})
    path = tmp_path / f"{PROJECT}.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert load_mapping(path).names[-2:] == ("description", "budget")


# --- what is wrong is said with file, path, found and valid

WRONG = [
    # pair, replaced, by, path in the file, further words
    (PROJECT, "title: Custom", "titel: Custom", "titel", "Did you mean 'title'?"),
    (PROJECT, "title: Custom Project and Trello action", "", "title", "missing and required"),
    (PROJECT, "direction: to_t", "directon: to_t", "properties[0].directon", "Did you mean 'direction'?"),
    (PROJECT, "direction: to_trello", "direction: trello", "properties[0].direction", "Valid: both, to_trello, to_cus"),
    (PROJECT, "type: date", "type: dat", "properties[3].type", "Did you mean 'date'?"),
    (PROJECT, "name: name", "name: Name", "properties[1].name", "lower-case letters"),
    (PROJECT, "required: true", "required: 'yes'", "properties[1].required", "Valid: true, false"),
    (
        PROJECT,
        "using: value_table",
        "using: table",
        "properties[2].convert.using",
        "Valid: text, value_table, person_name",
    ),
    (PROJECT, "values: {open", "valuse: {open", "properties[2].convert.valuse", "Did you mean 'values'?"),
    (PROJECT, "{open: Open", "{open: Yes", "properties[2].convert.values", "put it in quotes"),
    (PROJECT, "{open: Open", "{null: Open", "properties[2].convert.values", "`empty`"),
    (PROJECT, "{open: Open", "{on_hold: Open", "on_hold", "again"),
    (PROJECT, "on_hold: On hold", "on_hold: Open", "properties[2].direction", "Valid: to_trello"),
    (PROJECT, "on_hold: On hold", "on_hold: open", "properties[2].values", "by case only"),
    (PROJECT, "type: enum", "type: integer", "properties[2].type", "Valid: enum, string, boolean"),
    (PROJECT, "      using: value_table", "      using: text", "properties[2].convert.values", "Valid keys: using"),
    (PROJECT, "convert: {using: reference, references: employee}", "", "properties[5].type", "references: <entity>"),
    (
        PROJECT,
        "references: employee",
        "references: staff",
        "properties[5].convert.references",
        "Valid: contact, customer",
    ),
    (PROJECT, "  - name: name", "  - name: number", "properties[1].name", "properties[0]"),
    (PROJECT, "trello: Name", "trello: number", "properties[1].trello", "also written by properties[0]"),
    (
        PROJECT,
        "customerp: start_date",
        "customerp: end_date",
        "properties[4].customerp",
        "also written by properties[3]",
    ),
    (PROJECT, "[number]", "[numbr]", "link_keys[0].properties[0]", "Did you mean 'number'?"),
    (PROJECT, "[number]", "[]", "link_keys[0].properties", "at least this many entries: 1"),
    (PROJECT, "entity: project", "entity: projet", "customerp.entity", "Did you mean 'project'?"),
    (PROJECT, "entity: action", "entity: card", "trello.entity", "Valid: organization, member, action"),
    (PROJECT, "scope: {}", "scope: {workspaces: linked}", "trello.scope.workspaces", "Valid keys for action: card"),
    (PROJECT, "on_gone: unlink", "on_gone: deactivate", "trello.on_gone", "Valid: delete, unlink, restore, ignore"),
    (PROJECT, "on_gone: restore", "on_gone: keep", "customerp.on_gone", "Valid: delete, deactivate, unlink, restore"),
    (PROJECT, '"*/15 * * * *"', "every hour", "schedule", "five fields"),
    (PROJECT, '"*/15 * * * *"', '"61 * * * *"', "schedule", "five fields"),
    (PROJECT, "timezone: UTC", "timezone: Berlin", "timezone", "Europe/Berlin"),
    (PROJECT, "create_share: 0.2", "create_share: 20", "guard.create_share", "at most 1"),
    (PROJECT, "create_share: 0.2", "create_share: 20%", "guard.create_share", "a number"),
    (PROJECT, "delete_count: 5", "delete_count: -1", "guard.delete_count", "at least 0"),
    (PROJECT, "settle_seconds: 120", "settle_seconds: soon", "settle_seconds", "whole number"),
    (PROJECT, "tie: customerp", "tie: latest", "tie", "Valid: customerp, trello"),
    (PROJECT, "customerp: start_date", "customerp: [a, b]", "properties[3].customerp", "using: person_name"),
    (PROJECT, "mode: create}", "mode: related}", "customerp.on_unlinked.property", "Valid: manager, customer"),
    (PROJECT, "mode: create}", "mode: condition}", "customerp.on_unlinked.when", "at least one condition"),
    (
        PROJECT,
        "mode: create}",
        "mode: create, when: [{field: a, empty: true}]}",
        "customerp.on_unlinked.when",
        "`create`",
    ),
    (PROJECT, "  inactive: gone", "  filter: [{field: a}]", "customerp.filter[0]", "exactly one of: in"),
    (PROJECT, "  inactive: gone", "  filter: [{fild: a}]", "customerp.filter[0].fild", "Did you mean 'field'?"),
    (PROJECT, "  inactive: gone", "  filter: {field: a}", "customerp.filter", "Valid: a list"),
    (PROJECT, "direction: to_trello", "direction: to_trello\n    conflict: latest", "properties[0].conflict", "`both`"),
    (PROJECT, "required: true", "put_back: false", "properties[1].put_back", "one-way"),
    (PROJECT, "required: true", "create_only: true", "properties[1].direction", "Valid: to_trello, to_customerp"),
    (PROJECT, "required: true", "values: [a]", "properties[1].values", "only an enum"),
    (PROJECT, "trello: Name", "trello: date", "properties[1].direction", "Valid: to_customerp"),
    (CUSTOMER, "trello: displayName", "trello: displayname", "properties[1].trello", "Did you mean 'displayName'?"),
    (CUSTOMER, "create_only: true", "create_only: false", "properties[0].direction", "short name"),
    (CUSTOMER, "create_only: true", "create_only: true\n    put_back: true", "properties[0].put_back", "Valid: false"),
    (CUSTOMER, "max_length: 16384", "max_length: 0", "properties[2].max_length", "more than 0"),
    (
        CONTACT,
        "property: customer}",
        "property: custmer}",
        "customerp.on_unlinked.property",
        "Did you mean 'customer'?",
    ),
    (CONTACT, "after: [custom_customer__trello_organizations]", "after: []", "after", "needs the pair"),
    (
        CONTACT,
        "after: [custom_customer",
        "after: [custom_contact__trello_members, custom_customer",
        "after[0]",
        "itself",
    ),
    (CONTACT, "one_word_to: last_name", "one_word_to: name", "properties[2].convert.one_word_to", "Valid: first_name"),
    (CONTACT, "one_word_to: last_name", "foo: 1", "properties[2].convert.foo", "Valid keys: using, one_word_to"),
    (CONTACT, "[first_name, last_name]", "first_name", "properties[2].customerp", "two fields"),
    (CONTACT, "on_gone: unlink", "on_gone: restore", "customerp.on_gone", "Valid: delete, deactivate, unlink, ignore"),
    (CONTACT, "inactive: none}", "inactive: gone}", "properties[7].convert", "Valid: active, deactivated, none"),
    (CONTACT, "references: customer, by: id}", "references: customer}", "properties[0].convert", "by: id"),
    (
        CONTACT,
        "direction: to_trello\n    convert",
        "direction: both\n    convert",
        "properties[7].direction",
        "`inactive`",
    ),
    (CONTACT, "[customerp_employee", "[custom_contact", "trello.scope.staff_pairs[0]", "own"),
    (CONTACT, "    workspaces: linked ", "    #", "trello.scope.staff_pairs", "`workspaces: linked`"),
    (CONTACT, "personal_data: masked", "personal_data: hidden", "log.personal_data", "Valid: masked, plain"),
]


@pytest.mark.parametrize(("pair", "old", "new", "where", "words"), WRONG, ids=[f"{w[3]}-{w[4][:20]}" for w in WRONG])
def test_a_mistake_is_named_with_its_place_and_what_is_valid(tmp_path, pair, old, new, where, words):
    message = refusal(changed(pair, tmp_path, (old, new)))
    line = next((line for line in message.splitlines() if re.search(rf"(- |: |'){re.escape(where)}[:' ]", line)), "")
    assert words in line, message


def test_a_membership_is_one_of_the_words_that_trello_can_be_told(tmp_path):
    away = (
        ("inactive: deactivated,", "inactive: away,"),
        ("[active, deactivated, none]", "[active, away, pending, none]"),
    )
    message = refusal(changed(EMPLOYEE, tmp_path, *away))
    assert "has 1 problem" in message, "what a table never gives may stand in the list"
    assert "convert: Trello knows no membership 'away'. Valid: active, deactivated, none." in message
    text = ("type: enum\n    values: [active, deactivated, none]            # an open invitation counts as active",
            "type: string")  # fmt: skip
    assert "'membership' holds one of a few words. Valid: enum" in refusal(changed(EMPLOYEE, tmp_path, text))


def test_all_mistakes_are_named_at_once(tmp_path):
    message = refusal(changed(PROJECT, tmp_path, ("title:", "titel:"), ("type: date", "type: dat"), ("tie:", "tye:")))
    assert "4 problems" in message
    assert all(path in message for path in ("- title:", "- titel:", "- properties[3].type:", "- tye:"))
    message = refusal(changed(PROJECT, tmp_path, ("[number]", "[numbr]"), ("timezone: UTC", "timezone: Berlin")))
    assert "2 problems" in message
    path = changed(PROJECT, tmp_path, ("timezone: UTC", "timezone: Berlin"), ("*/15 * * * *", "@never"))
    assert refusal(path).startswith(f"Mapping {path} has 2 problems:\n  - schedule: '@never' is no cron expression.")
    assert refusal(path).endswith("\nCorrect the file; nothing was synced.")
    assert "\n  - timezone: " in refusal(path)
    path = changed(PROJECT, tmp_path, ("timezone: UTC", "timezone: Berlin"))
    assert refusal(path) == (
        f"Mapping {path} has 1 problem:\n"
        "  - timezone: 'Berlin' is no IANA time zone. Valid: for instance UTC, Europe/Berlin\n"
        "Correct the file; nothing was synced."
    )


def test_the_value_of_an_unknown_key_is_not_repeated(tmp_path):
    message = refusal(changed(PROJECT, tmp_path, ("tie:", "password: hunter2-is-secret\ntie:")))
    assert "password: unknown key" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found nothing"),
        ("- a\n- b\n", "found a list"),
        ("pair: [1}", "line 1"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: key 'a' stands here again, first in line 1"),
        ("a: !!python/object:os.system {}\n", "line 1"),
        ("a: \x07\n", ": is no valid YAML. Correct the file; nothing was synced."),
        ("a: 2026-02-30\n", "is no valid YAML: day is out of range for month. Correct the file"),
        ("? [a, b]\n: 1\n", "line 1, column 3: found unhashable key"),
        ("? [a]\n: 1\n? [b]\n: 2\n", "line 1, column 3: found unhashable key"),
        ("a: {b: 1, c: {d: 1, d: 2}}\n", "line 1, column 21: key 'd' stands here again, first in line 1"),
    ],
)
def test_what_is_no_mapping_at_all(tmp_path, text, words):
    path = tmp_path / "a__b.yaml"
    path.write_text(text, encoding="utf-8")
    assert words in refusal(path)


def test_a_file_that_cannot_be_read(tmp_path):
    assert refusal(tmp_path / "a__b.yaml") == (
        f"Mapping {tmp_path / 'a__b.yaml'}: there is no such file. Create it or correct the path."
    )
    assert refusal(tmp_path) == f"Mapping {tmp_path}: cannot be read: Is a directory. Make it a readable UTF-8 file."
    path = tmp_path / "c__d.yaml"
    path.write_bytes(b"title: \xff\xfe")
    assert refusal(path) == f"Mapping {path}: cannot be read: it is not UTF-8. Make it a readable UTF-8 file."


def test_a_file_is_named_after_its_pair(tmp_path):
    path = changed(PROJECT, tmp_path)
    path = path.rename(tmp_path / "a__b.yaml")
    assert refusal(path) == (
        f"Mapping {path}: pair: found '{PROJECT}', but a file is named after its pair. "
        f"Valid: 'a__b', or rename the file to {PROJECT}.yaml."
    )


def test_building_one_in_code_is_checked_as_well():
    data = yaml.safe_load((SHIPPED / f"{PROJECT}.yaml").read_text(encoding="utf-8"))
    data["link_keys"] = [{"properties": ["nobody"]}]
    with pytest.raises(ValidationError, match=r"link_keys\[0\].properties\[0\]"):
        Mapping.model_validate(data)


# --- finding the file


def test_an_unknown_pair_is_told_which_there_are(tmp_path):
    for folder, message in (
        (
            SHIPPED,
            f"no file a__b.yaml for the pair 'a__b'. Valid: {', '.join(PAIRS)}. Add the file or correct the name.",
        ),
        (
            tmp_path,
            "no file a__b.yaml for the pair 'a__b'. Valid: none, the folder holds no .yaml file. "
            "Add the file or correct the name.",
        ),
        (tmp_path / "nowhere", f"there is no such folder. Create it, or set {load.FOLDER_VARIABLE}."),
    ):
        with pytest.raises(ConfigurationError) as caught:
            load_pair("a__b", folder)
        assert str(caught.value) == f"Mappings folder {folder}: {message}"


def test_the_pair_before_needs_a_mapping_too(tmp_path):
    changed(CONTACT, tmp_path)
    with pytest.raises(ConfigurationError, match=rf"after\[0\]: found '{CUSTOMER}'.*Valid: {CONTACT}"):
        load_pair(CONTACT, tmp_path)
    changed(CUSTOMER, tmp_path)
    with pytest.raises(ConfigurationError, match=rf"staff_pairs\[0\]: found '{EMPLOYEE}'"):
        load_pair(CONTACT, tmp_path)


def test_an_entity_of_the_users_own_is_known_from_the_profile(tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "customerp").mkdir()
    path = changed(PROJECT, tmp_path / "mappings", ("entity: project", "entity: ticket"))
    assert refusal(path) == (
        f"Mapping {path}: customerp.entity: found 'ticket', which no profile describes. Valid: contact, customer, "
        f"project, employee. Correct it, or add the entity to the profile in {tmp_path}/customerp."
    )
    (tmp_path / "customerp" / "default.yaml").write_text("entities:\n  ticket: {path: /tickets}\n", encoding="utf-8")
    assert load_mapping(path).customerp.entity == "ticket"
    (tmp_path / "customerp" / "default.yaml").write_text("entities: [tickets]\n", encoding="utf-8")
    assert "project, employee, tickets. Did you mean 'tickets'? Correct it" in refusal(path)
    (tmp_path / "customerp" / "default.yaml").write_text("title: Of no use here\n", encoding="utf-8")
    assert "Valid: contact, customer, project, employee. Correct it" in refusal(path)


def test_an_entity_is_looked_for_where_the_connector_looks(tmp_path, monkeypatch):
    monkeypatch.delenv("CUSTOMERP_TRELLO_PROFILES", raising=False)
    for folder in ("elsewhere/mappings", "include/mappings", "include/customerp", "named"):
        (tmp_path / folder).mkdir(parents=True)
    path = changed(PROJECT, tmp_path / "elsewhere" / "mappings", ("entity: project", "entity: ticket"))
    assert refusal(path).endswith(f"add the entity to the profile in {SHIPPED.parent / 'customerp'}.")
    for file, entity in (("include/customerp/a.yaml", "case"), ("named/b.yaml", "ticket")):
        (tmp_path / file).write_text(f"entities: {{{entity}: {{path: /x}}}}\n", encoding="utf-8")
    beside = changed(PROJECT, tmp_path / "include" / "mappings", ("entity: project", "entity: ticket"))
    assert "project, employee, case. Correct it" in refusal(beside)
    monkeypatch.setenv("CUSTOMERP_TRELLO_PROFILES", str(tmp_path / "named"))
    assert load_mapping(path).customerp.entity == load_mapping(beside).customerp.entity == "ticket"
    assert "project, employee, ticket. Correct it" in refusal(
        changed(PROJECT, tmp_path / "include" / "mappings", ("entity: project", "entity: case"))
    )


def test_an_entity_beside_the_package_is_known_to_a_mapping_elsewhere(tmp_path, monkeypatch):
    monkeypatch.delenv("CUSTOMERP_TRELLO_PROFILES", raising=False)
    package = tmp_path / "plugins" / "customerp_trello" / "mapping" / "load.py"
    monkeypatch.setattr(load, "__file__", str(package))
    (tmp_path / "include" / "customerp").mkdir(parents=True)
    (tmp_path / "include" / "customerp" / "a.yaml").write_text("entities: {ticket: {path: /x}}\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    path = changed(PROJECT, tmp_path / "elsewhere", ("entity: project", "entity: ticket"))
    assert load_mapping(path).customerp.entity == "ticket"


def test_a_reference_to_an_unknown_entity_is_told_with_its_place(tmp_path):
    path = changed(PROJECT, tmp_path, ("references: employee", "references: staff"))
    assert f"Mapping {path}: properties[5].convert.references: found 'staff'" in refusal(path)


def test_where_the_mappings_are_looked_for(tmp_path, monkeypatch):
    for variable in (load.FOLDER_VARIABLE, "AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW_HOME"):
        monkeypatch.delenv(variable, raising=False)
    assert mappings_folder() == SHIPPED
    (tmp_path / "dags").mkdir()
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    assert mappings_folder() == SHIPPED
    (tmp_path / "include" / "mappings").mkdir(parents=True)
    assert mappings_folder() == tmp_path / "include" / "mappings"
    monkeypatch.setenv(load.FOLDER_VARIABLE, str(SHIPPED))
    assert mappings_folder() == SHIPPED
    monkeypatch.setenv(load.FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError) as caught:
        mappings_folder()
    assert str(caught.value) == (
        f"Mappings: CUSTOMERP_TRELLO_MAPPINGS is '{tmp_path / 'nowhere'}', which is no folder. Set it to the folder "
        "that holds the pairs' YAML files, or unset it to use include/mappings of the project."
    )


def test_a_pair_is_looked_for_where_the_mappings_are(tmp_path, monkeypatch):
    monkeypatch.setenv(load.FOLDER_VARIABLE, str(SHIPPED))
    assert load_pair(PROJECT).pair == PROJECT
    monkeypatch.setenv(load.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"holds no \.yaml file"):
        load_pair(PROJECT)


def test_the_airflow_home_comes_after_the_dags_folder(tmp_path, monkeypatch):
    monkeypatch.delenv(load.FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv("AIRFLOW__CORE__DAGS_FOLDER", raising=False)
    home, project = tmp_path / "home", tmp_path / "project"
    for folder in (home, project):
        (folder / "include" / "mappings").mkdir(parents=True)
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    assert mappings_folder() == home / "include" / "mappings"
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(project / "dags"))
    assert mappings_folder() == project / "include" / "mappings"


def test_a_project_without_mappings_is_told_where_they_were_looked_for(tmp_path, monkeypatch):
    monkeypatch.delenv(load.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(load, "_projects", lambda: iter([tmp_path / "a", tmp_path / "b", tmp_path / "a"]))
    with pytest.raises(ConfigurationError) as caught:
        mappings_folder()
    assert str(caught.value) == (
        f"Mappings: no folder include/mappings. Looked for: {tmp_path}/a/include/mappings, "
        f"{tmp_path}/b/include/mappings. Create one of them, or set CUSTOMERP_TRELLO_MAPPINGS to the folder that holds "
        "the pairs' YAML files."
    )


# --- what a DAG file imports at parse time


@pytest.mark.parametrize("module", ["model", "load", "document"])
def test_parsing_a_dag_file_loads_no_dataframes(module):
    code = (
        f"import sys, customerp_trello.mapping.{module}\n"
        "print(sorted({'pandas', 'pyarrow', 'numpy', 'sqlalchemy', 'airflow', 'nameparser'} & set(sys.modules)))"
    )
    plugins = Path(__file__).parents[2] / "plugins"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=plugins, check=True)
    assert run.stdout.strip() == "[]"
