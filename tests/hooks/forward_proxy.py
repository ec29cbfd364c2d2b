"""A company's proxy: tunnels for https (CONNECT), absolute URLs for http, both to one far end."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class ForwardProxy:
    """Listens on loopback and passes everything on to *target*; ``refuses`` answers CONNECT with that status line."""

    def __init__(self, target: str) -> None:
        self.refuses = ""
        self.asked: list[str] = []
        proxy, where = self, urlsplit(target)

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                first = self.rfile.readline()
                proxy.asked.append(first.decode().rpartition(" ")[0])
                if not first.startswith(b"CONNECT"):
                    return self.pass_on(first)
                while self.rfile.readline().strip():
                    pass
                if proxy.refuses:
                    self.wfile.write(f"HTTP/1.1 {proxy.refuses}\r\n\r\n".encode())
                    return None
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                return self.pass_on(b"")

            def pass_on(self, begun: bytes) -> None:
                with socket.create_connection((where.hostname or "", where.port or 0)) as far:
                    far.sendall(begun)
                    back = threading.Thread(target=copy, args=(far, self.connection), daemon=True)
                    back.start()
                    while part := self.rfile.read1():
                        far.sendall(part)
                    with suppress(OSError):
                        far.shutdown(socket.SHUT_WR)
                    back.join()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on until *source* hangs up, then hang up as well."""
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_RDWR)
