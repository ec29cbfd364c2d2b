"""Who may send: the connections that a mapping names and that have an address and a secret for webhooks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol

import structlog

from customerp_trello.errors import SyncError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.load import load_mapping, mappings_folder
from customerp_trello.mapping.model import Mapping as Pair
from customerp_trello.state.inbox import Delivery
from customerp_trello.webhooks.customerp_sender import CustomERPSender
from customerp_trello.webhooks.trello_sender import TrelloSender

KNOWN_SECONDS = 15
"""How soon a changed connection or mapping holds; until then a delivery costs no look-up, forged ones least of all."""

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """What both kinds offer."""

    def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the delivery is the system's."""

    def ours(self, headers: Mapping[str, str]) -> bool:
        """Whether it is the echo of our own write."""

    def deliveries(self, headers: Mapping[str, str], body: bytes) -> list[Delivery]:
        """Its rows of the inbox; RecordError if it cannot be understood."""


def sender(connection: str) -> Sender | None:
    """The sender behind an Airflow connection, None if nothing is to be taken from there."""
    return _senders(int(time.monotonic() / KNOWN_SECONDS)).get(connection)


def pairs_of(side: str) -> dict[str, tuple[Pair, ...]]:
    """Connection id -> the pairs that use it on a side. A mapping that is wrong is left out: its DAG says so."""
    found: dict[str, tuple[Pair, ...]] = {}
    for pair in _pairs():
        connection = pair.side(side).connection
        found[connection] = (*found.get(connection, ()), pair)
    return found


def _pairs() -> Iterator[Pair]:
    for file in sorted(mappings_folder().glob("*.yaml")):
        try:
            yield load_mapping(file)
        except SyncError as error:
            log.warning("mapping left out", file=file.name, reason=str(error))


@lru_cache(maxsize=1)
def _senders(_slot: int) -> dict[str, Sender]:
    found: dict[str, Sender] = {}
    for side, make in (("trello", _trello), ("customerp", _customerp)):
        for connection, pairs in pairs_of(side).items():
            try:
                made = make(connection, pairs)
            except SyncError as error:  # the others go on
                log.warning("connection left out", connection=connection, reason=str(error))
                continue
            if made:
                found[connection] = made
    return found


def _trello(connection: str, pairs: tuple[Pair, ...]) -> Sender | None:
    hook = TrelloHook(connection)
    return TrelloSender(hook, pairs) if hook.settings.takes_webhooks else None


def _customerp(connection: str, pairs: tuple[Pair, ...]) -> Sender | None:
    hook = CustomERPHook(connection)
    speech = hook.profile.notifications if hook.settings.takes_webhooks else None
    return CustomERPSender(hook, pairs, speech) if speech else None
