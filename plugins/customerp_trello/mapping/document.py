"""A mapping as a page that a person reads: the DAG's documentation and the data-flow document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from customerp_trello.mapping.convert import PersonName, Reference, ShortName, ValueTable
from customerp_trello.mapping.model import Condition, Mapping, Property, SideName, other

_SYSTEM = {"customerp": "CustomERP", "trello": "Trello"}
_DIRECTION = {"both": "both ways", "to_trello": "to Trello", "to_customerp": "to CustomERP"}
_POLICY = {
    "latest": "latest edit",
    "customerp": "CustomERP wins",
    "trello": "Trello wins",
    "manual": "a person decides",
}
_MODE = {
    "create": "gets a counterpart there",
    "link_only": "is linked when one fits, nothing is created",
}
_GONE = {
    "delete": "is deleted as well",
    "deactivate": "is switched off, nothing is deleted",
    "unlink": "is kept and no longer synced",
    "restore": "stays, and the lost counterpart is made again from it",
    "ignore": "is kept, and the link is looked at again in every run",
}


PROPERTY_HEAD = ("CustomERP property", "Trello property", "Trello data type", "Direction", "Conflict policy")


def property_rows(mapping: Mapping) -> list[tuple[str, ...]]:
    """The properties in the file's order, each with the cells below :data:`PROPERTY_HEAD`."""
    return [
        (
            " + ".join(prop.customerp),
            prop.trello,
            _type(prop),
            _DIRECTION[prop.direction],
            _POLICY[prop.conflict] if prop.two_way else "-",
        )
        for prop in mapping.properties
    ]


def property_table(mapping: Mapping) -> str:
    """The properties as a Markdown table, one row each in the file's order."""
    return _table(PROPERTY_HEAD, property_rows(mapping))


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, a line each; `code` and **bold** are the only markup in a line."""

    title: str
    lines: tuple[str, ...]
    ordered: bool = False


def sections(mapping: Mapping) -> list[Section]:
    """What there is to say of a mapping besides its properties; what has nothing to say is left out."""
    found = (
        Section("Notes", tuple(_notes(mapping))),
        Section("Who is who", tuple(_keys(mapping)), ordered=True),
        Section("What takes part", tuple(_scope(mapping))),
        Section("Created and removed", tuple(_lifecycle(mapping))),
        Section("When a run is held", tuple(_guard(mapping))),
    )
    return [section for section in found if section.lines]


def summary(mapping: Mapping) -> str:
    """What is synced and how often, in two sentences."""
    return (
        f"`{mapping.pair}`: {mapping.customerp.entity} in CustomERP, {mapping.trello.entity} in Trello. "
        f"Runs at `{mapping.schedule}` ({mapping.timezone}); everything is compared "
        f"at least every {mapping.full_listing_every_hours} hours." + _after(mapping)
    )


def describe(mapping: Mapping) -> str:
    """The whole mapping in Markdown: what is compared, how records find each other, what is created and removed."""
    parts = [f"# {mapping.title}", summary(mapping), "## Properties", property_table(mapping)]
    for section in sections(mapping):
        parts += [f"## {section.title}", _bullets(section)]
    return "\n\n".join(parts) + "\n"


def _after(mapping: Mapping) -> str:
    return f" Follows {', '.join(f'`{pair}`' for pair in mapping.after)}." if mapping.after else ""


def _type(prop: Property) -> str:
    kind = f"{prop.type}: {', '.join(prop.allowed)}" if prop.allowed else prop.type
    return f"{kind}, up to {prop.max_length:,} characters" if prop.max_length else kind


def _notes(mapping: Mapping) -> Iterable[str]:
    for prop in mapping.properties:
        said = "; ".join(_traits(prop))
        if said:
            yield f"**{prop.label}**: {said}."


def _traits(prop: Property) -> Iterable[str]:
    convert = prop.convert
    if isinstance(convert, ValueTable):
        yield ", ".join(f"{_code(value)} is {text!r}" for value, text in convert.values)
        if convert.empty is not None:
            yield f"an empty field is {convert.empty!r}"
        if convert.inactive is not None:
            yield f"a record that is switched off is {convert.inactive!r}"
    elif isinstance(convert, PersonName):
        yield f"both names joined; a single word goes to `{convert.one_word_to}`"
    elif isinstance(convert, ShortName):
        yield "lower-case letters, digits and _ of the number"
    elif isinstance(convert, Reference):
        yield f"the {convert.references}'s {'number' if convert.by == 'number' else 'id'}"
    flags = {
        "given on creation, never changed later": prop.create_only,
        "an edit on the receiving side is reported, not put back": not (
            prop.two_way or prop.put_back or prop.create_only
        ),
        "never empty": prop.required,
        "capitals do not matter": prop.ignore_case,
        "masked in the log": prop.personal,
    }
    yield from (text for text, said in flags.items() if said)


def _code(value: bool | int | str) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _keys(mapping: Mapping) -> Iterable[str]:
    for key in mapping.link_keys:
        labels = " and ".join(mapping.property(name).label for name in key.properties)
        yield labels + (" (only together with another equal key)" if key.with_second else "")


def _scope(mapping: Mapping) -> Iterable[str]:
    yield f"CustomERP: every {mapping.customerp.entity}{_whose(mapping.customerp.filter)}"
    yield f"Trello: every {mapping.trello.entity}{_where(mapping)}{_whose(mapping.trello.filter)}"


def _whose(conditions: Iterable[Condition]) -> str:
    text = " and ".join(_condition(condition) for condition in conditions)
    return f" whose {text}" if text else ""


def _where(mapping: Mapping) -> str:
    scope = mapping.trello.scope
    if mapping.trello.entity == "action":
        return f" that is a comment on the register card ({scope.card or 'the one of the connection'})"
    if mapping.trello.entity != "member":
        return ""
    if not scope.workspaces:
        return f" of the staff workspaces ({', '.join(scope.staff_workspaces) or 'those of the connection'})"
    staff = " and ".join(f"`{pair}`" for pair in scope.staff_pairs)
    return " of a workspace that is linked to a customer" + (f", except the staff of {staff}" if staff else "")


def _condition(condition: Condition) -> str:
    if condition.in_ is not None:
        return f"{condition.field} is {' or '.join(_code(value) for value in condition.in_)}"
    return f"{condition.field} is {'empty' if condition.empty else 'not empty'}"


def _lifecycle(mapping: Mapping) -> Iterable[str]:
    sides: tuple[SideName, SideName] = ("customerp", "trello")
    for side in sides:
        settings, unlinked = mapping.side(side), mapping.side(side).on_unlinked
        who = f"A {_SYSTEM[side]} {settings.entity} without a counterpart in {_SYSTEM[other(side)]}"
        if unlinked.mode == "related":
            yield f"{who} {_MODE['create']} when its {unlinked.via} is linked"
        elif unlinked.mode == "condition":
            yield f"{who} {_MODE['create']} when its {' and '.join(_condition(c) for c in unlinked.when)}"
        else:
            yield f"{who} {_MODE[unlinked.mode]}"
        yield f"A {_SYSTEM[side]} {settings.entity} whose counterpart is gone {_GONE[settings.on_gone]}"
    if mapping.customerp.inactive == "gone":
        yield f"A {mapping.customerp.entity} that is switched off in CustomERP counts as gone"
    winner = "the edit wins" if mapping.delete_vs_edit == "edit_wins" else "the deletion wins"
    yield f"Deleted on one side and edited on the other in the same run: {winner}"


def _guard(mapping: Mapping) -> Iterable[str]:
    guard = mapping.guard
    invited, included = "", "unlinking, suspending and switching off"
    if mapping.memberships:
        invited = " (whoever gets a membership included)"
        included = "unlinking, suspending, switching off and whoever loses a membership"
    for what, share, count in (
        (f"Creates{invited}", guard.create_share, guard.create_count),
        ("Updates", guard.update_share, guard.update_count),
        (f"Deletes ({included} included)", guard.delete_share, guard.delete_count),
    ):
        yield f"{what}: more than {count} and more than {share:.0%} of the linked records, per side"
    if mapping.first_run == "hold":
        yield "The first run is a preview that a person lets through"


def _bullets(section: Section) -> str:
    marks = [f"{position}." if section.ordered else "-" for position in range(1, len(section.lines) + 1)]
    return "\n".join(f"{mark} {line}" for mark, line in zip(marks, section.lines, strict=True))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)
