"""Faults that a test orders: answers lost, cut, empty, late or wrong, for the next matching requests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox_messages import Answer, Incoming

KINDS = {
    "status:NNN": "answer with this status, do nothing",
    "reset": "do nothing, reset the connection",
    "lost_answer": "do the work, close the connection without an answer",
    "twice": "do the work twice, as when a proxy repeats a request, and give the second answer",
    "slow:SECONDS": "wait, then do the work and answer",
    "truncate": "do the work, send half of the body, close the connection",
    "blank": "do the work, answer with a body of no bytes",
    "empty": "do the work, answer with the list emptied",
    "short": "do the work, answer with the first half of the list and no next page",
    "doubled": "do the work, answer with every record of the list twice",
}


@dataclass
class Fault:
    """One ordered fault: ``match`` is ``METHOD path`` (a path, a route template, or a pattern with ``*``)."""

    match: str
    kind: str
    argument: str
    times: int
    after: int

    def concerns(self, incoming: Incoming) -> bool:
        """Whether the request is one of those that the fault is for."""
        method, _, path = self.match.partition(" ")
        if method not in ("*", incoming.method):
            return False
        return path in (incoming.template, incoming.url_path) or fnmatchcase(incoming.url_path, path)


class FaultBook:
    """The faults still to come, in the order in which they were ordered."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def order(self, wish: dict[str, Any]) -> Fault:
        """Add a fault; ValueError with the valid kinds when it cannot be understood."""
        kind, _, argument = str(wish.get("kind", "")).partition(":")
        known = {name.partition(":")[0]: ":" in name for name in KINDS}
        if kind not in known or known[kind] != bool(argument):
            raise ValueError(f"kind must be one of {', '.join(KINDS)}; it was {wish.get('kind')!r}")
        if " " not in str(wish.get("match", "")):
            raise ValueError("match must be 'METHOD /path', e.g. 'POST /1/organizations'")
        fault = Fault(str(wish["match"]), kind, argument, int(wish.get("times", 1)), int(wish.get("after", 0)))
        self.faults.append(fault)
        return fault

    def take(self, incoming: Incoming) -> Fault | None:
        """The fault that strikes this request, used up by one; None as a rule."""
        for fault in self.faults:
            if not fault.concerns(incoming):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            return fault
        return None


def bend(answer: Answer, kind: str) -> Answer:
    """What is left of a good answer after a fault of the body (blank, empty, short, doubled)."""
    if kind == "blank":
        return Answer(answer.status, b"", answer.media_type, answer.headers)
    content = json.loads(answer.body)
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        cursor = content["next_cursor"] if kind == "doubled" else None
        content = {**content, "data": _bend_list(content["data"], kind), "next_cursor": cursor}
    elif isinstance(content, list):
        content = _bend_list(content, kind)
    return Answer(answer.status, json.dumps(content, ensure_ascii=False).encode(), answer.media_type, answer.headers)


def _bend_list(records: list[Any], kind: str) -> list[Any]:
    if kind == "empty":
        return []
    return records[: len(records) // 2] if kind == "short" else [one for one in records for _ in range(2)]
