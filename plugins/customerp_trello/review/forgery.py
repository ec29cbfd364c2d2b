"""Forms that only our own pages can send: the cookie of Airflow's UI goes along with requests of any site.

A form holds a token made from that cookie, which no other site can read; and the browser must say that the request
comes from our own origin. Who sends a bearer token needs neither, since no browser adds one by itself.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, HTTPException, Request

_COOKIE = "_token"
_PURPOSE = b"customerp-trello review"


def token_for(request: Request) -> str:
    """The token for forms of this login."""
    return hmac.new(request.cookies.get(_COOKIE, "").encode(), _PURPOSE, hashlib.sha256).hexdigest()


def from_our_page(request: Request, token: Annotated[str, Form(max_length=200)] = "") -> None:
    """To be asked before anything is done.

    Raises:
        HTTPException: 403, the request may have been made by another site.
    """
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    if not _same_origin(request) or not hmac.compare_digest(token.encode(), token_for(request).encode()):
        raise HTTPException(
            403, "This form is of another login, or was sent from another site. Reload the page and try again."
        )


def _same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    place = urlsplit(request.headers.get("origin", "")).netloc
    return bool(place) and place in (request.headers.get("host"), _own_address())


def _own_address() -> str:
    from airflow.configuration import conf

    return urlsplit(str(conf.get("api", "base_url", fallback=""))).netloc
