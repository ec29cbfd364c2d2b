"""Do the two systems answer, and do they know us?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from customerp_trello.doctor.setup import Setup
from customerp_trello.errors import RetriableError, SyncError
from customerp_trello.profile_doctor.findings import Finding

SECTION = "connections"


def examine_connections(setup: Setup) -> Iterator[Finding]:
    """Try every connection that a mapping names, and remember those that do not work."""
    for connection in setup.erps:
        yield _tried(setup, connection, _erp)
    for connection in setup.trellos:
        yield _tried(setup, connection, _trello)


def _tried(setup: Setup, connection: str, ask: Callable[[Setup, str], str]) -> Finding:
    try:
        return Finding(SECTION, connection, "works", ask(setup, connection))
    except RetriableError as error:
        setup.broken.add(connection)
        advice = "See that `host` in the connection is right and that this machine reaches it."
        return Finding(SECTION, connection, "does not", f"{_said(error, connection)} {advice}")
    except SyncError as error:
        setup.broken.add(connection)
        return Finding(SECTION, connection, "does not", _said(error, connection))


def _said(error: SyncError, connection: str) -> str:
    """The error's words without the connection's name, which stands before them already."""
    return str(error).removeprefix(f"{connection}: ").removeprefix(f"connection {connection}: ")


def _erp(setup: Setup, connection: str) -> str:
    """An ERP works if it lets us list anything; what it does not let us read is a matter of permissions."""
    hook = setup.erp(connection)
    first: SyncError | None = None
    for entity in setup.entities(connection) or list(hook.profile.entities):
        try:
            hook.sample(entity)
        except RetriableError:
            raise
        except SyncError as error:
            first = first or error
        else:
            return f"{hook.profile.title} answers at {hook.settings.base_url} and knows us"
    if first:
        raise first
    return f"{hook.profile.title}: no mapping reads anything from it"


def _trello(setup: Setup, connection: str) -> str:
    hook = setup.trello(connection)
    _ = hook.staff_workspaces, hook.writes_in_flight  # say what is wrong with them
    hook.me()
    return f"Trello answers at {hook.settings.base_url} and knows key and token"
