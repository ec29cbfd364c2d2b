"""A proxy in front of an ERP that loses answers, or answers itself, when a test says so. The rest is passed on."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Fault:
    """For the next *times* requests with *method*: ``lose`` the answer, or answer with *status* and *headers*."""

    method: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    times: int = 1


class FaultyProxy:
    """Listens on loopback; ``url`` says where."""

    def __init__(self, target: str) -> None:
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        proxy, where = self, urlsplit(target)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.requests.append((self.command, self.path))
                fault = proxy.take(self.command)
                if fault and fault.status:
                    return self.reply(fault.status, list(fault.headers), b"{}")
                connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
                # the Host header is passed on, so that links in the answer lead through the proxy as well
                connection.request(self.command, self.path, body or None, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if fault:
                    self.close_connection = True
                    return None
                return self.reply(answer.status, answer.getheaders(), content)

            def reply(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "content-length", "connection", "keep-alive"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def fault(self, method: str, status: int = 0, times: int = 1, **headers: str) -> None:
        """Order a fault; status 0 lets the ERP do its work and loses the answer."""
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.faults.append(Fault(method, status, named, times))

    def take(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
