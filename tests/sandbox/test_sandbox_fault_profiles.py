"""Profiles of faults: what each of them does, by the sandbox's own controls, and that the connector lives with it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from sandbox_faults import FOLDER, FaultBook, profiles

from customerp_trello.errors import ConfigurationError, RetriableError, UnknownOutcome
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.http import SyncHttpHook


@pytest.fixture
def hook(customerp_server: Any, monkeypatch: pytest.MonkeyPatch) -> CustomERPHook:
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    connection = {"conn_type": "customerp", "host": customerp_server.url, "password": customerp_server.token}
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_DEFAULT", json.dumps(connection))
    return CustomERPHook()


def fill(hook: CustomERPHook, count: int) -> list[str]:
    return [str(hook.create_record("customer", {"name": f"Customer {number}"})[0]["id"]) for number in range(count)]


def listed(hook: CustomERPHook) -> list[str]:
    return [str(record["id"]) for record in hook.list_records("customer")]


@pytest.mark.parametrize("name", profiles())
def test_every_profile_can_be_followed(name: str) -> None:
    assert FaultBook().follow(name)
    assert (FOLDER / f"{name}.yaml").read_text().startswith("# ")


def test_it_can_be_asked_for_and_taken_back(customerp_server: Any) -> None:
    customerp_server.control("POST", "faults", profile="throttled")
    shown = customerp_server.control("GET", "faults")
    assert [fault["kind"] for fault in shown["faults"]] == ["status", "throttle"]
    assert shown["profiles"] == sorted(profiles())
    assert customerp_server.control("DELETE", "faults") == {"not_used": 2}


def test_every_fifth_request_for_ever(customerp_server: Any, hook: CustomERPHook) -> None:
    fill(hook, 1)
    customerp_server.fault("GET *", "status:404", times=0)
    customerp_server.clear_faults()
    customerp_server.control("POST", "faults", match="GET *", kind="status:404", times=0, after=2, every=3)
    seen = []
    for _ in range(9):
        try:
            listed(hook)
            seen.append("ok")
        except ConfigurationError:
            seen.append("404")
    assert seen == ["ok", "ok", "404", "ok", "ok", "404", "ok", "ok", "404"]


def test_pages_are_capped_and_nothing_is_lost(customerp_server: Any, hook: CustomERPHook) -> None:
    ids = fill(hook, 10)
    customerp_server.control("POST", "faults", profile="capped")
    before = hook.requests_made
    assert listed(hook) == ids
    assert hook.requests_made - before == 4


def test_people_work_while_a_list_is_read(customerp_server: Any, hook: CustomERPHook) -> None:
    ids = fill(hook, 20)
    customerp_server.control("POST", "faults", profile="busy")
    assert listed(hook) == ids
    customerp_server.clear_faults()
    records = list(hook.list_records("customer"))
    assert 1 <= sum(not record["active"] for record in records) <= 3
    assert sum(record["version"] > 1 for record in records) >= 2


def test_a_throttled_server_is_waited_for(
    customerp_server: Any, hook: CustomERPHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customerp_trello.hooks.http.time.sleep", lambda _: None)
    ids = fill(hook, 3)
    customerp_server.control("POST", "faults", profile="throttled")
    for _ in range(10):
        assert listed(hook) == ids
    assert customerp_server.requests()["refused_429"] >= 4


def test_an_expired_token_is_told_as_such_and_heals(customerp_server: Any, hook: CustomERPHook) -> None:
    ids = fill(hook, 1)
    customerp_server.control("POST", "faults", profile="expiring")
    for _ in range(12):
        listed(hook)
    with pytest.raises(ConfigurationError, match="HTTP 401"):
        listed(hook)
    assert listed(hook) == ids


def test_a_failing_server_loses_answers_and_nothing_else(customerp_server: Any, hook: CustomERPHook) -> None:
    customerp_server.control("POST", "faults", profile="failing")
    made, lost = 0, 0
    for number in range(12):
        try:
            hook.create_record("customer", {"name": f"Customer {number}"})
            made += 1
        except (UnknownOutcome, RetriableError):
            lost += 1
    for _ in range(10):
        assert len(listed(hook)) == 12 == made + lost
    assert lost == 3


@pytest.mark.parametrize(
    "wish",
    [
        {"profile": "sunny"},
        {"match": "GET *", "kind": "edit", "evry": 2},
        {"match": "GET *", "kind": "edit", "every": 0},
        {"match": "GET *", "kind": "cap"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(customerp_server: Any, wish: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        customerp_server.control("POST", "faults", **wish)


def test_a_process_can_be_started_unreliable(tmp_path: Path) -> None:
    script = FOLDER.parent / "serve_customerp.py"
    command = [sys.executable, str(script), "--port", "0", "--database", str(tmp_path / "erp.db")]
    refused = subprocess.run([*command, "--faults", "sunny"], capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "there are busy, capped" in refused.stderr
    own = tmp_path / "mine.yaml"
    own.write_text("- {match: 'GET *', kind: 'status:500', times: 0}\n")
    process = subprocess.Popen(
        [*command, "--faults", "capped", "--faults", str(own)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    try:
        with urllib.request.urlopen(f"{url}/sandbox/faults", timeout=10) as answer:
            assert [fault["kind"] for fault in json.load(answer)["faults"]] == ["cap", "status"]
    finally:
        process.terminate()
        process.wait(timeout=10)
