"""Trello's webhooks, from the command line of a host with Airflow's configuration.

python -m customerp_trello.webhooks register|list|remove [--connection trello_default]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

# As Airflow's own commands do: this process may read the connections from Airflow's database.
os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")

from customerp_trello.errors import ConfigurationError, SyncError
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.webhooks import registration
from customerp_trello.webhooks.senders import pairs_of


def main(arguments: list[str] | None = None) -> int:
    """Carry a command out; 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m customerp_trello.webhooks", description="Trello's webhooks.")
    parser.add_argument("command", choices=("register", "list", "remove"))
    parser.add_argument("--connection", default=TrelloHook.default_conn_name, help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        for line in _carry_out(options.command, options.connection):
            print(line)
    except SyncError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _carry_out(command: str, connection: str) -> Iterable[str]:
    pairs = pairs_of("trello")
    if connection not in pairs:
        raise ConfigurationError(f"no mapping names the connection {connection!r}; valid: {', '.join(sorted(pairs))}")
    hook = TrelloHook(connection)
    if command == "list":
        for one in registration.ours(hook):
            state = "active" if one.get("active", True) else "asleep"
            yield f"{state:<8}{one['idModel']}  failures in a row: {one.get('consecutiveFailures', 0)}"
        return
    done = registration.register(hook, pairs[connection]) if command == "register" else registration.remove(hook)
    for said in done:
        yield f"{said.outcome:<8}{said.model}  {said.name}"


if __name__ == "__main__":
    sys.exit(main())
