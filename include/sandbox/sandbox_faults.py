"""Faults that a test or a person orders: answers lost, cut, empty, late or wrong, rows that change under a reader.

One fault strikes the next matching requests, every n-th of them, a number of times or for ever. A *profile of faults*
is a YAML file with a list of them (``faults/*.yaml``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from sandbox_messages import Answer, Incoming

FOLDER = Path(__file__).with_name("faults")

KINDS = {
    "status:NNN": "answer with this status, do nothing",
    "throttle": "answer 429 without Retry-After, do nothing",
    "expired": "answer 401 as for a token that has run out, do nothing",
    "reset": "do nothing, reset the connection",
    "lost_answer": "do the work, close the connection without an answer",
    "twice": "do the work twice, as when a proxy repeats a request, and give the second answer",
    "slow:SECONDS": "wait, then do the work and answer",
    "truncate": "do the work, send half of the body, close the connection",
    "blank": "do the work, answer with a body of no bytes",
    "empty": "do the work, answer with the list emptied",
    "short": "do the work, answer with the first half of the list and no next page",
    "doubled": "do the work, answer with every record of the list twice",
    "cap:NUMBER": "answer a list with so many records at most on a page, whatever was asked",
    "edit": "before answering, somebody else edits the first record of the kind that is asked for (CustomERP)",
    "deactivate": "before answering, somebody else switches the first active record of that kind off (CustomERP)",
}

DISTURBANCES = ("edit", "deactivate")


@dataclass
class Fault:
    """One ordered fault.

    Attributes:
        match: ``METHOD path`` (a path, a route template, or a pattern with ``*``).
        kind: what happens, see :data:`KINDS`.
        argument: what stands behind the kind's colon.
        times: how often it strikes; 0 for ever.
        after: matching requests that are spared before.
        every: it strikes one of so many matching requests.
        seen: matching requests so far.
        struck: how often it has struck.
    """

    match: str
    kind: str
    argument: str
    times: int = 1
    after: int = 0
    every: int = 1
    seen: int = field(default=0)
    struck: int = field(default=0)

    def strikes(self) -> bool:
        """Count a matching request; whether this one is struck."""
        self.seen += 1
        hit = self.seen > self.after and (self.seen - self.after - 1) % self.every == 0
        self.struck += hit
        return hit

    @property
    def used_up(self) -> bool:
        """Whether it has struck as often as it was ordered to."""
        return 0 < self.times <= self.struck

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
        numbers = {name: int(wish[name]) for name in ("times", "after", "every") if name in wish}
        if unknown := sorted(set(wish) - {"match", "kind", "times", "after", "every"}):
            raise ValueError(f"unknown key {unknown[0]!r}; the keys are match, kind, times, after, every")
        if min(numbers.values(), default=0) < 0 or numbers.get("every", 1) < 1:
            raise ValueError("times and after must be at least 0, every at least 1")
        fault = Fault(str(wish["match"]), kind, argument, **numbers)
        self.faults.append(fault)
        return fault

    def follow(self, profile: str) -> list[Fault]:
        """Order all faults of a profile: the name of one in ``faults``, or the path of a YAML file of your own."""
        path = Path(profile) if profile.endswith((".yaml", ".yml")) else FOLDER / f"{profile}.yaml"
        if not path.is_file():
            raise ValueError(f"no profile of faults {profile!r}; there are {', '.join(sorted(profiles()))}")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(content, list) or not all(isinstance(wish, dict) for wish in content):
            raise ValueError(f"{path.name} must be a list of faults, each with match and kind")
        return [self.order(wish) for wish in content]

    def take(self, incoming: Incoming) -> Fault | None:
        """The fault that strikes this request, used up by one; None as a rule."""
        return next(self._striking(incoming, disturbs=False), None)

    def disturbances(self, incoming: Incoming) -> list[Fault]:
        """What somebody else does just before this request is answered; beside the fault that strikes it."""
        return list(self._striking(incoming, disturbs=True))

    def _striking(self, incoming: Incoming, *, disturbs: bool) -> Iterator[Fault]:
        for fault in list(self.faults):
            if (fault.kind in DISTURBANCES) is disturbs and fault.concerns(incoming) and fault.strikes():
                if fault.used_up:
                    self.faults.remove(fault)
                yield fault


def profiles() -> list[str]:
    """Names of the profiles of faults that come with the sandbox."""
    return [file.stem for file in FOLDER.glob("*.yaml")]


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
