"""A PostgreSQL server of the tests' own, from the Debian package, on loopback; nothing in it survives."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = "postgres"
"""PostgreSQL refuses to run as root; the Debian package brings this account."""


def binaries() -> Path | None:
    """The folder of the newest installed server, None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server and give the SQLAlchemy URL of its superuser; stop and forget it at the end."""
    folder = binaries()
    if folder is None:
        raise RuntimeError("No PostgreSQL server is installed: apt-get install postgresql")
    account = {"user": ACCOUNT, "group": ACCOUNT} if os.getuid() == 0 else {}
    data = Path(tempfile.mkdtemp(prefix="state-postgres-"))
    if account:
        shutil.chown(data, ACCOUNT, ACCOUNT)
    calm = {"stdout": subprocess.DEVNULL, "cwd": data, **account}
    try:
        cluster = data / "cluster"
        subprocess.run([folder / "initdb", "-D", cluster, "-U", "tests", "--auth=trust", "-E", "UTF8", "--no-sync"],
                       check=True, **calm)  # fmt: skip
        port = _free_port()
        options = f"-p {port} -h 127.0.0.1 -k '' -F -c synchronous_commit=off -c max_connections=60"
        control = [folder / "pg_ctl", "-D", cluster, "-w", "-l", data / "log"]
        subprocess.run([*control, "-o", options, "start"], check=True, **calm)
        try:
            yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **calm)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
