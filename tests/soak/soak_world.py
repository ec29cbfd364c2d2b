"""Both systems, the package on top of them and a clock, put back to their first morning as often as one likes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import customerp_server
import pytest
import trello_server
import trello_settings
from desk import Desk
from engine import Engine
from engine_building import connect
from journal import Journal
from kill_switch import Killed, KillSwitch
from kill_world import KillWorld
from sandbox_serving import ThreadedServer

from customerp_trello.errors import SyncError
from customerp_trello.hooks.http import SyncHttpHook
from customerp_trello.state import lease
from customerp_trello.state.store import Store
from customerp_trello.state.transaction import utc_now

Populate = Callable[["SoakWorld"], None]

BOOKS = ("run", "plan", "pair_lease", "watermark")
"""Tables that a run without news may change: its own row, plan, lease and watermark."""


class SoakWorld:
    """A company on an empty pair of systems.

    Args:
        folder: for databases and frames.
        populate: makes the records of the first morning.

    Attributes:
        engine: the package.
        erp, trello, anna: desks of an ERP user, of the integration's account, and of an administrator in Trello.
        journal: what the package writes.
        hours: how far the state's clock is ahead.
    """

    def __init__(self, folder: Path, populate: Populate) -> None:
        self.stack, self.folder, self.hours = ExitStack(), folder, 0.0
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(SyncHttpHook, "first_wait", 0.0)
        patch.setattr("customerp_trello.hooks.http.time.sleep", lambda _seconds: None)
        # A life takes some ten seconds: two minutes would read every edit of it again in each run, and hide what was
        # overlooked the first time. CustomERP tells its time in whole seconds.
        patch.setattr("customerp_trello.flow.finish.OVERLAP", timedelta(seconds=2))
        erp_app = customerp_server.build_app(folder / "customerp.db", customerp_server.CustomERPSettings(rate_limit=0))
        free = trello_settings.TrelloSettings(rate_limits=False, caps=False)
        trello_app = trello_server.build_app(folder / "trello.db", free)
        self.servers = {
            "customerp": self.stack.enter_context(ThreadedServer(erp_app)),
            "trello": self.stack.enter_context(ThreadedServer(trello_app)),
        }
        self.services = {name: server.service for name, server in self.servers.items()}
        self.erp = Desk(self.services["customerp"], f"Bearer {customerp_server.CUSTOMERP_TOKEN}", "/api/v1")
        self.trello = self.trello_desk(trello_settings.INTEGRATION.token)
        self.anna = self.trello_desk(trello_settings.ANNA.token)
        self.journal = Journal(self._row_before)
        for name, service in self.services.items():
            self.journal.listen(name, service)
        summary = self._office()
        urls = [self.servers[name].url for name in ("customerp", "trello")]
        connect(patch, folder, *urls, summary)
        store = Store(f"sqlite:///{folder / 'state.db'}")
        self.stack.callback(store.close)
        store.upgrade()
        self.engine = Engine(folder / "runs", store, summary, *urls)
        self.switch = KillSwitch()
        self.switch.wire(patch.setattr, self.engine.folder)
        self._saving = KillWorld(self.engine, folder)
        populate(self)
        self._morning = self._saving.save("morning")

    def trello_desk(self, token: str) -> Desk:
        """Somebody's desk in Trello."""
        header = f'OAuth oauth_consumer_key="{trello_settings.TRELLO_KEY}", oauth_token="{token}"'
        return Desk(self.services["trello"], header, "/1")

    def _office(self) -> dict[str, Any]:
        """Two staff workspaces with Anna as an administrator, and the register card."""
        staff = []
        for name in ("staff_north", "staff_south"):
            made = self.trello("POST", "/organizations", displayName=f"Staff {name}", name=name)
            self.trello("PUT", f"/organizations/{made['id']}/members/{trello_settings.ANNA.id}", type="admin")
            self.control("trello", "plan", organization=made["id"], paid=True)
            staff.append(made)
        board = self.trello("POST", "/boards", name="Register", idOrganization=staff[0]["id"])
        column = self.trello("GET", f"/boards/{board['id']}/lists")[0]
        card = self.trello("POST", "/cards", name="Project register", idList=column["id"])
        return {
            "staff": {"short_names": [one["name"] for one in staff], "workspaces": [one["id"] for one in staff]},
            "register_card": {"id": card["id"]},
        }

    def control(self, system: str, name: str, **wish: Any) -> Any:
        """One of the server's controls, in this thread."""
        controls = self.services[system].controls
        method = "DELETE" if wish.pop("delete", False) else "POST"
        return controls[method, f"/sandbox/{name}"](wish)

    def rows(self, system: str, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a system's own database."""
        return [dict(row) for row in self.services[system].database.rows(query, *values)]

    def state(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the state database."""
        with closing(self.engine.store.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(query, values)
            return [dict(zip([one[0] for one in cursor.description], row, strict=True)) for row in cursor.fetchall()]

    def contents(self, pair: str) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that the state holds of a pair but the runs' own books."""
        tables = ("link", "tombstone", "intent", "open_work", "conflict", "history", "invitation")
        return {
            name: [tuple(row.values()) for row in self.state(f"SELECT * FROM {name} WHERE pair = ? ORDER BY id", pair)]
            for name in tables
        }

    def _row_before(self, system: str, incoming: Any) -> dict[str, Any]:
        tables = {"organizations": "organizations", "actions": "actions", "members": "members"}
        part = incoming.url_path.split("/")
        table = part[3] if system == "customerp" else tables.get(part[2], "")
        if "id" not in incoming.path or not table:
            return {}
        found = self.rows(system, f"SELECT * FROM {table} WHERE id = ?", incoming.path["id"])
        return found[0] if found else {}

    # -- time and accidents --------------------------------------------------------------------------------------

    def restart(self) -> None:
        """The first morning again."""
        self._saving.restore(self._morning)
        for name in self.services:
            self.control(name, "faults", delete=True)
            self.control(name, "clock", offset_seconds=0)
        self.journal.writes.clear()
        self.switch.disarm()
        self.engine.mappings.clear()
        self.hours = 0.0
        self.engine.store.clock = utc_now

    def pass_time(self, hours: float) -> None:
        """The state's clock goes on: interrupted writes settle, back-offs end."""
        self.hours += hours
        ahead = timedelta(hours=self.hours)
        self.engine.store.clock = lambda: utc_now() + ahead

    def forget_links(self, pair: str) -> None:
        """The state is lost: links with their bases, tombstones and all that hangs on them."""
        with closing(self.engine.store.engine.raw_connection()) as connection:
            for table in ("link", "tombstone", "conflict", "open_work", "intent", "watermark", "invitation", "history"):
                connection.execute(f"DELETE FROM {table} WHERE pair = ?", (pair,))
            connection.execute("DELETE FROM plan WHERE pair = ?", (pair,))
            connection.commit()

    def run(self, pair: str, **how: Any) -> Any:
        """A run that nothing disturbs."""
        return self.engine.run(pair, **how)

    def accident(self, pair: str, at: int = 0, **how: Any) -> str:
        """A run that may fail, or is killed at a step (0: not); says how it ended. Its lease is over in any case."""
        self.switch.arm(at)
        try:
            self.engine.run(pair, **how)
            return "went through"
        except Killed as error:
            return f"killed {error}"
        except SyncError as error:
            return f"{type(error).__name__}: {error}"
        finally:
            self.switch.disarm()
            for row in self.state("SELECT owner_run FROM pair_lease WHERE pair = ? AND owner_run != ''", pair):
                lease.release(self.engine.store, pair, row["owner_run"])

    @contextmanager
    def faults(self, system: str, *wishes: dict[str, Any]) -> Iterator[None]:
        """Faults that strike within the block and not after it."""
        for wish in wishes:
            self.control(system, "faults", **wish)
        try:
            yield
        finally:
            self.control(system, "faults", delete=True)

    def close(self) -> None:
        """Stop both servers and forget the files."""
        self.stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)
