"""One pair's records as people see and edit them, and what is known of each; runs come in :mod:`lawful_runs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from cells import SIDES, Cell, Terms, Values, plain
from desk import Refused
from engine import PAIRS
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from journal import Written
from soak_world import SoakWorld

NUMBER = st.integers(0, 999)
"""Chooses among whatever there is at that moment."""
POLICIES = st.sampled_from(["latest", "customerp", "trello", "manual"])
DIRECTIONS = st.sampled_from(["both", "both", "both", "to_trello", "to_customerp"])


class EditedRecords(RuleBasedStateMachine):
    """One pair; a subclass gives ``pair``, ``two_way`` and the methods that raise NotImplementedError here."""

    pair: ClassVar[str]
    pairs: ClassVar[tuple[str, ...]] = ()
    """Pairs whose runs go before this one's."""
    editable: ClassVar[tuple[str, ...]]
    """Properties that people edit on both sides."""
    listings: ClassVar[Mapping[str, tuple[str, ...]]]
    """Per system, the listings that a fault may cut short."""
    writes: ClassVar[Mapping[str, tuple[str, ...]]]
    """Per system, the writes that a fault may strike."""
    world: ClassVar[SoakWorld]
    steps: ClassVar[Counter[str]] = Counter()
    """What all machines of this process have done."""

    def __init__(self) -> None:
        super().__init__()
        self.world.restart()
        self.count = self.waited = 0
        self.dirty = self.newly_shown = False
        self.cells: dict[tuple[str, str], Cell] = {}
        self.ever: dict[str, set[str]] = {side: set() for side in SIDES}
        self.created: Counter[str] = Counter()
        self.spared: Counter[str] = Counter()
        self.heard = 0
        self.before_links: dict[int, dict[str, Any]] = {}

    # -- what a subclass knows --------------------------------------------------------------------------------------

    def shown(self) -> dict[str, dict[str, dict[str, str]]]:
        """Side -> id -> property -> value of every record that lives, as people see it."""
        raise NotImplementedError

    def edit(self, side: str, record: str, values: dict[str, str]) -> None:
        """Somebody edits a record."""
        raise NotImplementedError

    def text(self, name: str, kind: str) -> str:
        """A value for a property that nobody has ever written; *kind* is one of :attr:`kinds`."""
        raise NotImplementedError

    def takes(self, name: str, side: str, value: str) -> bool:
        """Whether a side takes a value of the other."""
        return True

    def takes_in(self, record: str, name: str, side: str, value: str) -> bool:
        """Whether this very record of a side takes a value of the other."""
        return self.takes(name, side, value)

    def readable(self, shown: dict[str, dict[str, dict[str, str]]], link: dict[str, Any]) -> list[str]:
        """Properties that both records show; one that a record lacks is unknown."""
        both = [shown[side].get(link[f"{side}_id"], {}) for side in SIDES]
        return [name for name in self.editable if all(name in values for values in both)]

    def replaced(self, written: Written) -> Iterator[tuple[str, str, str]]:
        """Property, value before and value after of what one of our writes changed."""
        raise NotImplementedError

    def source(self, written: Written) -> str:
        """Whom a create was for; "" for a write that creates nothing."""
        raise NotImplementedError

    def healthy(self, customerp_id: str, trello_id: str) -> bool:
        """Whether nothing keeps the two records from being in sync."""
        return True

    def mend(self) -> None:
        """Undo whatever keeps records from being in sync."""

    kinds: ClassVar[tuple[str, ...]] = ("plain", "plain", "empty")

    # -- the records ------------------------------------------------------------------------------------------------

    @initialize(
        policies=st.lists(POLICIES, min_size=8, max_size=8),
        directions=st.lists(DIRECTIONS, min_size=8, max_size=8),
        first=st.sampled_from(["customerp", "trello", "manual"]),
        versus=st.sampled_from(["edit_wins", "delete_wins"]),
        tie=st.sampled_from(SIDES),
    )
    def settings(self, policies: list[str], directions: list[str], first: str, versus: str, tie: str) -> None:
        """Every mapping that the form of the pair allows, and the first morning's links."""
        for pair in PAIRS:
            self.world.engine.mappings.pop(pair, None)
        self.world.engine.widen()
        found = self.world.engine.mapping(self.pair)
        choice = {
            name: {"conflict": policy, "direction": direction}
            for name, policy, direction in zip(self.editable, policies, directions, strict=False)
        }
        properties = tuple(one.model_copy(update=self.choose(one.name, choice)) for one in found.properties)
        self.world.engine.mappings[self.pair] = found.model_copy(
            update={"properties": properties, "on_first_link": first, "delete_vs_edit": versus, "tie": tie}
        )
        self.standing = self.world.engine.mapping(self.pair)
        shown = self.shown()
        for link in self.links():
            for name in self.readable(shown, link):
                self.cell(link["customerp_id"], name).settle(self.values(shown, link, name))
        self._look_around(shown)
        self.before_links = {one["id"]: one for one in self.links(every=True)}

    def _look_around(self, shown: dict[str, dict[str, dict[str, str]]]) -> None:
        for side, records in shown.items():
            for record in records.values():
                self.ever[side].update(record.values())

    def choose(self, name: str, choice: dict[str, dict[str, str]]) -> dict[str, Any]:
        """What of a property's settings this example changes."""
        return dict(choice.get(name, {}))

    def fresh(self, name: str, kind: str = "plain") -> str:
        """A value that nobody has written before (but for "")."""
        self.count += 1
        return self.text(name, kind)

    def links(self, *, every: bool = False) -> list[dict[str, Any]]:
        """Links of the pair that are in sync, or *every* one."""
        rows = self.world.state("SELECT * FROM link WHERE pair = ? ORDER BY id", self.pair)
        return [row for row in rows if every or row["status"] == "linked"]

    def cell(self, customerp_id: str, name: str) -> Cell:
        """What is expected of a property."""
        return self.cells.setdefault((customerp_id, name), Cell())

    def terms(self, name: str, link: dict[str, Any] | None = None) -> Terms:
        """What the mapping says of a property, in the records of a link."""
        mapping = self.standing
        prop = mapping.property(name)
        first = prop.on_first_link or mapping.on_first_link
        ids = {side: link[f"{side}_id"] if link else "" for side in SIDES}
        return Terms(
            prop.direction,
            prop.conflict,
            first,
            prop.put_back,
            lambda side, value: self.takes_in(ids[side], name, side, value),
        )

    @staticmethod
    def values(shown: dict[str, dict[str, dict[str, str]]], link: dict[str, Any], name: str) -> Values:
        """A property's values on both sides."""
        return shown["customerp"][link["customerp_id"]][name], shown["trello"][link["trello_id"]][name]

    def write(self, side: str, record: str, values: dict[str, str]) -> None:
        """Somebody edits, and it is remembered; what the system does not take has not happened."""
        try:
            self.edit(side, record, values)
        except Refused:
            return
        self.ever[side].update(plain(value) for value in values.values())
        for link in self.links(every=True):
            if link[f"{side}_id"] == record:
                for name in values:
                    self.cell(link["customerp_id"], name).edited.add(side)

    def pick(self, number: int, *, every: bool = False) -> dict[str, Any] | None:
        """One of the links, None if there is none."""
        shown = self.shown()
        found = [
            one
            for one in self.links(every=every)
            if one["customerp_id"] in shown["customerp"] and one["trello_id"] in shown["trello"]
        ]
        return found[number % len(found)] if found else None

    # -- people edit ------------------------------------------------------------------------------------------------

    @rule(number=NUMBER, which=NUMBER, side=st.sampled_from(SIDES), kind=NUMBER)
    def somebody_edits(self, number: int, which: int, side: str, kind: int) -> None:
        self._edits(number, which, side, kind)

    @rule(number=NUMBER, which=NUMBER, side=st.sampled_from(SIDES), kind=NUMBER)
    def somebody_else_edits(self, number: int, which: int, side: str, kind: int) -> None:
        self._edits(number, which, side, kind)

    def _edits(self, number: int, which: int, side: str, kind: int) -> None:
        if link := self.pick(number):
            name = self.editable[which % len(self.editable)]
            self.write(side, link[f"{side}_id"], {name: self.fresh(name, self.kinds[kind % len(self.kinds)])})

    @rule(number=NUMBER, which=NUMBER, equal=st.booleans())
    def both_edit(self, number: int, which: int, equal: bool) -> None:
        if link := self.pick(number):
            name = self.editable[which % len(self.editable)]
            here = self.fresh(name)
            self.write("customerp", link["customerp_id"], {name: here})
            self.write("trello", link["trello_id"], {name: here if equal else self.fresh(name)})

    @rule(number=NUMBER, side=st.sampled_from(SIDES))
    def somebody_edits_all(self, number: int, side: str) -> None:
        if link := self.pick(number):
            self.write(side, link[f"{side}_id"], {name: self.fresh(name) for name in self.editable})

    @rule(seconds=st.sampled_from([-7200, -90, 0, 90, 7200]), system=st.sampled_from(SIDES))
    def a_clock_is_set(self, seconds: int, system: str) -> None:
        """A server's clock is wrong from now on; a clock that goes back is healed by the next complete listing."""
        self.world.control(system, "clock", offset_seconds=seconds)
        self.dirty = self.clock_moved = True

    clock_moved = False
