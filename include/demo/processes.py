"""Processes of the local stack, found by two signs that children inherit, and nothing of them left behind.

The signs are the session that a service leads and a marker in the environment. A task of Airflow has a process group of
its own and may outlive its parent, so neither group nor parent would find it.
"""

import os
from collections.abc import Collection
from contextlib import suppress

import psutil

from demo.errors import StackError

MARKER = "CUSTOMERP_TRELLO_STACK"


def members(marker: str, sessions: Collection[int] = ()) -> list[psutil.Process]:
    """Return the living processes of a stack, the caller excepted.

    Args:
        marker: value of the environment variable that its processes inherit.
        sessions: ids of the sessions that its services led.
    """
    own = os.getpid()
    led = {session for session in sessions if not _is_a_strangers(session, marker)}
    return [process for process in psutil.process_iter() if process.pid != own and _belongs(process, marker, led)]


def _is_a_strangers(session: int, marker: str) -> bool:
    """Whether another process leads it: as long as a session has members, its id becomes no new process's."""
    try:
        leader = psutil.Process(session)
        return leader.status() != psutil.STATUS_ZOMBIE and leader.environ().get(MARKER) != marker
    except psutil.NoSuchProcess:  # it may have left members behind
        return False
    except (psutil.Error, OSError):  # somebody else's
        return True


def _belongs(process: psutil.Process, marker: str, sessions: Collection[int]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return os.getsid(process.pid) in sessions or process.environ().get(MARKER) == marker
    except (psutil.Error, OSError):  # ended meanwhile, or somebody else's
        return False


def end_leftovers(marker: str, sessions: Collection[int] = (), seconds: float = 5) -> tuple[str, ...]:
    """Kill every living process of a stack and return one line for each.

    Raises:
        StackError: some outlived SIGKILL.
    """
    lines: list[str] = []
    for _ in range(3):  # a process that was just being forked is in no earlier list
        left = members(marker, sessions)
        if not left:
            return tuple(lines)
        lines += [describe(process) for process in left]
        for process in left:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):  # of another user's the last line tells
                process.kill()
        psutil.wait_procs(left, timeout=seconds)
    raise StackError("processes are left after SIGKILL:\n" + "\n".join(lines))


def describe(process: psutil.Process) -> str:
    """Return one line that tells a person which process this is."""
    try:
        return f"{process.pid} {' '.join(process.cmdline()) or process.name()}"
    except psutil.Error:
        return f"{process.pid} (ended meanwhile)"
