"""From rows of the inbox to events, in an event loop that goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from customerp_trello.state.inbox import Delivery, put_in, take_out
from customerp_trello.webhooks import inbox_trigger
from customerp_trello.webhooks.alarm import Alarm
from customerp_trello.webhooks.inbox_trigger import InboxTrigger, news_asset

PAIR = "custom_customer__trello_organizations"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(inbox_trigger, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(inbox_trigger, "FAILED_SECONDS", 0.05)


def put(store, *ids, pair=PAIR):
    with store.begin() as tx:
        return put_in(tx, [Delivery("trello_default", id_, pair, "m", "updateOrganization") for id_ in ids])


def take(store, run="run"):
    with store.begin() as tx:
        return take_out(tx, PAIR, run)


class Watch:
    """The events of a running trigger."""

    def __init__(self):
        self.events = InboxTrigger(PAIR).run()

    async def next(self, seconds=5.0):
        return (await asyncio.wait_for(anext(self.events), seconds)).payload

    async def silent(self, seconds=0.3):
        task = asyncio.ensure_future(anext(self.events))
        done, _ = await asyncio.wait([task], timeout=seconds)
        assert not done
        return task


def test_a_burst_is_one_event_and_what_comes_after_the_run_began_another(store):
    async def story():
        put(store, "1", "2", "3")
        watch = Watch()
        assert await watch.next() == {"pair": PAIR, "deliveries": 3, "newest": 3}
        put(store, "4")
        following = await watch.silent()
        assert take(store) == 4
        await asyncio.sleep(0.1)
        put(store, "5")
        event = await asyncio.wait_for(following, 5)
        assert event.payload == {"pair": PAIR, "deliveries": 1, "newest": 5}

    asyncio.run(story())


def test_other_pairs_news_wake_nobody_here(store):
    async def story():
        put(store, "1", pair="another__pair")
        (await Watch().silent()).cancel()

    asyncio.run(story())


def test_a_lost_event_is_repeated(store, monkeypatch):
    class Impatient(Alarm):
        def rings(self, oldest, newest, now):
            return super().rings(oldest, newest, now * 500)

    monkeypatch.setattr(inbox_trigger, "Alarm", Impatient)

    async def story():
        put(store, "1")
        watch = Watch()
        first = await watch.next()
        assert await watch.next() == first

    asyncio.run(story())


def test_the_loop_goes_on_while_the_database_keeps_a_look_waiting(store, monkeypatch):
    ticks, done = [], threading.Event()

    def slow(self):
        done.wait(5)

    monkeypatch.setattr(inbox_trigger._Inbox, "look", slow)

    async def story():
        task = await Watch().silent(0.01)
        for _ in range(20):
            await asyncio.sleep(0.01)
            ticks.append(time.monotonic())
        task.cancel()
        done.set()

    started = time.monotonic()
    asyncio.run(story())
    assert max(later - earlier for earlier, later in pairwise([started, *ticks])) < 2.5


def test_a_database_that_was_away_is_looked_into_again(store, monkeypatch):
    look, failures = inbox_trigger._Inbox.look, iter([OSError("the machine goes down"), ValueError("odd")])

    def failing(self):
        for error in failures:
            raise error
        return look(self)

    monkeypatch.setattr(inbox_trigger._Inbox, "look", failing)

    async def story():
        put(store, "1")
        assert (await Watch().next())["deliveries"] == 1

    asyncio.run(story())


def test_another_database_is_noticed_without_a_restart(store, monkeypatch, tmp_path):
    from customerp_trello.state.store import Store

    monkeypatch.setattr(inbox_trigger, "SAME_DATABASE_SECONDS", 0.1)

    async def story():
        watch = Watch()
        following = await watch.silent()
        url = f"sqlite:///{tmp_path / 'other.db'}"
        monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE", url)
        with Store(url) as other:
            other.upgrade()
            put(other, "1")
        assert (await asyncio.wait_for(following, 5)).payload["deliveries"] == 1

    asyncio.run(story())


def test_airflow_makes_the_trigger_again_from_what_it_stored():
    (watcher,) = news_asset(PAIR).watchers
    classpath, arguments = watcher.trigger.serialize()
    assert classpath == f"{InboxTrigger.__module__}.{InboxTrigger.__qualname__}"
    assert InboxTrigger(**arguments).serialize() == (classpath, arguments)
