"""Who sent a delivery: signatures over the raw bytes, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac


def trello_signature(secret: str, body: bytes, callback_url: str) -> str:
    """What ``X-Trello-Webhook`` must say.

    https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/

    Args:
        secret: the secret of the API key that registered the webhook.
        body: the request's body as it came.
        callback_url: the address that the webhook was registered with, to the letter.
    """
    return _base64(hmac.digest(secret.encode(), body + callback_url.encode(), hashlib.sha1))


def sha256_signature(secret: str, body: bytes, encoding: str) -> str:
    """HMAC-SHA256 of *body*, as ``hex`` or ``base64``."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return _base64(digest) if encoding == "base64" else digest.hex()


def matches(given: str | None, expected: str) -> bool:
    """Whether a header says what it must say; a missing one does not."""
    return hmac.compare_digest((given or "").encode("utf-8", "replace"), expected.encode())


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
