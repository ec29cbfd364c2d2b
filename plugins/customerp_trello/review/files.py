"""Style, script and icon of the page: our own files, to whoever is logged in."""

from __future__ import annotations

from fastapi import HTTPException
from fastapi.responses import FileResponse, Response

from customerp_trello.review.render import HERE

TYPES = {
    "review.css": "text/css; charset=utf-8",
    "review.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "icon-dark.svg": "image/svg+xml",
}


def static(name: str) -> Response:
    """One of :data:`TYPES`."""
    if name not in TYPES:
        raise HTTPException(404)
    # Asked again each time, and answered by 304 as long as the file is the same.
    headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return FileResponse(HERE / "static" / name, media_type=TYPES[name], headers=headers)
