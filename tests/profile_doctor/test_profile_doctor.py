"""The profile doctor on the sandbox: what works, what does not, and that it leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.hooks.profile_file import profiles_folder
from customerp_trello.profile_doctor.__main__ import main

DEFAULT = profiles_folder() / "default.yaml"
Doctor = Callable[..., tuple[int, str]]


@pytest.fixture
def doctor(
    start_customerp: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Doctor:
    """``doctor("--entity", "customer", profile={...})``: exit status and what was printed; seven customers."""
    monkeypatch.setattr(SyncHttpHook, "first_wait", 0.002)
    monkeypatch.setenv("CUSTOMERP_TRELLO_PROFILES", str(tmp_path))
    erp = start_customerp()
    for number in range(7):
        erp.service.store.create(erp_entity("customer"), {"name": f"Customer {number}"})

    def run(*arguments: str, password: str = erp.token, **changes: Any) -> tuple[int, str]:
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**yaml.safe_load(DEFAULT.read_text()), **changes}))
        connection = {"conn_type": "customerp", "host": erp.url, "password": password, "extra": {"profile": "mine"}}
        monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_DEFAULT", json.dumps(connection))
        status = main(list(arguments))
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    run.erp = erp  # type: ignore[attr-defined]
    return run


def erp_entity(name: str) -> Any:
    from customerp_entities import ENTITIES

    return next(entity for entity in ENTITIES.values() if entity.name == name)


def lines(text: str) -> dict[str, str]:
    """Capability -> the rest of its line."""
    rows = (line.split(maxsplit=1)[1] for line in text.splitlines() if line and not line.startswith(" "))
    return {row.split("  ")[0]: row.partition("  ")[2].strip() for row in rows}


def test_a_profile_that_is_right(doctor: Doctor) -> None:
    status, text = doctor("--entity", "customer")
    assert status == 0, text
    found = lines(text)
    for capability in ("credentials", "strangers refused", "list", "pages", "one record", "version", "missing"):
        assert found[capability].startswith("works"), text
    assert found["changed since"].startswith("works")
    assert found["look up number"].startswith("works")
    assert found["look up trello_id"].startswith("not tried")
    assert doctor.erp.requests()["writes_taken"] == 0  # type: ignore[attr-defined]


def test_writing_only_when_asked_and_nothing_stays(doctor: Doctor) -> None:
    fields = json.dumps({"name": "Doctor", "website": "https://example.com"})
    status, text = doctor("--entity", "customer", "--write", fields)
    assert status == 0, text
    found = lines(text)
    for capability in ("create", "update", "stale update", "delete"):
        assert found[capability].startswith("works"), text
    shown = doctor.erp.service.database.rows("SELECT * FROM customers WHERE active = 1")  # type: ignore[attr-defined]
    assert len(shown) == 7


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no paging": ({"listing": {"records": "data", "paging": {"kind": "none"}}}, "list", "next_cursor"),
    "list path": ({"listing": {"records": "rows", "paging": {"kind": "none"}}}, "credentials", "listing.records"),
    "auth": ({"auth": {"kind": "api_key", "header": "X-Key"}}, "credentials", "401"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_profile_that_is_wrong(doctor: Doctor, case: str) -> None:
    changes, capability, said = WRONG[case]
    if case == "no paging":
        changes["listing"]["parameters"] = {"limit": "3"}
    status, text = doctor("--entity", "customer", **changes)
    assert status == 1
    assert lines(text)[capability].startswith("does not"), text
    assert said in text


def test_what_single_capabilities_lack(doctor: Doctor) -> None:
    content = yaml.safe_load(DEFAULT.read_text())
    customer = {**content["entities"]["customer"], "number": "nummer", "marker": None}
    listing = {**content["listing"], "since": {"parameter": "modified_since", "template": "1999-01-01{since:}"}}
    listing["since"]["template"] = "19{since:%y}-01-01T00:00:00Z"
    status, text = doctor(
        "--entity", "customer", entities={"customer": customer}, listing=listing, concurrency={"kind": "none"}
    )
    assert status == 1
    found = lines(text)
    assert found["number"].startswith("does not")
    assert "no record has 'nummer'" in text
    assert found["marker"].startswith("not there")
    assert found["version"].startswith("not there")
    assert found["changed since"].startswith("does not")


def test_a_wrong_password_is_said_and_not_shown(doctor: Doctor) -> None:
    status, text = doctor(password="wr0ng-password")
    assert status == 1
    assert "401" in text
    assert "wr0ng-password" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--entity", "order"), "no entity 'order' in the profile; valid: contact"),
        (("--write", "{}", "--entity", "customer"), "--write takes a JSON object"),
        (("--write", '{"name": "x"}'), "exactly one --entity"),
        (("--connection", "nowhere"), "does not exist"),
    ],
)
def test_wrong_arguments(doctor: Doctor, arguments: tuple[str, ...], said: str) -> None:
    status, text = doctor(*arguments)
    assert status == 1
    assert said in text
