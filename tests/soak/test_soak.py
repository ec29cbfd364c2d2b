"""P1 to P22 by machines that edit, break, kill, preview, undo and back-fill at random, with our own code in between.

``make soak`` takes 100,000 steps. The everyday run takes a few hundred, by a seed that it prints;
CUSTOMERP_TRELLO_SOAK_SEED takes the same ones again, CUSTOMERP_TRELLO_SOAK_STEPS says how many per machine.
"""

from __future__ import annotations

import os
import sys
import time

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
from soak_world import SoakWorld

STEPS = int(os.environ.get("CUSTOMERP_TRELLO_SOAK_STEPS", "150"))
SEED = int(os.environ.setdefault("CUSTOMERP_TRELLO_SOAK_SEED", str(int(time.time()))))
EXAMPLE = 100
"""Steps of one example at the most; then all is put right, and the next one begins with the first morning."""

MACHINES = {
    "customers": (CustomersMachine, customers),
    "employees": (EmployeesMachine, employees),
    "contacts": (ContactsMachine, contacts),
}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", MACHINES)
def test_the_engine_keeps_its_contract(name, tmp_path, soak_row):
    machine, populate = MACHINES[name]
    machine.world = SoakWorld(tmp_path, populate)
    machine.steps.clear()
    quiet = settings(
        max_examples=5,
        stateful_step_count=EXAMPLE,
        phases=(Phase.generate, *((Phase.shrink,) if "CUSTOMERP_TRELLO_SOAK_SHRINK" in os.environ else ())),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    seed = SEED
    try:
        while machine.steps["rule steps"] < STEPS:
            print(f"{name}: {machine.steps['rule steps']} steps, seed {seed}", file=sys.__stderr__)
            run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=quiet)
            seed += 1
    finally:
        soak_row(f"{name:<10} {dict(machine.steps)}")
        machine.world.close()
