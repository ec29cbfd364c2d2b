"""What people write on the register card, and what becomes of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from engine import PROJECTS, as_anna, erp_edit
from trello_settings import DIMITRA

from customerp_trello.errors import RecordMissing
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.records import apart


def say(engine: Any, text: str) -> str:
    """Anna comments on the register card."""
    card = engine.summary["register_card"]["id"]
    return str(as_anna(engine, "POST", f"/cards/{card}/actions/comments", text=text)["id"])


def shown(link: Any) -> str:
    """The comment of a link."""
    return str(TrelloHook().get_action(link["trello_id"])["data"]["text"])


def moves_to_another_account(engine: Any, comment: str) -> None:
    """The token that wrote a comment is another account's, as after the integration's own has moved."""
    with closing(sqlite3.connect(engine.folder.parent / "trello.db")) as database, database:
        database.execute("UPDATE actions SET id_member_creator = ? WHERE id = ?", (DIMITRA.id, comment))


def managers(link: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A project's manager, and another employee of a name that only one has."""
    erp = CustomERPHook()
    now = erp.get_record("project", link["customerp_id"])[0]["manager_id"]
    everybody = list(erp.list_records("employee"))
    names = [(one["first_name"], one["last_name"]) for one in everybody]
    by_id = {one["id"]: one for one in everybody}
    other = next(
        one for one in everybody if one["id"] != now and names.count((one["first_name"], one["last_name"])) == 1
    )
    return by_id.get(now, {}), other


def test_p2_a_manager_given_by_bare_name_can_be_changed_in_the_erp_later(loaded):
    link = loaded.fresh_link(PROJECTS)
    before, other = managers(link)
    say(loaded, f"{link['c.number']}\nManager: {other['first_name']} {other['last_name']}")
    loaded.run(PROJECTS)
    project = link["customerp_id"]
    assert CustomERPHook().get_record("project", project)[0]["manager_id"] == other["id"]
    erp_edit("project", project, manager_id=before.get("id"))
    loaded.run(PROJECTS)
    assert f"({before['employee_number']})" in shown(link) if before else "Manager: -" in shown(link)
    assert loaded.run(PROJECTS).writes() == []


def test_p8_a_comment_of_a_project_that_the_erp_has_no_more_gives_birth_to_nothing(loaded):
    card = loaded.summary["register_card"]["id"]
    text = "**P-4711 · Long gone**\n\nStatus: Open\n\n_(CustomERP sync · project 4711)_"
    comment = TrelloHook().post_comment(card, text)["id"]
    ran = loaded.run(PROJECTS)
    assert ran.writes() == []
    told = ran.plan[ran.plan["trello_id"].eq(comment)]
    assert told["operation"].tolist() == ["waiting"]
    TrelloHook().delete_comment(comment)


def test_p7_an_amendment_that_comes_before_a_comment_is_posted_again_survives(loaded, monkeypatch):
    link = loaded.fresh_link(PROJECTS)
    TrelloHook().delete_comment(link["trello_id"])

    def amend(task: str) -> None:
        if task == "load_trello":
            say(loaded, f"{link['c.number']}\nName: Named while it was away")

    loaded.run(PROJECTS, on_task=amend)
    assert ("customerp", "update", "name", "Named while it was away") in loaded.run(PROJECTS).writes()
    assert loaded.run(PROJECTS).writes() == []


def test_p2_a_description_too_long_for_the_comment_is_not_writable_and_stays_in_the_erp(loaded):
    """What the comment does not show is no edit of it: neither an empty description there, nor any other property."""
    link = loaded.fresh_link(PROJECTS)
    project, long = link["customerp_id"], ("All there is to know of it. " * 700).strip()
    erp_edit("project", project, description=long)
    assert loaded.run(PROJECTS).told("not_writable") == [("trello", "not_writable", "description", long)]
    assert json.loads(loaded.link_of(PROJECTS, project)["marks"])["description"] == "not_writable:trello"
    say(loaded, f"{link['c.number']}\nDescription: -")
    erp_edit("project", project, name="By another name")
    loaded.run(PROJECTS)
    assert "By another name" in shown(link)
    assert "description left out" in shown(link)
    assert loaded.run(PROJECTS).writes() == []
    assert CustomERPHook().get_record("project", project)[0]["description"] == long
    say(loaded, f"{link['c.number']}\nDescription: In short")
    loaded.run(PROJECTS)
    assert CustomERPHook().get_record("project", project)[0]["description"] == "In short"
    assert loaded.run(PROJECTS).writes() == []


def test_a_project_that_is_back_is_posted_anew_where_its_comment_was_deleted_as_well(loaded):
    """Nobody survived, so nobody is waited for; the second time as the first."""
    link = loaded.fresh_link(PROJECTS)
    project, comments = link["customerp_id"], {link["trello_id"]}
    for _ in range(2):
        CustomERPHook().delete_record("project", project)
        TrelloHook().delete_comment(loaded.link_of(PROJECTS, project)["trello_id"])
        assert loaded.run(PROJECTS).writes() == []
        erp_edit("project", project, active=True)
        assert ("trello", "create", "number", link["c.number"]) in loaded.run(PROJECTS).writes()
        comments.add(loaded.link_of(PROJECTS, project)["trello_id"])
        assert loaded.run(PROJECTS).writes() == []
    assert len(comments) == 3


def test_a_project_that_is_back_is_posted_anew_where_its_comment_was_deleted_with_it(loaded):
    link = loaded.fresh_link(PROJECTS)
    deletes = loaded.mapping(PROJECTS).trello.model_copy(update={"on_gone": "delete"})
    loaded.mappings[PROJECTS] = loaded.mapping(PROJECTS).model_copy(update={"trello": deletes})
    CustomERPHook().delete_record("project", link["customerp_id"])
    loaded.let_through(PROJECTS)
    with pytest.raises(RecordMissing):
        shown(link)
    with loaded.store.read() as tx:
        assert apart(tx, PROJECTS) == []
    erp_edit("project", link["customerp_id"], active=True)
    assert ("trello", "create", "number", link["c.number"]) in loaded.run(PROJECTS).writes()
    assert loaded.run(PROJECTS).writes() == []


def test_p4_a_comment_that_is_posted_anew_includes_what_amends_the_old_one(loaded):
    link = loaded.fresh_link(PROJECTS)
    moves_to_another_account(loaded, link["trello_id"])
    say(loaded, f"{link['c.number']}\nName: Amended as the token moved")
    assert loaded.run(PROJECTS).writes() == [
        ("customerp", "update", "name", "Amended as the token moved"),
        ("trello", "move", "", "?"),
    ]
    assert loaded.run(PROJECTS).writes() == []
    assert "Amended as the token moved" in shown(loaded.link_of(PROJECTS, link["customerp_id"]))


def test_p1_a_comment_whose_place_ours_took_is_no_project_again_where_ours_is_deleted(loaded):
    """The token moved, and moved again: what the older comments show is long past."""
    link = loaded.fresh_link(PROJECTS)
    project = link["customerp_id"]
    for number in range(2):
        mine = loaded.link_of(PROJECTS, project)["trello_id"]
        moves_to_another_account(loaded, mine)
        erp_edit("project", project, name=f"After move {number}")
        assert ("trello", "move", "name", f"After move {number}") in loaded.run(PROJECTS).writes()
    erp_edit("project", project, name="Of today")
    loaded.run(PROJECTS)
    TrelloHook().delete_comment(loaded.link_of(PROJECTS, project)["trello_id"])
    loaded.run(PROJECTS)
    assert loaded.run(PROJECTS).writes() == []
    assert CustomERPHook().get_record("project", project)[0]["name"] == "Of today"
    assert "Of today" in shown(loaded.link_of(PROJECTS, project))


def test_p2_the_comment_that_a_project_was_born_from_can_be_made_an_amendment(loaded):
    born = say(loaded, "Name: Born and later amended\nStatus: Open")
    loaded.run(PROJECTS)
    loaded.run(PROJECTS)
    (project,) = [one for one in CustomERPHook().list_records("project") if one["name"] == "Born and later amended"]
    as_anna(loaded, "PUT", f"/actions/{born}", text=f"{project['number']}\nName: Amended in place\nStatus: Open")
    assert ("customerp", "update", "name", "Amended in place") in loaded.run(PROJECTS).writes()
    assert loaded.run(PROJECTS).writes() == []


def test_p1_an_amendment_survives_the_deletion_of_the_comment_that_it_amends(loaded):
    """Both came between two runs: the comment is posted again, and does not say that it includes the amendment."""
    link = loaded.fresh_link(PROJECTS)
    project, number = link["customerp_id"], link["c.number"]
    say(loaded, f"{number}\nName: Amended first")
    loaded.run(PROJECTS)
    say(loaded, f"{number}\nName: Amended before the deletion\nEnd date: 2031-01-01")
    erp_edit("project", project, status="on_hold")
    everybody = len(list(CustomERPHook().list_records("project")))
    TrelloHook().delete_comment(loaded.link_of(PROJECTS, project)["trello_id"])
    loaded.run(PROJECTS)
    assert ("customerp", "update", "name", "Amended before the deletion") in loaded.run(PROJECTS).writes()
    erp_edit("project", project, name="Of the ERP")
    TrelloHook().delete_comment(loaded.link_of(PROJECTS, project)["trello_id"])
    loaded.run(PROJECTS)
    assert loaded.run(PROJECTS).writes() == []
    assert "Of the ERP" in shown(loaded.link_of(PROJECTS, project))
    found = CustomERPHook().get_record("project", project)[0]
    assert (found["name"], found["status"], found["end_date"]) == ("Of the ERP", "on_hold", "2031-01-01")
    assert len(list(CustomERPHook().list_records("project"))) == everybody
