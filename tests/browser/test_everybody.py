"""Every view for everybody: no serious fault by axe-core, light and dark, and nothing cut off on a telephone."""

from __future__ import annotations

from pathlib import Path

import pytest
from four_dags import CONTACTS, CUSTOMERS, PROJECTS
from stage import logged_in, opened

from customerp_trello.state.records import open_work_of
from customerp_trello.state.runs import recent_runs

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900), pytest.mark.enable_socket]
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
"""Read by the test: the other targets collect this file on machines without it."""
SERIOUS = ("serious", "critical")


def views(stage):
    """Our own address of every view."""
    here = f"/pair/{CUSTOMERS}"
    with stage.state.read() as tx:
        run = next(one for one in recent_runs(tx, CUSTOMERS) if one.status == "success").id
        work = next(iter(open_work_of(tx, CUSTOMERS, ("waiting",)))).id
        link = int(tx.connection.exec_driver_sql("SELECT min(id) FROM link").scalar_one())
    lists = ("conflicts", "open/quarantined", "open/waiting", "open/not_writable", "not-writable", "suspended", "apart")
    return [
        "/", "/search", here, f"{here}?span=day", *(f"{here}/{name}" for name in lists), f"{here}/runs",
        f"{here}/mapping", f"{here}/record/{link}", f"{here}/unlinked/{work}", f"{here}/run/{run}",
        f"{here}/run/{run}/plan", f"/pair/{CONTACTS}", f"/pair/{PROJECTS}", "/pair/none__such",
    ]  # fmt: skip


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 1280), (False, 390)])
def test_no_view_has_a_serious_fault(chromium, stage, dark, width):
    page = logged_in(chromium, stage, dark=dark, width=width)
    opened(page, stage)
    frame = next(one for one in page.frames if "customerp-trello/review" in one.url)
    wrong = []
    for path in views(stage):
        frame.goto(f"{stage.url}/customerp-trello/review{path}")
        frame.locator("main").wait_for()
        assert frame.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
        frame.evaluate(AXE.read_text(encoding="utf-8"))
        found = frame.evaluate("axe.run()")["violations"]
        wrong += [(path, one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
        if frame.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append((path, "wider than the screen", width))
    page.context.close()
    assert wrong == []
