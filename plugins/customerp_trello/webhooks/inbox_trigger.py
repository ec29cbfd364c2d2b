"""From the inbox to a run: the trigger of an `AssetWatcher`, in Airflow's triggerer.

DAG files import this module when they are parsed, so everything that opens the database is imported inside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from customerp_trello.webhooks.alarm import Alarm

if TYPE_CHECKING:
    from customerp_trello.state.inbox import Waiting
    from customerp_trello.state.store import Store

POLL_SECONDS = 1.0
FAILED_SECONDS = 10.0
"""Until the next look after the database was away."""
SAME_DATABASE_SECONDS = 60.0
"""Until Airflow is asked again where the state database is."""


def news_asset(pair: str) -> Asset:
    """The asset that is updated when one of the systems told of a change that concerns the pair."""
    watcher = AssetWatcher(name=f"{pair}_inbox", trigger=InboxTrigger(pair=pair))
    uri = f"customerp-trello://{pair}/news"
    return Asset(name=f"{pair}_news", uri=uri, group="customerp_trello", watchers=[watcher])


class InboxTrigger(BaseEventTrigger):
    """Fires when deliveries of a pair wait for a run; never ends.

    What it has fired for is not remembered: after a restart it fires once more, which is harmless.

    Args:
        pair: the pair's name.
    """

    def __init__(self, pair: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pair = pair

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How Airflow makes it again in the triggerer."""
        return "customerp_trello.webhooks.inbox_trigger.InboxTrigger", {"pair": self.pair}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look about every second, in a thread, since databases keep a caller waiting."""
        alarm, inbox = Alarm(), _Inbox(self.pair)
        while True:
            try:
                found = await asyncio.to_thread(inbox.look)
            except Exception as error:  # whatever it was, it must not end the watch
                self.log.warning("%s: the inbox cannot be read: %s", self.pair, error)
                await asyncio.sleep(FAILED_SECONDS)
                continue
            if found and alarm.rings(found.oldest, found.newest, time.monotonic()):
                said = {"pair": self.pair, "deliveries": found.count, "newest": found.newest}
                yield TriggerEvent(said)  # type: ignore[no-untyped-call]
            await asyncio.sleep(POLL_SECONDS)


class _Inbox:
    """A pair's part of the inbox, wherever Airflow says that the state database is."""

    def __init__(self, pair: str) -> None:
        self._pair = pair
        self._url = ""
        self._store: Store | None = None
        self._asked_at = 0.0

    def look(self) -> Waiting | None:
        """What waits now."""
        from customerp_trello.state.inbox import waiting

        with self._opened().read() as tx:
            return waiting(tx, self._pair)

    def _opened(self) -> Store:
        from customerp_trello.state.location import state_url
        from customerp_trello.state.store import Store

        if self._store is None or time.monotonic() - self._asked_at > SAME_DATABASE_SECONDS:
            url = state_url()
            if self._store is None or url != self._url:
                if self._store is not None:
                    self._store.close()
                self._store, self._url = Store(url), url
                self._store.upgrade()
            self._asked_at = time.monotonic()
        return self._store
