"""The pair's past: what is known where nothing happened yet, and how it is asked."""

from datetime import UTC, datetime

import pandas as pd
from test_reconcile import linked

from customerp_trello.reconcile.known import Past


def test_a_past_without_events_has_the_columns_and_types_of_one_with_events():
    past = Past(links=linked())
    for frame, columns in (
        (past.tombstones, {"side": "str", "deleted_id": "str", "surviving_id": "str"}),
        (past.held, {"side": "str", "record_id": "str", "reason": "str"}),
        (
            past.manual,
            {"property": "str", "answer": "str", "reason": "str", "customerp": "str", "trello": "str", "link": "int64"},
        ),
        (past.evidence, {"trello_id": "str", "property": "str", "at": "datetime64[us, UTC]"}),
        (past.apart, {"side": "str", "customerp_id": "str", "trello_id": "str"}),
    ):
        assert frame.empty
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == columns


def test_only_pairs_are_apart_and_not_the_dead():
    rows = [("apart", "c1", "t1"), ("customerp", "c2", "t2"), ("trello", "t3", "c3")]
    stones = pd.DataFrame(rows, columns=["side", "deleted_id", "surviving_id"])
    apart = Past(links=linked(), tombstones=stones).apart
    assert apart[["customerp_id", "trello_id"]].values.tolist() == [["c1", "t1"]]


def test_a_record_is_held_on_its_side_with_its_first_reason():
    rows = [("customerp", "1", "first"), ("trello", "1", "there"), ("customerp", "2", "other"), ("customerp", "1", "x")]
    past = Past(links=linked(), held=pd.DataFrame(rows, columns=["side", "record_id", "reason"]))
    assert past.held_reasons("customerp").to_dict() == {"1": "first", "2": "other"}
    assert past.held_reasons("trello").to_dict() == {"1": "there"}


def test_a_side_that_was_never_read_was_read_at_the_epoch():
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    past = Past(links=linked(), last_read={"trello": at})
    assert past.read_at("trello") == at
    assert past.read_at("customerp") == datetime(1970, 1, 1, tzinfo=UTC)
