from dataclasses import replace

import pandas as pd
import pytest

from customerp_trello.errors import ConfigurationError, RecordError, RecordWaits
from customerp_trello.mapping.frame import SUSPENDED
from customerp_trello.sides.base import Known, Reading
from customerp_trello.sides.open import open_side

NEW = {"email": "Wu@new.example", "full_name": "Wu Li", "role": "normal", "membership": "active", "username": "wu"}


REMEMBERED = ["email", "member_id", "workspace_id", "full_name"]


def remembered(*invitations, joined=False):
    """What the state remembers of invitations that were sent."""
    rows = [[getattr(one, name) for name in REMEMBERED] for one in invitations]
    return pd.DataFrame(rows, columns=REMEMBERED).assign(joined=joined)


@pytest.fixture
def staff(trello, trello_server, as_person):
    """Two staff workspaces; Anna is in the first as an admin, Boris in both."""
    first = trello.create_organization(displayName="Staff", name="our_staff")["id"]
    second = trello.create_organization(displayName="Staff 2", name="our_staff_2")["id"]
    trello.invite(first, trello_server.anna.email, "Anna", "admin")
    trello.invite(first, trello_server.boris.email, "Boris")
    trello.invite(second, trello_server.boris.email, "Boris")
    as_person("trello_default", trello_server.token, staff_workspaces=["our_staff", second])
    return first, second


@pytest.fixture
def people_in(trello):
    return lambda workspace: {row["idMember"] for row in trello.memberships(workspace)}


@pytest.fixture
def employees(mapping, staff):
    return lambda **known: open_side(mapping("customerp_employee"), "trello", Known(**known))


def test_employees_are_members_over_all_staff_workspaces(employees, staff, trello_server, read_all, rows):
    side = employees()
    snapshot = side.extract(read_all())
    found = rows(snapshot)
    anna, boris, ours = (found[one.id] for one in (trello_server.anna, trello_server.boris, trello_server.integration))
    assert set(found) == {trello_server.anna.id, trello_server.boris.id, trello_server.integration.id}
    assert (anna["full_name"], anna["role"], anna["membership"]) == ("Anna Berg", "admin", "active")
    assert (boris["role"], boris["email"], boris["username"]) == ("normal", None, "borispetrov")
    assert set(anna["_readonly"].split(",")) == {"full_name", "initials", "username", "bio", "email"}
    assert "owner" in anna["_readonly_reason"]
    assert (ours["email"], ours["_readonly"]) == (trello_server.integration.email, "email,role,membership")
    assert snapshot.facts["capacity"] == {"": 7}
    assert {row["_takes_place"] for row in found.values()} == {""}
    assert side.requests_made == 3
    assert snapshot.facts["identity"]["staff_workspaces"] == ",".join(sorted(staff))


def test_invite_remember_accept(employees, staff, trello_server, read_all, rows):
    made = employees().create(NEW, marker="7", labels={})
    invited = made.meta["_invited"]
    assert [getattr(invited, name) for name in REMEMBERED] == ["Wu@new.example", made.id, staff[0], "Wu Li"]
    assert (made.values["email"], made.values["membership"], made.values["role"]) == (
        "Wu@new.example",
        "active",
        "normal",
    )
    assert made.values["full_name"] is None
    known = {"ids": frozenset({made.id}), "invitations": remembered(invited)}
    row = rows(employees().extract(read_all(**known)))[made.id]
    assert (row["email"], row["full_name"], row["membership"]) == ("Wu@new.example", None, "active")
    assert "email" not in row["_readonly"].split(",")
    assert row["_takes_place"] == "email"  # until the old invitation is withdrawn
    assert [one.id for one in employees(**known).find(NEW, marker="")] == [made.id]
    assert employees().find(NEW, marker="") == []
    again = employees().create(NEW, marker="7", labels={})
    assert again.id == made.id
    trello_server.join("Wu@new.example", fullName="Wu Li", username="wuli")
    row = rows(employees().extract(read_all(**known)))[made.id]
    assert (row["full_name"], row["username"], row["email"]) == ("Wu Li", "wuli", "Wu@new.example")
    assert "email" in row["_readonly"].split(",")


@pytest.mark.parametrize("name", ["Wu Li", "wu LI ", "Another"])
def test_an_invitation_accepted_by_another_account_is_recognised_by_the_name(
    employees, staff, trello_server, read_all, rows, name
):
    made = employees().create(NEW, marker="7", labels={})
    invited = made.meta["_invited"]
    known = {"ids": frozenset({made.id}), "invitations": remembered(invited)}
    assert employees().extract(read_all(**known)).facts["rebound"] == {}
    new = trello_server.join("Wu@new.example", newId=True, fullName=name, username="wuli")["id"]
    snapshot = employees().extract(read_all(**known))
    assert snapshot.facts["rebound"] == ({} if name == "Another" else {made.id: new})
    assert (made.id in rows(snapshot)) == (name == "Another"), "who goes by another id is no record of the old one"
    linked = known | {"ids": frozenset({made.id, new})}
    assert employees().extract(read_all(**linked)).facts["rebound"] == {}
    left = known | {"invitations": remembered(invited, joined=True)}
    assert employees().extract(read_all(**left)).facts["rebound"] == {}


def test_two_newcomers_of_one_name_or_two_invitations_to_it_are_left_to_a_person(
    employees, staff, trello, trello_server, read_all
):
    side = employees()
    invited = [
        side.create(NEW | {"email": f"wu{n}@new.example"}, marker="7", labels={}).meta["_invited"] for n in range(3)
    ]
    ghosts = [one.member_id for one in invited]
    trello_server.join("wu0@new.example", newId=True, fullName="Wu Li", username="wu0")
    known = {"ids": frozenset(ghosts[:1]), "invitations": remembered(*invited[:1])}
    trello_server.join("wu1@new.example", newId=True, fullName="Wu Li", username="wu1")
    assert employees().extract(read_all(**known)).facts["rebound"] == {}, "two newcomers"
    trello.remove_member(staff[0], next(m["idMember"] for m in trello.memberships(staff[0]) if _named(m, "wu1")))
    assert set(employees().extract(read_all(**known)).facts["rebound"]) == {ghosts[0]}
    both = {"ids": frozenset(ghosts[:2]), "invitations": remembered(*invited[:2])}
    assert employees().extract(read_all(**both)).facts["rebound"] == {}, "two who might have come"


def test_a_word_that_is_no_membership_sends_nobody_away(employees, staff, people_in, trello_server, read_all):
    side = employees()
    side.extract(read_all())
    record = side.read(trello_server.anna.id)
    before = [people_in(workspace) for workspace in staff]
    with pytest.raises(RecordError, match="knows no membership 'Aktiv'; valid: active, deactivated, none"):
        side.update(record, {"membership": "Aktiv"}, labels={})
    assert [people_in(workspace) for workspace in staff] == before


def _named(membership, username):
    return membership["member"].get("username") == username


def test_who_has_accepted_is_told_once(employees, staff, trello_server, read_all):
    invited = employees().create(NEW, marker="7", labels={}).meta["_invited"]
    known = {"ids": frozenset({invited.member_id}), "invitations": remembered(invited)}
    assert employees().extract(read_all(**known)).facts["joined"] == []
    trello_server.join("Wu@new.example", fullName="Wu Li", username="wuli")
    assert employees().extract(read_all(**known)).facts["joined"] == [invited.member_id]
    known["invitations"] = remembered(invited, joined=True)
    assert employees().extract(read_all(**known)).facts["joined"] == []


def test_what_an_invitation_did_not_bring_about_is_not_its_answer(employees, staff, trello, trello_server):
    boris, carla = (
        NEW | {"email": one.email, "full_name": one.full_name, "bio": ""}
        for one in (trello_server.boris, trello_server.carla)
    )
    for workspace in staff:
        trello.set_member_type(workspace, trello_server.boris.id, "admin")
    made = employees().create(boris, marker="7", labels={})
    assert (made.id, made.values["role"], made.values["membership"]) == (trello_server.boris.id, None, "active")
    made = employees().create(carla, marker="8", labels={})
    shown = {name: made.values[name] for name in ("full_name", "username", "bio", "role")}
    assert shown == {"full_name": "Carla Muñoz", "username": None, "bio": "", "role": "normal"}


def test_who_cannot_be_invited(employees):
    with pytest.raises(RecordError, match="no address"):
        employees().create(NEW | {"email": ""}, marker="7", labels={})
    with pytest.raises(RecordError, match="only somebody who is active"):
        employees().create(NEW | {"membership": "none"}, marker="7", labels={})


def test_another_address_for_an_open_invitation(employees, staff, trello, trello_server):
    made = employees().create(NEW, marker="7", labels={})
    side = employees(invitations=remembered(made.meta["_invited"]))
    moved = side.move(side.read(made.id), {"email": "wu@other.example", "full_name": "Wu Li"}, labels={})
    assert moved.id != made.id
    assert moved.meta["_invited"].email == "wu@other.example"
    members = {row["idMember"] for row in trello.memberships(staff[0])}
    assert moved.id in members
    assert made.id not in members
    trello_server.join("wu@other.example", fullName="Wu", username="wuwu")
    with pytest.raises(RecordError, match="accepted"):
        side.update(side.read(moved.id), {"email": "x@y.example"}, labels={})


def test_an_invitation_does_not_go_to_an_address_that_is_another_employees(employees, staff, trello, trello_server):
    boris = trello_server.boris
    wu = employees().create(NEW, marker="7", labels={})
    side = employees(ids=frozenset({wu.id, boris.id}), invitations=remembered(wu.meta["_invited"]))
    with pytest.raises(RecordError, match="is this member already"):
        side.move(side.read(wu.id), {"email": boris.email}, labels={})
    assert wu.id in {row["idMember"] for row in trello.memberships(staff[0])}


def test_who_is_dismissed_is_not_invited_to_another_address(employees, staff, trello):
    made = employees().create(NEW, marker="7", labels={})
    side = employees(invitations=remembered(made.meta["_invited"]))
    left = side.update(side.read(made.id), {"email": "wu@other.example", "membership": "none"}, labels={})
    assert (left.id, left.values["membership"], left.values["email"]) == (made.id, "none", None)
    assert made.id not in {row["idMember"] for row in trello.memberships(staff[0])}


def test_leaving_and_coming_back(employees, staff, trello, trello_server, read_all, rows):
    boris = trello_server.boris.id
    trello_server.set_plan(staff[0], paid=True)
    side = employees()
    left = side.update(side.read(boris), {"membership": "deactivated"}, labels={})
    # the second workspace's plan knows no deactivation, so there he is removed
    assert left.values["membership"] == "deactivated"
    assert left.values["full_name"] is None
    assert boris not in {row["idMember"] for row in trello.memberships(staff[1])}
    back = side.update(left, {"membership": "active", "role": "admin"}, labels={})
    assert (back.values["membership"], back.values["role"], back.values["full_name"]) == (
        "active",
        "admin",
        "Борис Петров",
    )
    side.deactivate(back)
    side.delete(side.read(boris))
    row = rows(employees().extract(read_all(ids=frozenset({boris}))))[boris]
    assert (row["_state"], row["membership"], row["role"], row["username"]) == ("live", "none", None, None)
    assert row["_takes_place"] == "membership"
    again = side.update(side.read(boris), {"membership": "active"}, labels={})
    assert (again.id, again.values["membership"]) == (boris, "active")


@pytest.mark.parametrize(("joined", "email", "same"), [(False, "Wu@new.example", True), (True, "wu@b.example", True),
                                                       (False, "wu@b.example", False)])  # fmt: skip
def test_who_comes_back_without_having_joined_is_invited_at_the_address_of_today(
    employees, staff, trello, trello_server, joined, email, same
):
    """Trello knows the old invitation's ghost, and would invite the old address again."""
    made = employees().create(NEW, marker="7", labels={})
    trello.invite(trello.create_organization(displayName="Where the ghost stays")["id"], NEW["email"], "Wu Li")
    side = employees(invitations=remembered(made.meta["_invited"], joined=joined))
    left = side.update(side.read(made.id), {"membership": "none"}, labels={})
    back = side.update(replace(left, values={**left.values, "email": email}), {"membership": "active"}, labels={})
    assert (back.id == made.id, back.values["membership"]) == (same, "active")
    members = {row["idMember"] for row in trello.memberships(staff[0])}
    assert (made.id in members, back.id in members) == (same, True)


def test_a_role_waits_until_somebody_is_back(employees, staff, trello, trello_server, read_all, rows):
    boris, left = trello_server.boris.id, "a" * 24
    trello_server.set_plan(staff[0], paid=True)
    trello.deactivate_member(staff[0], boris, True)
    trello.remove_member(staff[1], boris)
    found = rows(employees().extract(read_all(ids=frozenset({left}))))
    for away in (boris, left):
        assert {"role", "email"} <= set(found[away]["_readonly"].split(","))
        assert "only a member who is active" in found[away]["_readonly_reason"]


def test_the_tokens_own_member_is_left_alone_but_for_the_profile(employees, trello_server):
    side = employees()
    ours = side.read(trello_server.integration.id)
    for values in ({"membership": "none"}, {"role": "normal"}):
        with pytest.raises(RecordError, match="own member"):
            side.update(ours, values, labels={})
    for act in (side.deactivate, side.delete):
        with pytest.raises(RecordError, match="own member"):
            act(ours)
    assert side.update(ours, {"initials": "ES", "bio": "robot"}, labels={}).values["bio"] == "robot"
    with pytest.raises(RecordError, match="owner"):
        side.update(side.read(trello_server.anna.id), {"bio": "x"}, labels={})


def test_a_staff_workspace_has_to_be_named_and_seen(mapping, trello, as_person, trello_server, read_all):
    with pytest.raises(ConfigurationError, match="no workspace of the staff is named"):
        open_side(mapping("customerp_employee"), "trello").extract(read_all())
    as_person("trello_default", trello_server.token, staff_workspaces=["nowhere"])
    with pytest.raises(ConfigurationError, match="'nowhere'"):
        open_side(mapping("customerp_employee"), "trello").extract(read_all())


@pytest.fixture
def customers(trello, trello_server):
    """Two customers' workspaces; Carla is in the first, Boris and Anna in the second."""
    first = trello.create_organization(displayName="Contoso")["id"]
    second = trello.create_organization(displayName="Fabrikam")["id"]
    trello.invite(first, trello_server.carla.email, "Carla")
    trello.invite(second, trello_server.boris.email, "Boris")
    return {first: "11", second: "12"}


@pytest.fixture
def contacts(mapping, customers):
    def open_(**known):
        return open_side(mapping("custom_contact"), "trello", Known(workspace_customer=customers, **known))

    return open_


def test_contacts_are_memberships_of_linked_workspaces(contacts, customers, trello_server, read_all, rows):
    first, second = customers
    side = contacts()
    snapshot = side.extract(read_all(workspace_customer=customers))
    found = rows(snapshot)
    carla = f"{first}:{trello_server.carla.id}"
    assert set(found) == {carla, f"{second}:{trello_server.boris.id}"}
    row = found[carla]
    assert (row["customer"], row["_scope"], row["full_name"], row["email"]) == ("11", "11", "Carla Muñoz", None)
    assert snapshot.facts["capacity"] == {"11": 8, "12": 8}
    assert row["_takes_place"] == "customer"
    assert side.requests_made == 3


def test_staff_win_a_member(contacts, customers, staff, trello_server, read_all, rows):
    _, second = customers
    boris = f"{second}:{trello_server.boris.id}"
    row = rows(contacts().extract(read_all(workspace_customer=customers, ids=frozenset({boris}))))[boris]
    assert (row["_state"], row["membership"]) == (SUSPENDED, "active")
    known = {"workspace_customer": customers, "staff_members": frozenset({trello_server.carla.id})}
    found = rows(contacts().extract(read_all(**known)))
    former = next(row for row in found.values() if row["full_name"] == "Carla Muñoz")
    assert former["_state"] == "live"
    assert former["_hold"].startswith("was one of the staff")


def test_without_staff_workspaces_our_state_knows_the_staff(contacts, customers, trello_server, read_all, rows):
    known = {"workspace_customer": customers, "staff_members": frozenset({trello_server.carla.id})}
    found = rows(contacts().extract(read_all(**known)))
    assert [row["_state"] for id_, row in found.items() if id_.endswith(trello_server.carla.id)] == [SUSPENDED]


def test_who_left_and_what_is_out_of_sight(contacts, customers, trello, as_person, trello_server, read_all, rows):
    first, second = customers
    carla = f"{first}:{trello_server.carla.id}"
    trello.remove_member(first, trello_server.carla.id)
    strange = as_person("trello_boris", trello_server.boris.token).create_organization(displayName="Theirs")["id"]
    unlinked = trello.create_organization(displayName="Unlinked")["id"]
    ids = frozenset({carla, f"{strange}:{'a' * 24}", f"{unlinked}:{'b' * 24}"})
    found = rows(contacts().extract(read_all(workspace_customer=customers | {strange: "13"}, ids=ids)))
    assert (found[carla]["_state"], found[carla]["membership"], found[carla]["customer"]) == ("live", "none", "11")
    assert found[f"{strange}:{'a' * 24}"]["_reason"].startswith("its workspace cannot be read")
    assert found[f"{unlinked}:{'b' * 24}"]["_reason"].startswith("its workspace is not linked")
    del second


def test_invite_and_move_to_another_customer(contacts, customers, trello, trello_server):
    first, second = customers
    made = contacts().create(NEW | {"customer": "11"}, marker="7", labels={})
    assert made.id == f"{first}:{made.meta['_invited'].member_id}"
    assert (made.values["customer"], made.meta["_scope"]) == ("11", "11")
    side = contacts(invitations=remembered(made.meta["_invited"]))
    assert [one.id for one in side.find(NEW | {"customer": "11"}, marker="")] == [made.id]
    moved = side.update(side.read(made.id), {"customer": "12"}, labels={})
    assert moved.id == f"{second}:{made.meta['_invited'].member_id}"
    assert moved.meta["_invited"].workspace_id == second
    assert made.id.split(":")[1] not in {row["idMember"] for row in trello.memberships(first)}
    carla = side.move(side.read(f"{first}:{trello_server.carla.id}"), {"customer": "12"}, labels={})
    assert carla.id == f"{second}:{trello_server.carla.id}"
    assert "_invited" not in carla.meta
    with pytest.raises(RecordWaits, match="no linked workspace"):
        side.move(carla, {"customer": "99"}, labels={})
    with pytest.raises(RecordWaits, match="no linked workspace"):
        side.create(NEW | {"customer": "99"}, marker="7", labels={})


def test_nobody_is_let_in_by_an_invitation_for_another_record(contacts, customers, trello, trello_server, people_in):
    """Two contacts of one address: the second one's invitation would bring back whoever the first one is."""
    first, second = customers
    made = contacts().create(NEW | {"customer": "11"}, marker="7", labels={})
    ghost = made.id.split(":")[1]
    carla = f"{first}:{trello_server.carla.id}"
    trello.remove_member(first, trello_server.carla.id)
    known = {
        "invitations": remembered(made.meta["_invited"]),
        "addresses": {trello_server.carla.email: {carla}, "wu@new.example": {made.id}},
    }
    side, there = contacts(**known), people_in(first)
    with pytest.raises(RecordError, match="another record of CustomERP is this member already"):
        side.update(side.read(made.id), {"email": trello_server.carla.email.upper()}, labels={})
    with pytest.raises(RecordError, match="another record of CustomERP is this member already"):
        side.create(NEW | {"customer": "11", "email": trello_server.carla.email}, marker="9", labels={})
    assert people_in(first) == there == {ghost, trello_server.integration.id}
    elsewhere = side.create(NEW | {"customer": "12", "email": trello_server.carla.email}, marker="9", labels={})
    assert elsewhere.id == f"{second}:{trello_server.carla.id}"
    trello.remove_member(first, ghost)
    back = side.update(side.read(made.id), {"membership": "active"}, labels={})
    assert back.values["membership"] == "active", "its own address is no reason to keep it out"


def test_an_employees_address_is_another_employees(employees, staff, trello_server, people_in):
    side = employees(addresses={trello_server.carla.email: {trello_server.carla.id}})
    with pytest.raises(RecordError, match="another record of CustomERP is this member already"):
        side.create(NEW | {"email": trello_server.carla.email}, marker="9", labels={})
    assert trello_server.carla.id not in people_in(staff[0])
    side = employees(addresses={trello_server.carla.email: set()})
    assert side.create(NEW | {"email": trello_server.carla.email}, marker="9", labels={}).id == trello_server.carla.id


@pytest.mark.parametrize("values", [{"customer": "12"}, {"customer": "12", "role": "normal"}])
@pytest.mark.parametrize(("here", "there"), [("admin", "normal"), ("normal", "admin"), ("admin", "admin")])
def test_a_move_keeps_the_role_also_where_somebody_has_invited_the_person_already(
    contacts, customers, trello, here, there, values
):
    _, second = customers
    made = contacts().create(NEW | {"customer": "11", "role": here}, marker="7", labels={})
    trello.invite(second, NEW["email"], "Wu Li", there)
    side = contacts(invitations=remembered(made.meta["_invited"]))
    moved = side.update(side.read(made.id), values, labels={})
    assert (moved.id, moved.values["role"]) == (f"{second}:{made.id.split(':')[1]}", values.get("role", "admin"))


@pytest.mark.parametrize("values", [{"customer": "12"}, {"customer": "12", "role": "normal"}])
def test_a_member_who_moves_is_made_no_less_there_than_somebody_has_made_them(
    contacts, customers, trello, trello_server, values
):
    first, second = customers
    carla = trello_server.carla
    trello.invite(second, carla.email, carla.full_name, "admin")
    side = contacts()
    moved = side.update(side.read(f"{first}:{carla.id}"), values, labels={})
    assert (moved.id, moved.values["role"]) == (f"{second}:{carla.id}", values.get("role", "admin"))


def test_another_address_keeps_the_role_of_an_employee(employees, staff, trello):
    made = employees().create(NEW | {"role": "admin"}, marker="7", labels={})
    trello.invite(staff[0], "wu@other.example", "Wu Li")
    side = employees(invitations=remembered(made.meta["_invited"]))
    moved = side.update(side.read(made.id), {"email": "wu@other.example"}, labels={})
    assert (moved.values["role"], moved.id != made.id) == ("admin", True)


def test_an_open_invitation_is_not_read_again(contacts, customers, trello_server):
    """Who is in, and the invitation: its own answer shows all that there is of somebody who has not accepted."""
    side = contacts()
    side.extract(Reading(since=None, known=side.known))
    before = side.requests_made
    made = side.create(NEW | {"customer": "11"}, marker="7", labels={})
    assert side.requests_made == before + 2
    again = contacts(invitations=remembered(made.meta["_invited"])).read(made.id)
    assert (made.id, made.values) == (again.id, again.values)
    assert {name: value for name, value in made.meta.items() if name != "_invited"} == again.meta
    before = side.requests_made
    anna = side.create(
        NEW | {"customer": "11", "email": trello_server.anna.email, "full_name": "Anna Berg"}, marker="8", labels={}
    )
    assert side.requests_made == before + 3  # an account has a profile, which the answer does not show in full
    assert anna.values["username"] is None
    assert side.read(anna.id).values["username"] == "annaberg"


def test_of_one_staff_workspace_an_open_invitation_is_not_read_again(employees, staff, as_person, trello_server):
    side = employees()
    side.extract(Reading(since=None, known=side.known))
    before = side.requests_made
    side.create(NEW, marker="7", labels={})
    assert side.requests_made == before + 3  # both workspaces are read, in one batch
    as_person("trello_default", trello_server.token, staff_workspaces=staff[:1])
    side = employees()
    side.extract(Reading(since=None, known=side.known))
    before = side.requests_made
    made = side.create(NEW | {"email": "zoe@new.example", "full_name": "Zoe"}, marker="8", labels={})
    assert side.requests_made == before + 2
    again = employees(invitations=remembered(made.meta["_invited"])).read(made.id)
    assert made.values == again.values


def test_another_address_and_leaving(contacts, customers, trello):
    first, _ = customers
    made = contacts().create(NEW | {"customer": "11"}, marker="7", labels={})
    side = contacts(invitations=remembered(made.meta["_invited"]))
    moved = side.move(side.read(made.id), {"email": "wu@other.example"}, labels={})
    assert moved.id != made.id
    assert moved.values["email"] == "wu@other.example"
    ended = side.update(moved, {"membership": "none"}, labels={})
    assert ended.values["membership"] == "none"
    assert len(trello.memberships(first)) == 2
    side.delete(ended)


def test_another_customer_invites_nobody_who_is_out_or_shall_be(contacts, customers, trello, trello_server):
    first, second = customers
    trello_server.set_plan(first, paid=True)
    side, carla = contacts(), trello_server.carla.id
    trello.deactivate_member(first, carla, True)
    moved = side.update(side.read(f"{first}:{carla}"), {"customer": "12"}, labels={})
    assert (moved.id, moved.values["customer"], moved.values["membership"]) == (f"{second}:{carla}", "12", "none")
    moved = side.update(moved, {"customer": "11"}, labels={})
    back = side.update(moved, {"membership": "active"}, labels={})
    assert (back.id, back.values["membership"]) == (f"{first}:{carla}", "active")
    left = side.update(back, {"customer": "12", "membership": "none"}, labels={})
    assert (left.id, left.values["membership"]) == (f"{second}:{carla}", "none")
    assert carla not in {row["idMember"] for id_ in customers for row in trello.memberships(id_)}


def test_nobody_goes_where_another_contact_is_that_member(contacts, customers, trello, trello_server):
    """Two contacts would be one membership: the one who comes would have none, and have left where they were."""
    first, second = customers
    carla = trello_server.carla.id
    trello.invite(second, trello_server.carla.email, "Carla")
    members = {id_: len(trello.memberships(id_)) for id_ in customers}
    side = contacts(ids=frozenset({f"{first}:{carla}", f"{second}:{carla}"}))
    with pytest.raises(RecordError, match="is this member already"):
        side.update(side.read(f"{first}:{carla}"), {"customer": "12"}, labels={})
    with pytest.raises(RecordError, match="is this member already"):
        side.update(side.read(f"{first}:{carla}"), {"customer": "12", "membership": "none"}, labels={})
    wu = side.create(NEW | {"customer": "11"}, marker="7", labels={})
    with pytest.raises(RecordError, match="is this member already"):
        side.move(side.read(wu.id), {"email": trello_server.carla.email, "customer": "12"}, labels={})
    assert {id_: len(trello.memberships(id_)) for id_ in customers} == members | {first: members[first] + 1}


def test_nobody_goes_where_this_run_has_just_linked_another_contact(contacts, customers, trello, trello_server):
    first, second = customers
    carla = trello_server.carla
    side = contacts(ids=frozenset({f"{first}:{carla.id}"}))
    here = side.create(NEW | {"customer": "12", "email": carla.email}, marker="7", labels={})
    assert here.id == f"{second}:{carla.id}"
    with pytest.raises(RecordError, match="is this member already"):
        side.update(side.read(f"{first}:{carla.id}"), {"customer": "12"}, labels={})
    assert carla.id in {row["idMember"] for row in trello.memberships(first)}


def test_moved_by_hand_is_told(contacts, customers, trello, trello_server, read_all):
    first, second = customers
    carla = f"{first}:{trello_server.carla.id}"
    trello.remove_member(first, trello_server.carla.id)
    trello.invite(second, trello_server.carla.email, "Carla")
    snapshot = contacts().extract(read_all(workspace_customer=customers, ids=frozenset({carla})))
    assert snapshot.facts["moved"] == {carla: f"{second}:{trello_server.carla.id}"}
    assert carla not in set(snapshot.frame["_id"])


def test_a_contacts_invitation_accepted_by_another_account_is_recognised_in_its_workspace(
    contacts, customers, trello_server, read_all
):
    first, second = customers
    made = contacts().create(NEW | {"customer": "11"}, marker="7", labels={})
    invited = made.meta["_invited"]
    new = trello_server.join("Wu@new.example", newId=True, fullName="Wu Li", username="wuli")["id"]
    known = {"ids": frozenset({made.id}), "invitations": remembered(invited), "workspace_customer": customers}
    snapshot = contacts().extract(read_all(**known))
    assert made.id not in set(snapshot.frame["_id"])
    facts = snapshot.facts
    assert (facts["rebound"], facts["moved"], facts["joined"]) == ({made.id: f"{first}:{new}"}, {}, [])
    staff = known | {"staff_members": frozenset({new})}
    assert contacts().extract(read_all(**staff)).facts["rebound"] == {}
    elsewhere = known | {"ids": frozenset({f"{second}:{invited.member_id}"})}
    assert contacts().extract(read_all(**elsewhere)).facts["rebound"] == {}


def test_which_of_two_contacts_has_moved_nobody_can_say_if_both_are_one_member(
    contacts, customers, trello, trello_server, read_all
):
    first, second = customers
    third, carla = trello.create_organization(displayName="Third")["id"], trello_server.carla
    for workspace in (second, third):
        trello.invite(workspace, carla.email, "Carla")
    for workspace in (first, second):
        trello.remove_member(workspace, carla.id)
    linked, spaces = frozenset({f"{first}:{carla.id}", f"{second}:{carla.id}"}), {**customers, third: "13"}
    assert contacts().extract(read_all(workspace_customer=spaces, ids=linked)).facts["moved"] == {}
    alone = frozenset({f"{first}:{carla.id}"})
    moved = contacts().extract(read_all(workspace_customer=spaces, ids=alone)).facts["moved"]
    assert moved == {f"{first}:{carla.id}": f"{third}:{carla.id}"}


def test_the_tokens_member_is_nobodys_contact(contacts, customers, trello_server):
    first, _ = customers
    side = contacts()
    ours = side.read(f"{first}:{trello_server.integration.id}")
    for values in ({"membership": "none"}, {"role": "normal"}, {"customer": "12"}):
        with pytest.raises(RecordError, match="own member"):
            side.update(ours, values, labels={})
