"""The connection types as Airflow sees them."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from imported_packages import imported_packages

from customerp_trello.hooks.connection import COMMON_KEYS
from customerp_trello.provider import get_provider_info

ROOT = Path(__file__).resolve().parents[2]
TYPES = {one["connection-type"]: one for one in get_provider_info()["connection-types"]}


def python(script: str, *path: Path) -> Any:
    """Run a script in a fresh interpreter and return the JSON that it prints last."""
    search = os.pathsep.join(map(str, [*path, ROOT / "plugins"]))
    environment = {**os.environ, "PYTHONPATH": search, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment, timeout=120
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("conn_type", ["customerp", "trello"])
def test_the_hooks_and_the_form_agree(conn_type: str) -> None:
    module, _, name = TYPES[conn_type]["hook-class-name"].rpartition(".")
    hook = getattr(importlib.import_module(module), name)
    assert hook.conn_type == conn_type
    assert hook.hook_name == TYPES[conn_type]["hook-name"]
    assert hook.conn_name_attr == "conn_id"
    assert hook.default_conn_name == f"{conn_type}_default"
    assert set(TYPES[conn_type]["conn-fields"]) == {*hook.extra_keys, *COMMON_KEYS}


def test_airflow_finds_the_types_by_the_entry_point(tmp_path: Path) -> None:
    (point,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][
        "apache_airflow_provider"
    ].items()
    distribution = tmp_path / "customerp_trello-0.1.0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: customerp-trello\nVersion: 0.1.0\n")
    (distribution / "entry_points.txt").write_text(f"[apache_airflow_provider]\n{point[0]} = {point[1]}\n")
    script = """
import json
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
hooks = {name: hook.connection_id_attribute_name for name, hook in manager.hooks.items() if hook}
print(json.dumps([hooks, sorted(manager.connection_form_widgets), manager.field_behaviours["trello"]["relabeling"]]))
"""
    hooks, widgets, labels = python(script, tmp_path)
    assert hooks["trello"] == hooks["customerp"] == "conn_id"
    assert {"extra__trello__register_card", "extra__customerp__profile"} <= set(widgets)
    assert labels["password"] == "Token"


def test_importing_the_provider_is_cheap() -> None:
    script = (
        "import json, sys; before = set(sys.modules); import customerp_trello.provider; "
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    assert not set(python(script)) & {"airflow", "requests", "pydantic", "yaml", "pandas"}


def test_hooks_bring_neither_pandas_nor_sqlalchemy() -> None:
    """Airflow brings sqlalchemy itself, so what our modules import is read from their text."""
    script = (
        "import json, sys, airflow.providers.http.hooks.http; before = set(sys.modules); "
        "import customerp_trello.hooks.trello, customerp_trello.hooks.customerp; "
        "new = set(sys.modules) - before; print(json.dumps({name: sys.modules[name].__file__ for name in new}))"
    )
    heavy, new = {"pandas", "pyarrow", "sqlalchemy"}, python(script)
    assert not {name.partition(".")[0] for name in new} & heavy
    ours = {name: Path(file) for name, file in new.items() if name.startswith("customerp_trello.")}
    assert {"customerp_trello.hooks.trello", "customerp_trello.hooks.customerp"} <= ours.keys()
    assert {name: found for name, file in ours.items() if (found := imported_packages(file) & heavy)} == {}
