"""One container of docker-compose.yaml as a process: a host name, an address and a file system of its own.

bubblewrap builds the file system: the programs of this machine, read only; what the compose file mounts, and where it
does; and a folder of its own at /opt/airflow. So a service sees the paths of its container and nothing of another one.
The network is this machine's loopback, on which every container has an address with its own ports. So it listens there
where the compose file says "everywhere"; that, and SERVES_LOGS, is all that differs from the file.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compose_file import REPOSITORY, ComposeService, Volume

from demo.processes import MARKER

VENV = REPOSITORY / "tests" / "distributed" / ".venv"
INITDB = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
INSIDE = "/opt/airflow"

ACCOUNT = "postgres"
_AS_POSTGRES = () if os.getuid() else ("setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups")
"""PostgreSQL refuses to run as root, so its image drops that as well."""

# Image -> how its entrypoint makes a program of a service's command. Airflow's takes its own sub-commands.
AIRFLOW, POSTGRES, REDIS, SEAWEEDFS = "customerp-trello", "postgres", "redis", "chrislusf/seaweedfs"
PROGRAMS: dict[str, Sequence[str]] = {
    AIRFLOW: ("airflow",),
    POSTGRES: (*_AS_POSTGRES, "bash", "/entrypoint/postgres.sh"),
    REDIS: (),
    SEAWEEDFS: (),
}
ALLOWED = {AIRFLOW: ("bash", "python")}
"""What an entrypoint starts as it is."""

SERVES_LOGS = ("celery", "triggerer")
"""They let others read the log of a running task, on every address of a host and nowhere else: not of this one."""

_EVERYWHERE = re.compile(r"(?<![\w.])(0\.0\.0\.0|127\.0\.0\.1|localhost)(?![\w.])")
_ROOT = (
    *("--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"),
    *("--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin"),
    *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"),
    *("--bind", "/proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/home"),
    *("--perms", "1777", "--dir", "/run/postgresql", "--perms", "0777", "--dir", "/home/airflow"),
    *("--perms", "0755", "--dir", "/var", "--symlink", "../run", "/var/run"),
)


@dataclass(frozen=True)
class Machine:
    """Where one container lives.

    Attributes:
        name: its host name; the service's, with a number where there are several.
        service: what runs in it.
        address: on loopback.
        root: the folder that holds everything it writes.
    """

    name: str
    service: ComposeService
    address: str
    root: Path

    @property
    def image(self) -> str:
        return self.service.image.rpartition(":")[0]

    def prepare(self, volumes: Path, sources: Path) -> None:
        """Make its folders and give it copies of its own of what the compose file mounts from the repository."""
        (self.root / "airflow").mkdir(parents=True)
        for volume in self.service.volumes:
            if volume.named:
                (volumes / volume.source).mkdir(parents=True, exist_ok=True)
                if self.image == POSTGRES and not os.getuid():
                    shutil.chown(volumes / volume.source, ACCOUNT, ACCOUNT)
            else:
                _copy(sources / volume.source, self.root / "mounted" / volume.source)

    def command(self, words: Sequence[str], hosts: Path, volumes: Path) -> list[str]:
        """The words that run a program in this machine."""
        mounted = [part for volume in self.service.volumes for part in self._mount(volume, volumes)]
        return [
            "bwrap",
            *(("--unshare-user",) if os.getuid() else ()),
            *("--unshare-uts", "--hostname", self.name),
            *_ROOT,
            *("--ro-bind", str(hosts), "/etc/hosts"),
            *("--ro-bind", sys.base_prefix, sys.base_prefix, "--ro-bind", str(VENV), str(VENV)),
            *("--ro-bind", str(Path(__file__).parent / "entrypoint"), "/entrypoint"),
            *self._parents(),
            *("--bind", str(self.root / "airflow"), INSIDE),
            *mounted,
            *("--chdir", INSIDE, "--"),
            *(self._here(word) for word in words),
        ]

    def program(self) -> list[str]:
        """The words of the service's command, as its image's entrypoint makes them."""
        first, *_ = self.service.command
        taken = () if first in ALLOWED.get(self.image, ()) else PROGRAMS[self.image]
        return [*taken, *self.service.command, *(("--skip-serve-logs",) if first in SERVES_LOGS else ())]

    def environment(self, home: Path, more: Mapping[str, str]) -> dict[str, str]:
        """What the image and the compose file set; of this machine only what numeric libraries need."""
        kept = {name: os.environ[name] for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ}
        path = [VENV / "bin", INITDB[-1].parent, "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"]
        image = {"HOME": "/home/airflow", "LANG": "C.UTF-8", "PATH": ":".join(map(str, path)), "HOSTNAME": self.name}
        if self.image == AIRFLOW:
            image |= {"AIRFLOW_HOME": INSIDE, "PYTHONUNBUFFERED": "1", **more}
        if self.image == POSTGRES:
            image |= {"PGDATA": "/var/lib/postgresql/data"}
        said = {name: self._here(value) for name, value in self.service.environment.items()}
        return kept | image | said | {MARKER: str(home), "SPT_NOENV": "1", "NO_PROXY": "*"}

    def _here(self, text: str) -> str:
        """A container listens on all of its addresses; here it has one."""
        return _EVERYWHERE.sub(self.address, text)

    def _parents(self) -> list[str]:
        """The folders above what is mounted, open to every account; bubblewrap would make them for root alone."""
        targets = [INSIDE, *(volume.target for volume in self.service.volumes)]
        folders = {str(above) for target in targets for above in Path(target).parents[:-1] if above != Path(INSIDE)}
        return [part for folder in sorted(folders) for part in ("--perms", "0755", "--dir", folder)]

    def _mount(self, volume: Volume, volumes: Path) -> tuple[str, str, str]:
        source = volumes / volume.source if volume.named else self.root / "mounted" / volume.source
        return ("--ro-bind" if volume.read_only else "--bind", str(source), volume.target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    else:
        shutil.copy(source, target)
