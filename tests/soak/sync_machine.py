"""People edit, systems fail, runs come and go: one pair's machine, whatever its records are.

A subclass says what the records are and how people change them. After every run the laws of :mod:`lawful_runs` hold,
after one that nothing disturbed also what :mod:`cells` expects of every property, a preview leaves no trace and has
the digest of its run (P20), and in the end all healthy records are equal and a further run does nothing (P2, P3, P4).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from cells import SIDES
from edited_records import NUMBER
from hypothesis import strategies as st
from hypothesis.stateful import rule
from lawful_runs import LawfulRuns, run_rule

from customerp_trello.state.conflicts import answer_conflict

TASKS = ("extract_customerp", "extract_trello", "reconcile", "guard", "load_customerp", "load_trello", "report")


class SyncMachine(LawfulRuns):
    """One pair; a subclass gives ``pair`` and whatever raises NotImplementedError in :class:`EditedRecords`."""

    # -- runs and accidents -----------------------------------------------------------------------------------------

    @run_rule()
    def a_run(self) -> None:
        self.quietly()

    @run_rule()
    def two_runs(self) -> None:
        """P4: the second one writes nothing and changes nothing but its own books."""
        self.quietly()
        self._nothing_more()

    @run_rule()
    def a_preview_and_its_run(self) -> None:
        """P20: a preview leaves no trace, and its digest is the run's."""
        if self.dirty:
            self.quietly()
        contents, heard = self.world.contents(self.pair), len(self.world.journal.writes)
        with self._run("previews"):
            seen = self.world.run(self.pair, action="preview")
        assert len(self.world.journal.writes) == heard
        assert self.world.contents(self.pair) == contents
        before = self._before()
        with self._run("quiet runs"):
            ran = self.world.run(self.pair)
        assert ran.steps["reconcile"]["digest"] == seen.steps["reconcile"]["digest"]
        if ran.held:
            self._let_through()
        self._expect(before)

    @run_rule(number=NUMBER, minutes=st.integers(-3, 3), way=st.sampled_from(["from", "to", "both", "keys", "limit"]))
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

    @run_rule(task=st.sampled_from(TASKS), number=NUMBER, which=NUMBER, side=st.sampled_from(SIDES), more=st.booleans())
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

    @run_rule(step=st.integers(1, 400), again=st.booleans())
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

    @run_rule(
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

    @run_rule(
        system=st.sampled_from(SIDES), which=NUMBER, kind=st.sampled_from(LISTING_FAULTS), times=st.integers(1, 5)
    )
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

    @run_rule(number=NUMBER)
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
