"""The ASGI application of the review page, to be mounted at :data:`PREFIX`.

Every Airflow process loads plugins, but only the api-server starts the app: its routes, and what they import, are added
then. Airflow lets anybody reach a plugin's app, so each route asks who is calling (:mod:`~.review.access`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from customerp_trello.errors import SyncError
from customerp_trello.review.body_limit import BodyLimit

PREFIX = "/customerp-trello/review"


def address(path: str) -> str:
    """One of our addresses as Airflow's UI needs it, below the path of its own base URL."""
    from airflow.configuration import conf

    return urlsplit(str(conf.get("api", "base_url", fallback=""))).path.rstrip("/") + PREFIX + path


def build_app() -> FastAPI:
    """The application; it has its routes once its lifespan has begun."""
    app = FastAPI(
        title="CustomERP and Trello review", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_with_routes
    )
    app.add_middleware(BodyLimit)
    # Starlette's, since the router refuses unknown addresses and methods with it.
    for kind in (HTTPException, RequestValidationError, SyncError):
        app.add_exception_handler(kind, _refusal)
    return app


@asynccontextmanager
async def _with_routes(app: FastAPI) -> AsyncIterator[None]:
    from customerp_trello.review.routes import router

    if not app.routes:
        app.include_router(router)
    yield


def _refusal(request: Request, error: Exception) -> Response:
    """What went wrong, as a page: never more than the error says on purpose."""
    from customerp_trello.review.render import refusal

    return refusal(request, error)
