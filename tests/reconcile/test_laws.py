"""Laws of the pure reconcile, over generated values of both sides and their bases."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reconcile import NAMES, linked, mapping, record, snapshot, told

from customerp_trello.reconcile.known import Past
from customerp_trello.reconcile.plan import digest
from customerp_trello.reconcile.reconcile import reconcile

VALUE = st.sampled_from(["", "a", "b", "c"])
PROPERTY = st.tuples(VALUE, VALUE, VALUE)  # customerp, trello, base of both
RECORD = st.fixed_dictionaries({"name": PROPERTY, "website": PROPERTY, "note": PROPERTY})
RECORDS = st.lists(RECORD, min_size=1, max_size=4)
POLICY = st.sampled_from(["latest", "customerp", "trello"])
DIRECTION = st.sampled_from(["both", "to_trello", "to_customerp"])
SETTINGS = st.fixed_dictionaries({"website": DIRECTION, "note": DIRECTION, "policy": POLICY})


def case(records, wish):
    m = mapping(
        name={"conflict": wish["policy"], "required": False},
        website={"direction": wish["website"], "type": "string"},
        note={"direction": wish["note"]},
    )
    # Fields without a meaning to either system: what one of them cannot take is no matter of symmetry.
    m = m.model_copy(update={"properties": tuple(p.model_copy(update={"trello": p.name}) for p in m.properties)})
    assert not m.filled
    c = [record(f"c{i}", **{p: v[0] for p, v in one.items()}) for i, one in enumerate(records)]
    t = [record(f"t{i}", **{p: v[1] for p, v in one.items()}) for i, one in enumerate(records)]
    base = [{p: v[2] for p, v in one.items()} | {"number": ""} for one in records]
    return m, c, t, linked(*[(i + 1, f"c{i}", f"t{i}", b, b) for i, b in enumerate(base)])


def carry_out(plan, c, t, links):
    """Both systems and the bases as they are after the plan was applied."""
    c, t = ({r["_id"]: dict(r) for r in rows} for rows in (c, t))
    links = links.copy()
    for row in plan.to_dict("records"):
        at = links.index[links["link"] == row["link"]]
        if row["operation"] == "update":
            (c[row["customerp_id"]] if row["side"] == "customerp" else t[row["trello_id"]])[row["property"]] = row[
                "after"
            ]
            links.loc[at, [f"c.{row['property']}", f"t.{row['property']}"]] = row["after"]
        elif row["operation"] == "adopt":
            links.loc[at, f"c.{row['property']}"] = row["customerp"]
            links.loc[at, f"t.{row['property']}"] = row["trello"]
    return list(c.values()), list(t.values()), links


def run(m, c, t, links):
    return reconcile(m, snapshot(*c), snapshot(*t), Past(links=links))


@settings(max_examples=60, deadline=None)
@given(RECORDS, SETTINGS)
def test_p3_p4_one_run_settles_everything_and_the_next_one_is_empty(records, wish):
    m, c, t, links = case(records, wish)
    c, t, links = carry_out(run(m, c, t, links), c, t, links)
    assert told(run(m, c, t, links)) == []
    for left, right in zip(c, t, strict=True):
        changed = {p for p in ("name", "website", "note") if left[p] != right[p]}
        # What differs still was different before anybody edited: such a difference is settled only by an edit.
        assert not changed


@settings(max_examples=60, deadline=None)
@given(RECORDS, SETTINGS)
def test_p1_an_edit_on_one_side_is_never_overwritten_there(records, wish):
    m, c, t, links = case(records, wish)
    plan = run(m, c, t, links)
    for i, one in enumerate(records):
        for name, (left, right, base) in one.items():
            if not m.property(name).two_way:
                continue
            mine = plan[
                (plan["customerp_id"] == f"c{i}") & (plan["property"] == name) & (plan["operation"] == "update")
            ]
            if left != base and right == base:
                assert "customerp" not in set(mine["side"])
            if right != base and left == base:
                assert "trello" not in set(mine["side"])
            if left == right:
                assert mine.empty  # P6: edited to the same value on both sides


def mirrored(m):
    swap = {"to_trello": "to_customerp", "to_customerp": "to_trello", "both": "both"}
    other = {"customerp": "trello", "trello": "customerp"}
    props = [
        p.model_copy(update={"direction": swap[p.direction], "conflict": other.get(p.conflict, p.conflict)})
        for p in m.properties
    ]
    return m.model_copy(
        update={"properties": tuple(props), "tie": other[m.tie], "on_first_link": other[m.on_first_link]}
    )


@settings(max_examples=50, deadline=None)
@given(RECORDS, SETTINGS)
def test_p19_swapping_the_sides_mirrors_the_plan(records, wish):
    m, c, t, links = case(records, wish)
    plan = run(m, c, t, links)
    swapped = links.rename(columns=lambda n: {"c": "t.", "t": "c."}[n[0]] + n[2:] if n[1:2] == "." else n)
    swapped = swapped.assign(customerp_id=links["trello_id"], trello_id=links["customerp_id"])
    other = run(mirrored(m), t, c, swapped)
    words = {"customerp": "trello", "trello": "customerp", "": ""}

    def mirror(cause):
        return cause.replace("customerp", "\x00").replace("trello", "customerp").replace("\x00", "trello")

    left = sorted((words[s], o, p, a, mirror(x)) for s, o, p, a, x in told(plan))
    assert left == told(other)


@settings(max_examples=60, deadline=None)
@given(RECORDS, SETTINGS, st.randoms())
def test_p17_the_order_of_records_changes_nothing(records, wish, random):
    m, c, t, links = case(records, wish)
    plan = run(m, c, t, links)
    random.shuffle(c)
    random.shuffle(t)
    again = run(m, c, t, links.sample(frac=1, random_state=random.randint(0, 9)).reset_index(drop=True))
    assert digest(again) == digest(plan)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(VALUE, VALUE), max_size=6), st.lists(st.tuples(VALUE, VALUE), max_size=6))
def test_p18_links_are_injective_and_an_unclear_group_is_left_alone(left, right):
    c = [record(f"c{i}", name=n, website=w) for i, (n, w) in enumerate(left)]
    t = [record(f"t{i}", name=n, website=w) for i, (n, w) in enumerate(right)]
    plan = reconcile(mapping(), snapshot(*c), snapshot(*t), Past(links=linked()))
    made = plan[plan["operation"] == "link"]
    assert made["customerp_id"].is_unique
    assert made["trello_id"].is_unique
    touched = set(made["customerp_id"]) | set(plan.loc[plan["operation"] == "create", "customerp_id"])
    unclear = set(plan.loc[plan["cause"] == "ambiguous", "customerp_id"]) - {""}
    assert not touched & unclear


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(VALUE, VALUE), max_size=5), st.lists(st.tuples(VALUE, VALUE), max_size=5))
def test_p4_matching_twice_finds_nothing_more(left, right):
    """Two runs must not come to different ends: what was ambiguous stays so when the clear ones are linked."""
    c = [record(f"c{i}", name=n, website=w) for i, (n, w) in enumerate(left)]
    t = [record(f"t{i}", name=n, website=w) for i, (n, w) in enumerate(right)]
    m = mapping(customerp={"connection": "c", "entity": "customer", "on_unlinked": {"mode": "link_only"},
                           "on_gone": "deactivate"})  # fmt: skip
    plan = reconcile(m, snapshot(*c), snapshot(*t), Past(links=linked()))
    made = plan[plan["operation"] == "link"].to_dict("records")
    names = [{p: r[p] for p in NAMES} for r in c], [{p: r[p] for p in NAMES} for r in t]
    links = linked(
        *[
            (n + 1, r["customerp_id"], r["trello_id"], names[0][int(r["customerp_id"][1:])],
             names[1][int(r["trello_id"][1:])])
            for n, r in enumerate(made)
        ]
    )  # fmt: skip
    again = reconcile(m, snapshot(*c), snapshot(*t), replace(Past(links=links), last_read={}))
    assert "link" not in set(again["operation"])


def test_unknown_frames_of_any_shape_are_no_trouble():
    plan = reconcile(mapping(), snapshot(), snapshot(), Past(links=linked()))
    assert isinstance(plan, pd.DataFrame)
    assert plan.empty
