"""Write `.env` for docker-compose.yaml with fresh passwords and keys: `python3 include/deployment/new_env.py`.

Every variable of `.env.example` below a line `# generated: ...` gets a random value. What only you can know (the two
connections) stays empty, unless you ask for the sandbox in place of your own systems: --sandbox.
Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / ".env.example"

_KINDS: dict[str, Callable[[], str]] = {
    # Stands in URLs: letters and digits only.
    "password": lambda: secrets.token_hex(24),
    "key": lambda: secrets.token_hex(64),
    "fernet": lambda: base64.urlsafe_b64encode(os.urandom(32)).decode(),
}
_GENERATED = re.compile(r"^# generated: (\w+)\n(\w+)=$", re.MULTILINE)
_EMPTY = re.compile(r"^(CUSTOMERP_CONNECTION|TRELLO_CONNECTION|COMPOSE_PROFILES)=.*$", re.MULTILINE)


def new_env(example: str) -> str:
    """Return the example with a random value for every variable that wants one."""
    return _GENERATED.sub(lambda found: f"{found[2]}={_KINDS[found[1]]()}", example)


def for_sandbox(text: str) -> str:
    """Return the variables with connections to the two sandbox services, and these among those that are started."""
    values = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    customerp = {
        "conn_type": "customerp",
        "host": "http://customerp:8901",
        "password": values["SANDBOX_CUSTOMERP_TOKEN"],
        "extra": {"profile": "default"},
    }
    trello = {
        "conn_type": "trello",
        "host": "http://trello:8902",
        "login": "sandbox-trello-key",
        "password": values["SANDBOX_TRELLO_TOKEN"],
        # What the seed always makes.
        "extra": {"staff_workspaces": ["staff_north", "staff_south"], "register_card": "6647692b5eed000000000021"},
    }
    found = {
        "CUSTOMERP_CONNECTION": f"'{json.dumps(customerp)}'",
        "TRELLO_CONNECTION": f"'{json.dumps(trello)}'",
        "COMPOSE_PROFILES": f"{values['COMPOSE_PROFILES']},sandbox",
    }
    return _EMPTY.sub(lambda line: f"{line[1]}={found[line[1]]}", text)


def main() -> None:
    """Write the file, readable by its owner only; one that is there already is left alone."""
    parser = argparse.ArgumentParser(description="Write .env with fresh passwords and keys.")
    parser.add_argument("--sandbox", action="store_true", help="connect to the two sandbox services")
    parser.add_argument("--file", type=Path, default=REPOSITORY / ".env", help="default: %(default)s")
    options = parser.parse_args()
    text = new_env(EXAMPLE.read_text(encoding="utf-8"))
    text = for_sandbox(text) if options.sandbox else text
    try:
        descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        sys.exit(f"{options.file} is there already, and its passwords are in use: move it away first")
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(
        f"{options.file} written" + ("" if options.sandbox else "; fill in CUSTOMERP_CONNECTION and TRELLO_CONNECTION")
    )


if __name__ == "__main__":
    main()
