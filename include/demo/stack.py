"""The local stack: two sandbox systems and a real Airflow, started, watched and ended by one object.

    with Stack(home) as stack:          # returns when every process reports healthy
        stack.airflow().trigger("...")  # Airflow's REST API
        stack.check()                   # raises when a process has ended by itself

`stop` (and the end of the `with` block) asks every process to end, kills what does not, and raises when anything is
left. Nothing listens anywhere but on loopback.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from demo.airflow_api import AirflowApi
from demo.errors import AirflowApiError, StackError
from demo.layout import DEFAULT_HOME, Layout
from demo.ports import free_port, free_ports
from demo.preload import write_preload
from demo.processes import end_leftovers
from demo.record import StackRecord
from demo.sandbox_systems import SCRIPTS, default_connections, ready_line, sandbox_service
from demo.services import Service, ServiceGroup
from demo.settings import ADMIN, LOOPBACK, airflow_environment, write_passwords
from demo.signals import signals_held

PREFERRED_PORT = 8080
START_SECONDS = 600.0
STOP_SECONDS = 20.0
SERVER_STOP_SECONDS = 5.0

_API_SERVER = "api-server"
_TRIGGERER = "triggerer"
# The log servers are left out: they would listen on every interface, and the api-server reads the same files itself.
_WORKERS = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    _TRIGGERER: ["triggerer", "--skip-serve-logs"],
}
_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")

Connections = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Stopped:
    """How the stack ended.

    Attributes:
        seconds: how long that took.
        killed: the processes that did not end when asked to, one line each.
    """

    seconds: float
    killed: tuple[str, ...]


class Stack:
    """Two sandbox systems and a real Airflow on loopback.

    Args:
        home: directory that takes everything the stack writes; kept between starts.
        sandbox: scripts to start, by system name; each takes `--port` and `--database` and prints a JSON line.
        connections: given those lines by system name, returns Airflow's connections by connection id.
        dags: DAG folder; the repository's by default.
        plugins: plugins folder; the repository's by default.
        port: the web page's port; without it 8080 where that is free, else any free one.
        overrides: environment variables of Airflow that win over the stack's own.

    Attributes:
        layout: where the files lie.
        systems: what each sandbox system said when it was ready (`url` at least), by system name.
        environment: of every Airflow process; for `airflow` commands beside it.
        url: the web page's address.
    """

    def __init__(
        self,
        home: Path = DEFAULT_HOME,
        *,
        sandbox: Mapping[str, Path] | None = None,
        connections: Callable[[Mapping[str, Mapping[str, Any]]], Connections] = default_connections,
        dags: Path | None = None,
        plugins: Path | None = None,
        port: int | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        self.layout = Layout(home.resolve())
        self.systems: dict[str, dict[str, Any]] = {}
        self.environment: dict[str, str] = {}
        self.url = ""
        self._sandbox = dict(SCRIPTS if sandbox is None else sandbox)
        self._connections = connections
        self._dags = dags
        self._plugins = plugins
        self._wanted_port = port
        self._overrides = dict(overrides or {})
        self._services = ServiceGroup(self._write_record)
        self._deadline = 0.0
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def password(self) -> str:
        """The administrator's password."""
        return self.layout.secrets()["admin_password"]

    def airflow(self) -> AirflowApi:
        """Return a client of Airflow's REST API that fails at once when a process of the stack has ended."""
        return AirflowApi(self.url, ADMIN, self.password, check=self.check)

    def start(self) -> None:
        """Start everything and return when it is healthy.

        Raises:
            StackError: the home is in use, a port is taken, a process ended or did not become healthy in time.
        """
        self.layout.prepare()
        self._lock = self.layout.lock()
        self._deadline = time.monotonic() + START_SECONDS
        self.systems = {}
        try:
            # Whoever held the home has died without ending its processes; the lock says that nobody else does.
            end_leftovers(str(self.layout.home))
            self._write_record()
            self._start_systems()
            self._start_airflow()
            self._wait(self._healthy, "Airflow to report all its parts healthy")
            self._write_record(ready=True)
        except BaseException:
            self.stop()
            raise

    def check(self) -> None:
        """Return if every process still runs.

        Raises:
            StackError: one has ended by itself; the message holds the end of its log.
        """
        self._services.check()

    def watch(self) -> None:
        """Block until a process ends by itself, which raises, or a signal arrives."""
        while True:
            self.check()
            time.sleep(0.5)

    def run_airflow(self, *arguments: str, seconds: float = 120) -> str:
        """Run an `airflow` command beside the stack and return its standard output.

        Raises:
            StackError: it failed; the message holds its output.
        """
        done = subprocess.run(  # noqa: S603 - the interpreter is ours
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise StackError(f"airflow {' '.join(arguments)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
        return done.stdout

    def stop(self) -> Stopped:
        """End every process: workers first, so that a running task can still report, then the servers.

        Raises:
            StackError: some process outlived SIGKILL.
        """
        begun = time.monotonic()
        with signals_held():
            self._services.stop([_TRIGGERER], 0)
            self._services.stop([name for name in _WORKERS if name != _TRIGGERER], STOP_SECONDS)
            # Asked once, the triggerer waits 10 s for a child that has gone; asked twice, it ends.
            self._services.stop([_TRIGGERER, _API_SERVER, *self._sandbox], SERVER_STOP_SECONDS)
            killed = end_leftovers(str(self.layout.home), self._services.sessions)
            self.layout.state_file.unlink(missing_ok=True)
            self._services.clear()
            if self._lock is not None:
                self._lock.close()
        return Stopped(time.monotonic() - begun, killed)

    def _start_systems(self) -> None:
        """Start the sandbox systems and migrate Airflow's database meanwhile."""
        for (system, script), port in zip(self._sandbox.items(), free_ports(len(self._sandbox)), strict=True):
            self._services.start(sandbox_service(system, script, self.layout, port))
        port = free_port(self._wanted_port or PREFERRED_PORT, required=self._wanted_port is not None)
        self.url = f"http://{LOOPBACK}:{port}"
        write_passwords(self.layout)
        write_preload(self.layout)
        self._set_environment(port)
        migration = self._airflow_service("migrate", ["db", "migrate"])
        migration.start()
        self._wait(lambda: migration.exit_code is not None, "airflow db migrate")
        if migration.exit_code:
            raise StackError(f"airflow db migrate failed. The end of {migration.log}:\n{migration.tail()}")
        self._wait(self._systems_ready, "the sandbox systems to print their address")
        self._set_environment(port)

    def _set_environment(self, port: int) -> None:
        self.environment = airflow_environment(
            self.layout,
            port=port,
            connections=self._connections(self.systems),
            dags=self._dags,
            plugins=self._plugins,
            overrides=self._overrides,
        )

    def _start_airflow(self) -> None:
        for name, command in {_API_SERVER: ["api-server"], **_WORKERS}.items():
            self._services.start(self._airflow_service(name, command))

    def _airflow_service(self, name: str, command: list[str]) -> Service:
        return Service(name, [sys.executable, "-m", "airflow", *command], self.environment, self.layout.logs)

    def _systems_ready(self) -> bool:
        for system in self._sandbox.keys() - self.systems.keys():
            if said := ready_line(self.layout.logs / f"{system}.log"):
                self.systems[system] = said
        return self.systems.keys() == self._sandbox.keys()

    def _healthy(self) -> bool:
        try:
            airflow = self.airflow()
            health = airflow.health()
            # The part that tasks talk to is built by its first request, which takes seconds: not the first task's.
            airflow.warm_up()
        except AirflowApiError:  # it does not listen yet
            return False
        return all(health.get(part) == "healthy" for part in _PARTS)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        self._services.wait_for(condition, what, self._deadline)

    def _write_record(self, *, ready: bool = False) -> None:
        urls = {name: str(said["url"]) for name, said in self.systems.items()}
        record = StackRecord.of_this_process(ready=ready, url=self.url, systems=urls, sessions=self._services.sessions)
        record.write(self.layout)
