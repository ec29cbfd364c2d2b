"""What a record is called: the words by which a person recognises it."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

from customerp_trello.mapping.convert import PersonName
from customerp_trello.mapping.model import Mapping
from customerp_trello.state.records import Link

_NAMES = ("name", "full_name", "title")


@dataclass(frozen=True)
class Name:
    """How a record is announced.

    Attributes:
        title: its name, or what comes nearest to one.
        key: its number or address, "" if that is the title.
    """

    title: str
    key: str = ""


def name_of(link: Link, mapping: Mapping | None) -> Name:
    """What the records of a link are called, from their bases."""
    return called({**link.base_trello, **link.base_customerp}, mapping, link.customerp_id)


def called(values: MappingABC[str, str], mapping: Mapping | None, record_id: str) -> Name:
    """What a record with these values is called."""
    names = [prop.name for prop in mapping.properties if _names(prop.name, prop.convert)] if mapping else list(_NAMES)
    keys = [name for key in mapping.link_keys for name in key.properties] if mapping else []
    title = _first(values, [*names, *keys])
    if not title:
        return Name(record_id)
    return Name(title, _first(values, [name for name in keys if values.get(name) != title]) or record_id)


def _names(name: str, convert: object) -> bool:
    return name in _NAMES or isinstance(convert, PersonName)


def _first(values: MappingABC[str, str], names: list[str]) -> str:
    return next((text for name in names if (text := values.get(name))), "")


def trello_address(link: Link, mapping: Mapping | None, card: str = "") -> str:
    """Where the record is in Trello for a person's browser, "" if that cannot be told from what is known.

    Args:
        link: the link.
        mapping: the pair's mapping.
        card: id of the register card.
    """
    if mapping is None:
        return ""
    base = "https://trello.com"
    if mapping.trello.entity == "action":
        return f"{base}/c/{card}#comment-{link.trello_id}" if card.isalnum() and link.trello_id.isalnum() else ""
    field = "name" if mapping.trello.entity == "organization" else "username"
    named = next((prop.name for prop in mapping.properties if prop.trello == field), "")
    text = link.base_trello.get(named, "")
    if not text or not text.replace("_", "").replace("-", "").isalnum():
        return ""
    return f"{base}/w/{text}" if mapping.trello.entity == "organization" else f"{base}/u/{text}"
