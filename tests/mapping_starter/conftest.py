"""The starter on the sandbox's ERP, and on the same ERP under other names."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "flow")]

from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.mapping_starter.__main__ import main

Start = Callable[..., tuple[int, str, str]]


@pytest.fixture
def starter(
    seeded_sandbox: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Start:
    """``starter(pair, ..., profile={...})``: exit status, standard output, standard error; a seeded company."""
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    company = seeded_sandbox(customers=24)

    def run(*arguments: str, profile: dict[str, Any] | None = None) -> tuple[int, str, str]:
        extra = {}
        if profile:
            (tmp_path / "mine.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
            monkeypatch.setenv("CUSTOMERP_TRELLO_PROFILES", str(tmp_path))
            extra = {"profile": "mine"}
        erp = {"conn_type": "customerp", "host": company.customerp.url, "password": company.customerp.token}
        monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_DEFAULT", json.dumps({**erp, "extra": extra}))
        status = main(list(arguments))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    run.erp = company.customerp  # type: ignore[attr-defined]
    return run
