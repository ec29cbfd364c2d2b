"""The company of :mod:`benchmarks.scenario` on everything that docker-compose.yaml starts, each service a process.

Two Celery workers, PostgreSQL, Redis and an object store, as in tests/distributed: no two of them share a folder. One
thing is not as the compose file has it: the sandbox's Trello has no caps and limits. The DAGs have no schedule.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.company import CONTACTS, CUSTOMERS, REPOSITORY, Company, Running, Size, write_first_runs
from benchmarks.measured import peak_mb

# Neither tests nor include is a package: what is imported below is found by these folders only, so it comes after them.
_TESTS = REPOSITORY / "tests"
sys.path += [str(_TESTS / folder) for folder in ("distributed", "airflow", "dags")] + [str(REPOSITORY / "include")]

from company_of_workers import sandbox_env, sources  # noqa: E402
from installation import Installation, machine_of  # noqa: E402

from demo import rounds  # noqa: E402
from demo.company import unscheduled_mappings  # noqa: E402
from demo.layout import Layout  # noqa: E402
from demo.page import Page  # noqa: E402

# A first load takes hours, and each question is work for the api-server.
rounds.RUN_SECONDS, rounds.EVENT_SECONDS, rounds.POLL_SECONDS = 8 * 3600.0, 120.0, 5.0
_PEAKS_SECONDS = 2.0


class Workers:
    """Both pairs as DAGs of a running installation.

    Args:
        installation: that runs.
        systems: the sandbox's two systems in it.
    """

    def __init__(self, installation: Installation, systems: Running) -> None:
        self.systems = systems
        self._api = installation.airflow()
        self._api.retry_reads(5)
        self._api.wait_for_dags((CUSTOMERS, CONTACTS), 600)
        for pair in (CUSTOMERS, CONTACTS):
            self._api.set_paused(pair, False)
        self._rounds = rounds.Rounds(self._api, Page())

    def run(self) -> dict[str, int]:
        """A run of the customers and one of the contacts, which new customers start by themselves; what each wrote."""
        before = self._rounds.started(CONTACTS)
        (customers,) = self._rounds.finish(self._rounds.trigger([CUSTOMERS]))
        begun = ""
        if self._api.task_states(CUSTOMERS, customers.run_id)["publish"] == "success":
            begun = self._rounds.started_by_itself(CONTACTS, before)
        own = {CONTACTS: begun} if begun else self._rounds.trigger([CONTACTS])
        (contacts,) = self._rounds.finish(own)
        return {run.pair: _written(run) for run in (customers, contacts)}


def _written(run: rounds.Run) -> int:
    """Changes of the whole run by its report; a load task's own count begins anew when it is tried again."""
    return sum(int(number) for name, number in run.figures.items() if name.endswith((" in customerp", " in trello")))


class Peaks:
    """The most memory that the largest process of each machine has had, in MB, by name of the machine.

    Args:
        home: the folder of the installation, by which its processes are known.
    """

    def __init__(self, home: Path) -> None:
        self.mb: dict[str, int] = {}
        self._home = home
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peaks", daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PEAKS_SECONDS):
            for process in psutil.process_iter():
                self._note(process)

    def _note(self, process: psutil.Process) -> None:
        if name := machine_of(process, self._home):
            with suppress(OSError, ValueError):  # it has ended meanwhile
                self.mb[name] = max(self.mb.get(name, 0), peak_mb(process.pid))


@contextmanager
def workers(folder: Path, size: Size, options: tuple[str, ...], extra: Mapping[str, Any]) -> Iterator[Workers]:
    """Everything started, and a company of this size in its two systems.

    Args:
        folder: an empty one.
        size: how large the company is.
        options: of the sandbox's Trello, beside those that the compose file gives.
        extra: for the Trello connection's extra.
    """
    company = Company(size)
    env = sandbox_env("celery")
    trello = json.loads(env["TRELLO_CONNECTION"])
    trello["extra"] = {**company.places(), **extra}
    env["TRELLO_CONNECTION"] = json.dumps(trello)
    layout = Layout(folder / "unscheduled")
    layout.prepare()
    mappings = unscheduled_mappings(layout)
    write_first_runs(mappings)
    installation = Installation(
        folder / "installed", env, sources(folder / "sources", mappings), {}, {"trello": " ".join(options)}
    )
    # The service `seed` fills the sandbox only where it is empty.
    company.write(installation.volume("sandbox"))
    with installation:
        yield Workers(installation, _running(installation, env))


def _running(installation: Installation, env: Mapping[str, str]) -> Running:
    """The two systems as this process reaches them; in the machines they have names."""
    urls = {name: said["url"] for name, said in installation.systems.items()}
    connections = {
        f"AIRFLOW_CONN_{name.upper()}_DEFAULT": json.dumps(
            json.loads(env[f"{name.upper()}_CONNECTION"]) | {"host": url}
        )
        for name, url in urls.items()
    }
    return Running(installation.home, urls["customerp"], urls["trello"], connections)
