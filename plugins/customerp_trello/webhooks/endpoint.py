"""The address that both systems send to: ``/customerp-trello/webhooks/<connection id>`` of Airflow's api-server.

Airflow lets anybody reach a plugin's app, so each POST has to show its signature, and there is nothing to read here.
Every Airflow process loads plugins, but only the api-server answers: what it takes to answer is imported inside.

| status | meaning |
|---|---|
| 200 | taken, or not for us (an echo, a duplicate, a model of no pair): do not send again |
| 400 | signed, but not to be understood |
| 401 | not signed by that system |
| 404 | no connection of this id takes webhooks |
| 413 | larger than any delivery |
| 503 | the state database is away: send again |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from customerp_trello.state.inbox import Delivery

PREFIX = "/customerp-trello/webhooks"
LARGEST_BODY = 512 * 1024
"""Bytes; a comment and a workspace's description have 16,384 characters each, of up to 12 bytes in JSON."""

log = structlog.get_logger(__name__)


def build_app() -> FastAPI:
    """The ASGI application to be mounted at :data:`PREFIX`."""
    app = FastAPI(title="CustomERP and Trello webhooks", docs_url=None, redoc_url=None, openapi_url=None)
    app.head("/{connection}")(ready)
    app.post("/{connection}")(receive)
    return app


def ready(connection: str) -> Response:
    """HEAD: Trello asks before it registers a webhook."""
    from customerp_trello.webhooks.senders import sender

    return Response(status_code=200 if sender(connection) else 404)


async def receive(connection: str, request: Request) -> Response:
    """POST: one delivery; answered as soon as it is stored."""
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    return Response(status_code=await run_in_threadpool(take, connection, request.headers, body))


def take(connection: str, headers: Mapping[str, str], body: bytes) -> int:
    """Check a delivery and put it into the inbox.

    Args:
        connection: Airflow connection id, from the address.
        headers: the request's, names being case-insensitive.
        body: as it came.

    Returns:
        The HTTP status.
    """
    from customerp_trello.errors import RecordError, SyncError
    from customerp_trello.webhooks.senders import sender

    found = sender(connection)
    if found is None:
        return 404
    if not found.signed(headers, body):
        log.warning("forged delivery refused", connection=connection, bytes=len(body))
        return 401
    if found.ours(headers):
        return 200
    try:
        _store(connection, found.deliveries(headers, body))
    except RecordError as error:
        log.warning("delivery not understood", connection=connection, reason=str(error))
        return 400
    except SyncError as error:
        log.error("delivery not stored", connection=connection, reason=str(error))
        return 503
    return 200


def _store(connection: str, deliveries: list[Delivery]) -> None:
    from customerp_trello.state.inbox import put_in
    from customerp_trello.state.location import state_url
    from customerp_trello.state.store import Store

    if not deliveries:
        return
    with Store(state_url()) as store:
        store.upgrade()
        with store.begin() as tx:
            new = put_in(tx, deliveries)
    first = deliveries[0]
    log.info("delivery", connection=connection, kind=first.kind, pairs=[one.pair for one in deliveries], new=new)


async def _body(request: Request) -> bytes | None:
    """The body; None if it is too large, without reading the rest."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)
