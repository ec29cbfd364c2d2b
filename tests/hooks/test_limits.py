"""The budget that all processes of a machine share."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyrate_limiter import RateItem

from customerp_trello.errors import RetriableError
from customerp_trello.hooks.limits import Budget, MachineLock, TrelloLimits, limits_folder


def take(path: str, wanted: int, limit: int) -> int:
    budget = Budget(Path(path), limit, 60)
    return sum(budget.acquire(0.05) for _ in range(wanted))


def test_processes_share_one_budget(tmp_path: Path) -> None:
    path = str(tmp_path / "count.db")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        taken = pool.starmap(take, [(path, 6, 10)] * 3)
    assert sum(taken) == 10


def test_a_place_comes_free_when_the_window_moves_on(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "count.db", 2, 1)
    start = time.monotonic()
    assert all(budget.acquire(3) for _ in range(3))
    assert 0.9 < time.monotonic() - start < 2


def test_exhausted_by_others(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "count.db", 5, 60)
    assert budget.acquire(0)
    budget.exhaust()
    assert not budget.acquire(0.01)
    budget.exhaust()
    assert not Budget(tmp_path / "count.db", 5, 60).acquire(0.01)


def test_a_clock_that_was_set_back_does_not_block_for_ever(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "count.db", 1, 10)
    budget._bucket.put(RateItem("x", int(time.time() * 1000) + 3_600_000))
    budget.close()
    assert Budget(tmp_path / "count.db", 1, 10).acquire(0.1)


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    script = (
        "import fcntl,sys,time;f=open(sys.argv[1],'a');fcntl.flock(f,fcntl.LOCK_EX);"
        "print('held',flush=True);time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    lock = MachineLock(path)
    assert not lock.acquire(blocking=False)
    assert not lock.acquire(timeout=0.05)
    holder.kill()
    holder.wait()
    assert lock.acquire(timeout=2)
    with lock:
        pass
    lock.release()


def test_files_tell_neither_key_nor_token_and_profiles_have_a_budget_of_their_own() -> None:
    limits = TrelloLimits("http://x", "the-key", "the-token", 3, longest_wait=0.05)
    names = " ".join(file.name for file in limits_folder().iterdir())
    assert "key" not in names
    assert "token" not in names
    for _ in range(3):
        limits.profile.acquire(0)
    limits.acquire("/1/members/me/organizations")
    with pytest.raises(RetriableError, match="3 requests in 900 s") as error:
        limits.acquire("/1/members/me")
    assert error.value.retry_after == 900
    limits.close()


def test_nothing_remaining_steers_down() -> None:
    limits = TrelloLimits("http://x", "k", "t", 3, longest_wait=0.05)
    limits.obey({"token": "1", "key": None})
    limits.acquire("/1/organizations")
    limits.obey({"token": "0", "key": None})
    with pytest.raises(RetriableError):
        limits.acquire("/1/organizations")
