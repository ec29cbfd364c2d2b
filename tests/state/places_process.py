"""Another process that asks Trello as fast as it may: places_process.py STATE_URL PACE REQUESTS CLOCK_AHEAD.

STATE_URL may be "" (it counts for itself). The connection is in the environment. CLOCK_AHEAD: seconds by which this
machine's clock is wrong. It says when it is ready and begins at a line on its standard input.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from customerp_trello.hooks import limits
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.state.request_places import RequestPlaces
from customerp_trello.state.store import Store

IN_FLIGHT = 4


def main(url, pace, requests, ahead):
    limits.TEN_SECONDS, limits.QUARTER_HOUR = 10 / float(pace), 900 / float(pace)
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + float(ahead)
    time.time_ns = lambda: real_ns() + int(ahead) * 10**9
    hook = TrelloHook(places=RequestPlaces(Store(url)) if url else None)
    assert hook.get_conn()
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(lambda _: hook.my_organizations("id"), range(int(requests))))
    print(hook.requests_made)


if __name__ == "__main__":
    main(*sys.argv[1:])
