"""What is proposed for the sandbox's ERP: a valid mapping, close to what people wrote, with questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from other_names import OTHER_NAMES, under_other_names

from customerp_trello.mapping import schema
from customerp_trello.mapping.load import load_mapping, load_pair
from customerp_trello.mapping.model import Mapping
from customerp_trello.mapping_starter.__main__ import PAIRS

Start = Callable[..., tuple[int, str, str]]
CUSTOMERS, EMPLOYEES, CONTACTS, PROJECTS = PAIRS


def questions(text: str) -> dict[str, str]:
    """Property -> what is asked about it."""
    found: dict[str, str] = {}
    asked: list[str] = []
    for line in text.splitlines():
        if line.startswith("  # "):
            asked.append(line.removeprefix("  # ").removeprefix("decide: "))
        elif name := re.match(r"  - name: (\w+)", line):
            if asked:
                found[name.group(1)] = " ".join(asked)
            asked = []
    return found


def shape(mapping: Mapping) -> dict[str, Any]:
    """What of a mapping decides about data, without the values of tables: these are what the records happen to have."""
    data = mapping.model_dump(exclude={"title", "schedule", "guard", "log", "properties"})
    properties = [one.model_dump(exclude={"convert", "label"}) for one in mapping.properties]
    return {**data, "properties": properties, "converters": [one.convert.using for one in mapping.properties]}


@pytest.mark.parametrize("pair", PAIRS)
def test_for_the_sandbox_it_is_what_people_wrote(starter: Start, tmp_path: Path, pair: str) -> None:
    status, text, error = starter(pair)
    assert (status, error) == (0, "")
    file = tmp_path / f"{pair}.yaml"
    file.write_text(text, encoding="utf-8")
    proposed = load_mapping(file)
    validator = jsonschema.Draft202012Validator(yaml.safe_load(schema.text()))
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={schema.NAME}"
    assert shape(proposed) == shape(load_pair(pair))
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("pair", PAIRS)
def test_it_reads_the_erp_alone_and_tells_nothing_about_anybody(starter: Start, pair: str) -> None:
    _, text, _ = starter(pair)
    erp = starter.erp  # type: ignore[attr-defined]
    assert erp.requests()["writes_taken"] == 0
    assert erp.requests()["total"] <= 3
    sql = ("SELECT last_name, work_email FROM employees", "SELECT last_name, email FROM contacts",
           "SELECT name, website FROM customers")  # fmt: skip
    values = {value for one in sql for row in erp.service.database.rows(one) for value in row if value}
    assert len(values) > 50
    assert [value for value in values if len(value) > 3 and value in text] == []


@pytest.mark.parametrize("pair", PAIRS)
def test_it_knows_fields_under_other_names(starter: Start, tmp_path: Path, pair: str) -> None:
    status, text, error = starter(pair, profile=under_other_names())
    assert (status, error) == (0, "")
    file = tmp_path / f"{pair}.yaml"
    file.write_text(text, encoding="utf-8")
    entity, _ = PAIRS[pair]
    theirs = {name: mine for mine, name in OTHER_NAMES[entity].items()}
    expected = {
        one.name: tuple(theirs.get(field, field) for field in one.customerp) for one in load_pair(pair).properties
    }
    assert {one.name: one.customerp for one in load_mapping(file).properties} == expected


def test_what_is_not_sure_is_asked(starter: Start) -> None:
    _, text, _ = starter(EMPLOYEES)
    asked = questions(text)
    assert "first_name or last_name?" in asked["full_name"]
    assert "are these all values" in asked["membership"]
    assert "no record that was read has anything in it" in asked["bio"]
    assert "email" not in asked
    _, text, _ = starter(CONTACTS, profile=under_other_names())
    asked = questions(text)
    assert asked["email"] == "chosen by what it holds (email), not by its name"
    assert asked["customer"] == "chosen by a part of its name"
    assert "job_title (code)" in text


def test_a_status_that_nobody_knows_is_a_question_and_invites_nobody(starter: Start) -> None:
    database = starter.erp.service.database  # type: ignore[attr-defined]
    database.run("UPDATE employees SET status = 'blue' WHERE id % 2")
    _, text, _ = starter(EMPLOYEES)
    assert "which membership (active, deactivated, none) is meant by blue?" in questions(text)["membership"]
    assert "blue: " not in text
    database.run("UPDATE employees SET status = 'green' WHERE status <> 'blue'")
    profile = under_other_names()
    del profile["entities"]["employee"]["active"]
    _, text, _ = starter(EMPLOYEES, profile=profile)
    assert yaml.safe_load(text)["customerp"]["on_unlinked"] == {"mode": "link_only"}
    assert "nothing says who works here, so nobody is invited" in text


def test_a_person_may_choose(starter: Start) -> None:
    status, text, _ = starter(CUSTOMERS, "--field", "description=payment_terms", "--field", "website=email")
    assert status == 0
    fields = {one["name"]: one["customerp"] for one in yaml.safe_load(text)["properties"]}
    assert (fields["description"], fields["website"]) == ("payment_terms", "email")


def test_an_erp_with_less(starter: Start) -> None:
    profile = under_other_names()
    customer = profile["entities"]["customer"]
    del customer["active"], customer["number"]
    profile["delete"] = {"kind": "none"}
    status, text, _ = starter(CUSTOMERS, profile=profile)
    mapping = yaml.safe_load(text)
    assert status == 0
    assert mapping["customerp"]["on_gone"] == "unlink"
    assert [key["properties"] for key in mapping["link_keys"]] == [["website"], ["name"]]
    assert "kundennr (text)" in text


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "entity": (
        (CUSTOMERS, "--entity", "costumer"),
        "no entity 'costumer'; valid: contact, customer, project",
    ),
    "field": ((CUSTOMERS, "--field", "website=websit"), "no customer has it; valid: id, number"),
    "property": ((CUSTOMERS, "--field", "web=website"), "no such property; valid for customer: number, name"),
    "form of a field": ((CUSTOMERS, "--field", "website"), "valid: PROPERTY=FIELD, such as email=mail_1"),
    "field twice": ((CUSTOMERS, "--field", "website=name", "--field", "name=name"), "the same field is chosen twice"),
    "connection": ((CUSTOMERS, "--connection", "nowhere"), "connection nowhere does not exist"),
    "no customer": ((CONTACTS, "--entity", "employee"), "refers to its customer; name it with --field customer="),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_said_in_a_sentence(starter: Start, case: str) -> None:
    arguments, said = WRONG[case]
    status, text, error = starter(*arguments)
    assert (status, text) == (1, "")
    assert error.startswith("ConfigurationError: ")
    assert said in error
    assert len(error.splitlines()) == 1


def test_without_records_there_is_nothing_to_propose_from(starter: Start) -> None:
    starter.erp.service.database.run("DELETE FROM projects")  # type: ignore[attr-defined]
    status, _, error = starter(PROJECTS)
    assert (status, "the ERP has no project yet" in error) == (1, True)


def test_a_file_is_made_and_never_overwritten(starter: Start, tmp_path: Path) -> None:
    status, said, _ = starter(CUSTOMERS, "--output", str(tmp_path))
    file = tmp_path / f"{CUSTOMERS}.yaml"
    assert status == 0
    assert str(file) in said
    assert load_mapping(file).pair == CUSTOMERS
    file.write_text("mine", encoding="utf-8")
    for output in (tmp_path, file):
        status, _, error = starter(CUSTOMERS, "--output", str(output))
        assert (status, "is never overwritten" in error) == (1, True)
    assert file.read_text(encoding="utf-8") == "mine"
    for output, cause in (("other.yaml", "named after its pair"), (f"no/{CUSTOMERS}.yaml", "cannot be written")):
        status, _, error = starter(CUSTOMERS, "--output", str(tmp_path / output))
        assert (status, cause in error) == (1, True)
