"""People edit, systems fail, runs come and go: one pair's machine, whatever its records are.

A subclass says what the records are and how people change them. After every step the laws below hold, after a run that
nothing disturbed also what :mod:`cells` expects of every property, and in the end everything is well:

- safety and lost updates (P1, P7): a value that somebody wrote is replaced by ours only if it has been on the other
  side, or a recorded conflict holds it;
- P10: at most one create per source;
- P13, P14, P18: a link ends only if one of its records is gone;
- P20: a preview leaves no trace, and its digest is that of the run that follows;
- P2, P3, P4: in the end all healthy records are equal and a further run writes nothing and changes no state.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

from cells import SIDES, Cell, Terms, Values, outcomes, plain
from desk import Refused
from engine import PAIRS
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from journal import Written
from soak_world import SoakWorld

from customerp_trello.errors import GuardError
from customerp_trello.state.conflicts import answer_conflict

NUMBER = st.integers(0, 999)
"""Chooses among whatever there is at that moment."""

TASKS = ("extract_customerp", "extract_trello", "reconcile", "guard", "load_customerp", "load_trello", "report")
PATIENCE = 14
"""Runs are slow and people are quick: so many steps at least lie between two runs."""
MANY = 15
"""With so many links nobody makes further records: what they would show, fifteen show as well, and quicker."""

POLICIES = st.sampled_from(["latest", "customerp", "trello", "manual"])
DIRECTIONS = st.sampled_from(["both", "both", "both", "to_trello", "to_customerp"])


class SyncMachine(RuleBasedStateMachine):
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
        self.dirty = False
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

    # -- runs -------------------------------------------------------------------------------------------------------

    def ready(self) -> bool:
        """Whether people have done enough for a run to come."""
        return self.waited >= PATIENCE

    def few(self) -> bool:
        """Whether there is room for further records."""
        return len(self.before_links) < MANY

    @contextmanager
    def _run(self, what: str) -> Iterator[None]:
        """A run: its writes are heard, the laws are checked at its end."""
        self.waited = 0
        self.steps["runs"] += 1
        self.steps[what] += 1
        yield
        self._laws(what)

    def _tell(self, ended: str) -> None:
        self.steps["ended: " + ("killed" if ended.startswith("killed") else ended.partition(":")[0])] += 1

    def doubt(self) -> None:
        """Nobody knows what of the edits a run has settled."""
        for cell in self.cells.values():
            cell.sure = False

    def before(self) -> None:
        """The runs of the pairs that this one builds on."""
        for pair in self.pairs:
            self.world.accident(pair)

    def quietly(self) -> Any:
        """A run that nothing disturbs, after one that puts right what an accident has left."""
        self.before()
        if self.dirty:
            self.doubt()
            action = "full_resync" if self.clock_moved else "sync"
            with self._run("mending runs"):
                self.world.pass_time(7)
                self._let_through(action)
            self.dirty = self.clock_moved = False
            self.world.pass_time(7)
        shown, links = self.shown(), {one["id"] for one in self.links()}
        questions = self._questions()
        with self._run("quiet runs"):
            ran = self._let_through("sync")
        self._expect(shown, links, questions)
        return ran

    def _let_through(self, action: str = "sync") -> Any:
        """A run, and another one that a person lets through if the guard has held it."""
        ran = self.world.run(self.pair, action=action)
        if not ran.held:
            return ran
        return self.world.run(self.pair, action="let_through", plan=ran.steps["reconcile"]["digest"])

    def _questions(self) -> dict[tuple[int, str], tuple[str, str]]:
        rows = self.world.state(
            "SELECT link, property, status, answer FROM conflict WHERE pair = ? AND status IN ('open', 'answered')",
            self.pair,
        )
        return {(row["link"], row["property"]): (row["status"], row["answer"]) for row in rows}

    def _expect(
        self,
        shown: dict[str, dict[str, dict[str, str]]],
        known: set[int],
        questions: dict[tuple[int, str], tuple[str, str]],
    ) -> None:
        """Every property of every healthy link is as :mod:`cells` says, and is settled."""
        after = self.shown()
        asked = self._questions()
        for link in self.links():
            ids = link["customerp_id"], link["trello_id"]
            if not self.healthy(*ids) or ids[1] not in after["trello"] or ids[0] not in after["customerp"]:
                continue
            for name in self.readable(after, link):
                cell, now = self.cell(ids[0], name), self.values(after, link, name)
                if ids[1] not in shown["trello"] or ids[0] not in shown["customerp"]:
                    cell.settle(now)  # one of the two was made in this run
                    continue
                if name not in self.readable(shown, link):
                    continue  # it showed up in this run: nothing has been decided yet
                was = self.values(shown, link, name)
                if link["id"] not in known:
                    cell.base, cell.sure = None, True
                elif cell.base is None:
                    cell.sure = False
                allowed = outcomes(cell, was, self.terms(name, link), questions.get((link["id"], name)))
                if not cell.sure and self._answered(link, name):
                    allowed = allowed | {was}
                assert now in allowed, (
                    f"{name} of {ids}: {was} became {now}, expected one of {allowed}; {cell}, "
                    f"{self.terms(name, link)}, question {questions.get((link['id'], name))}, marks {link['marks']}"
                )
                if (link["id"], name) in asked and now[0] != now[1]:
                    cell.base = cell.base or was
                    cell.sure = False
                    cell.edited = set(SIDES)
                else:
                    cell.settle(now)

    @precondition(ready)
    @rule()
    def a_run(self) -> None:
        self.quietly()

    @precondition(ready)
    @rule()
    def two_runs(self) -> None:
        """P4: the second one writes nothing and changes nothing but its own books."""
        self.quietly()
        self._nothing_more()

    def _nothing_more(self) -> None:
        before, heard = self.world.contents(self.pair), len(self.world.journal.writes)
        with self._run("idle runs"):
            ran = self.world.run(self.pair)
        # Without a single link every run is a first one.
        assert not ran.held or not self.links(every=True), ran.held
        more = self.world.journal.writes[heard:]
        assert not more, f"a second run writes {more}"
        after = self.world.contents(self.pair)
        for table, rows in before.items():
            counters = table == "open_work"
            assert counters or rows == after[table], f"a second run changes {table}: {rows} became {after[table]}"

    @precondition(ready)
    @rule()
    def a_preview_and_its_run(self) -> None:
        """P20: a preview leaves no trace, and its digest is the run's."""
        if self.dirty:
            self.quietly()
        before, heard = self.world.contents(self.pair), len(self.world.journal.writes)
        with self._run("previews"):
            seen = self.world.run(self.pair, action="preview")
        assert len(self.world.journal.writes) == heard
        assert self.world.contents(self.pair) == before
        shown, links, questions = self.shown(), {one["id"] for one in self.links()}, self._questions()
        with self._run("quiet runs"):
            ran = self.world.run(self.pair)
        assert ran.steps["reconcile"]["digest"] == seen.steps["reconcile"]["digest"]
        if ran.held:
            self._let_through()
        self._expect(shown, links, questions)

    @precondition(ready)
    @rule(number=NUMBER, minutes=st.integers(-3, 3), way=st.sampled_from(["from", "to", "both", "keys", "limit"]))
    def a_partial_run(self, number: int, minutes: int, way: str) -> None:
        """A window, some keys, a number of writes: nothing past is ever written."""
        now = datetime.now(UTC)
        form: dict[str, Any] = {}
        if way in ("from", "both"):
            form["changed_from"] = now - timedelta(seconds=abs(minutes) * 5)
        if way in ("to", "both"):
            form["changed_to"] = now + timedelta(seconds=minutes)
        if way == "keys" and (link := self.pick(number)):
            form["keys"] = (link["customerp_id"],)
        if way == "limit":
            form["limit"] = 1 + number % 3
        if way == "both" and form["changed_from"] >= form["changed_to"]:
            del form["changed_to"]
        with self._run("partial runs"):
            self.world.run(self.pair, **form)
        self.dirty = True
        self.doubt()

    @precondition(ready)
    @rule(task=st.sampled_from(TASKS), number=NUMBER, which=NUMBER, side=st.sampled_from(SIDES), more=st.booleans())
    def people_edit_during_a_run(self, task: str, number: int, which: int, side: str, more: bool) -> None:
        """P7: what comes between reading and writing survives or is a recorded conflict."""

        def on_task(begun: str) -> None:
            if begun == task:
                self._edits(number, which, side, 0)
                if more:
                    self._edits(number, which + 1, SIDES[side == SIDES[0]], 0)
                    self._edits(number + 1, which, side, 0)

        with self._run("runs with edits"):
            ended = self.world.accident(self.pair, on_task=on_task)
        self._tell(ended)
        self.dirty = True
        self.doubt()

    @precondition(ready)
    @rule(step=st.integers(1, 400), again=st.booleans())
    def a_killed_run(self, step: int, again: bool) -> None:
        """P10, P11: whatever a killed run leaves, nothing is made twice and nothing gets lost."""
        for _ in range(1 + again):
            with self._run("killed runs"):
                ended = self.world.accident(self.pair, at=1 + step % 130)
            self._tell(ended)
        self.dirty = True
        self.doubt()

    FAULTS = ("status:429", "status:500", "status:504", "reset", "lost_answer", "twice", "truncate", "blank")
    LISTING_FAULTS = ("empty", "short", "doubled", "truncate", "status:503", "reset", "blank")

    @precondition(ready)
    @rule(
        system=st.sampled_from(SIDES),
        which=NUMBER,
        kind=st.sampled_from(FAULTS),
        times=st.integers(1, 4),
        after=st.integers(0, 2),
    )
    def a_run_with_a_fault(self, system: str, which: int, kind: str, times: int, after: int) -> None:
        """A write fails, or its answer is lost."""
        match = self.writes[system][which % len(self.writes[system])]
        wish = {"match": match, "kind": kind, "times": times, "after": after}
        with self._run("runs with a fault"), self.world.faults(system, wish):
            ended = self.world.accident(self.pair)
            if kind == "twice":
                self._spare_doubles()
        self._tell(ended)
        self.dirty = True
        self.doubt()

    def _spare_doubles(self) -> None:
        """A delivery that the network doubles makes two, on a system without idempotency keys; never a third."""
        heard = self.world.journal.writes[self.heard :]
        for one, next_one in pairwise(heard):
            if self.source(one) and self.source(one) == self.source(next_one) and one.sent == next_one.sent:
                self.spared[self.source(one)] += 1

    @precondition(ready)
    @rule(system=st.sampled_from(SIDES), which=NUMBER, kind=st.sampled_from(LISTING_FAULTS), times=st.integers(1, 5))
    def a_run_with_a_bad_listing(self, system: str, which: int, kind: str, times: int) -> None:
        """P13: a listing that is empty, short or doubled deletes nothing and makes no duplicate."""
        match = self.listings[system][which % len(self.listings[system])]
        with (
            self._run("runs with a bad listing"),
            self.world.faults(system, {"match": match, "kind": kind, "times": times}),
        ):
            ended = self.world.accident(self.pair, action="full_resync")
        self._tell(ended)
        self.dirty = True
        self.doubt()

    @rule(side=st.sampled_from(SIDES), number=NUMBER)
    def a_person_answers(self, side: str, number: int) -> None:
        """One of the questions gets an answer."""
        rows = self.world.state("SELECT id FROM conflict WHERE pair = ? AND status = 'open'", self.pair)
        if rows:
            with self.world.engine.store.begin() as tx:
                answer_conflict(tx, rows[number % len(rows)]["id"], side, "a person")

    @precondition(ready)
    @rule(number=NUMBER)
    def a_run_is_undone(self, number: int) -> None:
        """What a run wrote is put back where it stands, and waits for a person."""
        rows = self.world.state(
            "SELECT DISTINCT run FROM history WHERE pair = ? AND operation = 'update' AND side != '' ORDER BY run",
            self.pair,
        )
        if rows:
            self.undoing = True
            with self._run("undone runs"):
                self.world.accident(self.pair, action="undo", run=rows[number % len(rows)]["run"])
            self.undoing = False
            self.dirty = True
            self.doubt()

    undoing = False

    # -- laws -------------------------------------------------------------------------------------------------------

    @invariant()
    def one_more_step(self) -> None:
        self.steps["rule steps"] += 1
        self.waited += 1

    def _laws(self, what: str) -> None:
        """What holds after every run, however it ended."""
        self._look_around(self.shown())
        heard = self.world.journal.writes[self.heard :]
        lost: list[tuple[str, str, str, str]] = []
        for one in heard:
            side = one.system
            for name, before, after in self.replaced(one):
                one_way = name in self.editable and self.terms(name).direction != "both"
                if before and before != after and not one_way and not self.undoing:
                    lost.append((side, name, before, after))
            self.ever[side].update(plain(value) for value in one.sent.values())
            if source := self.source(one):
                self.created[source] += 1
        told = {
            text
            for row in self.world.state("SELECT customerp, trello FROM conflict WHERE pair = ?", self.pair)
            for text in row.values()
        }
        refused = self.world.state("SELECT after FROM history WHERE pair = ? AND operation = 'not_writable'", self.pair)
        told |= {row["after"] for row in refused}  # what the other side could not take, and people were told so
        for side, name, before, after in lost:
            other = SIDES[side == SIDES[0]]
            assert before in self.ever[other] or before in told, (
                f"{what}: {name} in {side} was {before!r} and became {after!r}; the old value is in no conflict and "
                f"was never in {other}. {self._story(before, after)}"
            )
        for source, times in self.created.items():
            assert times <= 1 + self.spared[source], f"{what}: {times} records were made for {source}"
        self.heard = len(self.world.journal.writes)
        self._links_end_with_their_records(what)

    def _story(self, *texts: str) -> str:
        """What history and conflicts tell of some values."""
        marks = ", ".join("?" * len(texts))
        lines = []
        for table, columns in (("history", ("before", "after")), ("conflict", ("customerp", "trello"))):
            found = " OR ".join(f"trim({column}) IN ({marks})" for column in columns)
            query = f"SELECT * FROM {table} WHERE pair = ? AND ({found}) ORDER BY id"
            lines += [f"{table}: {row}" for row in self.world.state(query, self.pair, *texts, *texts)]
        return "\n".join(lines)

    def _links_end_with_their_records(self, what: str) -> None:
        now = {one["id"]: one for one in self.links(every=True)}
        shown = self.shown()
        for id_, link in self.before_links.items():
            gone = link["customerp_id"] not in shown["customerp"] or link["trello_id"] not in shown["trello"]
            assert id_ in now or gone or self.undoing, (
                f"{what}: the link {link} ended, and both of its records are there"
            )
        self.before_links = now

    # -- the end ----------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """All accidents are over: two runs later everything is well, and a further one has nothing to do."""
        if self.failed():
            # At once: times of edits decide some conflicts, so a replay may take another course.
            print(f"{type(self).__name__} failed: {sys.exc_info()[1]}", file=sys.__stderr__, flush=True)
            return
        self.mend()
        self.dirty = True
        self.quietly()
        for side in SIDES:  # an answer may be void by now, or bring up another question
            if rows := self.world.state("SELECT id FROM conflict WHERE pair = ? AND status = 'open'", self.pair):
                with self.world.engine.store.begin() as tx:
                    for row in rows:
                        answer_conflict(tx, row["id"], side, "a person")
                self.quietly()
        self._nothing_more()
        self._all_well()

    def failed(self) -> bool:
        """Whether a step has failed already, so that there is nothing to be said of the end."""
        return sys.exc_info()[0] is not None

    @staticmethod
    def _answered(link: dict[str, Any], name: str) -> bool:
        """Whether a person has settled it with a difference: an answer for the side that may not be written."""
        return json.loads(link["marks"]).get(name) == "answered"

    def _all_well(self) -> None:
        """P2, P3, P16: every record that should have a counterpart has one, and both show the same."""
        shown = self.shown()
        waiting = self._questions()
        for link in self.links():
            ids = link["customerp_id"], link["trello_id"]
            if ids[0] not in shown["customerp"] or ids[1] not in shown["trello"] or not self.healthy(*ids):
                continue
            for name in self.readable(shown, link):
                here, there = self.values(shown, link, name)
                terms = self.terms(name, link)
                source = there if terms.direction == "to_customerp" else here
                target = "customerp" if terms.direction == "to_customerp" else "trello"
                able = terms.takes(target, source) and (terms.direction != "both" or terms.takes("customerp", there))
                asked = (link["id"], name) in waiting or self._answered(link, name)
                well = here == there or not able or asked
                assert well, f"in the end {name} of {ids} is {here!r} and {there!r}; marks {link['marks']}"


def guarded(run: Callable[[], Any]) -> str:
    """What the guard says to a run, "" if it lets it pass."""
    try:
        return str(run().held)
    except GuardError as error:
        return str(error)
