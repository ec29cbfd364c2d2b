"""Mappings that are wrong in one place."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from customerp_trello.mapping.explain import explain
from customerp_trello.mapping.model import Mapping

SHIPPED = Path(__file__).parents[2] / "include" / "mappings"
GONE = "(taken out)"


def set_in(data: Any, path: str, value: Any) -> None:
    """Put *value* at a path such as ``customerp.filter`` or ``properties.number.type`` (properties by name)."""
    *steps, last = path.split(".")
    for step in steps:
        found = next((each for each in data if each["name"] == step), None) if isinstance(data, list) else data[step]
        data = found
    if value == GONE:
        del data[last]
    else:
        data[last] = value


@pytest.fixture
def complaints() -> Callable[..., list[str]]:
    """``complaints(pair, {path: value})``: the lines about a shipped mapping that was changed."""

    def about(pair: str, changes: dict[str, Any]) -> list[str]:
        data = deepcopy(yaml.safe_load((SHIPPED / f"{pair}.yaml").read_text(encoding="utf-8")))
        for path, value in changes.items():
            set_in(data, path, value)
        try:
            Mapping.model_validate(data)
        except ValidationError as error:
            return explain(error, data)
        return []

    return about
