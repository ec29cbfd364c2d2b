"""The demo: four DAGs of a real Airflow keep two systems in sync, watched from the first preview to the last check."""

from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from demo import check
from demo.airflow_api import AirflowApi
from demo.check_reading import BothSystems
from demo.check_records import CONTACTS, CUSTOMERS, EMPLOYEES, PAIRS, PROJECTS, PairRecords
from demo.company import Company, unscheduled_mappings
from demo.edits import Edits
from demo.errors import AirflowApiError, DemoError, StackError, SystemRefusal
from demo.fresh_home import clear
from demo.layout import REPOSITORY, Layout
from demo.page import Page
from demo.processes import members
from demo.rounds import TITLES, Rounds, Run
from demo.signals import Interrupted, interrupt_on_signals
from demo.stack import Stack
from demo.systems import CustomERP, Trello, Writes

DEMO_HOME = REPOSITORY / ".run" / "demo"
CUSTOMERS_SEEDED = 24
_AT_ONCE = (CUSTOMERS, EMPLOYEES, PROJECTS)
_PREVIEW_LINES = 12


class Installation(Protocol):
    """A running Airflow and the two systems beside it."""

    @property
    def systems(self) -> Mapping[str, Mapping[str, Any]]:
        """Each system's `url`, by its name."""

    @property
    def url(self) -> str:
        """Address of the web page."""

    @property
    def password(self) -> str:
        """The administrator's password."""

    def airflow(self) -> AirflowApi:
        """A client of Airflow's REST API."""


def demo(home: Path = DEMO_HOME, port: int | None = None) -> int:
    """Tell the whole story; 0 if it ends as it has to."""
    interrupt_on_signals()
    page, layout = Page(), Layout(home.resolve())
    try:
        equal = _play(page, layout, port)
    except (DemoError, StackError, AirflowApiError, SystemRefusal) as error:
        page.heading("The demo has failed")
        page.say(*str(error).splitlines(), f"Logs: {layout.logs} and {layout.airflow_home / 'logs'}")
        return 1
    except Interrupted as interrupted:
        page.say(f"{interrupted}: everything has been stopped")
        return 128 + interrupted.number
    left = members(str(layout.home))
    page.heading("The end")
    page.say(
        "Every process of the demo has ended." if not left else f"Processes are left: {left}",
        "The two systems are equal." if equal else "The two systems are NOT equal.",
        f"It took {page.seconds:.0f} seconds. `make up` keeps such an installation running.",
    )
    return 0 if equal and not left else 1


def _play(page: Page, layout: Layout, port: int | None) -> bool:
    page.heading("A company with an ERP and Trello, and an Airflow between them")
    clear(layout)
    company = Company.open(layout, CUSTOMERS_SEEDED)
    _introduce(page, company)
    mappings = unscheduled_mappings(layout)
    overrides = {"CUSTOMERP_TRELLO_MAPPINGS": str(mappings)}
    with Stack(layout.home, connections=company.connections, port=port, overrides=overrides) as stack:
        equal = play(page, stack, company, mappings)
        page.heading("Stopping")
    return equal


def play(page: Page, installation: Installation, company: Company, mappings: Path) -> bool:
    """Play all rounds on an Airflow that runs, however it is installed; whether both systems are equal at the end."""
    story = _Story(page, installation, company, mappings)
    story.first_round()
    edits = story.edit()
    story.second_round()
    story.third_round()
    return story.check(edits)


def _introduce(page: Page, company: Company) -> None:
    erp, trello = company.summary["customerp"], company.summary["trello"]
    page.say(
        "CustomERP: " + ", ".join(f"{count} {plural}" for plural, count in sorted(erp.items())),
        f"Trello:    {trello['organizations']} workspaces, {trello['members']} members, one card for the projects",
        "Both answer as the real ones do, Trello's limit of 100 requests in 10 seconds included.",
        "Airflow reads a copy of include/mappings in which only `schedule` differs: no run starts by the clock here.",
        "Starting both systems and Airflow takes about 20 seconds ...",
    )


class _Story:
    def __init__(self, page: Page, stack: Installation, company: Company, mappings: Path) -> None:
        self._page, self._company, self._mappings = page, company, mappings
        self._erp = CustomERP(stack.systems["customerp"]["url"])
        self._trello = Trello(stack.systems["trello"]["url"])
        airflow = stack.airflow()
        self._rounds = Rounds(airflow, page)
        self._told: set[str] = set()
        airflow.wait_for_dags(PAIRS)
        page.say(f"Airflow runs at {stack.url} (user admin, password {stack.password}).")

    # -- the rounds --------------------------------------------------------------------------------------------

    def first_round(self) -> None:
        """Every pair's first run is held, shown and let through."""
        self._page.heading("Round 1: the first run of a pair writes nothing, it shows what it would do")
        before = self._writes()
        held = self._rounds.finish(self._rounds.trigger(_AT_ONCE))
        self._preview(held, before)
        contacts_before = self._rounds.started(CONTACTS)
        self._let_through(held)
        self._page.heading("The contacts follow: the customer pair's new links started their DAG")
        run_id = self._rounds.started_by_itself(CONTACTS, contacts_before)
        if not run_id:
            raise DemoError("the asset event of the customer pair has not started the contact pair's DAG")
        self._page.say(f"nobody triggered {run_id}")
        before = self._writes()
        held = self._rounds.finish({CONTACTS: run_id})
        self._preview(held, before)
        self._let_through(held)

    def edit(self) -> Edits:
        """People work in both systems."""
        self._page.heading("People edit both systems, through the systems' own APIs")
        special = self._company.summary["special"]
        edits = Edits(self._erp, self._trello, self._read(), self._company.card, special["broken"].values())
        for sentence in edits.make():
            self._page.say(sentence)
        return edits

    def second_round(self) -> None:
        """What was edited arrives on the other side."""
        self._page.heading("Round 2: what was edited arrives on the other side")
        before = self._rounds.started(CONTACTS)
        runs = self._rounds.finish(self._rounds.trigger(_AT_ONCE))
        run_id = self._rounds.started_by_itself(CONTACTS, before)
        if run_id:
            self._page.say("the contacts' DAG was started by the customers' new links:")
        runs += self._rounds.finish({CONTACTS: run_id} if run_id else self._rounds.trigger([CONTACTS]))
        for run in runs:
            if run.held:
                raise DemoError(f"round 2 is held: {run.headline}")
            self._page.say("", f"{TITLES[run.pair]}: what the plan moved")
            self._page.say(*(f"  {line}" for line in _news(self._rounds.plan(run), self._told)))
        self._page.say("", "Values of people are masked in logs unless the mapping says otherwise.")
        self._figures(runs)

    def third_round(self) -> None:
        """Nothing is left to do."""
        self._page.heading("Round 3: nobody has edited anything, so nothing may be written")
        before = self._writes()
        runs = self._rounds.finish(self._rounds.trigger((*_AT_ONCE, CONTACTS)))
        for system, count in self._writes_since(before).items():
            reported = sum(run.written.get(system, 0) for run in runs)
            refused = f" ({count.refused} tried and refused: a record in quarantine, looked at again)" * bool(
                count.refused
            )
            self._page.say(f"{system:<10} {reported} writes say the reports, {count.taken} says the system{refused}")
            if reported or count.taken:
                reports = "\n".join(run.report for run in runs)
                raise DemoError(f"round 3 wrote to {system}; the reports:\n{reports}")
        self._page.say("0 writes.")

    def check(self, edits: Edits) -> bool:
        """Compare the two systems, read directly."""
        self._page.heading("The check: both systems read directly, compared property by property")
        known = check.known_from_seed(self._company.summary["special"]) + edits.known
        checked = check.compare(self._read(), known)
        self._page.say(*check.table(checked, TITLES))
        return check.passed(checked)

    # -- between the two ---------------------------------------------------------------------------------------

    def _preview(self, held: Iterable[Run], before: Mapping[str, Writes]) -> None:
        held = list(held)
        for run in held:
            if not run.held:
                raise DemoError(f"the first run of {run.pair} was not held: {run.headline}")
        plans = [self._rounds.plan(run) for run in held]
        self._told.update(line for plan in plans for line in plan)
        self._page.say("", f"The plan of the {TITLES[held[0].pair]} begins so:")
        self._page.say(*(f"  {line}" for line in plans[0][:_PREVIEW_LINES]), "  ...")
        self._figures(held)
        if any(count.taken or count.refused for count in self._writes_since(before).values()):
            raise DemoError(f"a held run wrote: {self._writes_since(before)}")
        self._page.say("", "Nothing was written: both systems have received 0 writes.")

    def _let_through(self, held: Iterable[Run]) -> None:
        self._page.say("", "A person has looked at it and lets it through, by the digest of the plan:")
        forms = {run.pair: {"action": "let_through", "plan": run.digest} for run in held}
        runs = self._rounds.finish(self._rounds.trigger(forms, forms))
        for run in runs:
            if run.held:
                raise DemoError(f"{run.pair} was let through and is held again: {run.headline}")
        self._figures(runs)

    def _figures(self, runs: Iterable[Run]) -> None:
        self._page.say("")
        self._page.table({TITLES[run.pair]: run.figures for run in runs})

    def _writes(self) -> dict[str, Writes]:
        return {"CustomERP": self._erp.writes(), "Trello": self._trello.writes()}

    def _writes_since(self, before: Mapping[str, Writes]) -> dict[str, Writes]:
        return {system: count - before[system] for system, count in self._writes().items()}

    def _read(self) -> dict[str, PairRecords]:
        return BothSystems(
            self._erp,
            self._trello,
            self._mappings,
            card=self._company.card,
            staff_workspaces=self._company.staff_workspaces,
            special=self._company.summary["special"],
        ).read()


def _news(plan: Iterable[str], told: Container[str]) -> list[str]:
    """A plan without what only waits or cannot be read, and without what an earlier plan has told."""
    shown, showing = [], True
    for line in plan:
        if not line.startswith(" "):
            showing = line not in told and not line.startswith(("waiting", "quarantine"))
        if showing:
            shown.append(line)
    return shown
