"""The web server's own state database: opened once, followed to another address."""

from __future__ import annotations

import pytest

from customerp_trello.review import database


@pytest.fixture
def opening(tmp_path, monkeypatch):
    """``opening("a")``: what a view gets when Airflow names that database and a minute has gone by."""
    closed = []
    monkeypatch.setattr(database, "_opened", None)
    monkeypatch.setattr(database, "SAME_DATABASE_SECONDS", 0.0)

    def close(store):
        closed.append(store)

    monkeypatch.setattr(database.Store, "close", close)

    def open_(name):
        monkeypatch.setattr(database, "state_url", lambda: f"sqlite:///{tmp_path / name}.db")
        return database.opened()

    open_.closed = closed
    return open_


def test_the_same_address_is_opened_once(opening):
    assert opening("a") is opening("a")
    assert opening.closed == []


def test_another_address_is_followed_and_the_old_one_closed(opening):
    first, second = opening("a"), opening("b")
    assert first is not second
    assert opening.closed == [first]
