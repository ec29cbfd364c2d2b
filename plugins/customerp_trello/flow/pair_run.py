"""One run of one pair: what every step of it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from customerp_trello.errors import FatalError
from customerp_trello.flow.artifacts import Folder
from customerp_trello.flow.form import Form, form_of
from customerp_trello.mapping.model import Mapping
from customerp_trello.state import lease
from customerp_trello.state.lease import Fence
from customerp_trello.state.runs import Run, get_run
from customerp_trello.state.store import Store
from customerp_trello.state.transaction import Transaction

LEASE_SECONDS = 900.0
"""How long a run that stopped without a word keeps the pair from others."""


@dataclass(frozen=True)
class PairRun:
    """What every step of a run is given.

    Attributes:
        mapping: the pair's mapping.
        store: the state database.
        row: the run's row, with its form and its fencing number.
        folder: where the run's frames are.
        storage: where all runs' frames are.
    """

    mapping: Mapping
    store: Store
    row: Run
    folder: Folder
    storage: Folder

    @property
    def pair(self) -> str:
        """The pair's name."""
        return self.mapping.pair

    @property
    def id(self) -> str:
        """Our run's id."""
        return self.row.id

    @property
    def form(self) -> Form:
        """What the run was asked to do."""
        return form_of(self.row.form)

    def folder_of(self, run_id: str) -> Folder:
        """Where another run of the pair left its frames."""
        folder: Folder = self.storage / self.pair / run_id
        return folder

    def attempt(self) -> Fence:
        """Start one attempt to write: whoever wrote for this run before is fenced out (contract, section 7).

        Raises:
            LeaseLost: the pair's lease has moved on since the run acquired it.
        """
        return lease.take_over(self.store, self.pair, self.id, self.row.run_fence or 0, LEASE_SECONDS)

    @contextmanager
    def begin(self, fence: Fence) -> Iterator[Transaction]:
        """A writing transaction under the run's fence."""
        with self.store.begin(fence) as tx:
            yield tx

    def may_send(self, fence: Fence, seconds: float) -> None:
        """To be called just before every attempt of a request that writes and may take so many seconds.

        Raises:
            LeaseLost: the lease is not ours any more, the request must not start.
        """
        lease.ensure_outlives(self.store, fence, seconds)


def open_run(mapping: Mapping, store: Store, run_id: str, storage: Folder) -> PairRun:
    """Find a started run again.

    Raises:
        FatalError: the state database knows no such run.
    """
    with store.read() as tx:
        row = get_run(tx, run_id)
    if row is None:
        raise FatalError(f"{mapping.pair}: the state database has no run {run_id}; was another database configured?")
    return PairRun(mapping, store, row, storage / mapping.pair / run_id, storage)
