"""A company of a wanted size in both sandbox systems, written straight into their databases, and the servers on it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

REPOSITORY = Path(__file__).resolve().parents[1]
SANDBOX = REPOSITORY / "include" / "sandbox"
sys.path.append(str(SANDBOX))

import customerp_entities  # noqa: E402
import trello_schema  # noqa: E402
from sandbox_database import SandboxDatabase  # noqa: E402
from seed_customerp import SeedERP  # noqa: E402
from seed_names import Names  # noqa: E402
from seed_records import Past  # noqa: E402
from seed_trello import SeedTrello  # noqa: E402
from trello_settings import INTEGRATION, TRELLO_KEY  # noqa: E402

CUSTOMERS = "custom_customer__trello_organizations"
EMPLOYEES = "customerp_employee__trello_members"
PROJECTS = "custom_project__trello_actions"
CONTACTS = "custom_contact__trello_members"
_PLAIN = {"description": "A customer.", "currency": "EUR", "city": "Bern"}
STATUS = {"open": "Open", "on_hold": "On hold", "completed": "Completed", "cancelled": "Cancelled"}


@dataclass(frozen=True)
class Size:
    """How many of what there are; with *in_trello* each has its counterpart there already, else Trello is empty.

    Contacts are spread evenly: with 1.5 of each every other customer has two.
    """

    customers: int
    projects: int
    employees: int
    staff_workspaces: int
    contacts_of_each: float
    in_trello: bool


class Company:
    """Draws the rows of both systems, so that nothing differs between them."""

    def __init__(self, size: Size) -> None:
        chance = random.Random(7)
        names, past = Names(chance), Past(chance)
        self.size = size
        self.erp, self.trello = SeedERP(chance, names, past), SeedTrello(chance, names, past)
        self.trello.accounts()
        self._employees()
        self._customers()
        self._projects()

    def _employees(self) -> None:
        size, trello = self.size, self.trello
        paid = [trello.workspace(f"staff_{n:02}", f"Staff {n:02}", paid=True) for n in range(size.staff_workspaces)]
        trello._register(paid[0])
        for number in range(size.employees):
            first, last, email = "Staff", f"Member{number:05}", f"staff{number}@company.example"
            fields: dict[str, Any] = {"status": "active", "work_email": email}
            if size.in_trello:
                member = trello.person(f"{first} {last}", email)
                trello.join(paid[number % len(paid)], member["id"])
                fields |= self._profile(member)
            self.erp._add("employees", employee_number=f"E-{1001 + number}", first_name=first, last_name=last, **fields)

    def _profile(self, member: dict[str, Any]) -> dict[str, Any]:
        member["bio"] = ""
        return {"initials": member["initials"], "trello_username": member["username"]}

    def _customers(self) -> None:
        each = self.size.contacts_of_each
        for number in range(self.size.customers):
            sign, name = f"C-{1001 + number}", f"Customer {number:05}"
            row = self.erp._add("customers", number=sign, name=name, **_PLAIN)
            workspace = ""
            if self.size.in_trello:
                workspace = self.trello.workspace(sign.lower().replace("-", ""), name, desc="A customer.")
            for index in range(int((number + 1) * each) - int(number * each)):
                self._contact(row["id"], workspace, f"Contact{number:05}x{index}")

    def _contact(self, customer: int, workspace: str, last: str) -> None:
        email = f"{last.lower()}@customer.example"
        fields: dict[str, Any] = {}
        if workspace:
            member = self.trello.person(f"Some {last}", email)
            self.trello.join(workspace, member["id"])
            fields = self._profile(member)
        self.erp._add("contacts", first_name="Some", last_name=last, email=email, customer_id=customer, **fields)

    def _projects(self) -> None:
        self.erp.projects(self.size.projects)
        if self.size.in_trello:
            for row in self.erp.tables["projects"].rows:
                self.trello.comment(INTEGRATION, self._comment(row))

    def _comment(self, row: dict[str, Any]) -> str:
        from customerp_trello.mapping.load import load_mapping
        from customerp_trello.sides.comment import Footer, render
        from customerp_trello.sides.comment_layout import layout_of

        if not hasattr(self, "_layout"):
            self._layout = layout_of(load_mapping(REPOSITORY / f"include/mappings/{PROJECTS}.yaml"))
        tables = self.erp.tables
        manager = tables["employees"].rows[row["manager_id"] - 1]
        customer = tables["customers"].rows[row["customer_id"] - 1]
        labels = {
            manager["employee_number"]: f"{manager['first_name']} {manager['last_name']}",
            customer["number"]: customer["name"],
        }
        values = {name: row[name] or "" for name in ("number", "name", "start_date", "end_date", "description")}
        values |= {"status": STATUS[row["status"]]}
        values |= {"manager": manager["employee_number"], "customer": customer["number"]}
        return render(self._layout, values, labels, Footer(marker=str(row["id"]))).text

    def places(self) -> dict[str, Any]:
        """For the Trello connection's extra: the staff workspaces and the register card."""
        staff = [f"staff_{number:02}" for number in range(self.size.staff_workspaces)]
        return {"staff_workspaces": staff, "register_card": self.trello.register["card"]}

    def write(self, folder: Path) -> None:
        """Write both databases."""
        for name, schema, rows in (
            ("customerp", customerp_entities.SCHEMA, self.erp),
            ("trello", trello_schema.SCHEMA, self.trello),
        ):
            database = SandboxDatabase(folder / f"{name}.db", schema)
            database.connection.execute("PRAGMA foreign_keys=OFF")
            with database.transaction():
                rows.write(database)
            database.close()


@dataclass(frozen=True)
class Running:
    """Both systems as processes, and what our processes need to reach them.

    Attributes:
        environment: for processes of ours: connections, mappings, a home of their own.
    """

    folder: Path
    customerp: str
    trello: str
    environment: dict[str, str]

    def ask(self, method: str, path: str, *, system: str = "trello", **wish: Any) -> Any:
        """One of a system's controls below ``/sandbox``."""
        request = Request(f"{getattr(self, system)}/sandbox/{path}", json.dumps(wish).encode(), method=method)
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def pair(self, name: str, *state_url: str) -> AbstractContextManager[Pair]:
        """A process that runs a pair; it has imported everything when this returns."""
        return self.process(name, "benchmarks.pair_run", str(self.folder), name, *state_url)

    @contextmanager
    def process(self, name: str, module: str, *arguments: str) -> Iterator[Pair]:
        """A process that answers a line with a line: :mod:`benchmarks.pair_run`, or one that is compared with it."""
        command = [sys.executable, "-m", module, *arguments]
        piped: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with (self.folder / f"{name}.log").open("w") as log:
            process = subprocess.Popen(command, env=self.environment, stderr=log, cwd=REPOSITORY, **piped)
        pair = Pair(name, process, self.folder / f"{name}.log")
        pair.answer()
        try:
            yield pair
        finally:
            process.communicate(timeout=60)


@dataclass(frozen=True)
class Pair:
    """A process of `benchmarks.pair_run`."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def start(self) -> None:
        """Begin a run."""
        assert self.process.stdin
        self.process.stdin.write("run\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for the run's end: what it did."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            ended = self.process.wait(timeout=60)  # -9: most often the machine had no memory left
            raise SystemExit(f"{self.name} ended with {ended}:\n{self.log.read_text()}")
        return dict(json.loads(line))

    def run(self) -> dict[str, Any]:
        """One run."""
        self.start()
        return self.answer()


@contextmanager
def running(folder: Path, size: Size, *options: str, **extra: Any) -> Iterator[Running]:
    """Build a company and serve it.

    Args:
        folder: an empty one.
        size: how large the company is.
        options: of `serve_trello.py`.
        extra: for the Trello connection's extra.
    """
    company = Company(size)
    company.write(folder)
    write_first_runs(Path(shutil.copytree(REPOSITORY / "include" / "mappings", folder / "mappings")))
    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(_served(name, folder, *(options if name == "trello" else ())))
            for name in ("customerp", "trello")
        }
        extra |= company.places()
        erp = {"conn_type": "customerp", "host": urls["customerp"], "password": "sandbox-customerp-token"}
        trello = {"conn_type": "trello", "host": urls["trello"], "login": TRELLO_KEY, "password": INTEGRATION.token}
        environment = os.environ | {
            "AIRFLOW_HOME": str(folder / "airflow"),
            "CUSTOMERP_TRELLO_MAPPINGS": str(folder / "mappings"),
            "AIRFLOW_CONN_CUSTOMERP_DEFAULT": json.dumps(erp),
            "AIRFLOW_CONN_TRELLO_DEFAULT": json.dumps(trello | {"extra": extra}),
        }
        yield Running(folder, urls["customerp"], urls["trello"], environment)


def write_first_runs(mappings: Path) -> None:
    """Change mappings so that nobody has to let a first plan through."""
    for path in mappings.glob("*.yaml"):
        path.write_text(re.sub(r"^first_run: hold", "first_run: apply", path.read_text(), flags=re.MULTILINE))


@contextmanager
def _served(name: str, folder: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, SANDBOX / f"serve_{name}.py", "--port", "0", "--database", folder / f"{name}.db"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(timeout=30)
