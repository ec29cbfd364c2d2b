"""What a field takes. Each check turns a client's value into the one that is kept, or says what is wrong with it.

Kept values are text (references: integers); empty is None. Servers normalise, and so does this one: outer spaces go,
country and currency become capitals, money has two decimals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from customerp_codes import COUNTRIES, CURRENCIES
from customerp_entities import Field

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}")
_PHONE = re.compile(r"\+?\d[\d\s().\-/]{3,28}\d(\s*(x|ext\.?)\s*\d{1,6})?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-[A-Za-z0-9]{5,8})*")
_HOST = re.compile(r"[^\s/:@]+\.[^\s/:@]+|localhost|\d{1,3}(\.\d{1,3}){3}")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_BIGGEST = Decimal("9999999999999.99")


class Refused(ValueError):
    """A value that a field does not take; the message is the rest of a sentence that begins with the field."""


def check(field: Field, value: Any) -> str | None:
    """The value to keep (references and read-only rules are the store's business); Refused with the reason."""
    if field.kind == "tags":
        return _tags(value)
    if field.kind in ("decimal", "percent"):
        return _number(field, value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused(f"must be text; it was {json.dumps(value, ensure_ascii=False)}")
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if _NO_TEXT.search(text):
        raise Refused("must be text; it holds characters that are none")
    if not text:
        return None
    if field.kind != "text" and "\n" in text:
        raise Refused("must be one line; it has line breaks")
    if len(text) > field.longest:
        raise Refused(f"may have at most {field.longest} characters; it has {len(text)}")
    return _TEXTS[field.kind](field, text)


def _plain(_: Field, text: str) -> str:
    return text


def _email(_: Field, text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise Refused(f"must be an e-mail address such as name@example.com; it was {text!r}")
    return text


def _url(_: Field, text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or "")) and " " not in text
    except ValueError:
        good = False
    if not good:
        raise Refused(f"must be a web address that begins with http:// or https://; it was {text!r}")
    return text


def _phone(_: Field, text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise Refused(f"must be a telephone number, best as +4930123456; it was {text!r}")
    return text


def _country(_: Field, text: str) -> str:
    if text.upper() not in COUNTRIES:
        raise Refused(f"must be a country code of two letters (ISO 3166-1), e.g. DE; it was {text!r}")
    return text.upper()


def _currency(_: Field, text: str) -> str:
    if text.upper() not in CURRENCIES:
        raise Refused(f"must be a currency code of three letters (ISO 4217), e.g. EUR; it was {text!r}")
    return text.upper()


def _language(_: Field, text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise Refused(f"must be a language tag (BCP 47), e.g. de or pt-BR; it was {text!r}")
    return text


def _date(_: Field, text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007 (a date has no zone)
    except ValueError:
        raise Refused(f"must be a date written as 2026-03-31; it was {text!r}") from None


def _enum(field: Field, text: str) -> str:
    if text not in field.values:
        raise Refused(f"must be one of {', '.join(field.values)}; it was {text!r}")
    return text


def _number(field: Field, value: Any) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, bool) else Decimal("NaN")
        kept = number.quantize(Decimal("0.01"))
    except InvalidOperation:
        kept = Decimal("NaN")
    if not kept.is_finite():
        raise Refused(f"must be a number; it was {json.dumps(value, ensure_ascii=False, default=str)}")
    if field.kind == "percent" and not 0 <= kept <= 100:
        raise Refused(f"must be between 0 and 100; it was {value}")
    if abs(kept) > _BIGGEST:
        raise Refused(f"may be at most {_BIGGEST}; it was {value}")
    return str(kept)


def _tags(value: Any) -> str | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise Refused('must be a list of texts such as ["roof", "urgent"]')
    tags = [tag.strip() for tag in value if tag.strip()]
    if any(_NO_TEXT.search(tag) for tag in tags):
        raise Refused("may only hold tags of text; one holds characters that are none")
    if any(len(tag) > 50 or "," in tag or "\n" in tag for tag in tags):
        raise Refused("may only hold tags of at most 50 characters without commas and line breaks")
    return json.dumps(list(dict.fromkeys(tags)), ensure_ascii=False) if tags else None


_TEXTS: dict[str, Callable[[Field, str], str]] = {
    "line": _plain,
    "text": _plain,
    "email": _email,
    "url": _url,
    "phone": _phone,
    "country": _country,
    "currency": _currency,
    "language": _language,
    "date": _date,
    "enum": _enum,
}
