"""Records that must be written although no property differs."""

import pandas as pd
from test_reconcile import BASE, linked, mapping, record, snapshot

from customerp_trello.reconcile.aligned import align, look
from customerp_trello.reconcile.touch import with_touch

LINKS = linked(*[(number, f"c{number}", f"t{number}", BASE, BASE) for number in (1, 2, 3)])


def touched(parts, **words):
    """What becomes of *parts* when these records of Trello ask to be written: t1="why"."""
    trello = snapshot(*[record(f"t{n}", name=f"Acme {n}", _touch=words.get(f"t{n}", "")) for n in (1, 2, 3)])
    customerp = snapshot(*[record(f"c{n}", name="") for n in (1, 2, 3)])
    return with_touch(parts, align(look(LINKS, {"customerp": customerp, "trello": trello}), mapping()))


def part(operation, side, *links):
    ids = {"link": links, "trello_id": [f"t{number}" for number in links]}
    return pd.DataFrame({**ids, "operation": operation, "side": side, "property": "note", "detail": "as it was"})


def test_where_nothing_asks_everything_stays():
    parts = [part("update", "trello", 1)]
    assert touched(parts) is parts


def test_each_record_that_asks_is_one_write_to_trello_with_its_word():
    (writes,) = touched([], t1="amendment:1", t3="repost")
    assert writes[["link", "customerp_id", "trello_id", "key"]].values.tolist() == [
        [1, "c1", "t1", "Acme 1"],
        [3, "c3", "t3", "Acme 3"],
    ]
    assert writes[["side", "operation", "property", "cause"]].drop_duplicates().values.tolist() == [
        ["trello", "update", "", "touch"]
    ]
    assert writes["detail"].tolist() == ["amendment:1", "repost"]


def test_only_updates_of_trello_bear_the_word_of_their_record():
    told = touched(
        [
            part("update", "trello", 1, 2, 3),
            part("update", "customerp", 1),
            part("not_writable", "trello", 1),
            part("adopt", "", 1),
            pd.DataFrame(),
        ],
        t1="amendment:1",
        t3="repost",
    )
    details = [frame["detail"].tolist() for frame in told if len(frame)]
    assert details == [["amendment:1", "", "repost"], *[["as it was"]] * 3, ["amendment:1", "repost"]]
    assert told[0]["detail"].dtype == "str"
