"""What an interrupted or failed `make install` has left is in nobody's way."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from compose_file import REPOSITORY

# A Python without its module ensurepip, as Debian's without python3-venv: it makes half a folder and fails.
WITHOUT_ENSUREPIP = """#!/bin/sh
if [ "$1" = -c ]; then exit 0; fi
mkdir -p .venv/bin
cp "$0" .venv/bin/python
echo "$@: ensurepip is not available" >&2
exit 1
"""


@pytest.fixture
def make(tmp_path):
    """Runs make in a folder that has the files which the installation depends on, and a Python without ensurepip."""
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(REPOSITORY / "Makefile", folder)
    for name in ("requirements.lock", "requirements.txt", "pyproject.toml"):
        (folder / name).touch()
    python = tmp_path / "python"
    python.write_text(WITHOUT_ENSUREPIP)
    python.chmod(0o755)

    def run(target):
        command = ["make", "-C", str(folder), target, f"PYTHON={python}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    run.folder, run.python = folder, python
    return run


def leave_half(make):
    (make.folder / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(make.python, make.folder / ".venv" / "bin" / "python")


def test_a_failed_environment_is_removed(make):
    done = make("install")
    assert done.returncode
    assert "ensurepip is not available" in done.stderr
    assert not (make.folder / ".venv").exists()


def test_an_environment_without_pip_is_made_anew(make):
    leave_half(make)
    assert "-m venv --clear .venv: ensurepip" in make("install").stderr


def test_clean_needs_no_whole_environment(make):
    leave_half(make)
    done = make("clean")
    assert done.returncode == 0, done.stderr
    assert not (make.folder / ".venv").exists()
