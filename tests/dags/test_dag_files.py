"""The DAG files: they import, they are short, and parsing them costs nothing that it need not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from four_dags import AUDIT, DAGS, DECISIONS, PAIRS
from imported_packages import imported_packages

HEAVY = ("pandas", "pyarrow", "numpy")
PARSE = """
import json, os, runpy, sys
for file in sys.argv[1:]:
    assert runpy.run_path(file)["dag"].dag_id == os.path.basename(file)[:-3]
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Modules (name -> file) of a process that has executed all DAG files and nothing else."""
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("parse"))}
    command = [sys.executable, "-c", PARSE, *sorted(map(str, DAGS.glob("*.py")))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_all_import_without_an_error(bag):
    assert bag.import_errors == {}
    assert sorted(bag.dags) == sorted((*PAIRS, DECISIONS, AUDIT))


@pytest.mark.parametrize("file", sorted(DAGS.glob("*.py")), ids=lambda file: file.stem)
def test_a_dag_file_is_short_and_named_after_its_dag(file):
    text = file.read_text()
    assert len(text.splitlines()) < 25
    assert file.stem in (*PAIRS, DECISIONS, AUDIT)
    # Airflow's safe mode passes over a file that lacks either word.
    assert {"dag", "airflow"} <= set(text.lower().replace("(", " ").split())


def test_parsing_loads_neither_pandas_nor_pyarrow(loaded):
    assert [name for name in HEAVY if name in loaded] == []


def test_parsing_loads_none_of_our_modules_that_import_the_database_or_the_frames(loaded):
    ours = {name: file for name, file in loaded.items() if name.startswith("customerp_trello.") and file}
    assert "customerp_trello.flow.dag" in ours
    guilty = {
        name: found for name, file in ours.items() if (found := imported_packages(Path(file)) & {"sqlalchemy", *HEAVY})
    }
    assert guilty == {}
    assert [name for name in ours if name.startswith(("customerp_trello.state", "customerp_trello.sides"))] == []
