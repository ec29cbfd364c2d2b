"""Services of the local stack: each a child process in a session of its own, started, watched and asked to end."""

import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from demo.errors import StackError

_POLL_SECONDS = 0.1


class Service:
    """One long-running child process with a log file.

    Attributes:
        name: what people call it; also the stem of its log file.
        log: file that takes its standard output and error.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process as leader of a new session, its log emptied."""
        with self.log.open("wb") as stream:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def session(self) -> int | None:
        """Id of the session that the process leads; None before the start."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs or before the start."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the service itself; its children are its own to end."""
        if self._process is not None and self.running:
            self._process.terminate()

    def tail(self, lines: int = 30) -> str:
        """Return the last lines of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class ServiceGroup:
    """Services that live and die together.

    Args:
        changed: called after each start, so that the caller can record the new session.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._services: dict[str, Service] = {}
        self._changed = changed

    def start(self, service: Service) -> None:
        """Start a service and watch it from now on."""
        self._services[service.name] = service
        service.start()
        self._changed()

    @property
    def sessions(self) -> list[int]:
        """Ids of the sessions that the services lead."""
        return [service.session for service in self._services.values() if service.session is not None]

    def check(self) -> None:
        """Return if every service still runs.

        Raises:
            StackError: one has ended by itself; the message holds the end of its log.
        """
        for service in self._services.values():
            if service.exit_code is not None:
                raise StackError(
                    f"{service.name} has ended by itself (exit code {service.exit_code}). The end of {service.log}:\n"
                    f"{service.tail()}"
                )

    def wait_for(self, condition: Callable[[], bool], what: str, deadline: float) -> None:
        """Wait until the condition holds.

        Raises:
            StackError: a service has ended, or the deadline (monotonic clock) has passed.
        """
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                logs = "\n".join(f"-- {service.log}\n{service.tail(10)}" for service in self._services.values())
                raise StackError(f"waited in vain for {what}:\n{logs}")
            time.sleep(_POLL_SECONDS)

    def stop(self, names: Iterable[str], seconds: float) -> None:
        """Ask services to end and wait, `seconds` at most; names that were not started are passed over."""
        services = [self._services[name] for name in names if name in self._services]
        for service in services:
            service.ask_to_stop()
        deadline = time.monotonic() + seconds
        while any(service.running for service in services) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS / 2)

    def clear(self) -> None:
        """Forget the services; they have ended."""
        self._services.clear()
