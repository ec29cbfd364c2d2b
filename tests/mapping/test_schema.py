"""What an editor is told of mapping files agrees with what the package takes."""

import copy
from pathlib import Path

import jsonschema
import pytest
import yaml

from customerp_trello.mapping import schema

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = sorted((REPOSITORY / "include" / "mappings").glob("*.yaml"))
FILES = [*SHIPPED, Path(__file__).with_name("suppliers.yaml")]


@pytest.fixture(scope="module")
def validator():
    text = (REPOSITORY / "include" / "mappings" / schema.NAME).read_text(encoding="utf-8")
    assert text == schema.text(), "write it anew: python -m customerp_trello.mapping.schema"
    found = yaml.safe_load(text)
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_mapping_fits(validator, file):
    assert list(validator.iter_errors(yaml.safe_load(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_mapping_tells_the_editor(file):
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={schema.NAME}"


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("schedul",), "@daily"),
        (("first_run",), "maybe"),
        (("customerp", "on_gone"), "destroy"),
        (("customerp", "on_unlinked", "mode"), "copy"),
        (("trello", "entity"), "card"),
        (("properties", 0, "direction"), "up"),
        (("properties", 0, "customerp"), 7),
        (("properties", 0, "convert"), {"using": "magic"}),
        (("properties", 0, "max_length"), 0),
        (("link_keys", 0, "properties"), [""]),
        (("guard", "delete_share"), 2),
    ],
)
def test_what_the_package_refuses_is_marked_while_somebody_types(validator, where, value):
    mapping = copy.deepcopy(yaml.safe_load(SHIPPED[1].read_text(encoding="utf-8")))
    place = mapping
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    assert list(validator.iter_errors(mapping))


def test_a_value_table_may_have_any_erp_value_and_a_field_may_stand_alone_or_in_a_list(validator):
    mapping = yaml.safe_load(SHIPPED[1].read_text(encoding="utf-8"))
    table = {"using": "value_table", "values": {"true": "yes", "0": "no"}, "empty": "no"}
    mapping["properties"] = [
        {"name": "one", "customerp": "a", "trello": "b", "type": "string"},
        {"name": "two", "customerp": ["a", "c"], "trello": "d", "type": "enum", "values": ["x", "y"]},
        {"name": "three", "customerp": "e", "trello": "f", "type": "enum", "convert": table},
    ]
    mapping["trello"]["filter"] = [{"field": "name", "in": "x"}, {"field": "b", "in": [True, 3, "y"]}]
    assert list(validator.iter_errors(mapping)) == []
