"""Credentials on their way: in a header, in the query, or fetched by a call and renewed when they expire."""

from __future__ import annotations

import base64
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.answers import Answer, at
from customerp_trello.hooks.connection import Settings, check_fit_for_header
from customerp_trello.hooks.profile_auth import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    LoginAuth,
    OAuth2Auth,
    QueryKeyAuth,
)
from customerp_trello.hooks.redaction import MASK
from customerp_trello.hooks.session import HeaderAuth
from customerp_trello.hooks.templates import fill

EARLY = 30.0
"""Seconds before its end at which a token counts as expired, so that it is good for the request that it goes with."""

Send = Callable[..., Answer]
"""``send(url, json=..., form=..., headers=...)`` posts without credentials and returns the answer of a success."""


class QueryAuth(AuthBase):
    """Adds a query parameter; the URL without it is what everything else sees."""

    def __init__(self, parameter: str, value: str) -> None:
        self._parameter, self._value = parameter, value
        _mask_queries(parameter)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the parameter to *request*, in place of one that a next link may have brought along."""
        parts = urlsplit(request.url or "")
        pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != self._parameter]
        query = urlencode([*pairs, (self._parameter, self._value)], quote_via=quote)
        request.url = urlunsplit((*parts[:3], query, ""))
        return request


class FetchedAuth(AuthBase):
    """Credentials that a call gives; the call is made when they are first needed, and again when they expire.

    Args:
        fetch: makes the call; headers for every request, and the seconds for which they are good, if that is known.
        learn: is told what must never be seen.
    """

    def __init__(
        self, fetch: Callable[[], tuple[dict[str, str], float | None]], learn: Callable[[Iterable[str]], None]
    ) -> None:
        self._fetch, self._learn = fetch, learn
        self._lock = threading.RLock()
        self._headers: dict[str, str] = {}
        self._until = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the headers to *request*."""
        with self._lock:
            if time.monotonic() >= self._until:
                self.renew()
            request.headers.update(self._headers)
        return request

    def renew(self) -> None:
        """Make the call now.

        Raises:
            ConfigurationError: login or password are refused, or the answer holds no token.
            RetriableError: the system is away or busy.
        """
        with self._lock:
            self._headers, lifetime = self._fetch()
            self._learn(
                part for value in self._headers.values() for part in re.split(r"[ =;]+", value) if len(part) > 7
            )
            self._until = time.monotonic() + (max(lifetime - EARLY, lifetime / 2) if lifetime else float("inf"))


def make_auth(auth: Auth, settings: Settings, send: Send, learn: Callable[[Iterable[str]], None]) -> AuthBase:
    """Return the credentials that the profile's *auth* asks for.

    Args:
        auth: how the ERP wants them.
        settings: the connection, which holds them.
        send: posts a log-in.
        learn: is told what must never be seen.

    Raises:
        ConfigurationError: the connection lacks something that they need.
    """
    login, password = settings.login, settings.password
    match auth:
        case BasicAuth():
            _need(auth, settings, login and password, "login and password")
            return HeaderAuth("Authorization", f"Basic {basic(login, password)}")
        case BearerAuth():
            _need(auth, settings, password, "the token as password")
            check_fit_for_header(settings)
            return HeaderAuth("Authorization", f"Bearer {password}")
        case ApiKeyAuth():
            _need(auth, settings, password, "the key as password")
            check_fit_for_header(settings)
            return HeaderAuth(auth.header, f"{auth.prefix}{f'{login}:{password}' if login else password}")
        case QueryKeyAuth():
            _need(auth, settings, password, "the key as password")
            return QueryAuth(auth.parameter, password)
        case LoginAuth():
            _need(auth, settings, password, "login and password")
            return FetchedAuth(lambda: _log_in(auth, settings, send), learn)
        case OAuth2Auth():
            _need(auth, settings, login and password, "the client id as login and the client secret as password")
            return FetchedAuth(lambda: _ask_for_token(auth, settings, send), learn)
    return HeaderAuth()


def basic(login: str, password: str) -> str:
    """What stands behind ``Basic``."""
    return base64.b64encode(f"{login}:{password}".encode()).decode()


def _log_in(auth: LoginAuth, settings: Settings, send: Send) -> tuple[dict[str, str], float | None]:
    body = fill(auth.body, {"login": settings.login, "password": settings.password})
    answer = send(auth.path, **{auth.form: body})
    lifetime = float(auth.lifetime_seconds) if auth.lifetime_seconds else None
    if auth.token is None:
        return {"Cookie": "; ".join(f"{name}={_cookie(answer, name, settings)}" for name in auth.cookies)}, lifetime
    return {auth.header: f"{auth.prefix}{_token(answer, auth.token, settings)}"}, lifetime


def _ask_for_token(auth: OAuth2Auth, settings: Settings, send: Send) -> tuple[dict[str, str], float | None]:
    url = str(settings.extra.get("token_url") or auth.token_url)
    _need(auth, settings, url, "`token_url`, in the profile or in the connection's extra")
    form = {"grant_type": "client_credentials", **({"scope": auth.scope} if auth.scope else {})}
    headers: dict[str, str] = {}
    if auth.client == "basic":
        headers["Authorization"] = f"Basic {basic(quote(settings.login, safe=''), quote(settings.password, safe=''))}"
    else:
        form |= {"client_id": settings.login, "client_secret": settings.password}
    answer = send(url, form=form, headers=headers)
    token = _token(answer, ("access_token",), settings)
    seconds = str(at(answer.json(), ("expires_in",)))
    return {"Authorization": f"Bearer {token}"}, float(seconds) if seconds.isdecimal() else None


def _token(answer: Answer, path: tuple[str, ...], settings: Settings) -> str:
    try:
        token = at(answer.json(), path)
    except ValueError:
        token = None
    if not isinstance(token, str) or not token:
        raise ConfigurationError(
            f"connection {settings.conn_id}: the log-in was answered without a token at {'.'.join(path)!r}; correct "
            "`auth` in the profile"
        )
    return token


def _cookie(answer: Answer, name: str, settings: Settings) -> str:
    found = re.search(rf"(?:^|[,;] *){re.escape(name)}=([^;,]+)", answer.headers.get("Set-Cookie", ""))
    if not found:
        raise ConfigurationError(
            f"connection {settings.conn_id}: the log-in set no cookie {name!r}; correct `auth.cookies` in the profile"
        )
    return found.group(1)


def _need(auth: Auth, settings: Settings, given: str, what: str) -> None:
    if not given:
        raise ConfigurationError(f"connection {settings.conn_id}: the profile's auth {auth.kind!r} needs {what}")


class _QueryFilter(logging.Filter):
    """Masks a parameter in the debug lines of urllib3, which name whole URLs."""

    def __init__(self, parameter: str) -> None:
        super().__init__()
        self._pattern = re.compile(rf"([?&]{re.escape(parameter)}=)[^&\s\"]*")

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(self._masked(value) for value in record.args)
        return True

    def _masked(self, value: Any) -> Any:
        return self._pattern.sub(rf"\1{MASK}", value) if isinstance(value, str) else value


_MASKED: set[str] = set()


def _mask_queries(parameter: str) -> None:
    if parameter not in _MASKED:
        _MASKED.add(parameter)
        logging.getLogger("urllib3.connectionpool").addFilter(_QueryFilter(parameter))
