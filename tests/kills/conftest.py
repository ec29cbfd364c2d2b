"""Saved worlds, one per scene, and the table that tells how many kill points each pair has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from engine import PAIRS
from engine_building import build_engine
from kill_scenes import SCENES
from kill_settings import KILLS, SEED
from kill_table import HEAD, Row
from kill_world import KillWorld

from customerp_trello.flow.form import Form


@pytest.fixture(scope="module")
def in_sync(tmp_path_factory, seed_files) -> Iterator[tuple[KillWorld, Path]]:
    """A company with all four pairs in sync, and where it is saved."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("kills")
        world = KillWorld(build_engine(stack, folder, seed_files), folder)
        world.engine.widen()
        for pair in PAIRS:
            world.engine.let_through(pair)
        yield world, world.save("in sync")


@pytest.fixture
def scene_world(in_sync) -> Callable[[str], tuple[KillWorld, Path]]:
    """``scene_world("customers")``: the world just before the run, and where it is saved."""
    world, synced = in_sync

    def prepared(name: str) -> tuple[KillWorld, Path]:
        scene = SCENES[name]
        world.restore(synced)
        scene.widen(world.engine)
        if scene.before:
            scene.before(world.engine)
            assert world.engine.run(scene.pair).writes() == []
        world.form = scene.edit(world.engine) or Form()
        return world, world.save(f"scene {len(list((world.folder / 'saved').iterdir()))}")

    return prepared


@pytest.fixture
def kill_row(request) -> Callable[[Row], None]:
    """``kill_row(row)`` puts a row into the table at the end."""
    return lambda row: request.node.user_properties.append(("kill_row", str(row)))


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the table, whichever worker killed what."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    rows = sorted(text for one in reports for key, text in one.user_properties if key == "kill_row")
    if rows:
        chosen = "every step" if KILLS == 0 else f"CUSTOMERP_TRELLO_KILLS={KILLS} CUSTOMERP_TRELLO_KILL_SEED={SEED}"
        terminalreporter.section(f"kills ({chosen})")
        terminalreporter.write_line(HEAD)
        for row in rows:
            terminalreporter.write_line(row)
