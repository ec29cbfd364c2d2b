"""Where a local stack keeps its files: everything lies below one directory, which may be deleted while nothing runs."""

import base64
import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from demo.errors import StackError

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_HOME = REPOSITORY / ".run" / "up"


@dataclass(frozen=True)
class Layout:
    """The files of one local stack.

    Attributes:
        home: the one directory that holds them all.
    """

    home: Path

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME: Airflow's database, task logs and the sync's own state."""
        return self.home / "airflow"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.home / "logs"

    @property
    def state_file(self) -> Path:
        """What a later command has to know about the running stack (JSON)."""
        return self.home / "stack.json"

    @property
    def passwords_file(self) -> Path:
        """User name to password, in the form that SimpleAuthManager reads."""
        return self.home / "passwords.json"

    def database(self, system: str) -> Path:
        """Return the SQLite file of a sandbox system (`customerp` or `trello`)."""
        return self.home / f"{system}.db"

    def prepare(self) -> None:
        """Create the directories, readable by their owner only, since keys and passwords lie in them."""
        for folder in (self.home, self.airflow_home, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)

    def lock(self) -> IO[str]:
        """Claim the home for as long as the returned file is open; the system releases it when the process dies.

        Raises:
            StackError: another process has claimed it.
        """
        file = (self.home / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise StackError(f"a stack already runs in {self.home}; `make down` ends it") from None
        return file

    def secrets(self) -> dict[str, str]:
        """Return the stack's own keys, made once per home so that sessions and stored values outlive a restart."""
        file = self.home / "secrets.json"
        if not file.exists():
            write_privately(file, json.dumps(_new_secrets()))
        loaded: dict[str, str] = json.loads(file.read_text())
        return loaded


def _new_secrets() -> dict[str, str]:
    return {
        "admin_password": secrets.token_urlsafe(12),
        "fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        # HS512 wants a key of 64 bytes; a shorter one is accepted with a warning in every process.
        "jwt_secret": secrets.token_urlsafe(64),
        "api_secret_key": secrets.token_urlsafe(48),
    }


def write_privately(file: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    scratch = file.with_name(f"{file.name}.{os.getpid()}.new")
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    scratch.replace(file)
