"""Places within request limits: for one process, and shared by all that use a state database."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import event, text

from customerp_trello.errors import RetriableError
from customerp_trello.hooks.limits import OwnPlaces
from customerp_trello.state.request_places import RequestPlaces
from customerp_trello.state.store import Store

SCRIPT = str(Path(__file__).with_name("places_process.py"))
LIMIT, PACE = 20, 4
"""The window lasts ten seconds by PACE: long enough for LIMIT requests on a machine that does other work as well."""


@pytest.fixture(params=["own", "shared"])
def places(request, url):
    with Store(url) as store:
        shared = RequestPlaces(store)
        yield OwnPlaces() if request.param == "own" else shared
        shared.close()


def test_a_place_is_held_until_a_window_after_the_request(places):
    budgets = {"b": (2, 1.0)}
    assert places.take("1", budgets, 60) == 0.0
    assert places.take("2", budgets, 60) == 0.0
    assert places.take("3", budgets, 60) > 50, "both are on their way, for all one knows"
    places.settle("1", budgets, {})
    assert 0 < places.take("3", budgets, 60) <= 1.0
    time.sleep(1.1)
    assert places.take("3", budgets, 60) == 0.0
    assert places.take("4", budgets, 60) > 50


def test_a_killed_process_keeps_a_place_only_as_long_as_its_request_could_have_lasted(places):
    assert places.take("killed", {"b": (1, 0.5)}, 0.5) == 0.0
    assert places.take("next", {"b": (1, 0.5)}, 0.5) > 0
    time.sleep(1.1)
    assert places.take("next", {"b": (1, 0.5)}, 0.5) == 0.0


def test_all_budgets_or_none(places):
    narrow, wide = {"narrow": (1, 60.0)}, {"wide": (2, 60.0)}
    assert places.take("1", narrow | wide, 60) == 0.0
    assert places.take("2", narrow | wide, 60) > 0
    assert places.take("3", wide, 60) == 0.0, "the refused one has taken nothing of the wide budget"
    assert places.take("4", wide, 60) > 0


def test_what_others_have_used_is_taken_and_what_we_have_used_is_not_taken_twice(places):
    budgets = {"b": (5, 60.0)}
    places.take("1", budgets, 60)
    places.settle("1", budgets, {"b": (1, 60.0)})
    places.take("2", budgets, 60)
    places.settle("2", budgets, {"b": (4, 60.0)})  # two of ours, so two of others
    assert places.take("3", budgets, 60) == 0.0
    assert places.take("4", budgets, 60) > 0
    places.settle("3", budgets, {"b": (5, 60.0)})
    assert places.take("4", budgets, 60) > 0


def test_places_of_others_come_free_when_the_server_says(places):
    budgets = {"b": (5, 0.1)}
    places.take("1", budgets, 60)
    places.settle("1", budgets, {"b": (5, 1.0)})
    time.sleep(0.2)
    assert places.take("2", budgets, 60) == 0.0, "our own is free"
    assert places.take("3", budgets, 60) > 0
    time.sleep(1.0)
    assert places.take("3", budgets, 60) == 0.0


def test_a_place_is_held_long_enough_although_the_databases_time_was_long_on_its_way(url):
    def slowly(_connection, _cursor, statement, *_):
        if "clock_timestamp" in statement or "julianday" in statement:
            time.sleep(0.6)

    with Store(url) as store:
        places, budgets = RequestPlaces(store), {"b": (1, 2.0)}
        assert places.take("1", budgets, 60) == 0.0
        event.listen(places.engine, "after_cursor_execute", slowly)
        ended = time.monotonic()
        places.settle("1", budgets, {})
        event.remove(places.engine, "after_cursor_execute", slowly)
        asked = time.monotonic()
        left = places.take("2", budgets, 60)
        assert asked + left > ended + 1.95  # SQLite's time is in whole milliseconds
        places.close()


def test_a_clock_that_was_set_back_does_not_block(url):
    with Store(url) as store:
        places = RequestPlaces(store)
        places.take("1", {"b": (1, 10.0)}, 60)
        with places.engine.begin() as connection:
            connection.execute(text("UPDATE request_place SET until = until + 3600"))
        assert places.take("2", {"b": (1, 10.0)}, 60) == 0.0
        places.close()


def test_a_place_of_a_long_window_outlives_requests_that_count_in_short_ones(places):
    """A member's own profile counts in a window of 15 minutes, and every other request in one of 10 seconds."""
    short, long = {"token": (9, 10.0)}, {"member": (2, 900.0)}
    assert places.take("1", short | long, 70) == 0.0
    assert places.take("slow", {"slow": (1, 10.0)}, 600) == 0.0
    places.settle("1", short | long, {"member": (2, 900.0)})  # the other place was used by somebody else
    assert places.take("2", short, 70) == 0.0
    assert places.take("3", short | long, 70) > 800
    assert places.take("4", {"slow": (1, 10.0)}, 70) > 500, "a connection of its own time-outs may be on its way still"


def test_an_answer_is_not_lost_because_the_count_is_away(url):
    with Store(url) as store:
        places = RequestPlaces(store)
        places.take("1", {"b": (1, 10.0)}, 60)
        with places.engine.begin() as connection:
            connection.execute(text("DROP TABLE request_place"))
        places.settle("1", {"b": (1, 10.0)}, {"b": (1, 10.0)})
        places.close()


def test_a_count_that_is_away_is_told_before_a_request(tmp_path):
    with Store("postgresql+psycopg://nobody@127.0.0.1:1/nothing") as store, pytest.raises(RetriableError):
        RequestPlaces(store).take("1", {"b": (1, 10.0)}, 60)


def ask_from_two_processes(server, url, requests, ahead="0"):
    """Two processes with several requests in flight; what each printed."""
    extra = {"requests_per_10_seconds": LIMIT}
    connection = {"conn_type": "trello", "host": server.url, "login": server.key, "password": server.token}
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "AIRFLOW_CONN_TRELLO_DEFAULT": json.dumps({**connection, "extra": extra}),
    }
    commands = [[sys.executable, SCRIPT, url, str(PACE), str(requests), clock] for clock in ("0", ahead)]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(one, env=environment, **piped) for one in commands]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 2
    printed = [process.communicate(timeout=120)[0] for process in started(running)]
    assert [process.returncode for process in running] == [0, 0], printed
    return [int(text) for text in printed]


def started(processes):
    """All of them told to begin, before anybody waits for one."""
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes


def test_two_processes_never_exceed_a_window_of_the_server(url, start_trello):
    """Not even if one machine's clock is an hour ahead; and none of the places stays unused."""
    server = start_trello(token_limit=LIMIT, key_limit=3 * LIMIT, pace=PACE)
    made = ask_from_two_processes(server, url, requests=50, ahead="3600")
    assert made == [50, 50], "no request had to be repeated"
    assert server.requests()["refused_429"] == 0
    assert server.control("GET", "limits")["most"]["token"] == LIMIT


def test_processes_that_count_for_themselves_are_refused_and_put_right_by_the_answers(start_trello):
    """What the shared count spares: without it the server has to say so."""
    server = start_trello(token_limit=LIMIT, key_limit=3 * LIMIT, pace=PACE)
    made = ask_from_two_processes(server, "", requests=50)
    refused = server.requests()["refused_429"]
    assert 0 < refused == sum(made) - 100
