"""Fixtures for every room: the two sandbox servers, empty or seeded, each on a fresh database of its own.

They listen on 127.0.0.1 in threads of the test process and are ready in a few hundredths of a second.
"""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long an example takes is a matter of the machine, not of the code.
hypothesis.settings.register_profile("timeless", deadline=None)
hypothesis.settings.load_profile("timeless")

SANDBOX = Path(__file__).resolve().parents[1] / "include" / "sandbox"
sys.path.append(str(SANDBOX))

import customerp_server as customerp_app  # noqa: E402
import trello_server as trello_app  # noqa: E402
import trello_settings  # noqa: E402
from sandbox_serving import ThreadedServer  # noqa: E402

ONE_WORKER = ("tests/airflow/", "tests/dags/test_dag_runs.py", "tests/dags/test_dag_silence.py")
"""Tests that share an Airflow: it takes half a minute to start."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each of these files to one worker, all other tests to whoever is free."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0] if nodeid.startswith(ONE_WORKER) else nodeid

    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def _no_connection_of_another_test() -> Iterator[None]:
    """A process remembers that it knows the state database's connection; each test is a process of its own to it.

    Not by the test's own monkeypatch, which would then be undone after the fixtures that the test asks for before it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("customerp_trello.state.location._connected", False)
        yield


@dataclass
class Sandbox:
    """A running server.

    Attributes:
        url: where it is, without a path (``/api/v1`` and ``/1`` begin behind it).
        service: the server's insides, for tests in the same process.
    """

    url: str
    database: Path
    service: Any

    def control(self, method: str, path: str, **wish: Any) -> Any:
        """Ask for one of the controls below ``/sandbox``, e.g. ``control("POST", "clock", offset_seconds=60)``."""
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", json.dumps(wish).encode(), method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def fault(self, match: str, kind: str, times: int = 1, after: int = 0) -> None:
        """Order a fault for the next matching requests (kinds: sandbox_faults.KINDS)."""
        self.control("POST", "faults", match=match, kind=kind, times=times, after=after)

    def clear_faults(self) -> None:
        """Take back the faults that have not struck."""
        self.control("DELETE", "faults")

    def requests(self) -> dict[str, Any]:
        """Counts since the start: total, refused_429, requests (method and route -> count), statuses."""
        return self.control("GET", "requests")

    def set_clock(self, offset_seconds: float) -> None:
        """Set the server's clock wrong by so many seconds."""
        self.control("POST", "clock", offset_seconds=offset_seconds)

    def reset(self) -> None:
        """Forget everything: an empty database with the accounts, no faults, no counts, the right time."""
        self.control("POST", "reset")


@dataclass
class CustomERPSandbox(Sandbox):
    """A running CustomERP and its bearer token."""

    token: str = customerp_app.CUSTOMERP_TOKEN


@dataclass
class TrelloSandbox(Sandbox):
    """A running Trello: key, the integration's token, and the people who have a token of their own."""

    key: str = trello_settings.TRELLO_KEY
    token: str = trello_settings.INTEGRATION.token
    integration: trello_settings.Account = trello_settings.INTEGRATION
    anna: trello_settings.Account = trello_settings.ANNA
    boris: trello_settings.Account = trello_settings.BORIS
    carla: trello_settings.Account = trello_settings.CARLA
    dimitra: trello_settings.Account = trello_settings.DIMITRA

    def join(self, email: str, **more: Any) -> dict[str, Any]:
        """A pending member accepts (fullName, username, newId, accountEmail); id, username, fullName, token."""
        return self.control("POST", "join", email=email, **more)

    def sign_up(self, full_name: str, username: str, email: str) -> dict[str, Any]:
        """A new account with a token."""
        return self.control("POST", "accounts", fullName=full_name, username=username, email=email)

    def set_plan(self, organization: str, *, paid: bool) -> None:
        """Buy or cancel a workspace's paid plan."""
        self.control("POST", "plan", organization=organization, paid=paid)

    def set_scope(self, scope: str, **more: Any) -> None:
        """Make the integration's token one of narrower scopes, such as ``read,write`` (dateExpires)."""
        self.control("POST", "scope", token=self.token, scope=scope, **more)


@dataclass
class SeededSandbox:
    """Both servers on the same seeded data; ``summary`` is what the seed printed."""

    customerp: CustomERPSandbox
    trello: TrelloSandbox
    summary: dict[str, Any] = field(default_factory=dict)


StartCustomERP = Callable[..., CustomERPSandbox]
StartTrello = Callable[..., TrelloSandbox]


@pytest.fixture
def start_customerp(tmp_path: Path) -> Iterator[StartCustomERP]:
    """Start CustomERPs: ``start_customerp(database=None, **CustomERPSettings)``."""
    with ExitStack() as stack:
        count = iter(range(1000))

        def start(database: Path | None = None, **settings: Any) -> CustomERPSandbox:
            file = database or tmp_path / f"customerp-{next(count)}.db"
            wish = customerp_app.CustomERPSettings(**settings)
            server = stack.enter_context(ThreadedServer(customerp_app.build_app(file, wish)))
            return CustomERPSandbox(server.url, file, server.service, token=wish.token)

        yield start


@pytest.fixture
def start_trello(tmp_path: Path) -> Iterator[StartTrello]:
    """Start Trellos: ``start_trello(database=None, **TrelloSettings)``."""
    with ExitStack() as stack:
        count = iter(range(1000))

        def start(database: Path | None = None, **settings: Any) -> TrelloSandbox:
            file = database or tmp_path / f"trello-{next(count)}.db"
            wish = trello_settings.TrelloSettings(**settings)
            server = stack.enter_context(ThreadedServer(trello_app.build_app(file, wish)))
            return TrelloSandbox(server.url, file, server.service, key=wish.key, token=wish.accounts[0].token)

        yield start


@pytest.fixture
def customerp_server(start_customerp: StartCustomERP) -> CustomERPSandbox:
    """An empty CustomERP."""
    return start_customerp()


@pytest.fixture
def trello_server(start_trello: StartTrello) -> TrelloSandbox:
    """A Trello with accounts and nothing else, which never answers 429 (``start_trello`` for one that does)."""
    return start_trello(rate_limits=False)


@pytest.fixture(scope="session")
def seed_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, int], tuple[Path, dict[str, Any]]]:
    """Seeded databases by size and seed, written once per session: the folder and the summary."""
    made: dict[tuple[int, int], tuple[Path, dict[str, Any]]] = {}

    def seeded(customers: int, seed: int) -> tuple[Path, dict[str, Any]]:
        if (customers, seed) not in made:
            import sandbox_seed

            folder = tmp_path_factory.mktemp("seed")
            summary = sandbox_seed.seed(folder / "customerp.db", folder / "trello.db", customers, seed)
            made[customers, seed] = (folder, summary)
        return made[customers, seed]

    return seeded


@pytest.fixture
def seeded_sandbox(
    tmp_path: Path, seed_files: Any, start_customerp: StartCustomERP, start_trello: StartTrello
) -> Callable[..., SeededSandbox]:
    """``seeded_sandbox(customers=40, seed=7, **TrelloSettings)``: both servers on the data that a company has."""

    def start(customers: int = 40, seed: int = 7, **settings: Any) -> SeededSandbox:
        folder, summary = seed_files(customers, seed)
        files = []
        for name in ("customerp.db", "trello.db"):
            files.append(tmp_path / f"seeded-{customers}-{seed}-{name}")
            shutil.copy(folder / name, files[-1])
        customerp = start_customerp(files[0])
        return SeededSandbox(customerp, start_trello(files[1], **{"rate_limits": False, **settings}), summary)

    return start
