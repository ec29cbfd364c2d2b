"""How fast Trello may be asked, and what it says about that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import trello_limits
from sandbox_client import Trello

NESTED = "/members/me/organizations"  # counts for key and token only


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the limits read; a test moves them."""
    seconds = [1000.0]
    # Its own clock: with everybody's, the server would take its connections for idle and close them.
    monkeypatch.setattr(trello_limits, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def test_the_limits_are_trellos_own(start_trello: Any) -> None:
    headers = Trello(start_trello()).get("/members/me").headers
    told = {name: headers[f"x-rate-limit-{name}"] for name in ("api-key-max", "api-token-max", "member-max")}
    assert told == {"api-key-max": "300", "api-token-max": "100", "member-max": "100"}
    windows = {name: headers[f"x-rate-limit-{name}-interval-ms"] for name in ("api-key", "api-token", "member")}
    assert windows == {"api-key": "10000", "api-token": "10000", "member": "900000"}


def test_a_refusal_tells_the_limits_too_and_no_time_to_wait(start_trello: Any) -> None:
    trello = Trello(start_trello(token_limit=1))
    trello.get(NESTED)
    refused = trello.get(NESTED)
    assert refused.status_code == 429
    assert refused.headers["x-rate-limit-api-token-remaining"] == "0"
    assert "retry-after" not in refused.headers
    assert refused.headers["content-type"].startswith("application/json")


def test_a_window_ends(start_trello: Any, clock: list[float]) -> None:
    trello = Trello(start_trello(token_limit=2, member_limit=1))
    assert [trello.get("/members/me").status_code for _ in range(2)] == [200, 429]
    clock[0] += 10
    assert trello.get(NESTED).status_code == 200
    assert trello.get("/members/me").status_code == 429
    clock[0] += 890
    assert trello.get("/members/me").status_code == 200


def test_two_hundred_refusals_are_borne_and_one_more_closes_the_key(start_trello: Any, clock: list[float]) -> None:
    server = start_trello(token_limit=1, key_limit=10_000)
    trello, anna, boris = (Trello(server, one.token) for one in (server.integration, server.anna, server.boris))
    assert trello.get(NESTED).status_code == 200
    assert {trello.get(NESTED).json()["error"] for _ in range(200)} == {"API_TOKEN_LIMIT_EXCEEDED"}
    assert anna.get(NESTED).status_code == 200
    assert trello.get(NESTED).status_code == 429  # the 201st
    assert boris.get(NESTED).json()["error"] == "API_KEY_LIMIT_EXCEEDED"
    assert boris.get("/boards/000000000000000000000000").status_code == 429
    clock[0] += 10
    assert boris.get(NESTED).status_code == 200


def test_a_batch_counts_as_one_request(start_trello: Any) -> None:
    trello = Trello(start_trello())
    answer = trello.get("/batch", urls=",".join([NESTED] * 10))
    assert answer.headers["x-rate-limit-api-token-remaining"] == "99"
    assert [list(one) for one in answer.json()] == [["200"]] * 10


def test_no_limits_still_tells_them(start_trello: Any) -> None:
    trello = Trello(start_trello(rate_limits=False, token_limit=1))
    answers = [trello.get(NESTED) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[-1].headers["x-rate-limit-api-token-remaining"] == "1"
