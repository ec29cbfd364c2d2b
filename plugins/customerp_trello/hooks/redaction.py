"""What may be said aloud: texts and URLs without secrets and personal data.

Errors quote the other system's own message, since that is what helps a person; a system's message may in turn quote
what we sent it (a name that is taken, an address that bounces). So three things are masked: the connection's secrets
whatever their length (Airflow's own masker leaves out those under five characters), the values of the request that
the message answers, and whatever looks like an address or a phone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

MASK = "***"
LONGEST = 300

_URL = re.compile(r"https?://[^\s\"'<>]+")
_EMAIL = re.compile(r"[^\s<>\"'(),;:=\[\]{}]+@[^\s<>\"'(),;:=\[\]{}]+")
_PHONE = re.compile(r"(?<!\w)\+\d[\d ()./-]{5,}\d")
_SPACES = re.compile(r"\s+")


def redact_url(url: str) -> str:
    """Drop user info and fragment of *url* and mask the value of every query parameter; mask it whole if it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a system's message may hold anything: "see [https://erp.example]" ends in a lone bracket
        return MASK
    query = urlencode([(name, MASK) for name, _ in parse_qsl(parts.query, keep_blank_values=True)], safe="*")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


class Redactor:
    """Masks the secrets that it was given, values that a request carried, and personal data.

    Args:
        secrets: keys, tokens and passwords of a connection; empty ones are ignored.
    """

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        plain = {secret for secret in secrets if secret}
        self._secrets = _any_of(plain | {quote(secret, safe="") for secret in plain})

    def __repr__(self) -> str:
        return "Redactor()"

    def text(self, text: str, *, sent: Any = None) -> str:
        """Return *text* on one line, at most 300 characters long, with everything masked that must not be told.

        Args:
            text: a message of the other system, or one of ours that quotes it.
            sent: body of the request that *text* answers; its texts are masked where they appear as whole words.
        """
        # What was sent goes first: a note with an address in it would not be found again once the address is masked.
        for pattern in (self._secrets, _any_of(set(_texts(sent)))):
            if pattern:
                text = pattern.sub(MASK, text)
        text = _URL.sub(lambda match: redact_url(match.group()), text)
        for pattern in (_EMAIL, _PHONE):
            text = pattern.sub(MASK, text)
        text = _SPACES.sub(" ", text).strip()
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _any_of(values: set[str]) -> re.Pattern[str] | None:
    """Pattern for any of *values*: long ones anywhere, short ones as whole words (``ab`` must not eat ``table``)."""
    ordered = sorted(values, key=len, reverse=True)
    alternatives = [re.escape(value) if len(value) > 7 else rf"(?<!\w){re.escape(value)}(?!\w)" for value in ordered]
    return re.compile("|".join(alternatives), re.IGNORECASE) if alternatives else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and len(value.strip()) > 1:
        yield value.strip()
