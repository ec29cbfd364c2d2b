"""The commands of docs/operations.md bring a backup back, as the databases' owner finds them in the container."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from alembic import command
from compose_file import REPOSITORY
from postgres_server import binaries, running_server
from sqlalchemy import make_url, text

from customerp_trello.state.database import WRITES, make_engine
from customerp_trello.state.runs import recent_runs, start_run
from customerp_trello.state.store import Store
from customerp_trello.state.tables import metadata
from customerp_trello.state.upgrade import HEAD, alembic_config, revision_of

BACKUPS = (REPOSITORY / "docs" / "operations.md").read_text().partition("\n## Backups\n")[2].partition("\n## ")[0]
IN_CONTAINER = "docker compose exec -T postgres "
ROLE = "customerp_trello"

pytestmark = pytest.mark.skipif(not binaries(), reason="PostgreSQL is not installed")


@pytest.fixture
def shell(tmp_path):
    """Runs a command where it finds a server whose databases were made as in the container; and the state's URL."""
    with running_server() as url:
        server = make_url(url)
        path = f"{binaries()}{os.pathsep}{os.environ['PATH']}"
        found = {"PATH": path, "PGHOST": server.host, "PGPORT": str(server.port), "POSTGRES_USER": "postgres"}
        names = ("AIRFLOW_DATABASE_PASSWORD", "STATE_DATABASE_PASSWORD", "RESULTS_DATABASE_PASSWORD")
        environment = os.environ | found | dict.fromkeys(names, "secret")

        def run(line):
            subprocess.run(["bash", "-c", line], env=environment, cwd=tmp_path, check=True, capture_output=True)

        run(f"psql --username {server.username} --command 'CREATE ROLE postgres SUPERUSER LOGIN' postgres")
        run(f"bash {REPOSITORY}/include/deployment/databases.sh")
        of_state = server.set(username=ROLE, password="secret", database=ROLE)
        yield run, of_state.render_as_string(hide_password=False)


def said(word):
    """The command of the documentation that has a word in it, without the way into the container."""
    (found,) = (block for block in re.findall(r"```\n(.+?)```", BACKUPS, re.DOTALL) if word in block)
    assert found.startswith(IN_CONTAINER)
    return found.removeprefix(IN_CONTAINER)


def migrate_to(url, revision):
    engine = make_engine(make_url(url))
    with engine.connect() as connection:
        connection.execution_options(**{WRITES: True})
        with connection.begin():
            command.upgrade(alembic_config(connection), revision)
    engine.dispose()


def start(url, name):
    with Store(url) as store, store.begin() as tx:
        start_run(tx, "pair", dag_id="pair", airflow_run_id=name, run_id=name)


def test_a_backup_of_an_older_version_is_restored_over_a_newer_one_and_upgraded(shell):
    run, url = shell
    migrate_to(url, "0004")
    start(url, "before")
    run(said("pg_dump"))
    migrate_to(url, HEAD)
    start(url, "after")
    run(said("psql"))
    with Store(url) as store:
        with store.read() as tx:
            assert revision_of(tx.connection) == "0004"
        store.upgrade()
        with store.read() as tx:
            assert revision_of(tx.connection) == HEAD
            assert [one.id for one in recent_runs(tx)] == ["before"]
            owners = tx.execute(text("SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'")).all()
    assert {name for name, _ in owners} >= set(metadata.tables)
    assert {owner for _, owner in owners} == {ROLE}


def test_a_backup_that_breaks_off_changes_nothing(shell):
    run, url = shell
    migrate_to(url, HEAD)
    start(url, "kept")
    run(said("pg_dump"))
    run("head --lines 60 state.sql > part && echo 'no SQL;' >> part && mv part state.sql")
    with pytest.raises(subprocess.CalledProcessError):
        run(said("psql"))
    with Store(url) as store, store.read() as tx:
        assert [one.id for one in recent_runs(tx)] == ["kept"]
