"""What a press of a button does to the state, and what it refuses beside a run."""

from __future__ import annotations

import pytest
from company_state import CONTACTS, CUSTOMERS, RUN, fill
from sqlalchemy import select
from test_pages import plan_file

from customerp_trello.review.lists import seen
from customerp_trello.state import inbox, lease
from customerp_trello.state.conflicts import Conflict, answers, conflicts, record_conflict
from customerp_trello.state.history import recent_counts
from customerp_trello.state.intents import Intent, open_intent
from customerp_trello.state.links import relink
from customerp_trello.state.records import get_link, history_about, open_conflicts, open_work_about
from customerp_trello.state.tables import open_work, tombstone
from customerp_trello.state.tombstones import bury
from customerp_trello.state.work import TAKEN_APART

__all__ = ["plan_file"]
HERE = f"/pair/{CUSTOMERS}"


@pytest.fixture
def company(store, clock, plan_file):
    return fill(store, clock, plan_file)


@pytest.fixture
def ulf(browse, company):
    """Somebody who may start runs."""
    return browse("ulf")


def question(store, link):
    with store.read() as tx:
        (one,) = [one for one in open_conflicts(tx, CUSTOMERS) if one.link == link]
    return one, f"{one.id}.{seen(one)}"


def end(browser, link, number):
    """Ends a link from the page of its record, which names both ends."""
    ids = {"customerp_id": str(number), "trello_id": f"{number:024x}"}
    return browser.press(f"{HERE}/record/{link}/unlink", **ids)


def history(store, link=None, ids=()):
    with store.read() as tx:
        return [(one.operation, one.actor) for one in history_about(tx, CUSTOMERS, link_id=link, ids=list(ids))]


def test_an_answer_is_kept_for_the_next_run_with_its_author(ulf, store, company):
    _, named = question(store, company["müller"])
    answer = ulf.press(f"{HERE}/conflicts", question=named, side="trello")
    assert (answer.status_code, answer.headers["location"].split("?")[1]) == (303, "done=answered")
    with store.read() as tx:
        (one,) = answers(tx, CUSTOMERS)
        assert (one.link, one.answer, one.answered_by) == (company["müller"], "trello", "ulf")
    assert history(store, company["müller"])[0] == ("answer", "ulf")
    assert ulf.press(f"{HERE}/conflicts", question=named, side="customerp").status_code == 409, "only once"


def test_an_answer_from_a_records_page_leads_back_to_it(ulf, store, company):
    _, named = question(store, company["müller"])
    answer = ulf.press(f"{HERE}/conflicts", question=named, side="trello", link=company["müller"])
    assert answer.headers["location"].endswith(f"{HERE}/record/{company['müller']}?done=answered")


def test_an_answer_about_values_that_have_changed_meanwhile_is_refused(ulf, store, company):
    one, named = question(store, company["müller"])
    with store.begin() as tx:
        moved = Conflict(
            one.link, one.property, one.base_customerp, one.base_trello, "Müller 2", one.trello, reason="manual"
        )
        record_conflict(tx, CUSTOMERS, "another run", moved)
    refused = ulf.press(f"{HERE}/conflicts", question=named, side="trello")
    assert refused.status_code == 409
    assert "the values have changed" in refused.text
    with store.read() as tx:
        assert answers(tx, CUSTOMERS) == []


def test_one_answer_to_many_is_all_or_nothing(ulf, store, company):
    named = [question(store, company[name])[1] for name in ("müller", "script")]
    assert ulf.press(f"{HERE}/conflicts", question=[*named, "99.0"], side="customerp").status_code == 404
    with store.read() as tx:
        assert answers(tx, CUSTOMERS) == []
    assert ulf.press(f"{HERE}/conflicts", question=named, side="customerp").status_code == 303
    with store.read() as tx:
        assert len(answers(tx, CUSTOMERS)) == 2
        assert conflicts(tx, CUSTOMERS) == []


@pytest.mark.parametrize("named", ["", "x", "1", "1.", ".", "-1.0", "9" * 40 + ".0", "1." + "f" * 16])
def test_an_answer_to_nothing_is_refused(ulf, store, company, named):
    assert ulf.press(f"{HERE}/conflicts", question=named, side="customerp").status_code in (404, 409, 422)
    with store.read() as tx:
        assert answers(tx, CUSTOMERS) == []


def test_an_answer_to_another_pairs_conflict_is_refused(ulf, store, company):
    _, named = question(store, company["müller"])
    assert ulf.press(f"/pair/{CONTACTS}/conflicts", question=named, side="customerp").status_code == 404


def test_a_retry_makes_the_record_due_and_asks_for_a_run(ulf, store, company):
    with store.read() as tx:
        (work,) = open_work_about(tx, CUSTOMERS, customerp_id="1043")
        assert work.next_try_at is not None
    assert ulf.press(f"{HERE}/retry", work=work.id).headers["location"].endswith("?done=retry")
    with store.read() as tx:
        (after,) = open_work_about(tx, CUSTOMERS, customerp_id="1043")
        assert (after.next_try_at, after.attempts) == (None, 1)
        assert inbox.waiting(tx, CUSTOMERS).count == 1
        assert inbox.waiting(tx, CONTACTS) is None
    assert ("retry", "ulf") in history(store, ids=["1043"])
    assert ulf.press(f"/pair/{CONTACTS}/retry", work=work.id).status_code == 404


def test_a_run_can_be_asked_for(ulf, store, company):
    assert ulf.press(f"{HERE}/start").status_code == 303
    with store.read() as tx:
        assert inbox.waiting(tx, CUSTOMERS).count == 1


def test_unlinked_records_stay_apart_until_somebody_lets_them(ulf, store, company):
    assert end(ulf, company["acme"], 1043).status_code == 303
    with store.read() as tx:
        assert get_link(tx, CUSTOMERS, company["acme"]) is None
        (work,) = open_work_about(tx, CUSTOMERS, customerp_id="1043")
        assert (work.kind, work.reason) == ("waiting", TAKEN_APART)  # so that every run reads it, now and once rejoined
        stone = tx.execute(select(tombstone).where(tombstone.c.deleted_id == "1043")).mappings().one()
        assert (stone["side"], stone["surviving_id"], stone["lifted_at"]) == ("apart", f"{1043:024x}", None)
    assert history(store, company["acme"])[0] == ("unlink", "ulf")
    shown = ulf.see(f"{HERE}/record/{company['acme']}")
    assert (shown.status_code, "not linked" in shown.text) == (200, True)
    assert end(ulf, company["acme"], 1043).status_code == 404
    assert "1043" in ulf.see(f"{HERE}/apart").text
    assert ulf.press(f"/pair/{CONTACTS}/apart", tombstone=stone["id"]).status_code == 404
    assert ulf.press(f"{HERE}/apart", tombstone=stone["id"]).status_code == 303
    with store.read() as tx:
        stone = tx.execute(select(tombstone).where(tombstone.c.id == stone["id"])).mappings().one()
        assert (stone["lifted_at"] is None, stone["lifted_why"]) == (False, "by ulf")
    assert ulf.press(f"{HERE}/apart", tombstone=stone["id"]).status_code == 404


def test_a_link_that_binds_another_record_by_now_is_not_ended(ulf, store, company):
    with store.begin() as tx:
        relink(tx, company["acme"], "trello", "another-workspace", run=RUN)
    refused = end(ulf, company["acme"], 1043)
    assert (refused.status_code, "binds other records by now" in refused.text) == (409, True)
    with store.read() as tx:
        assert get_link(tx, CUSTOMERS, company["acme"]) is not None


@pytest.mark.parametrize(("side", "ids"), [("trello", ("t-gone", "1077")), ("customerp", ("1078", "t-left"))])
def test_whoever_survived_counts_as_new_once_somebody_lets_it(ulf, store, company, side, ids):
    with store.begin() as tx:
        stone = bury(tx, CUSTOMERS, side, *ids, keys={"key": "C-1077"}, run=RUN)
    shown = ulf.see(f"{HERE}/apart").text
    where = "deleted in Trello" if side == "trello" else "deleted in CustomERP"
    assert all(text in shown for text in (*ids, "C-1077", where))
    assert ulf.press(f"{HERE}/apart", tombstone=stone).headers["location"].endswith("?done=renewed")
    assert ids[0] not in ulf.see(f"{HERE}/apart").text
    with store.read() as tx:
        work = open_work_about(tx, CUSTOMERS, customerp_id="1077")
    assert [one.reason for one in work] == (["a person lets it count as new"] if side == "trello" else [])
    assert ("renew", "ulf") in history(store, ids=ids)
    assert ulf.press(f"{HERE}/apart", tombstone=stone).status_code == 404


def test_what_people_do_by_hand_is_not_counted_by_the_guard(ulf, store, company, clock):
    with store.read() as tx:
        before = recent_counts(tx, CUSTOMERS, clock().replace(year=2025))
    for name, number in (("acme", 1043), ("bakery", 1047)):
        assert end(ulf, company[name], number).status_code == 303
    with store.read() as tx:
        assert recent_counts(tx, CUSTOMERS, clock().replace(year=2025)) == before


def test_two_records_are_shown_and_then_linked(ulf, store, company):
    ids = {"customerp_id": "5000", "trello_id": "lone-workspace"}
    shown = ulf.press(f"{HERE}/link/check", **ids)
    assert shown.status_code == 200
    assert "Lone Ltd" in shown.text
    assert "Are these two the same?" in shown.text
    answer = ulf.press(f"{HERE}/link", **ids)
    assert answer.status_code == 303
    number = int(answer.headers["location"].split("/record/")[1].split("?")[0])
    with store.read() as tx:
        found = get_link(tx, CUSTOMERS, number)
        assert (found.customerp_id, found.trello_id, found.base_trello) == ("5000", "lone-workspace", {})
    assert history(store, number) == [("link", "ulf")]


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        ({"customerp_id": "9999", "trello_id": "lone-workspace"}, "has read no record 9999 in CustomERP"),
        ({"customerp_id": "5000", "trello_id": "nowhere"}, "has read no record nowhere in Trello"),
        ({"customerp_id": "1042", "trello_id": "lone-workspace"}, "1042 is linked already"),
    ],
)
def test_a_link_to_nothing_or_to_somebody_elses_is_refused(ulf, store, company, ids, says):
    for path in ("/link/check", "/link"):
        refused = ulf.press(HERE + path, **ids)
        assert refused.status_code == 409
        assert says in refused.text


def test_nothing_is_linked_or_unlinked_while_a_run_has_the_pair(ulf, store, company):
    fence = lease.acquire(store, CUSTOMERS, "a" * 32, 900)
    for path, fields in ((f"/record/{company['acme']}/unlink", {"customerp_id": "1043", "trello_id": f"{1043:024x}"}),
                         ("/link", {"customerp_id": "5000", "trello_id": "lone-workspace"})):  # fmt: skip
        refused = ulf.press(HERE + path, **fields)
        assert refused.status_code == 409
        assert "Nothing was done; try again when it has ended." in refused.text
    with store.begin(fence):
        pass  # the run still has its lease
    assert "A run has the pair since" in ulf.see(HERE).text
    lease.release(store, CUSTOMERS, "a" * 32)
    assert end(ulf, company["acme"], 1043).status_code == 303
    assert lease.holder(store, CUSTOMERS) is None
    # and a run that was at work before is fenced out by the lease that the page took
    with pytest.raises(Exception, match="lease"), store.begin(fence):
        pass


def test_a_record_with_an_interrupted_write_is_left_alone(ulf, store, company):
    with store.begin() as tx:
        open_intent(tx, Intent(CUSTOMERS, "a" * 32, "trello", "update", "1", "1043", f"{1043:024x}"))
    refused = end(ulf, company["acme"], 1043)
    assert refused.status_code == 409
    assert "was interrupted" in refused.text
    with store.read() as tx:
        assert get_link(tx, CUSTOMERS, company["acme"]) is not None
    assert lease.holder(store, CUSTOMERS) is None


def test_answers_and_retries_are_taken_beside_a_run(ulf, store, company):
    lease.acquire(store, CUSTOMERS, "a" * 32, 900)
    _, named = question(store, company["müller"])
    assert ulf.press(f"{HERE}/conflicts", question=named, side="trello").status_code == 303
    with store.read() as tx:
        work = tx.execute(select(open_work.c.id).where(open_work.c.record_id == "1043")).scalar_one()
    assert ulf.press(f"{HERE}/retry", work=work).status_code == 303
