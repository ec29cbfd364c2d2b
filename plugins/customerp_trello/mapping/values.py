"""Canonical text: one spelling per value and property type, for whole columns and for single values.

Columns are pandas ``str`` columns in which missing means *unknown* and ``""`` *empty*; both stay what they are.
Text that does not fit its type is only trimmed, never guessed at; :func:`invalid` says what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from customerp_trello.errors import RecordError

Column = Any
"""A pyarrow string array; pyarrow ships no types."""

# Unicode's white space as Python's str.isspace() sees it, and the byte order mark that JavaScript trims as well. One
# list for every place that trims, because pandas, pyarrow and Python differ in the rare ones.
WHITESPACE = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "\ufeff"

TRUE, FALSE = ("true", "yes", "y", "1", "on"), ("false", "no", "n", "0", "off")
_LARGEST_EXPONENT = 40
_STR = pd.StringDtype("pyarrow", na_value=np.nan)


def normalise(series: pd.Series[str], kind: str, allowed: Sequence[str] = ()) -> pd.Series[str]:
    """Give a column its canonical texts; doing it twice changes nothing.

    Args:
        series: texts of one property, any length, missing for unknown.
        kind: the property's type in the mapping.
        allowed: an enum's values (``Property.allowed``), which settle the use of capitals.
    """
    return to_series(_canonical(to_arrow(series), kind, allowed), series.index)


def normalise_one(text: str | None, kind: str, allowed: Sequence[str] = ()) -> str | None:
    """:func:`normalise` for a single value, without a frame's column around it; None (unknown) stays None."""
    if text is None:
        return None
    return str(_canonical(pa.array([clean(text)], pa.large_string()), kind, allowed)[0].as_py())


def _canonical(column: Column, kind: str, allowed: Sequence[str]) -> Column:
    column = trimmed(column)
    return _enum(column, allowed) if kind == "enum" else _BY_KIND[kind](column)


def to_text(value: Any, kind: str = "string") -> str:
    """The text of a JSON value as an API sends it, before normalising: null is ``""``.

    Args:
        value: str, bool, int, Decimal, float, None, list or dict.
        kind: the property's type; a list is joined as tags, else written as JSON.
    """
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return _plain(value if isinstance(value, Decimal) else Decimal(repr(value)))
    if isinstance(value, list) and kind == "tags":
        return ", ".join(to_text(item) for item in value)
    if isinstance(value, list | dict):
        return clean(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))
    return str(value)


def from_text(text: str, kind: str) -> Any:
    """The JSON value to send to an ERP for a canonical text: ``""`` is null, decimals are exact ``Decimal``.

    Raises:
        RecordError: the text does not fit the type.
    """
    if text == "":
        return None
    if kind not in ("integer", "decimal", "boolean", "tags"):
        return text
    if kind == "tags":
        return text.split(", ")
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        return int(text) if kind == "integer" else Decimal(text)
    except (KeyError, ValueError, InvalidOperation):
        raise RecordError(f"A value is no {kind}; correct it in the system that it comes from.") from None


def clean(text: str) -> str:
    """Replace what no UTF-8 text can hold (half a surrogate pair) or no database takes (NUL)."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def to_arrow(series: pd.Series[str]) -> Column:
    """A text column as a pyarrow array, unknown as null."""
    column = pa.array(series.astype(_STR))
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column.cast(pa.large_string())


def to_series(column: Column, index: pd.Index[Any]) -> pd.Series[str]:
    """A pyarrow array as a pandas ``str`` column."""
    return pd.Series(pd.array(column.cast(pa.large_string()), dtype=_STR), index=index)


def trimmed(column: Column) -> Column:
    """NFC, without NUL and without white space at the ends."""
    column = pc.replace_substring(column, pattern="\x00", replacement="")
    return pc.utf8_trim(pc.utf8_normalize(column, form="NFC"), characters=WHITESPACE)


def per_value(column: Column, change: Callable[[str], str]) -> Column:
    """Apply *change* once to every distinct text, for what no vectorised function does."""
    encoded = column.dictionary_encode()
    return pa.array([change(text) for text in encoded.dictionary.to_pylist()]).take(encoded.indices)


def _replace(column: Column, *steps: tuple[str, str]) -> Column:
    for pattern, replacement in steps:
        column = pc.replace_substring_regex(column, pattern=pattern, replacement=replacement)
    return column


def _joined(*parts: Column | str) -> Column:
    return pc.binary_join_element_wise(*(_large(part) for part in (*parts, "")))


def _large(part: Column | str) -> Column:
    return pa.scalar(part, pa.large_string()) if isinstance(part, str) else part


def _where(column: Column, pattern: str, change: Callable[[Column], Column]) -> Column:
    """Change the texts that match *pattern*, keep the others."""
    return pc.if_else(pc.match_substring_regex(column, pattern=pattern), change(column), column)


def _text(column: Column) -> Column:
    return trimmed(_replace(column, ("\r\n?", "\n")))


def _integer(column: Column) -> Column:
    steps = ((r"\.0*$", ""), (r"^([+-]?)0+(\d)", r"\1\2"), (r"^\+", ""), (r"^-0$", "0"))
    return _where(column, r"^[+-]?\d+(\.0*)?$", lambda found: _replace(found, *steps))


def _decimal(column: Column) -> Column:
    column = _where(column, r"^[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,3}$", lambda found: per_value(found, _expand))
    steps = (
        (r"^([+-]?)0*(\d*)\.?(\d*?)0*$", r"\1\2.\3"),
        (r"^([+-]?)\.", r"\10."),  # RE2: group 1, then a zero
        (r"\.$", ""),
        (r"^\+", ""),
        (r"^-0$", "0"),
    )
    return _where(column, r"^[+-]?(\d+\.?\d*|\.\d+)$", lambda found: _replace(found, *steps))


def _expand(text: str) -> str:
    try:
        return _plain(Decimal(text))
    except InvalidOperation:
        return text


def _plain(number: Decimal) -> str:
    # An exponent of a million would be a million digits; such a number is left as it was written.
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return str(number)
    return format(number, "f")


def _boolean(column: Column) -> Column:
    lower = pc.utf8_lower(column)
    for words, text in ((TRUE, "true"), (FALSE, "false")):
        column = pc.if_else(pc.is_in(lower, value_set=pa.array(words)), text, column)
    return column


def _date(column: Column) -> Column:
    # A time with a zone may be another day where the ERP is, but for a midnight, by which some write a mere date.
    time = r"[T ]([\d:., ]*|[0:., ]*(Z|[+-]\d\d(:?\d\d)?))"
    column = _replace(
        column,
        (rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}})({time})?$", r"\1-0\2-0\3"),
        (r"^(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})$", r"\3-0\2-0\1"),
    )
    return _where(column, r"^\d{4}-0\d{1,2}-0\d{1,2}$", lambda found: _replace(found, (r"-0(\d\d)", r"-\1")))


def _datetime(column: Column) -> Column:
    shape = r"^[1-9]\d{3}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$"
    shaped = pc.if_else(pc.match_substring_regex(column, pattern=shape), column, None)
    times = pd.to_datetime(pd.Series(shaped.to_pylist()), utc=True, format="ISO8601", errors="coerce")
    moments = pa.array(times.dt.as_unit("us").dt.tz_localize(None))
    texts = _replace(pc.strftime(moments, "%Y-%m-%dT%H:%M:%S").cast(pa.large_string()), (r"\.?0*$", ""))
    return pc.coalesce(_joined(texts, "Z"), column)


def _enum(column: Column, allowed: Sequence[str]) -> Column:
    if not allowed:
        return column
    values = trimmed(pa.array(allowed))
    position = pc.index_in(pc.utf8_lower(column), value_set=pc.utf8_lower(values))
    return pc.coalesce(values.take(position), column)


def _email(column: Column) -> Column:
    local, domain = _replace(column, ("(?s)@[^@]*$", "")), _replace(column, ("(?s)^.*@", ""))
    joined = _joined(local, "@", trimmed(pc.utf8_lower(domain)))
    return pc.if_else(pc.match_substring(column, "@"), joined, column)


def _phone(column: Column) -> Column:
    return per_value(_replace(column, (r"^00(\d)", r"+\1")), _e164)


def _e164(text: str) -> str:
    # Without a country code, with letters or an extension, E.164 would invent or lose something.
    if not text.startswith("+") or any(char.isalpha() or char in "#;," for char in text):
        return text
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return text
    if number.extension or not phonenumbers.is_possible_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _url(column: Column) -> Column:
    bare = pc.and_(pc.invert(pc.match_substring(column, "://")), pc.not_equal(column, ""))
    column = pc.if_else(bare, _joined("https://", _replace(column, ("^//", ""))), column)
    # Scheme and host know no capitals; a name and password before an @ do.
    head = r"(?s)^([A-Za-z][A-Za-z0-9+.-]*://[^/?#@]*)([/?#].*)?$"
    lower = pc.ascii_lower(_replace(column, (head, r"\1")))
    joined = _joined(lower, _replace(column, (head, r"\2")))
    return pc.if_else(pc.match_substring_regex(column, pattern=head), joined, column)


def _tags(column: Column) -> Column:
    return per_value(column, _sorted_tags)


def _sorted_tags(text: str) -> str:
    parts = text.replace("\n", ",").replace(";", ",").split(",")
    return ", ".join(sorted({part.strip(WHITESPACE) for part in parts} - {""}))


def _as_it_is(column: Column) -> Column:
    return column


_BY_KIND: dict[str, Callable[[Column], Column]] = {
    "string": _as_it_is,
    "reference": _as_it_is,
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "tags": _tags,
}
