"""PostgreSQL: whoever freezes, or is cut off, keeps the others waiting for a while and not for hours."""

import threading
import time

import pytest
from alembic import command
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from state_databases import BACKENDS

from customerp_trello.errors import RetriableError
from customerp_trello.state import lease, request_places
from customerp_trello.state import upgrade as upgrading
from customerp_trello.state.database import _connect_args, errors_of, parse_url
from customerp_trello.state.store import Store

PAIR, BUDGET = "pair", {"b": (5, 10.0)}
LIMITS = ("idle_in_transaction_session_timeout", "lock_timeout", "tcp_keepalives_idle", "tcp_user_timeout")


@pytest.fixture(scope="session", params=[one for one in BACKENDS if one != "sqlite"])
def backend(request):
    """A file has no server."""
    return request.param


@pytest.fixture
def server(url):
    return url


def limited(url, **limits):
    """The URL of the same database with limits of its own, as an Airflow connection's extra says them."""
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)


def shown(url):
    with Store(url) as store, store.begin() as tx:
        return [tx.execute(text(f"SHOW {name}")).scalar_one() for name in LIMITS]


def freezes(locked, thawed, store, seconds, *locks):
    with store.begin() as tx:
        for lock in locks:
            tx.execute(text(lock))
        locked.set()
        thawed.wait(seconds)
        tx.execute(text("SELECT 1"))


def frozen_in_the_background(*arguments):
    """A thread that has its locks, what it fails with, and the end of its sleep."""
    failed, locked, thawed = [], threading.Event(), threading.Event()

    def run():
        try:
            freezes(locked, thawed, *arguments)
        except RetriableError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert locked.wait(30)
    return thread, failed, thawed


def test_a_frozen_worker_loses_its_locks_and_its_task_is_tried_again(server):
    """The one that everybody needs for a request to Trello, and the row of a pair's lease."""
    locks = (f"SELECT pg_advisory_xact_lock({request_places._LOCK})", "SELECT * FROM pair_lease FOR UPDATE")
    with Store(server) as store, Store(limited(server, idle_in_transaction_session_timeout="1s")) as frozen:
        assert lease.acquire(store, PAIR, "a", 60).number == 1
        began = time.monotonic()
        thread, failed, thawed = frozen_in_the_background(frozen, 60, *locks)
        assert request_places.RequestPlaces(store).take("1", BUDGET, 60) == 0.0
        assert time.monotonic() - began >= 1
        assert lease.acquire(store, PAIR, "a", 60).number == 2
        assert time.monotonic() - began < 30
        thawed.set()
        thread.join()
        assert len(failed) == 1
        with frozen.begin() as tx:
            assert tx.execute(text("SELECT 1")).scalar_one() == 1, "the next transaction has a new connection"


def test_a_lock_that_does_not_come_free_is_no_defect(server):
    with Store(server) as store, Store(limited(server, lock_timeout="300ms")) as waiting:
        assert lease.acquire(store, PAIR, "a", 60).number == 1
        thread, failed, thawed = frozen_in_the_background(store, 60, "SELECT * FROM pair_lease FOR UPDATE")
        with pytest.raises(RetriableError, match="LockNotAvailable"):
            lease.acquire(waiting, PAIR, "a", 60)
        thawed.set()
        thread.join()
        assert failed == []


def test_who_only_reads_may_compute_for_long_between_two_statements(server):
    with Store(limited(server, idle_in_transaction_session_timeout="300ms")) as store, store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM link")).scalar_one() == 0
        time.sleep(1)
        assert tx.execute(text("SELECT count(*) FROM link")).scalar_one() == 0


def test_a_migration_is_waited_for_however_long_it_takes(server):
    with Store(server) as store, Store(limited(server, lock_timeout="300ms")) as late:
        with store.begin() as tx:
            command.downgrade(upgrading.alembic_config(tx.connection), "-1")
        lock = f"SELECT pg_advisory_xact_lock({upgrading._LOCK})"
        began = time.monotonic()
        thread, failed, _ = frozen_in_the_background(store, 1.5, lock)
        late.upgrade()
        assert time.monotonic() - began >= 1.5
        thread.join()
        assert failed == []
        with late.read() as tx:
            assert upgrading.revision_of(tx.connection) == upgrading.HEAD


def test_what_a_person_has_set_for_connection_or_database_comes_first(server):
    assert shown(server) == ["5min", "10min", "30", "60000"]
    wider = limited(server, lock_timeout="1h", idle_in_transaction_session_timeout=0)
    assert shown(wider) == ["0", "1h", "30", "60000"]
    with Store(server) as store, store.begin() as tx:
        tx.execute(text(f"ALTER DATABASE {store.url.database} SET lock_timeout = '2h'"))
    assert shown(server) == ["5min", "2h", "30", "60000"]


def test_how_long_a_server_may_be_silent_is_said_by_the_url_too():
    own = parse_url("postgresql+psycopg://h/d?connect_timeout=3&keepalives_idle=99")
    assert _connect_args(own) == {"keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
    assert _connect_args(parse_url("postgresql+psycopg2://h/d"))["connect_timeout"] == 10
    assert _connect_args(parse_url("postgresql+pg8000://h/d")) == {}


@pytest.mark.parametrize("attribute", ["sqlstate", "pgcode"])
@pytest.mark.parametrize("state", ["25P03", "25006", "55P03", "40001", "40P01", "57P01"])
def test_what_may_go_through_later_is_known_by_its_code_whatever_the_driver(attribute, state):
    told = type("DriverError", (Exception,), {attribute: state})("told")
    with pytest.raises(RetriableError), errors_of(parse_url("postgresql+psycopg://h/d")):
        raise DBAPIError("SELECT 1", {}, told)


def test_a_server_that_only_reads_after_a_failover_is_no_defect(server):
    with Store(limited(server, default_transaction_read_only="on")) as store:

        def write():
            with store.begin() as tx:
                tx.execute(text("DELETE FROM link"))

        with pytest.raises(RetriableError, match="ReadOnlySqlTransaction"):
            write()
