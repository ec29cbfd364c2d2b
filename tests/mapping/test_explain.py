"""What a person reads about a mapping with the wrong shape: one line per place, with what is there and what fits."""

from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from customerp_trello.mapping.explain import explain
from customerp_trello.mapping.model import Mapping

SHIPPED = Path(__file__).parents[2] / "include" / "mappings"
RIGHT = yaml.safe_load((SHIPPED / "custom_project__trello_actions.yaml").read_text(encoding="utf-8"))
STATUS, MANAGER = 2, 5  # positions in the file


class Gone:
    """Takes a key out; its name in a test's id is the same in every process."""

    def __repr__(self):
        return "gone"


GONE = Gone()

A_TEXT = "a text (put it in quotes if YAML reads it as a number, a date or a boolean)"
A_SCALAR = f"true, false or a whole number or {A_TEXT}"
A_NAME = "lower-case letters, digits and _, beginning with a letter"
EXAMPLE = "is missing and required. Valid: see the shipped mappings for an example"


def lines(data):
    with pytest.raises(ValidationError) as caught:
        Mapping.model_validate(data)
    return explain(caught.value, data)


def with_value(path, value):
    """The shipped mapping with one value replaced, or taken out."""
    data = deepcopy(RIGHT)
    here = data
    for step in path[:-1]:
        here = here[step]
    if value is GONE:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        # the kind of value
        (["title"], 5, f"title: found 5. Valid: {A_TEXT}"),
        (["title"], None, f"title: found null. Valid: {A_TEXT}"),
        (["title"], False, f"title: found false. Valid: {A_TEXT}"),
        (["title"], date(2026, 3, 1), f"title: found datetime.date(2026, 3, 1). Valid: {A_TEXT}"),
        (["properties", 0, "required"], "yes", "properties[0].required: found 'yes'. Valid: true, false"),
        (["settle_seconds"], True, "settle_seconds: found true. Valid: a whole number"),
        (["guard", "create_share"], "20%", "guard.create_share: found '20%'. Valid: a number"),
        (["guard", "create_share"], True, "guard.create_share: found true. Valid: a number"),
        (["after"], 5, "after: found 5. Valid: a list"),
        (["after"], [5], f"after[0]: found 5. Valid: {A_TEXT}"),
        (["customerp"], "x", "customerp: found 'x'. Valid: keys with values"),
        (["properties", 0], "x", "properties[0]: found 'x'. Valid: keys with values"),
        (["properties", STATUS, "convert"], [1], "properties[2].convert: found [1]. Valid: keys with values"),
        # one of several words
        (["tie"], "nobody", "tie: found 'nobody'. Valid: customerp, trello."),
        (["tie"], "trelo", "tie: found 'trelo'. Valid: customerp, trello. Did you mean 'trello'?"),
        (
            ["properties", STATUS, "convert", "using"],
            "referense",
            "properties[2].convert.using: found 'referense'. Valid: text, value_table, person_name, short_name, "
            "reference. Did you mean 'reference'?",
        ),
        # names
        (["properties", 0, "name"], "1st", f"properties[0].name: found '1st'. Valid: {A_NAME}"),
        (
            ["properties", MANAGER, "convert", "references"],
            "Staff",
            f"properties[5].convert.references: found 'Staff'. Valid: {A_NAME}",
        ),
        (
            ["pair"],
            "projects",
            "pair: found 'projects'. Valid: lower-case letters, digits and _, with two __ between the two sides",
        ),
        # too little, too much
        (["title"], "", "title: found ''. Valid: a text with at least this many characters: 1"),
        (["properties"], [], "properties: found []. Valid: at least this many entries: 1"),
        (["full_listing_every_hours"], 0, "full_listing_every_hours: found 0. Valid: at least 1"),
        (["properties", 0, "max_length"], 0, "properties[0].max_length: found 0. Valid: more than 0"),
        (["guard", "delete_share"], 1.5, "guard.delete_share: found 1.5. Valid: at most 1.0"),
        # what is missing
        (["customerp"], GONE, f"customerp: {EXAMPLE}"),
        (["customerp", "entity"], GONE, f"customerp.entity: {EXAMPLE}"),
        (["properties", MANAGER, "convert", "references"], GONE, f"properties[5].convert.references: {EXAMPLE}"),
        (
            ["trello", "entity"],
            GONE,
            "trello.entity: is missing and required. Valid: organization, member, action",
        ),
        (
            ["customerp", "on_unlinked", "mode"],
            GONE,
            "customerp.on_unlinked.mode: is missing and required. Valid: create, link_only, related, condition",
        ),
        # keys that nobody knows
        (
            ["customerp", "on_unlinked", "via"],
            "x",
            "customerp.on_unlinked.via: unknown key. Valid keys: mode, property, when.",
        ),
        (
            ["log"],
            {"personal": "x"},
            "log.personal: unknown key. Valid keys: personal_data. Did you mean 'personal_data'?",
        ),
        (
            ["properties", MANAGER, "convert", "value_table"],
            "x",
            "properties[5].convert.value_table: unknown key. Valid keys: using, references, by.",
        ),
        # conditions: a value is a scalar of YAML
        (
            ["customerp", "filter"],
            [{"field": "a", "in": [1.5]}],
            f"customerp.filter[0].in[0]: found 1.5. Valid: {A_SCALAR}",
        ),
        (
            ["customerp", "filter"],
            [{"field": "a", "in": [{"b": 1}]}],
            f"customerp.filter[0].in[0]: found {{'b': 1}}. Valid: {A_SCALAR}",
        ),
        (
            ["customerp", "filter"],
            [{"field": "a", "in": [[1]]}],
            f"customerp.filter[0].in[0]: found [1]. Valid: {A_SCALAR}",
        ),
        (
            ["customerp", "filter"],
            [{"field": "a", "in": []}],
            "customerp.filter[0].in: found []. Valid: at least this many entries: 1",
        ),
        # value tables
        (
            ["properties", STATUS, "convert", "values"],
            {},
            "properties[2].convert.values: found {}. Valid: at least this many entries: 1",
        ),
        (
            ["properties", STATUS, "convert", "values"],
            ["open"],
            "properties[2].convert.values: found ['open']. Valid: keys with values",
        ),
        (
            ["properties", STATUS, "convert", "values"],
            {0: "Low", 1.5: "High"},
            "properties[2].convert.values: found {0: 'Low', 1.5: 'High'}: 1.5 is no key here. "
            "Valid: a text, a whole number, true, false",
        ),
        (
            ["properties", STATUS, "convert", "values"],
            {"open": True},
            "properties[2].convert.values: found {'open': True}: the text for 'open' must be a string, found True: "
            "put it in quotes",
        ),
        (
            ["properties", STATUS, "convert", "values"],
            {None: "Open"},
            "properties[2].convert.values: found {None: 'Open'}: null is no key here: "
            "name the text for null with `empty`",
        ),
    ],
    ids=str,
)
def test_one_place_is_one_line(path, value, line):
    assert lines(with_value(path, value)) == [line]


@pytest.mark.parametrize("data", ["a text", [1]])
def test_a_file_that_is_no_mapping_has_no_path(data):
    assert lines(data) == [f"(the whole file): found {data!r}. Valid: keys with values"]


def test_every_required_key_of_an_empty_file_is_named():
    required = ["pair", "title", "schedule", "customerp", "trello", "link_keys", "properties"]
    assert lines({}) == [f"{key}: {EXAMPLE}" for key in required]


@pytest.mark.parametrize(("length", "shown"), [(58, "'" + "y" * 58 + "'"), (59, "'" + "y" * 56 + "...")])
def test_a_long_value_is_cut(length, shown):
    assert lines(with_value(["tie"], "y" * length)) == [f"tie: found {shown}. Valid: customerp, trello."]


def test_what_contradicts_itself_is_listed_beside_nothing_else():
    found = lines(with_value(["timezone"], "Berlin"))
    assert found == ["timezone: 'Berlin' is no IANA time zone. Valid: for instance UTC, Europe/Berlin"]
