"""The kill table: a scene's run ended at each of its steps, what follows in life, and the end compared."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from end_state import ahead, differences, end_state, left_behind
from engine import ask
from forked_runs import ForkedRuns
from kill_switch import Killed, KillSwitch
from kill_world import KillWorld
from run_tasks import PairTasks

from customerp_trello.state import lease

SETTLED = 200
"""Seconds after which interrupted writes have settled (the mappings say 120) and the first back-off is over."""


@dataclass
class Row:
    """One scene under one kind of kill.

    Attributes:
        steps: how many steps the run has.
        killed: at how many of them it was ended.
        states: how many states that left behind which no kill had left before; what follows was run from each of
            them.
        different: step -> what was different at the end.
    """

    scene: str
    kind: str
    steps: int = 0
    killed: int = 0
    states: int = 0
    different: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        equal = self.killed - len(self.different)
        figures = f"{self.steps:>7}{self.killed:>8}{self.states:>8}{equal:>8}{len(self.different):>11}"
        return f"{self.scene:<20}{self.kind:<12}{figures}"


HEAD = f"{'scene':<20}{'killed by':<12}{'steps':>7}{'killed':>8}{'states':>8}{'equal':>8}{'different':>11}"


class KillTable:
    """Kills one scene's run step by step.

    What follows a kill depends on nothing but what it left in the databases (and, for a retry, in the run's files).
    So each state that kills leave behind is followed once, however many steps leave it. Likewise the run when all has
    settled goes by nothing but what the run before it left, so that it is made once for all that left the same.

    Args:
        world: the company.
        saved: where it is saved as it was just before the run.
        pair: the scene's pair.
    """

    def __init__(self, world: KillWorld, saved: Path, pair: str) -> None:
        self.world, self.saved, self.pair = world, saved, pair
        self.expected: list[str] = []
        self._followed: dict[str, str] = {}
        self._settled: dict[str, str] = {}

    def undisturbed(self, switch: KillSwitch) -> list[str]:
        """The run without a kill, and a quiet one after it: the state that every other story has to end in.

        Returns:
            The names of the run's steps.
        """
        self.world.restore(self.saved)
        switch.arm(0)
        self._asked().perform()
        switch.disarm()
        self._after()
        self.expected = self._end()
        return list(switch.names)

    def fill(self, row: Row, names: list[str], points: Iterable[int], kill: Callable[[int], PairTasks]) -> Row:
        """Kill at each of *points* (counted from 1) and note how it ends.

        Args:
            row: to be filled.
            names: the run's steps.
            points: where to kill.
            kill: restores the world, ends its run at a step and says which run that was.
        """
        row.steps, known = len(names), len(self._followed)
        for at in points:
            if found := self.follow(kill(at)):
                row.different[f"{at} {names[at - 1]}"] = found
            row.killed += 1
        row.states = len(self._followed) - known
        return row

    def killed_here(self, switch: KillSwitch) -> Callable[[int], PairTasks]:
        """Ends the run by an exception in this process."""

        def kill(at: int) -> PairTasks:
            self.world.restore(self.saved)
            tasks = self._asked()
            switch.arm(at)
            try:
                tasks.perform()
            except Killed:
                return tasks
            finally:
                switch.disarm()
            raise AssertionError(f"nothing was killed at step {at}")

        return kill

    def killed_there(self, processes: ForkedRuns) -> Callable[[int], PairTasks]:
        """Ends the run by SIGKILL, in a process of its own."""

        def kill(at: int) -> PairTasks:
            self.world.restore(self.saved)
            tasks = self._asked()
            ended = processes.start(tasks.id, at=at)
            assert ended.how == "killed", ended
            tasks.reached = ended.reached
            return tasks

        return kill

    def follow(self, tasks: PairTasks) -> str:
        """What is different in the end, whether the killed task is retried or a new run comes."""
        state = left_behind(self.world.folder, self.saved, tasks.reached)
        if state not in self._followed:
            left = self.world.save("left behind")
            retried = self.ends(tasks.retry) if tasks.reached else ""
            self.world.restore(left)
            anew = self.ends(lambda: self._new_run(tasks))
            told = {"the killed task is retried": retried, "a new run comes": anew}
            self._followed[state] = "\n".join(f"{what}:\n{found}" for what, found in told.items() if found)
        return self._followed[state]

    def _new_run(self, killed: PairTasks) -> None:
        lease.release(self.world.engine.store, self.pair, killed.id)  # the killed run's own teardown
        self._asked().perform()

    def _asked(self) -> PairTasks:
        """A run that is asked for the same as the one that is killed."""
        return PairTasks(self.world.engine, self.pair, form=self.world.form)

    def ends(self, story: Callable[[], None]) -> str:
        """The story, and a run when all has settled; nothing is different then, and the next one writes nothing."""
        try:
            story()
            now = ahead(self.world.folder, self.saved)
            if now not in self._settled:
                self._settled[now] = self._settle()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return self._settled[now]

    def _settle(self) -> str:
        # If that run wrote, a quiet one follows, as in the undisturbed story: who was posted again is compared by it.
        written = self._after() and self._after()
        found = differences(self.expected, self._end())
        return found + (f"another run writes {written} times\n" if written else "")

    def _after(self) -> int:
        """A run when all has settled; how many writes it sent."""
        before = self._writes_taken()
        with self.world.later(SETTLED):
            PairTasks(self.world.engine, self.pair).perform()
        return self._writes_taken() - before

    def _writes_taken(self) -> int:
        urls = (self.world.engine.customerp_url, self.world.engine.trello_url)
        return sum(ask("GET", f"{url}/sandbox/requests")["writes_taken"] for url in urls)

    def _end(self) -> list[str]:
        return end_state(self.world.folder, self.saved, self.pair)


def sample(names: list[str], wanted: int, seed: str, always: Iterable[str] = ()) -> list[int]:
    """So many steps, drawn by *seed*, and the first and the last of each kind in *always*; all for *wanted* 0."""
    every = range(1, len(names) + 1)
    if wanted == 0:
        return list(every)
    kinds = ([at for at in every if re.fullmatch(kind, names[at - 1])] for kind in always)
    chosen = {at for found in kinds for at in (found[0], found[-1])}
    return sorted(chosen.union(random.Random(seed).sample(every, wanted)))
