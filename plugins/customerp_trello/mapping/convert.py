"""What a mapping may ask of a value on its way: one model per converter, told apart by ``using``.

These are settings only; :mod:`customerp_trello.mapping.converters` does the work.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

Scalar = bool | int | str
"""A value as an ERP writes it in JSON, and as YAML reads it; ``true``, ``1`` and ``"1"`` are three different ones."""


class Frozen(BaseModel):
    """Base of every part of a mapping: immutable, hashable, and no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, strict=True)


def as_tuple(value: Any) -> Any:
    """Let YAML's lists become tuples in strict models; one scalar counts as a list of one."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    """A value table as (ERP value, text) pairs: hashable, ordered, and ``true`` stays a boolean."""
    if isinstance(value, tuple):
        return value
    if not isinstance(value, dict):
        raise PydanticKnownError("dict_type")
    for key, text in value.items():
        if key is None:
            raise PydanticCustomError("null_key", "null is no key here: name the text for null with `empty`")
        if not isinstance(key, bool | int | str):
            raise PydanticCustomError(
                "table_key",
                "{key} is no key here. Valid: a text, a whole number, true, false",
                {"key": repr(key)},
            )
        if not isinstance(text, str):
            raise PydanticCustomError(
                "table_text",
                "the text for {key} must be a string, found {text}: put it in quotes",
                {"key": repr(key), "text": repr(text)},
            )
    return tuple(value.items())


class TextConvert(Frozen):
    """The ERP's value as text, normalised by the property's type. The default."""

    using: Literal["text"] = "text"


class ValueTable(Frozen):
    """An ERP code for each Trello text.

    Attributes:
        values: (ERP value, Trello text), in the file's order.
        empty: Trello text for an ERP null; without it null is empty.
        inactive: Trello text while the record is switched off in the ERP, whatever the field says. It cannot be turned
            back into a value, so the property must be ``to_trello``.
    """

    using: Literal["value_table"]
    values: Annotated[
        tuple[tuple[Scalar, str], ...],
        BeforeValidator(_pairs, json_schema_input_type=dict[str, str]),
        Field(min_length=1),
    ]
    empty: str | None = None
    inactive: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """Every Trello text that the table can produce, without repetition."""
        extra = tuple(text for text in (self.empty, self.inactive) if text)
        return tuple(dict.fromkeys((*(text for _, text in self.values), *extra)))

    @property
    def invertible(self) -> bool:
        """Whether every Trello text leads back to one ERP value."""
        texts = [text for _, text in self.values]
        return len(set(texts)) == len(texts) and self.inactive is None


class PersonName(Frozen):
    """Given name and family name (the property's two ERP fields, in this order) as one full name.

    Attributes:
        one_word_to: the ERP field that takes a name which cannot be split: the one that the ERP requires.
    """

    using: Literal["person_name"]
    one_word_to: str


class ShortName(Frozen):
    """A Trello short name made from a customer number: only on creation, never back."""

    using: Literal["short_name"]


class Reference(Frozen):
    """The id of another ERP record, shown as that record's number.

    Attributes:
        references: ERP entity that is referred to.
        by: ``number`` shows the referenced record's number; ``id`` the ERP id itself.
    """

    using: Literal["reference"]
    references: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    by: Literal["number", "id"] = "number"


Convert = Annotated[TextConvert | ValueTable | PersonName | ShortName | Reference, Field(discriminator="using")]
