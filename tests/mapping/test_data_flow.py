"""The data-flow document: complete tables, a checklist, and nothing that reStructuredText would read as markup."""

from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from customerp_trello.mapping.checklist import checklist
from customerp_trello.mapping.data_flow import (
    CROSSED_BOX,
    EMPTY_BOX,
    TICKED_BOX,
    chapter,
    data_flow,
    qa_document,
    qa_table,
)
from customerp_trello.mapping.document import PROPERTY_HEAD, Section, property_rows, sections
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


def test_a_chapter_has_a_section_for_each_thing_there_is_to_say(mapping):
    text = chapter(mapping)
    found = sections(mapping)
    titles = [title.astext() for title in read(text).findall(nodes.title)]
    assert titles[-len(found) - 1 :] == [*(one.title for one in found), "QA checklist"]
    for title in titles[-len(found) - 1 :]:
        assert f"\n\n{title}\n{'-' * len(title)}\n\n" in text


def test_what_has_an_order_is_numbered_and_the_rest_has_bullets(mapping):
    tree = read(chapter(mapping))
    numbered = [len(one.children) for one in tree.findall(nodes.enumerated_list)]
    bullets = [len(one.children) for one in tree.findall(nodes.bullet_list) if not isinstance(one.parent, nodes.entry)]
    found = sections(mapping)
    assert numbered == [len(one.lines) for one in found if one.ordered]
    assert bullets == [len(one.lines) for one in found if not one.ordered]


def test_what_is_code_or_bold_is_so_and_the_text_between_is_complete(monkeypatch):
    only = [Section("Said", ("before `code_` between **bold_** after",))]
    monkeypatch.setattr("customerp_trello.mapping.data_flow.sections", lambda _: only)
    (said,) = read(chapter(load_mapping(SHIPPED[0]))).findall(nodes.list_item)
    assert said.astext() == "before code_ between bold_ after"
    assert [one.astext() for one in said.findall(nodes.literal)] == ["code_"]
    assert [one.astext() for one in said.findall(nodes.strong)] == ["bold_"]


def test_a_name_of_two_lines_is_a_name_of_one():
    mapping = load_mapping(SHIPPED[0])
    labels = (mapping.properties[0].model_copy(update={"label": "Two\nlines"}), *mapping.properties[1:])
    qa = tables(read(qa_table(mapping.model_copy(update={"properties": labels}))))[0]
    assert qa[1][0] == "Two lines"


def test_the_checklists_that_were_gone_through_are_a_document_of_their_own():
    mappings = [load_mapping(path) for path in SHIPPED]
    seen = []
    for mapping in mappings:
        held, broken, apart, *_ = checklist(mapping)
        seen.append((mapping, [held], [broken], {apart: "nobody can"}))
    text = qa_document(seen)
    assert text.startswith("QA checklist\n############\n\n")
    assert text.endswith("\n")
    for mapping in mappings:
        assert f"\n\n{mapping.title}\n{'=' * len(mapping.title)}\n\n.. list-table::\n   :header-rows: 1\n" in text
    found = tables(read(text))
    assert [[row[0] for row in table] for table in found] == [
        ["Property", *(prop.label for prop in mapping.properties)] for mapping in mappings
    ]
    for table in found:
        assert table[0] == ["Property", "Edited in CustomERP", "Edited in Trello"]
        assert [cell[0] for cell in table[1][1:]] == [TICKED_BOX, CROSSED_BOX]
        assert table[2][1] == "\u2013 nobody can"


def test_what_is_not_put_back_stays():
    employees = load_mapping(next(path for path in SHIPPED if path.stem.startswith("customerp_employee")))
    changed = [
        prop.model_copy(update={"direction": "to_customerp", "put_back": False}) for prop in employees.properties
    ]
    found = checklist(employees.model_copy(update={"properties": tuple(changed)}))
    assert {check.outcome for check in found if check.side == "customerp"} == {"stays"}
