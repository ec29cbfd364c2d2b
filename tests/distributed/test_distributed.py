"""The demo's whole scenario and dying workers, on everything that docker-compose.yaml starts."""

from __future__ import annotations

import signal
from collections import Counter

import pytest
import requests
from company_of_workers import LONGEST_RUN, installed, new_lines
from live_airflow import AT_ONCE, CUSTOMERS, PROJECTS, alive, wait_for
from machine import AIRFLOW
from scenarios import CREATE_WORKSPACE, POST_COMMENT, SYNC, tries

from demo.page import Page
from demo.story import play

pytestmark = [pytest.mark.distributed, pytest.mark.timeout(3600)]

NEW = 10
PERSON = {"password": "only-for-this-test", "firstname": "Vera", "lastname": "Viewer", "email": "vera@example.com"}


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("distributed"), tasks_run_by="celery") as live:
        yield live


@pytest.fixture(scope="module")
def played(live):
    """The demo, with its own comparison of both systems at the end."""
    return play(Page(), live.installation, live.company, live.mappings)


def test_the_demo_ends_in_two_equal_systems(played):
    assert played


def test_both_workers_have_taken_tasks_and_left_nothing_on_their_disks(live, played):
    api = live.api()
    tasks = [task for run in api.dag_runs(CUSTOMERS) for task in api.task_instances(CUSTOMERS, run["dag_run_id"])]
    assert {task["hostname"] for task in tasks if task["hostname"]} == {"worker-1", "worker-2"}
    written = [
        file
        for machine in live.installation.machines.values()
        if machine.image == AIRFLOW
        for file in (machine.root / "airflow").rglob("*")
        if file.suffix in {".parquet", ".csv"} or (file.suffix == ".log" and "task_id=" in str(file))
    ]
    assert written == []


def test_workers_are_told_nothing_of_airflows_own_database(live, played):
    told = live.installation.run("worker-1", "env")
    for secret in ("AIRFLOW_DATABASE_PASSWORD", "FERNET_KEY", "JWT_SECRET", "ADMIN_PASSWORD", "POSTGRES_PASSWORD"):
        assert live.installation._env[secret] not in told


def test_the_role_of_the_review_page_shows_it_to_a_viewer(live, played):
    options = [word for key, value in PERSON.items() for word in (f"--{key}", value)]
    live.installation.run("api-server", "airflow", "users", "create", "-u", "vera", "--role", "Viewer", *options)
    assert plugins_seen_by_vera(live) == 403
    live.installation.run("api-server", "airflow", "users", "add-role", "-u", "vera", "--role", "Sync")
    # the api-server remembers a user's rights for half a minute (FAB's `cache_ttl`)
    wait_for(lambda: plugins_seen_by_vera(live) == 200, "the role to count", 60)
    page = as_vera(live, f"/customerp-trello/review/pair/{CUSTOMERS}")
    assert (page.status_code, "CustomERP" in page.text) == (200, True)


def test_every_service_is_well_by_the_compose_files_own_checks(live, played):
    checked = [name for name, machine in live.installation.machines.items() if machine.service.health]
    assert [name for name in checked if not live.installation.says_well(name)] == []


def test_a_worker_whose_power_is_cut_is_taken_over_and_nothing_is_posted_twice(live, played):
    api, systems, base = live.api(), live.systems(), len(live.done(PROJECTS))
    before = systems.comments()
    numbers = {live.erp().create("projects", name=f"Kabelweg {n}", status="open")["number"] for n in range(NEW)}
    systems.fault(POST_COMMENT, "slow:30", times=AT_ONCE, after=2)
    run = api.trigger(PROJECTS, SYNC)
    live.running(api, PROJECTS, run, "load_trello", 1)
    live.in_the_middle(PROJECTS, done=base + 2)
    dead = live.worker_of(api, PROJECTS, run, "load_trello")
    live.installation.kill(dead.name)
    result = api.wait(PROJECTS, run, LONGEST_RUN)
    assert (result.state, tries(api, PROJECTS, run)["load_trello"]) == ("success", 2)
    assert live.worker_of(api, PROJECTS, run, "load_trello").name != dead.name
    texts = new_lines(before, systems.comments())
    assert Counter(number for text in texts for number in numbers if number in text) == dict.fromkeys(numbers, 1)
    assert len(texts) == NEW
    assert len({one.fence for one in live.done(PROJECTS)[base:]}) == 2
    live.installation.start_machine(dead.name)
    assert live.in_sync(PROJECTS, POST_COMMENT, "/actions/", "/projects")
    wait_for(lambda: live.installation.says_well(dead.name), f"{dead.name} to be back", 240)


def test_a_task_that_lost_its_parent_lives_on_beside_its_retry_and_creates_nothing_twice(live, played):
    api, systems, base = live.api(), live.systems(), len(live.done(CUSTOMERS))
    before = {one["id"] for one in systems.organizations()}
    for number in range(NEW):
        live.erp().create("customers", name=f"Werft Nordkai {number} GmbH", type="company", country="DE")
    systems.fault(CREATE_WORKSPACE, "slow:20", times=2 * AT_ONCE, after=2)
    run = api.trigger(CUSTOMERS, SYNC)
    orphan = live.running(api, CUSTOMERS, run, "load_trello", 1)
    first = live.in_the_middle(CUSTOMERS, done=base + 2)
    parent = orphan.parent()
    assert "airflow supervisor" in " ".join(parent.cmdline()), parent.cmdline()
    assert "celery" in " ".join(parent.parent().cmdline()), parent.parent().cmdline()
    parent.kill()
    wait_for(lambda: not alive(parent), "the parent's end", 10)
    orphan.send_signal(signal.SIGSTOP)
    retry = live.running(api, CUSTOMERS, run, "load_trello", 2)
    wait_for(lambda: [one for one in live.intents(CUSTOMERS) if one.fence > first.fence], "the retry to write", 120)
    assert alive(orphan)
    orphan.send_signal(signal.SIGCONT)
    wait_for(lambda: not alive(orphan), "the orphan's end", 60)
    assert alive(retry), "the retry has to be at work when the orphan goes on"
    result = api.wait(CUSTOMERS, run, LONGEST_RUN)
    assert (result.state, tries(api, CUSTOMERS, run)["load_trello"]) == ("success", 2)
    made = {one["id"]: one["displayName"] for one in systems.organizations() if one["id"] not in before}
    assert sorted(made.values()) == [f"Werft Nordkai {number} GmbH" for number in range(NEW)]
    assert set(made) <= set(live.links(CUSTOMERS).values())
    assert live.in_sync(CUSTOMERS, "/organizations", "/customers")
    assert live.open_intents(CUSTOMERS) == []


def as_vera(live, path):
    url, login = live.installation.url, {"username": "vera", "password": PERSON["password"]}
    token = requests.post(f"{url}/auth/token", json=login, timeout=60).json()["access_token"]
    return requests.get(url + path, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def plugins_seen_by_vera(live):
    return as_vera(live, "/api/v2/plugins").status_code
