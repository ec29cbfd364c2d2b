"""A mapping: what corresponds to what in one pair, as immutable models straight along the YAML file.

Every model refuses keys that it does not know. What a single field can say is checked by its type; what only makes
sense together (a key that names a property, a direction that fits a converter) by
:func:`customerp_trello.mapping.checks.problems`, all at once. Read files with :mod:`customerp_trello.mapping.load`,
which turns what is wrong into sentences.
"""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from customerp_trello.mapping.checks import problems
from customerp_trello.mapping.convert import Convert, Frozen, Scalar, TextConvert, ValueTable, as_tuple

SideName = Literal["customerp", "trello"]
Direction = Literal["both", "to_trello", "to_customerp"]
Policy = Literal["latest", "customerp", "trello", "manual"]
Type = Literal[
    "string",
    "text",
    "integer",
    "decimal",
    "boolean",
    "date",
    "datetime",
    "enum",
    "email",
    "phone",
    "url",
    "tags",
    "reference",
]
OnGone = Literal["delete", "deactivate", "unlink", "restore", "ignore"]

CUSTOMERP: SideName = "customerp"
TRELLO: SideName = "trello"
SIDES: tuple[SideName, SideName] = (CUSTOMERP, TRELLO)

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(as_tuple, json_schema_input_type=Text | list[Text])]


def other(side: SideName) -> SideName:
    """The side across."""
    return TRELLO if side == CUSTOMERP else CUSTOMERP


class Condition(Frozen):
    """A test on one field of the side's own record: its value is one of ``in``, or it is (not) ``empty``."""

    field: Text
    in_: Annotated[
        tuple[Scalar, ...] | None, BeforeValidator(as_tuple, json_schema_input_type=str | list[Scalar] | None)
    ] = Field(None, alias="in", min_length=1)
    empty: bool | None = None


Conditions = Annotated[tuple[Condition, ...], BeforeValidator(as_tuple)]


class OnUnlinked(Frozen):
    """What to do with a record that nothing on the other side is linked to.

    Attributes:
        mode: ``create`` a counterpart; ``link_only`` (wait until one appears); ``related`` (create when the record
            that `via` refers to is linked); ``condition`` (create when all of `when` hold).
        via: in YAML ``property``: the reference that mode ``related`` follows.
        when: the conditions of mode ``condition``.
    """

    mode: Literal["create", "link_only", "related", "condition"]
    via: Name | None = Field(None, alias="property")
    when: Conditions = ()

    @property
    def creates(self) -> bool:
        """Whether counterparts may be created at all."""
        return self.mode != "link_only"


class SideSettings(Frozen):
    """One side of the pair.

    Attributes:
        connection: Airflow connection id.
        filter: conditions that put a record in scope; leaving the scope suspends a link, it never deletes.
        on_unlinked: what to do with this side's records that are not linked.
        on_gone: what happens to this side's record when its counterpart is gone: ``delete`` or ``deactivate`` it,
            ``unlink`` it (kept, no longer synced), ``restore`` (the *counterpart* is made again from this record),
            ``ignore`` (nothing, the link stays and is looked at again).
    """

    connection: Text
    filter: Conditions = ()
    on_unlinked: OnUnlinked
    on_gone: OnGone


class CustomERPSide(SideSettings):
    """The ERP's side.

    Attributes:
        entity: an entity that the ERP's profile describes.
        inactive: whether a record that is switched off in the ERP counts as ``gone`` or is still ``present``.
    """

    entity: Name
    inactive: Literal["gone", "present"] = "gone"


class Scope(Frozen):
    """Where in Trello the records live; what is left out is taken from the connection.

    Attributes:
        workspaces: ``linked``: members of the workspaces that a pair named in ``after`` has linked to customers.
        staff_workspaces: ids or short names of the workspaces whose members are the staff.
        card: id or URL of the register card whose comments are the projects.
        staff_pairs: pairs whose members are staff; a member of theirs is nobody's contact.
    """

    workspaces: Literal["linked"] | None = None
    staff_workspaces: Texts = ()
    card: Text | None = None
    staff_pairs: Texts = ()


class TrelloSide(SideSettings):
    """Trello's side."""

    entity: Literal["organization", "member", "action"]
    scope: Scope = Scope()


class LinkKey(Frozen):
    """Properties that together tell who is who.

    Attributes:
        with_second: counts only together with another equal key, for values that the server may have substituted.
    """

    properties: Texts = Field(min_length=1)
    with_second: bool = False


NEVER_EMPTY = {"organization": ("displayName",), "member": ("fullName", "initials", "username", "role")}
"""Trello's fields, per entity, that always have a value (https://developer.atlassian.com/cloud/trello/rest/)."""


class Property(Frozen):
    """One property: where it lives on both sides and how it travels. See the example files for each key's meaning."""

    name: Name
    label: Text = Field(default_factory=lambda data: str(data.get("name", "-")).replace("_", " ").capitalize())
    customerp: Texts = Field(min_length=1)
    trello: Text
    type: Type
    direction: Direction = "both"
    conflict: Policy = "latest"
    on_first_link: Literal["customerp", "trello", "manual"] | None = None
    convert: Convert = TextConvert()
    values: Texts = ()
    ignore_case: bool = False
    create_only: bool = False
    put_back: bool = True
    required: bool = False
    personal: bool = False
    max_length: int | None = Field(None, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        convert = data.get("convert")
        if isinstance(convert, dict) and "using" not in convert:
            data = {**data, "convert": {"using": "text", **convert}}
        if data.get("create_only") is True and "put_back" not in data:
            data = {**data, "put_back": False}
        if data.get("type") == "text" and "personal" not in data:
            # Nobody knows what people write into a free text: names, addresses, numbers.
            data = {**data, "personal": True}
        return data

    @property
    def customerp_fields(self) -> tuple[str, ...]:
        """The ERP fields that make up the value."""
        return self.customerp

    @property
    def two_way(self) -> bool:
        """Whether an edit on either side travels to the other."""
        return self.direction == "both"

    def to(self, side: str) -> bool:
        """Whether values may flow to *side*."""
        return self.direction in ("both", f"to_{side}")

    @property
    def allowed(self) -> tuple[str, ...]:
        """The canonical texts that an enum may hold; empty where any text will do."""
        if self.values:
            return self.values
        return self.convert.texts if isinstance(self.convert, ValueTable) else ()

    @property
    def references(self) -> str | None:
        """ERP entity that the value refers to, None for a plain value."""
        return self.convert.references if self.convert.using == "reference" else None


class Guard(Frozen):
    """When a plan looks like an accident: more than the share *and* more than the count, per side."""

    create_share: float = Field(0.2, ge=0, le=1)
    create_count: int = Field(20, ge=0)
    update_share: float = Field(0.5, ge=0, le=1)
    update_count: int = Field(20, ge=0)
    delete_share: float = Field(0.1, ge=0, le=1)
    delete_count: int = Field(5, ge=0)


class Log(Frozen):
    """Whether the log shows values of properties marked ``personal``."""

    personal_data: Literal["masked", "plain"] = "masked"


class Mapping(Frozen):
    """One pair, whole."""

    pair: str = Field(pattern=r"^[a-z][a-z0-9_]*__[a-z][a-z0-9_]*$")
    title: Text
    schedule: Text
    timezone: Text = "UTC"
    full_listing_every_hours: int = Field(24, ge=1)
    settle_seconds: int = Field(120, ge=0)
    late_after_minutes: int = Field(180, ge=1)
    first_run: Literal["hold", "apply"] = "hold"
    after: Texts = ()
    log: Log = Log()
    customerp: CustomERPSide
    trello: TrelloSide
    delete_vs_edit: Literal["edit_wins", "delete_wins"] = "edit_wins"
    tie: SideName = "customerp"
    on_first_link: Literal["customerp", "trello", "manual"] = "customerp"
    link_keys: Annotated[tuple[LinkKey, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    properties: Annotated[tuple[Property, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    guard: Guard = Guard()

    @model_validator(mode="after")
    def _makes_sense(self) -> Mapping:
        found = list(problems(self))
        if found:
            text = "; ".join(f"{path}: {message}" for path, message in found)
            raise PydanticCustomError("cross_check", "{text}", {"text": text, "problems": found})
        return self

    @builtins.property  # plain `property` is this class's own look-up by name
    def names(self) -> tuple[str, ...]:
        """Property names in the file's order."""
        return tuple(prop.name for prop in self.properties)

    def property(self, name: str) -> Property:
        """The property called *name*; KeyError if there is none."""
        for prop in self.properties:
            if prop.name == name:
                return prop
        raise KeyError(f"{self.pair} has no property {name!r}; it has: {', '.join(self.names)}")

    def side(self, side: str) -> CustomERPSide | TrelloSide:
        """The settings of one side."""
        sides: dict[str, CustomERPSide | TrelloSide] = {CUSTOMERP: self.customerp, TRELLO: self.trello}
        return sides[side]

    @builtins.property
    def customerp_fields(self) -> tuple[str, ...]:
        """Every ERP field that has to be read: of properties, filter and conditions, without repetition."""
        conditions = (*self.customerp.filter, *self.customerp.on_unlinked.when)
        return _unique([*(f for p in self.properties for f in p.customerp), *(c.field for c in conditions)])

    @builtins.property
    def trello_fields(self) -> tuple[str, ...]:
        """Every Trello field that has to be read, without repetition."""
        conditions = (*self.trello.filter, *self.trello.on_unlinked.when)
        return _unique([*(p.trello for p in self.properties), *(c.field for c in conditions)])

    @builtins.property
    def personal(self) -> frozenset[str]:
        """Properties whose values the log masks; empty where the mapping wants them plain."""
        if self.log.personal_data == "plain":
            return frozenset()
        return frozenset(prop.name for prop in self.properties if prop.personal)

    @builtins.property
    def memberships(self) -> tuple[str, ...]:
        """Properties that say whether somebody is in a workspace: writing one brings people in or sends them away."""
        return tuple(prop.name for prop in self.properties if prop.trello == "membership")

    @builtins.property
    def scoped_by(self) -> str | None:
        """Property that says in whose workspace a record lives: link keys and places apply within one."""
        scopes = [prop.name for prop in self.properties if (self.trello.entity, prop.trello) == ("member", "customer")]
        return scopes[0] if scopes else None

    @builtins.property
    def searched(self) -> tuple[str, ...]:
        """Properties by whose texts a person looks for a record: those of the link keys, names, addresses, numbers."""
        keys = [name for key in self.link_keys for name in key.properties]
        called = [prop.name for prop in self.properties if prop.type in ("string", "email", "phone", "url")]
        return _unique([*keys, *called])

    @builtins.property
    def filled(self) -> frozenset[str]:
        """Properties that are never empty in Trello: it refuses the whole write that would empty them."""
        fields = NEVER_EMPTY.get(self.trello.entity, ())
        return frozenset(prop.name for prop in self.properties if prop.trello in fields)

    @builtins.property
    def folded(self) -> frozenset[str]:
        """Properties that are compared without regard to case."""
        return frozenset(prop.name for prop in self.properties if prop.ignore_case)

    def fingerprint(self) -> str:
        """Digest of what decides which records take part and who is who; the guard stops when it changes.

        Covers entities, filters, Trello scope and link keys (contract, section 6).
        """
        watched = {
            "entities": [self.customerp.entity, self.trello.entity],
            "filters": [[c.model_dump() for c in self.side(side).filter] for side in SIDES],
            "inactive": self.customerp.inactive,
            "scope": self.trello.scope.model_dump(),
            "link_keys": [key.model_dump() for key in self.link_keys],
        }
        return hashlib.sha256(json.dumps(watched, sort_keys=True).encode()).hexdigest()


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
