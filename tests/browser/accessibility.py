"""What axe-core finds wrong with a view of ours, inside Airflow's frame."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


def our_frame(page: Any) -> Any:
    """The frame in which Airflow shows the review page."""
    # The outer page's address follows ours, so its own frame has the same words in it.
    return next(one for one in page.frames if one != page.main_frame and "customerp-trello/review" in one.url)


def faults(page: Any) -> list[tuple[str, str]]:
    """Each serious fault of the view that is shown, with the first place of it; wider than its frame is one too."""
    frame = our_frame(page)
    frame.evaluate(_rules())
    found = frame.evaluate("axe.run()")["violations"]
    wrong = [(one["id"], str(one["nodes"][0]["html"])) for one in found if one["impact"] in SERIOUS]
    if frame.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        wrong.append(("wider than its frame", str(page.viewport_size)))
    return wrong


@cache
def _rules() -> str:
    """Read when needed: other targets collect the tests on machines without it."""
    return AXE.read_text(encoding="utf-8")
