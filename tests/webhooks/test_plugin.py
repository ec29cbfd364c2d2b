"""What Airflow's plugin loader makes of the plugins folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
SCRIPT = """
import json, sys
from airflow import plugins_manager
apps, middlewares = plugins_manager.get_fastapi_plugins()
said = [[app["name"], app["url_prefix"], type(app["app"]).__name__, app["app"].openapi_url] for app in apps]
names = ("pandas", "pyarrow", "customerp_trello.state.store", "customerp_trello.hooks.http", "airflow.api_fastapi.app")
heavy = [name for name in names if name in sys.modules]
print(json.dumps([said, heavy, getattr(sys.modules.get("http"), "__file__", "")]))
"""


def test_the_loader_finds_both_apps_leaves_the_package_alone_and_loads_nothing_heavy(tmp_path):
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS)}
    environment["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    apps, heavy, standard_http = json.loads(done.stdout.splitlines()[-1])
    assert apps == [
        ["CustomERP and Trello webhooks", "/customerp-trello/webhooks", "FastAPI", None],
        ["CustomERP and Trello review", "/customerp-trello/review", "FastAPI", None],
    ]
    assert heavy == []
    assert str(PLUGINS) not in standard_http  # the loader would have put our hooks/http.py in its place
