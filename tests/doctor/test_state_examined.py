"""The state database as the doctor sees it: on SQLite and PostgreSQL, empty, of our version, and out of reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from customerp_trello.doctor.state import examine_state, read_state
from customerp_trello.profile_doctor.findings import Finding
from customerp_trello.state.links import NewLink, add_links
from customerp_trello.state.store import Store
from customerp_trello.state.upgrade import HEAD

PAIR = "custom_customer__trello_organizations"


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``examined(url)``: what was read and the one finding about it."""

    def examine(url: str) -> tuple[Any, Finding]:
        monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE", url)
        state = read_state([PAIR])
        (finding,) = examine_state(state)
        return state, finding

    return examine


def test_an_empty_database_is_left_empty(examined: Any, empty_url: str) -> None:
    state, finding = examined(empty_url)
    assert (finding.verdict, state.revision, state.links) == ("not there", None, {})
    assert "the first run makes what it needs" in finding.remark
    assert examined(empty_url)[0].revision is None
    if empty_url.startswith("sqlite"):
        assert not Path(str(make_url(empty_url).database)).exists()


def test_a_database_of_our_version_tells_its_links(examined: Any, url: str) -> None:
    with Store(url) as store, store.begin() as tx:
        add_links(tx, PAIR, [NewLink("1", "workspace")], run="run")
    state, finding = examined(url)
    assert finding.verdict == "works"
    assert f"version {HEAD}" in finding.remark
    assert (state.linked(PAIR), state.linked("another")) == (["workspace"], [])


def test_an_older_version_is_well_and_not_read(examined: Any, url: str) -> None:
    with Store(url) as store, store.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE customerp_trello_version SET version_num = '0001'")
    state, finding = examined(url)
    assert (finding.verdict, state.links) == ("works", {})
    assert f"version 0001; the next run brings it to {HEAD}" in finding.remark


def test_a_server_that_is_away(examined: Any) -> None:
    _, finding = examined("postgresql://sync:s3cret-password@127.0.0.1:1/state")
    assert finding.verdict == "does not"
    assert "is it running, reachable and not full?" in finding.remark
    assert "s3cret-password" not in finding.remark


def test_who_may_not_make_tables_is_told(examined: Any, empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        file = Path(str(make_url(empty_url).database)).parent / "file"
        file.write_text("")
        _, finding = examined(f"sqlite:///{file}/state.db")
    else:
        with Store(empty_url) as store, store.begin() as tx:
            for statement in ("CREATE ROLE reader LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"):
                tx.connection.exec_driver_sql(statement)
        try:
            reader = make_url(empty_url).set(username="reader").render_as_string(hide_password=False)
            _, finding = examined(reader)
        finally:
            with Store(empty_url) as store, store.begin() as tx:
                tx.connection.exec_driver_sql("DROP ROLE reader")
    assert finding.verdict == "does not"
    assert "give Airflow's user the right to make files or tables there" in finding.remark
