"""Customers as workspaces, projects as comments on the register card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from customerp_trello.mapping_starter.choice import CUSTOMER, IDS, Choice, Wish
from customerp_trello.mapping_starter.document import Proposed
from customerp_trello.mapping_starter.source import Source

NUMBER = Wish(("number", "code", "ref", "no", "customer_number", "project_number"), IDS, unique=True)
NAME = Wish(("name", "title", "display_name", "company_name", "customer_name", "project_name", "subject"))
DESCRIPTION = Wish(("description", "notes", "note", "comment", "remarks", "details"))
WEBSITE = Wish(("website", "web", "homepage", "url", "site"), ("url",), "url")
STATUS = Wish(("status", "state", "stage"), ("code", "text"))
START = Wish(("start_date", "date_start", "starts_on", "begin_date", "start"), ("date", "datetime"))
END = Wish(("end_date", "date_end", "ends_on", "due_date", "deadline", "end"), ("date", "datetime"))
MANAGER = Wish(("manager_id", "manager", "owner_id", "owner", "lead_id", "responsible_id"), IDS)


def customers(source: Source) -> tuple[list[Proposed], dict[str, str]]:
    """The properties of customers, and what else their frame needs."""
    found = []
    if choice := source.find("number", NUMBER, source.kind.number):
        keys = {"name": "number", "label": "Customer number", "customerp": choice.field.name, "trello": "name"}
        rules = {"type": "string", "direction": "to_trello", "convert": {"using": "short_name"}, "create_only": True}
        comments = {
            "trello": "the workspace's short name",
            "convert": "C-1042 becomes c1042",
            "create_only": "given when the workspace is made, never changed later",
        }
        found.append(Proposed({**keys, **rules}, comments, (choice.doubt,)))
    found.append(_name(source, "displayName"))
    if choice := source.find("description", DESCRIPTION):
        keys = {"name": "description", "customerp": choice.field.name, "trello": "desc", "type": "text"}
        found.append(Proposed({**keys, "max_length": 16384}, {}, (choice.doubt,)))
    if choice := source.find("website", WEBSITE):
        keys = {"name": "website", "customerp": choice.field.name, "trello": "website", "type": "url"}
        found.append(Proposed(keys, {}, (choice.doubt,)))
    return found, {"link_keys": _customer_keys({one.name for one in found}), "on_gone": _on_gone(source)}


def _customer_keys(names: set[str]) -> str:
    lines = []
    if "number" in names:
        reason = "Trello may have put another short name in its place, so a second key must agree"
        lines = ["  - properties: [number]", f"    with_second: true              # {reason}"]
    return "\n".join([*lines, *(f"  - properties: [{name}]" for name in ("website", "name") if name in names)])


def _on_gone(source: Source) -> str:
    if source.can_switch_off:
        return "deactivate              # its workspace was deleted: switch the customer off (unless it was edited)"
    return "unlink                  # its workspace was deleted: this ERP cannot switch a customer off, so keep it"


def projects(source: Source) -> tuple[list[Proposed], dict[str, str]]:
    """The properties of projects, and what else their frame needs."""
    number = source.find("number", NUMBER, source.kind.number) or Choice(
        source.facts[source.kind.id], "people know a project by this; is there a number that they know better?"
    )
    keys = {"name": "number", "customerp": number.field.name, "trello": "Number", "type": "string"}
    comments = {"customerp": "given by the ERP"}
    found = [Proposed({**keys, "direction": "to_trello"}, comments, (number.doubt,)), _name(source, "Name")]
    found += [*_status(source), *_dates(source), *_references(source)]
    if choice := source.find("description", DESCRIPTION):
        keys = {"name": "description", "customerp": choice.field.name, "trello": "Description", "type": "text"}
        found.append(Proposed(keys, {}, (choice.doubt,)))
    return found, {"link_keys": "  - properties: [number]"}


def _name(source: Source, trello: str) -> Proposed:
    label = source.kind.labels[0] if len(source.kind.labels) == 1 else None
    choice = source.find("name", NAME, label)
    if choice is None:
        raise source.lacking("name", "looks like its name")
    keys = {"name": "name", "customerp": choice.field.name, "trello": trello, "type": "string", "required": True}
    return Proposed(keys, {"required": "neither system takes a nameless one"}, (choice.doubt,))


def _status(source: Source) -> Iterator[Proposed]:
    choice = source.find("status", STATUS)
    if choice is None:
        return
    keys: dict[str, Any] = {"name": "status", "customerp": choice.field.name, "trello": "Status"}
    words = {code: str(code).replace("_", " ").strip().capitalize() for code in choice.field.codes}
    if not words or len({word.casefold() for word in words.values()}) < len(words):
        yield Proposed({**keys, "type": "string"}, {}, (choice.doubt,))
        return
    doubt = "are these all values that the field can have? A project with another one is quarantined"
    always = {"required": True} if choice.field.filled == choice.field.of else {}
    table = {"using": "value_table", "values": words}
    yield Proposed({**keys, "type": "enum", "convert": table, **always}, {}, (choice.doubt, doubt))


def _dates(source: Source) -> Iterator[Proposed]:
    for name, title, wish in (("start_date", "Start date", START), ("end_date", "End date", END)):
        if choice := source.find(name, wish):
            kind = "datetime" if choice.field.kind == "datetime" else "date"
            keys = {"name": name, "customerp": choice.field.name, "trello": title, "type": kind}
            yield Proposed(keys, {}, (choice.doubt,))


def _references(source: Source) -> Iterator[Proposed]:
    for name, title, wish, entity in (
        ("manager", "Manager", MANAGER, "employee"),
        ("customer", "Customer", CUSTOMER, "customer"),
    ):
        if choice := source.find_reference(name, wish, entity):
            keys = {"name": name, "customerp": choice.field.name, "trello": title, "type": "reference"}
            by = {} if source.numbered(entity) else {"by": "id"}
            comments = {} if by else {"convert": "shown as the name with the number"}
            convert = {"using": "reference", "references": entity, **by}
            yield Proposed({**keys, "convert": convert}, comments, (choice.doubt,))
