"""A pair that is too large for memory is synchronized as any other: the size says how, and nothing else differs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from engine import CONTACTS, CUSTOMERS, PROJECTS, erp_edit

from customerp_trello.flow import gathered, parquet_table
from customerp_trello.flow.artifacts import read_frame
from customerp_trello.flow.parquet_table import write_table
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook


@pytest.fixture
def large(loaded, monkeypatch):
    """Every pair counts as large, and its links come in pieces."""
    monkeypatch.setattr(gathered, "LARGE", 0)
    monkeypatch.setattr(gathered, "_LINKS_AT_ONCE", 7)
    return loaded


def planned(ran, side):
    return read_frame(ran.run.folder, f"{side}_planned")


@pytest.mark.parametrize("pair", [CUSTOMERS, PROJECTS, CONTACTS])
def test_without_a_change_nothing_is_written_and_hardly_a_linked_record_is_kept(large, pair):
    assert large.run(pair).writes() == []  # what was linked just now is read once more
    ran, links = large.run(pair), large.links(pair)
    assert ran.writes() == []
    for side in ("customerp", "trello"):
        kept = set(planned(ran, side)["_id"]) & set(links[f"{side}_id"])
        marked = links["marks"].ne("{}").sum()  # and some contacts bear a name that another one has
        assert len(kept) <= marked + 3 < len(links) / 3


def test_edits_travel_both_ways_and_a_new_record_is_created(large):
    one, two = large.fresh_link(CUSTOMERS), large.fresh_link(CUSTOMERS)
    erp_edit("customer", one["customerp_id"], name="Edited in a large ERP")
    TrelloHook().update_organization(two["trello_id"], displayName="Edited in a large Trello")
    new, _ = CustomERPHook().create_record("customer", {"name": "New in a large ERP", "type": "company"})
    ran = large.run(CUSTOMERS)
    assert ("trello", "update", "name", "Edited in a large ERP") in ran.writes()
    assert ("customerp", "update", "name", "Edited in a large Trello") in ran.writes()
    assert ("trello", "create", "name", "New in a large ERP") in ran.writes()
    made = large.link_of(CUSTOMERS, new["id"])
    assert TrelloHook().get_organization(made["trello_id"])["displayName"] == "New in a large ERP"
    assert large.run(CUSTOMERS).writes() == []


def test_a_run_is_undone_although_its_records_are_quiet_by_now(large):
    link = large.fresh_link(CUSTOMERS)
    before = TrelloHook().get_organization(link["trello_id"])["displayName"]
    erp_edit("customer", link["customerp_id"], name="To be undone")
    done = large.run(CUSTOMERS)
    undone = large.run(CUSTOMERS, action="undo", run=done.run.id)
    assert undone.writes() == [("trello", "undo", "name", before)]
    assert TrelloHook().get_organization(link["trello_id"])["displayName"] == before


def test_a_seen_plan_tells_what_moved_since_of_a_record_that_is_quiet_by_now(large):
    link = large.fresh_link(CUSTOMERS)
    hook = CustomERPHook()
    was = hook.get_record("customer", link["customerp_id"])[0]["name"]
    erp_edit("customer", link["customerp_id"], name="Only for a moment")
    preview = large.run(CUSTOMERS, action="preview")
    erp_edit("customer", link["customerp_id"], name=was)
    applied = large.run(CUSTOMERS, action="apply_plan", plan=preview.steps["reconcile"]["digest"])
    assert applied.writes() == []
    moved = applied.plan[applied.plan["operation"].eq("moved") & applied.plan["property"].eq("name")]
    assert moved[["customerp", "trello"]].to_numpy().tolist() == [[was, was]]


def test_a_window_counts_every_record_that_was_read(large):
    start = datetime.now(UTC) - timedelta(days=3650)
    ran = large.run(CUSTOMERS, changed_from=start, changed_to=datetime.now(UTC) + timedelta(days=1), action="preview")
    numbers = ran.steps["reconcile"]["window"]
    for side in ("customerp", "trello"):
        assert sum(numbers[side].values()) == ran.steps[f"extract_{side}"]["records"]


def test_a_table_on_disk_is_read_by_columns_and_by_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_table, "AT_ONCE", 2)
    frames = [
        pd.DataFrame({"n": range(3), "text": ["a", None, ""], "void": [None] * 3}).astype(
            {"text": "str", "void": "str"}
        ),
        pd.DataFrame({"n": range(3, 5), "text": ["d", "e"], "void": ["x", None]}).astype(
            {"text": "str", "void": "str"}
        ),
    ]
    table = write_table(tmp_path / "t.parquet", frames)
    whole = pd.concat(frames, ignore_index=True)
    assert len(table) == 5
    for name in whole:
        pd.testing.assert_series_equal(table[name], whole[name])
    wanted = np.array([True, False, False, False, True])
    pd.testing.assert_frame_equal(table.rows(wanted), whole[wanted].reset_index(drop=True))
    pd.testing.assert_frame_equal(table.rows(wanted & False), whole.iloc[:0])
