"""What people come for, done by hand in Airflow's own UI."""

from __future__ import annotations

import re

import pytest
from airflow_ui import END_SECONDS, required_action
from four_dags import CUSTOMERS
from stage import BY_THE_FORM, ON_THE_PAGE, REFUSED, opened, until

from customerp_trello.state.conflicts import ANSWERED, OPEN, conflicts
from customerp_trello.state.records import link_with

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800), pytest.mark.enable_socket]
PAIR = f"/pair/{CUSTOMERS}"


def test_the_page_is_in_airflows_navigation_and_as_dark_as_airflow(page, stage):
    page.goto(stage.url)
    page.get_by_role("link", name="Sync").click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="How the pairs are doing").wait_for()
    assert frame.locator("section.card").count() == 4
    shade = frame.locator("html")
    assert shade.get_attribute("data-theme") == "light"
    page.evaluate("document.documentElement.classList.replace('light', 'dark')")
    frame.locator("html[data-theme=dark]").wait_for(state="attached")


def test_a_record_is_found_by_keyboard_and_its_history_read(page, stage):
    _, workspace, name = stage.customer(0)
    frame = opened(page, stage)
    frame.locator("main").focus()
    page.keyboard.press("/")
    page.keyboard.type(name.split()[0])
    page.keyboard.press("Enter")
    frame.get_by_role("heading", name="Found for").wait_for()
    assert name.split()[0] not in page.url
    frame.locator(".hits a").filter(has_text=name).first.click()
    frame.get_by_role("heading", name="Both sides").wait_for()
    assert f"{PAIR}/record/" in page.url, "Airflow's address follows, so that it can be shared"
    history = frame.get_by_role("region", name="Changes")
    assert "new in CustomERP" in history.inner_text() or "linked" in history.inner_text()
    assert workspace in frame.locator("dl.ids").inner_text()
    page.reload()
    page.frame_locator("iframe").get_by_role("heading", name="Both sides").wait_for()


def test_a_manual_conflict_is_settled_on_the_page(page, stage):
    ours = stage.clashes[ON_THE_PAGE]
    number, _, _ = stage.customer(ON_THE_PAGE)
    frame = opened(page, stage, PAIR)
    card = frame.locator("article.question").filter(has_text=ours)
    theirs = card.locator(".big").nth(1).inner_text()
    card.get_by_role("button", name="Use Trello's").click()
    frame.get_by_text("Your answer is saved.").wait_for()
    opened(page, stage, PAIR).get_by_role("button", name="Start a run now").click()
    frame.get_by_text("A run has been asked for.").wait_for()
    until(lambda: stage.systems.records("customers")[number]["name"] == theirs, "the answer in CustomERP", END_SECONDS)
    with stage.state.read() as tx:
        assert not [one for one in conflicts(tx, CUSTOMERS, status=OPEN) if one.customerp == ours]


def test_a_manual_conflict_is_settled_by_the_form_in_airflow(page, stage):
    ours = stage.clashes[BY_THE_FORM]
    number, workspace, _ = stage.customer(BY_THE_FORM)
    form = required_action(page, stage.url, f"whose Name shall hold, for CustomERP {number}")
    for shown in (ours, ours.replace("International", "Group"), "when they last agreed"):
        assert shown in form.inner_text()
    page.get_by_role("button", name="CustomERP", exact=True).click()
    page.get_by_text(re.compile("Response received at .* from admin")).wait_for()
    until(
        lambda: stage.systems.get(f"/organizations/{workspace}")["displayName"] == ours,
        "the answer in Trello",
        END_SECONDS,
    )
    with stage.state.read() as tx:
        link = link_with(tx, CUSTOMERS, "customerp", str(number)).id
    frame = opened(page, stage, f"{PAIR}/record/{link}")
    decided = frame.get_by_role("region", name="Conflicts that were decided").get_by_role("row").filter(has_text=ours)
    until(lambda: "by admin" in decided.inner_text(), "the answer's author", 5)
    with stage.state.read() as tx:
        assert not [one for one in conflicts(tx, CUSTOMERS, status=ANSWERED) if one.customerp == ours]


def test_a_quarantined_record_is_corrected_and_tried_again(page, stage):
    name = stage.spoilt
    number, workspace, _ = stage.customer(REFUSED)
    frame = opened(page, stage, PAIR)
    row = frame.get_by_role("region", name="Quarantined").get_by_role("row").filter(has_text=name)
    assert "web address" in row.inner_text()
    stage.systems.put(f"/organizations/{workspace}", website="https://intranet.example")
    row.get_by_role("checkbox").check()
    frame.locator("section").filter(has_text="Quarantined").get_by_role("button", name="Try the chosen").first.click()
    frame.get_by_text("The next run tries again.").wait_for()
    until(
        lambda: stage.systems.records("customers")[number]["website"] == "https://intranet.example",
        "the corrected website in CustomERP",
        END_SECONDS,
    )


def test_a_runs_log_is_reached_from_within_the_frame(page, stage):
    frame = opened(page, stage, PAIR)
    frame.get_by_role("region", name="Runs").get_by_role("link", name="Airflow").last.click()
    page.wait_for_url(lambda url: f"/dags/{CUSTOMERS}/runs/" in url and url.endswith("/tasks/report"))
