"""Pairs that run with what was proposed end in sync: a second run writes nothing, and edits on both sides arrive."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from engine import CUSTOMERS, PAIRS, Engine, erp_edit
from engine_building import build_engine

from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.load import load_mapping
from customerp_trello.mapping_starter.__main__ import propose


@pytest.fixture
def proposed(tmp_path: Path, seed_files: Any) -> Any:
    """An engine whose four mappings are proposals, as they come."""
    with ExitStack() as stack:
        engine = build_engine(stack, tmp_path, seed_files)
        for pair in PAIRS:
            file = tmp_path / f"{pair}.yaml"
            file.write_text(propose(pair, "customerp_default"), encoding="utf-8")
            engine.mappings[pair] = load_mapping(file)
        yield engine


def test_all_four_converge(proposed: Engine) -> None:
    for pair in PAIRS:
        proposed.let_through(pair)
        again = proposed.run(pair)
        assert (again.held, again.writes()) == ("", []), f"{pair}\n{again.text}"
        assert len(proposed.links(pair)) > 2, pair
    customer = proposed.links(CUSTOMERS).query("status == 'linked'").iloc[0]
    erp_edit("customer", customer["customerp_id"], website="https://proposed.example")
    TrelloHook().update_organization(customer["trello_id"], desc="written in Trello")
    writes = proposed.run(CUSTOMERS).writes()
    assert {(side, name, value) for side, _, name, value in writes} == {
        ("trello", "website", "https://proposed.example"),
        ("customerp", "description", "written in Trello"),
    }
    assert proposed.run(CUSTOMERS).writes() == []
