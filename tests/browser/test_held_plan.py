"""A mass edit is held by the guard; a person looks at the form in Airflow's UI and lets it through."""

from __future__ import annotations

import re

import pytest
from accessibility import faults
from airflow_ui import END_SECONDS, required_action, see_the_end, trigger
from four_dags import CUSTOMERS
from stage import FEW_UPDATES, opened, until, written

from customerp_trello.state.plans import APPLIED, HELD, get_plan, plans

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800), pytest.mark.enable_socket]
PAIR = f"/pair/{CUSTOMERS}"


def test_a_held_plan_is_approved_in_the_browser_and_carried_out(page, stage):
    edited = [
        number for number, shown in stage.customers().items() if shown["CustomERP name"] == shown["Trello displayName"]
    ]
    wish = {number: f"Visited every {place + 2} weeks." for place, number in enumerate(edited[-13:])}
    for number, text in wish.items():
        stage.systems.edit("customers", number, description=text)
    before = stage.customers()

    run = trigger(page, stage.url, CUSTOMERS, action="Sync")
    assert see_the_end(page, run) == "Failed"
    assert stage.customers() == before, "a plan that is held writes nothing"
    with stage.state.read() as tx:
        (held,) = plans(tx, CUSTOMERS, status=HELD)
    frame = opened(page, stage, PAIR)
    assert f"more than {FEW_UPDATES}" in frame.locator(".notice.warn").inner_text()
    assert faults(page) == []

    subject = f"let plan {held.digest} through?"
    form = required_action(page, stage.url, subject)
    assert f"{len(wish)} x update in Trello" in form.inner_text()
    page.get_by_role("button", name="Let it through").click()
    page.get_by_text(re.compile("Response received at .* from admin")).wait_for()

    descriptions = {(number, "Trello desc"): text for number, text in wish.items()}
    until(lambda: descriptions.items() <= written(before, stage.customers()).items(), "the plan in Trello", END_SECONDS)
    until(lambda: status(stage, held.run) == APPLIED, "the end of the run", END_SECONDS)
    assert written(before, stage.customers()) == descriptions, "nothing else was written"

    with page.expect_popup() as popup:
        page.get_by_role("link", name=held.run[:12]).first.click()
    frame = popup.value.frame_locator("iframe")
    answer = frame.get_by_role("region", name="Changes").get_by_role("row").filter(has_text="answered")
    answer.wait_for()
    assert answer.locator("td").all_inner_texts()[-2:] == ["Let it through", "admin"]
    assert "let through by admin" in frame.locator("dl.ids").inner_text()
    frame.get_by_role("link", name="What it meant to do").wait_for()


def status(stage, run):
    """Of a run's plan."""
    with stage.state.read() as tx:
        return get_plan(tx, run).status
