"""Another process at the same state database; the tests start several at once.

upgrade URL START | lease URL START RUN TURNS | race URL START RUN ROUNDS | count URL START TURNS
START is a unix time: the processes begin together.
"""

import sys
import time
from datetime import UTC, datetime

from customerp_trello.state import history, lease
from customerp_trello.state.runs import Watermark, load_watermarks, save_watermark
from customerp_trello.state.store import Store

PAIR = "pair"


def upgrade(store):
    store.upgrade()
    store.upgrade()


def take_turns(store, run, turns):
    """Acquire, write, release; print the number of each lease."""
    done = 0
    while done < int(turns):
        got = lease.acquire(store, PAIR, run, 60)
        if isinstance(got, lease.Holder):
            time.sleep(0.002)
            continue
        with store.begin(got) as tx:
            history.append_history(tx, PAIR, run, [history.Entry("trello", "update", str(got.number))])
        lease.release(store, PAIR, run)
        print(got.number, flush=True)
        done += 1


def race(store, run, rounds):
    """Try to get one pair after the other, each at a moment that all processes share; print those that were got."""
    first = float(sys.argv[3]) + 1.5
    for number in range(int(rounds)):
        time.sleep(max(0.0, first + number * 0.05 - time.time()))
        if not isinstance(lease.acquire(store, f"pair{number}", run, 60), lease.Holder):
            print(number, flush=True)


def count(store, turns):
    """Read, then write what was read plus one, each in one transaction under the first lease."""
    fence = lease.Fence(PAIR, "run", 1, 1, 60)
    for _ in range(int(turns)):
        with store.begin(fence) as tx:
            listed = load_watermarks(tx, PAIR)["trello"].listed
            mark = Watermark(None, datetime.now(UTC), None, listed + 1)
            save_watermark(tx, PAIR, "trello", mark)


if __name__ == "__main__":
    what, url, start, *rest = sys.argv[1:]
    with Store(url) as store:
        time.sleep(max(0.0, float(start) - time.time()))
        {"upgrade": upgrade, "lease": take_turns, "race": race, "count": count}[what](store, *rest)
