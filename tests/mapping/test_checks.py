"""What contradicts itself in a mapping, in the words that a person reads."""

import pytest

from customerp_trello.mapping.checks import did_you_mean

PROJECT = "custom_project__trello_actions"
CONTACT = "custom_contact__trello_members"
CUSTOMER = "custom_customer__trello_organizations"
EMPLOYEE = "customerp_employee__trello_members"

TABLE = {"using": "value_table", "values": {"a": "A", "b": "B"}}
NO_CRON = (
    "is no cron expression. Valid: five fields (minute hour day month weekday), for instance '*/15 * * * *', "
    "or @hourly, @daily, @weekly"
)

CONTRADICTIONS = [
    # when it runs
    (PROJECT, {"schedule": "* * * * * *"}, f"schedule: '* * * * * *' {NO_CRON}"),
    (PROJECT, {"schedule": "@sometimes"}, f"schedule: '@sometimes' {NO_CRON}"),
    # who is who
    (
        PROJECT,
        {"link_keys": [{"properties": ["number"]}, {"properties": ["nam"]}]},
        "link_keys[1].properties[0]: 'nam' is no property of this mapping. Valid: number, name, status, start_date, "
        "end_date, manager, customer, description. Did you mean 'name'?",
    ),
    (
        PROJECT,
        {"link_keys": [{"properties": ["number"]}, {"properties": ["name"]}, {"properties": ["number"]}]},
        "link_keys[2]: the same key stands further up; remove one of the two",
    ),
    (
        PROJECT,
        {"link_keys": [{"properties": ["number"], "with_second": True}]},
        "link_keys[0].with_second: counts only beside another key, and there is no other",
    ),
    # pairs
    (PROJECT, {"after": [CUSTOMER, PROJECT]}, "after[1]: a pair cannot come after itself"),
    (PROJECT, {"after": [CUSTOMER, CUSTOMER]}, "after: names a pair twice"),
    # what a field of Trello's can be told
    (
        CONTACT,
        {"properties.customer.convert.by": "number"},
        "properties[0].convert: whose workspace it is goes by the customer's id. "
        "Valid: {using: reference, ..., by: id} (property 'customer')",
    ),
    (
        CONTACT,
        {"properties.role.type": "string"},
        "properties[6].type: 'role' holds one of a few words. Valid: enum; found string (property 'role')",
    ),
    (
        CONTACT,
        {"properties.role.convert.values": {"normal": "normal", "admin": "admn"}},
        "properties[6].convert: Trello knows no role 'admn'. Valid: normal, admin. Did you mean 'admin'? "
        "(property 'role')",
    ),
    (
        CONTACT,
        {"properties.role.convert": "(taken out)", "properties.role.values": ["normal", "owner"]},
        "properties[6].values: Trello knows no role 'owner'. Valid: normal, admin. (property 'role')",
    ),
    # sides
    (
        PROJECT,
        {"trello.on_gone": "deactivate"},
        "trello.on_gone: 'deactivate' does not fit actions. Valid: delete, unlink, restore, ignore",
    ),
    (
        PROJECT,
        {"trello.filter": [{"field": "a"}]},
        "trello.filter[0]: needs exactly one of: in (a list of values), empty (true or false)",
    ),
    (
        EMPLOYEE,
        {"customerp.on_unlinked.when": [{"field": "a", "empty": True}, {"field": "a", "in": [1], "empty": False}]},
        "customerp.on_unlinked.when[1]: needs exactly one of: in (a list of values), empty (true or false)",
    ),
    (
        CUSTOMER,
        {"customerp.on_unlinked": {"mode": "create", "property": "name"}},
        "customerp.on_unlinked.property: is for mode `related`, the mode is `create`",
    ),
    (
        CUSTOMER,
        {"customerp.on_unlinked": {"mode": "condition"}},
        "customerp.on_unlinked.when: mode `condition` needs at least one condition, "
        "such as {field: status, in: [active]}",
    ),
    (
        CUSTOMER,
        {"customerp.on_unlinked": {"mode": "create", "when": [{"field": "a", "empty": True}]}},
        "customerp.on_unlinked.when: is for mode `condition`, the mode is `create`",
    ),
    (
        CUSTOMER,
        {"customerp.on_unlinked": {"mode": "related"}, "after": [CONTACT]},
        "customerp.on_unlinked.property: mode `related` needs the reference to follow. "
        "Valid: none: give a property `convert: {using: reference, references: customer}`",
    ),
    (
        PROJECT,
        {"customerp.on_unlinked": {"mode": "related", "property": "costumer"}, "after": [CUSTOMER]},
        "customerp.on_unlinked.property: 'costumer' is no reference. Valid: manager, customer. "
        "Did you mean 'customer'?",
    ),
    (
        PROJECT,
        {"customerp.on_unlinked": {"mode": "related", "property": "customer"}},
        "customerp.on_unlinked.mode: `related` follows another pair's links: name that pair in `after`",
    ),
    # where in Trello
    (
        CUSTOMER,
        {"trello.scope": {"card": "x"}},
        "trello.scope.card: is no scope of organizations. Valid keys for organization: none",
    ),
    (
        EMPLOYEE,
        {"trello.scope": {"card": "x"}},
        "trello.scope.card: is no scope of members. Valid keys for member: workspaces, staff_workspaces, staff_pairs",
    ),
    (
        CONTACT,
        {"trello.scope.staff_workspaces": ["x"]},
        "trello.scope: `workspaces` and `staff_workspaces` exclude each other: customers' members or the staff",
    ),
    (
        EMPLOYEE,
        {"trello.scope.staff_pairs": [CONTACT]},
        "trello.scope.staff_pairs: is for `workspaces: linked`: only there staff and customers' people meet",
    ),
    (
        CONTACT,
        {"trello.scope.staff_pairs": [EMPLOYEE, CONTACT]},
        "trello.scope.staff_pairs[1]: the pair's own members cannot be somebody else's staff",
    ),
    (
        EMPLOYEE,
        {"trello.scope": {"workspaces": "linked"}},
        "after: `trello.scope.workspaces: linked` needs the pair that links workspaces here, "
        "for instance [custom_customer__trello_organizations]",
    ),
    # properties among themselves
    (
        PROJECT,
        {"properties.name.name": "status"},
        "properties[2].name: 'status' is also the name of properties[1]",
    ),
    (
        PROJECT,
        {"properties.end_date.trello": "START DATE"},
        "properties[4].trello: 'start date' is also written by properties[3]",
    ),
    (
        CUSTOMER,
        {"properties.website.trello": "desc"},
        "properties[3].trello: 'desc' is also written by properties[2]",
    ),
    (
        CUSTOMER,
        {f"properties.{name}.direction": "to_trello" for name in ("description", "website")}
        | {"properties.website.trello": "desc"},
        "properties[3].trello: 'desc' is also written by properties[2]",
    ),
    (
        CUSTOMER,
        {f"properties.{name}.direction": "to_customerp" for name in ("description", "website")}
        | {"properties.website.customerp": "description"},
        "properties[3].customerp: 'description' is also written by properties[2]",
    ),
]

OF_A_PROPERTY = [
    # path in the property "description" of the project pair, changes, sentence
    (
        "conflict",
        {"conflict": "latest", "direction": "to_trello"},
        "only a property with direction `both` can have one; the direction is `to_trello`",
    ),
    (
        "put_back",
        {"put_back": False},
        "false is for one-way properties: with `both` an edit travels, it is never put back",
    ),
    ("direction", {"create_only": True}, "`create_only` sends a value once, one way. Valid: to_trello, to_customerp"),
    (
        "put_back",
        {"create_only": True, "put_back": True, "direction": "to_trello"},
        "a `create_only` property is never written again, so nothing can be put back. Valid: false",
    ),
    ("customerp", {"customerp": ["a", "b"]}, "2 fields need `convert: {using: person_name}`; text takes one"),
    (
        "direction",
        {"type": "string", "convert": {"using": "short_name"}, "direction": "to_trello"},
        "a short name cannot be turned back. Valid: direction to_trello with create_only: true",
    ),
    (
        "direction",
        {"type": "string", "convert": {"using": "short_name"}, "direction": "to_customerp", "create_only": True},
        "a short name cannot be turned back. Valid: direction to_trello with create_only: true",
    ),
    (
        "type",
        {"convert": {"using": "short_name"}, "direction": "to_trello", "create_only": True},
        "short_name makes a string. Valid: string; found text",
    ),
    (
        "type",
        {"convert": {"using": "reference", "references": "project"}},
        "type `reference` and `convert: {using: reference, references: <entity>}` need each other",
    ),
    (
        "type",
        {"type": "reference"},
        "type `reference` and `convert: {using: reference, references: <entity>}` need each other",
    ),
    (
        "customerp",
        {"type": "string", "customerp": ["a"], "convert": {"using": "person_name", "one_word_to": "a"}},
        "person_name joins two fields, given name then family name; found a",
    ),
    (
        "customerp",
        {"type": "string", "customerp": ["a", "a"], "convert": {"using": "person_name", "one_word_to": "a"}},
        "person_name joins two fields, given name then family name; found a, a",
    ),
    (
        "convert.one_word_to",
        {"type": "string", "customerp": ["a", "b"], "convert": {"using": "person_name", "one_word_to": "c"}},
        "'c' is none of the property's fields. Valid: a, b",
    ),
    (
        "type",
        {"customerp": ["a", "b"], "convert": {"using": "person_name", "one_word_to": "a"}},
        "person_name makes a name. Valid: string; found text",
    ),
    ("type", {"convert": TABLE}, "value_table makes a word. Valid: enum, string, boolean; found text"),
    (
        "convert.values",
        {"type": "string", "convert": {"using": "value_table", "values": {True: "A", "true": "B"}}},
        "lists an ERP value twice (1 and '1' count as the same, so do true and 'true')",
    ),
    (
        "convert.values",
        {"type": "string", "convert": {"using": "value_table", "values": {2: "A", "2": "B"}}},
        "lists an ERP value twice (1 and '1' count as the same, so do true and 'true')",
    ),
    (
        "direction",
        {"type": "string", "convert": {**TABLE, "inactive": "Z"}},
        "the value table loses information (`inactive`), so there is no way back. Valid: to_trello",
    ),
    (
        "direction",
        {"type": "string", "convert": {"using": "value_table", "values": {"a": "A", "b": "A"}}},
        "the value table loses information (two ERP values with the same text), so there is no way back. "
        "Valid: to_trello",
    ),
    (
        "convert",
        {"type": "enum", "convert": TABLE, "values": ["A", "Be"]},
        "gives 'B', which `values` lacks. Valid: A, Be. Did you mean 'Be'?",
    ),
    (
        "values",
        {"type": "enum"},
        "an enum needs its values: a list here, or `convert: {using: value_table, values: {<ERP>: <Trello>}}`",
    ),
    ("values", {"values": ["A"]}, "only an enum lists values; the type is `text`"),
    (
        "values",
        {"type": "enum", "values": ["Open", "OPEN"]},
        "two values differ by case only; capitals are not told apart in an enum",
    ),
    ("direction", {"trello": "date"}, "'date' is Trello's own and cannot be written. Valid: to_customerp"),
    (
        "direction",
        {"trello": "date", "direction": "to_trello"},
        "'date' is Trello's own and cannot be written. Valid: to_customerp",
    ),
]


@pytest.mark.parametrize(("pair", "changes", "line"), CONTRADICTIONS, ids=[line[:40] for *_, line in CONTRADICTIONS])
def test_a_contradiction_is_told_where_and_why(complaints, pair, changes, line):
    assert complaints(pair, changes) == [line]


@pytest.mark.parametrize(("where", "changes", "words"), OF_A_PROPERTY, ids=[words[:40] for *_, words in OF_A_PROPERTY])
def test_a_property_that_contradicts_itself_is_named(complaints, where, changes, words):
    settings = {f"properties.description.{key}": value for key, value in changes.items()}
    assert complaints(PROJECT, settings) == [f"properties[7].{where}: {words} (property 'description')"]


def test_a_field_that_trello_lacks_is_told_with_those_that_it_has(complaints):
    assert complaints(CUSTOMER, {"properties.website.trello": "web"}) == [
        "properties[3].trello: 'web' is no field of organizations. Valid: name, displayName, desc, website, id, url, "
        "dateLastActivity. Did you mean 'website'? (property 'website')"
    ]


def test_a_side_creates_nothing_that_no_property_fills(complaints):
    """Each side's direction is looked at by itself."""
    names = ("number", "name", "description", "website")
    back = {f"properties.{name}.direction": "to_customerp" for name in names[1:]}
    number = {"convert": {"using": "text"}, "create_only": False, "direction": "to_customerp", "trello": "id"}
    back |= {f"properties.number.{key}": value for key, value in number.items()}
    assert complaints(CUSTOMER, back) == [
        "customerp.on_unlinked.mode: would create empty records: no property flows to trello"
    ]
    there = {f"properties.{name}.direction": "to_trello" for name in names[1:]}
    assert complaints(CUSTOMER, {**there, "trello.on_unlinked": {"mode": "create"}}) == [
        "trello.on_unlinked.mode: would create empty records: no property flows to customerp"
    ]
    assert complaints(CUSTOMER, there) == []


def test_related_is_for_the_erps_records(complaints):
    setting = {"mode": "related", "property": "customer"}
    assert complaints(PROJECT, {"after": [CUSTOMER], "trello.on_unlinked": setting}) == [
        "trello.on_unlinked.mode: `related` is for CustomERP's records; valid here: create, link_only, condition"
    ]
    assert complaints(PROJECT, {"after": [CUSTOMER], "customerp.on_unlinked": setting}) == []


@pytest.mark.parametrize(
    ("pair", "changes"),
    [
        (PROJECT, {"schedule": "@hourly"}),
        (PROJECT, {"timezone": "Europe/Berlin"}),
        (PROJECT, {"after": [CUSTOMER], "customerp.on_unlinked": {"mode": "related", "property": "customer"}}),
        (PROJECT, {"customerp.filter": [{"field": "a", "empty": False}, {"field": "b", "in": [1, "x", True]}]}),
        (PROJECT, {"trello.scope.card": "abcd1234"}),
        (PROJECT, {"properties.description.trello": "date", "properties.description.direction": "to_customerp"}),
        (PROJECT, {"properties.status.type": "string"}),
        (PROJECT, {"properties.status.type": "boolean", "properties.status.convert.values": {1: "Yes", 0: "No"}}),
        (PROJECT, {"properties.status.convert.values": {"open": "Open", "OPEN": "Wide open"}}),
        (PROJECT, {"properties.start_date.direction": "to_trello", "properties.end_date.customerp": "start_date"}),
        (CUSTOMER, {"properties.website.direction": "to_customerp", "properties.website.trello": "desc"}),
        (CUSTOMER, {"properties.website.direction": "to_trello", "properties.website.put_back": False}),
        (CUSTOMER, {"trello.on_gone": "delete", "customerp.on_gone": "restore"}),
        (CONTACT, {"trello.scope.staff_pairs": []}),
        (CONTACT, {"trello.on_gone": "deactivate"}),
        (EMPLOYEE, {"trello.scope.staff_workspaces": ["staff"]}),
    ],
    ids=str,
)
def test_what_makes_sense_is_not_refused(complaints, pair, changes):
    assert complaints(pair, changes) == []


@pytest.mark.parametrize(
    ("found", "hint"),
    [
        ("directon", " Did you mean 'direction'?"),
        ("DISPLAYNAME", " Did you mean 'displayName'?"),
        ("displaynam", " Did you mean 'displayName'?"),
        ("colour", ""),
        ("disp", ""),
        ("", ""),
    ],
)
def test_only_a_near_word_is_proposed_and_only_the_nearest(found, hint):
    assert did_you_mean(found, ["displayName", "direction", "directions"]) == hint
