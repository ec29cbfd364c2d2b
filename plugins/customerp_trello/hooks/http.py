"""`HttpHook` with its holes closed: what CustomERP and Trello have in common.

Against `HttpHook` 6.3: the connection's extra never becomes headers; every request has a connect and a read time-out;
one session per hook, so that connections are kept; errors are those of :mod:`customerp_trello.errors`, quoting the
system's message but never a body. Beyond that: a retry that knows which requests may be repeated, no redirects, no
cookies, a count of requests and the server's clock.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret
from requests import RequestException, Response, Session
from requests.auth import AuthBase
from requests.exceptions import ConnectTimeout, InvalidHeader, InvalidURL
from tenacity import RetryCallState, Retrying
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.exceptions import SSLError as TlsError

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordStale,
    RetriableError,
    SyncError,
    UnknownOutcome,
)
from customerp_trello.hooks.answers import Answer, origin, to_json
from customerp_trello.hooks.clock import ServerClock
from customerp_trello.hooks.connection import Settings, read_connection
from customerp_trello.hooks.failures import Call, ErrorShape, failure, is_error
from customerp_trello.hooks.redaction import Redactor
from customerp_trello.hooks.session import HeaderAuth, make_session

Params = Mapping[str, Any]


class SyncHttpHook(HttpHook):
    """A session to one system.

    One instance may serve several threads, one write per record at a time being the caller's business.

    Attributes:
        requests_made: HTTP requests sent so far, repeated ones counted.
        rate_limited: how many of them the system answered with 429, too many requests.
        before_write: called before every attempt to write, also before a repeated one, with the seconds that the
            attempt may take; what it raises ends the request before anything is sent (the flow checks its lease here).
    """

    conn_name_attr = "conn_id"
    extra_keys: ClassVar[tuple[str, ...]] = ()
    attempts: ClassVar[int] = 5
    first_wait: ClassVar[float] = 0.5
    longest_wait: ClassVar[float] = 60.0

    def __init__(self, conn_id: str) -> None:
        super().__init__(http_conn_id=conn_id, method="GET")
        self.conn_id = conn_id
        self.requests_made = 0
        self.rate_limited = 0
        self._taken = threading.local()
        self.before_write: Callable[[float], None] | None = None
        self._clock = ServerClock()
        self._lock = threading.RLock()

    # -- what the two systems differ in ------------------------------------------------------------------------

    def _auth(self) -> AuthBase:
        """Credentials of the connection."""
        return HeaderAuth()

    def _headers(self) -> Mapping[str, str]:
        """Headers of every request."""
        return {}

    def _error_shape(self) -> ErrorShape:
        """How the system words its errors."""
        return ErrorShape()

    def _secrets(self) -> list[str]:
        """What must never be seen."""
        return [self.settings.password]

    def _renew(self, answer: Answer) -> bool:
        """Get new credentials if *answer* says that they have expired; whether to try again with them."""
        return False

    def _before_attempt(self, call: Call) -> None:
        """Wait here for a place within the system's limits."""

    def _after_attempt(self, call: Call, answer: Answer | None) -> None:
        """Give the place back, and learn from the answer's headers; None if there is no answer."""

    # -- the connection ----------------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> Settings:
        """The connection, checked.

        Raises:
            ConfigurationError: there is no such connection, or something in it is wrong.
        """
        try:
            connection = self.get_connection(self.conn_id)
        except AirflowNotFoundException:
            raise ConfigurationError(
                f"connection {self.conn_id} does not exist; create it under Admin, Connections, with type "
                f"{self.conn_type!r}"
            ) from None
        return read_connection(connection, keys=self.extra_keys, default_host=self.default_host)

    @property
    def writes_taken(self) -> int:
        """Writing requests of this thread that the system has confirmed so far."""
        return int(getattr(self._taken, "count", 0))

    @property
    def clock_offset(self) -> float:
        """Seconds that the server's clock is ahead of ours; 0.0 before the first answer."""
        return self._clock.offset

    @cached_property
    def redactor(self) -> Redactor:
        """Masks this connection's secrets, and tells Airflow's own masker of them."""
        secrets = [secret for secret in (*self._secrets(), self.settings.webhook_secret) if secret]
        for secret in secrets:
            mask_secret(secret)
        return Redactor(secrets)

    @cached_property
    def _session(self) -> Session:
        self.base_url = self.settings.base_url
        self._base_url_initialized = True
        _ = self.redactor  # the masker knows the secrets before anything can be logged
        return make_session(self.settings, self._auth(), self._headers())

    def get_conn(self, headers: dict[Any, Any] | None = None, extra_options: dict[str, Any] | None = None) -> Session:
        """Return the hook's one session; *headers* and *extra_options* belong to a request and are refused here."""
        if headers or extra_options:
            raise FatalError(f"{self.conn_id}: headers and options belong to a request, not to the hook's session")
        with self._lock:
            return self._session

    def close(self) -> None:
        """Close the kept connections."""
        if "_session" in self.__dict__:
            self._session.close()

    # -- requests ----------------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        record: str = "",
        repeatable: bool | None = None,
        reads: bool = False,
        accepted: frozenset[int] = frozenset(),
        recheck: Callable[[], object] | None = None,
    ) -> Answer:
        """Send a request, repeating it where that is safe, and return the successful answer.

        Args:
            method: HTTP method.
            path: path below the base URL, or an absolute URL of the same host (a next link).
            params: query parameters; spaces go out as ``%20``.
            body: JSON value to send; reading requests have none.
            headers: headers of this request.
            record: what record the path addresses, so that a refusal is the record's and not the connection's.
            repeatable: whether the request may be sent twice; by default everything but POST.
            reads: whether a POST changes nothing, so that it may be sent twice and needs no lease.
            accepted: statuses beside 2xx whose answer is returned too.
            recheck: called before each repetition; what it raises ends them.

        Raises:
            SyncError: one of its subclasses; ``UnknownOutcome`` if a write may or may not have been done.
        """
        method = method.upper()
        if body is not None and method in ("GET", "HEAD", "DELETE"):
            raise FatalError(f"{self.conn_id}: a {method} never carries a body; send it as query parameters")
        url = self.url_for(path, params)
        call = Call(
            method=method,
            url=url,
            where=f"{self.conn_id}: {method} {urlsplit(url).path}",
            record=record,
            sent=body,
            body=None if body is None else to_json(body),
            headers={**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})},
            repeatable=(reads or method != "POST") if repeatable is None else repeatable,
            accepted=accepted,
            reads=reads,
            recheck=recheck,
        )
        return self._repeat(call)

    def send_log_in(
        self, url: str, *, json: Any = None, form: Mapping[str, Any] | None = None, headers: Mapping[str, str]
    ) -> Answer:
        """Post a log-in, without the session's credentials, and return the successful answer.

        Args:
            url: path below the base URL, or an absolute URL, which may be another host's.
            json: body as JSON, or None.
            form: body as a form, or None.
            headers: headers of this request.

        Raises:
            ConfigurationError: login or password are refused.
            RetriableError: the system is away or busy.
        """
        url = url if "://" in url else self.url_for(url)
        sent, kind = (form, "x-www-form-urlencoded") if form is not None else (json, "json")
        call = Call(
            method="POST",
            url=url,
            where=f"{self.conn_id}: POST {urlsplit(url).path} (log-in)",
            sent=sent,
            body=urlencode(form).encode() if form is not None else to_json(json),
            headers={"Content-Type": f"application/{kind}", **headers},
            reads=True,
            renewed=True,
            anonymous=True,
        )
        return self._repeat(call)

    def forget_redactor(self) -> None:
        """Make the redactor anew, since there are other secrets now."""
        self.__dict__.pop("redactor", None)

    def run(
        self,
        endpoint: str | None = None,
        data: dict[str, Any] | str | None = None,
        headers: dict[str, Any] | None = None,
        extra_options: dict[str, Any] | None = None,
        **request_kwargs: Any,
    ) -> Answer:
        """`HttpHook`'s way to send a request, by :meth:`request`: *data* is the query of a GET, else the body."""
        if extra_options or request_kwargs or isinstance(data, str):
            raise FatalError(f"{self.conn_id}: run() takes an endpoint, data as a dict, and headers; nothing else")
        reads = self.method in ("GET", "HEAD", "DELETE")
        return self.request(
            self.method,
            endpoint or "",
            params=data if reads else None,
            body=None if reads else data,
            headers=headers,
        )

    def check_response(self, response: Response) -> None:
        """Raise one of our errors for an unsuccessful *response*; its body is not logged."""
        if not response.ok:
            url = response.url or ""
            call = Call(method="GET", url=url, where=f"{self.conn_id}: {urlsplit(url).path}")
            raise failure(call, Answer.of(response), self._error_shape(), self.redactor)

    def url_for(self, path: str, params: Params | None = None) -> str:
        """Return the absolute URL of *path* with *params*; another host than the connection's is refused."""
        base = self.settings.base_url
        if "://" in path:
            if origin(path) != origin(base):
                raise FatalError(f"{self.conn_id}: a link leads to another host than {base}; it is not followed")
            url = path
        else:
            url = f"{base}/{path.lstrip('/')}"
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params, doseq=True, quote_via=quote, safe="")
        return url

    def _repeat(self, call: Call) -> Answer:
        def worth_it(state: RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            return (
                isinstance(error, RetriableError)
                and not call.waited
                and (call.repeatable or not isinstance(error, UnknownOutcome))
            )

        def enough(state: RetryCallState) -> bool:
            return state.attempt_number >= self.attempts or _asked(state) > self.longest_wait

        def look_again(state: RetryCallState) -> None:
            if call.recheck is not None and state.attempt_number > 1:
                call.recheck()

        retrying = Retrying(
            retry=worth_it, stop=enough, wait=self._wait, sleep=time.sleep, before=look_again, reraise=True
        )
        try:
            return retrying(self._attempt, call)
        except RecordStale as error:
            if call.uncertain:  # what has moved may be our own earlier attempt
                raise UnknownOutcome(str(error)) from None
            raise
        except RetriableError as error:
            if call.uncertain and not isinstance(error, UnknownOutcome):
                raise UnknownOutcome(str(error), retry_after=error.retry_after) from None
            raise

    def _wait(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: what the system asked for, else doubling; with jitter.

        Whoever was refused at the same moment was asked to wait as long: a tenth of that spreads them.
        """
        step = min(self.first_wait * 2 ** (state.attempt_number - 1), self.longest_wait)
        asked = _asked(state)
        jitter = random.uniform(0, max(step / 2, asked / 10))  # noqa: S311 - spreads load, hides nothing
        return asked + jitter if asked else step / 2 + jitter

    def _attempt(self, call: Call) -> Answer:
        try:
            self._before_attempt(call)
        except RetriableError:
            call.waited = True
            raise
        answer = None
        try:
            if call.writes and self.before_write:
                self.before_write(self.settings.connect_timeout + self.settings.read_timeout)
            answer = self._send(call)
        finally:
            self._after_attempt(call, answer)
        if not call.renewed and self._renew(answer):
            call.renewed = True
            return self._attempt(call)
        if answer.status in call.accepted:
            return answer
        if not is_error(answer, self._error_shape()):
            self._taken.count = self.writes_taken + call.writes
            return answer
        refusal = failure(call, answer, self._error_shape(), self.redactor)
        call.uncertain = call.uncertain or isinstance(refusal, UnknownOutcome)
        raise refusal

    def _send(self, call: Call) -> Answer:
        session = self.get_conn()
        with self._lock:
            self.requests_made += 1
        sent = time.time()
        try:
            response = session.request(
                call.method,
                call.url,
                data=call.body,
                headers=call.headers,
                allow_redirects=False,
                auth=HeaderAuth() if call.anonymous else None,
                verify=self.settings.verify,  # a session's own gives way to a bundle that the environment names
            )
        except RequestException as error:
            raise self._broken(call, error) from None
        except ValueError:  # the library's own text holds the header that cannot be sent, and so perhaps a secret
            raise ConfigurationError(
                f"{call.where}: a header holds a character that HTTP does not allow. Check login and password in the "
                "connection and `headers` in the profile."
            ) from None
        except OSError:  # all that breaks on the way is a RequestException
            raise ConfigurationError(
                f"{call.where}: there is no such file with certificates to trust. Correct `verify` in the connection "
                "(or REQUESTS_CA_BUNDLE, where that is true)."
            ) from None
        if response.status_code == 429:
            with self._lock:
                self.rate_limited += 1
        self._clock.observe(response.headers.get("Date"), sent=sent, received=time.time())
        return Answer.of(response, call.url)

    def _broken(self, call: Call, error: RequestException) -> SyncError:
        """Say what a request that got no answer means; the library's own message holds the URL and is left out."""
        kind = f"{call.where}: {type(error).__name__}"
        cause = _cause(error)
        if isinstance(cause, ssl.SSLError):
            kind += f" ({cause.reason or cause.library or type(cause).__name__})"
            unreadable = cause.library == "X509"  # the bundle itself
            if unreadable or isinstance(cause, ssl.SSLCertVerificationError):
                return ConfigurationError(f"{kind}. The certificate was not accepted; see `verify` in the connection.")
        if isinstance(error, InvalidURL | InvalidHeader):
            return ConfigurationError(f"{kind}. Check host, login and password in the connection.")
        if not call.writes or _never_left(error):
            return RetriableError(f"{kind}. No answer from {self.settings.base_url}; it may go through later.")
        call.uncertain = True
        return UnknownOutcome(f"{kind}. The answer was lost; whether it was done is not known: look before writing.")

    # -- what is the same for both -----------------------------------------------------------------------------

    def json_of(self, answer: Answer) -> Any:
        """Return an answer's JSON body.

        Raises:
            FatalError: the body is no JSON (cut off, or a web page).
        """
        try:
            return answer.json()
        except ValueError:
            kind = "a web page" if answer.is_html else "no JSON"
            raise FatalError(
                f"{self.conn_id}: {urlsplit(answer.url).path} answered {answer.status} with {kind} "
                f"({len(answer.text)} characters); is the host right?"
            ) from None

    def test_connection(self) -> tuple[bool, str]:
        """Ask the system who we are; for the button in Airflow's connection form."""
        try:
            return True, self._greeting()
        except SyncError as error:
            return False, str(error)

    def _greeting(self) -> str:
        """Reach the system with the credentials and say in one sentence what was found."""
        raise NotImplementedError


def _asked(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, RetriableError) else 0.0


def _never_left(error: RequestException) -> bool:
    """Whether the connection was never made, so that no byte of the request can have left.

    urllib3 blames the proxy for every connection that breaks behind one, be it while the answer is waited for: what
    counts is what broke.
    """
    if isinstance(error, ConnectTimeout):
        return True
    cause = _cause(error)
    if isinstance(cause, ssl.SSLError):
        return any(frame.f_code.co_name == "do_handshake" for frame, _ in traceback.walk_tb(cause.__traceback__))
    no_tunnel = isinstance(cause, OSError) and str(cause).startswith("Tunnel connection failed")
    return no_tunnel or isinstance(cause, NewConnectionError | ConnectTimeoutError)


def _cause(error: RequestException) -> object:
    """What broke a request, without what `requests` and urllib3 wrap around it."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    reason = getattr(reason, "original_error", reason)
    return reason.args[0] if isinstance(reason, TlsError) and reason.args else reason
