"""The one `requests` session of a hook: time-outs on every request, no cookies, credentials in a header only."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.auth import AuthBase
from requests_toolbelt.adapters.socket_options import TCPKeepAliveAdapter  # type: ignore[import-untyped]

from customerp_trello.hooks.connection import Settings

USER_AGENT = "customerp-trello"


class HeaderAuth(AuthBase):
    """Sets one header with the credentials, or none at all.

    Being set as the session's auth it also keeps `requests` from taking credentials out of a ``.netrc``.
    """

    def __init__(self, header: str = "", value: str = "") -> None:
        self._header, self._value = header, value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header to *request*."""
        if self._header:
            request.headers[self._header] = self._value
        return request


class TimeoutAdapter(TCPKeepAliveAdapter):  # type: ignore[misc]
    """Gives every request a connect and a read time-out, also those sent past our own methods."""

    def __init__(self, timeouts: tuple[float, float]) -> None:
        self._timeouts = timeouts
        super().__init__()

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send *request* with the connection's time-outs, unless the caller names other ones."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeouts
        response: Response = super().send(request, *args, **kwargs)
        return response


def make_session(settings: Settings, auth: AuthBase, headers: Mapping[str, str]) -> Session:
    """Return a session for *settings*; nothing of the connection's extra becomes a header."""
    session = Session()
    session.auth = auth
    session.verify = settings.verify
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "application/json", "User-Agent": USER_AGENT, **headers})
    adapter = TimeoutAdapter((settings.connect_timeout, settings.read_timeout))
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
