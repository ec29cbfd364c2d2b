"""The demo's last check: it finds every planted difference, and says what it leaves out."""

import json
from pathlib import Path

import pytest
from engine import PAIRS as SYNC_ORDER
from engine import Engine

from customerp_trello.state.store import Store
from demo import check
from demo.check_reading import BothSystems
from demo.check_records import CONTACTS, CUSTOMERS, EMPLOYEES, PAIRS, PROJECTS
from demo.check_values import read_properties
from demo.systems import CustomERP, Trello

MAPPINGS = Path(__file__).resolve().parents[2] / "include" / "mappings"
TITLES = {CUSTOMERS: "customers", EMPLOYEES: "employees", CONTACTS: "contacts", PROJECTS: "projects"}


class Company:
    """A seeded company, read as the demo reads it."""

    def __init__(self, box):
        self.erp, self.trello = CustomERP(box.customerp.url), Trello(box.trello.url)
        self.summary = box.summary
        self.card = box.summary["register_card"]["id"]

    def read(self):
        staff = self.summary["staff"]["workspaces"]
        special = self.summary["special"]
        return BothSystems(
            self.erp, self.trello, MAPPINGS, card=self.card, staff_workspaces=staff, special=special
        ).read()

    def check(self):
        return check.compare(self.read(), check.known_from_seed(self.summary["special"]))

    def differences(self):
        return {pair: one.differences for pair, one in self.check().items() if one.differences}


@pytest.fixture
def box(seeded_sandbox):
    return seeded_sandbox(customers=24)


@pytest.fixture
def synced(box, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    erp = {"conn_type": "customerp", "host": box.customerp.url, "password": box.customerp.token}
    named = {
        "staff_workspaces": box.summary["staff"]["short_names"],
        "register_card": box.summary["register_card"]["id"],
    }
    trello = {"conn_type": "trello", "host": box.trello.url, "login": box.trello.key, "password": box.trello.token}
    extra = {"requests_per_10_seconds": 100_000, **named}
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_DEFAULT", json.dumps(erp))
    monkeypatch.setenv("AIRFLOW_CONN_TRELLO_DEFAULT", json.dumps({**trello, "extra": extra}))
    store = Store(f"sqlite:///{tmp_path / 'state.db'}")
    store.upgrade()
    engine = Engine(tmp_path / "runs", store, box.summary, box.customerp.url, box.trello.url)
    for pair in SYNC_ORDER:
        engine.let_through(pair)
    store.close()
    return Company(box)


def test_what_has_never_been_synced_does_not_pass(box):
    checked = Company(box).check()
    assert not check.passed(checked)
    assert any("has no workspace" in text for text in checked[CUSTOMERS].differences)
    assert any("has no comment" in text for text in checked[PROJECTS].differences)
    assert any("is not in a staff workspace" in text for text in checked[EMPLOYEES].differences)


def test_a_synced_company_passes_and_every_planted_difference_is_found(synced):
    checked = synced.check()
    assert check.passed(checked), check.table(checked, TITLES)
    assert all(one.properties > one.records > 0 for one in checked.values())
    assert checked[CUSTOMERS].left_out["ambiguous"] == 3
    assert checked[PROJECTS].left_out["too long for Trello"] == 1
    pairs = synced.read()
    planted = list(plant_everywhere(synced, pairs))
    found = [(pair, " ".join(text.split()[:-1])) for pair, texts in synced.differences().items() for text in texts]
    for pair, beginning in planted:
        assert [one for one in found if one[0] == pair and one[1].startswith(beginning)], (beginning, found)
    assert len(found) == len(planted)
    assert not check.passed(synced.check())
    assert sum(line.startswith("DIFFERENCE") for line in check.table(synced.check(), TITLES)) == len(planted)
    check_known_differences(synced, planted)


def plant_everywhere(company, pairs):
    """One difference of each kind: a text, a name, a code, a comment lost, another there twice, a profile, a role."""
    one, two = (pairs[CUSTOMERS].couples[at] for at in (0, 1))
    company.trello.send("PUT", f"/1/organizations/{one.ids[1]}", json={"desc": "Planted"})
    yield CUSTOMERS, f"{one.key} description:"
    company.erp.edit("customers", two.ids[0], name="Planted")
    yield CUSTOMERS, f"{two.key} name:"
    one, two, three = pairs[PROJECTS].couples[3:6]
    company.erp.edit("projects", one.ids[0], status="cancelled")
    yield PROJECTS, f"{one.key} status:"
    company.trello.send("DELETE", f"/1/actions/{two.ids[1]}")
    yield PROJECTS, f"{two.key} has no"
    company.trello.comment(company.card, company.trello.send("GET", f"/1/actions/{three.ids[1]}")["data"]["text"])
    yield PROJECTS, f"{three.key} has 2"
    (contact,) = [couple for couple in pairs[CONTACTS].couples if couple.trello["username"] == "carlamunoz"]
    company.erp.edit("contacts", contact.ids[0], bio="Planted")
    yield CONTACTS, f"{contact.key} bio:"
    employee = pairs[EMPLOYEES].couples[0]
    company.erp.edit("employees", employee.ids[0], trello_role="normal")
    yield EMPLOYEES, f"{employee.key} role:"


def check_known_differences(company, planted):
    """A difference that is declared is counted with its reason instead."""
    pair, text = planted[0]
    key, name = text.rstrip(":").split(" ")
    known = check.Known(pair, key, name, "agreed")
    checked = check.compare(company.read(), [known, *check.known_from_seed(company.summary["special"])])
    assert len(checked[pair].differences) == 1
    assert checked[pair].left_out["agreed"] == 1
    assert any("agreed" in line for line in check.table(checked, TITLES))


def test_nothing_to_compare_is_no_pass():
    assert not check.passed({})
    assert not check.passed({CUSTOMERS: check.Checked()})


MEMBER = "email full_name initials username bio role membership"


@pytest.mark.parametrize(
    ("pair", "names"),
    [
        (CUSTOMERS, "number name description website"),
        (EMPLOYEES, MEMBER),
        (CONTACTS, f"customer {MEMBER}"),
        (PROJECTS, "number name status start_date end_date manager customer description"),
    ],
)
def test_every_property_of_the_mappings_is_read(pair, names):
    assert [prop.name for prop in read_properties(MAPPINGS / f"{pair}.yaml")] == names.split()


def test_every_pair_is_checked():
    assert sorted(PAIRS) == sorted(file.stem for file in MAPPINGS.glob("*.yaml"))


@pytest.mark.parametrize(
    ("pair", "name", "record", "text"),
    [
        (CUSTOMERS, "website", {"website": "http//broken"}, "https://http//broken"),
        (CUSTOMERS, "number", {"number": "C-1042"}, "c1042"),
        (CUSTOMERS, "description", {"description": None}, ""),
        (CONTACTS, "full_name", {"first_name": " Ana", "last_name": "Muñoz"}, "Ana Muñoz"),
        (CONTACTS, "membership", {"active": False}, "none"),
        (EMPLOYEES, "membership", {"active": True, "status": "inactive"}, "deactivated"),
        (EMPLOYEES, "role", {"active": True, "trello_role": None}, "normal"),
        (PROJECTS, "manager", {"manager_id": 7}, "E-1007"),
        (PROJECTS, "status", {"status": "on_hold"}, "On hold"),
    ],
)
def test_values_are_worked_out_from_the_mapping_file(pair, name, record, text):
    (prop,) = [one for one in read_properties(MAPPINGS / f"{pair}.yaml") if one.name == name]
    references = {"employee": {7: "E-1007"}, "customer": {}}
    assert prop.in_customerp(record, references) == text
