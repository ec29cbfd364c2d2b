"""A preview and what applying its plan does, on both systems; the plan as a file for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from time import sleep

import pytest
from engine import CUSTOMERS, erp_edit
from test_moved_since_the_plan import APART

from customerp_trello.errors import FormError
from customerp_trello.flow import finish as flow_finish
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.plans import APPLIED, get_plan
from customerp_trello.state.runs import load_watermarks


@pytest.fixture
def settled(customers_loaded):
    yield customers_loaded
    customers_loaded.widen()
    customers_loaded.run(CUSTOMERS)
    assert customers_loaded.run(CUSTOMERS).writes() == []


def workspace(link):
    return TrelloHook().get_organization(link["trello_id"])


def digest(ran):
    return ran.steps["reconcile"]["digest"]


def operations(ran):
    return sorted(set(ran.plan["operation"]) - {"waiting", "quarantine", "not_writable"})


def test_a_previewed_plan_is_what_applying_it_does_and_nothing_else(settled):
    one, two = settled.fresh_link(CUSTOMERS), settled.fresh_link(CUSTOMERS)
    erp_edit("customer", one["customerp_id"], name="Seen in the preview")
    preview = settled.run(CUSTOMERS, action="preview")
    assert preview.writes() == []
    erp_edit("customer", two["customerp_id"], name="Not seen in the preview")
    with settled.store.read() as tx:
        marks = load_watermarks(tx, CUSTOMERS)
    applied = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))
    assert applied.writes() == [("trello", "update", "name", "Seen in the preview")]
    assert digest(applied) == digest(preview)
    assert workspace(two)["displayName"] != "Not seen in the preview"
    with settled.store.read() as tx:
        assert load_watermarks(tx, CUSTOMERS) == marks
        assert get_plan(tx, preview.run.id).status == APPLIED
    assert settled.run(CUSTOMERS).writes() == [("trello", "update", "name", "Not seen in the preview")]


def test_what_moved_since_the_preview_is_listed_and_left_alone(settled):
    one, two = settled.fresh_link(CUSTOMERS), settled.fresh_link(CUSTOMERS)
    for link in (one, two):
        erp_edit("customer", link["customerp_id"], name=f"Planned {link['customerp_id']}")
    preview = settled.run(CUSTOMERS, action="preview")
    erp_edit("customer", one["customerp_id"], name="Changed its mind")
    applied = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview)[:8])
    assert applied.writes() == [("trello", "update", "name", f"Planned {two['customerp_id']}")]
    moved = applied.plan[applied.plan["operation"] == "moved"]
    assert moved[["customerp_id", "property", "after", "customerp", "trello", "detail"]].values.tolist() == [
        [one["customerp_id"], "name", f"Planned {one['customerp_id']}", "Changed its mind", one["t.name"],
         "update in trello"]
    ]  # fmt: skip
    assert "moved" in applied.text
    again = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))
    assert again.writes() == []
    assert operations(again) == ["moved"]


def test_what_was_edited_after_the_preview_and_could_not_be_written_is_written_by_the_next_run(settled, monkeypatch):
    """The ERP is read by change: that it is open must not be forgotten because another property was written."""
    monkeypatch.setattr(flow_finish, "OVERLAP", timedelta(seconds=-5))
    one = settled.fresh_link(CUSTOMERS)
    erp_edit("customer", one["customerp_id"], name="Seen in time")
    preview = settled.run(CUSTOMERS, action="preview")
    erp_edit("customer", one["customerp_id"], description="Edited later")
    sleep(APART)
    settled.fault("trello", match="PUT /1/organizations/*", kind="status:500", times=9)
    assert settled.run(CUSTOMERS).writes() == []
    settled.end_faults()
    sleep(APART)
    applied = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))
    assert applied.writes() == [("trello", "update", "name", "Seen in time")]
    sleep(APART)
    assert settled.run(CUSTOMERS).writes() == [("trello", "update", "description", "Edited later")]


def test_a_preview_of_some_records_is_applied_to_them_alone(settled):
    one, two = settled.fresh_link(CUSTOMERS), settled.fresh_link(CUSTOMERS)
    for link in (one, two):
        erp_edit("customer", link["customerp_id"], name=f"Some {link['customerp_id']}")
    preview = settled.run(CUSTOMERS, action="preview", keys=(one["trello_id"],))
    applied = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))
    assert applied.writes() == [("trello", "update", "name", f"Some {one['customerp_id']}")]
    assert digest(applied) == digest(preview)


def test_a_preview_of_an_undo_is_applied_as_one(settled):
    link = settled.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], name="Applied undo")
    run_id = settled.run(CUSTOMERS).run.id
    preview = settled.run(CUSTOMERS, action="preview", run=run_id)
    applied = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))
    assert applied.writes() == [("trello", "undo", "name", link["t.name"])]
    erp_edit("customer", link["customerp_id"], name=link["t.name"])


def tighten(engine):
    tight = engine.mapping(CUSTOMERS).guard.model_copy(update={"update_count": 0, "update_share": 0.0})
    engine.mappings[CUSTOMERS] = engine.mapping(CUSTOMERS).model_copy(update={"guard": tight})


def test_a_plan_that_the_guard_would_hold_is_applied_once_a_person_names_it(settled):
    link = settled.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], name="Held and applied")
    tighten(settled)
    preview = settled.run(CUSTOMERS, action="preview")
    assert "updates in trello" in preview.steps["guard"]["verdict"]
    applied = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))
    assert applied.writes() == [("trello", "update", "name", "Held and applied")]
    assert "let through by tester" in applied.steps["guard"]["verdict"]


def test_a_plan_that_passed_when_it_was_seen_is_held_if_the_guard_objects_by_now(settled):
    link = settled.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], name="Objected to")
    preview = settled.run(CUSTOMERS, action="preview")
    tighten(settled)
    held = settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))
    assert held.writes() == []
    assert "action apply_plan and plan" in held.held
    assert f"to let it through, trigger action apply_plan with plan {digest(held)}" in held.text
    assert settled.run(CUSTOMERS, action="apply_plan", plan=digest(held)).writes() == [
        ("trello", "update", "name", "Objected to")
    ]


@pytest.mark.parametrize("name", ["0123456789abcdef", "f" * 15])
def test_a_plan_that_nobody_made_is_refused_before_anything_is_asked(settled, name):
    with pytest.raises(FormError, match=r"no plan, or more than one, has the digest .* the latest are: [0-9a-f]{16}"):
        settled.run(CUSTOMERS, action="apply_plan", plan=name)


def test_a_plan_whose_table_is_gone_is_refused_with_what_to_do(settled):
    link = settled.fresh_link(CUSTOMERS)
    erp_edit("customer", link["customerp_id"], name="Forgotten")
    preview = settled.run(CUSTOMERS, action="preview")
    (preview.run.folder / "plan.parquet").unlink()
    with pytest.raises(FormError, match=r"has been deleted\. Trigger a preview"):
        settled.run(CUSTOMERS, action="apply_plan", plan=digest(preview))


def test_the_plan_is_a_file_for_spreadsheets_that_runs_no_formula(settled):
    link = settled.fresh_link(CUSTOMERS)
    evil = '=HYPERLINK("https://evil.example","x")'
    erp_edit("customer", link["customerp_id"], name=evil, description='one\ntwo, "three" ä')
    preview = settled.run(CUSTOMERS, action="preview")
    text = (preview.run.folder / "plan.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(preview.plan)
    mine = {row["property"]: row for row in rows if row["customerp_id"] == link["customerp_id"]}
    assert mine["name"]["after"] == f"'{evil}"
    assert mine["description"]["after"] == 'one\ntwo, "three" ä'
    texts = [cell for row in rows for name, cell in row.items() if name != "link"]
    assert not [cell for cell in texts if cell and cell[0] in "=+-@\t\r\n"]
