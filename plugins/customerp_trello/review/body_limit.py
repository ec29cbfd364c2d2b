"""No request to the review page is larger than its forms can be.

FastAPI reads a form before it asks who is calling, a file in it to any length; so the limit stands before the routes.
"""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 256 * 1024
"""Bytes; the largest form answers a page of conflicts at once, and is a tenth of this."""


class BodyLimit:
    """ASGI middleware: a body is read up to :data:`LARGEST_BODY`, and what is larger is answered with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what is read of it."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
