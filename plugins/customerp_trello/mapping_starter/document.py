"""A proposed mapping as the text of its file: a pair's frame, the properties, and what a person has to decide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template
from typing import Any

import yaml

DECIDE = "decide: "
_COLUMN = 33
"""Where comments stand behind a value."""


@dataclass(frozen=True)
class Proposed:
    """One property.

    Attributes:
        keys: its keys in the mapping, in the file's order.
        comments: key -> what it means.
        doubts: what a person has to decide about it.
    """

    keys: Mapping[str, Any]
    comments: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.keys["name"])

    def text(self) -> str:
        """Its lines in the file."""
        lines = [line for doubt in self.doubts if doubt for line in remark(f"{DECIDE}{doubt}", indent=2)]
        for place, (key, value) in enumerate(self.keys.items()):
            line = f"{'  - ' if not place else '    '}{key}: {flow(value)}"
            lines.append(f"{line:<{_COLUMN}}  # {self.comments[key]}" if key in self.comments else line)
        return "\n".join(lines)


def flow(value: Any) -> str:
    """A value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def remark(text: str, indent: int = 0) -> list[str]:
    """A comment's lines."""
    start = f"{' ' * indent}# "
    return textwrap.wrap(text, 118, initial_indent=start, subsequent_indent=start, break_on_hyphens=False)


def fill(pair: str, properties: Iterable[Proposed], **parts: str) -> str:
    """The file: the pair's frame with its *parts* and the properties' lines."""
    frame = files(__package__).joinpath("frames", f"{pair}.yaml").read_text(encoding="utf-8")
    filled = Template(frame).substitute(parts, properties="\n".join(one.text() for one in properties))
    return filled.rstrip("\n") + "\n"
