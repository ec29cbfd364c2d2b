from datetime import UTC, datetime, timedelta

import pytest

from customerp_trello.errors import ConfigurationError, RecordError
from customerp_trello.mapping.frame import SUSPENDED
from customerp_trello.sides.base import ChangeTimes
from customerp_trello.sides.open import open_side

CUSTOMER = {"number": "c1042", "name": "Contoso", "description": "One\ntwo", "website": "https://contoso.example"}


@pytest.fixture
def side(mapping, trello):
    return lambda: open_side(mapping("custom_customer"), "trello")


def test_create_and_read_back(side, read_all, rows):
    made = side().create(CUSTOMER, marker="7", labels={})
    assert made.values == CUSTOMER
    one = side()
    snapshot = one.extract(read_all())
    assert snapshot.complete
    assert snapshot.facts["capacity"] == {"": 849}
    row = rows(snapshot)[made.id]
    assert {name: row[name] for name in CUSTOMER} == CUSTOMER
    assert (row["_state"], row["_scope"], row["_modified_at"]) == ("live", "", None)
    assert one.requests_made == 2


def test_a_taken_short_name_comes_back_as_another(side):
    side().create(CUSTOMER, marker="7", labels={})
    other = side().create(CUSTOMER | {"name": "Contoso B", "website": ""}, marker="8", labels={})
    assert other.values["number"] not in ("c1042", "", None)
    assert other.values["website"] == ""
    (found,) = side().find(CUSTOMER | {"name": "Contoso B", "website": ""}, marker="8")
    assert (found.id, found.values) == (other.id, other.values)
    assert side().find({"number": "c1042"}, marker="8") == []


def test_update_empties_and_leaves_the_short_name(side):
    one = side()
    made = one.create(CUSTOMER, marker="7", labels={})
    updated = one.update(one.read(made.id), {"website": "", "name": "Contoso Ltd", "number": "x123"}, labels={})
    assert updated.values == CUSTOMER | {"website": "", "name": "Contoso Ltd"}
    assert "_overwritten" not in updated.meta
    with pytest.raises(RecordError, match="display name"):
        one.create({"number": "c9"}, marker="9", labels={})


def test_an_edit_within_the_one_request_is_told(side, trello):
    one = side()
    record = one.create(CUSTOMER, marker="7", labels={})
    trello.update_organization(record.id, displayName="Somebody was faster", desc="too")
    answer = one.update(record, {"name": "Ours"}, labels={})
    assert answer.values["name"] == "Ours"
    assert answer.meta["_overwritten"] == {"name": "Somebody was faster"}


def test_an_action_from_before_the_clock_was_set_back_is_not_taken_for_our_write(side, trello, trello_server):
    one = side()
    trello_server.set_clock(7200)
    record = one.create(CUSTOMER, marker="7", labels={})
    trello.update_organization(record.id, displayName="Renamed while the clock was ahead")
    trello_server.set_clock(0)
    answer = one.update(one.read(record.id), {"name": "Ours"}, labels={})
    assert answer.values["name"] == "Ours"
    assert "_overwritten" not in answer.meta


def test_out_of_sight_is_suspended_never_gone(side, trello, as_person, trello_server, read_all, rows):
    boris = as_person("trello_boris", trello_server.boris.token)
    theirs = boris.create_organization(displayName="Theirs")
    gone = side().create(CUSTOMER, marker="7", labels={})
    side().delete(gone)
    side().delete(gone)
    found = rows(side().extract(read_all(ids=frozenset({theirs["id"], gone.id}))))
    assert {row["_state"] for row in found.values()} == {SUSPENDED}
    assert found[gone.id]["name"] is None
    assert side().read(gone.id).meta["_state"] == SUSPENDED
    with pytest.raises(ConfigurationError, match="valid: delete, unlink"):
        side().deactivate(gone)
    assert side().restore(gone.id, CUSTOMER, labels={}).id != gone.id


def test_staff_and_register_workspaces_are_no_customers(mapping, trello, as_person, trello_server, read_all, rows):
    staff = trello.create_organization(displayName="Staff", name="our_staff")
    home = trello.create_organization(displayName="Register", name="our_register")
    customer = trello.create_organization(displayName="Contoso", name="c1042")
    board = trello.request("POST", "/1/boards", body={"name": "B", "idOrganization": home["id"]}).json()
    list_ = trello.request("POST", "/1/lists", body={"name": "L", "idBoard": board["id"]}).json()
    card = trello.request("POST", "/1/cards", body={"name": "C", "idList": list_["id"]}).json()
    extra = {"staff_workspaces": ["our_staff"], "register_card": card["shortLink"]}
    as_person("trello_default", trello_server.token, **extra)
    found = rows(open_side(mapping("custom_customer"), "trello").extract(read_all(ids=frozenset({staff["id"]}))))
    assert set(found) == {customer["id"], staff["id"]}
    assert found[staff["id"]]["_reason"] == "a staff workspace"
    as_person("trello_default", trello_server.token, staff_workspaces=["our_stuff"])
    with pytest.raises(ConfigurationError, match="in no workspace 'our_stuff'"):
        open_side(mapping("custom_customer"), "trello").extract(read_all())
    as_person("trello_default", trello_server.token, register_card="f" * 24)
    with pytest.raises(ConfigurationError, match="register_card"):
        open_side(mapping("custom_customer"), "trello").extract(read_all())


def test_change_times_come_from_the_actions(side, trello):
    one = side()
    made = one.create(CUSTOMER, marker="7", labels={})
    assert isinstance(one, ChangeTimes)
    assert one.change_times([made.id]) == {}
    trello.update_organization(made.id, desc="x")
    times = one.change_times([made.id, "f" * 24])
    assert set(times) == {made.id}
    assert set(times[made.id]) == {"description"}
    assert abs(times[made.id]["description"] - datetime.now(UTC)) < timedelta(seconds=10)
