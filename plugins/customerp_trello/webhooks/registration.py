"""Telling Trello where to send: one webhook for each workspace and for the register card, made, mended, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.model import Mapping

DESCRIPTION = "customerp-trello"


@dataclass(frozen=True)
class Registered:
    """What became of a model's webhook.

    Attributes:
        model: the workspace's or card's id.
        name: its name, for people.
        outcome: ``made``, ``woken``, ``kept`` or ``removed``.
    """

    model: str
    name: str
    outcome: str


def register(hook: TrelloHook, pairs: tuple[Mapping, ...]) -> list[Registered]:
    """Make it so that each model has exactly one active webhook at the connection's address, and no other model has.

    Doing it again does nothing. Webhooks at other addresses are somebody else's and stay.

    Raises:
        ConfigurationError: the connection names no address or no secret; without them deliveries would be refused.
    """
    url = _address(hook)
    wanted = models(hook, pairs)
    done: list[Registered] = []
    standing: set[str] = set()
    for webhook in ours(hook):
        model = str(webhook["idModel"])
        if model not in wanted or model in standing:
            hook.delete_webhook(str(webhook["id"]))
            done.append(Registered(model, wanted.get(model, ""), "removed"))
            continue
        standing.add(model)
        if not webhook.get("active", True):
            hook.update_webhook(str(webhook["id"]), active=True)
        done.append(Registered(model, wanted[model], "kept" if webhook.get("active", True) else "woken"))
    for model in wanted.keys() - standing:
        hook.create_webhook(model, url, DESCRIPTION)
        done.append(Registered(model, wanted[model], "made"))
    return sorted(done, key=lambda one: (one.outcome, one.name, one.model))


def remove(hook: TrelloHook) -> list[Registered]:
    """Remove all webhooks at the connection's address."""
    _address(hook)
    done = []
    for webhook in ours(hook):
        hook.delete_webhook(str(webhook["id"]))
        done.append(Registered(str(webhook["idModel"]), str(webhook.get("description", "")), "removed"))
    return done


def ours(hook: TrelloHook) -> list[dict[str, Any]]:
    """The webhooks of the connection's own token at its address, oldest first.

    Trello lists those of all tokens of the member without saying which token is which. One that another token made may
    be signed with another secret, so each is read with ours, ten in a request: Trello shows it to its own token only.
    """
    url = hook.settings.webhook_url
    ids = sorted(str(one["id"]) for one in hook.webhooks() if one["callbackURL"] == url)
    return [one for one in hook.batch(f"/webhooks/{id_}" for id_ in ids) if isinstance(one, dict)]


def models(hook: TrelloHook, pairs: tuple[Mapping, ...]) -> dict[str, str]:
    """Id -> name of what has to be watched: all workspaces of the token's member, and the register cards."""
    found: dict[str, str] = {}
    if any(pair.trello.entity != "action" for pair in pairs):
        found |= {str(one["id"]): str(one["displayName"]) for one in hook.my_organizations("id,displayName")}
    for pair in pairs:
        card = (pair.trello.scope.card or hook.register_card) if pair.trello.entity == "action" else ""
        if card:
            one = hook.get_card(card)
            found[str(one["id"])] = str(one["name"])
    return found


def _address(hook: TrelloHook) -> str:
    settings = hook.settings
    missing = [key for key in ("webhook_url", "webhook_secret") if not getattr(settings, key)]
    if missing:
        raise ConfigurationError(
            f"connection {hook.conn_id}: {' and '.join(missing)} missing; give both, see docs/operations.md, Webhooks"
        )
    return settings.webhook_url
