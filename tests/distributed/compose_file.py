"""docker-compose.yaml as Docker Compose would read it: variables filled in, one object per service."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
FILE = REPOSITORY / "docker-compose.yaml"

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<sign>:[-?])(?P<other>[^}]*))?\})")
_ENV_LINE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Volume:
    """A folder or file of the repository, or a named volume, and where the container sees it."""

    source: str
    target: str
    read_only: bool

    @property
    def named(self) -> bool:
        return not self.source.startswith(".")


@dataclass(frozen=True)
class ComposeService:
    """A service as it is started.

    Attributes:
        name: of the service, by which others reach it.
        image: name and tag.
        command: the words of its command, its entrypoint's before them.
        environment: variables of its own.
        volumes: what is mounted where.
        health: the command that says whether it is well; empty if there is none.
        health_timeout: seconds that this command may take; Docker counts a slower one as failed.
        waits_for: service -> the condition that has to hold before.
        replicas: how many containers of it.
        profiles: under which of these it is started; under any if empty.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    volumes: tuple[Volume, ...]
    health: tuple[str, ...] = ()
    health_timeout: float = 0.0
    waits_for: Mapping[str, str] = field(default_factory=dict)
    replicas: int = 1
    profiles: tuple[str, ...] = ()


def read_env(text: str) -> dict[str, str]:
    """The variables of an `.env` file; single quotes around a value are not part of it."""
    return {name: value.strip().strip("'") for name, value in _ENV_LINE.findall(text)}


def read_compose(env: Mapping[str, str], file: Path = FILE) -> dict[str, ComposeService]:
    """All services, whatever their profile."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: _service(name, _filled(said, env)) for name, said in content["services"].items()}


def started(services: Mapping[str, ComposeService], profiles: set[str]) -> dict[str, ComposeService]:
    """The services that `docker compose up` starts under some profiles."""
    return {name: one for name, one in services.items() if not one.profiles or profiles & set(one.profiles)}


def _filled(value: Any, env: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, env) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, env) for one in value]
    return _VARIABLE.sub(lambda found: _value(found, env), value) if isinstance(value, str) else value


def _value(found: re.Match[str], env: Mapping[str, str]) -> str:
    name, sign, other = found["name"], found["sign"], found["other"]
    if name is None:
        return "$"
    if value := env.get(name, ""):
        return value
    if sign == ":?":
        raise ValueError(f"{name} is not set: {other}")
    return other or ""


def _service(name: str, said: Mapping[str, Any]) -> ComposeService:
    return ComposeService(
        name=name,
        image=said["image"],
        command=(*_words(said.get("entrypoint")), *_words(said.get("command"))),
        environment={key: str(value) for key, value in (said.get("environment") or {}).items()},
        volumes=tuple(_volume(text) for text in said.get("volumes", [])),
        health=_health(said.get("healthcheck", {}).get("test")),
        health_timeout=float(said.get("healthcheck", {}).get("timeout", "0s").removesuffix("s")),
        waits_for={other: how["condition"] for other, how in said.get("depends_on", {}).items()},
        replicas=int(said.get("deploy", {}).get("replicas", 1)),
        profiles=tuple(said.get("profiles", ())),
    )


def _words(command: str | list[str] | None) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else list(command or ())


def _volume(text: str) -> Volume:
    source, target, *rest = text.split(":")
    return Volume(source, target, rest == ["ro"])


def _health(test: list[str] | None) -> tuple[str, ...]:
    if not test:
        return ()
    kind, *words = test
    return ("/bin/sh", "-c", *words) if kind == "CMD-SHELL" else tuple(words)
