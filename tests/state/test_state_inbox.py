"""Deliveries: each once, waiting until a run begins to read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from customerp_trello.state import inbox
from customerp_trello.state.inbox import Delivery, Waiting

PAIR, OTHER = "a__b", "c__d"


def told(delivery_id, pair=PAIR, connection="trello_default"):
    return Delivery(connection, delivery_id, pair, "model", "updateOrganization")


def test_a_delivery_is_stored_once_per_pair_and_connection(store):
    with store.begin() as tx:
        assert inbox.put_in(tx, [told("1"), told("1", OTHER)]) == 2
    with store.begin() as tx:
        again = [told("1"), told("1", connection="another"), told("2"), told("2")]
        assert inbox.put_in(tx, again) == 2
        assert inbox.waiting(tx, PAIR).count == 3
        assert inbox.waiting(tx, OTHER).count == 1


def test_a_delivery_that_comes_several_times_at_once_is_stored_once(store):
    def put(_):
        with store.begin() as tx:
            return inbox.put_in(tx, [told("1"), told("2")])

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(put, range(16))) == 2


def test_a_run_takes_out_what_has_come_and_leaves_what_comes_later(store):
    with store.begin() as tx:
        inbox.put_in(tx, [told("1"), told("2"), told("1", OTHER)])
        assert inbox.take_out(tx, PAIR, "run") == 2
        assert inbox.waiting(tx, PAIR) is None
        inbox.put_in(tx, [told("2"), told("3")])  # the first one is known
        late = inbox.waiting(tx, PAIR)
        assert late == Waiting(late.newest, late.newest, 1)
        assert inbox.waiting(tx, OTHER).count == 1
        assert inbox.take_out(tx, PAIR, "next") == 1
        assert inbox.take_out(tx, PAIR, "next") == 0


def test_old_deliveries_are_forgotten(store, clock):
    from customerp_trello.state.retention import forget_older

    with store.begin() as tx:
        inbox.put_in(tx, [told("1"), told("2")])
    clock.forward(days=91)
    with store.begin() as tx:
        inbox.put_in(tx, [told("3")])
        assert forget_older(tx, 90)["delivery"] == 2
        assert inbox.waiting(tx, PAIR).count == 1
