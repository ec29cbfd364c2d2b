"""P10, P11: killed at any step of a run that touches a system, the state or a file, two more runs put all right.

All scenes are killed in this process, two of them as processes of their own by SIGKILL as well.

``make kills`` kills at every step. The everyday run draws some by a seed that it prints; CUSTOMERP_TRELLO_KILL_SEED
draws them again, CUSTOMERP_TRELLO_KILLS says how many per scene (0: all).
"""

from __future__ import annotations

import pytest
from forked_runs import ForkedRuns
from kill_scenes import SCENES
from kill_settings import KILLS, SEED
from kill_switch import KillSwitch
from kill_table import KillTable, Row, sample

PROCESSES = ("customers", "projects")


@pytest.mark.parametrize("name", SCENES)
def test_the_scene_provokes_what_it_says(scene_world, name):
    world, _ = scene_world(name)
    plan = world.engine.run(SCENES[name].pair, **vars(world.form)).plan
    operation = plan["operation"].mask(plan["detail"].eq("restore"), "restore")
    operation = operation.mask(operation.eq("update") & plan["cause"].eq("undo"), "undo")
    assert SCENES[name].expects <= set(zip(plan["side"], operation, strict=True))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", SCENES)
def test_p10_p11_killed_at_a_step_it_ends_as_if_undisturbed(scene_world, monkeypatch, kill_row, name):
    world, saved = scene_world(name)
    table = KillTable(world, saved, SCENES[name].pair)
    with monkeypatch.context() as patch:
        switch = KillSwitch()
        switch.wire(patch.setattr, world.engine.folder)
        names = table.undisturbed(switch)
        points = sample(names, KILLS, f"{SEED} {name}", SCENES[name].always)
        rows = [table.fill(Row(name, "exception"), names, points, table.killed_here(switch))]
    if name in PROCESSES:
        points = sample(names, KILLS, f"{SEED} processes {name}")
        with ForkedRuns(world, name) as processes:
            rows.append(table.fill(Row(name, "SIGKILL"), names, points, table.killed_there(processes)))
    for row in rows:
        kill_row(row)
    different = [f"{row.kind} {step}\n{text}" for row in rows for step, text in row.different.items()]
    assert not different, "\n".join(different)
