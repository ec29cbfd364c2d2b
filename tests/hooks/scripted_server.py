"""A server that answers what a test scripts."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Scripted:
    """One answer: status, body (JSON, text or bytes), headers; ``drop`` closes the connection without one."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass
class Received:
    """A request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class QuietServer(ThreadingHTTPServer):
    """Says nothing about clients that hang up: that is what some tests are about."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


class ScriptedServer:
    """Answers from ``answers`` in order, the last one for ever; ``answer`` may be a function of the request instead."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[Scripted] = [Scripted()]
        self.answer: Callable[[Received], Scripted] | None = None
        self.received: list[Received] = []
        self.connections = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                server.connections += 1

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                received = Received(self.command, self.path, dict(self.headers), body)
                server.received.append(received)
                answer = server.answer(received) if server.answer else server.next_answer()
                if answer.drop:
                    self.close_connection = True
                    return
                self.reply(answer)

            def reply(self, answer: Scripted) -> None:
                content = answer.body
                kind = "application/json"
                if isinstance(content, str):
                    content, kind = content.encode(), "text/plain; charset=utf-8"
                elif not isinstance(content, bytes):
                    content = b"" if content is None else json.dumps(content).encode()
                self.send_response_only(answer.status)
                self.send_header("Date", answer.headers.get("Date") or self.date_time_string())
                for name, value in {"Content-Type": kind, "Content-Length": len(content), **answer.headers}.items():
                    if name == "Date":
                        continue
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

            def log_message(self, *_: object) -> None:
                pass

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        if tls:  # the handshake is the handler's, so that a client who makes none holds nobody up
            plain = self._server.socket
            self._server.socket = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def next_answer(self) -> Scripted:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def script(self, *answers: Scripted) -> None:
        self.answers = list(answers)
        self.received.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
