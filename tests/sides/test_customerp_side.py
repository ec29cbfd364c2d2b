import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from customerp_trello.errors import ConfigurationError, RecordError, RecordStale
from customerp_trello.hooks.profile_writing import FieldDelete, TombstoneDelete
from customerp_trello.mapping.frame import GONE, SUSPENDED
from customerp_trello.mapping.load import load_mapping
from customerp_trello.sides.base import Directory, Known, Reading
from customerp_trello.sides.customerp_directory import FEW, Directories
from customerp_trello.sides.open import open_side


@pytest.fixture
def people(erp):
    anna, _ = erp.create_record("employee", {"first_name": "Anna", "last_name": "Berg", "status": "active"})
    boris, _ = erp.create_record("employee", {"first_name": "Boris", "last_name": "Petrov", "status": "active"})
    return anna, boris


@pytest.fixture
def customer(erp):
    made, _ = erp.create_record(
        "customer", {"name": "Contoso", "type": "company", "website": "https://contoso.example"}
    )
    return made


@pytest.fixture
def project(erp, people, customer):
    fields = {
        "name": " Rollout ",
        "status": "on_hold",
        "start_date": "2026-03-01",
        "manager_id": people[0]["id"],
        "customer_id": customer["id"],
        "description": "one\r\ntwo",
    }
    return erp.create_record("project", fields)[0]


@pytest.fixture
def side(mapping, erp):
    return lambda stem="custom_project": open_side(mapping(stem), "customerp")


@pytest.fixture
def changed(tmp_path):
    """A shipped mapping with changes to the ERP's half."""

    def load(stem, **changes):
        file = next((Path(__file__).resolve().parents[2] / "include" / "mappings").glob(f"{stem}*.yaml"))
        content = yaml.safe_load(file.read_text())
        content["customerp"] |= changes
        target = tmp_path / file.name
        target.write_text(yaml.safe_dump(content, sort_keys=False))
        return load_mapping(target)

    return load


def test_a_record_in_canonical_form(side, project, people, customer, read_all, rows):
    one = side()
    snapshot = one.extract(read_all())
    row = rows(snapshot)[str(project["id"])]
    assert snapshot.complete
    assert {name: row[name] for name in ("number", "name", "status", "start_date", "end_date", "description")} == {
        "number": project["number"],
        "name": "Rollout",
        "status": "On hold",
        "start_date": "2026-03-01",
        "end_date": "",
        "description": "one\ntwo",
    }
    assert (row["manager"], row["customer"]) == (people[0]["employee_number"], customer["number"])
    assert json.loads(row["_label"]) == {people[0]["employee_number"]: "Anna Berg", customer["number"]: "Contoso"}
    assert abs(row["_modified_at"] - datetime.now(UTC)) < timedelta(seconds=10)
    assert one.requests_made == 3


def test_codes_and_ids_that_the_erp_fills_up_with_blanks_mean_the_same(
    side, project, people, read_all, rows, monkeypatch
):
    one = side()
    plain = one.hook.list_records

    def filled_up(*arguments, **more):
        for record in plain(*arguments, **more):
            yield {**record, "status": f"{record['status']:10}", "manager_id": f"{record['manager_id']}  "}

    monkeypatch.setattr(one.hook, "list_records", filled_up)
    row = rows(one.extract(read_all()))[str(project["id"])]
    assert (row["status"], row["manager"], row["_problem"]) == ("On hold", people[0]["employee_number"], "")
    assert one.requests_made == 3


def test_many_references_take_a_listing_instead(side, erp, read_all, customer):
    for number in range(FEW + 5):
        person, _ = erp.create_record("employee", {"first_name": f"P{number}", "status": "active"})
        erp.create_record("project", {"name": f"x{number}", "status": "open", "manager_id": person["id"]})
    one = side()
    frame = one.extract(read_all()).frame
    assert frame["manager"].nunique() == FEW + 5
    assert one.requests_made == 2


def test_since_reads_what_changed_and_the_open_work(side, erp, project, customerp_server):
    for number in range(3):
        erp.create_record("project", {"name": f"x{number}", "status": "open"})
    customerp_server.set_clock(3600)
    erp.create_record("project", {"name": "late", "status": "open"})
    now = datetime.now(UTC) + timedelta(seconds=3600)
    known = Known(open_ids=frozenset({str(project["id"])}))
    snapshot = side().extract(Reading(now - timedelta(minutes=10), known))
    assert not snapshot.complete
    assert sorted(snapshot.frame["name"]) == ["Rollout", "late"]


def test_open_work_is_read_though_a_complete_listing_lacks_it(side, project, monkeypatch):
    """A list that was cut short says nothing about records without a link: they must not fall into oblivion."""
    one, mine = side(), str(project["id"])
    monkeypatch.setattr(one.hook, "list_records", lambda *_, **__: iter(()))
    known = Known(open_ids=frozenset({mine, "999"}))
    snapshot = one.extract(Reading(None, known))
    assert (snapshot.complete, snapshot.frame["_id"].tolist(), snapshot.facts["unread"]) == (True, [mine], [])
    monkeypatch.setattr("customerp_trello.sides.customerp.LOOK_UPS", 0)
    snapshot = one.extract(Reading(None, known))
    assert (snapshot.frame["_id"].tolist(), snapshot.facts["unread"]) == ([], sorted([mine, "999"]))


def test_whoever_found_no_place_among_the_look_ups_comes_first_next_time(side, project, monkeypatch):
    one, mine = side(), str(project["id"])
    monkeypatch.setattr(one.hook, "list_records", lambda *_, **__: iter(()))
    monkeypatch.setattr("customerp_trello.sides.customerp.LOOK_UPS", 1)
    known = Known(ids=frozenset({"0", mine}))
    assert mine not in set(one.extract(Reading(None, known)).frame["_id"])
    waits = Known(ids=known.ids, open_ids=frozenset({mine}))
    assert mine in set(one.extract(Reading(None, waits)).frame["_id"])


def test_a_time_before_all_calendars_is_none(side, project, read_all, monkeypatch):
    one = side()
    never = dict.fromkeys(("modified_at", "created_at"), "0001-01-01T00:00:00Z")
    row = next(iter(one.hook.list_records("project"))) | never
    monkeypatch.setattr(one.hook, "list_records", lambda *_, **__: iter((row,)))
    monkeypatch.setattr(type(one.hook), "clock_offset", 60.0)
    assert one.extract(read_all()).frame["_modified_at"].isna().all()


def test_times_are_corrected_by_the_servers_clock(side, erp, customerp_server, read_all, rows):
    customerp_server.set_clock(3600)
    made, _ = erp.create_record("project", {"name": "x", "status": "open"})
    row = rows(side().extract(read_all()))[str(made["id"])]
    assert abs(row["_modified_at"] - datetime.now(UTC)) < timedelta(seconds=10)


def test_inactive_counts_as_the_mapping_says(side, erp, customer, read_all, rows):
    person, _ = erp.create_record(
        "contact", {"last_name": "Wu", "email": "wu@contoso.example", "customer_id": customer["id"]}
    )
    erp.delete_record("customer", str(customer["id"]))
    erp.delete_record("contact", str(person["id"]))
    row = rows(side("custom_customer").extract(read_all()))[str(customer["id"])]
    assert (row["_state"], row["_reason"]) == (GONE, "switched off in CustomERP")
    row = rows(side("custom_contact").extract(read_all()))[str(person["id"])]
    assert (row["_state"], row["membership"], row["_scope"]) == ("live", "none", str(customer["id"]))
    assert row["_hold"] == "is not active, so nobody is invited"


def test_who_cannot_be_invited_is_held(side, erp, customer, read_all, rows):
    held, _ = erp.create_record("contact", {"last_name": "Wu", "customer_id": customer["id"]})
    free, _ = erp.create_record("contact", {"last_name": "Li", "email": "li@x.example", "customer_id": customer["id"]})
    found = rows(side("custom_contact").extract(read_all()))
    assert found[str(free["id"])]["_hold"] == "its customer is not linked"
    found = rows(side("custom_contact").extract(read_all(workspace_customer={"w": str(customer["id"])})))
    assert found[str(held["id"])]["_hold"].startswith("no address")
    assert found[str(free["id"])]["_hold"] == ""


def test_out_of_scope_is_suspended_only_where_linked(changed, erp, read_all, rows):
    ids = [str(erp.create_record("customer", {"name": kind, "type": kind})[0]["id"]) for kind in ("company", "person")]
    one = open_side(changed("custom_customer", filter=[{"field": "type", "in": ["company"]}]), "customerp")
    assert set(rows(one.extract(read_all()))) == {ids[0]}
    found = rows(one.extract(read_all(ids=frozenset(ids))))
    assert (found[ids[0]]["_state"], found[ids[1]]["_state"]) == ("live", SUSPENDED)


def test_a_condition_holds_back_creating(changed, erp, read_all, rows):
    ids = [str(erp.create_record("customer", {"name": kind, "type": kind})[0]["id"]) for kind in ("company", "person")]
    wish = {"mode": "condition", "when": [{"field": "type", "in": ["company"]}]}
    found = rows(open_side(changed("custom_customer", on_unlinked=wish), "customerp").extract(read_all()))
    assert found[ids[0]]["_hold"] == ""
    assert "condition" in found[ids[1]]["_hold"]


def test_gone_needs_another_linked_record_that_reads(side, customer, read_all, rows):
    found = rows(side("custom_customer").extract(read_all(ids=frozenset({"999"}))))
    assert found["999"]["_state"] == SUSPENDED
    found = rows(side("custom_customer").extract(read_all(ids=frozenset({"999", str(customer["id"])}))))
    assert found["999"]["_state"] == GONE
    assert side("custom_customer").read("999") is None


def test_a_code_that_the_mapping_lacks_is_a_problem_of_the_record(changed, erp, read_all, rows, tmp_path, project):
    mapping = changed("custom_project")
    status = mapping.property("status")
    table = status.convert.model_copy(update={"values": status.convert.values[:1]})
    prop = status.model_copy(update={"convert": table})
    properties = tuple(prop if one.name == "status" else one for one in mapping.properties)
    one = open_side(mapping.model_copy(update={"properties": properties}), "customerp")
    row = rows(one.extract(read_all()))[str(project["id"])]
    assert row["status"] is None
    assert "lacks; it has: open" in row["_problem"]


def test_create_with_references_and_marker(side, people, customer):
    values = {
        "name": "New",
        "status": "Open",
        "manager": people[1]["employee_number"],
        "customer": "name:Contoso",
        "end_date": "",
        "number": "ignored: the ERP gives it",
    }
    made = side().create(values, marker="5f" * 12, labels={})
    assert made.values["number"].startswith("P-")
    assert (made.values["manager"], made.values["customer"]) == (people[1]["employee_number"], customer["number"])
    assert made.meta["_version"]
    assert [one.id for one in side().find(values, marker="5f" * 12)] == [made.id]
    assert side().find(values, marker="6f" * 12) == []


def test_a_reference_to_nobody_is_refused(side, project):
    with pytest.raises(RecordError, match="Manager refers to no single record"):
        side().create({"name": "New", "status": "Open", "manager": "E-9999"}, marker="", labels={})
    with pytest.raises(RecordError, match="Manager refers to no single record"):
        side().create({"name": "New", "status": "Open", "manager": "name:Nobody"}, marker="", labels={})


def test_update_sends_only_what_changes_and_only_if_nobody_was_faster(side, erp, project, customerp_server):
    one = side()
    record = one.read(str(project["id"]))
    updated = one.update(record, {"status": "Completed", "end_date": "2026-04-01", "manager": ""}, labels={})
    assert (updated.values["status"], updated.values["manager"]) == ("Completed", "")
    assert updated.meta["_version"] != record.meta["_version"]
    erp.update_record("project", str(project["id"]), {"name": "Other"}, updated.meta["_version"])
    with pytest.raises(RecordStale):
        one.update(updated, {"status": "Open"}, labels={})
    same = one.read(str(project["id"]))
    before = one.requests_made
    assert one.update(same, {"name": "Other"}, labels={}).values["name"] == "Other"
    assert one.requests_made == before


def test_a_refusal_names_the_field(side, project):
    one = side()
    with pytest.raises(RecordError) as refusal:
        one.update(one.read(str(project["id"])), {"end_date": "2025-01-01"}, labels={})
    assert "end_date" in refusal.value.fields


def test_a_full_name_keeps_the_part_that_still_fits(side, erp):
    made, _ = erp.create_record("employee", {"first_name": "Anna Maria", "last_name": "Berg", "status": "active"})
    one = side("customerp_employee")
    updated = one.update(one.read(str(made["id"])), {"full_name": "Anna Maria Holm"}, labels={})
    assert updated.values["full_name"] == "Anna Maria Holm"
    fields, _ = erp.get_record("employee", str(made["id"]))
    assert (fields["first_name"], fields["last_name"]) == ("Anna Maria", "Holm")


def test_deactivate_and_restore(side, erp, customer):
    one = side("custom_customer")
    record = one.read(str(customer["id"]))
    one.deactivate(record)
    assert one.read(record.id).meta["_state"] == GONE
    again = one.restore(record.id, {"name": "Contoso 2"}, labels={})
    assert (again.id, again.values["name"], again.meta["_state"]) == (record.id, "Contoso 2", "live")
    fresh = one.restore("999", {"name": "Anew"}, labels={}, marker="m")
    assert fresh.id not in ("999", record.id)
    assert erp.get_record("customer", fresh.id)[0]["trello_id"] == "m"
    one.delete(fresh)


def test_find_by_key_where_no_marker_is_kept(side, customer, monkeypatch):
    one = side("custom_customer")
    kind = one._kind.model_copy(update={"marker": None})
    one._kind = kind
    assert [found.id for found in one.find({"name": "Contoso"}, marker="m")] == [str(customer["id"])]
    assert one.find({"name": "Nobody"}, marker="m") == []
    assert one.find({"name": "CONTOSO"}, marker="m") == []
    properties = [prop.model_copy(update={"ignore_case": prop.name == "name"}) for prop in one.mapping.properties]
    one.mapping = one.mapping.model_copy(update={"properties": tuple(properties)})
    assert [found.id for found in one.find({"name": "CONTOSO"}, marker="m")] == [str(customer["id"])]


@pytest.fixture
def queries(customerp_server, monkeypatch):
    """The query of each request that the ERP gets."""
    heard = []
    count = customerp_server.service.count
    monkeypatch.setattr(
        customerp_server.service,
        "count",
        lambda incoming, status: (heard.append(incoming.query), count(incoming, status)),
    )
    return heard


def test_a_personal_key_is_never_part_of_a_url(changed, erp, customer, queries):
    """A filter stands in the URL, which proxies and servers log: such records are listed and compared here."""
    mapping = changed("custom_contact")
    email = mapping.property("email").model_copy(update={"direction": "both"})
    others = [prop for prop in mapping.properties if prop.name != "email"]
    key = mapping.link_keys[0].model_copy(update={"properties": ("email",)})
    mapping = mapping.model_copy(update={"properties": (email, *others), "link_keys": (key,)})
    made, _ = erp.create_record(
        "contact", {"last_name": "Berg", "email": "anna@x.example", "customer_id": customer["id"]}
    )
    one = open_side(mapping, "customerp")
    one._kind = one._kind.model_copy(update={"marker": None})
    assert "email" in one._kind.filters
    queries.clear()
    assert [found.id for found in one.find({"email": "anna@x.example"}, marker="m")] == [str(made["id"])]
    assert queries
    assert "anna@x.example" not in str(queries)


def test_a_number_is_looked_up_and_whoever_is_named_in_its_place_is_not_part_of_a_url(erp, people, queries):
    number = people[0]["employee_number"]
    assert Directories(erp).by_text("employee", number).ids == {number: people[0]["id"]}
    assert [query.get("employee_number") for query in queries] == [number]
    for written in ("Anna Berg", "anna@x.example"):
        queries.clear()
        assert number in Directories(erp).by_text("employee", written).ids, "listed, since a name may be meant"
        assert queries
        assert not any(word in str(queries) for word in ("Anna", "anna"))


def test_directory(side, erp, people, customer):
    one = side()
    assert isinstance(one, Directory)
    frame = one.directory("employee")
    assert dict(zip(frame["number"], frame["label"], strict=True)) == {
        people[0]["employee_number"]: "Anna Berg",
        people[1]["employee_number"]: "Boris Petrov",
    }
    made, _ = erp.create_record("contact", {"first_name": "Wu", "last_name": "Li", "customer_id": customer["id"]})
    frame = one.directory("contact")
    assert frame.to_numpy().tolist() == [[str(made["id"]), "", "Wu Li"]], "without a number, but there"
    with pytest.raises(ConfigurationError, match="no entity 'nobody'"):
        one.directory("nobody")


def test_p15_a_reference_that_the_erp_does_not_let_look_up_concerns_its_own_record_alone(
    side, erp, customerp_server, people, project, read_all, rows
):
    other, _ = erp.create_record("project", {"name": "Without a manager", "status": "open"})
    customerp_server.fault(f"GET /api/v1/employees/{people[0]['id']}", "status:400", times=0)
    found = rows(side().extract(read_all()))
    (fault,) = customerp_server.control("GET", "faults")["faults"]
    assert fault["struck"] > 0
    assert found[str(project["id"])]["_problem"].startswith("manager_id refers to a record of 'employee'")
    assert found[str(other["id"])]["_problem"] == ""


@pytest.mark.parametrize("stem", ["custom_contact", "custom_customer"])
def test_p9_a_destroyed_record_in_a_list_of_changes_is_gone_and_says_nothing_else(side, customer, monkeypatch, stem):
    one = side(stem)
    delete = TombstoneDelete(kind="tombstone", field="deleted")
    monkeypatch.setattr(one.hook.profile.__class__, "delete_of", lambda *_: delete)
    monkeypatch.setattr(one.hook, "list_records", lambda *_, **__: iter([{"id": 7, "deleted": True}]))
    known = Known(ids=frozenset({"7"}))
    (row,) = one.extract(Reading(datetime.now(UTC), known)).frame.to_dict("records")
    assert (row["_id"], row["_state"], row["_reason"]) == ("7", GONE, "CustomERP says that the record was destroyed")


def test_p15_what_cannot_be_switched_on_again_is_one_records_trouble(side, erp, customer, monkeypatch):
    one = side("custom_customer")
    delete = FieldDelete(kind="field", fields={"status": "archived"})
    monkeypatch.setattr(one.hook.profile.__class__, "delete_of", lambda *_: delete)
    one._kind = one._kind.model_copy(update={"active": None})
    one._reader._kind = one._kind
    monkeypatch.setattr(one._reader, "is_active", lambda _: False)
    with pytest.raises(RecordError, match="switched on again"):
        one.restore(str(customer["id"]), {"name": "Contoso 2"}, labels={})


def test_an_id_is_written_as_the_erp_types_it(side, monkeypatch):
    one = side("custom_contact")
    kinds = one.hook.profile.entities
    assert one._fields({"customer": "17"}, {"customer_id": 4}) == {"customer_id": "17"}
    monkeypatch.setitem(kinds, "customer", kinds["customer"].model_copy(update={"id_is": "integer"}))
    assert one._fields({"customer": "17"}, {"customer_id": 4}) == {"customer_id": 17}
    assert one._fields({"customer": "none-17"}, {"customer_id": 4}) == {"customer_id": "none-17"}


def test_unknown_entity_and_side(mapping, changed, erp):
    with pytest.raises(ConfigurationError, match="is no side"):
        open_side(mapping("custom_project"), "erp")
    broken = mapping("custom_project")
    half = broken.customerp.model_copy(update={"entity": "invoice"})
    with pytest.raises(ConfigurationError, match="valid: contact, customer, employee, project"):
        open_side(broken.model_copy(update={"customerp": half}), "customerp")
