"""Who is who among records without a link: keys narrow, and what stays unclear is left alone as a group."""

import pandas as pd
import pytest

from customerp_trello.mapping.frame import ID, SCOPE
from customerp_trello.mapping.model import LinkKey
from customerp_trello.reconcile.match import key_columns, match

NUMBER, SITE, NAME = (LinkKey(properties=(name,)) for name in ("number", "site", "name"))
SECONDED = LinkKey(properties=("number",), with_second=True)
BOTH_NAMES = LinkKey(properties=("name", "site"))
FIELDS = ("number", "site", "name")


def frame(rows):
    """Records from "id number site name [scope]": - is empty, ? unknown."""
    table = []
    for row in rows:
        id_, *values = row.split()
        scope = values.pop() if len(values) > 3 else ""
        values = [{"-": "", "?": None}.get(value, value) for value in values]
        table.append({ID: id_, SCOPE: scope, **dict(zip(FIELDS, values, strict=True))})
    return pd.DataFrame(table, columns=[ID, SCOPE, *FIELDS]).astype("str")


def found(left, right, keys=(NUMBER, SITE, NAME), folded=()):
    """Links as "left right key", members of unclear groups as "side id key"."""
    matches = match(frame(left), frame(right), keys, frozenset(folded))
    assert list(matches.links) == ["customerp_id", "trello_id", "key"]
    assert list(matches.ambiguous) == ["side", "record_id", "key"]
    assert matches.links.dtypes.eq("str").all()
    links, unclear = (table.agg(" ".join, axis=1).tolist() if len(table) else [] for table in
                      (matches.links, matches.ambiguous))  # fmt: skip
    return sorted(links), sorted(unclear)


CLEAR = {
    "the first key that both have decides": (["a 1 x n"], ["b 1 y m"], ["a b 1"]),
    "a first key that differs is not made up for by a later one": (["a 1 x n"], ["b 2 x n"], []),
    "where one lacks the first key the second decides": (["a - x n"], ["b 2 x m"], ["a b x"]),
    "where one does not tell the first key the second decides": (["a ? x n"], ["b 2 x m"], ["a b x"]),
    "where one lacks two keys the third decides": (["a - x n"], ["b 2 - n"], ["a b n"]),
    "empty never matches empty": (["a - - -"], ["b - - -"], []),
    "unknown never matches unknown": (["a ? ? ?"], ["b ? ? ?"], []),
    "capitals count": (["a - - n"], ["b - - N"], []),
    "records of different scopes never match": (["a 1 x n berlin"], ["b 1 x n oslo"], []),
    "a key may occur once in each scope": (
        ["a1 1 - - berlin", "a2 1 - - oslo"],
        ["b1 1 - - berlin", "b2 1 - - oslo"],
        ["a1 b1 1", "a2 b2 1"],
    ),
    "two pairs do not disturb each other": (["a1 1 - -", "a2 2 - -"], ["b1 1 - -", "b2 2 - -"], ["a1 b1 1", "a2 b2 2"]),
    "who is linked by an earlier key is no candidate for a later one": (
        ["a1 1 x -", "a2 - x -"],
        ["b1 1 x -"],
        ["a1 b1 1"],
    ),
    "while several remain the next key decides among them": (
        ["a1 1 x n", "a2 1 y n"],
        ["b1 1 x n"],
        ["a1 b1 1"],
    ),
    "and after that the third": (
        ["a1 1 x n", "a2 1 x m", "a3 1 y n"],
        ["b1 1 x n"],
        ["a1 b1 1"],
    ),
    "a next key that one lacks narrows nothing out that another one does": (
        ["a1 1 - n", "a2 1 - m"],
        ["b1 1 x n"],
        ["a1 b1 1"],
    ),
    "a clear pair is not torn apart by a next key that differs": (["a1 1 x n"], ["b1 1 y m"], ["a1 b1 1"]),
    "who was narrowed out goes on to later keys": (
        ["a1 1 x n", "a2 1 y m"],
        ["b1 1 x n", "b2 - y k"],
        ["a1 b1 1", "a2 b2 y"],
    ),
    "each of a group may be told apart": (
        ["a1 1 x n", "a2 1 y n"],
        ["b1 1 x n", "b2 1 y n"],
        ["a1 b1 1", "a2 b2 1"],
    ),
}

UNCLEAR = {
    "two of one side for one of the other": (
        ["a1 1 - -", "a2 1 - -"],
        ["b1 1 - -"],
        [],
        ["customerp a1 1", "customerp a2 1", "trello b1 1"],
    ),
    "one of one side for two of the other": (
        ["a1 1 - -"],
        ["b1 1 - -", "b2 1 - -"],
        [],
        ["customerp a1 1", "trello b1 1", "trello b2 1"],
    ),
    "the next key fits two of three": (
        ["a1 1 x -", "a2 1 x -", "a3 1 y -"],
        ["b1 1 x -"],
        [],
        ["customerp a1 1", "customerp a2 1", "customerp a3 1", "trello b1 1"],
    ),
    "the next key leaves one over on either side": (
        ["a1 1 x -", "a2 1 y -"],
        ["b1 1 x -", "b2 1 z -"],
        [],
        ["customerp a1 1", "customerp a2 1", "trello b1 1", "trello b2 1"],
    ),
    "only the group is unclear, not the scope beside it nor another key": (
        ["a1 1 - - oslo", "a2 1 - - oslo", "a3 1 - - rome", "a4 2 - - oslo"],
        ["b1 1 - - oslo", "b3 1 - - rome", "b4 2 - - oslo"],
        ["a3 b3 1", "a4 b4 2"],
        ["customerp a1 1", "customerp a2 1", "trello b1 1"],
    ),
    "who is unclear by one key is not linked by a later one": (
        ["a1 1 x n", "a2 1 x n", "a3 - - n"],
        ["b1 1 x n", "b2 - - n"],
        ["a3 b2 n"],
        ["customerp a1 1", "customerp a2 1", "trello b1 1"],
    ),
}


@pytest.mark.parametrize("case", CLEAR, ids=str)
def test_found(case):
    left, right, links = CLEAR[case]
    assert found(left, right) == (links, [])
    mirrored = [" ".join([b, a, key]) for a, b, key in (link.split() for link in links)]
    assert found(right, left) == (sorted(mirrored), [])


@pytest.mark.parametrize("case", UNCLEAR, ids=str)
def test_left_alone(case):
    left, right, links, unclear = UNCLEAR[case]
    assert found(left, right) == (links, unclear)


def test_capitals_do_not_count_where_the_mapping_says_so():
    assert found(["a - - Straße"], ["b - - STRASSE"], folded=["name"]) == (["a b strasse"], [])
    assert found(["a - X n"], ["b - x m"], folded=["name"]) == ([], [])


def test_a_key_of_two_properties_needs_both():
    keys = (BOTH_NAMES,)
    assert found(["a - x n"], ["b - x n"], keys) == (["a b n\x1fx"], [])
    assert found(["a - x n"], ["b - y n"], keys) == ([], [])
    assert found(["a - - n"], ["b - - n"], keys) == ([], [])
    assert found(["a - x ?"], ["b - x ?"], keys) == ([], [])
    assert found(["a - bc a"], ["b - c ab"], keys) == ([], [])


@pytest.mark.parametrize(
    ("left", "right", "links"),
    [
        ("a 1 x n", "b 1 y m", []),
        ("a 1 x n", "b 1 x m", ["a b 1"]),
        ("a 1 x n", "b 1 y n", ["a b 1"]),
        ("a 1 - -", "b 1 - -", []),
        ("a 1 x n", "b 2 x m", ["a b x"]),  # alone it proves nothing by differing either
        ("a 1 - n", "b 2 y n", ["a b n"]),
        ("a 1 x n", "b 2 y n", []),  # but the second key does
    ],
)
def test_a_key_that_the_server_may_have_replaced_counts_only_with_another(left, right, links):
    assert found([left], [right], (SECONDED, SITE, NAME)) == (links, [])


def test_each_pair_needs_another_key_of_its_own():
    left, right = ["a1 1 - -", "a2 2 y -", "a3 3 - m"], ["b1 1 - -", "b2 2 y -", "b3 3 z m"]
    assert found(left, right, (SECONDED, SITE, NAME)) == (["a2 b2 2", "a3 b3 3"], [])


def test_the_other_key_may_stand_further_up():
    keys = (NAME, SECONDED)
    assert found(["a 1 - n"], ["b 1 - n"], keys) == (["a b n"], [])
    assert found(["a 1 - n"], ["b 1 - ?"], keys) == ([], [])


def test_nothing_on_one_side_finds_nothing():
    assert found([], ["b 1 x n"]) == ([], [])
    assert found([], []) == ([], [])


def test_key_texts_are_missing_where_a_part_is():
    rows = frame(["a 1 - N oslo", "b ? x n"])
    table = key_columns(rows, (NUMBER, BOTH_NAMES, NAME), frozenset(["name"]))
    assert table.fillna("?").to_numpy().tolist() == [["a", "oslo", "1", "?", "n"], ["b", "", "?", "n\x1fx", "n"]]
    assert list(table) == [ID, SCOPE, "k0", "k1", "k2"]
