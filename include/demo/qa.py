"""The QA checklist of the data-flow document, ticked in a real run: each property edited here, then there.

The document says what has to become of an edit; the two systems are read directly, without the package, to see it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from customerp_trello.mapping.checklist import Check, checklist
from customerp_trello.mapping.data_flow import qa_document
from customerp_trello.mapping.load import load_mapping
from customerp_trello.mapping.model import Mapping as PairMapping
from demo.check_reading import BothSystems
from demo.check_records import CONTACTS, CUSTOMERS, EMPLOYEES, PAIRS, PROJECTS, Couple, PairRecords
from demo.company import Company, unscheduled_mappings
from demo.errors import AirflowApiError, DemoError, StackError, SystemRefusal
from demo.fresh_home import clear
from demo.layout import REPOSITORY, Layout
from demo.page import Page
from demo.processes import members
from demo.qa_edits import NOT_EDITABLE, PLURALS, Edit, QaEdits
from demo.rounds import TITLES, Rounds
from demo.signals import Interrupted, interrupt_on_signals
from demo.stack import Stack
from demo.systems import CustomERP, Trello

QA_HOME = REPOSITORY / ".run" / "qa"
CUSTOMERS_SEEDED = 40
_FIRST = (CUSTOMERS, EMPLOYEES, PROJECTS)
_WHO_ACCEPT = 4
_OWN = {"first_name": "ERP", "last_name": "Sync", "work_email": "erp-sync@company.example", "status": "active"}


def qa(home: Path = QA_HOME, port: int | None = None) -> int:
    """Tick the checklist; 0 if every line that can be tried holds."""
    interrupt_on_signals()
    page, layout = Page(), Layout(home.resolve())
    try:
        holds = _play(page, layout, port)
    except (DemoError, StackError, AirflowApiError, SystemRefusal) as error:
        page.heading("The checklist could not be gone through")
        page.say(*str(error).splitlines(), f"Logs: {layout.logs} and {layout.airflow_home / 'logs'}")
        return 1
    except Interrupted as interrupted:
        page.say(f"{interrupted}: everything has been stopped")
        return 128 + interrupted.number
    return 0 if holds and not members(str(layout.home)) else 1


def _play(page: Page, layout: Layout, port: int | None) -> bool:
    page.heading("Two systems and an Airflow are started")
    clear(layout)
    company, mappings = Company.open(layout, CUSTOMERS_SEEDED), unscheduled_mappings(layout)
    overrides = {"CUSTOMERP_TRELLO_MAPPINGS": str(mappings)}
    with Stack(layout.home, connections=company.connections, port=port, overrides=overrides) as stack:
        found = _Checklist(page, stack, company, mappings)
        found.load()
        found.edit("customerp")
        found.edit("trello")
        page.heading("Stopping")
    return found.tell(layout.home)


class _Checklist:
    def __init__(self, page: Page, stack: Stack, company: Company, mappings: Path) -> None:
        self._page, self._company, self._mappings = page, company, mappings
        self._erp = CustomERP(stack.systems["customerp"]["url"])
        self._trello = Trello(stack.systems["trello"]["url"])
        airflow = stack.airflow()
        self._rounds = Rounds(airflow, page)
        self._used = {*company.summary["special"]["broken"].values()}
        self._passed: dict[str, list[Check]] = {pair: [] for pair in PAIRS}
        self._failed: dict[str, list[Check]] = {pair: [] for pair in PAIRS}
        self._checks = {pair: checklist(load_mapping(mappings / f"{pair}.yaml")) for pair in PAIRS}
        airflow.wait_for_dags(PAIRS)

    def load(self) -> None:
        """Let every first run through. The integration is an employee: it may write no profile but its own."""
        self._erp.create("employees", **_OWN)
        self._page.heading("First load")
        for pairs in (_FIRST, (CONTACTS,)):
            held = [run for run in self._rounds.finish(self._rounds.trigger(pairs)) if run.held]
            forms = {run.pair: {"action": "let_through", "plan": run.digest} for run in held}
            self._rounds.finish(self._rounds.trigger(forms, forms))
        self._accept()
        self._run()

    def _accept(self) -> None:
        """Let some of those who were invited join: a role, a move and a farewell in Trello are a member's."""
        for pair, address in ((EMPLOYEES, "work_email"), (CONTACTS, "email")):
            found = self._read()[pair].couples
            invited = [one.customerp for one in found if one.trello["full_name"] is None and one.key not in self._used]
            for person in invited[:_WHO_ACCEPT]:
                name = f"{person['first_name']} {person['last_name']}"
                self._trello.send("POST", "/sandbox/join", json={"email": person[address], "fullName": name})

    def edit(self, side: str) -> None:
        """Edit every property on one side, run, and see what has become of it."""
        self._page.heading(f"Every property edited in {'CustomERP' if side == 'customerp' else 'Trello'}")
        pairs = self._read()
        editor = QaEdits(self._erp, self._trello, pairs, self._company.card, self._used)
        made = list(editor.in_customerp() if side == "customerp" else editor.in_trello())
        self._used |= {one.key for one in made}
        self._run()
        after = self._read()
        for one in made:
            self._see(one, after[one.pair])

    def tell(self, home: Path) -> bool:
        """Write the ticked checklist and say what it says; whether all of it holds."""
        named = {pair: load_mapping(self._mappings / f"{pair}.yaml") for pair in PAIRS}
        apart = {pair: self._apart(pair) for pair in PAIRS}
        self._all_seen(apart)
        file = home / "checklist.rst"
        file.write_text(self._document(named, apart), encoding="utf-8")
        passed, failed = (sum(map(len, one.values())) for one in (self._passed, self._failed))
        self._page.heading("The checklist")
        self._page.say(
            f"{passed} lines hold, {failed} do not, {sum(map(len, apart.values()))} cannot be tried: {file}",
        )
        return not failed

    # -- one line ----------------------------------------------------------------------------------------------

    def _see(self, edit: Edit, after: PairRecords) -> None:
        check = next(one for one in self._checks[edit.pair] if (one.name, one.side) == (edit.property, edit.side))
        couple = next((one for one in after.couples if one.ids[0] == edit.record), None)
        shown = self._shown(edit, after, couple)
        good = _as_promised(edit, check, shown) if edit.wanted is not None else _invited_anew(edit, couple)
        (self._passed if good else self._failed)[edit.pair].append(check)
        if not good:
            self._page.say(
                f"{TITLES[edit.pair]} {edit.key}, {edit.property} edited in {edit.side}: {check.words}? "
                f"Before {edit.before!r}, edited to {edit.wanted!r}; now {shown}"
            )

    def _shown(self, edit: Edit, after: PairRecords, couple: Couple | None) -> dict[str, str | None]:
        prop = next(one for one in after.properties if one.name == edit.property)
        record = self._erp.send("GET", f"/api/v1/{PLURALS[edit.pair]}/{edit.record}")
        seen = None if couple is None else couple.trello[prop.name]
        if couple is None and prop.name == "membership":
            seen = "none"
        return {
            "customerp": prop.in_customerp(record, after.references),
            "trello": None if seen is None else prop.normalised(seen),
        }

    # -- all of them -------------------------------------------------------------------------------------------

    def _apart(self, pair: str) -> dict[Check, str]:
        return {
            one: NOT_EDITABLE[pair, one.name, one.side]
            for one in self._checks[pair]
            if (pair, one.name, one.side) in NOT_EDITABLE
        }

    def _all_seen(self, apart: Mapping[str, Mapping[Check, str]]) -> None:
        for pair, checks in self._checks.items():
            seen = {*self._passed[pair], *self._failed[pair], *apart[pair]}
            if missing := [f"{one.name} in {one.side}" for one in checks if one not in seen]:
                raise DemoError(f"nobody has tried {', '.join(missing)} of {pair}; add an edit to demo/qa_edits.py")

    def _document(self, named: Mapping[str, PairMapping], apart: Mapping[str, Mapping[Check, str]]) -> str:
        return qa_document((named[pair], self._passed[pair], self._failed[pair], apart[pair]) for pair in PAIRS)

    def _run(self) -> None:
        for pairs in (_FIRST, (CONTACTS,)):
            self._no_hold(pairs)

    def _no_hold(self, pairs: Iterable[str]) -> None:
        for run in self._rounds.finish(self._rounds.trigger(pairs)):
            if run.held:
                raise DemoError(f"{run.pair} is held: {run.headline}")

    def _read(self) -> dict[str, PairRecords]:
        """What both systems hold; the check leaves the integration's own account out, the checklist needs it."""
        found = BothSystems(
            self._erp,
            self._trello,
            self._mappings,
            card=self._company.card,
            staff_workspaces=self._company.staff_workspaces,
            special=self._company.summary["special"],
        ).read()
        found[EMPLOYEES].couples.append(self._own(found[EMPLOYEES]))
        return found

    def _own(self, employees: PairRecords) -> Couple:
        record = next(one for one in self._erp.records("employees") if one["work_email"] == _OWN["work_email"])
        member = self._trello.send("GET", "/1/members/me")
        shown = {prop.name: member.get(prop.trello) for prop in employees.properties}
        return Couple(record["employee_number"], record, shown, (record["id"], member["id"]))


def _as_promised(edit: Edit, check: Check, shown: Mapping[str, str | None]) -> bool:
    here, there = shown[edit.side], shown["trello" if edit.side == "customerp" else "customerp"]
    if edit.wanted == edit.before:
        return False  # an edit to what was there before shows nothing
    if check.outcome == "arrives":
        return here == there == edit.wanted
    if check.outcome == "put_back":
        return here == there == edit.before
    return (here, there) == (edit.wanted, edit.before)


def _invited_anew(edit: Edit, couple: Couple | None) -> bool:
    """Trello shows nobody's address: the invitation to the new one is another pending member."""
    return couple is not None and couple.ids[1] != edit.trello_id and couple.trello["full_name"] is None
