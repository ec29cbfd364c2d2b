"""One run per pair at a time, and an orphan writes nothing (contract, section 7)."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from customerp_trello.errors import LeaseLost
from customerp_trello.state import by_hand, history, lease, runs
from customerp_trello.state.store import Store

PAIR = "pair"


def entries(store):
    with store.read() as tx:
        return sum(history.recent_counts(tx, PAIR, tx.now - timedelta(days=1)).values())


def write(store, fence, key="change"):
    with store.begin(fence) as tx:
        history.append_history(tx, PAIR, "run", [history.Entry("trello", "update", key)])


def test_a_free_lease_is_taken_and_its_number_grows(store):
    first = lease.acquire(store, PAIR, "a", 60)
    assert (first.number, first.run_fence) == (1, 1)
    assert lease.release(store, PAIR, "a")
    second = lease.acquire(store, PAIR, "b", 60)
    assert (second.number, second.run_fence) == (2, 2)


def test_nothing_is_done_by_hand_under_a_run_that_reads_beyond_its_lease(store, clock):
    with store.begin() as tx:
        runs.start_run(tx, PAIR, dag_id="the_dag", airflow_run_id="scheduled__1", run_id="a")
    lease.acquire(store, PAIR, "a", 60)
    clock.forward(minutes=20)
    with pytest.raises(by_hand.Busy, match="the_dag / scheduled__1"):
        by_hand.link_by_hand(store, PAIR, "c1", "t1", "anna")
    assert lease.take_over(store, PAIR, "a", 1, 60).number == 2, "the run goes on"
    clock.forward(hours=6)
    assert by_hand.link_by_hand(store, PAIR, "c1", "t1", "anna"), "a run that was killed hours ago is not waited for"


def test_by_hand_an_expired_lease_of_a_run_that_has_ended_is_free(store, clock):
    with store.begin() as tx:
        runs.start_run(tx, PAIR, dag_id="the_dag", airflow_run_id="scheduled__1", run_id="a")
        runs.end_run(tx, "a", "failed", {})
    lease.acquire(store, PAIR, "a", 60)
    clock.forward(minutes=2)
    assert by_hand.link_by_hand(store, PAIR, "c1", "t1", "anna")


def test_a_held_lease_says_whose_it_is(store, clock):
    with store.begin() as tx:
        runs.start_run(tx, PAIR, dag_id="the_dag", airflow_run_id="scheduled__1", run_id="a")
    lease.acquire(store, PAIR, "a", 60)
    held = lease.acquire(store, PAIR, "b", 60)
    assert (held.run, held.dag_id, held.airflow_run_id) == ("a", "the_dag", "scheduled__1")
    assert held.expires_at == clock() + timedelta(seconds=60)
    assert str(held) == (
        "pair is held by the_dag / scheduled__1 (run a) since 2026-03-01 09:30:00 UTC, until 2026-03-01 09:31:00 UTC"
    )
    assert lease.holder(store, PAIR) == held
    assert lease.acquire(store, "another pair", "b", 60).number == 1


def test_an_expired_lease_is_free(store, clock):
    lost = lease.acquire(store, PAIR, "a", 60)
    clock.forward(seconds=60)
    assert lease.holder(store, PAIR) is None
    taken = lease.acquire(store, PAIR, "b", 60)
    assert taken.number == 2
    with pytest.raises(LeaseLost, match="lease 2 of run b"):
        write(store, lost)
    assert not lease.release(store, PAIR, "a")
    write(store, taken)
    assert entries(store) == 1


def test_acquiring_again_counts_as_a_new_acquire(store):
    first = lease.acquire(store, PAIR, "a", 60)
    again = lease.acquire(store, PAIR, "a", 60)
    assert again.run_fence == again.number == 2
    with pytest.raises(LeaseLost):
        write(store, first)
    with pytest.raises(LeaseLost, match=r"stale.*Trigger a new run"):
        lease.take_over(store, PAIR, "a", first.run_fence, 60)


def test_a_new_attempt_fences_out_its_orphan(store):
    got = lease.acquire(store, PAIR, "a", 60)
    orphan = lease.take_over(store, PAIR, "a", got.run_fence, 60)
    write(store, orphan, "before")
    retry = lease.take_over(store, PAIR, "a", got.run_fence, 60)
    assert retry.number > orphan.number
    with pytest.raises(LeaseLost):
        write(store, orphan, "after")
    with pytest.raises(LeaseLost):
        lease.ensure_outlives(store, orphan, 1)
    write(store, retry, "retry")
    assert entries(store) == 2


def test_an_orphan_in_the_middle_of_a_transaction_commits_before_the_take_over(store):
    """The take-over waits for the transaction that already holds the lease's row, so none is torn apart."""
    got = lease.acquire(store, PAIR, "a", 60)
    result = []
    with store.begin(got) as tx:
        other = threading.Thread(target=lambda: result.append(lease.take_over(store, PAIR, "a", got.run_fence, 60)))
        other.start()
        other.join(0.3)
        assert result == []
        history.append_history(tx, PAIR, "a", [history.Entry("trello", "update", "change")])
    other.join(30)
    assert result[0].number == 2
    assert entries(store) == 1


@pytest.mark.parametrize("gone", ["released", "taken", "never"])
def test_a_stale_plan_is_not_loaded(store, clock, gone):
    if gone != "never":
        lease.acquire(store, PAIR, "a", 60)
    if gone == "released":
        lease.release(store, PAIR, "a")
    if gone == "taken":
        clock.forward(hours=1)
        lease.acquire(store, PAIR, "b", 60)
    with pytest.raises(LeaseLost, match="plan of run a is stale"):
        lease.take_over(store, PAIR, "a", 1, 60)


def test_an_attempt_may_come_after_the_expiry_if_nobody_took_the_lease(store, clock):
    got = lease.acquire(store, PAIR, "a", 60)
    clock.forward(hours=1)
    with pytest.raises(LeaseLost, match="expired at 2026-03-01 09:31:00 UTC"):
        write(store, got)
    write(store, lease.take_over(store, PAIR, "a", got.run_fence, 60))
    assert entries(store) == 1


def test_every_write_extends_the_lease(store, clock):
    got = lease.acquire(store, PAIR, "a", 60)
    for turn in range(5):
        clock.forward(seconds=50)
        write(store, got, str(turn))
    assert lease.holder(store, PAIR).expires_at == clock() + timedelta(seconds=60)


def test_a_lease_is_made_to_outlive_a_request(store, clock, written):
    got = lease.acquire(store, PAIR, "a", 60)
    written.clear()
    lease.ensure_outlives(store, got, 30)
    assert written == []
    lease.ensure_outlives(store, got, 90)
    assert lease.holder(store, PAIR).expires_at == clock() + timedelta(seconds=90)
    write(store, got)
    assert lease.holder(store, PAIR).expires_at == clock() + timedelta(seconds=90), "a write never shortens it"


def test_release_is_the_owners_and_may_come_twice(store):
    lease.acquire(store, PAIR, "a", 60)
    assert not lease.release(store, PAIR, "b")
    assert lease.holder(store, PAIR).run == "a"
    assert lease.release(store, PAIR, "a")
    assert not lease.release(store, PAIR, "a")
    assert lease.holder(store, PAIR) is None


def test_processes_take_turns(url, start_together):
    turns = 15
    got = start_together(*[("lease", url, f"run{number}", str(turns)) for number in range(3)])
    assert sorted(int(number) for numbers in got for number in numbers) == list(range(1, 3 * turns + 1))
    with Store(url) as store:
        assert entries(store) == 3 * turns


def test_of_two_runs_that_start_at_the_same_moment_one_gets_the_lease(url, start_together):
    """Thirty pairs, half of which nobody ever ran before; whoever gets a lease keeps it."""
    rounds = 30
    with Store(url) as store:
        for number in range(0, rounds, 2):
            lease.acquire(store, f"pair{number}", "earlier", 60)
            lease.release(store, f"pair{number}", "earlier")
        got = start_together(*[("race", url, f"run{number}", str(rounds)) for number in range(2)])
        assert sorted(int(won) for wins in got for won in wins) == list(range(rounds))
        owners = [lease.holder(store, f"pair{number}").run for number in range(rounds)]
    assert owners == [f"run{int(str(number) in got[1])}" for number in range(rounds)]


def test_two_writers_under_one_fence_lose_nothing(url, start_together):
    with Store(url) as store:
        lease.acquire(store, PAIR, "run", 60)
        with store.begin() as tx:
            runs.save_watermark(tx, PAIR, "trello", runs.Watermark(None, tx.now, None, 0))
        start_together(*[("count", url, "40")] * 2)
        with store.read() as tx:
            assert runs.load_watermarks(tx, PAIR)["trello"].listed == 80


def test_a_killed_writer_leaves_nothing_and_blocks_nobody(url):
    code = (
        "import sys, time\n"
        "from customerp_trello.state import history, lease\n"
        "from customerp_trello.state.store import Store\n"
        "store = Store(sys.argv[1])\n"
        "with store.begin(lease.acquire(store, 'pair', 'a', 60)) as tx:\n"
        "    history.append_history(tx, 'pair', 'a', [history.Entry('trello', 'update', 'x')])\n"
        "    print('in', flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, env=environment)
    assert process.stdout.readline() == b"in\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Store(url) as store:
        assert entries(store) == 0
        write(store, lease.take_over(store, PAIR, "a", 1, 60))
        assert entries(store) == 1
