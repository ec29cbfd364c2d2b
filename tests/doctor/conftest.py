"""The doctor on a seeded company: the two servers, the connections to them, mappings that a test may spoil."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.append(str(Path(__file__).parents[1] / "state"))

from state_databases import backend, empty_url, migrated, url

from customerp_trello.doctor.__main__ import main
from customerp_trello.hooks.http import SyncHttpHook

__all__ = ["backend", "empty_url", "migrated", "url"]

MAPPINGS = Path(__file__).parents[2] / "include" / "mappings"


@dataclass
class SetUp:
    """A set-up that is whole until a test breaks it.

    Attributes:
        erp, trello: the two servers.
        connections: connection id -> fields, as Airflow's JSON form.
        mappings: their folder.
    """

    erp: Any
    trello: Any
    mappings: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def connect(self, name: str, **changes: Any) -> None:
        """Change a connection's fields; `extra` is added to."""
        old = self.connections.setdefault(name, {})
        extra = {**old.get("extra", {}), **changes.pop("extra", {})}
        old |= changes | ({"extra": extra} if extra else {})

    def edit(self, pair: str, change: Callable[[dict[str, Any]], Any]) -> None:
        """Change a mapping's file."""
        file = self.mappings / f"{pair}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        change(content)
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def demote(self, workspace: str) -> None:
        """Let the token's account be an ordinary member."""
        sql = (
            "UPDATE memberships SET admin = 0 WHERE id_member = ? AND id_organization ="
            " (SELECT id FROM organizations WHERE name = ?)"
        )
        assert self.trello.service.database.run(sql, self.trello.integration.id, workspace).rowcount == 1

    def examine(self, *arguments: str) -> tuple[int, str]:
        """Exit status, and what was printed with each finding in one line."""
        for name, fields in self.connections.items():
            self.monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))
        status = main(list(arguments))
        printed = self.capsys.readouterr()
        return status, (printed.out + printed.err).replace("\n" + " " * 15, " ")


@pytest.fixture
def set_up(
    seeded_sandbox: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> SetUp:
    """Nothing is missing, and nothing has run yet."""
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    folder = Path(shutil.copytree(MAPPINGS, tmp_path / "include" / "mappings"))
    monkeypatch.setenv("CUSTOMERP_TRELLO_MAPPINGS", str(folder))
    company = seeded_sandbox(customers=24)
    whole = SetUp(company.customerp, company.trello, folder, monkeypatch, capsys)
    whole.connect(
        "customerp_default", conn_type="customerp", host=company.customerp.url, password=company.customerp.token
    )
    named = {
        "staff_workspaces": company.summary["staff"]["short_names"],
        "register_card": company.summary["register_card"]["id"],
    }
    trello = {"conn_type": "trello", "host": company.trello.url, "login": company.trello.key}
    whole.connect("trello_default", **trello, password=company.trello.token, extra=named)
    return whole
