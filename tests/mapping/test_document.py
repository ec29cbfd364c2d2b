"""The page that a person reads instead of the YAML."""

from pathlib import Path

import pytest
import yaml

from customerp_trello.mapping.document import describe, property_table
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import Mapping

SHIPPED = Path(__file__).parents[2] / "include" / "mappings"
PAIRS = sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]


@pytest.mark.parametrize("pair", PAIRS)
def test_the_table_has_a_row_per_property_in_the_files_order(pair):
    mapping = load_pair(pair, SHIPPED)
    head, rule, *rows = cells(property_table(mapping))
    assert head == ["CustomERP property", "Trello property", "Trello data type", "Direction", "Conflict policy"]
    assert set(rule) == {"---"}
    assert [row[1] for row in rows] == [prop.trello for prop in mapping.properties]
    assert {len(row) for row in rows} == {5}


def test_a_row():
    rows = cells(property_table(load_pair("custom_contact__trello_members", SHIPPED)))
    assert ["first_name + last_name", "fullName", "string", "both ways", "latest edit"] in rows
    assert ["email", "email", "email", "to Trello", "-"] in rows


@pytest.mark.parametrize("pair", PAIRS)
def test_the_page_says_how_records_meet_and_what_is_removed(pair):
    mapping = load_pair(pair, SHIPPED)
    page = describe(mapping)
    assert page.startswith(f"# {mapping.title}\n")
    assert property_table(mapping) in page
    for title in ("Who is who", "What takes part", "Created and removed", "When a run is held"):
        assert f"## {title}\n\n" in page
    assert "None" not in page
    assert "more than 5 and more than 10% of the linked records" in page


def test_the_page_in_words():
    page = describe(load_pair("custom_contact__trello_members", SHIPPED))
    assert "Follows `custom_customer__trello_organizations`." in page
    assert "without a counterpart in Trello gets a counterpart there when its customer is linked" in page
    assert "`true` is 'active'; a record that is switched off is 'none'" in page
    assert "the deletion wins" in page
    page = describe(load_pair("custom_customer__trello_organizations", SHIPPED))
    assert "1. Customer number (only together with another equal key)\n2. Website\n3. Name" in page
    assert "A CustomERP customer whose counterpart is gone is switched off" in page
    page = describe(load_pair("custom_project__trello_actions", SHIPPED))
    assert "the lost counterpart is made again from it" in page
    page = describe(load_pair("customerp_employee__trello_members", SHIPPED))
    assert "status is `active` and active is `true`" in page


HERE = Path(__file__).parent


@pytest.mark.parametrize("pair", PAIRS)
def test_the_page_says_that_the_guard_counts_memberships_where_there_are_any(pair):
    page = describe(load_pair(pair, SHIPPED))
    for line in (
        "Creates (whoever gets a membership included)",
        "switching off and whoever loses a membership included",
    ):
        assert (line in page) == pair.endswith("__trello_members")


def suppliers():
    """A pair of a user's own in which nearly every setting says something else than in the shipped ones."""
    return yaml.safe_load((HERE / "suppliers.yaml").read_text(encoding="utf-8"))


def test_a_whole_page():
    assert describe(Mapping.model_validate(suppliers())) == (HERE / "suppliers.md").read_text(encoding="utf-8")


def test_a_pair_without_anything_to_note_has_no_notes():
    plain = {"customerp": "x", "type": "string"}
    data = suppliers() | {"properties": [{**plain, "name": "name", "trello": "displayName"}]}
    page = describe(Mapping.model_validate(data | {"link_keys": [{"properties": ["name"]}], "after": []}))
    assert "Notes" not in page
    assert "Follows" not in page
    assert page.splitlines()[2].endswith(" hours.")
    assert "\n\n\n" not in page


@pytest.mark.parametrize(
    ("pair", "scope", "line"),
    [
        (
            "custom_project__trello_actions",
            {"card": "abcd1234"},
            "- Trello: every action that is a comment on the register card (abcd1234)",
        ),
        (
            "custom_project__trello_actions",
            {},
            "- Trello: every action that is a comment on the register card (the one of the connection)",
        ),
        (
            "customerp_employee__trello_members",
            {"staff_workspaces": ["berlin", "oslo"]},
            "- Trello: every member of the staff workspaces (berlin, oslo)",
        ),
        (
            "customerp_employee__trello_members",
            {},
            "- Trello: every member of the staff workspaces (those of the connection)",
        ),
        (
            "custom_contact__trello_members",
            {"workspaces": "linked"},
            "- Trello: every member of a workspace that is linked to a customer",
        ),
        (
            "custom_contact__trello_members",
            {"workspaces": "linked", "staff_pairs": ["a__b", "c__d"]},
            "- Trello: every member of a workspace that is linked to a customer, except the staff of `a__b` and `c__d`",
        ),
    ],
)
def test_the_page_says_where_the_records_live(pair, scope, line):
    mapping = load_pair(pair, SHIPPED)
    data = yaml.safe_load((SHIPPED / f"{pair}.yaml").read_text(encoding="utf-8"))
    data["trello"]["scope"] = scope
    assert line in describe(Mapping.model_validate(data)).splitlines()
    assert f"`{mapping.pair}`" in describe(mapping)


@pytest.mark.parametrize(
    ("pair", "lines"),
    [
        (
            "custom_project__trello_actions",
            [
                "- **Customer**: the customer's number.",
                "- A CustomERP project whose counterpart is gone stays, and the lost counterpart is made again from it",
                "- A Trello action whose counterpart is gone is kept and no longer synced",
                "- The first run is a preview that a person lets through",
            ],
        ),
        (
            "custom_contact__trello_members",
            [
                "- **Customer**: the customer's id.",
                "- **Full name**: both names joined; a single word goes to `last_name`; masked in the log.",
                "- A CustomERP contact without a counterpart in Trello gets a counterpart there when its customer is "
                "linked",
                "- A Trello member without a counterpart in CustomERP is linked when one fits, nothing is created",
                "- Deleted on one side and edited on the other in the same run: the deletion wins",
            ],
        ),
        (
            "custom_customer__trello_organizations",
            ["- A CustomERP customer whose counterpart is gone is switched off, nothing is deleted"],
        ),
    ],
)
def test_the_shipped_pages_say_line_by_line(pair, lines):
    page = describe(load_pair(pair, SHIPPED)).splitlines()
    assert [line for line in lines if line not in page] == []
    assert ("is switched off in CustomERP counts as gone" in "\n".join(page)) == ("members" not in pair)


def project(**changes):
    data = yaml.safe_load((SHIPPED / "custom_project__trello_actions.yaml").read_text(encoding="utf-8"))
    return Mapping.model_validate(data | changes)


def test_a_code_is_shown_as_the_erp_spells_it():
    erp = {"connection": "c", "entity": "project", "on_unlinked": {"mode": "create"}, "on_gone": "unlink"}
    page = describe(project(customerp={**erp, "filter": [{"field": "state", "in": ["OPEN", True, 7]}]}))
    assert "- CustomERP: every project whose state is `OPEN` or `true` or `7`" in page.splitlines()


def test_a_title_of_two_lines_is_one_cell():
    plain = {"name": "number", "customerp": "number", "type": "string"}
    assert "| number | Our number | string |" in property_table(
        project(properties=[{**plain, "trello": "Our\nnumber"}])
    )
