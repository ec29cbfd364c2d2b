"""The review page's app as Airflow mounts it, people of different rights, and a state database of each test's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

sys.path.append(str(Path(__file__).resolve().parents[1] / "state"))
sys.path.append(str(Path(__file__).parent))

from airflow_here import HOST, airflow_here, token_of
from state_databases import backend, clock, migrated, store, url

from customerp_trello.review import database
from customerp_trello.review.app import PREFIX, build_app

__all__ = ["backend", "clock", "migrated", "store", "url"]


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with airflow_here(tmp_path_factory.mktemp("airflow")):
        yield


@pytest.fixture(scope="session")
def app(airflow: None) -> Iterator[Any]:
    """The app with its routes."""
    review = build_app()
    with TestClient(review):
        yield review


class Browser(TestClient):
    """Somebody with Airflow's cookie, or nobody; sends what a browser does of itself."""

    def __init__(self, app: Any, name: str = "") -> None:
        outer = Starlette()
        outer.mount(PREFIX, app)
        super().__init__(outer, base_url=HOST, follow_redirects=False)
        if name:
            self.cookies.set("_token", token_of(name))

    def see(self, path: str, **parts: Any) -> Any:
        return self.get(PREFIX + path, **parts)

    def token(self) -> str:
        """The token in the form of the search, which every page has."""
        text = self.see("/search").text
        return text.split('name="token" value="')[1].split('"')[0]

    def press(self, path: str, **fields: Any) -> Any:
        """Press a button of a page of ours."""
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": HOST}
        return self.post(PREFIX + path, data={"token": self.token(), **fields}, headers=headers)


@pytest.fixture
def browse(app: Any, store: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Browser]:
    """``browse("anna")``: a browser of somebody who is logged in; ``browse()``: of nobody."""
    monkeypatch.setattr(database, "opened", lambda: store)
    app.dependency_overrides[_opened()] = lambda: store
    return lambda name="": Browser(app, name)


def _opened() -> Any:
    from customerp_trello.review.database import State

    return State.__metadata__[0].dependency
