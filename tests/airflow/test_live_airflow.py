"""The promises about kills, failures, backfills and mistakes, kept by a real Airflow with real processes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise

import pytest
from live_airflow import AT_ONCE, CONTACTS, CUSTOMERS, EMPLOYEES, PROJECTS, LiveAirflow, wait_for
from scenarios import INVITE, kill_a_supervisor, kill_a_task, mend_a_mapping, order_faults, refuse_a_load

from demo.processes import members

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(420)]

MONTHS = [datetime.fromisoformat(f"2026-0{month}-01T05:00:00+00:00") for month in (3, 4, 5, 6)]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    live = LiveAirflow(tmp_path_factory.mktemp("live"))
    with live.stack:
        order_faults(live)
        live.api().wait_for_dags([CUSTOMERS, EMPLOYEES, PROJECTS])
        for pair in (PROJECTS, CUSTOMERS, EMPLOYEES):
            live.api().set_paused(pair, False)
        yield live
    live.state.close()
    assert members(str(live.stack.layout.home)) == []


@pytest.fixture(scope="module")
def under_way(live):
    """All scenarios, started at once: most of their time is Airflow's waiting before a retry."""
    with ThreadPoolExecutor() as pool:
        scenarios = (kill_a_task, kill_a_supervisor, refuse_a_load, mend_a_mapping)
        yield {scenario: pool.submit(scenario, live) for scenario in scenarios}


def test_a_misspelt_key_is_an_import_error_that_says_what_to_write_and_the_others_run(live, under_way):
    mended = under_way[mend_a_mapping].result(300)
    ((where, text),) = mended.shown.items()
    assert where.endswith(f"{CONTACTS}.py")
    file = str(live.mappings / f"{CONTACTS}.yaml")
    for said in (file, "trello.conection", "connection, filter, on_unlinked", "Did you mean 'connection'?"):
        assert said in text
    assert mended.others == {CUSTOMERS, EMPLOYEES, PROJECTS}
    assert under_way[kill_a_task].result(300).run.state == "success"


def test_new_links_of_customers_start_the_contacts_once(live, under_way):
    followed = under_way[mend_a_mapping].result(300).followed
    assert followed.state == "success"
    under_way[kill_a_supervisor].result(300)
    runs = live.api().dag_runs(CONTACTS)  # the customers' next run made no link, so that it started none
    assert [run["run_type"] for run in runs] == ["asset_triggered"]
    assert len(live.done(CONTACTS)) > 10


def test_a_load_that_fails_for_good_makes_the_run_red_though_report_and_release_ran(live, under_way):
    failed = under_way[refuse_a_load].result(300)
    assert failed.run.state == "failed"
    ended = {name: failed.run.tasks[name] for name in ("load_trello", "publish", "report", "release_lease")}
    assert ended == {
        "load_trello": "failed",
        "publish": "upstream_failed",
        "report": "success",
        "release_lease": "success",
    }
    assert failed.tries["load_trello"] == 1  # a second try would not mend it
    assert "CustomERP Employee and Trello member: failed" in failed.report
    assert "HTTP 407" in failed.said
    assert failed.free
    assert (failed.cleared.state, failed.cleared.tasks["release_lease"]) == ("failed", "success")
    assert "trigger a new run" in failed.said_when_cleared
    assert failed.again.state == "success"
    under_way[mend_a_mapping].result(300)
    invited = len(live.done(EMPLOYEES)) + len(live.done(CONTACTS))
    assert live.systems().requests_made()[INVITE] == invited + 1  # the refused one, sent again by the next run


def test_a_killed_load_is_taken_up_by_its_retry_and_posts_nothing_twice(live, under_way):
    killed = under_way[kill_a_task].result(300)
    assert (killed.run.state, killed.attempts) == ("success", 2)
    systems = live.systems()
    numbers = {project["number"]: id_ for id_, project in systems.records("projects").items()}
    links = live.links(PROJECTS)
    ours = {id_: text for id_, text in systems.comments().items() if id_ not in killed.before}
    told = Counter(number for text in ours.values() for number in numbers if number in text)
    assert told == {number: 1 for number, id_ in numbers.items() if id_ in links}
    assert set(links.values()) == set(ours)
    assert len(ours) == len(live.done(PROJECTS)) > 8
    first, *later = sorted({one.fence for one in live.done(PROJECTS)})
    assert len(later) == 1
    assert [one.fence for one in live.done(PROJECTS)][: 2 + AT_ONCE] == [first] * (2 + AT_ONCE)
    assert (killed.again.state, dict(killed.written_again)) == ("success", {})


def test_an_orphan_beside_its_retry_writes_nothing_more_and_nothing_is_created_twice(live, under_way):
    killed = under_way[kill_a_supervisor].result(300)
    assert (killed.run.state, killed.attempts) == ("success", 2)
    assert killed.outlived_by_the_retry
    created = live.done(CUSTOMERS)
    first, _ = sorted({one.fence for one in created})
    by_the_orphan = [one for one in created if one.fence == first]
    assert len(by_the_orphan) == 4 + AT_ONCE
    assert all(one.closed_at < killed.woken_at for one in by_the_orphan)
    assert max(one.opened_at for one in created) > killed.woken_at
    systems = live.systems()
    workspaces = [one["id"] for one in systems.organizations() if one["id"] not in killed.before]
    links = live.links(CUSTOMERS)
    assert sorted(workspaces) == sorted(set(links.values()) - killed.before)
    assert len(workspaces) == len(created) == systems.requests_made()["POST /1/organizations"]
    assert killed.again.state == "success"
    assert live.open_intents(CUSTOMERS) == []


def test_a_backfill_of_three_intervals_changes_nothing_that_is_in_sync(live, under_way):
    for scenario in under_way.values():
        scenario.result(300)
    api, systems = live.api(), live.systems()
    before = systems.writes_made()
    window = ["--from-date", MONTHS[0].isoformat(), "--to-date", MONTHS[2].isoformat()]
    live.stack.run_airflow("backfill", "create", "--dag-id", CUSTOMERS, *window, "--reprocess-behavior", "completed")
    runs = wait_for(lambda: finished(api), "three backfilled runs", 180)
    assert [run["state"] for run in runs] == ["success"] * 3
    assert dict(systems.writes_made() - before) == {}
    ours = sorted(live.runs(CUSTOMERS)[:3], key=lambda run: run.window_start)
    assert [(run.window_start, run.window_end) for run in ours] == list(pairwise(MONTHS))
    assert {run.status for run in ours} == {"success"}
    assert sum(run.counts["unchanged"] for run in ours) > 0
    waits = [line for run in runs for line in api.log(CUSTOMERS, run["dag_run_id"], "acquire_lease")]
    assert any(line["event"] == "waiting" and "is held by" in line["reason"] for line in waits)


def finished(api):
    runs = [run for run in api.dag_runs(CUSTOMERS) if run["run_type"] == "backfill"]
    return runs if len(runs) == 3 and all(run["state"] in ("success", "failed") for run in runs) else None
