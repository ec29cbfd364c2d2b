"""What a later command has to know about a running stack, as a small JSON file in its home."""

import json
from dataclasses import asdict, dataclass, field
from typing import Self

import psutil

from demo.boot import boot_id, start_of
from demo.layout import Layout, write_privately


@dataclass(frozen=True)
class StackRecord:
    """The supervisor of a stack and what it started.

    Attributes:
        pid: the supervisor's process id.
        created: when that process began (`demo.boot.start_of`), since process ids are used again.
        ready: whether the stack has become healthy.
        url: address of Airflow's web page.
        systems: name of a sandbox system to its address.
        sessions: session ids of the services.
        boot: of the machine, in which all these ids mean something.
    """

    pid: int
    created: float
    ready: bool = False
    url: str = ""
    systems: dict[str, str] = field(default_factory=dict)
    sessions: list[int] = field(default_factory=list)
    boot: str = ""

    @classmethod
    def of_this_process(cls, *, ready: bool, url: str, systems: dict[str, str], sessions: list[int]) -> Self:
        """Return the record of a stack whose supervisor is the caller."""
        own = psutil.Process()
        return cls(own.pid, start_of(own), ready, url, systems, sessions, boot_id())

    def write(self, layout: Layout) -> None:
        """Write the record into the stack's home."""
        write_privately(layout.state_file, json.dumps(asdict(self)))

    @classmethod
    def read(cls, layout: Layout) -> Self | None:
        """Return the record, or None where no stack has left one."""
        try:
            return cls(**json.loads(layout.state_file.read_text()))
        except FileNotFoundError:
            return None

    @property
    def of_this_boot(self) -> bool:
        """Whether the machine has not been started anew since; else the ids are those of strangers."""
        return self.boot == boot_id()

    def supervisor(self) -> psutil.Process | None:
        """Return the supervisor's process if it still lives."""
        if not self.of_this_boot:
            return None
        try:
            process = psutil.Process(self.pid)
            same = start_of(process) == self.created
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None
