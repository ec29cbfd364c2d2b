"""Everything that `docker compose up` starts, as processes that share nothing but the services of that file."""

from __future__ import annotations

import subprocess
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from compose_file import ComposeService, read_compose, started
from machine import AIRFLOW, Machine

from demo.airflow_api import AirflowApi
from demo.errors import StackError
from demo.processes import MARKER, end_leftovers
from demo.services import Service
from demo.signals import signals_held

# What a machine needs whose processors others use as well.
START_SECONDS = 1500.0
STOP_SECONDS = 25.0
# Some checks start an Airflow of their own, which takes long on a busy machine; `says_well` warns where Docker would
# not have waited.
HEALTH_SECONDS = 240.0
HEALTH_INTERVAL = 4.0


class Installation:
    """The services of the compose file under some profiles, each in a machine of its own.

    Args:
        home: takes everything that is written; has to be new.
        env: the variables of `.env`.
        sources: the folder in which the compose file finds `./dags`, `./plugins` and `./include`.
        more: variables of Airflow's machines that win over the compose file's.
        options: service -> what is added at the end of its command.

    Attributes:
        machines: by host name.
        url: of the api-server.
    """

    def __init__(
        self,
        home: Path,
        env: Mapping[str, str],
        sources: Path,
        more: Mapping[str, str],
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self._env = dict(env)
        self._more = dict(more)
        profiles = set(env["COMPOSE_PROFILES"].split(","))
        self.services = started(read_compose(env), profiles)
        for name, words in (options or {}).items():
            self.services[name] = _with_options(self.services[name], words)
        self.machines = {one.name: one for one in _machines(self.services, home)}
        for machine in self.machines.values():
            machine.prepare(self._volumes, sources)
        self._hosts.write_text("127.0.0.1 localhost\n" + "".join(_host_lines(self.machines)))
        self._logs.mkdir()
        self._processes: dict[str, Service] = {}
        self._well: set[str] = set()
        self._ask_again: dict[str, float] = {}
        self._given_up: set[str] = set()
        self.url = f"http://{self.address('api-server')}:8080{env.get('AIRFLOW_PATH', '')}"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _volumes(self) -> Path:
        return self.home / "volumes"

    def volume(self, name: str) -> Path:
        """The folder of a named volume."""
        return self._volumes / name

    @property
    def _hosts(self) -> Path:
        return self.home / "hosts"

    @property
    def _logs(self) -> Path:
        return self.home / "logs"

    @property
    def systems(self) -> dict[str, dict[str, Any]]:
        """Where the sandbox systems are, as the demo wants to know it."""
        ports = {"customerp": 8901, "trello": 8902}
        return {name: {"url": f"http://{self.address(name)}:{port}"} for name, port in ports.items()}

    @property
    def password(self) -> str:
        """The administrator's."""
        return self._env["ADMIN_PASSWORD"]

    def address(self, name: str) -> str:
        """Of a service, or of one of several machines of it."""
        return self.machines[name if name in self.machines else f"{name}-1"].address

    def airflow(self) -> AirflowApi:
        """Airflow's REST API as the administrator."""
        return AirflowApi(self.url, "admin", self.password, check=self.check)

    def log(self, name: str) -> Path:
        """What a machine has printed."""
        return self._processes[name].log

    # -- start and stop ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start every machine when what it waits for is there, and return when all are well.

        Raises:
            StackError: one has ended, or it took too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while self.machines.keys() - self._processes.keys() or not self._all_well():
            for name, machine in self.machines.items():
                if name not in self._processes and self._may_start(machine.service):
                    self.start_machine(name)
            self.check()
            if time.monotonic() > deadline:
                raise StackError(f"not well after {START_SECONDS:.0f} s: {sorted(self.machines.keys() - self._well)}")
            time.sleep(0.3)

    def start_machine(self, name: str) -> None:
        """Start what runs in a machine, also again."""
        self._processes[name] = self._service(name, self.machines[name].program(), name)
        self._processes[name].start()
        self._given_up.discard(name)

    def stop(self) -> None:
        """End every process: what takes tasks first, the stores last; whatever is left is killed."""
        airflow = [name for name, machine in self.machines.items() if machine.image == AIRFLOW]
        with signals_held():  # a second Ctrl-C must not leave half of it behind
            for names in (airflow, [name for name in self.machines if name not in airflow]):
                self._stop(names)
            sessions = [one.session for one in self._processes.values() if one.session is not None]
            end_leftovers(str(self.home), sessions)

    def _stop(self, names: Sequence[str]) -> None:
        for name in names:
            self._ask_to_stop(name)
        deadline = time.monotonic() + STOP_SECONDS
        while any(self._running(name) for name in names) and time.monotonic() < deadline:
            time.sleep(0.1)

    def kill(self, name: str) -> None:
        """SIGKILL of everything that runs in a machine, at once: its power is cut."""
        self._given_up.add(name)
        for process in self.processes(name):
            with suppress(psutil.NoSuchProcess):  # Celery's pool dies with its parent
                process.kill()
        psutil.wait_procs(self.processes(name), timeout=10)
        assert not self.processes(name)

    def processes(self, name: str) -> list[psutil.Process]:
        """The living processes of a machine: those that see its folder as theirs."""
        return [one for one in psutil.process_iter() if machine_of(one, self.home) == name]

    def check(self) -> None:
        """Return if everything that was started runs, or has ended as it should.

        Raises:
            StackError: something has not; the message holds the end of its log.
        """
        for name, process in self._processes.items():
            code = process.exit_code
            if code is not None and name not in self._given_up and (code or not _ends(self.machines[name].service)):
                raise StackError(f"{name} has ended ({code}). The end of {process.log}:\n{process.tail(60)}")

    # -- conditions --------------------------------------------------------------------------------------------

    def _may_start(self, service: ComposeService) -> bool:
        return all(self._holds(name, condition) for name, condition in service.waits_for.items())

    def _holds(self, service: str, condition: str) -> bool:
        names = [name for name, machine in self.machines.items() if machine.service.name == service]
        if condition == "service_completed_successfully":
            return all(name in self._processes and self._processes[name].exit_code == 0 for name in names)
        assert condition == "service_healthy", condition
        return all(self.is_well(name) for name in names)

    def _all_well(self) -> bool:
        return all(self.is_well(name) for name in self.machines)

    def is_well(self, name: str) -> bool:
        """Whether the compose file's own health check has passed; one that ends: whether it has."""
        if name in self._well:
            return True
        process = self._processes.get(name)
        if process is None:
            return False
        if not self.machines[name].service.health:
            return process.exit_code == 0
        if time.monotonic() >= self._ask_again.get(name, 0.0):
            if self.says_well(name):
                self._well.add(name)
            self._ask_again[name] = time.monotonic() + HEALTH_INTERVAL
        return name in self._well

    def says_well(self, name: str) -> bool:
        """Carry out the compose file's health check in the machine; warns if it took longer than the file allows."""
        service, begun = self.machines[name].service, time.monotonic()
        well = self._run(name, service.health).returncode == 0
        seconds = time.monotonic() - begun
        if well and seconds > service.health_timeout:
            warnings.warn(
                f"{name} is well, but its check took {seconds:.0f} s and docker-compose.yaml allows"
                f" {service.health_timeout:.0f} s: Docker would have counted it as failed",
                stacklevel=2,
            )
        return well

    def run(self, name: str, *words: str) -> str:
        """Run a command in a machine, beside what runs there, and return what it prints.

        Raises:
            StackError: it failed; the message holds its output.
        """
        done = self._run(name, words)
        if done.returncode:
            raise StackError(f"{' '.join(words)} in {name} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
        return done.stdout

    def _run(self, name: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        machine = self.machines[name]
        return subprocess.run(
            machine.command(words, self._hosts, self._volumes),
            env=machine.environment(self.home, self._more),
            capture_output=True,
            text=True,
            timeout=HEALTH_SECONDS,
            check=False,
        )

    # -- processes ---------------------------------------------------------------------------------------------

    def _service(self, name: str, words: list[str], log: str) -> Service:
        machine = self.machines[name]
        environment = machine.environment(self.home, self._more)
        return Service(log, machine.command(words, self._hosts, self._volumes), environment, self._logs)

    def _running(self, name: str) -> bool:
        return name in self._processes and self._processes[name].running

    def _ask_to_stop(self, name: str) -> None:
        """SIGTERM to the program itself; its parent only waits for it."""
        if self._running(name):
            with suppress(psutil.NoSuchProcess):
                for process in psutil.Process(self._processes[name].session).children():
                    process.terminate()


def _machines(services: Mapping[str, ComposeService], home: Path) -> list[Machine]:
    found: list[Machine] = []
    for service in services.values():
        for number in range(1, service.replicas + 1):
            name = f"{service.name}-{number}" if service.replicas > 1 else service.name
            # An address of this installation's own, out of the way of what else listens on loopback.
            found.append(Machine(name, service, f"127.77.0.{10 + len(found)}", home / "machines" / name))
    return found


def _with_options(service: ComposeService, words: str) -> ComposeService:
    *others, last = service.command  # where a shell starts the program, all of it is one word
    return replace(service, command=(*others, f"{last} {words}"))


def _host_lines(machines: Mapping[str, Machine]) -> list[str]:
    return [f"{machine.address} {name} {machine.service.name}\n" for name, machine in machines.items()]


def _ends(service: ComposeService) -> bool:
    return not service.health


def machine_of(process: psutil.Process, home: Path) -> str:
    """The machine whose folder a living process sees as its own; "" if none of the installation in *home*."""
    try:
        environment = process.environ()
        ours = process.status() != psutil.STATUS_ZOMBIE and environment.get(MARKER) == str(home)
    except (psutil.Error, OSError):
        return ""
    return environment.get("HOSTNAME", "") if ours else ""
