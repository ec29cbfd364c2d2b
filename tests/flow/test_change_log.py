"""What the log shows of a change, and what it keeps to itself."""

import pandas as pd

from customerp_trello.flow.change_log import Masker, show_plan
from customerp_trello.mapping.load import load_pair
from customerp_trello.mapping.model import Property
from customerp_trello.reconcile.plan import make_plan


def test_personal_values_are_masked_unless_the_mapping_says_plain():
    mapping = load_pair("customerp_employee__trello_members")
    mask = Masker(mapping)
    assert mask.value("full_name", "Anna Berg") == "***"
    assert mask.value("role", "admin") == "admin"
    assert mask.value("full_name", "") == "-"
    assert mask.value("full_name", None) == "?"
    assert mask.key("anna@company.example") == "***"
    plain = mapping.model_copy(update={"log": mapping.log.model_copy(update={"personal_data": "plain"})})
    assert Masker(plain).value("full_name", "Anna Berg") == "Anna Berg"
    assert Masker(plain).key("anna@company.example") == "anna@company.example"


def test_a_free_text_is_personal_unless_the_mapping_says_that_it_is_not():
    mapping = load_pair("custom_project__trello_actions")
    assert Masker(mapping).value("description", "Call Anna: +49 151 98765432") == "***"
    assert Masker(mapping).value("name", "Rollout") == "Rollout"
    assert Masker(mapping).value("of an older mapping", "Anna Berg") == "***", "it may have been personal"
    content = mapping.property("description").model_dump(by_alias=True, exclude_unset=True)
    assert Property.model_validate(content | {"personal": False}).personal is False


def test_a_plan_reads_as_lines_and_long_texts_are_cut(capsys):

    mapping = load_pair("custom_customer__trello_organizations")
    row = {"side": "trello", "operation": "update", "link": 1, "customerp_id": "7", "trello_id": "t7", "key": "c1007"}
    rows = [
        row | {"property": "name", "before": "Old", "after": "New", "cause": "edited_in_customerp"},
        row | {"property": "website", "before": "", "after": "https://x.example/" * 20, "cause": "edited_in_customerp"},
        row | {"property": "description", "before": "", "after": "a secret", "cause": "edited_in_customerp"},
    ]
    show_plan(make_plan([pd.DataFrame(rows)]), mapping)
    out = capsys.readouterr().out
    assert "name: Old -> New" in out
    assert "characters)" in out
    assert "description: - -> ***" in out
    assert max(len(line) for line in out.splitlines()) < 260
    assert "::group::Plan: 1 changes" in out
