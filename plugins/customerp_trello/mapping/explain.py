"""Turning pydantic's findings about a mapping into sentences with path, found, valid and a likely spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from customerp_trello.mapping.checks import did_you_mean
from customerp_trello.mapping.convert import Convert
from customerp_trello.mapping.model import Mapping

_CONVERTERS: dict[str, type[BaseModel]] = {
    model.model_fields["using"].annotation.__args__[0]: model for model in get_args(get_args(Convert)[0])
}
_EXPECTED = {
    "string_type": "a text (put it in quotes if YAML reads it as a number, a date or a boolean)",
    "bool_type": "true, false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "dict_type": "keys with values",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "too_short": ("at least this many entries:", "min_length"),
    "string_too_short": ("a text with at least this many characters:", "min_length"),
}
_LONGEST = 60
"""Characters of a value that a line repeats."""


def explain(error: ValidationError, data: Any) -> list[str]:
    """One line per place and problem, in the order of the file's models.

    Args:
        error: what validating a :class:`~customerp_trello.mapping.model.Mapping` raised.
        data: the file's contents as YAML reads them.
    """
    lines: list[str] = []
    for detail in error.errors():
        if detail["type"] == "cross_check":
            lines += [f"{path}: {message}" for path, message in detail["ctx"]["problems"]]
        elif not _follows_from_another(detail):
            lines.append(_sentence(detail, data))
    return _merged(lines)


def _follows_from_another(detail: ErrorDetails) -> bool:
    """Whether pydantic says this only because something else is wrong, such as a list without its bad entries."""
    if detail["type"] == "too_short":
        return len(detail["input"]) >= int(detail["ctx"]["min_length"])
    return detail["type"] == "default_factory_not_called"


def _merged(lines: list[str]) -> list[str]:
    """What several types would take at one place, in one line."""
    places: dict[str, dict[str, None]] = {}
    for line in lines:
        head, marker, valid = line.partition(". Valid: ")
        places.setdefault(head + marker, {})[valid] = None
    return [head + " or ".join(valid) for head, valid in places.items()]


def _sentence(detail: ErrorDetails, data: Any) -> str:
    kind = detail["type"]
    loc = _in_file(detail["loc"], data, missing=kind == "missing")
    path = _path(loc)
    if kind == "extra_forbidden":
        valid = _keys(detail["loc"][:-1])
        return f"{path}: unknown key. Valid keys: {', '.join(valid)}.{did_you_mean(str(loc[-1]), valid)}"
    if kind == "missing":
        return f"{path}: is missing and required. Valid: {_describe(detail['loc'])}"
    found = f"{path}: found {_short(detail['input'])}"
    if kind in ("literal_error", "union_tag_invalid"):
        ctx = detail["ctx"]
        valid = re.findall(r"'([^']*)'", str(ctx.get("expected") or ctx.get("expected_tags")))
        if kind == "union_tag_invalid":
            path, word = f"{path}.using", str(ctx["tag"])
            found = f"{path}: found {word!r}"
        else:
            word = str(detail["input"])
        return f"{found}. Valid: {', '.join(valid)}.{did_you_mean(word, valid)}"
    if kind in _EXPECTED:
        return f"{found}. Valid: {_EXPECTED[kind]}"
    if kind == "string_pattern_mismatch":
        return f"{found}. Valid: {_pattern(detail['ctx']['pattern'])}"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"{found}. Valid: {words} {detail['ctx'][key]}"
    return f"{found}: {detail['msg']}"


def _in_file(loc: Sequence[int | str], data: Any, *, missing: bool) -> list[int | str]:
    """Drop the steps that only pydantic knows (a union's branch), so that the path is the one in the file."""
    steps: list[int | str] = []
    here = data
    for step in loc:
        if _leads_on(here, step):
            here = here[step]
            steps.append(step)
    return [*steps, loc[-1]] if missing else steps


def _leads_on(here: Any, step: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(step, int)
    return isinstance(here, dict) and step in here


def _path(loc: Sequence[int | str]) -> str:
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "(the whole file)"


def _short(value: Any) -> str:
    """The value as YAML spells it, cut where it is long."""
    if isinstance(value, bool | None):
        return {True: "true", False: "false", None: "null"}[value]
    text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _pattern(pattern: str) -> str:
    if "__" in pattern:
        return "lower-case letters, digits and _, with two __ between the two sides"
    return "lower-case letters, digits and _, beginning with a letter"


def _describe(loc: Sequence[int | str]) -> str:
    model = _model(loc[:-1])
    field = next(f for n, f in model.model_fields.items() if (f.alias or n) == loc[-1])
    values = list(_literals(field.annotation))
    return ", ".join(values) if values else "see the shipped mappings for an example"


def _literals(annotation: Any) -> Iterator[str]:
    for arg in get_args(annotation):
        if isinstance(arg, str):
            yield arg


def _keys(loc: Sequence[int | str]) -> list[str]:
    return [field.alias or name for name, field in _model(loc).model_fields.items()]


def _model(loc: Sequence[int | str]) -> type[BaseModel]:
    """The model that *loc* leads to."""
    model: type[BaseModel] = Mapping
    for step in loc:
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == step), None)
        if step in _CONVERTERS:
            model = _CONVERTERS[str(step)]
        elif field is not None:
            model = next(_models(field.annotation))
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for arg in get_args(annotation):
        yield from _models(arg)
