"""How requests to Trello are made: credentials, limits, errors, batches and action lists.

Key and token go out in the ``Authorization`` header only, long texts and addresses in the body only: URLs end up in
logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from requests.auth import AuthBase

from customerp_trello.errors import ConfigurationError, FatalError, RecordError, RecordMissing, UnknownOutcome
from customerp_trello.hooks.answers import Answer
from customerp_trello.hooks.connection import check_fit_for_header, whole_number
from customerp_trello.hooks.failures import RETRIABLE, Call, ErrorShape
from customerp_trello.hooks.http import Params, SyncHttpHook
from customerp_trello.hooks.limits import Places, TrelloLimits
from customerp_trello.hooks.session import HeaderAuth
from customerp_trello.hooks.trello_paging import ActionPager

Fields = dict[str, Any]
BATCH_SIZE = 10
CLIENT_HEADER, CLIENT = "X-Trello-Client-Identifier", "customerp-trello"
"""Trello repeats this header on the webhooks that a request causes: so our own writes are known there."""

_ERRORS = ErrorShape(
    messages=(("message",), ("originalMessage",), ("error",)),
    missing=frozenset({404, 410}),
    refused=frozenset({401, 403}),
    wrong_credentials=("invalid key", "invalid token", "invalid app token", "expired token", "token expired"),
    no_route="Cannot ",
)


def url_part(text: str) -> str:
    """Return *text* as one part of a URL's path."""
    return quote(text, safe="")


class TrelloRequests(SyncHttpHook):
    """Trello's REST API below its resources.

    Args:
        conn_id: Airflow connection.
        places: where requests are counted with all others that use the token; None: for this hook alone.
    """

    def __init__(self, conn_id: str, places: Places | None = None) -> None:
        super().__init__(conn_id)
        self.places = places

    def batch(self, paths: Iterable[str]) -> list[Any]:
        """Read several routes, ten in a request.

        Args:
            paths: GET routes below ``/1`` with their queries, encoded, such as ``/organizations/abc?fields=id``.

        Returns:
            For each path, in order, its JSON, or a `RecordError` (not raised) with Trello's message.
        """
        routes = list(paths)
        results: list[Any] = []
        for start in range(0, len(routes), BATCH_SIZE):
            results.extend(self._batch(routes[start : start + BATCH_SIZE]))
        return results

    def _batch(self, routes: list[str]) -> list[Any]:
        urls = ",".join(route.replace(",", "%2C") for route in routes)
        rows = self._list("/batch", {"urls": urls})
        if len(rows) != len(routes):
            raise FatalError(f"{self.conn_id}: a batch of {len(routes)} routes brought {len(rows)} answers.")
        return [self._batched(route, row) for route, row in zip(routes, rows, strict=True)]

    def _batched(self, route: str, row: Any) -> Any:
        """Read one answer of a batch: ``{"200": body}``, ``{"404": message}`` or ``{name, message, statusCode}``."""
        if not isinstance(row, dict):
            raise FatalError(f"{self.conn_id}: a batch answered a {type(row).__name__} for a route.")
        if "200" in row:
            return row["200"]
        code, detail = str(row.get("statusCode", "")), row.get("message", "")
        if not code:
            code, detail = next(iter(row.items()), ("0", ""))
        status = int(code) if code.isdecimal() else 0
        if status in RETRIABLE:
            return self._alone(route)
        if str(detail).startswith(_ERRORS.no_route):
            raise FatalError(f"{self.conn_id}: there is no path {route.partition('?')[0]}; the API may have changed.")
        said = f"{self.conn_id}: {route.partition('?')[0]}: HTTP {status}: {self.redactor.text(str(detail))}"
        return RecordMissing(said) if status in _ERRORS.missing else RecordError(said)

    def _alone(self, route: str) -> Any:
        """Read one route by itself, with all the patience that a batch has not."""
        try:
            return self.json_of(self.request("GET", f"/1{route}", record=route.partition("?")[0]))
        except RecordError as error:
            return error

    def _get(self, path: str, params: Params, record: str = "") -> Fields:
        return self._object(self.request("GET", f"/1{path}", params=params, record=record))

    def _list(self, path: str, params: Params, record: str = "") -> list[Fields]:
        answer = self.request("GET", f"/1{path}", params=params, record=record)
        body = self.json_of(answer)
        if not isinstance(body, list):
            raise FatalError(f"{self.conn_id}: {path} answered no list; Trello's API may have changed.")
        return body

    def _tell(self, method: str, path: str, fields: Mapping[str, Any], record: str) -> Any:
        """Write where Trello's answer has no fixed shape; None if it has no JSON body."""
        answer = self.request(method, f"/1{path}", body=dict(fields), record=record)
        try:
            return answer.json()
        except ValueError:
            return None

    def _write(self, method: str, path: str, fields: Mapping[str, Any], record: str) -> Fields:
        answer = self.request(method, f"/1{path}", body=dict(fields), record=record)
        try:
            return self._object(answer)
        except FatalError as error:
            raise UnknownOutcome(f"{error} The write was accepted: look before writing again.") from None

    def _delete(self, path: str, record: str) -> None:
        self.request("DELETE", f"/1{path}", record=record)

    def _object(self, answer: Answer) -> Fields:
        body = self.json_of(answer)
        if not isinstance(body, dict):
            raise FatalError(f"{self.conn_id}: {answer.url.partition('?')[0]} answered no object.")
        return body

    def _actions(
        self, path: str, record: str, params: dict[str, str | int], since: datetime | None
    ) -> Iterator[Fields]:
        pager = ActionPager(f"{self.conn_id}: {path}", params, since)
        query: dict[str, str | int] | None = pager.first()
        while query:
            fresh = pager.fresh(self._list(path, query, record))
            yield from fresh
            query = pager.following(fresh)

    # -- what SyncHttpHook asks --------------------------------------------------------------------------------

    @cached_property
    def _limits(self) -> TrelloLimits:
        settings = self.settings
        limit = whole_number(settings, "requests_per_10_seconds", 100)
        at_most = settings.connect_timeout + settings.read_timeout
        identity = settings.base_url, settings.login, settings.password
        return TrelloLimits(*identity, limit, places=self.places, at_most=at_most)

    def _before_attempt(self, call: Call) -> None:
        with self._lock:
            limits = self._limits
        call.place = limits.acquire(call.path)

    def _after_attempt(self, call: Call, answer: Answer | None) -> None:
        self._limits.settle(call.place, call.path, answer.headers if answer else {})

    def _auth(self) -> AuthBase:
        key, token = self.settings.login, self.settings.password
        if not token:
            raise ConfigurationError(
                f"connection {self.conn_id}: no token; put the API key into Login and the token into Password"
            )
        check_fit_for_header(self.settings)
        value = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"' if key else f"Bearer {token}"
        return HeaderAuth("Authorization", value)

    def _headers(self) -> Mapping[str, str]:
        return {CLIENT_HEADER: CLIENT}

    def _error_shape(self) -> ErrorShape:
        return _ERRORS

    def _secrets(self) -> list[str]:
        return [self.settings.login, self.settings.password]
