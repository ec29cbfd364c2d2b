"""Undo of a run, from the form to both systems; the person's answer that follows; the history that explains it."""

from __future__ import annotations

import pytest
from engine import CUSTOMERS, PROJECTS, as_anna, erp_edit

from customerp_trello.errors import FormError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.by_hand import rejoin, unlink_by_hand
from customerp_trello.state.conflicts import answer_conflicts, conflicts
from customerp_trello.state.history import history_of
from customerp_trello.state.records import apart
from customerp_trello.state.work import TAKEN_APART, load_open_work


@pytest.fixture
def settled(loaded):
    yield loaded
    for pair in (CUSTOMERS, PROJECTS):
        loaded.run(pair)
        assert loaded.run(pair).writes() == []


def workspace(link):
    return TrelloHook().get_organization(link["trello_id"])


def erp_name(link):
    return CustomERPHook().get_record("customer", link["customerp_id"])[0]["name"]


def rename(engine, name):
    """A run that carries a new name from the ERP to Trello; the link, its old name and the run's id."""
    link = engine.fresh_link(CUSTOMERS)
    old = workspace(link)["displayName"]
    erp_edit("customer", link["customerp_id"], name=name)
    ran = engine.run(CUSTOMERS)
    assert workspace(link)["displayName"] == name
    return link, old, ran.run.id


def answer(engine, run_id, side):
    with engine.store.begin() as tx:
        ids = [one.id for one in conflicts(tx, CUSTOMERS, run=run_id)]
        return answer_conflicts(tx, CUSTOMERS, ids, side, "eva")


def test_an_undone_property_is_put_back_and_rests_until_a_person_answers(settled):
    link, old, run_id = rename(settled, "Undo me")
    undo = settled.run(CUSTOMERS, action="undo", run=run_id)
    assert undo.writes() == [("trello", "undo", "name", old)]
    assert workspace(link)["displayName"] == old
    for _ in range(2):
        assert settled.run(CUSTOMERS).writes() == []
    assert (workspace(link)["displayName"], erp_name(link)) == (old, "Undo me")
    # Everything else of the record goes on.
    erp_edit("customer", link["customerp_id"], description="still in sync")
    assert settled.run(CUSTOMERS).writes() == [("trello", "update", "description", "still in sync")]
    assert answer(settled, undo.run.id, "trello") == 1
    assert settled.run(CUSTOMERS).writes() == [("customerp", "update", "name", old)]
    assert erp_name(link) == old


def test_the_answer_may_be_to_apply_it_again(settled):
    link, old, run_id = rename(settled, "Undo and redo")
    undo = settled.run(CUSTOMERS, action="undo", run=run_id[:12])
    assert workspace(link)["displayName"] == old
    answer(settled, undo.run.id, "customerp")
    assert settled.run(CUSTOMERS).writes() == [("trello", "update", "name", "Undo and redo")]


def test_an_undo_is_previewed_first_and_its_preview_is_what_it_does(settled):
    link, old, run_id = rename(settled, "Preview me")
    before = settled.links(CUSTOMERS)
    preview = settled.run(CUSTOMERS, action="preview", run=run_id)
    assert preview.plan[["operation", "property", "before", "after", "cause"]].values.tolist() == [
        ["update", "name", "Preview me", old, "undo"]
    ]
    assert workspace(link)["displayName"] == "Preview me"
    assert settled.links(CUSTOMERS).equals(before)
    undo = settled.run(CUSTOMERS, action="undo", run=run_id)
    assert undo.steps["reconcile"]["digest"] == preview.steps["reconcile"]["digest"]
    answer(settled, undo.run.id, "customerp")


def test_what_somebody_edited_since_is_left_alone(settled):
    link, _, run_id = rename(settled, "Edited since")
    TrelloHook().update_organization(link["trello_id"], displayName="By hand")
    undo = settled.run(CUSTOMERS, action="undo", run=run_id)
    assert undo.writes() == []
    assert undo.plan[["operation", "cause"]].values.tolist() == [["kept", "edited_since"]]
    settled.run(CUSTOMERS)
    assert erp_name(link) == "By hand"


def test_an_undone_create_loses_its_link_and_is_not_linked_again(settled):
    made = CustomERPHook().create_record("customer", {"name": "Made and undone", "type": "company"})[0]
    run_id = settled.run(CUSTOMERS).run.id
    assert settled.link_of(CUSTOMERS, made["id"])["customerp_id"] == str(made["id"])
    undo = settled.run(CUSTOMERS, action="undo", run=run_id)
    assert undo.writes() == []
    assert str(made["id"]) not in set(settled.links(CUSTOMERS)["customerp_id"])
    again = settled.run(CUSTOMERS)
    assert again.writes() == []
    assert set(again.plan.loc[again.plan["cause"] == "apart", "operation"]) == {"waiting"}
    names = [one["displayName"] for one in TrelloHook().my_organizations(fields="displayName")]
    assert names.count("Made and undone") == 1


def test_a_held_undo_is_let_through_by_its_digest_and_survives_a_sync(settled):
    link, old, run_id = rename(settled, "Held undo")
    settled.widen()
    tight = settled.mapping(CUSTOMERS).guard.model_copy(update={"update_count": 0, "update_share": 0.0})
    settled.mappings[CUSTOMERS] = settled.mapping(CUSTOMERS).model_copy(update={"guard": tight})
    held = settled.run(CUSTOMERS, action="undo", run=run_id)
    assert "updates in trello" in held.held
    assert workspace(link)["displayName"] == "Held undo"
    settled.run(CUSTOMERS)
    through = settled.run(CUSTOMERS, action="let_through", plan=held.steps["reconcile"]["digest"])
    assert through.writes() == [("trello", "undo", "name", old)]
    settled.widen()
    answer(settled, through.run.id, "customerp")


def test_a_run_that_is_not_there_is_refused(settled):
    with pytest.raises(FormError, match="no run 'nonsense' to undo"):
        settled.run(CUSTOMERS, action="undo", run="nonsense")


def test_an_accepted_amendment_is_undone_in_the_erp_alone(settled):
    link = settled.fresh_link(PROJECTS)
    card = settled.summary["register_card"]["id"]
    text = f"{link['c.number']}\nDescription: Amended and undone"
    as_anna(settled, "POST", f"/cards/{card}/actions/comments", text=text)
    run_id = settled.run(PROJECTS).run.id
    undo = settled.run(PROJECTS, action="undo", run=run_id)
    assert [w[:3] for w in undo.writes()] == [("customerp", "undo", "description")]
    assert settled.run(PROJECTS).writes() == []
    with settled.store.begin() as tx:
        asked = [one.id for one in conflicts(tx, PROJECTS, run=undo.run.id)]
        assert answer_conflicts(tx, PROJECTS, asked, "trello", "eva") == 1


def test_history_tells_who_what_when_where_and_why(settled):
    link = settled.fresh_link(PROJECTS)
    card = settled.summary["register_card"]["id"]
    as_anna(settled, "POST", f"/cards/{card}/actions/comments", text=f"{link['c.number']}\nDescription: Why")
    ran = settled.run(PROJECTS)
    with settled.store.read() as tx:
        told = history_of(tx, PROJECTS, link["customerp_id"], "description").iloc[-1]
        assert len(history_of(tx, PROJECTS, link["trello_id"], "description")) == len(
            history_of(tx, PROJECTS, link["customerp_id"], "description")
        )
    assert tuple(told[["side", "operation", "after", "cause", "run", "dag_id", "airflow_run_id", "action"]]) == (
        "customerp", "update", "Why", "edited_in_trello", ran.run.id, PROJECTS, "test", "sync",
    )  # fmt: skip
    assert told["before"] == link["c.description"]
    assert told["actor"] == "Anna Berg"


def test_records_that_were_taken_apart_stay_in_sight_and_find_each_other_again(settled):
    """CustomERP is read by change: out of sight, its record would seem to be missing for what bears its key."""
    made = CustomERPHook().create_record("customer", {"name": "Apart and together", "type": "company"})[0]
    record, run_id = str(made["id"]), settled.run(CUSTOMERS).run.id
    trello_id = settled.link_of(CUSTOMERS, record)["trello_id"]
    settled.run(CUSTOMERS, action="undo", run=run_id)
    for _ in range(2):
        assert settled.run(CUSTOMERS).writes() == []
        assert open_work(settled)[record] == ("waiting", TAKEN_APART)
    with settled.store.begin() as tx:
        (one,) = (one for one in apart(tx, CUSTOMERS) if one.customerp_id == record)
        rejoin(tx, CUSTOMERS, one.id, "a person")
    assert settled.run(CUSTOMERS).writes() == []
    assert settled.link_of(CUSTOMERS, record)["trello_id"] == trello_id
    unlink_by_hand(settled.store, CUSTOMERS, int(settled.link_of(CUSTOMERS, record)["link"]), "a person")
    assert open_work(settled)[record] == ("waiting", TAKEN_APART)
    settled.run(CUSTOMERS)
    assert open_work(settled)[record] == ("waiting", TAKEN_APART)


def open_work(engine):
    with engine.store.read() as tx:
        work = load_open_work(tx, CUSTOMERS)
    work = work[work["side"].eq("customerp")]
    return dict(zip(work["record_id"], zip(work["kind"], work["reason"], strict=True), strict=True))
