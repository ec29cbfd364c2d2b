"""A person looks first, in Airflow's own trigger form, and then does exactly what they have seen."""

from __future__ import annotations

import csv

import pytest
from airflow_ui import records_of, see_the_end, trigger
from four_dags import CUSTOMERS
from stage import REFUSED_VALUE, ROUTE, written

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800), pytest.mark.enable_socket]
ERP_EDIT, TRELLO_EDIT, LATER_EDIT = 8, 9, 10
NEW = "Invoices by post, please."


def test_a_preview_is_read_and_downloaded_and_then_exactly_that_plan_is_applied(page, stage):
    erp, trello, later = (stage.customer(place) for place in (ERP_EDIT, TRELLO_EDIT, LATER_EDIT))
    stage.systems.edit("customers", erp[0], description=NEW)
    stage.systems.put(f"/organizations/{trello[1]}", displayName=f"{trello[2]} & Sons")
    before = stage.customers()

    run = trigger(page, stage.url, CUSTOMERS)
    assert see_the_end(page, run) == "Success"
    assert stage.airflow.dag_run(CUSTOMERS, run)["conf"]["action"] == "preview"
    frame = records_of(page, "report")
    assert page.url.startswith(f"{stage.url}{ROUTE}/")
    frame.get_by_role("heading", name="preview").wait_for()
    seen = plan_on_the_page(frame)
    expected = {
        ("update in CustomERP", "Name", trello[2], f"{trello[2]} & Sons", "edited in Trello"),
        ("update in Trello", "Description", before[erp[0]]["Trello desc"] or "empty", NEW, "edited in CustomERP"),
    }
    assert {row for row in seen if row[0].startswith("update") and REFUSED_VALUE not in row} == expected
    assert plan_as_csv(page, frame) == {
        ("customerp", "name", trello[2], f"{trello[2]} & Sons", "edited_in_trello"),
        ("trello", "description", before[erp[0]]["Trello desc"], NEW, "edited_in_customerp"),
    }
    assert stage.customers() == before, "a preview writes nothing"

    told = frame.locator(".notice").filter(has_text="To do exactly this")
    plan = told.locator("code").last.inner_text()
    stage.systems.edit("customers", later[0], description="Nobody has seen this edit in a plan.")
    before = stage.customers()
    told.get_by_role("link", name="trigger the DAG").click()
    page.wait_for_url(lambda url: url.endswith(f"/dags/{CUSTOMERS}"))
    run = trigger(page, stage.url, CUSTOMERS, action="Apply exactly this plan", plan=plan)
    assert see_the_end(page, run) == "Success"
    assert written(before, stage.customers()) == {
        (erp[0], "Trello desc"): NEW,
        (trello[0], "CustomERP name"): f"{trello[2]} & Sons",
    }
    frame = records_of(page, "report")
    assert "apply a plan" in frame.locator("dl.ids").inner_text()
    done = frame.get_by_role("region", name="Changes").get_by_role("row").filter(has_text="updated in")
    assert done.count() == 2
    assert "admin" in done.first.inner_text()


def plan_on_the_page(frame):
    """What, property, before, after and why of each line of a plan."""
    rows = frame.get_by_role("region", name="Plan").locator("tbody tr")
    cells = [[" ".join(text.split()) for text in row.locator("td").all_inner_texts()] for row in rows.all()]
    return {(row[0], *row[2:6]) for row in cells}


def plan_as_csv(page, frame):
    """Side, property, before, after and cause of each update in the CSV."""
    with page.expect_download() as download:
        frame.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename.endswith("-plan.csv")
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["operation"] == "update" and row["after"] != REFUSED_VALUE]
    return {tuple(row[name] for name in ("side", "property", "before", "after", "cause")) for row in rows}
