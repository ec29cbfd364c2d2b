"""What people do in Airflow's own pages: fill in the trigger form, watch a run end, find what waits for them."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import unquote

from customerp_trello.flow.answers import LEAVE

END_SECONDS = 300
"""For a run; a busy machine takes minutes, a quiet one 15 seconds."""


def trigger(page: Any, url: str, pair: str, *, action: str = "", plan: str = "") -> str:
    """Fill in the trigger form of a pair's DAG as it opens, press its button, and return Airflow's id of the run.

    Args:
        page: somebody's browser.
        url: of Airflow.
        pair: the DAG.
        action: what the form shows for the action; without it what it opens with.
        plan: the digits of a plan.
    """
    page.goto(f"{url}/dags/{pair}")
    page.get_by_role("button", name="Trigger Dag").click()
    form = page.get_by_role("dialog")
    form.get_by_text("Run Parameters").wait_for()
    if action:
        form.get_by_role("combobox").click()
        page.get_by_role("option", name=re.compile(f"^{action}")).click()  # "Sync" is in "Full resync", too
    if plan:
        form.get_by_role("button", name="A plan or a run").click()
        form.locator("[name=element_plan]").fill(plan)
    form.get_by_role("button", name="Trigger", exact=True).click()
    page.wait_for_url(re.compile(rf"/dags/{pair}/runs/"))
    return unquote(page.url.rsplit("/", 1)[1])


def see_the_end(page: Any, run: str) -> str:
    """Wait on a run's page until it shows how the run has ended, and return that."""
    state = page.get_by_role("heading", name=run).locator("xpath=..").get_by_text(re.compile("^(Success|Failed)$"))
    state.wait_for(timeout=END_SECONDS * 1000)
    return str(state.inner_text())


def records_of(page: Any, task: str) -> Any:
    """From a run's page to one of its tasks, and by its link to the review page of the run; returns the frame."""
    # The grid beside the table has such a link as well, to the task in all runs.
    page.get_by_role("row").filter(has_text="@task").get_by_role("link", name=task, exact=True).click()
    page.get_by_role("link", name="Details").click()
    page.get_by_role("link", name="Records of this run").click()
    frame = page.frame_locator("iframe")
    frame.locator("main").wait_for()
    return frame


def required_action(page: Any, url: str, subject: str) -> Any:
    """Wait until Airflow's list of required actions has one, and open its form; returns the form's part of the page."""
    link = page.get_by_role("link", name=subject)
    deadline = time.monotonic() + END_SECONDS
    while True:
        page.goto(f"{url}/required_actions")
        page.get_by_role("heading", name="Required Action").wait_for()
        page.wait_for_load_state("networkidle")
        if link.count():
            break
        assert time.monotonic() < deadline, f"waited {END_SECONDS} s in vain for the form: {subject}"
        page.wait_for_timeout(2000)
    link.click()
    page.get_by_role("button", name=LEAVE).wait_for()
    return page.locator("body")
