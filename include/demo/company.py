"""The company that the demo plays with: seeded databases, the connections to them, and the mappings of its Airflow."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from demo.errors import StackError
from demo.layout import REPOSITORY, Layout, write_privately
from demo.sandbox_systems import SCRIPTS, default_connections

_SEED = REPOSITORY / "include" / "sandbox" / "sandbox_seed.py"
_INCLUDE = REPOSITORY / "include"
# Comes round every four years: a run starts when somebody triggers it or an asset event does, never by the clock.
NEVER = "0 0 29 2 *"
_SCHEDULE = re.compile(r"^schedule:.*$", re.MULTILINE)


@dataclass(frozen=True)
class Company:
    """A seeded company.

    Attributes:
        summary: what the seed said: how much there is, and which records are deliberately special.
    """

    summary: dict[str, Any]

    @classmethod
    def open(cls, layout: Layout, customers: int) -> Self:
        """Return the company of a home, which is seeded when the home has none yet.

        Raises:
            StackError: the seed refused, or the home is in use.
        """
        layout.prepare()
        file = layout.home / "company.json"
        if not file.exists():
            with layout.lock():
                _forget_unfinished(layout)
                write_privately(file, _seed(layout, customers))
        return cls(json.loads(file.read_text(encoding="utf-8")))

    @property
    def card(self) -> str:
        """Id of the register card."""
        return str(self.summary["register_card"]["id"])

    @property
    def staff_workspaces(self) -> list[str]:
        """Ids of the staff workspaces."""
        return list(self.summary["staff"]["workspaces"])

    def connections(self, systems: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Airflow's connections; Trello's names the staff workspaces and the register card."""
        named = {
            "staff_workspaces": self.summary["staff"]["short_names"],
            "register_card": self.card,
        }
        said = {name: dict(one) | (named if name == "trello" else {}) for name, one in systems.items()}
        return default_connections(said)


def unscheduled_mappings(layout: Layout) -> Path:
    """Copy the mappings, with no other change than a schedule that never comes, and return their folder."""
    copy = layout.home / "include"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(_INCLUDE / "customerp", copy / "customerp")
    mappings = Path(shutil.copytree(_INCLUDE / "mappings", copy / "mappings"))
    for file in mappings.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(_SCHEDULE.sub(f'schedule: "{NEVER}"', text), encoding="utf-8")
    return mappings


def _forget_unfinished(layout: Layout) -> None:
    """Remove what a seed wrote that was ended before it could say so; nothing has run on it."""
    for system in SCRIPTS:
        for file in layout.home.glob(f"{system}.db*"):
            file.unlink()


def _seed(layout: Layout, customers: int) -> str:
    files = ["--customerp-database", str(layout.database("customerp")), "--trello-database"]
    command = [sys.executable, str(_SEED), "--customers", str(customers), *files, str(layout.database("trello"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the command is ours
    if done.returncode:
        raise StackError(f"the sandbox could not be filled: {done.stderr.strip()}")
    return done.stdout
