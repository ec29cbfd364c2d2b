"""What a later command has to know about a running stack, as a small JSON file in its home."""

import json
from dataclasses import asdict, dataclass, field
from typing import Self

import psutil

from demo.layout import Layout, write_privately


@dataclass(frozen=True)
class StackRecord:
    """The supervisor of a stack and what it started.

    Attributes:
        pid: the supervisor's process id.
        created: when that process began (seconds since the epoch), since process ids are used again.
        ready: whether the stack has become healthy.
        url: address of Airflow's web page.
        systems: name of a sandbox system to its address.
        sessions: session ids of the services.
    """

    pid: int
    created: float
    ready: bool = False
    url: str = ""
    systems: dict[str, str] = field(default_factory=dict)
    sessions: list[int] = field(default_factory=list)

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

    def supervisor(self) -> psutil.Process | None:
        """Return the supervisor's process if it still lives."""
        try:
            process = psutil.Process(self.pid)
            same = process.create_time() == self.created
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None
