"""P1 to P22 by machines that edit, break, kill, preview, undo and run on windows at random, over the package as it is.

``make soak`` takes 100,000 new steps, the everyday run some hundreds. Both print their seed;
CUSTOMERP_TRELLO_SOAK_SEED takes the same steps again, CUSTOMERP_TRELLO_SOAK_STEPS says how many per machine, and
CUSTOMERP_TRELLO_SOAK_PARTS into how many tests they are cut, so that several workers share them.
CUSTOMERP_TRELLO_SOAK_SHRINK=1 looks for the shortest story of a failure, which takes a while.
"""

from __future__ import annotations

import os

import hypothesis
import pytest
from contacts_machine import ContactsMachine
from contacts_machine import populate as contacts
from customers_machine import CustomersMachine
from customers_machine import populate as customers
from employees_machine import EmployeesMachine
from employees_machine import populate as employees
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from projects_machine import ProjectsMachine
from projects_machine import populate as projects
from soak_settings import PARTS, SEED, STEPS
from soak_world import SoakWorld

EXAMPLE = min(200, STEPS)
"""Steps of one example at the most; then all is put right, and the next one begins with the first morning."""

MACHINES = {
    "customers": (CustomersMachine, customers),
    "employees": (EmployeesMachine, employees),
    "contacts": (ContactsMachine, contacts),
    "projects": (ProjectsMachine, projects),
}


def quiet() -> settings:
    """A few examples, without a search for the shortest story unless somebody asks for it."""
    shrink = (Phase.shrink,) if "CUSTOMERP_TRELLO_SOAK_SHRINK" in os.environ else ()
    return settings(
        max_examples=3,
        stateful_step_count=EXAMPLE,
        phases=(Phase.generate, *shrink),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", MACHINES)
def test_the_engine_keeps_its_contract(name, part, tmp_path, soak_row):
    machine, populate = MACHINES[name]
    machine.world = SoakWorld(tmp_path, populate)
    machine.steps.clear()
    seed = SEED + 100_000 * part
    try:
        while machine.steps["rule steps"] < STEPS / PARTS:
            run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=quiet())
            seed += 1
    finally:
        soak_row(name, machine.steps)
        machine.world.close()
