"""What the log of a run with a window says of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import structlog

from customerp_trello.flow.change_log import show_window
from customerp_trello.flow.form import Form
from customerp_trello.flow.restrict import window_evidence
from customerp_trello.mapping.frame import make_frame

START, END = datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC)


def read(*times):
    return make_frame(
        [{"_id": str(n), "_modified_at": pd.Timestamp(at) if at else pd.NaT} for n, at in enumerate(times)], ()
    )


def test_a_window_is_half_open_and_what_has_no_time_belongs_to_every_one():
    form = Form(changed_from=START, changed_to=END)
    erp = read("2026-03-01T10:00Z", "2026-03-01T10:59:59Z", "2026-03-01T11:00Z", "2026-03-01T09:59Z", None)
    found = window_evidence(form, {"customerp": erp, "trello": read(None, None)})
    assert found == {
        "customerp": {"inside": 2, "outside": 2, "unknown": 1},
        "trello": {"inside": 0, "outside": 0, "unknown": 2},
    }


def test_the_log_says_which_window_was_read_and_by_what_evidence():
    evidence = {"trello": {"inside": 0, "outside": 0, "unknown": 2}}
    with structlog.testing.capture_logs() as lines:
        show_window(Form(changed_from=START, changed_to=None), evidence)
        show_window(Form(), {})
    told = [line["event"] for line in lines]
    assert told[0] == "::group::Window: changed from 2026-03-01 10:00:00 UTC and before any time"
    assert "of 2 no time is known, so they belong to every window" in told[1]
    assert told[-1] == "::endgroup::"
    assert len(told) == 4
