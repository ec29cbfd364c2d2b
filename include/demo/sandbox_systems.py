"""The two sandbox systems as the stack sees them: a script, a database file, a line that says it is ready."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.layout import REPOSITORY, Layout
from demo.services import Service
from demo.settings import base_environment

_FOLDER = REPOSITORY / "include" / "sandbox"
SCRIPTS = {system: _FOLDER / f"serve_{system}.py" for system in ("customerp", "trello")}


def sandbox_service(system: str, script: Path, layout: Layout, port: int) -> Service:
    """Return the service that runs a sandbox system on its database in the stack's home."""
    command = [sys.executable, str(script), "--port", str(port), "--database", str(layout.database(system))]
    return Service(system, command, base_environment(layout), layout.logs)


def ready_line(log: Path) -> dict[str, Any] | None:
    """Return what the system printed when it was ready: a JSON object with `url`; None until then."""
    for line in log.read_text(errors="replace").splitlines(keepends=True):
        if line.startswith("{") and line.endswith("}\n"):  # a line may be there in part
            said = json.loads(line)
            if "url" in said:
                return dict(said)
    return None


def default_connections(systems: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return Airflow's connections to the sandbox systems, with the credentials that the sandbox takes by default.

    Args:
        systems: what each system said when it was ready, by system name. Of Trello, `staff_workspaces` and
            `register_card` go into the connection where they are said.
    """
    connections: dict[str, dict[str, Any]] = {}
    if "customerp" in systems:
        connections["customerp_default"] = {
            "conn_type": "customerp",
            "host": systems["customerp"]["url"],
            "password": "sandbox-customerp-token",
            "extra": {"profile": "default"},
        }
    if "trello" in systems:
        trello = systems["trello"]
        connections["trello_default"] = {
            "conn_type": "trello",
            "host": trello["url"],
            "login": "sandbox-trello-key",
            "password": "sandbox-trello-token",
            "extra": {name: trello[name] for name in ("staff_workspaces", "register_card") if name in trello},
        }
    return connections
