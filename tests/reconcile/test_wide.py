"""A pair too large for memory: what is kept of its tables plans the same as all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from test_narrow import LINK, world
from test_reconcile import BASE, NAMES, linked, mapping, record, snapshot

from customerp_trello.mapping.frame import Snapshot
from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import digest
from customerp_trello.reconcile.reconcile import reconcile
from customerp_trello.reconcile.wide import WideSnapshot, narrowed


@dataclass
class InMemory:
    frame: pd.DataFrame

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, name):
        return self.frame[name].reset_index(drop=True)

    def rows(self, wanted):
        return self.frame[wanted].reset_index(drop=True)


def kept(m, customerp, trello, past, touched=frozenset()):
    sides = {"customerp": customerp, "trello": trello}
    wide = {side: WideSnapshot(InMemory(one.frame), one.complete, one.facts) for side, one in sides.items()}
    found, narrow = narrowed(m, wide, InMemory(past.links), replace(past, links=past.links.iloc[:0]), touched)
    return found["customerp"], found["trello"], narrow


def creating(m):
    """The same mapping, making counterparts on either side."""
    sides = {
        side: getattr(m, side).model_copy(
            update={"on_unlinked": getattr(m, side).on_unlinked.model_copy(update={"mode": "create"})}
        )
        for side in ("customerp", "trello")
    }
    return m.model_copy(update=sides)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(LINK, min_size=1, max_size=6),
    st.booleans(),
    st.fixed_dictionaries({"fold": st.booleans(), "direction": st.sampled_from(["both", "to_trello", "to_customerp"])}),
    st.sampled_from([None, "customerp", "trello"]),
    st.booleans(),
)
def test_the_plan_of_what_is_kept_is_the_plan_of_everything(links, complete, wish, moved, creates):
    m, customerp, trello, past = world(links, complete, wish)
    m = creating(m) if creates else m
    sides = {"customerp": customerp, "trello": trello}
    if moved:  # the first link's record was found again under another id
        end, one = moved[0], sides[moved]
        frame = one.frame.assign(_id=one.frame["_id"].replace(f"{end}0", f"{end}new"))
        sides[moved] = Snapshot(frame, one.complete, one.facts | {"moved": {f"{end}0": f"{end}new"}})
    case = (m, sides["customerp"], sides["trello"], past)
    few = kept(*case)
    assert digest(reconcile(m, *few)) == digest(reconcile(*case))
    assert set(few[2].links["link"]) <= set(past.links["link"])


def many(number, **told):
    base = [{**BASE, "name": f"name {n}", "note": f"note {n}"} for n in range(number)]
    links = linked(*[(n + 1, f"c{n}", f"t{n}", one, one) for n, one in enumerate(base)])
    sides = {
        side: snapshot(*[record(f"{side[0]}{n}", **one, **told.get(f"{side[0]}{n}", {})) for n, one in enumerate(base)])
        for side in ("customerp", "trello")
    }
    return mapping(), sides["customerp"], sides["trello"], Past(links=links)


def ids(snapshots_and_past):
    customerp, trello, past = snapshots_and_past
    return customerp.frame["_id"].tolist(), trello.frame["_id"].tolist(), past.links["link"].tolist()


def test_quiet_links_are_not_kept():
    assert ids(kept(*many(5))) == ([], [], [])


def test_links_that_somebody_asks_for_are_kept():
    assert ids(kept(*many(5), touched=frozenset({2, 4}))) == (["c1", "c3"], ["t1", "t3"], [2, 4])


def test_a_record_without_a_link_is_kept_with_whoever_bears_its_key():
    m, customerp, trello, past = many(4)
    twin = record("c9", **dict.fromkeys(NAMES, "") | {"name": "NAME 2"})
    customerp = snapshot(*customerp.frame.to_dict("records"), twin)
    found = kept(m, customerp, trello, past)
    assert ids(found) == (["c2", "c9"], ["t2"], [3])


def test_a_lost_record_is_kept_with_whoever_bears_its_whole_first_key():
    m, customerp, trello, past = many(4, c0={"_state": "gone"})
    m = m.model_copy(update={"link_keys": (m.link_keys[0].model_copy(update={"properties": ("number", "name")}),)})
    bases = {f"{end}.{name}": past.links[f"{end}.{name}"].copy() for end in "ct" for name in ("number", "name")}
    for row, (number, name) in enumerate([("7", "Acme"), ("7", "Acme"), ("7", "Other"), ("8", "Acme")]):
        bases["c.number"][row], bases["c.name"][row] = number, name
    links = past.links.assign(**bases)
    shown = customerp.frame.assign(number=bases["c.number"], name=bases["c.name"])
    found = kept(m, Snapshot(shown, True, {}), trello, replace(past, links=links))
    assert found[2].links["link"].tolist() == [1, 2]
    # Gone in Trello, it is Trello's base that counts.
    gone = Snapshot(trello.frame.assign(_state=["live", "gone", "live", "live"]), True, {})
    links = past.links.assign(**{"t.number": ["1", "9", "9", "1"], "t.name": ["x", "y", "y", "y"]})
    shown = Snapshot(gone.frame.assign(number=links["t.number"], name=links["t.name"]), True, {})
    found = kept(m, customerp_of(links), shown, replace(past, links=links))
    assert found[2].links["link"].tolist() == [2, 3]


def test_whoever_bears_a_lost_key_is_kept_for_both_sides_at_once():
    m, customerp, trello, past = many(5)
    m = m.model_copy(update={"link_keys": (m.link_keys[0].model_copy(update={"properties": ("name",)}),)})
    links = past.links.assign(**{"c.name": ["A", "A", "C", "D", "E"], "t.name": ["v", "w", "X", "X", "y"]})
    left = customerp.frame.assign(name=links["c.name"], _state=["gone", *["live"] * 4])
    right = trello.frame.assign(name=links["t.name"], _state=["live", "live", "gone", "live", "live"])
    found = kept(m, Snapshot(left, True, {}), Snapshot(right, True, {}), replace(past, links=links))
    assert found[2].links["link"].tolist() == [1, 2, 3, 4]


def customerp_of(links):
    return snapshot(
        *[record(row["customerp_id"], **{name: row[f"c.{name}"] for name in NAMES}) for row in links.to_dict("records")]
    )


def test_a_record_that_was_found_again_under_another_id_is_kept_with_its_link():
    m, customerp, trello, past = many(3)
    for fact in ("moved", "rebound"):
        moved = Snapshot(trello.frame.assign(_id=["t0", "t1new", "t2"]), True, {fact: {"t1": "t1new"}})
        assert ids(kept(m, customerp, moved, past)) == (["c1"], ["t1new"], [2])


def test_what_an_incomplete_listing_leaves_out_is_as_its_base():
    m, customerp, trello, past = many(3)
    part = Snapshot(customerp.frame.iloc[[2]].reset_index(drop=True), False, {})
    assert ids(kept(m, part, trello, past)) == ([], [], [])
    nothing = Snapshot(customerp.frame.iloc[:0], False, {})
    assert ids(kept(m, nothing, trello, past)) == ([], [], [])
    whole = Snapshot(part.frame, True, {})
    assert ids(kept(m, whole, trello, past)) == ([], ["t0", "t1"], [1, 2])
    gone = Snapshot(part.frame.assign(_state="gone"), False, {})
    assert ids(kept(m, gone, trello, past)) == (["c2"], ["t2"], [3])
    # A record without a link bears the name of a linked one that was not listed: its base tells.
    twin = record("t9", **{**BASE, "name": "Name 1"})
    rows = [*trello.frame.to_dict("records"), twin]
    base = past.links.assign(**{"t.name": "another name"})
    shown = snapshot(*[{**row, "name": "another name"} for row in rows[:-1]], twin)
    assert ids(kept(m, part, shown, replace(past, links=base)))[2] == [2]
