"""The runs' figures become bars; and words for moments and causes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from customerp_trello.review import words
from customerp_trello.review.chart import SPANS, bars_of, draw
from customerp_trello.review.listing import harmless

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DID = {
    "linked": 40,
    "created in trello": 3,
    "put back in customerp": 1,
    "newly linked": 2,
    "conflicts": 1,
    "seconds": 9.5,
}


def test_changes_are_summed_per_step_and_what_a_run_would_have_done_is_not():
    runs = [
        (NOW, "success", DID),
        (NOW - timedelta(minutes=20), "failed", DID),
        (NOW - timedelta(minutes=10), "held", {"would create in trello": 50, "conflict": 4}),
        (NOW - timedelta(days=2), "success", DID),
    ]
    bars = bars_of(runs, SPANS["day"], NOW)
    assert len(bars) == 24
    assert bars[-1].at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert bars[-1].counts == {"to CustomERP": 2, "to Trello": 6, "linked": 4, "conflicts": 2}
    assert (bars[-1].runs, bars[-1].failed) == (3, 1)
    assert sum(bar.total for bar in bars[:-1]) == 0
    assert sum(bar.total for bar in bars_of(runs, SPANS["month"], NOW)) == 21


@pytest.mark.parametrize(("most", "end"), [(0, 2), (1, 2), (3, 4), (9, 10), (11, 20), (99, 100), (101, 200)])
def test_the_scale_ends_with_a_round_number_and_no_bar_leaves_the_picture(most, end):
    bars = bars_of([(NOW, "success", {"created in trello": most})], SPANS["month"], NOW)
    drawing = draw(bars, SPANS["month"])
    assert drawing.lines[-1][1] == end
    assert drawing.empty == (most == 0)
    for one in drawing.rectangles:
        assert one.y >= 0
        assert 0 <= one.x <= one.x + one.width <= drawing.width
        assert one.y + one.height <= drawing.height


@pytest.mark.parametrize(
    ("since", "says"),
    [
        (0, "just now"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7199, "1 h ago"),
        (86400 * 3, "3 d ago"),
        (-90, "in 1 min"),
    ],
)
def test_how_long_ago(since, says):
    assert words.ago(NOW - timedelta(seconds=since), NOW) == says


def test_causes_in_words():
    assert words.cause("edited_in_trello") == "edited in Trello"
    assert words.cause("ambiguous: the link keys fit several records") == "the link keys fit several records"
    assert words.cause("cap: 850 workspaces") == "Trello has no place left: 850 workspaces"
    assert words.cause("trello: HTTP 422: no") == "trello: HTTP 422: no"
    assert words.cause("some_new_cause") == "some new cause"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|x", "%x"])
def test_no_cell_is_a_formula(cell):
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Anna", "", "1-2", "a=b", "+"[:0]])
def test_plain_cells_stay_as_they_are(cell):
    assert harmless(cell) == cell
    assert harmless(None) == ""
