"""Finding and reading a profile's file, with errors that say file, place and what would be right."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

import customerp_trello
from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.profile import Profile

FOLDER_VARIABLE = "CUSTOMERP_TRELLO_PROFILES"


class _UniqueKeys(yaml.CSafeLoader):
    """YAML takes the last of two equal keys in silence; here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping whose keys are unique."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} stands there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def profiles_folder() -> Path:
    """Folder of the profiles: ``CUSTOMERP_TRELLO_PROFILES``, else ``include/customerp`` beside ``plugins``."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(customerp_trello.__file__).resolve().parents[2] / "include" / "customerp"


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """Read the profile *name*.

    Raises:
        ConfigurationError: there is no such profile, or its file is wrong; file, place and valid values are named.
    """
    folder = folder or profiles_folder()
    path = folder / f"{name}.yaml"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or not path.is_file():
        found = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none"
        raise ConfigurationError(
            f"CustomERP profile {name!r} is not in {folder} (found: {found}); "
            f"correct `profile` in the connection, or set {FOLDER_VARIABLE}"
        )
    try:
        content = yaml.load(path.read_text("utf-8"), _UniqueKeys)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path}{line}: {getattr(error, 'problem', None) or 'no YAML'}") from None
    lines = [f"{_place(place)}: {saying}" for place, saying in _no_json(content)]
    try:
        profile = Profile.model_validate(content)
    except ValidationError as error:
        lines += _lines(error)
    if lines:
        raise ConfigurationError("\n".join(f"{path}: {line}" for line in lines))
    return profile


def _no_json(value: Any, *place: int | str) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Where *value* holds what no request could carry, though YAML reads it, and what to write there."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _no_json(inner, *place, name if isinstance(name, int) else str(name))
    elif isinstance(value, date):
        yield place, f"YAML reads {value} as a date, and JSON has none; put it in quotes"
    elif not isinstance(value, str | int | float | None) or (isinstance(value, float) and not isfinite(value)):
        yield place, "is no JSON value; use a text, a number, true, false, null, a list or a map"


def _lines(error: ValidationError) -> list[str]:
    return [f"{_place(problem['loc'])}: {_saying(dict(problem))}" for problem in error.errors(include_url=False)]


def _saying(problem: dict[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "missing":
        return "is missing; add it"
    if problem["type"] == "union_tag_invalid":
        context = problem["ctx"]
        return f"{context['tag']!r} is not a kind; valid kinds: {context['expected_tags']}"
    if problem["type"] == "union_tag_not_found":
        return "needs a `kind`"
    return f"{message[0].lower()}{message[1:]}"


def _place(loc: tuple[int | str, ...]) -> str:
    """Return ``entities.customer.filters`` for pydantic's location; tags of unions are part of it and stay readable."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return place.lstrip(".") or "(top)"
