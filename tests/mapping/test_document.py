"""The page that a person reads instead of the YAML."""

from pathlib import Path

import pytest

from customerp_trello.mapping.document import describe, property_table
from customerp_trello.mapping.load import load_pair

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
