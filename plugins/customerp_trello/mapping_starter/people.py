"""Employees and contacts as members of Trello."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from customerp_trello.mapping.converters import ACTIVE
from customerp_trello.mapping.membership import MEMBERSHIPS
from customerp_trello.mapping_starter.choice import CUSTOMER, Choice, Wish
from customerp_trello.mapping_starter.document import Proposed, flow
from customerp_trello.mapping_starter.facts import Facts
from customerp_trello.mapping_starter.source import Source

EMAIL = Wish(("work_email", "email", "company_email", "business_email", "mail", "e_mail"), ("email",), "email")
GIVEN = Wish(("first_name", "given_name", "forename", "firstname", "given"))
FAMILY = Wish(("last_name", "family_name", "surname", "lastname", "family"))
FULL = Wish(("full_name", "name", "display_name", "employee_name", "contact_name"))
INITIALS = Wish(("initials",), ("text", "code"))
USERNAME = Wish(("trello_username", "trello_user", "trello_name"), ("text", "code"))
BIO = Wish(("bio", "biography", "about", "about_me"))
ROLE = Wish(("trello_role",), ("text", "code"))
STATUS = Wish(("status", "employment_status", "state"), ("code",))

STATES = {
    "active": ("active", "employed", "working", "current", "enabled", "open"),
    "deactivated": ("inactive", "suspended", "on leave", "leave", "paused", "sabbatical", "disabled"),
    "none": ("terminated", "left", "resigned", "retired", "former", "dismissed", "ended", "closed"),
}
"""Membership in Trello -> what an ERP calls it."""

_ANSWERS = list(MEMBERSHIPS)


def employees(source: Source) -> tuple[list[Proposed], dict[str, str]]:
    """The properties of employees, and what else their frame needs."""
    membership, working = _membership(source, by_status=True)
    found = [*_profile(source), *membership]
    return found, {"link_keys": _keys(found), "on_unlinked": _invited(source, working)}


def contacts(source: Source) -> tuple[list[Proposed], dict[str, str]]:
    """The properties of contacts, and what else their frame needs.

    Raises:
        ConfigurationError: no field says whose contact it is, so that nobody knows into which workspace to invite.
    """
    choice = source.find_reference("customer", CUSTOMER, "customer")
    if choice is None:
        raise source.lacking("customer", "refers to its customer")
    keys = {"name": "customer", "customerp": choice.field.name, "trello": "customer", "type": "reference"}
    reference = {"using": "reference", "references": "customer", "by": "id"}
    comments = {"trello": "the customer whose workspace it is"}
    customer = Proposed({**keys, "convert": reference}, comments, (choice.doubt,))
    found = [customer, *_profile(source), *_membership(source, by_status=False)[0]]
    return found, {"link_keys": _keys(found)}


def _profile(source: Source) -> Iterator[Proposed]:
    if found := source.find("email", EMAIL):
        keys = {"name": "email", "customerp": found.field.name, "trello": "email", "type": "email"}
        rules = {"direction": "to_trello", "ignore_case": True, "required": True, "personal": True}
        comments = {
            "direction": "Trello shows nobody's address but the token owner's",
            "required": "nobody is invited without one",
        }
        yield Proposed({**keys, **rules}, comments, (found.doubt,))
    full_name = _full_name(source)
    missing = "" if found else "which field is the address? Without one nobody can be invited; see --field email=..."
    yield replace(full_name, doubts=(*full_name.doubts, missing))
    for name, trello, kind, wish, longest in (
        ("initials", "initials", "string", INITIALS, 4),
        ("username", "username", "string", USERNAME, None),
        ("bio", "bio", "text", BIO, 16384),
    ):
        if choice := source.find(name, wish):
            most = {"max_length": longest} if longest else {}
            keys = {"name": name, "customerp": choice.field.name, "trello": trello, "type": kind}
            yield Proposed({**keys, **most, "personal": True}, {}, (choice.doubt,))
    yield from _role(source)


def _full_name(source: Source) -> Proposed:
    labels = source.kind.labels if len(source.kind.labels) == 2 else (None, None)
    given, family = source.find("given_name", GIVEN, labels[0]), source.find("family_name", FAMILY, labels[1])
    if given and family:
        return _joined(given, family)
    one = family or given or source.find("full_name", FULL, next(iter(source.kind.labels), None))
    if one is None:
        raise source.lacking("full_name", "looks like a name")
    doubt = "`direction: to_trello` if the ERP makes this name up of others"
    keys = {"name": "full_name", "customerp": one.field.name, "trello": "fullName", "type": "string", "personal": True}
    return Proposed(keys, {}, (one.doubt, doubt))


def _joined(given: Choice, family: Choice) -> Proposed:
    """Two fields as one name; a name of one word goes to the one that the ERP requires, so that is never empty."""
    first, last = given.field, family.field
    convert = {"using": "person_name", "one_word_to": first.name if first.filled > last.filled else last.name}
    doubt = f"one_word_to is the field that the ERP requires: {first.name} or {last.name}?"
    keys = {"name": "full_name", "customerp": [first.name, last.name], "trello": "fullName", "type": "string"}
    doubts = (given.doubt, family.doubt, doubt if first.filled == last.filled else "")
    return Proposed({**keys, "convert": convert, "personal": True}, {}, doubts)


def _role(source: Source) -> Iterator[Proposed]:
    choice = source.find("role", ROLE)
    if choice is None:
        return
    table = {"using": "value_table", "values": {"normal": "normal", "admin": "admin"}, "empty": "normal"}
    keys = {"name": "role", "customerp": choice.field.name, "trello": "role", "type": "enum", "convert": table}
    comments = {"on_first_link": "an ERP that says nothing of roles must demote nobody"}
    yield Proposed({**keys, "on_first_link": "trello"}, comments, (choice.doubt,))


# -- membership ------------------------------------------------------------------------------------------------


def _membership(source: Source, *, by_status: bool) -> tuple[list[Proposed], tuple[str, list[Any]] | None]:
    """Who is in; and the field with its values that mean so, None if nothing says it."""
    choice = source.find("membership", STATUS) if by_status else None
    table = _states(choice.field) if choice else {}
    working = [code for code, text in table.items() if text == "active"]
    doubts: tuple[str, ...] = ()
    if choice and working:
        field, unknown = choice.field.name, [code for code in choice.field.codes if code not in table]
        doubts = (choice.doubt, _unknown(unknown))
    elif source.kind.active:
        field, table, working = ACTIVE, {True: "active"}, [True]
    else:
        return [], None
    convert: dict[str, Any] = {"using": "value_table", "values": table}
    convert |= {"inactive": "none"} if source.kind.active else {}
    keys = {"name": "membership", "customerp": field, "trello": "membership", "type": "enum", "values": _ANSWERS}
    rules = {"direction": "to_trello", "convert": convert, "put_back": False, "required": True}
    comments = {"put_back": "somebody who left is reported, never fetched back"}
    return [Proposed({**keys, **rules}, comments, doubts)], (field, working)


def _states(field: Facts) -> dict[Any, str]:
    found = {}
    for code in field.codes:
        called = str(code).replace("_", " ").replace("-", " ").casefold()
        for text, words in STATES.items():
            if called in words:
                found[code] = text
    return found


def _unknown(codes: list[Any]) -> str:
    if not codes:
        return "are these all values that the field can have? Whoever has another one is quarantined"
    named = ", ".join(str(code) for code in codes)
    return f"which membership (active, deactivated, none) is meant by {named}? Until then such records are quarantined"


def _invited(source: Source, working: tuple[str, list[Any]] | None) -> str:
    """What a record without a counterpart gets: an invitation only where the ERP says that the person works there."""
    if working is None:
        return "{mode: link_only}   # decide: nothing says who works here, so nobody is invited; see `condition`"
    conditions = [{"field": working[0], "in": working[1]}]
    if source.kind.active and working[0] != ACTIVE:
        conditions.append({"field": ACTIVE, "in": [True]})
    lines = "".join(f"\n      - {flow(one)}" for one in conditions)
    return f"                    # invite only who works here\n    mode: condition\n    when:{lines}"


def _keys(found: list[Proposed]) -> str:
    names = [one.name for one in found if one.name in ("email", "full_name")]
    return "\n".join(f"  - properties: [{name}]" for name in names)
