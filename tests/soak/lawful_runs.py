"""Runs that nothing disturbs, and the laws that hold after every run, however it ended.

- safety and lost updates (P1, P7): a value that somebody wrote is replaced by ours only if it has been on the other
  side, or a recorded conflict holds it;
- P10: at most one create per source;
- P13, P14, P18: a link ends only if one of its records is gone;
- P4: a further run writes nothing and changes no state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

from cells import SIDES, outcomes, plain
from edited_records import EditedRecords
from hypothesis.stateful import invariant, precondition, rule

PATIENCE = 14
"""Runs are slow and people are quick: so many steps at least lie between two runs."""
MANY = 15
"""With so many links nobody makes further records: what they would show, fifteen show as well, and quicker."""
MOST_IN_A_ROW = 4
"""Quiet runs by which those who make room for one another have all come in: no person is in more places."""


@dataclass(frozen=True)
class Before:
    """What there was before a run.

    Attributes:
        shown: see :meth:`EditedRecords.shown`.
        records: link -> its record of Trello.
        questions: link and property -> status and answer.
        history: the last line.
    """

    shown: dict[str, dict[str, dict[str, str]]]
    records: dict[int, str]
    questions: dict[tuple[int, str], tuple[str, str]]
    history: int


class LawfulRuns(EditedRecords):
    """Runs of the pair, each heard and judged; whatever a run may leave behind is said by :mod:`cells`."""

    undoing = False
    """A person wants a run undone, so that our writes replace whatever stands."""

    def ready(self) -> bool:
        """Whether people have done enough for a run to come."""
        return self.waited >= PATIENCE

    def few(self) -> bool:
        """Whether there is room for further records."""
        return len(self.before_links) < MANY

    @contextmanager
    def _run(self, what: str) -> Iterator[None]:
        """A run: its writes are heard, the laws are checked at its end."""
        self.steps["runs"] += 1
        self.steps[what] += 1
        self._look_around(self.shown())  # what people change during the run was shown before it
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
        before = self._before()
        with self._run("quiet runs"):
            ran = self._let_through("sync")
        self.newly_shown = not self._records().items() <= before.records.items()
        self._expect(before)
        return ran

    def _before(self) -> Before:
        (last,) = self.world.state("SELECT max(id) AS id FROM history")
        return Before(self.shown(), self._records(), self._questions(), last["id"] or 0)

    def _records(self) -> dict[int, str]:
        """Which link has which record of Trello: who went elsewhere shows what they show there."""
        return {one["id"]: one["trello_id"] for one in self.links()}

    def _compared(self, before: Before) -> dict[int, str]:
        """Which record of Trello the run compared, of links that it gave another one."""
        return {}

    def _made(self, before: Before) -> set[int]:
        """Links that began with a create: an invited address may be of somebody who is in there already, as staff."""
        query = "SELECT DISTINCT link FROM history WHERE pair = ? AND operation = 'create' AND id > ?"
        return {row["link"] for row in self.world.state(query, self.pair, before.history)}

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

    def _expect(self, before: Before) -> None:
        """Every property of every healthy link is as :mod:`cells` says, and is settled."""
        after, shown, compared = self.shown(), before.shown, self._compared(before)
        asked, made = self._questions(), self._made(before)
        for link in self.links():
            ids = link["customerp_id"], link["trello_id"]
            then = link | {"trello_id": compared.get(link["id"], link["trello_id"])}
            if not self.healthy(*ids) or ids[1] not in after["trello"] or ids[0] not in after["customerp"]:
                continue
            for name in self.readable(after, link):
                cell, now = self.cell(ids[0], name), self.values(after, link, name)
                unseen = then["trello_id"] not in shown["trello"] or ids[0] not in shown["customerp"]
                if unseen or link["id"] in made:
                    self.newly_shown = True  # one of the two was made in this run, or came back
                    cell.settle(now)
                    if now[0] != now[1]:
                        cell.base, cell.sure = None, False  # an account that was there has its own profile
                    continue
                if name not in self.readable(shown, then):
                    self.newly_shown = True  # in this run, of who came back in: nothing has been decided yet
                    continue
                was = self.values(shown, then, name)
                if link["id"] not in before.records:
                    cell.base, cell.sure = None, True
                elif cell.base is None:
                    cell.sure = False
                question = before.questions.get((link["id"], name))
                allowed = outcomes(cell, was, self.terms(name, link), question)
                if not cell.sure and self._answered(link, name):
                    allowed = allowed | {was}
                assert now in allowed, (
                    f"{name} of {ids}: {was} became {now}, expected one of {allowed}; {cell}, "
                    f"{self.terms(name, link)}, question {question}, marks {link['marks']}"
                )
                if (link["id"], name) in asked and now[0] != now[1]:
                    cell.base = cell.base or was
                    cell.sure = False
                    cell.edited = set(SIDES)
                elif cell.base is not None or now != was or now[0] == now[1]:
                    cell.settle(now, self.terms(name, link))

    def _nothing_more(self) -> None:
        # What one side alone shows of another record is compared once both are there. Who moved away may let in who
        # waits for the place, and each of them is a new record.
        for _ in range(MOST_IN_A_ROW):
            if not self.newly_shown:
                break
            self.quietly()
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
                self.ever[side].add(after)
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

    def _answered(self, link: dict[str, Any], name: str) -> bool:
        """Whether a person has settled it with a difference: by an answer for the side that may not be written.

        Or for a value that the other side cannot take.
        """
        mark = json.loads(link["marks"]).get(name, "")
        told = "SELECT id FROM conflict WHERE link = ? AND property = ? AND status = 'settled' AND answer != ''"
        return mark == "answered" or bool("not_writable" in mark and self.world.state(told, link["id"], name))


# What can happen depends on nothing but the steps before: Hypothesis calls a machine flaky whose rules come and go with
# what the systems answer.

Rule = Callable[..., None]


def run_rule(**arguments: Any) -> Callable[[Rule], Rule]:
    """A rule with runs: it comes when people have done enough, and they begin anew."""

    def accept(act: Rule) -> Rule:
        @wraps(act)
        def patiently(machine: Any, **values: Any) -> None:
            machine.waited = 0
            act(machine, **values)

        decorated: Rule = precondition(LawfulRuns.ready)(rule(**arguments)(patiently))
        return decorated

    return accept


def room_rule(**arguments: Any) -> Callable[[Rule], Rule]:
    """A rule that makes a record, where there is room for further ones."""

    def accept(act: Rule) -> Rule:
        @wraps(act)
        def with_room(machine: Any, **values: Any) -> None:
            if machine.few():
                act(machine, **values)

        decorated: Rule = rule(**arguments)(with_room)
        return decorated

    return accept
