"""Comments that people copy, and one that becomes unreadable between the plan and its write."""

from __future__ import annotations

import re

import pytest
from engine import PROJECTS, as_anna, erp_edit

from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook


def shown(link):
    return str(TrelloHook().get_action(link["trello_id"])["data"]["text"])


def project(link):
    return CustomERPHook().get_record("project", link["customerp_id"])[0]


@pytest.mark.parametrize("by", ["anna", "us"])
def test_a_copy_of_our_comment_does_not_undo_what_came_after_it_when_ours_is_deleted(loaded, by):
    link = loaded.fresh_link(PROJECTS)
    card = loaded.summary["register_card"]["id"]
    if by == "anna":  # an edited copy, as people amend; it is applied and included
        text = shown(link).replace(f"· {link['c.name']}", "· Renamed in a copy")
        as_anna(loaded, "POST", f"/cards/{card}/actions/comments", text=text)
    else:  # the network delivered our own comment twice
        TrelloHook().post_comment(card, shown(link))
    loaded.run(PROJECTS)
    erp_edit("project", link["customerp_id"], name="Of today, by the ERP")
    loaded.run(PROJECTS)
    assert loaded.run(PROJECTS).writes() == []
    TrelloHook().delete_comment(loaded.link_of(PROJECTS, link["customerp_id"])["trello_id"])
    loaded.run(PROJECTS)
    loaded.run(PROJECTS)
    assert project(link)["name"] == "Of today, by the ERP"
    assert "Of today, by the ERP" in shown(loaded.link_of(PROJECTS, link["customerp_id"]))


def test_an_edited_copy_of_our_comment_by_the_tokens_own_member_amends(loaded):
    link = loaded.fresh_link(PROJECTS)
    card = loaded.summary["register_card"]["id"]
    TrelloHook().post_comment(card, re.sub("Status: .*", "Status: Cancelled", shown(link)))
    loaded.run(PROJECTS)
    assert project(link)["status"] == "cancelled"


def test_a_comment_that_became_unreadable_since_the_plan_is_not_overwritten(loaded):
    link = loaded.fresh_link(PROJECTS)
    erp_edit("project", link["customerp_id"], name="Of the ERP 77")

    def edit(task):
        if task == "load_trello":
            TrelloHook().update_comment(link["trello_id"], re.sub("Status: .*", "Status: Nearly done", shown(link)))

    loaded.run(PROJECTS, on_task=edit)
    assert "Nearly done" in shown(link)
