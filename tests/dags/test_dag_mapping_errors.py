"""A mistake in one pair's mapping is that pair's import error, with everything needed to correct it."""

from __future__ import annotations

import shutil

import pytest
from four_dags import CUSTOMERS, EMPLOYEES, MAPPINGS, PAIRS, PROJECTS, load_dags

from customerp_trello.mapping.load import FOLDER_VARIABLE

OTHERS = {"customerp_trello__audit", "customerp_trello__decisions"}
"""DAGs beside the pairs': no pair's mistake keeps them from working for the others."""

MISSPELT = "  - name: misspelt\n    customerp: misspelt\n    trello: misspelt\n    type: string\n    directon: both\n"


@pytest.fixture
def mappings(tmp_path, monkeypatch):
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, folder)
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@pytest.mark.parametrize("pair", PAIRS)
def test_a_misspelt_key_is_named_with_file_path_and_valid_keys_and_the_others_import(mappings, pair):
    file = mappings / f"{pair}.yaml"
    count = file.read_text().count("  - name: ")
    file.write_text(file.read_text().replace("\nguard:", f"\n{MISSPELT}\nguard:"))
    bag = load_dags()
    assert set(bag.dags) == set(PAIRS) - {pair} | OTHERS
    ((where, text),) = bag.import_errors.items()
    assert where.endswith(f"{pair}.py")
    assert str(file) in text
    assert f"properties[{count}].directon" in text
    assert "Did you mean 'direction'?" in text
    for key in ("name", "label", "customerp", "trello", "type", "direction", "conflict"):
        assert key in text


def test_corrected_it_imports_again(mappings):
    file = mappings / f"{PAIRS[0]}.yaml"
    good = file.read_text()
    file.write_text(good.replace("schedule:", "shedule:"))
    assert len(load_dags().import_errors) == 1
    file.write_text(good)
    assert load_dags().import_errors == {}


def test_a_missing_mapping_is_an_error_of_its_pair_and_of_those_that_build_on_it(mappings):
    (mappings / f"{CUSTOMERS}.yaml").unlink()
    bag = load_dags()
    assert set(bag.dags) == {EMPLOYEES, PROJECTS} | OTHERS
    for text in bag.import_errors.values():
        assert str(mappings) in text
        assert CUSTOMERS in text
