"""What people come for, done by hand in Airflow's own UI."""

from __future__ import annotations

import time

import pytest
from four_dags import CUSTOMERS
from stage import opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900), pytest.mark.enable_socket]
PAIR = f"/pair/{CUSTOMERS}"


def until(condition, what, seconds=180):
    """Wait for something outside of the browser."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(1)


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


def test_a_manual_conflict_is_settled(page, stage):
    ours = stage.clash(2)
    number, _, _ = stage.customer(2)
    frame = opened(page, stage, PAIR)
    card = frame.locator("article.question").filter(has_text=ours)
    theirs = card.locator(".big").nth(1).inner_text()
    card.get_by_role("button", name="Use Trello's").click()
    frame.get_by_text("Your answer is saved.").wait_for()
    opened(page, stage, PAIR).get_by_role("button", name="Start a run now").click()
    frame.get_by_text("A run has been asked for.").wait_for()
    until(lambda: stage.systems.records("customers")[number]["name"] == theirs, "the answer in CustomERP")
    with stage.state.read() as tx:
        from customerp_trello.state.conflicts import ANSWERED, OPEN, conflicts

        assert not [one for one in conflicts(tx, CUSTOMERS, status=OPEN) if one.customerp == ours]
        assert conflicts(tx, CUSTOMERS, status=ANSWERED) == []


def test_a_quarantined_record_is_corrected_and_tried_again(page, stage):
    name = stage.spoil(4)
    number, workspace, _ = stage.customer(4)
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
    )


def test_a_runs_log_is_reached_from_within_the_frame(page, stage):
    frame = opened(page, stage, PAIR)
    frame.get_by_role("region", name="Runs").get_by_role("link", name="Airflow").last.click()
    page.wait_for_url(lambda url: f"/dags/{CUSTOMERS}/runs/" in url and url.endswith("/tasks/report"))


def test_a_plan_is_downloaded(page, stage):
    stage.run(CUSTOMERS, action="preview")
    frame = opened(page, stage, PAIR)
    frame.get_by_role("region", name="Runs").get_by_role("link").first.click()
    frame.get_by_role("link", name="What it meant to do").click()
    with page.expect_download() as download:
        frame.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename.endswith("-plan.csv")
