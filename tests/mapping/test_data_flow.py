"""The data-flow document: complete tables, a checklist, and nothing that reStructuredText would read as markup."""

from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from customerp_trello.mapping.checklist import checklist
from customerp_trello.mapping.data_flow import CROSSED_BOX, EMPTY_BOX, TICKED_BOX, chapter, data_flow, qa_table
from customerp_trello.mapping.document import PROPERTY_HEAD, property_rows
from customerp_trello.mapping.load import load_mapping

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "include" / "mappings").glob("*.yaml"))


def read(text):
    """The document tree; a warning of the parser is an error."""
    return publish_doctree(text, settings_overrides={"halt_level": 2, "report_level": 2})


def tables(tree):
    """Each table as rows of texts."""
    return [
        [[cell.astext() for cell in row.findall(nodes.entry)] for row in table.findall(nodes.row)]
        for table in tree.findall(nodes.table)
    ]


@pytest.fixture(params=SHIPPED, ids=lambda path: path.stem)
def mapping(request):
    return load_mapping(request.param)


def test_the_table_says_what_the_mapping_says(mapping):
    properties, qa = tables(read(chapter(mapping)))
    assert properties == [list(PROPERTY_HEAD), *map(list, property_rows(mapping))]
    assert [row[0] for row in qa[1:]] == [prop.label for prop in mapping.properties]
    assert all(cell.startswith(EMPTY_BOX) for row in qa[1:] for cell in row[1:])


def test_the_whole_document_has_a_chapter_for_each_pair():
    mappings = [load_mapping(path) for path in SHIPPED]
    titles = [title.astext() for title in read(data_flow(mappings)).findall(nodes.title)]
    assert [title for title in titles if title in {one.title for one in mappings}] == [one.title for one in mappings]


def test_names_that_look_like_markup_stay_names(mapping):
    odd = "*stars* `ticks` under_score_ |bars| back\\slash"
    changed = mapping.model_copy(
        update={
            "title": odd,
            "properties": tuple(prop.model_copy(update={"label": odd, "trello": odd}) for prop in mapping.properties),
        }
    )
    tree = read(chapter(changed))
    properties, qa = tables(tree)
    assert {row[1] for row in properties[1:]} == {row[0] for row in qa[1:]} == {odd}
    assert odd in {tree.get("title"), *(title.astext() for title in tree.findall(nodes.title))}


def test_the_checklist_says_what_becomes_of_an_edit():
    customers = load_mapping(next(path for path in SHIPPED if path.stem.startswith("custom_customer")))
    words = {(check.name, check.side): check.outcome for check in checklist(customers)}
    assert words["name", "customerp"] == words["name", "trello"] == "arrives"
    assert words["number", "customerp"] == words["number", "trello"] == "stays"  # given once
    employees = load_mapping(next(path for path in SHIPPED if path.stem.startswith("customerp_employee")))
    both = employees.model_copy(
        update={
            "properties": tuple(
                prop.model_copy(update={"direction": "to_customerp", "put_back": True}) for prop in employees.properties
            )
        }
    )
    assert {check.outcome for check in checklist(both) if check.side == "trello"} == {"arrives"}
    assert {check.outcome for check in checklist(both) if check.side == "customerp"} == {"put_back"}


def test_boxes_are_ticked_for_what_was_seen(mapping):
    seen, other, *_ = checklist(mapping)
    _, first, *rest = tables(read(qa_table(mapping, passed=[seen], failed=[other])))[0]
    assert [cell[0] for cell in first[1:]] == [TICKED_BOX, CROSSED_BOX]
    assert {cell[0] for row in rest for cell in row[1:]} == {EMPTY_BOX}
