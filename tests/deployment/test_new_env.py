"""The file of secrets is written once, at random, and is its owner's."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import sys

from compose_file import REPOSITORY, read_env

SCRIPT = REPOSITORY / "include" / "deployment" / "new_env.py"


def write(file, *options):
    command = [sys.executable, str(SCRIPT), "--file", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_two_files_have_no_secret_in_common_and_no_secret_occurs_twice(tmp_path):
    files = [tmp_path / "one", tmp_path / "two"]
    assert [write(file).returncode for file in files] == [0, 0]
    one, two = (read_env(file.read_text()) for file in files)
    secrets = {name for name in one if name.endswith(("PASSWORD", "KEY", "SECRET", "TOKEN", "KEY_ID"))}
    assert len({one[name] for name in secrets}) == len(secrets) == 13
    assert all(one[name] != two[name] and len(one[name]) >= 32 for name in secrets)
    assert len(base64.urlsafe_b64decode(one["FERNET_KEY"])) == 32
    assert (one["CUSTOMERP_CONNECTION"], one["TRELLO_CONNECTION"], one["COMPOSE_PROFILES"]) == ("", "", "celery")


def test_only_its_owner_can_read_it_and_it_is_not_written_over(tmp_path):
    file = tmp_path / "env"
    assert "fill in CUSTOMERP_CONNECTION" in write(file).stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    again = write(file)
    assert (again.returncode, "is there already" in again.stderr, file.read_text()) == (1, True, before)


def test_the_sandbox_is_connected_with_the_tokens_that_it_asks_for(tmp_path):
    write(tmp_path / "env", "--sandbox")
    env = read_env((tmp_path / "env").read_text())
    customerp, trello = (json.loads(env[f"{name}_CONNECTION"]) for name in ("CUSTOMERP", "TRELLO"))
    assert customerp["password"] == env["SANDBOX_CUSTOMERP_TOKEN"]
    assert trello["password"] == env["SANDBOX_TRELLO_TOKEN"]
    assert env["COMPOSE_PROFILES"] == "celery,sandbox"


def test_the_sandbox_connection_names_what_the_seed_makes(tmp_path, seed_files):
    write(tmp_path / "env", "--sandbox")
    extra = json.loads(read_env((tmp_path / "env").read_text())["TRELLO_CONNECTION"])["extra"]
    _, summary = seed_files(24, 7)
    assert extra["staff_workspaces"] == summary["staff"]["short_names"]
    assert extra["register_card"] == summary["register_card"]["id"]
