"""Templates of a profile: JSON values or texts with ``{placeholders}``, filled in, and read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import Any

_WHOLE = re.compile(r"\{(\w+)\}")
MOMENT = ("since", "since_s", "since_ms", "since_value")


def names_in(template: Any) -> set[str]:
    """Names of the placeholders in *template*.

    Raises:
        ValueError: a brace is left open.
    """
    return {name for text in _texts(template) for _, name, _, _ in Formatter().parse(text) if name is not None}


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Fill *template* in.

    A text that is one placeholder and nothing else becomes the value itself, so that a number stays a number and a
    record an object; in a longer text the value is written as text.
    """
    if isinstance(template, str):
        whole = _WHOLE.fullmatch(template)
        return values[whole.group(1)] if whole else template.format_map(values)
    if isinstance(template, list | tuple):
        return [fill(part, values) for part in template]
    if isinstance(template, dict):
        return {fill(key, values): fill(part, values) for key, part in template.items()}
    return template


def read(template: Any, value: Any) -> dict[str, Any] | None:
    """The values that :func:`fill` would need to make *value* of an object *template*; None if it is another one.

    Placeholders must stand alone here: ``{"year": "{year}", "month": "{month}"}``.
    """
    if isinstance(template, str) and (whole := _WHOLE.fullmatch(template)):
        return {whole.group(1): value}
    if isinstance(template, dict):
        if not isinstance(value, dict) or template.keys() - value.keys():
            return None
        found: dict[str, Any] = {}
        for key, part in template.items():
            inner = read(part, value[key])
            if inner is None:
                return None
            found |= inner
        return found
    return {} if template == value else None


def moment_values(since: datetime, value: Any = None) -> dict[str, Any]:
    """What a template for "changed since" may use: UTC for strftime, Unix seconds, milliseconds, the ERP's own form."""
    moment = since.astimezone(UTC)
    milliseconds = int(moment.timestamp() * 1000)
    return {"since": moment, "since_s": milliseconds // 1000, "since_ms": milliseconds, "since_value": value}


def _texts(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, list | tuple):
        for part in template:
            yield from _texts(part)
    elif isinstance(template, dict):
        for key, part in template.items():
            yield from _texts(key)
            yield from _texts(part)
