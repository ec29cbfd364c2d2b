"""A real Airflow whose four pairs have run, with something of everything to look at and to decide, and a browser."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS / "dags", TESTS.parent / "include", TESTS.parent / "include" / "sandbox"):
    sys.path.append(str(folder))

import sandbox_seed  # noqa: E402
from both_systems import BothSystems  # noqa: E402
from four_dags import AUDIT, CONTACTS, CUSTOMERS, DECISIONS, EMPLOYEES, MAPPINGS, PROJECTS  # noqa: E402

from customerp_trello.mapping.load import FOLDER_VARIABLE  # noqa: E402
from customerp_trello.state.links import link_ids  # noqa: E402
from customerp_trello.state.store import Store  # noqa: E402
from demo.layout import Layout  # noqa: E402
from demo.ports import free_ports  # noqa: E402
from demo.sandbox_systems import default_connections  # noqa: E402
from demo.stack import Stack  # noqa: E402

NEVER = "0 0 29 2 *"
CALM = {
    # Parsed every five seconds, as in the demo, the DAGs cost a quarter of a core; this is Airflow's default. Not more:
    # a DAG that was parsed while its one run went on starts no run by an asset until it is parsed again.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
}
FEW_UPDATES = 5
"""Beyond them, if they are half of all links as well, the guard holds a plan of the customers' pair."""
REFUSED_VALUE = "http://intranet"
"""What CustomERP does not take; it is in every plan from the moment that its record is due again."""
ON_THE_PAGE, BY_THE_FORM, REFUSED = 2, 3, 4
"""Places (see :meth:`Stage.customer`) of the customers that :meth:`Stage.troubles` puts into trouble."""
ROUTE = "/plugin/customerp-trello"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Stage:
    """The stack after its first runs.

    Attributes:
        stack: the running processes.
        airflow: client of Airflow's REST API.
        systems: clients of both systems.
        state: our state database.
        url: of the web page.
    """

    def __init__(self, home: Path) -> None:
        layout = Layout(home)
        layout.prepare()
        mappings = mappings_for_people(home / "mappings")
        self.summary = sandbox_seed.seed(layout.database("customerp"), layout.database("trello"), 24)
        self.state = Store(f"sqlite:///{layout.airflow_home / 'customerp_trello' / 'state.db'}")
        (port,) = free_ports(1)
        overrides = {FOLDER_VARIABLE: str(mappings), **CALM}
        self.stack = Stack(home, connections=self._connections, port=port, overrides=overrides)

    def _connections(self, systems: Any) -> Any:
        seeded = {
            "staff_workspaces": self.summary["staff"]["short_names"],
            "register_card": self.summary["register_card"]["id"],
        }
        return default_connections({name: {**said, **seeded} for name, said in systems.items()})

    @property
    def url(self) -> str:
        return self.stack.url

    def first_runs(self) -> None:
        """Let every pair find and create what it may; people of the staff first, since they are no contacts."""
        self.airflow = self.stack.airflow()
        self.airflow.wait_for_dags((CUSTOMERS, EMPLOYEES, PROJECTS, CONTACTS, DECISIONS, AUDIT), 300)
        self.airflow.set_paused(AUDIT, True)
        urls = {name: said["url"] for name, said in self.stack.systems.items()}
        card, staff = self.summary["register_card"]["id"], self.summary["staff"]["short_names"]
        self.systems = BothSystems(urls["customerp"], urls["trello"], card, staff)
        self.run(EMPLOYEES, PROJECTS)
        self.run(CUSTOMERS)  # its new links start the contacts' DAG

    def troubles(self) -> None:
        """Two conflicts that a person has to settle and a record that is refused; their run is beside the contacts'."""
        self.clashes = {place: self.clash(place) for place in (ON_THE_PAGE, BY_THE_FORM)}
        self.spoilt = self.spoil(REFUSED)
        self.run(CUSTOMERS)
        contacts = self.airflow.dag_runs(CONTACTS)
        assert contacts, "the customers' new links started no run of the contacts' DAG"
        for run in contacts:
            self.airflow.wait(CONTACTS, run["dag_run_id"])

    def run(self, *pairs: str, action: str = "sync", **form: Any) -> None:
        """Run these pairs at the same time and wait for their ends."""
        started = {pair: self.airflow.trigger(pair, {"action": action, **form}) for pair in pairs}
        for pair, run in started.items():
            self.airflow.wait(pair, run)

    # -- what people do in the two systems -----------------------------------------------------------------------

    def clash(self, place: int) -> str:
        """Rename a customer on both sides, and return the ERP's name for it: the next run asks whose shall hold."""
        number, workspace, name = self.customer(place)
        ours = f"{name} International"
        self.systems.edit("customers", number, name=ours)
        self.systems.put(f"/organizations/{workspace}", displayName=f"{name} Group")
        return ours

    def spoil(self, place: int) -> str:
        """Give a workspace a website that CustomERP does not take, for the next run to find; return its name."""
        _, workspace, name = self.customer(place)
        self.systems.put(f"/organizations/{workspace}", website=REFUSED_VALUE)
        return name

    def customers(self) -> dict[int, dict[str, str]]:
        """What both systems themselves show of linked customers, by ERP id: no time, no version."""
        records = self.systems.records("customers")
        spaces = {one["id"]: one for one in self.systems.organizations()}
        ours, theirs = ("name", "description", "website"), ("displayName", "desc", "website")
        return {
            number: {f"CustomERP {name}": records[number][name] or "" for name in ours}
            | {f"Trello {name}": spaces[workspace][name] or "" for name in theirs}
            for number, workspace in self.links(CUSTOMERS).items()
        }

    def links(self, pair: str) -> dict[int, str]:
        """CustomERP's id -> Trello's."""
        with self.state.read() as tx:
            ids = link_ids(tx, pair)
        return dict(zip(ids["customerp_id"].astype(int), ids["trello_id"], strict=True))

    def customer(self, place: int) -> tuple[int, str, str]:
        """ERP id, workspace id and name of a linked customer; each test has places of its own."""
        records = self.systems.records("customers")
        number, workspace = sorted(self.links(CUSTOMERS).items())[place]
        return number, workspace, str(records[number]["name"])


def mappings_for_people(folder: Path) -> Path:
    """The repository's mappings: never by the clock, first runs write, and people settle a customer's name."""
    shutil.copytree(MAPPINGS, folder)
    for file in folder.glob("*.yaml"):
        text = re.sub(r"^schedule:.*$", f'schedule: "{NEVER}"', file.read_text(), flags=re.MULTILINE)
        text = text.replace("first_run: hold", "first_run: apply").replace("create_count: 20", "create_count: 2000")
        if file.stem == CUSTOMERS:
            assert "update_count: 20" in text
            text = text.replace("update_count: 20", f"update_count: {FEW_UPDATES}")
            named = "    trello: displayName\n    type: string\n"
            assert named in text
            text = text.replace(named, f"{named}    conflict: manual\n")
        file.write_text(text)
    return folder


@contextmanager
def stage(home: Path) -> Iterator[Stage]:
    """Start everything, run every pair until there is something of everything, and end it."""
    made = Stage(home)
    try:
        with made.stack:
            made.first_runs()
            made.troubles()
            yield made
    finally:
        made.state.close()


@contextmanager
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def logged_in(chromium: Any, stage: Stage, *, dark: bool = False, width: int = 1280, height: int = 900) -> Any:
    """A page whose user is logged in to Airflow, with Airflow's colours set."""
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    theme = "dark" if dark else "light"
    context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{stage.url}/auth/login")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(stage.stack.password)
    page.locator("button[type=submit]").click()
    page.wait_for_url(lambda url: "/auth/login" not in url)
    return page


def opened(page: Any, stage: Stage, path: str = "") -> Any:
    """Our page inside Airflow's frame, at one of our own addresses."""
    page.goto(f"{stage.url}{ROUTE}" + (f"/customerp-trello/review{path}" if path else ""))
    frame = page.frame_locator("iframe")
    frame.locator("main").wait_for()
    return frame


def written(before: dict[int, dict[str, str]], now: dict[int, dict[str, str]]) -> dict[tuple[int, str], str]:
    """What differs between two answers of :meth:`Stage.customers`: (ERP id, system and property) -> text now."""
    return {
        (number, name): text
        for number, shown in now.items()
        for name, text in shown.items()
        if before[number][name] != text
    }


def until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait for something outside of the browser."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.5)
