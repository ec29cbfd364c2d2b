"""P12: the state is lost after a life of edits and accidents, and a re-link run finds the old pairs again.

Until a person lets it through it writes nothing; then whatever shows a key that nobody else has is linked as it was,
and nothing is made for it a second time.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import hypothesis
import pytest
from cells import SIDES
from hypothesis.stateful import run_state_machine_as_test
from people_machine import BEGUN
from soak_settings import PARTS, SEED
from soak_world import SoakWorld
from test_soak import MACHINES, quiet

LIVES = 2 if PARTS == 1 else 25
"""Lives that end with the loss, per machine."""
MADE = {"customers": "POST /1/organizations", "projects": "POST /1/cards/{id}/actions/comments"}

Keys = dict[str, dict[str, Any]]
"""Side -> id -> what a person would recognise a record by; one that shows nothing of it is missing."""


def keys_of(machine: Any, name: str) -> Keys:
    """What the systems show, with none of our own code."""
    shown = machine.shown()
    if name == "projects":
        here = {id_: machine.number_of(id_) for id_ in shown["customerp"]}
        return {"customerp": here, "trello": {one.id: one.number for one in machine.comments() if one.canonical}}
    if name == "customers":
        return {side: {id_: record["name"] for id_, record in shown[side].items()} for side in SIDES}
    names = {side: {i: one["full_name"] for i, one in shown[side].items() if "full_name" in one} for side in SIDES}
    if name == "employees":
        return names
    workspaces = machine._customers()
    customers = {str(row["id"]): str(row["customer_id"]) for row in machine.people()}
    return {
        "customerp": {id_: (customers[id_], one) for id_, one in names["customerp"].items()},
        "trello": {id_: (workspaces[id_.partition(":")[0]], one) for id_, one in names["trello"].items()},
    }


def recognisable(machine: Any, keys: Keys) -> set[tuple[str, str]]:
    """Links whose records show the same key, and nobody else does; nor do they differ in another key.

    But for whoever has left and was let in again by hand: by a name alone nobody is sent away, so a person says so.
    """
    shown = machine.shown()
    wishes = {side: {id_: one.get("membership") for id_, one in shown[side].items()} for side in SIDES}
    times = {side: Counter(map(str, keys[side].values())) for side in SIDES}
    found = set()
    for link in machine.links():
        here, there = (keys[side].get(link[f"{side}_id"]) for side in SIDES)
        alone = here is not None and all(times[side][str(here)] == 1 for side in SIDES)
        wish, now = (wishes[side].get(link[f"{side}_id"]) for side in SIDES)
        away = wish in ("none", "deactivated") and now == "active"
        sites = {shown[side].get(link[f"{side}_id"], {}).get("website") or "" for side in SIDES} - {""}
        clear = alone and not away and len(sites) < 2
        if here == there and clear and machine.healthy(link["customerp_id"], link["trello_id"]):
            found.add((link["customerp_id"], link["trello_id"]))
    return found


def lent(machine: Any) -> set[tuple[str, str]]:
    """Links of a customer whose number another workspace bears, or whose workspace bears another's: they come first."""
    query = "SELECT id, number FROM customers WHERE active = 1"
    numbers = {str(row["id"]): row["number"].replace("-", "").lower() for row in machine.world.rows("customerp", query)}
    shorts = {row["id"]: row["name"] for row in machine.world.rows("trello", "SELECT id, name FROM organizations")}
    found = set()
    for link in machine.links():
        mine, its = numbers.get(link["customerp_id"]), shorts.get(link["trello_id"])
        if mine != its and (mine in shorts.values() or its in numbers.values()):
            found.add((link["customerp_id"], link["trello_id"]))
    return found


def losing(machine: Any, name: str) -> Any:
    """The machine, with a state that gets lost at the end of every life."""

    class Losing(machine):
        def teardown(self) -> None:
            super().teardown()
            if not self.failed():
                self.lose_the_state()

        def lose_the_state(self) -> None:
            known = recognisable(self, keys_of(self, name)) - (lent(self) if name == "customers" else set())
            self.steps["links to be found again"] += len(known)
            self.world.forget_links(self.pair)
            heard, joined = len(self.world.journal.writes), set(self.beginnings())
            held = self.world.run(self.pair)
            assert self.world.journal.writes[heard:] == []
            if not (known or held.steps["reconcile"]["changes"]):
                return  # nothing is in scope, every customer is switched off for instance
            assert held.held, "a run without links is let through"
            self.world.run(self.pair, action="let_through", plan=held.steps["reconcile"]["digest"])
            now = {(link["customerp_id"], link["trello_id"]) for link in self.links(every=True)}
            assert known <= now, f"not found again: {known - now}; {held.text}"
            again = self.made_again(heard, known) | self.joined_again(joined, known)
            assert not again, f"made a second time: {again}"

        def made_again(self, heard: int, known: set[tuple[str, str]]) -> set[str]:
            keys = keys_of(self, name)["customerp"]
            sources = {self.source(one) for one in self.world.journal.writes[heard:] if one.route == MADE.get(name)}
            return sources & {str(keys[id_]) for id_, _ in known}

        def joined_again(self, joined: set[str], known: set[tuple[str, str]]) -> set[str]:
            """Memberships and invitations of records that were found again; a contact's count in its workspace only."""
            found = {record for _, record in known}
            news = {id_: one for id_, one in self.beginnings().items() if id_ not in joined}
            return {f"{place}:{member}" for place, member in news.values() if {member, f"{place}:{member}"} & found}

        def beginnings(self) -> dict[str, tuple[str, str]]:
            """Action -> workspace and member of every membership and invitation that began."""
            query = f"SELECT id, id_organization, data FROM actions WHERE type IN ({', '.join('?' * len(BEGUN))})"
            rows = self.world.rows("trello", query, *BEGUN)
            return {row["id"]: (row["id_organization"], json.loads(row["data"])["idMember"]) for row in rows}

    Losing.__name__ = f"Losing{machine.__name__}"
    return Losing


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", MACHINES)
def test_p12_a_lost_state_is_found_again(name, tmp_path, soak_row):
    machine, populate = MACHINES[name]
    losing_machine = losing(machine, name)
    losing_machine.world = SoakWorld(tmp_path, populate)
    losing_machine.steps = Counter()
    settings = hypothesis.settings(quiet(), max_examples=LIVES, stateful_step_count=60)
    try:
        run_state_machine_as_test(hypothesis.seed(SEED)(losing_machine), settings=settings)
        # Contacts change so much that often none of them is recognisable in the end.
        fewest = max(1, LIVES // 5) if name == "contacts" else LIVES
        assert losing_machine.steps["links to be found again"] >= fewest
    finally:
        soak_row(f"{name}, lost", losing_machine.steps)
        losing_machine.world.close()
