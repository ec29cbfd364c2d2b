"""The budgets of a key and token; where places are counted is tested with the state database."""

from __future__ import annotations

from typing import Any

import pytest

from customerp_trello.errors import RetriableError
from customerp_trello.hooks.limits import TrelloLimits


class Ledger:
    """Places without end that remember what they were asked."""

    def __init__(self) -> None:
        self.taken: list[dict[str, tuple[int, float]]] = []
        self.used: list[dict[str, tuple[int, float]]] = []

    def take(self, ticket: str, budgets: Any, at_most: float) -> float:
        self.taken.append(dict(budgets))
        return 0.0

    def settle(self, ticket: str, budgets: Any, used: Any) -> None:
        self.used.append(dict(used))


def told(scope: str, most: int, remaining: int, milliseconds: int = 10_000) -> dict[str, str]:
    name = f"x-rate-limit-{scope}"
    return {f"{name}-max": str(most), f"{name}-remaining": str(remaining), f"{name}-interval-ms": str(milliseconds)}


def test_a_request_counts_for_token_and_key_and_a_profile_for_a_third_budget() -> None:
    ledger = Ledger()
    limits = TrelloLimits("http://x", "the-key", "the-token", 3, places=ledger)
    for path in ("/1/members/me/organizations", "/1/members/me"):
        limits.acquire(path)
    assert [sorted(budgets.values()) for budgets in ledger.taken] == [
        [(3, 10.0), (9, 10.0)],
        [(3, 10.0), (9, 10.0), (100, 900.0)],
    ]
    assert not [name for name in ledger.taken[1] if "key" in name or "token" in name]


def test_tokens_of_one_key_share_its_budget_and_systems_share_nothing() -> None:
    ledger = Ledger()
    for url, key, token in (("http://x", "k", "t"), ("http://x", "k", "u"), ("http://y", "k", "t")):
        TrelloLimits(url, key, token, places=ledger).acquire("/1/cards/1")
    first, second, elsewhere = (set(budgets) for budgets in ledger.taken)
    assert len(first & second) == 1
    assert not first & elsewhere


def test_answers_say_what_others_have_used() -> None:
    ledger = Ledger()
    limits = TrelloLimits("http://x", "k", "t", 10, places=ledger)
    ticket = limits.acquire("/1/cards/1")
    limits.settle(ticket, "/1/cards/1", {})
    limits.settle(ticket, "/1/cards/1", told("api-token", 100, 60))
    limits.settle(ticket, "/1/cards/1", told("api-key", 5, 0, 4_000) | told("member", 100, 99, 900_000))
    limits.settle(ticket, "/1/cards/1", {"x-rate-limit-api-key-remaining": "0"})
    assert [sorted(used.values()) for used in ledger.used] == [[], [(40, 10.0)], [(1, 900.0), (30, 4.0)], []]


def test_nobody_waits_for_ever_and_the_message_says_how_long() -> None:
    limits = TrelloLimits("http://x", "k", "t", 100, longest_wait=0.05)
    for _ in range(100):
        limits.settle(limits.acquire("/1/members/me"), "/1/members/me", {})
    with pytest.raises(RetriableError, match="100 requests in 900 s") as error:
        limits.acquire("/1/members/me")
    assert error.value.retry_after == pytest.approx(900, abs=5)


def test_nothing_remaining_steers_down() -> None:
    limits = TrelloLimits("http://x", "k", "t", 3, longest_wait=0.05)
    limits.settle(limits.acquire("/1/cards/1"), "/1/cards/1", told("api-token", 100, 98))
    limits.settle(limits.acquire("/1/cards/1"), "/1/cards/1", told("api-token", 100, 0))
    with pytest.raises(RetriableError):
        limits.acquire("/1/cards/1")
