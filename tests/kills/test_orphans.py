"""P11: tasks that lost their supervisor live on beside their retry, as processes; the fence stops them."""

from __future__ import annotations

import random
import uuid

import pytest
from engine import ask
from forked_runs import ForkedRuns
from kill_scenes import SCENES
from kill_settings import KILLS, SEED
from kill_switch import KillSwitch
from kill_table import KillTable, Row

LOADS = ("load_customerp", "load_trello")


@pytest.fixture
def story(scene_world, monkeypatch):
    """``story("customers")``: the scene's table, the names of its run's steps, and its processes."""
    started = []

    def tell(name):
        world, saved = scene_world(name)
        table = KillTable(world, saved, SCENES[name].pair)
        with monkeypatch.context() as patch:
            switch = KillSwitch()
            switch.wire(patch.setattr, world.engine.folder)
            names = table.undisturbed(switch)
        started.append(ForkedRuns(world, name))
        return table, names, started[-1]

    yield tell
    for processes in started:
        processes.__exit__()


class Orphan:
    """One attempt that lost its supervisor: it is stopped at a step, and goes on when its retry is through."""

    def __init__(self, table, processes, *, unfenced=False):
        self.table, self.processes, self.unfenced = table, processes, unfenced

    def faults(self, at, allowed):
        """What went wrong with an orphan that was stopped at a step and may send so many more writes; nothing, if
        the fence has done its duty.
        """
        self.table.world.restore(self.table.saved)
        run = uuid.uuid4().hex
        stopped = self.processes.start(run, at=at, stop=True, unfenced=self.unfenced)
        assert (stopped.how, stopped.reached in LOADS) == ("stopped", True), stopped
        retry = self.processes.start(run, begin=stopped.reached, unfenced=self.unfenced)
        assert (retry.how, retry.error) == ("exited", ""), retry
        before = self._writes_sent()
        error = self.processes.go_on(stopped).error
        sent = self._writes_sent() - before
        different = self.table.ends(lambda: None)
        told = {
            f"it ended with {error or 'no error'}": error != "LeaseLost",
            f"it sent {sent} writes": sent > allowed,
            different: bool(different),
        }
        return "\n".join(text for text, wrong in told.items() if wrong)

    def _writes_sent(self):
        urls = (self.table.world.engine.customerp_url, self.table.world.engine.trello_url)
        counts = [ask("GET", f"{url}/sandbox/requests")["requests"] for url in urls]
        return sum(number for one in counts for route, number in one.items() if not route.startswith("GET "))


def _writes(name):
    return name.startswith(("before PATCH", "before PUT", "before POST", "before DELETE"))


def every_moment(names):
    """Each step of the loads -> how many writes an orphan that was stopped there may still send.

    Who has been stopped between the check of the fence and the request sends that one request. An open transaction is
    no place to stop: it keeps the database from everybody else.
    """
    writes = [at for at, name in enumerate(names, 1) if _writes(name)]
    first, last = writes[0] - 3, writes[-1] + 4
    loads = [(at, name) for at, name in enumerate(names, 1) if name != "before commit"]
    return {at: int(_writes(name)) for at, name in loads if first <= at <= last}


def around_a_write(names):
    """The four moments of one write, drawn by the seed: before its intent, after it, sending, answered."""
    writes = [at for at, name in enumerate(names, 1) if _writes(name)]
    whole = [at for at in writes if names[at - 4 : at - 1] == ["before transaction", "before commit", "after commit"]]
    at = random.Random(SEED).choice(whole)
    return {at - 3: 0, at - 1: 0, at: 1, at + 1: 0}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["customers", "projects"])
def test_an_orphan_writes_nothing_more_beside_its_retry(story, kill_row, name):
    table, names, processes = story(name)
    row = Row(name, "orphaned", steps=len(names))
    for at, allowed in (every_moment(names) if KILLS == 0 else around_a_write(names)).items():
        if found := Orphan(table, processes).faults(at, allowed):
            row.different[f"{at} {names[at - 1]}"] = found
        row.killed = row.states = row.killed + 1
    kill_row(row)
    assert not row.different, "\n".join(f"{step}\n{text}" for step, text in row.different.items())


def test_without_the_check_of_the_fence_that_fails(story):
    """The table above proves something: with the check taken out of both attempts, orphans write on."""
    table, names, processes = story("customers")
    orphan = Orphan(table, processes, unfenced=True)
    faults = [orphan.faults(at, allowed) for at, allowed in around_a_write(names).items()]
    assert all(faults), faults
