"""The four DAGs, parsed once, and a company whose pairs an Airflow of its own runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from company import Company
from dag_tester import DagTester
from four_dags import PAIRS, load_dags


@pytest.fixture(scope="session")
def bag():
    return load_dags()


@pytest.fixture(params=PAIRS)
def dag(request, bag):
    assert bag.import_errors == {}
    return bag.dags[request.param]


@pytest.fixture(scope="session")
def tester(tmp_path_factory):
    home = tmp_path_factory.mktemp("airflow_home")
    environment = os.environ | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    with DagTester(home) as process:
        yield process


@pytest.fixture
def company(seeded_sandbox, tester, tmp_path):
    company = Company(seeded_sandbox(customers=24), tester, tmp_path)
    yield company
    company.state.close()
