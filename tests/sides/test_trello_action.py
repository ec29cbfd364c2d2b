import json

import pytest

from customerp_trello.errors import ConfigurationError, RecordError
from customerp_trello.mapping.frame import GONE, SUSPENDED
from customerp_trello.mapping.model import Condition
from customerp_trello.sides.base import NOT_TAKEN, Known
from customerp_trello.sides.open import open_side

PROJECT = {
    "number": "P-1007",
    "name": "Rollout *South*",
    "status": "Open",
    "start_date": "2026-03-01",
    "end_date": "",
    "manager": "E-1042",
    "customer": "C-7",
    "description": "First.\n\nStatus: not a property",
}
LABELS = {"E-1042": "Anna Berg", "C-7": "Contoso"}


@pytest.fixture
def card(trello, trello_server):
    organization = trello.create_organization(displayName="Register", name="register")
    board = trello.request("POST", "/1/boards", body={"name": "Projects", "idOrganization": organization["id"]}).json()
    list_ = trello.request("POST", "/1/lists", body={"name": "All", "idBoard": board["id"]}).json()
    made = trello.request("POST", "/1/cards", body={"name": "Register", "idList": list_["id"]}).json()
    for person in (trello_server.anna, trello_server.boris):
        trello.invite(organization["id"], person.email, person.full_name)
    return made


@pytest.fixture
def anna(as_person, trello_server):
    return as_person("trello_anna", trello_server.anna.token)


@pytest.fixture
def projects(mapping, card, as_person, trello_server):
    def open_(**known):
        as_person("trello_default", trello_server.token, register_card=card["url"])
        return open_side(mapping("custom_project"), "trello", Known(**known))

    return open_


def test_created_read_back_and_nothing_to_write_again(projects, read_all, rows):
    made = projects().create(PROJECT, marker="17", labels=LABELS, source="")
    assert made.values == PROJECT
    snapshot = projects().extract(read_all(ids=frozenset({made.id})))
    assert snapshot.complete
    row = rows(snapshot)[made.id]
    assert {name: row[name] for name in PROJECT} == PROJECT
    assert (row["_touch"], row["_problem"], row["_state"]) == ("", "", "live")
    side = projects()
    before = side.hook.comments(side._card["id"])
    assert side.update(side.read(made.id), {"status": "Open"}, labels={}).values == PROJECT
    assert side.hook.comments(side._card["id"]) == before


def test_update_keeps_what_it_does_not_change(projects):
    made = projects().create(PROJECT, marker="17", labels=LABELS)
    side = projects()
    updated = side.update(side.read(made.id), {"status": "Completed", "end_date": "2026-04-01"}, labels={})
    assert updated.id == made.id
    assert updated.values == PROJECT | {"status": "Completed", "end_date": "2026-04-01"}
    text = side.hook.get_action(made.id)["data"]["text"]
    assert "Manager: Anna Berg (E-1042)" in text
    assert text.endswith("_(CustomERP sync · project 17)_")


def test_amendments_overlay_until_they_are_included(projects, anna, card, read_all, rows):
    made = projects().create(PROJECT, marker="17", labels=LABELS)
    first = anna.post_comment(card["id"], "P-1007\nStatus: Completed\nManager: Boris Petrov")
    anna.post_comment(card["id"], "looks good to me")
    side = projects()
    row = rows(side.extract(read_all(ids=frozenset({made.id}))))[made.id]
    assert (row["status"], row["manager"]) == ("Completed", "name:Boris Petrov")
    assert row["_touch"].startswith(f"amendment:{first['id']}@")
    assert set(side.change_times([made.id])[made.id]) == {"status", "manager"}

    # written after the plan was made: not taken as included
    second = anna.post_comment(card["id"], "P-1007\nEnd date: 2026-05-01")
    side = projects()
    answer = side.update(side.read(made.id), {"manager": "E-1050"}, labels={"E-1050": "Boris"}, touch=row["_touch"])
    assert answer.values == PROJECT | {"status": "Completed", "manager": "E-1050"}
    row = rows(projects().extract(read_all(ids=frozenset({made.id}))))[made.id]
    assert (row["status"], row["manager"], row["end_date"]) == ("Completed", "E-1050", "2026-05-01")
    assert row["_touch"].startswith(f"amendment:{second['id']}@")
    side = projects()
    side.update(side.read(made.id), {}, labels={}, touch=row["_touch"])
    row = rows(projects().extract(read_all(ids=frozenset({made.id}))))[made.id]
    assert (row["end_date"], row["_touch"]) == ("2026-05-01", "")

    # an edited amendment is a new one, deleting an included one changes nothing
    anna.delete_comment(second["id"])
    anna.update_comment(first["id"], "P-1007\nStatus: On hold")
    row = rows(projects().extract(read_all(ids=frozenset({made.id}))))[made.id]
    assert (row["status"], row["end_date"]) == ("On hold", "2026-05-01")
    assert row["_touch"].startswith(f"amendment:{first['id']}@")


def test_a_refused_amendment_blocks_nothing(projects, anna, card, read_all, rows):
    made = projects().create(PROJECT, marker="17", labels=LABELS)
    bad = anna.post_comment(card["id"], "P-1007\nStatus: Finished\nEnd date: 2026-02-30\nName: Rollout")
    snapshot = projects().extract(read_all(ids=frozenset({made.id})))
    row = rows(snapshot)[made.id]
    assert (row["status"], row["end_date"], row["name"], row["_problem"]) == ("Open", "", "Rollout", "")
    assert "line 2" in row["_reason"]
    assert "Open, On hold" in row["_reason"]
    assert [note["comment"] for note in snapshot.facts["notes"]] == [bad["id"], bad["id"]]


def test_a_project_born_as_a_comment(projects, anna, card, read_all, rows):
    born = anna.post_comment(card["id"], "New project: Rollout\nStatus: on hold\nStart date: 1.3.2026")
    row = rows(projects().extract(read_all()))[born["id"]]
    assert row["number"] is None
    assert (row["name"], row["status"], row["start_date"]) == ("Rollout", "On hold", "2026-03-01")
    assert rows(projects().extract(read_all(consumed_sources=frozenset({born["id"]})))) == {}
    made = projects().create(PROJECT, marker="17", labels=LABELS, source=born["id"])
    assert set(rows(projects().extract(read_all(ids=frozenset({made.id}))))) == {made.id}


def test_a_born_project_with_a_bad_value_says_where(projects, anna, card, read_all, rows):
    born = anna.post_comment(card["id"], "# Rollout\nStatus: nearly done")
    assert rows(projects().extract(read_all()))[born["id"]]["_problem"].startswith("line 2: Status: is none of: Open")


def test_a_comment_that_does_not_parse_is_never_overwritten(projects, card, read_all, rows):
    side = projects()
    made = side.create(PROJECT, marker="17", labels=LABELS)
    text = side.hook.get_action(made.id)["data"]["text"]
    side.hook.update_comment(made.id, text.replace("Status: Open", "Staus: Open"))
    row = rows(projects().extract(read_all(ids=frozenset({made.id}))))[made.id]
    assert "line 3: 'Staus' is no label; did you mean 'Status'?" in row["_problem"]
    side = projects()
    with pytest.raises(RecordError, match="not overwritten"):
        side.update(side.read(made.id), {"status": "Completed"}, labels={})
    side.hook.update_comment(made.id, "somebody emptied it")
    row = rows(projects().extract(read_all(ids=frozenset({made.id}))))[made.id]
    assert "last line is missing" in row["_problem"]


def test_a_deleted_comment_is_gone_and_posted_again(projects, card, read_all, rows):
    side = projects()
    made = side.create(PROJECT, marker="17", labels=LABELS)
    side.hook.delete_comment(made.id)
    row = rows(projects().extract(read_all(ids=frozenset({made.id}))))[made.id]
    assert (row["_state"], row["status"]) == (GONE, None)
    assert projects().read(made.id) is None
    projects().delete(made)
    again = projects().restore(made.id, PROJECT, labels=LABELS, marker="17")
    assert again.id != made.id
    assert [found.id for found in projects().find(PROJECT, marker="17")] == [again.id]
    assert [found.id for found in projects().find({"number": "p-1007"}, marker="")] == [again.id]
    assert projects().find({"number": "P-1"}, marker="18") == []


def test_a_comment_on_another_card_is_out_of_sight(projects, trello, card, read_all, rows):
    other = trello.request("POST", "/1/cards", body={"name": "Other", "idList": card["idList"]}).json()
    strayed = trello.post_comment(other["id"], "**P-1 · x**\n_(CustomERP sync · project 1)_")
    row = rows(projects().extract(read_all(ids=frozenset({strayed["id"]}))))[strayed["id"]]
    assert row["_state"] == SUSPENDED


def test_a_moved_token_posts_its_own_comment(projects, anna, card, read_all, rows):
    theirs = anna.post_comment(
        card["id"],
        "**P-1007 · Rollout**\n\nStatus: Open\nManager: Anna Berg (E-1042)\n\n_(CustomERP sync · project 17)_",
    )
    known = {"ids": frozenset({theirs["id"]})}
    row = rows(projects().extract(read_all(**known)))[theirs["id"]]
    assert (row["_touch"], row["status"]) == ("author", "Open")
    later = anna.post_comment(card["id"], "P-1007\nStatus: On hold")
    side = projects(**known)
    ours = side.update(side.read(theirs["id"]), {"name": "New"}, labels={}, touch="author")
    assert ours.id != theirs["id"]
    assert ours.values["name"] == "New"
    snapshot = projects().extract(read_all(ids=frozenset({ours.id})))
    row = rows(snapshot)[ours.id]
    assert set(rows(snapshot)) == {ours.id}
    assert (row["manager"], row["status"]) == ("E-1042", "On hold")
    assert row["_touch"].startswith(f"amendment:{later['id']}@")


def test_p10_a_comment_posted_in_place_of_anothers_is_found_while_that_one_is_still_linked(projects, anna, card):
    theirs = anna.post_comment(card["id"], "**P-1007 · Rollout**\n\nStatus: Open\n\n_(CustomERP sync · project 17)_")
    known = {"ids": frozenset({theirs["id"]})}
    assert projects(**known).find({}, marker="17") == []
    side = projects(**known)
    ours = side.update(side.read(theirs["id"]), {}, labels={}, touch="author")
    copy = anna.post_comment(card["id"], side.hook.get_action(ours.id)["data"]["text"])
    side = projects(**known)
    assert [one.id for one in side.find({}, marker="17")] == [ours.id]
    assert copy["id"] != ours.id
    # once it is linked, what it replaced is history
    assert [one.id for one in projects(ids=frozenset({ours.id})).find({}, marker="17")] == [ours.id]


def test_an_edited_copy_by_a_person_is_an_amendment(projects, anna, card, read_all, rows):
    side = projects()
    made = side.create(PROJECT, marker="17", labels=LABELS)
    text = side.hook.get_action(made.id)["data"]["text"]
    copy = anna.post_comment(card["id"], text.replace("Status: Open", "Status: Completed").replace("South", "North"))
    row = rows(projects().extract(read_all(ids=frozenset({made.id}))))
    assert set(row) == {made.id}
    assert (row[made.id]["status"], row[made.id]["name"]) == ("Completed", "Rollout *North*")
    assert row[made.id]["_touch"].startswith(f"amendment:{copy['id']}@")


def test_too_long_a_description_is_left_out(projects, read_all, rows):
    made = projects().create(PROJECT | {"description": "x" * 16_384}, marker="17", labels=LABELS)
    assert made.values["description"] == ""
    assert made.meta[NOT_TAKEN] == {"description": ""}
    assert rows(projects().extract(read_all(ids=frozenset({made.id}))))[made.id]["description"] is None
    side = projects()
    renamed = side.update(side.read(made.id), {"name": "Another"}, labels={})
    assert "description left out" in side.hook.get_action(made.id)["data"]["text"]
    shorter = side.update(renamed, {"description": "short"}, labels={})
    assert (shorter.values["description"], shorter.meta.get(NOT_TAKEN)) == ("short", None)


def test_an_unreadable_or_archived_card_stops_the_run(
    mapping, projects, as_person, trello, trello_server, card, read_all
):
    trello.request("PUT", f"/1/cards/{card['id']}", body={"closed": True})
    with pytest.raises(ConfigurationError, match="archived"):
        projects().extract(read_all())
    as_person("trello_default", trello_server.token, register_card="0" * 24)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_side(mapping("custom_project"), "trello").extract(read_all())
    as_person("trello_default", trello_server.token)
    with pytest.raises(ConfigurationError, match="no card is named"):
        open_side(mapping("custom_project"), "trello").extract(read_all())


def test_identity_names_the_card(projects, card, trello_server):
    identity = projects().identity()
    assert (identity["card"], identity["member"]) == (card["id"], trello_server.integration.id)
    assert "token" not in json.dumps(identity)


def test_requests_of_a_listing(projects, read_all):
    projects().create(PROJECT, marker="17", labels=LABELS)
    side = projects()
    side.extract(read_all())
    assert side.requests_made <= 4


def test_filter_and_condition_of_the_mapping(mapping, projects, card, read_all, rows):
    first = projects().create(PROJECT, marker="17", labels=LABELS)
    second = projects().create(PROJECT | {"number": "P-1008", "status": "Cancelled"}, marker="18", labels=LABELS)
    one = mapping("custom_project")
    condition = Condition(field="Status", **{"in": ("Open",)})
    half = one.trello.model_copy(update={"filter": (condition,)})
    side = open_side(one.model_copy(update={"trello": half}), "trello")
    assert set(rows(side.extract(read_all()))) == {first.id}
    found = rows(side.extract(read_all(ids=frozenset({first.id, second.id}))))
    assert (found[first.id]["_state"], found[second.id]["_state"]) == ("live", SUSPENDED)
    wish = one.trello.on_unlinked.model_copy(update={"mode": "condition", "when": (condition,)})
    half = one.trello.model_copy(update={"on_unlinked": wish})
    born = {
        status: side.hook.post_comment(card["id"], f"Name: Born\nStatus: {status}")["id"]
        for status in ("Open", "Cancelled")
    }
    found = rows(open_side(one.model_copy(update={"trello": half}), "trello").extract(read_all()))
    assert (found[born["Open"]]["_hold"], bool(found[born["Cancelled"]]["_hold"])) == ("", True)
