"""Breaking a connection on purpose: uvicorn has no word for it, so the open sockets are kept at hand."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

_NO_LINGER = struct.pack("ii", 1, 0)


class BreakableProtocol(H11Protocol):
    """HTTP/1.1 whose transport can be found by the two addresses of a request's scope."""

    transports: ClassVar[dict[Any, asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        self.transports[self.server, self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.transports.pop((self.server, self.client), None)
        super().connection_lost(exc)


def _transport(scope: Any) -> asyncio.Transport | None:
    return BreakableProtocol.transports.get((tuple(scope["server"]), tuple(scope["client"])))


async def reset_connection(scope: Any, *, hard: bool) -> None:
    """Close without an answer: with a reset (hard) or an orderly end of the stream."""
    transport = _transport(scope)
    if transport is None:
        raise RuntimeError("Connections can only be broken behind sandbox_serving, which keeps hold of them")
    if hard:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    await asyncio.sleep(0.01)  # until the protocol knows, so that it does not answer 500 instead


async def break_off(scope: Any) -> None:
    """Close after what was sent so far has left."""
    transport = _transport(scope)
    if transport is not None:
        transport.close()
    await asyncio.sleep(0.01)
