"""Somebody at a desk: requests to a sandbox by its own handlers, in this thread, past the package and past the network.

Edits are most of what the machines do, so they are worth the short way. The package itself takes the long one: HTTP.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox_messages import Incoming


class Refused(Exception):
    """The system does not take what somebody wanted."""


class Desk:
    """One person's access to one system.

    Args:
        service: the server's insides.
        authorization: the header that says who it is.
        root: what every path begins with.
    """

    def __init__(self, service: Any, authorization: str, root: str) -> None:
        self.service, self.authorization, self.root = service, authorization, root
        self._routes = [
            (method, template, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)), handler)
            for method, template, handler in service.routes()
        ]

    def __call__(self, method: str, path: str, version: str = "", **fields: Any) -> Any:
        """The answer's JSON.

        Raises:
            Refused: any answer but 2xx.
        """
        for verb, template, pattern, handler in self._routes:
            if verb == method and (found := pattern.fullmatch(self.root + path)):
                return self._ask(method, template, self.root + path, found.groupdict(), handler, version, fields)
        raise AssertionError(f"{method} {path} is no route")

    def _ask(self, method, template, path, values, handler, version, fields) -> Any:
        headers = {"authorization": self.authorization, "content-type": "application/json", "if-match": version}
        query = {name: str(value) for name, value in fields.items()} if method == "GET" else {}
        body = json.dumps(fields).encode() if fields and method != "GET" else b""
        # The class's own: what the journal hears is what the package writes.
        respond = type(self.service).respond
        answer = respond(self.service, Incoming(method, template, path, values, query, headers, body), handler)
        if answer.status >= 300:
            raise Refused(f"{method} {path}: {answer.status} {answer.body.decode()[:300]}")
        return json.loads(answer.body) if answer.body else None
