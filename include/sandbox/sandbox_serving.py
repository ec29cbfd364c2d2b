"""Running a server: as a process of its own until SIGTERM, or in a thread for tests."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys
import threading
import time
from typing import Any

import uvicorn
from sandbox_wire import BreakableProtocol
from starlette.applications import Starlette


def common_arguments(parser: argparse.ArgumentParser, port: int) -> None:
    """Add the options that both servers take."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=port, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--database", required=True, help="SQLite file; created when missing, kept between starts")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on: 40 ms
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BreakableProtocol,
        loop="asyncio",
        ws="none",
        log_level="error",
        access_log=False,
        date_header=False,  # the service sends its own, which tests may shift
        server_header=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=60,
    )


class _AnnouncingServer(uvicorn.Server):
    """Prints one line of JSON when requests can come."""

    url = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(json.dumps({"url": self.url}), flush=True)


def serve(app: Starlette, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    listener = _listen(host, port)
    server = _AnnouncingServer(_config(app))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn stops first, then raises the signal again
    server.url = f"http://{host}:{listener.getsockname()[1]}"
    server.run(sockets=[listener])


class _PromptServer(uvicorn.Server):
    """Stops within hundredths of a second and waits for nobody: tests start and stop many."""

    async def main_loop(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0.005)
        await self.lifespan.shutdown()


class ThreadedServer:
    """A server in a thread of this process; a context manager. ``url`` says where it is."""

    def __init__(self, app: Starlette, host: str = "127.0.0.1") -> None:
        self.service: Any = app.state.service
        self._listener = _listen(host, 0)
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"
        self._server = _PromptServer(_config(app))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    def start(self) -> ThreadedServer:
        """Start and wait until requests can come; RuntimeError after ten seconds."""
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError(f"The sandbox at {self.url} did not start")
            time.sleep(0.005)
        return self

    def ask_to_stop(self) -> None:
        """Stop soon, without waiting for it."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Stop and wait for the end."""
        self.ask_to_stop()
        self._thread.join(timeout=10)
        self._listener.close()

    def __enter__(self) -> ThreadedServer:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()
