"""Ends a process at exactly one step: an exception that nothing may survive, or SIGKILL.

A step is whatever touches a system, the state or the run's files: just before each request, and just after each that
writes (after a reading one nothing has happened that the next step does not come before); before a transaction, in it
just before its commit, just after it; before, in the middle of and after each file.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from customerp_trello.state.store import Store


class Killed(BaseException):
    """The process is gone."""


def raise_killed(name):
    raise Killed(name)


def sigkill(name):
    os.kill(os.getpid(), signal.SIGKILL)


def stop_here(name):
    """Stop the process; somebody may let it go on later, and then it is as alive as before."""
    os.kill(os.getpid(), signal.SIGSTOP)


class KillSwitch:
    """Counts the steps of a process and ends it at one of them.

    A killed process runs no ``finally`` and no ``__exit__``, an exception does. So after the kill every further
    request, transaction, reading and file raises again: whatever the product does on the way out, it reaches nothing.

    Attributes:
        names: the steps so far.
        at: the step to end at, counted from 1; 0 ends nowhere.
    """

    def __init__(self, kill: Callable[[str], None] = raise_killed) -> None:
        self.kill = kill
        self.names: list[str] = []
        self.at = 0
        self.counts = self.dead = False

    def arm(self, at: int) -> None:
        """Count from now on."""
        self.names, self.at, self.counts, self.dead = [], at, True, False

    def disarm(self) -> None:
        """Let everything through: another process."""
        self.counts = self.dead = False

    def alive(self) -> None:
        if self.dead:
            raise Killed("a dead process goes on")

    def step(self, name: str) -> None:
        self.alive()
        if not self.counts:
            return
        self.names.append(name)
        if len(self.names) == self.at:
            self.dead = self.kill is raise_killed
            self.kill(name)

    def wire(self, setattr_: Callable[[object, str, object], None], files_below: Path) -> None:
        """Put the steps in: *setattr_* is that of pytest's ``monkeypatch`` or the builtin one."""
        self._wire_requests(setattr_)
        self._wire_store(setattr_)
        for name in ("write_bytes", "write_text"):
            self._wire_files(setattr_, name, files_below)

    def _wire_requests(self, setattr_: Callable[[object, str, object], None]) -> None:
        send = requests.Session.send

        def sending(session, request, **kwargs):
            name = f"{request.method} {urlsplit(request.url).path}"
            self.step(f"before {name}")
            answer = send(session, request, **kwargs)
            if request.method == "GET":
                self.alive()
            else:
                self.step(f"after {name}")
            return answer

        setattr_(requests.Session, "send", sending)

    def _wire_store(self, setattr_: Callable[[object, str, object], None]) -> None:
        begin, read = Store.begin, Store.read

        @contextmanager
        def beginning(store, fence=None):
            self.step("before transaction")
            with begin(store, fence) as tx:
                yield tx
                self.step("before commit")
            self.step("after commit")

        @contextmanager
        def reading(store):
            self.alive()
            with read(store) as tx:
                yield tx

        setattr_(Store, "begin", beginning)
        setattr_(Store, "read", reading)

    def _wire_files(self, setattr_: Callable[[object, str, object], None], method: str, below: Path) -> None:
        write = getattr(Path, method)

        def writing(path, content, *args, **kwargs):
            if below not in path.parents:
                return write(path, content, *args, **kwargs)
            self.step(f"before file {path.name}")
            write(path, content[: len(content) // 2], *args, **kwargs)
            self.step(f"in file {path.name}")
            written = write(path, content, *args, **kwargs)
            self.step(f"after file {path.name}")
            return written

        setattr_(Path, method, writing)
