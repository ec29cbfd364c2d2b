import json
import os
import subprocess
import sys

import pytest

from demo.preload import write_preload
from demo.processes import MARKER
from demo.sandbox_systems import default_connections, ready_line
from demo.settings import airflow_environment, base_environment


@pytest.fixture
def environment(layout):
    connections = default_connections(
        {
            "customerp": {"url": "http://127.0.0.1:1"},
            "trello": {"url": "http://127.0.0.1:2", "staff_workspaces": ["staff"], "register_card": "card"},
        }
    )
    return airflow_environment(
        layout, port=8099, connections=connections, overrides={"AIRFLOW__CORE__PARALLELISM": "2"}
    )


def test_the_callers_airflow_settings_do_not_leak_in(layout, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "elsewhere")
    monkeypatch.setenv("AIRFLOW_HOME", "elsewhere")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("SANDBOX_TRELLO_TOKEN", "elsewhere")
    monkeypatch.setenv("LANG_OF_THE_CALLER", "kept")
    environment = base_environment(layout)
    assert "elsewhere" not in environment.values()
    assert environment["LANG_OF_THE_CALLER"] == "kept"


def test_every_process_carries_the_marker(layout, environment):
    assert environment[MARKER] == str(layout.home)
    assert MARKER not in os.environ


def test_airflow_listens_on_loopback_and_stays_below_home(layout, environment):
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8099"
    assert environment["AIRFLOW_HOME"].startswith(str(layout.home))
    assert str(layout.home) in environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


def test_overrides_win(environment):
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "2"


def test_connections_travel_as_json(environment):
    trello = json.loads(environment["AIRFLOW_CONN_TRELLO_DEFAULT"])
    assert trello["conn_type"] == "trello"
    assert trello["host"] == "http://127.0.0.1:2"
    assert trello["extra"] == {"staff_workspaces": ["staff"], "register_card": "card"}
    assert json.loads(environment["AIRFLOW_CONN_CUSTOMERP_DEFAULT"])["extra"] == {"profile": "default"}


def test_the_ready_line_is_found_among_other_output(tmp_path):
    log = tmp_path / "trello.log"
    log.write_text('warning: something\n{"url": "http://127.0.0.1:5"}\n')
    assert ready_line(log) == {"url": "http://127.0.0.1:5"}
    log.write_text("warning: something\n")
    assert ready_line(log) is None


def test_a_line_that_is_written_only_in_part_is_no_ready_line(tmp_path):
    log = tmp_path / "trello.log"
    log.write_text('{"url": "http://127')
    assert ready_line(log) is None


@pytest.mark.parametrize(("command", "loaded"), [("scheduler", True), ("triggerer", False)])
def test_only_the_scheduler_loads_modules_beforehand(layout, command, loaded):
    write_preload(layout)
    file = layout.airflow_home / "config" / "airflow_local_settings.py"
    script = "import runpy, sys; runpy.run_path(sys.argv[1]); print([n in sys.modules for n in ('pandas', 'requests')])"
    environment = os.environ | {"AIRFLOW_HOME": str(layout.airflow_home)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(file), command], env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, [str([loaded, loaded])]), done.stderr
