"""What all parts of a profile are made of: strict frozen models, paths into JSON, templates.

A *path* into a JSON body is text with dots (``meta.next``), or a list where a name itself holds a dot
(``["@odata.nextLink"]``); a number is a place in a list. A *template* is JSON or text with ``{placeholders}``.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from customerp_trello.hooks.templates import names_in

T = TypeVar("T")


def _as_path(value: object) -> object:
    if isinstance(value, str):
        return tuple(part for part in value.split(".") if part)
    return tuple(str(part) for part in value) if isinstance(value, list) else value


BodyPath = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_path),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Size = Annotated[int, Field(ge=1, le=100_000)]
Status = Annotated[int, Field(ge=400, le=499)]
Json = Any


class Strict(BaseModel):
    """A frozen part of a profile that knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_min_length=0)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        valid = sorted(cls.model_fields)
        for key in value if isinstance(value, dict) else ():
            if key not in cls.model_fields:
                close = get_close_matches(str(key), valid, n=1)
                hint = f" (did you mean {close[0]!r}?)" if close else ""
                raise ValueError(f"unknown key {key!r}{hint}; valid keys: {', '.join(valid)}")
        return value


def holds(*valid: str, needed: str = "") -> AfterValidator:
    """Validate a template: only *valid* placeholders, and *needed* among them."""

    def check(template: T) -> T:
        found = names_in(template)
        if unknown := sorted(found - set(valid)):
            raise ValueError(f"unknown placeholder {{{unknown[0]}}}; valid: {', '.join(f'{{{one}}}' for one in valid)}")
        if needed and needed not in found:
            raise ValueError(f"must hold {{{needed}}}")
        return template

    return AfterValidator(_unless_none(check))


def _unless_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda template: template if template is None else check(template)
