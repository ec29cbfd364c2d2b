"""What the package writes to both systems, as the systems hear it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trello_call import parameters


@dataclass(frozen=True)
class Written:
    """One write that a system has taken.

    Attributes:
        route: method and template, e.g. ``PUT /1/organizations/{id}``.
        path: values of the template's placeholders.
        sent: the fields.
        before: the row as it was, empty for a create.
        answer: what the system said.
    """

    system: str
    route: str
    path: dict[str, str]
    sent: dict[str, Any]
    before: dict[str, Any]
    answer: Any = None


@dataclass
class Journal:
    """All writes since it was cleared; ``row_before(system, incoming)`` reads what a write is about to change."""

    row_before: Callable[[str, Any], dict[str, Any]]
    writes: list[Written] = field(default_factory=list)

    def listen(self, system: str, service: Any) -> None:
        """Hear what *service* is asked from outside; the desks in this process speak to its class instead."""

        def responding(incoming: Any, handler: Any) -> Any:
            if incoming.method == "GET":
                return type(service).respond(service, incoming, handler)
            before = self.row_before(system, incoming)
            answer = type(service).respond(service, incoming, handler)
            if answer.status < 300:
                sent = {name: value for name, value in _sent(system, incoming).items() if name not in ("key", "token")}
                told = json.loads(answer.body) if answer.body else None
                route = f"{incoming.method} {incoming.template}"
                self.writes.append(Written(system, route, dict(incoming.path), sent, before, told))
            return answer

        service.respond = responding


def _sent(system: str, incoming: Any) -> dict[str, Any]:
    if system == "trello":
        return dict(parameters(incoming))
    return dict(json.loads(incoming.body)) if incoming.body else {}
