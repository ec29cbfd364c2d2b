"""The scripts, started by their paths as the demo does: readiness line, restart, clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

FOLDER = Path(__file__).resolve().parents[2] / "include" / "sandbox"


class Process:
    """A server's process; a context manager."""

    def __init__(self, script: str, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / script), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], **environment},
        )

    def __enter__(self) -> Process:
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=10)

    def terminate(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, errors
        return errors


@pytest.mark.parametrize("ending", ["terminate", "kill"])
def test_customerp_survives_its_end(tmp_path: Path, ending: str) -> None:
    options = ("--database", str(tmp_path / "erp.db"), "--token-env", "MY_TOKEN")
    headers = {"Authorization": "Bearer secret"}
    with Process("serve_customerp.py", *options, MY_TOKEN="secret") as server:
        made = requests.post(server.url + "/api/v1/customers", json={"name": "A"}, headers=headers, timeout=10).json()
        getattr(server if ending == "terminate" else server.process, ending)()
    with Process("serve_customerp.py", *options, MY_TOKEN="secret") as server:
        assert requests.get(f"{server.url}/api/v1/customers/{made['id']}", headers=headers, timeout=10).json() == made
        assert requests.get(f"{server.url}/api/v1/customers", timeout=10).status_code == 401


def test_trello_takes_key_and_token_from_the_environment_and_warns_without_caps(tmp_path: Path) -> None:
    environment = {"SANDBOX_TRELLO_KEY": "k", "SANDBOX_TRELLO_TOKEN": "t"}
    options = ("--database", str(tmp_path / "trello.db"), "--no-caps", "--rate-limits", "off")
    params = {"key": "k", "token": "t"}
    with Process("serve_trello.py", *options, **environment) as server:
        me = requests.get(server.url + "/1/members/me", params=params, timeout=10).json()
        assert me["username"] == "erp_sync"
        name = {"displayName": "A", "name": "aaa"}
        requests.post(server.url + "/1/organizations", params=params, data=name, timeout=10)
        assert "WARNING" in server.terminate()
    with Process("serve_trello.py", *options, **environment) as server:
        assert requests.get(server.url + "/1/organizations/aaa", params=params, timeout=10).status_code == 200


def test_an_open_connection_does_not_delay_the_end(tmp_path: Path) -> None:
    with Process("serve_trello.py", "--database", str(tmp_path / "trello.db")) as server, requests.Session() as session:
        session.get(server.url + "/1/members/me", timeout=10)
        server.terminate()


def test_the_seed_command_prints_what_it_wrote(tmp_path: Path) -> None:
    files = ["--customerp-database", str(tmp_path / "e.db"), "--trello-database", str(tmp_path / "t.db")]
    command = [sys.executable, str(FOLDER / "sandbox_seed.py"), *files, "--customers"]
    done: Any = subprocess.run([*command, "200"], capture_output=True, text=True, check=True)
    counts = json.loads(done.stdout)["customerp"]
    assert counts["customers"] == 200
    assert 290 <= counts["contacts"] <= 320
    assert (counts["projects"], counts["employees"]) == (120, 80)
    again = subprocess.run([*command, "200"], capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "holds records already" in again.stderr
    few = subprocess.run([*command, "3"], capture_output=True, text=True, check=False)
    assert "at least" in few.stderr
