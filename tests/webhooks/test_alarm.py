"""When an event is worth it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from customerp_trello.webhooks.alarm import LONGEST_PATIENCE, PATIENCE, Alarm


def test_the_first_delivery_rings_at_once_and_the_rest_of_a_burst_does_not():
    alarm = Alarm()
    assert alarm.rings(1, 1, now=100)
    assert [alarm.rings(1, newest, now=100 + newest / 10) for newest in range(2, 20)] == [False] * 18


def test_what_came_after_the_run_began_rings_at_once():
    alarm = Alarm()
    assert alarm.rings(1, 3, now=100)
    # the run took 1 to 5 out of the inbox; 6 came while it was reading
    assert alarm.rings(6, 6, now=101)


def test_an_event_that_nobody_answers_is_repeated_with_growing_patience():
    alarm, now, waits = Alarm(), 100.0, []
    assert alarm.rings(1, 1, now)
    for _ in range(8):
        begun = now
        while not alarm.rings(1, 1, now):
            now += 1
        waits.append(now - begun)
    assert waits == [PATIENCE, *(min(PATIENCE * 2**n, LONGEST_PATIENCE) for n in range(1, 8))]
    assert alarm.rings(2, 2, now)  # answered at last
    assert not alarm.rings(2, 2, now + PATIENCE - 1)
    assert alarm.rings(2, 2, now + PATIENCE)


@given(st.lists(st.tuples(st.sampled_from(["comes", "lost", "runs"]), st.floats(0, 40)), max_size=60))
def test_nothing_that_waits_is_forgotten(steps):
    """Whatever comes when, and whichever events get lost: what waits is answered in the end."""
    alarm, now, first, last, woken = Alarm(), 0.0, 1, 0, False
    for step, seconds in steps:
        now += seconds
        last += step == "comes"
        if last >= first and alarm.rings(first, last, now):
            woken = step != "lost"
        if step == "runs" and woken:
            first, woken = last + 1, False
    for _ in range(3):
        now += LONGEST_PATIENCE
        if last >= first and alarm.rings(first, last, now):
            first = last + 1
    assert first == last + 1
