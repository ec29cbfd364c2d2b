"""Free TCP ports on loopback."""

import socket
from contextlib import ExitStack

from demo.errors import StackError
from demo.settings import LOOPBACK


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, all different.

    They are held together while choosing, so none is returned twice. Between this call and their use somebody else may
    take one; the service then ends at once and its log says so.
    """
    with ExitStack() as held:
        return [_bind(held.enter_context(socket.socket()), 0) for _ in range(count)]


def free_port(preferred: int, *, required: bool) -> int:
    """Return the preferred port where it is free, else any free one.

    Raises:
        StackError: the port is taken and `required`.
    """
    with socket.socket() as probe:
        try:
            return _bind(probe, preferred)
        except OSError as error:
            if required:
                reason = f"port {preferred} on {LOOPBACK} cannot be used ({error.strerror})"
                raise StackError(f"{reason}; name another one, or none to get a free one") from None
    return free_ports(1)[0]


def _bind(probe: socket.socket, port: int) -> int:
    # A port whose last connections are in TIME_WAIT is free for a server, which sets the same option.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind((LOOPBACK, port))
    return int(probe.getsockname()[1])
