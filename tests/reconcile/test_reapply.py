"""Apply this plan: what both plans ask for is done, the rest is listed, and nothing else happens."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plan import plan, row
from test_reconcile import record, snapshot

from customerp_trello.reconcile.plan import MOVED, digest
from customerp_trello.reconcile.reapply import still_holding

NAME = {"prop": "name", "before": "Acme", "after": "Acme AG", "customerp": "Acme AG", "trello": "Acme"}
NOTE = {"prop": "note", "before": "old", "after": "new", "customerp": "new", "trello": "old"}


def applied(seen, now, c=(), t=()):
    return still_holding(seen, now, {"customerp": snapshot(*c), "trello": snapshot(*t)})


def done(result):
    rows = result[result["operation"] != MOVED]
    return list(zip(rows["operation"], rows["property"], rows["after"].fillna("?"), strict=True))


def missed(result):
    rows = result[result["operation"] == MOVED]
    return list(zip(rows["detail"], rows["property"], rows["customerp"].fillna("?"), rows["trello"].fillna("?"),
                    strict=True))  # fmt: skip


def test_on_unchanged_data_it_is_the_very_plan():
    seen = plan(row("update", **NAME), row("waiting", "", 2, cause="ambiguous"), row("link", "", 3))
    assert digest(applied(seen, seen)) == digest(seen)


def test_a_value_that_has_moved_is_listed_with_what_both_sides_show_and_the_rest_is_written():
    seen = plan(row("update", **NAME, cause="latest", winner="customerp", actor="Anna"), row("update", **NOTE))
    now = plan(row("update", **NAME | {"before": "Mine", "trello": "Mine"}), row("update", **NOTE))
    result = applied(seen, now, [record("c1", name="Acme AG")], [record("t1", name="Mine")])
    assert done(result) == [("update", "note", "new")]
    assert missed(result) == [("update in trello", "name", "Acme AG", "Mine")]
    note = result[result["operation"] == MOVED].iloc[0]
    assert (note["before"], note["after"]) == ("Acme", "Acme AG")
    assert (note["cause"], note["winner"], note["actor"]) == ("moved", "", "")


def test_what_was_not_seen_is_not_done():
    seen = plan(row("update", **NAME))
    now = plan(row("update", **NAME), row("update", **NOTE), row("delete", number=2), row("waiting", "", 3))
    assert done(applied(seen, now)) == [("update", "name", "Acme AG")]
    assert missed(applied(seen, now)) == []


def test_a_create_is_done_whole_or_not_at_all():
    new = {"link": None, "trello_id": ""}
    seen = plan(row("create", **NAME | new), row("create", **NOTE | new))
    now = plan(row("create", **NAME | new), row("create", **NOTE | new | {"after": "newer"}))
    result = applied(seen, now, [record("c1", name="Acme AG", note="newer")])
    assert done(result) == []
    assert missed(result) == [("create in trello", "name", "Acme AG", "?"), ("create in trello", "note", "newer", "?")]


def test_a_delete_that_would_go_further_than_the_one_that_was_seen_is_not_done():
    seen, now = (plan(row("delete", detail=detail)) for detail in ("deactivate", "delete"))
    assert done(applied(seen, now)) == []
    assert missed(applied(seen, now)) == [("delete in trello", "", "?", "?")]


def test_another_reason_for_the_same_change_is_the_same_change():
    seen = plan(row("update", **NAME, cause="latest_by_estimate"))
    now = plan(row("update", **NAME, cause="latest", actor="Anna"))
    assert done(applied(seen, now)) == [("update", "name", "Acme AG")]


def test_values_of_a_link_that_was_not_seen_are_not_written():
    seen = plan(row("update", **NAME))
    now = plan(row("link", "", link=None), row("update", **NAME | {"link": None}))
    assert done(applied(seen, now)) == []
    both = plan(row("link", "", link=None), row("update", **NAME | {"link": None}))
    assert len(done(applied(both, now))) == 2


def test_values_of_a_link_that_was_made_meanwhile_are_written():
    seen = plan(row("link", "", link=None), row("update", **NAME | {"link": None}))
    result = applied(seen, plan(row("update", **NAME)))
    assert done(result) == [("update", "name", "Acme AG")]
    assert [what for what, *_ in missed(result)] == ["link"]


def test_unknown_and_empty_are_not_the_same():
    seen, now = (plan(row("update", **NAME | {"before": before})) for before in ("", None))
    assert done(applied(seen, now)) == []


def test_texts_that_read_the_same_in_a_row_are_not_the_same():
    seen, now = (plan(row("update", **NAME | {"before": b, "after": a})) for b, a in (("Acme", "AG"), ("AcmeA", "G")))
    assert done(applied(seen, now)) == []


def test_ids_that_read_the_same_in_a_row_are_another_link():
    ends = [{"customerp_id": c, "trello_id": t, "link": None} for c, t in (("c1", "1t"), ("c11", "t"))]
    link, update = row("link", "") | ends[0], row("update", **NAME) | ends[1]
    assert ("update", "name", "Acme AG") in done(applied(plan(update), plan(link, update)))


def test_notes_only_tell_and_cannot_be_missed():
    seen = plan(row("waiting", "", 1), row("quarantine", "", 2), row("kept", "", 3), row("moved", "", 4))
    assert applied(seen, plan()).empty


ROWS = [
    row(operation, "trello" if operation != "link" else "", number, prop, before=before, after=after)
    for operation in ("update", "create", "delete", "link")
    for number in (1, 2)
    for prop in ("name", "note")
    for before, after in (("a", "b"), ("b", "c"))
]
PLANS = st.lists(st.sampled_from(ROWS), max_size=8, unique_by=lambda one: (one["operation"], one["link"],
                                                                           one["property"]))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(PLANS, PLANS)
def test_every_change_of_the_plan_is_done_or_listed_and_nothing_else_is(seen, now):
    seen, now = plan(*seen), plan(*now)
    result = applied(seen, now)
    texts = ["side", "operation", "customerp_id", "trello_id", "property", "before", "after"]
    does = result[result["operation"] != MOVED][texts]
    for other in (seen, now):
        both = does.merge(other[texts].drop_duplicates(), how="left", indicator=True)
        assert both["_merge"].eq("both").all()
    assert len(does) + (result["operation"] == MOVED).sum() == len(seen)
    pd.testing.assert_frame_equal(applied(seen, seen), seen)
