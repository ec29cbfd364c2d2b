"""Templates to answers: everything is escaped, nothing is kept by caches, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException

from customerp_trello.errors import RecordError, RecordMissing, RetriableError
from customerp_trello.review import words
from customerp_trello.review.app import PREFIX
from customerp_trello.review.forgery import token_for

HERE = Path(__file__).parent
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
NOTICES = {
    "answered": "Your answer is saved. The next run writes it.",
    "retry": "The next run tries again. It has been asked for and starts in a few seconds, unless the DAG is paused.",
    "started": "A run has been asked for. It starts in a few seconds, unless the DAG is paused.",
    "linked": "The two records are linked. The next run compares them.",
    "unlinked": "The link has ended. Both records stay as they are.",
    "rejoined": "The two records may find each other again in the next run.",
    "renewed": "The record counts as new in the next run: it is linked by its key, or made again, as the mapping says.",
}
"""What an action has done; addresses carry the word alone."""


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a template.

    Args:
        request: whose page it is.
        template: file name without ``.html``.
        status: HTTP status.
        **context: what the template shows.
    """
    told = {
        "base": base(request),
        "airflow": base(request).removesuffix(PREFIX),
        "token": token_for(request),
        "now": datetime.now(UTC),
        "notice": NOTICES.get(request.query_params.get("done", "")),
    }
    html = environment().get_template(f"{template}.html").render(told | context)
    return HTMLResponse(html, status, HEADERS)


def base(request: Request) -> str:
    """Where this application is mounted, as the browser sees it."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def refusal(request: Request, error: Exception) -> Response:
    """What went wrong, as a page."""
    status, text = _told(error)
    headers = getattr(error, "headers", None) or {}
    title = HTTPStatus(status).phrase
    response = page(request, "refusal", status=status, title=title, text=text)
    response.headers.update(headers)
    return response


_PLAIN = {
    401: "You are not logged in to Airflow, or your login has ended. Reload Airflow and log in.",
    403: "You have no right to this. Ask whoever gives the rights in Airflow for the pair's DAG.",
    404: "There is nothing here (any more).",
    405: "That is not how this address is used.",
    413: "That is larger than anything that this page sends.",
}


def _told(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        ours = error.detail if error.detail.endswith(".") else ""
        return error.status_code, ours or _PLAIN.get(error.status_code, error.detail)
    if isinstance(error, RequestValidationError):
        fields = ", ".join(sorted({str(one["loc"][-1]) for one in error.errors()}))
        return 422, f"What was sent cannot be understood: {fields}. Go back and try again."
    if isinstance(error, RecordMissing):
        return 404, str(error)
    if isinstance(error, RecordError):
        return 409, str(error)
    if isinstance(error, RetriableError):
        return 503, str(error)
    return 500, str(error)


@cache
def environment() -> Environment:
    """Jinja with our filters; a name that a template misspells is an error, never an empty text."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "ago": words.ago,
        "cause": words.cause,
        "count": lambda number: f"{number:,}",
        "marked": marked,
        "figure": words.figure,
        "lasting": words.lasting,
        "mark": words.mark,
        "moment": words.moment,
        "operation": words.operation,
        "planned": words.planned,
        "side": words.SIDES.__getitem__,
    }
    made.globals |= {"statuses": words.STATUSES, "actions": words.ACTIONS}
    return made


def marked(text: str) -> Markup:
    """A line of the mapping's description: `code` and **bold** are shown so, everything else as it is."""
    safe = str(escape(text))
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe))  # noqa: S704 - escaped above
