"""Every view for everybody: no serious fault by axe-core, light and dark, at a desk and on a telephone."""

from __future__ import annotations

import pytest
from accessibility import faults, our_frame
from four_dags import CONTACTS, CUSTOMERS, PROJECTS
from stage import logged_in, opened

from customerp_trello.state.records import open_work_of
from customerp_trello.state.runs import recent_runs

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800), pytest.mark.enable_socket]


def views(stage):
    """Our own address of every view."""
    here = f"/pair/{CUSTOMERS}"
    with stage.state.read() as tx:
        run = next(one for one in recent_runs(tx, CUSTOMERS) if one.status == "success").id
        work = next(iter(open_work_of(tx, CUSTOMERS, ("waiting",)))).id
        link = int(tx.connection.exec_driver_sql("SELECT min(link) FROM conflict WHERE status = 'open'").scalar_one())
    lists = ("conflicts", "open/quarantined", "open/waiting", "open/not_writable", "not-writable", "suspended", "apart")
    return [
        "/", "/search", here, f"{here}?span=day", *(f"{here}/{name}" for name in lists), f"{here}/runs",
        f"{here}/mapping", f"{here}/record/{link}", f"{here}/unlinked/{work}", f"{here}/run/{run}",
        f"{here}/run/{run}/plan", f"/pair/{CONTACTS}", f"/pair/{PROJECTS}", "/pair/none__such",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_view_has_a_serious_fault(chromium, stage, theme, width):
    page = logged_in(chromium, stage, dark=theme == "dark", width=width)
    opened(page, stage)
    frame = our_frame(page)
    wrong = {}
    for path in views(stage):
        frame.goto(f"{stage.url}/customerp-trello/review{path}")
        frame.locator("main").wait_for()
        assert frame.evaluate("document.documentElement.dataset.theme") == theme
        wrong[path] = faults(page)
    page.context.close()
    assert {path: found for path, found in wrong.items() if found} == {}
