"""What has to hold between the parts of a mapping; found all at once, each with its path in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from croniter import croniter  # type: ignore[import-untyped]

from customerp_trello.mapping.convert import PersonName, Reference, ValueTable
from customerp_trello.mapping.membership import MEMBERSHIPS

if TYPE_CHECKING:
    from customerp_trello.mapping.model import Condition, Mapping, OnUnlinked, Property

Problem = tuple[str, str]

ON_GONE: dict[str, dict[str, tuple[str, ...]]] = {
    # Per Trello entity and side. Membership is a property, so nobody is restored into a workspace by a delete policy.
    "organization": {
        "customerp": ("delete", "deactivate", "unlink", "restore", "ignore"),
        "trello": ("delete", "unlink", "restore", "ignore"),
    },
    "member": {
        "customerp": ("delete", "deactivate", "unlink", "ignore"),
        "trello": ("delete", "deactivate", "unlink", "ignore"),
    },
    "action": {
        "customerp": ("delete", "deactivate", "unlink", "restore", "ignore"),
        "trello": ("delete", "unlink", "restore", "ignore"),
    },
}
TRELLO_FIELDS: dict[str, tuple[str, ...]] = {
    "organization": ("name", "displayName", "desc", "website"),
    "member": ("customer", "email", "fullName", "initials", "username", "bio", "role", "membership"),
    # An action's other fields are the lines of its comment, so their titles are the user's own.
    "action": (),
}
TRELLO_OWN: dict[str, tuple[str, ...]] = {
    "organization": ("id", "url", "dateLastActivity"),
    "member": ("id", "url", "avatarUrl"),
    "action": ("id", "date", "memberCreator", "card"),
}
WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    # What a field of Trello's can be told.
    ("member", "membership"): MEMBERSHIPS,
    ("member", "role"): ("normal", "admin"),
}
SCOPE_KEYS: dict[str, tuple[str, ...]] = {
    "organization": (),
    "member": ("workspaces", "staff_workspaces", "staff_pairs"),
    "action": ("card",),
}


def did_you_mean(found: str, valid: Iterable[str]) -> str:
    """A hint at the nearest valid word, '' if none is near."""
    folded = {word.casefold(): word for word in valid}
    near = get_close_matches(found.casefold(), folded)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


def problems(mapping: Mapping) -> Iterator[Problem]:
    """Everything that contradicts itself in *mapping*, as (path in the file, sentence)."""
    yield from _timing(mapping)
    yield from _references(mapping)
    yield from _sides(mapping)
    yield from _duplicates(mapping)
    for position, prop in enumerate(mapping.properties):
        for path, message in (*_direction(prop), *_converter(prop), *_enum(prop), *_trello_field(mapping, prop)):
            yield f"properties[{position}].{path}", f"{message} (property {prop.name!r})"


def _timing(mapping: Mapping) -> Iterator[Problem]:
    if not croniter.is_valid(mapping.schedule) or len(mapping.schedule.split()) not in (1, 5):
        yield (
            "schedule",
            f"{mapping.schedule!r} is no cron expression. Valid: five fields (minute hour day month weekday), "
            "for instance '*/15 * * * *', or @hourly, @daily, @weekly",
        )
    try:
        ZoneInfo(mapping.timezone)
    except (KeyError, ValueError, OSError):
        yield "timezone", f"{mapping.timezone!r} is no IANA time zone. Valid: for instance UTC, Europe/Berlin"


def _unknown(found: str, names: Iterable[str]) -> str:
    names = tuple(names)
    return f"{found!r} is no property of this mapping. Valid: {', '.join(names)}.{did_you_mean(found, names)}"


def _references(mapping: Mapping) -> Iterator[Problem]:
    """Whatever names a property or a pair names one that can be meant."""
    for position, key in enumerate(mapping.link_keys):
        for inner, name in enumerate(key.properties):
            if name not in mapping.names:
                yield f"link_keys[{position}].properties[{inner}]", _unknown(name, mapping.names)
        if key.properties in [earlier.properties for earlier in mapping.link_keys[:position]]:
            yield f"link_keys[{position}]", "the same key stands further up; remove one of the two"
        if key.with_second and len(mapping.link_keys) == 1:
            yield f"link_keys[{position}].with_second", "counts only beside another key, and there is no other"
    for position, pair in enumerate(mapping.after):
        if pair == mapping.pair:
            yield f"after[{position}]", "a pair cannot come after itself"
    if len(set(mapping.after)) < len(mapping.after):
        yield "after", "names a pair twice"


def _sides(mapping: Mapping) -> Iterator[Problem]:
    entity = mapping.trello.entity
    for side in ("customerp", "trello"):
        settings = mapping.side(side)
        valid = ON_GONE[entity][side]
        if settings.on_gone not in valid:
            yield f"{side}.on_gone", f"{settings.on_gone!r} does not fit {entity}s. Valid: {', '.join(valid)}"
        yield from _conditions(f"{side}.filter", settings.filter)
        yield from _conditions(f"{side}.on_unlinked.when", settings.on_unlinked.when)
        yield from ((f"{side}.on_unlinked.{p}", m) for p, m in _on_unlinked(mapping, settings.on_unlinked))
        if side == "trello" and settings.on_unlinked.mode == "related":
            yield (
                "trello.on_unlinked.mode",
                "`related` is for CustomERP's records; valid here: create, link_only, condition",
            )
        across = "trello" if side == "customerp" else "customerp"
        if settings.on_unlinked.creates and not any(prop.to(across) for prop in mapping.properties):
            yield f"{side}.on_unlinked.mode", f"would create empty records: no property flows to {across}"
    yield from _scope(mapping)


def _scope(mapping: Mapping) -> Iterator[Problem]:
    entity, scope = mapping.trello.entity, mapping.trello.scope
    for key in scope.model_fields_set:
        if key not in SCOPE_KEYS[entity]:
            valid = ", ".join(SCOPE_KEYS[entity]) or "none"
            yield f"trello.scope.{key}", f"is no scope of {entity}s. Valid keys for {entity}: {valid}"
    if scope.workspaces and scope.staff_workspaces:
        yield "trello.scope", "`workspaces` and `staff_workspaces` exclude each other: customers' members or the staff"
    if scope.staff_pairs and not scope.workspaces:
        yield "trello.scope.staff_pairs", "is for `workspaces: linked`: only there staff and customers' people meet"
    for position, pair in enumerate(scope.staff_pairs):
        if pair == mapping.pair:
            yield f"trello.scope.staff_pairs[{position}]", "the pair's own members cannot be somebody else's staff"
    if scope.workspaces == "linked" and not mapping.after:
        yield (
            "after",
            "`trello.scope.workspaces: linked` needs the pair that links workspaces here, "
            "for instance [custom_customer__trello_organizations]",
        )


def _conditions(path: str, conditions: Iterable[Condition]) -> Iterator[Problem]:
    for position, condition in enumerate(conditions):
        if (condition.in_ is None) == (condition.empty is None):
            yield (
                f"{path}[{position}]",
                "needs exactly one of: in (a list of values), empty (true or false)",
            )


def _on_unlinked(mapping: Mapping, setting: OnUnlinked) -> Iterator[Problem]:
    references = [prop.name for prop in mapping.properties if prop.references]
    if setting.mode == "related":
        if setting.via is None:
            yield "property", f"mode `related` needs the reference to follow. Valid: {_or_none(references)}"
        elif setting.via not in references:
            hint = did_you_mean(setting.via, references)
            yield "property", f"{setting.via!r} is no reference. Valid: {_or_none(references)}.{hint}"
        if not mapping.after:
            yield "mode", "`related` follows another pair's links: name that pair in `after`"
    elif setting.via is not None:
        yield "property", f"is for mode `related`, the mode is `{setting.mode}`"
    if setting.mode == "condition" and not setting.when:
        yield "when", "mode `condition` needs at least one condition, such as {field: status, in: [active]}"
    if setting.mode != "condition" and setting.when:
        yield "when", f"is for mode `condition`, the mode is `{setting.mode}`"


def _or_none(names: list[str]) -> str:
    return ", ".join(names) or "none: give a property `convert: {using: reference, references: customer}`"


def _duplicates(mapping: Mapping) -> Iterator[Problem]:
    """No two properties share a name, nor write the same field."""
    names: dict[str, int] = {}
    fields: dict[tuple[str, str], int] = {}
    for position, prop in enumerate(mapping.properties):
        first = names.setdefault(prop.name, position)
        if first != position:
            yield f"properties[{position}].name", f"{prop.name!r} is also the name of properties[{first}]"
        targets = [("customerp", field) for field in prop.customerp if prop.to("customerp")]
        if mapping.trello.entity == "action":
            targets.append(("trello", prop.trello.casefold()))
        elif prop.to("trello"):
            targets.append(("trello", prop.trello))
        for side, field in targets:
            first = fields.setdefault((side, field), position)
            if first != position:
                yield f"properties[{position}].{side}", f"{field!r} is also written by properties[{first}]"


def _direction(prop: Property) -> Iterator[Problem]:
    given = prop.model_fields_set
    if not prop.two_way and "conflict" in given:
        yield "conflict", f"only a property with direction `both` can have one; the direction is `{prop.direction}`"
    if prop.two_way and not prop.put_back and not prop.create_only:
        yield "put_back", "false is for one-way properties: with `both` an edit travels, it is never put back"
    if prop.create_only and prop.two_way:
        yield "direction", "`create_only` sends a value once, one way. Valid: to_trello, to_customerp"
    if prop.create_only and prop.put_back:
        yield "put_back", "a `create_only` property is never written again, so nothing can be put back. Valid: false"


def _converter(prop: Property) -> Iterator[Problem]:
    convert = prop.convert
    using, count = convert.using, len(prop.customerp)
    if isinstance(convert, PersonName):
        yield from _person_name(prop, convert)
    elif count != 1:
        yield "customerp", f"{count} fields need `convert: {{using: person_name}}`; {using} takes one"
    if isinstance(convert, ValueTable):
        yield from _value_table(prop, convert)
    if using == "short_name" and (prop.direction != "to_trello" or not prop.create_only):
        yield "direction", "a short name cannot be turned back. Valid: direction to_trello with create_only: true"
    if using == "short_name" and prop.type != "string":
        yield "type", f"short_name makes a string. Valid: string; found {prop.type}"
    if (using == "reference") != (prop.type == "reference"):
        yield "type", "type `reference` and `convert: {using: reference, references: <entity>}` need each other"


def _person_name(prop: Property, convert: PersonName) -> Iterator[Problem]:
    if len(prop.customerp) != 2 or len(set(prop.customerp)) != 2:
        found = ", ".join(prop.customerp)
        yield "customerp", f"person_name joins two fields, given name then family name; found {found}"
    if convert.one_word_to not in prop.customerp:
        valid = ", ".join(prop.customerp)
        yield "convert.one_word_to", f"{convert.one_word_to!r} is none of the property's fields. Valid: {valid}"
    if prop.type != "string":
        yield "type", f"person_name makes a name. Valid: string; found {prop.type}"


def _value_table(prop: Property, table: ValueTable) -> Iterator[Problem]:
    if prop.type not in ("enum", "string", "boolean"):
        yield "type", f"value_table makes a word. Valid: enum, string, boolean; found {prop.type}"
    erp = [str(value).lower() if isinstance(value, bool) else str(value) for value, _ in table.values]
    if len(set(erp)) < len(erp):
        yield "convert.values", "lists an ERP value twice (1 and '1' count as the same, so do true and 'true')"
    if not table.invertible and prop.direction != "to_trello":
        cause = "`inactive`" if table.inactive is not None else "two ERP values with the same text"
        yield "direction", f"the value table loses information ({cause}), so there is no way back. Valid: to_trello"
    for text in table.texts:
        if prop.values and text not in prop.values:
            hint = did_you_mean(text, prop.values)
            yield "convert", f"gives {text!r}, which `values` lacks. Valid: {', '.join(prop.values)}.{hint}"


def _enum(prop: Property) -> Iterator[Problem]:
    if prop.type == "enum" and not prop.allowed:
        yield (
            "values",
            "an enum needs its values: a list here, or `convert: {using: value_table, values: {<ERP>: <Trello>}}`",
        )
    if prop.values and prop.type != "enum":
        yield "values", f"only an enum lists values; the type is `{prop.type}`"
    folded = [value.casefold() for value in prop.allowed]
    if prop.type == "enum" and len(set(folded)) < len(folded):
        yield "values", "two values differ by case only; capitals are not told apart in an enum"


def _trello_field(mapping: Mapping, prop: Property) -> Iterator[Problem]:
    entity = mapping.trello.entity
    own, writable = TRELLO_OWN[entity], TRELLO_FIELDS[entity]
    if prop.trello in own and prop.to("trello"):
        yield "direction", f"{prop.trello!r} is Trello's own and cannot be written. Valid: to_customerp"
    if writable and prop.trello not in (*writable, *own):
        valid = ", ".join((*writable, *own))
        hint = did_you_mean(prop.trello, (*writable, *own))
        yield "trello", f"{prop.trello!r} is no field of {entity}s. Valid: {valid}.{hint}"
    if words := WORDS.get((entity, prop.trello)):
        yield from _words(prop, words)
    by_id = isinstance(prop.convert, Reference) and prop.convert.by == "id"
    if (entity, prop.trello) == ("member", "customer") and not by_id:
        # The workspaces are known by their customers' ids; a number could be another customer's id.
        yield "convert", "whose workspace it is goes by the customer's id. Valid: {using: reference, ..., by: id}"


def _words(prop: Property, words: tuple[str, ...]) -> Iterator[Problem]:
    if prop.type != "enum":
        yield "type", f"{prop.trello!r} holds one of a few words. Valid: enum; found {prop.type}"
    given = prop.convert.texts if isinstance(prop.convert, ValueTable) else prop.allowed
    for text in given:
        if text not in words and (text in prop.values or not prop.values):
            hint = did_you_mean(text, words)
            yield (
                "values" if given is prop.values else "convert",
                f"Trello knows no {prop.trello} {text!r}. Valid: {', '.join(words)}.{hint}",
            )
