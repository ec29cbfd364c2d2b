"""Take the pictures of docs/screenshots: `python tests/browser/take_screenshots.py`; a real Airflow, light and dark."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))

from airflow_ui import required_action
from stage import BY_THE_FORM, CUSTOMERS, Stage, browser, logged_in, opened, stage

from customerp_trello.state.records import link_with
from customerp_trello.state.runs import recent_runs

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"


def scene(ready: Stage) -> dict[str, str]:
    """Beside conflicts and a quarantined record: edits that have arrived, others in a plan; name -> our address."""
    number, _, name = ready.customer(6)
    ready.systems.edit("customers", number, name=f"{name} Holding", description="Moved to the harbour.")
    ready.run(CUSTOMERS)
    ready.systems.edit("customers", ready.customer(7)[0], description="Closed on Mondays.")
    _, workspace, name = ready.customer(9)
    ready.systems.put(f"/organizations/{workspace}", displayName=f"{name} & Sons")
    ready.run(CUSTOMERS, action="preview")
    number, _, _ = ready.customer(BY_THE_FORM)
    with ready.state.read() as tx:
        link = link_with(tx, CUSTOMERS, "customerp", str(number))
        run = recent_runs(tx, CUSTOMERS, limit=1)[0].id
    here = f"/pair/{CUSTOMERS}"
    assert link is not None
    return {"overview": "/", "pair": here, "record": f"{here}/record/{link.id}", "plan": f"{here}/run/{run}/plan"}


def take(chromium: Any, ready: Stage, views: dict[str, str], *, dark: bool) -> None:
    """One picture of each view, and of a question as Airflow asks it."""
    theme = "dark" if dark else "light"
    page = logged_in(chromium, ready, dark=dark, width=1280, height=900)
    for name, path in views.items():
        opened(page, ready, path)
        page.wait_for_timeout(1500)  # until Airflow's own navigation has come to rest
        page.screenshot(path=FOLDER / f"{name}-{theme}.png")
    required_action(page, ready.url, f"for CustomERP {ready.customer(BY_THE_FORM)[0]}")
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"question-{theme}.png")
    page.context.close()


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, stage(Path(home)) as ready, browser() as chromium:
        views = scene(ready)
        for dark in (False, True):
            take(chromium, ready, views, dark=dark)
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")


if __name__ == "__main__":
    main()
