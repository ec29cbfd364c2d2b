"""A server that takes webhooks' deliveries."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in, and what is answered: statuses in turn, then 200."""

    url: str = ""
    head: int = 200
    statuses: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        with self.changed:
            self.came.append((headers, body))
            self.changed.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait(self, count: int) -> list[tuple[dict[str, str], Any]]:
        """Headers in lower case and JSON of so many deliveries."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.came) >= count, 10), len(self.came)
            return [(headers, json.loads(body)) for headers, body in self.came]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver at work on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(receiver.head)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(receiver.take({name.lower(): value for name, value in self.headers.items()}, body))

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()
