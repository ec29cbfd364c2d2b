"""py-trello, led to the sandbox by its own option ``http_service``."""

from __future__ import annotations

from typing import Any

import requests
import trello
from requests.adapters import HTTPAdapter

TRELLO = ("https://api.trello.com", "https://trello.com")
"""The two addresses that are written into py-trello; webhooks are made at the second one."""


class ToSandbox(HTTPAdapter):
    """Sends what is meant for Trello to the sandbox, after py-trello has signed it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        for address in TRELLO:
            if str(request.url).startswith(address + "/"):
                request.url = self.url + str(request.url)[len(address) :]
        request.headers["Host"] = self.url.partition("//")[2]
        return super().send(request, *args, **more)


def py_trello(server: Any, token: str = "", *, signed: bool = True) -> trello.TrelloClient:
    """A client of the sandbox; ``signed`` sends OAuth 1 headers, otherwise key and token go into the query."""
    session = requests.Session()
    for address in TRELLO:
        session.mount(address + "/", ToSandbox(server.url))
    token = token or server.token
    if signed:
        return trello.TrelloClient(server.key, api_secret="app secret", token=token, http_service=session)
    return trello.TrelloClient(server.key, api_secret=token, http_service=session)
