"""The state database as it is: where, of which version, and what it links. Nothing is made and nothing migrated."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from customerp_trello.errors import SyncError
from customerp_trello.profile_doctor.findings import Finding, failed
from customerp_trello.state.links import link_ids
from customerp_trello.state.location import STATE_CONNECTION, state_url
from customerp_trello.state.store import Store
from customerp_trello.state.upgrade import HEAD, revision_of

SECTION = "state"
OUTDATED = "the next run brings the state to this version and tells what is linked; examine again after it"


@dataclass(frozen=True)
class State:
    """What was found.

    Attributes:
        where: the database's URL without its password.
        file: SQLite's file, None for a server.
        revision: its version, None where it is empty or not there.
        error: why it cannot be read.
        may_make_tables: whether an empty one can be filled.
        links: pair -> ids of its linked Trello records.
    """

    where: str = ""
    file: Path | None = None
    revision: str | None = None
    error: SyncError | None = None
    may_make_tables: bool = True
    links: dict[str, list[str]] = field(default_factory=dict)

    @property
    def outdated(self) -> bool:
        """Whether it is of an older version, whose links are not read before the next run has brought it to ours."""
        return self.revision is not None and self.revision < HEAD

    def linked(self, pair: str) -> list[str]:
        """Ids of the Trello records that a pair has linked."""
        return self.links.get(pair, [])


def read_state(pairs: Iterable[str]) -> State:
    """Look at the state database; what is wrong with it is part of the answer."""
    try:
        with Store(state_url()) as store:
            return _read(store, list(pairs))
    except SyncError as error:
        return State(error=error)


def _read(store: Store, pairs: list[str]) -> State:
    where = store.url.render_as_string(hide_password=True)
    file = Path(str(store.url.database)) if store.url.get_backend_name() == "sqlite" else None
    if file and not file.exists():  # to open it would make it
        return State(where, file, may_make_tables=_may_be_made(file))
    with store.read() as tx:
        revision = revision_of(tx.connection)
        if file:
            may = os.access(file, os.W_OK)
        else:
            may = bool(tx.execute(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")).scalar_one())
        links = {pair: list(link_ids(tx, pair)["trello_id"]) for pair in pairs} if revision == HEAD else {}
    return State(where, file, revision, may_make_tables=may, links=links)


def examine_state(state: State) -> Iterator[Finding]:
    """Is it reachable, of our version, and where every worker finds it?"""
    if state.error:
        yield failed(SECTION, "database", state.error)
        return
    if not state.may_make_tables:
        remark = f"{state.where} cannot be written; give Airflow's user the right to make files or tables there"
        yield Finding(SECTION, "database", "does not", remark)
    elif state.revision is None:
        yield Finding(SECTION, "database", "not there", f"{state.where} is empty; the first run makes what it needs")
    elif state.revision > HEAD:
        remark = f"{state.where} is of version {state.revision}, this package knows {HEAD}; update the package"
        yield Finding(SECTION, "database", "does not", remark)
    else:
        version = f"version {state.revision}"
        older = "" if state.revision == HEAD else f"; the next run brings it to {HEAD}"
        yield Finding(SECTION, "database", "works", f"{state.where}, {version}{older}")
    if state.file and (executor := _distributed()):
        remark = f"{executor} runs tasks on several machines, and only one has this file; put a PostgreSQL database"
        yield Finding(SECTION, "for all workers", "does not", f"{remark} into the connection {STATE_CONNECTION}")


def _distributed() -> str:
    """Airflow's executor, "" if it runs all tasks on this machine."""
    from airflow.configuration import conf

    executor = str(conf.get("core", "executor"))
    return "" if executor.rpartition(".")[2] in ("LocalExecutor", "SequentialExecutor", "") else executor


def _may_be_made(file: Path) -> bool:
    nearest = next(one for one in file.absolute().parents if one.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)
