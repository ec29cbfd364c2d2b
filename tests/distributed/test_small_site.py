"""The profile `local` of docker-compose.yaml: the scheduler itself runs the tasks, without Redis and workers.

People find it at a path of its address, as behind a proxy that other things share: tasks have to find it there too.
"""

from __future__ import annotations

import pytest
from company_of_workers import LONGEST_RUN, installed
from live_airflow import AT_ONCE, CUSTOMERS
from scenarios import CREATE_WORKSPACE

from demo.page import Page
from demo.rounds import Rounds

pytestmark = [pytest.mark.distributed, pytest.mark.timeout(3600)]

SCHEDULER = "scheduler-local"


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("small_site"), tasks_run_by="local", path="/airflow") as live:
        yield live


def test_a_scheduler_whose_power_is_cut_goes_on_with_its_load_and_creates_nothing_twice(live):
    api, systems = live.api(), live.systems()
    assert {"redis", "worker-1", SCHEDULER} & live.installation.machines.keys() == {SCHEDULER}
    before = {one["id"] for one in systems.organizations()}
    rounds = Rounds(api, Page())
    (held,) = rounds.finish(rounds.trigger([CUSTOMERS]))
    systems.fault(CREATE_WORKSPACE, "slow:30", times=AT_ONCE, after=2)
    run = api.trigger(CUSTOMERS, {"action": "let_through", "plan": held.digest})
    live.running(api, CUSTOMERS, run, "load_trello", 1)
    live.in_the_middle(CUSTOMERS, done=2)
    live.installation.kill(SCHEDULER)
    live.installation.start_machine(SCHEDULER)
    assert api.wait(CUSTOMERS, run, LONGEST_RUN).state == "success"
    assert {one["hostname"] for one in api.task_instances(CUSTOMERS, run) if one["hostname"]} == {SCHEDULER}
    done = live.done(CUSTOMERS)
    made = {one["id"] for one in systems.organizations()} - before
    assert len(made) == len(done) > 2 + AT_ONCE
    assert made <= set(live.links(CUSTOMERS).values())
    assert len({one.fence for one in done}) == 2, "two attempts have written"
    assert live.in_sync(CUSTOMERS, "/organizations", "/customers")
    assert live.open_intents(CUSTOMERS) == []
