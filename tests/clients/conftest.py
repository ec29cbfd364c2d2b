"""Two clients that nobody here wrote, unchanged from their registries, against the sandbox over HTTP.

py-trello has no option for another address, but takes the HTTP service to use: a `requests` session whose adapter for
Trello's two hosts sends everything to the sandbox. trello.js has the option ``host``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import trello
from client_processes import TrelloJsProcess
from py_trello_client import py_trello
from trello_js_client import TrelloJs
from webhook_receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that takes webhooks' deliveries."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def client(trello_server: Any) -> trello.TrelloClient:
    """py-trello with the integration's token."""
    return py_trello(trello_server)


@pytest.fixture(scope="session")
def trello_js_process() -> Iterator[TrelloJsProcess]:
    """One Node process for all tests; it is told the server with each call."""
    process = TrelloJsProcess()
    yield process
    process.close()


@pytest.fixture
def js(trello_server: Any, trello_js_process: TrelloJsProcess) -> TrelloJs:
    """trello.js with the integration's token, its response schemas on and strict."""
    return TrelloJs(trello_js_process, trello_server)
