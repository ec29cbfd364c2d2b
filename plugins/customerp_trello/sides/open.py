"""Which class serves which side of a pair: the only place that knows."""

from __future__ import annotations

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.limits import Places
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.model import CUSTOMERP, SIDES, TRELLO, Mapping
from customerp_trello.sides.base import Known, Side
from customerp_trello.sides.customerp import CustomERPRecords
from customerp_trello.sides.trello_action import TrelloActions
from customerp_trello.sides.trello_contact import TrelloContacts
from customerp_trello.sides.trello_employee import TrelloEmployees
from customerp_trello.sides.trello_organization import TrelloOrganizations


def open_side(mapping: Mapping, name: str, known: Known | None = None, places: Places | None = None) -> Side:
    """Open one side of a pair.

    Args:
        mapping: the pair's mapping; its connection id leads to the system.
        name: ``customerp`` or ``trello``.
        known: what our state knows, for a side that writes without having been read by ``extract`` before: contacts are
            invited to the workspaces that it names, and addresses of invitations come from it.
        places: where requests to Trello are counted with all others; None: for this side alone.

    Raises:
        ConfigurationError: there is no such connection, profile or entity.
    """
    if name == CUSTOMERP:
        return CustomERPRecords(mapping, CustomERPHook(mapping.customerp.connection))
    if name != TRELLO:
        raise ConfigurationError(f"{name!r} is no side; valid: {', '.join(SIDES)}")
    hook, known = TrelloHook(mapping.trello.connection, places), known or Known()
    if mapping.trello.entity == "organization":
        return TrelloOrganizations(mapping, hook)
    if mapping.trello.entity == "action":
        return TrelloActions(mapping, hook, known)
    if mapping.trello.scope.workspaces == "linked":
        return TrelloContacts(mapping, hook, known)
    return TrelloEmployees(mapping, hook, known)
