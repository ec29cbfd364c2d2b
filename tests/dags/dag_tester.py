"""`dag.test()` in a process of its own: Airflow reads its settings once, when it is imported.

As a script: reads one JSON object a line (`dag`, `conf`, `environment`), runs the DAG, answers with one line. All that
is logged at level DEBUG, by libraries too, goes to a file together with whatever is printed.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "dag_tester: "
LONGEST_RUN = 300.0


@dataclass(frozen=True)
class Tested:
    """A run of `dag.test()`.

    Attributes:
        state: of the run.
        tasks: task id -> state.
        tries: task id -> number of attempts.
        results: task id -> what the task returned.
        window: start and end of the data interval.
    """

    state: str
    tasks: dict[str, str]
    tries: dict[str, int]
    results: dict[str, Any]
    window: tuple[str, str]


class DagTester:
    """The process; a context manager."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "dag_tester.log"
        self._log = self.log.open("wb")

    def __enter__(self) -> DagTester:
        environment = os.environ | {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=environment | {"AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).resolve().parents[2] / "dags")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()

    def test(self, dag: str, environment: dict[str, str], **conf: Any) -> Tested:
        """Run a DAG with this trigger form and these connections and variables."""
        with self._bounded():
            wish = {"dag": dag, "environment": environment, "conf": conf}
            print(json.dumps(wish), file=self._process.stdin, flush=True)
            for line in self._process.stdout:
                if line.startswith(MARK):
                    return Tested(**json.loads(line.removeprefix(MARK)))
        raise AssertionError(f"no end within {LONGEST_RUN:.0f} s, or none at all; the end of the log:\n{self._tail()}")

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """A task that fails is retried for minutes, in silence: end it instead."""
        watch = threading.Timer(LONGEST_RUN, self._process.kill)
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-6000:]


def main() -> None:
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)
    # Whatever Airflow prints goes to the log; only answers go out.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path.append(str(Path(__file__).parent))
    from four_dags import load_dags

    log_everything()
    for line in sys.stdin:
        wish = json.loads(line)
        os.environ.update(wish["environment"])
        # Parsed each time: within one process Airflow writes a run's form into the DAG's own params.
        done = load_dags().dags[wish["dag"]].test(run_conf=wish["conf"])
        print(MARK + json.dumps(described(done)), file=answers, flush=True)


def log_everything() -> None:
    """Let every logger there is speak at level DEBUG; the database's own, which would show each row, as it is set."""
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and not name.startswith("sqlalchemy"):
            logger.setLevel(logging.DEBUG)
            logger.disabled = False


def described(done: Any) -> dict[str, Any]:
    tasks = {task.task_id: task for task in done.get_task_instances()}
    return {
        "state": str(done.state),
        "tasks": {name: str(task.state) for name, task in tasks.items()},
        "tries": {name: task.try_number for name, task in tasks.items()},
        "results": {name: task.xcom_pull(task_ids=name) for name, task in tasks.items()},
        "window": (done.data_interval_start.isoformat(), done.data_interval_end.isoformat()),
    }


if __name__ == "__main__":
    main()
