"""Links are found by what their records are called, as they are called now, through an index."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from customerp_trello.state.bases import settle
from customerp_trello.state.links import NewLink, add_link, add_links, unlink
from customerp_trello.state.records import links_of
from customerp_trello.state.search import entries, find_links, index_next, is_indexed, set_searchable, words
from customerp_trello.state.tables import link, search_word

PROPERTIES = ("number", "name", "email")
PEOPLE = {
    "C-1042": ("Anna Berg", "anna.berg@acme.example"),
    "c1043": ("Müller & Söhne GmbH", ""),
    "1044": ("Berg und Tal Ærø", "info@berg.example"),
    "E-1045": ("José Álvarez", "jose@x.example"),
}


@pytest.fixture
def filled(store):
    with store.begin() as tx:
        set_searchable(tx, "pair", PROPERTIES)
        index_next(tx, "pair")
        base = [{"number": n, "name": name, "email": email} for n, (name, email) in PEOPLE.items()]
        add_links(tx, "pair", [NewLink(f"c{i}", f"t{i}", one, one) for i, one in enumerate(base)], run="r")
    return store


def found(store, asked, pair="pair", **more):
    with store.read() as tx:
        numbers = find_links(tx, pair, asked, **more)
        return [one.base_customerp["number"] for one in links_of(tx, pair, numbers).values()]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("anna", ["C-1042"]),
        ("ANNA be", ["C-1042"]),
        ("berg anna", ["C-1042"]),
        ("  bERg ", ["C-1042", "1044"]),
        ("berg tal", ["1044"]),
        ("muller", ["c1043"]),
        ("müller söhne", ["c1043"]),
        ("muller gmbh", ["c1043"]),
        ("c-1043", ["c1043"]),
        ("C1042", ["C-1042"]),
        ("1042", ["C-1042"]),
        ("e1045", ["E-1045"]),
        ("alvarez", ["E-1045"]),
        ("anna.berg@acme", ["C-1042"]),
        ("acme.example", ["C-1042"]),
        ("info@berg.example", ["1044"]),
        ("c2", ["1044"]),
        ("t3", ["E-1045"]),
        ("nna", []),
        ("anna tal", []),
        ("", []),
        ("%", []),
        ("_", []),
        ("'; drop table link", []),
    ],
)
def test_a_record_is_found_by_the_beginning_of_any_word_and_by_its_id(filled, asked, numbers):
    assert sorted(found(filled, asked)) == sorted(numbers)


def test_another_pairs_records_are_not_found(filled):
    assert found(filled, "anna", pair="another") == []


def test_no_more_than_asked_for(filled):
    with filled.begin() as tx:
        many = [NewLink(f"m{i}", f"n{i}", {"name": f"Many {i:03}", "number": f"{i}"}) for i in range(30)]
        add_links(tx, "pair", many, run="r")
    assert len(found(filled, "many", limit=10)) == 10


def test_words_follow_the_base_and_end_with_the_link(filled, written):
    with filled.begin() as tx:
        (number,) = find_links(tx, "pair", "anna")
        settle(tx, number, run="r", customerp={"name": "Anna Lund"}, trello={"name": "Anna Lund"})
    assert found(filled, "anna lund") == ["C-1042"]
    assert found(filled, "berg tal") == ["1044"]
    assert found(filled, "anna berg") == ["C-1042"], "her address still says so"
    with filled.begin() as tx:
        unlink(tx, [number])
    assert found(filled, "lund") == []
    with filled.read() as tx:
        assert tx.execute(select(search_word).where(search_word.c.link == number)).all() == []


def test_what_is_not_searchable_or_equal_writes_no_word(filled, written):
    with filled.begin() as tx:
        (number,) = find_links(tx, "pair", "anna")
        settle(tx, number, run="r", customerp={"name": "Anna Berg", "phone": "12345"})
    assert not [statement for statement in written if "search_word" in statement]


def test_links_that_were_there_before_are_indexed_piece_by_piece(store):
    base = {"name": "Early Bird", "number": "7"}
    plain = {"status": "linked", "reason": "", "marks": {}, "written_customerp": "", "written_trello": ""}
    rows = [
        plain | {"pair": "pair", "customerp_id": f"c{i}", "trello_id": f"t{i}", "base_customerp": base,
                 "base_trello": base, "created_run": "r", "changed_run": "r"}
        for i in range(5)
    ]  # fmt: skip
    with store.begin() as tx:
        tx.execute_many(insert(link), rows)
        set_searchable(tx, "pair", PROPERTIES)
        assert not is_indexed(tx, "pair", PROPERTIES)
        assert index_next(tx, "pair", size=2) == 2
        # a link that moves before its turn, and one that is new, are left to what follows
        last = tx.execute(select(link.c.id).order_by(link.c.id.desc())).scalars().first()
        settle(tx, last, run="r", customerp={"name": "Late Bird"}, trello={"name": "Late Bird"})
        add_link(tx, "pair", NewLink("c9", "t9", {"name": "New Bird", "number": "9"}), run="r")
    assert len(found(store, "bird")) == 2
    with store.begin() as tx:
        while index_next(tx, "pair", size=2):
            pass
        assert is_indexed(tx, "pair", PROPERTIES)
    assert len(found(store, "bird")) == 6
    assert found(store, "late") == ["7"]
    with store.begin() as tx:
        set_searchable(tx, "pair", ("number",))
        while index_next(tx, "pair"):
            pass
    assert found(store, "bird") == []
    assert found(store, "9") == ["9"]


def test_without_a_word_about_it_nothing_is_indexed_and_ids_are_found_all_the_same(store):
    with store.begin() as tx:
        add_link(tx, "pair", NewLink("c1", "t1", {"name": "Anna", "number": "1"}), run="r")
    assert found(store, "anna") == []
    assert found(store, "t1") == ["1"]


def test_words_of_a_text():
    assert words("  C-1042: Ærø & Söhne_AG\n") == ["c", "1042", "ærø", "sohne", "ag"]
    assert words("https://www.acme.example/") == ["acme", "example"]
    assert entries("Anna Berg") == {"anna berg", "berg anna"}
    assert entries("C-1042") == {"c 1042", "1042 c", "c1042"}
    assert entries("") == set()
    assert entries("x" * 201) == set()
    assert entries("two\nlines") == set()
    assert max(map(len, entries(" ".join(["abcdefghij"] * 15)))) == 100
