"""P10, P11: killed at any step of a run that touches a system, the state or a file, two more runs put all right.

``make kills`` kills at every step. The everyday run draws some by a seed that it prints; CUSTOMERP_TRELLO_KILL_SEED
draws them again, CUSTOMERP_TRELLO_KILLS says how many per scene (0: all).
"""

from __future__ import annotations

import pytest
from kill_scenes import SCENES
from kill_settings import KILLS, SEED
from kill_switch import KillSwitch
from kill_table import KillTable, Row, sample


@pytest.mark.parametrize("name", SCENES)
def test_the_scene_provokes_what_it_says(scene_world, name):
    world, _ = scene_world(name)
    plan = world.engine.run(SCENES[name].pair).plan
    operation = plan["operation"].mask(plan["detail"].eq("restore"), "restore")
    assert SCENES[name].expects <= set(zip(plan["side"], operation, strict=True))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", SCENES)
def test_p10_p11_killed_at_a_step_it_ends_as_if_undisturbed(scene_world, monkeypatch, kill_row, name):
    world, saved = scene_world(name)
    table = KillTable(world, saved, SCENES[name].pair)
    switch = KillSwitch()
    switch.wire(monkeypatch.setattr, world.engine.folder)
    names = table.undisturbed(switch)
    row = Row(name, "exception")
    points = sample(names, KILLS, f"{SEED} {name}", SCENES[name].always)
    table.fill(row, names, points, table.killed_here(switch))
    kill_row(row)
    assert not row.different, "\n".join(f"{step}\n{text}" for step, text in row.different.items())
