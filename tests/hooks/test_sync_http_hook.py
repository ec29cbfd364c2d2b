"""The hook's own behaviour against a real server: sessions, time-outs, retries and the classification of answers."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from requests.auth import AuthBase
from scripted_server import Scripted, ScriptedServer

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RecordStale,
    RetriableError,
    SyncError,
    UnknownOutcome,
)
from customerp_trello.hooks.http import SyncHttpHook


class PlainHook(SyncHttpHook):
    """The base with a secret to guard."""

    conn_type = "plain"
    extra_keys = ("organization",)


@pytest.fixture
def hook(server: ScriptedServer, connect: Callable[..., str]) -> Iterator[PlainHook]:
    connect(
        "plain", host=server.url, login="li", password="pw7", extra={"organization": "secret-org", "read_timeout": 2}
    )
    made = PlainHook("plain_default")
    yield made
    made.close()


def test_nothing_of_the_extra_is_sent_and_one_connection_serves_all(hook: PlainHook, server: ScriptedServer) -> None:
    for _ in range(3):
        hook.request("GET", "/a", params={"name": "Anna Berg+1", "n": 2})
    assert server.connections == 1
    assert hook.requests_made == 3
    first = server.received[0]
    assert first.target == "/a?name=Anna%20Berg%2B1&n=2"
    assert "secret-org" not in str(first.headers)
    assert not {"organization", "read_timeout"} & {name.lower() for name in first.headers}
    assert first.body == b""
    assert "Content-Length" not in first.headers


def test_credentials_are_not_taken_from_a_netrc(
    hook: PlainHook, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    hook.request("GET", "/a")
    assert "Authorization" not in server.received[0].headers


def test_cookies_are_not_kept(hook: PlainHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, {}, {"Set-Cookie": "session=1; Path=/"}))
    hook.request("GET", "/a")
    hook.request("GET", "/a")
    assert "Cookie" not in server.received[1].headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_reading_never_carries_a_body(hook: PlainHook, server: ScriptedServer, method: str) -> None:
    with pytest.raises(FatalError, match="never carries a body"):
        hook.request(method, "/a", body={"x": 1})
    assert server.received == []


def test_http_hooks_own_run_goes_the_same_way(hook: PlainHook, server: ScriptedServer) -> None:
    server.script(Scripted(404, "nothing"))
    with pytest.raises(ConfigurationError, match="GET /thing: HTTP 404: nothing"):
        hook.run("/thing", {"a": "b c"})
    assert server.received[0].target == "/thing?a=b%20c"
    with pytest.raises(FatalError):
        hook.run("/thing", extra_options={"check_response": False})


def test_a_session_used_directly_still_has_timeouts(hook: PlainHook) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    hook.settings.__dict__["read_timeout"] = 0.05
    start = time.monotonic()
    with pytest.raises(Exception, match="Read timed out"):
        hook.get_conn().get(f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert time.monotonic() - start < 5
    silent.close()


NOTHING: dict[str, str] = {}
CASES: list[tuple[str, str, Scripted, type[SyncError], str]] = [
    ("GET", "", Scripted(401, {"message": "no token"}), ConfigurationError, "no token"),
    ("GET", "r 1", Scripted(403, "forbidden"), ConfigurationError, "rights"),
    ("GET", "", Scripted(404, "no"), ConfigurationError, "host"),
    ("GET", "r 1", Scripted(404, "no"), RecordMissing, "r 1 is not there"),
    ("GET", "r 1", Scripted(410), RecordMissing, "no message"),
    ("PUT", "r 1", Scripted(412, "old"), RecordStale, "read it again"),
    ("PUT", "r 1", Scripted(428, "if-match?"), ConfigurationError, "concurrency"),
    ("PUT", "r 1", Scripted(400, {"error": {"message": "bad"}}), RecordError, "bad"),
    ("POST", "r 1", Scripted(409, {"error": "twice"}), RecordError, "twice"),
    ("POST", "r 1", Scripted(422, {"detail": "no name"}), RecordError, "no name"),
    ("POST", "r 1", Scripted(422, {"detail": "no URL: http://[x"}), RecordError, r"no URL: \*\*\*"),
    ("GET", "", Scripted(400, "bad filter"), ConfigurationError, "bad filter"),
    ("PUT", "r 1", Scripted(405, ""), ConfigurationError, "405"),
    ("GET", "", Scripted(418, "teapot"), FatalError, "teapot"),
    ("GET", "r 1", Scripted(418, "teapot"), RecordError, "teapot"),
    *(
        ("PATCH", "r 1", Scripted(status, "not this one"), RecordError, "not this one")
        for status in (402, 424, 431, 451)
    ),
    ("PATCH", "r 1", Scripted(440, "session over"), FatalError, "session over"),
    ("PATCH", "r 1", Scripted(423, "in use by Anna"), RetriableError, "in use by Anna. Nothing was done"),
    ("GET", "", Scripted(423, "in use"), FatalError, "in use"),
    ("GET", "r 1", Scripted(501, ""), FatalError, "501"),
    (
        "GET",
        "",
        Scripted(302, None, {"Location": "https://u:p@login.example/x?token=1"}),
        ConfigurationError,
        "login.example:",
    ),
    (
        "GET",
        "r 1",
        Scripted(403, b"<html><title>Not\n today</title>token", {"Content-Type": "text/html"}),
        ConfigurationError,
        r"page \(Not today\)",
    ),
    ("GET", "r 1", Scripted(429, {"message": "slow down"}), RetriableError, "slow down"),
    ("GET", "r 1", Scripted(503), RetriableError, "503"),
    ("POST", "r 1", Scripted(429, "slow"), RetriableError, "slow"),
    ("PUT", "r 1", Scripted(500, "oops"), UnknownOutcome, "oops"),
    ("GET", "", Scripted(529, "busy"), RetriableError, "busy"),
    ("PUT", "r 1", Scripted(530, "frozen"), UnknownOutcome, "frozen"),
]


@pytest.mark.parametrize(("method", "record", "answer", "kind", "said"), CASES)
def test_what_an_answer_means(
    hook: PlainHook,
    server: ScriptedServer,
    method: str,
    record: str,
    answer: Scripted,
    kind: type[SyncError],
    said: str,
) -> None:
    server.script(answer)
    body = None if method == "GET" else {"name": "x"}
    with pytest.raises(kind, match=said) as error:
        hook.request(method, "/r/1", body=body, record=record, params={"q": "private"})
    assert type(error.value) is kind
    assert "plain_default" in str(error.value)
    assert "private" not in str(error.value)
    assert "u:p" not in str(error.value)
    repeated = isinstance(error.value, RetriableError)
    assert len(server.received) == (hook.attempts if repeated else 1)


def test_neither_secrets_nor_sent_values_are_told(
    hook: PlainHook, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.script(Scripted(422, {"message": "Anna Berg (anna@x.de) knows pw7", "traceback": "password=pw7"}))
    with pytest.raises(RecordError) as error:
        hook.request("POST", "/r", body={"name": "Anna Berg"}, record="new r")
    told = str(error.value) + caplog.text
    assert "Anna" not in told
    assert "pw7" not in told
    assert "traceback" not in told
    assert error.value.__cause__ is None


def test_a_post_is_sent_once_when_its_answer_is_lost(hook: PlainHook, server: ScriptedServer) -> None:
    for lost in (Scripted(drop=True), Scripted(500, "x"), Scripted(503, "x", {"Retry-After": "0"})):
        server.script(lost)
        with pytest.raises(UnknownOutcome, match="look before writing"):
            hook.request("POST", "/r", body={}, record="new r")
        assert len(server.received) == 1


def test_a_post_is_repeated_when_it_was_turned_away_for_its_pace(hook: PlainHook, server: ScriptedServer) -> None:
    server.script(Scripted(429, "slow"), Scripted(201, {"id": 1}))
    assert hook.request("POST", "/r", body={}).json() == {"id": 1}


def test_a_post_may_go_again_when_nobody_took_the_connection(connect: Callable[..., str]) -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    connect("plain", host=f"http://127.0.0.1:{port}")
    hook = PlainHook("plain_default")
    with pytest.raises(RetriableError) as error:
        hook.request("POST", "/r", body={})
    assert not isinstance(error.value, UnknownOutcome)
    assert hook.requests_made == hook.attempts


def test_reading_and_repeatable_writes_go_through_after_a_hiccup(hook: PlainHook, server: ScriptedServer) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        server.script(Scripted(drop=True), Scripted(502, "x"), Scripted(200, {"ok": True}))
        assert hook.request(method, "/r/1", record="r 1").json() == {"ok": True}


def test_412_after_a_lost_answer_may_be_our_own_write(hook: PlainHook, server: ScriptedServer) -> None:
    server.script(Scripted(drop=True), Scripted(412, "stale"))
    with pytest.raises(UnknownOutcome):
        hook.request("PATCH", "/r/1", body={"a": 1}, record="r 1")


def test_a_write_that_was_lost_once_stays_unknown_when_only_refused_for_its_pace(
    hook: PlainHook, server: ScriptedServer
) -> None:
    server.script(Scripted(drop=True), Scripted(429, "slow"))
    with pytest.raises(UnknownOutcome):
        hook.request("PATCH", "/r/1", body={"a": 1}, record="r 1")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "1"}, 1.0),
        ({"x-rate-limit-api-token-remaining": "0", "x-rate-limit-api-token-interval-ms": "300"}, 0.3),
        ({"x-rate-limit-api-token-remaining": "5", "x-rate-limit-api-token-interval-ms": "20000"}, 0.0),
    ],
)
def test_the_wait_is_what_the_system_asks_for(
    hook: PlainHook, server: ScriptedServer, headers: dict[str, str], seconds: float
) -> None:
    server.script(Scripted(429, "slow", headers), Scripted(200, {}))
    start = time.monotonic()
    hook.request("GET", "/a")
    assert seconds <= time.monotonic() - start < seconds + 5


def test_a_long_wait_is_left_to_the_caller(hook: PlainHook, server: ScriptedServer) -> None:
    now = time.time()
    later = {"Retry-After": formatdate(now + 900, usegmt=True), "Date": formatdate(now, usegmt=True)}
    server.script(Scripted(429, "slow", later))
    with pytest.raises(RetriableError) as error:
        hook.request("GET", "/a")
    assert error.value.retry_after == pytest.approx(900, abs=2)
    assert len(server.received) == 1


def test_a_locked_record_is_written_when_it_is_free(hook: PlainHook, server: ScriptedServer) -> None:
    server.script(Scripted(423, "locked", {"Retry-After": "0"}), Scripted(201, {"id": 1}))
    assert hook.request("POST", "/r/1/lines", body={}, record="r 1").json() == {"id": 1}
    server.script(Scripted(drop=True), Scripted(423, "locked"))
    with pytest.raises(UnknownOutcome):
        hook.request("PATCH", "/r/1", body={"a": 1}, record="r 1")


@pytest.mark.parametrize("status", [423, 529])
def test_a_record_locked_and_a_system_overloaded_for_long_are_left_to_the_caller(
    hook: PlainHook, server: ScriptedServer, status: int
) -> None:
    server.script(Scripted(status, "later", {"Retry-After": "900"}))
    with pytest.raises(RetriableError) as error:
        hook.request("GET", "/r/1", record="r 1")
    assert error.value.retry_after == 900
    assert len(server.received) == 1


def test_a_read_timeout_ends_a_hanging_request(hook: PlainHook, server: ScriptedServer) -> None:
    hook.settings.__dict__["read_timeout"] = 0.05
    server.answer = lambda _: time.sleep(0.5) or Scripted()  # type: ignore[func-returns-value]
    with pytest.raises(UnknownOutcome):
        hook.request("POST", "/r", body={})


def test_a_body_that_breaks_off_is_no_answer(hook: PlainHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, b"[1,", {"Content-Length": "50", "Connection": "close"}), Scripted(200, [1]))
    hook.settings.__dict__["read_timeout"] = 0.1
    assert hook.request("GET", "/a").json() == [1]


def test_a_web_page_where_json_was_due(hook: PlainHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, b"<html>login", {"Content-Type": "text/html"}))
    with pytest.raises(FatalError, match="a web page"):
        hook.json_of(hook.request("GET", "/a"))


def test_before_write_is_asked_before_every_attempt_to_write(hook: PlainHook, server: ScriptedServer) -> None:
    asked: list[float] = []
    hook.before_write = asked.append
    server.script(Scripted(500, "x"), Scripted(200, {}))
    hook.request("GET", "/a")
    assert asked == []
    server.script(Scripted(500, "x"), Scripted(200, {}))
    hook.request("PUT", "/a", body={})
    assert asked == [12.0, 12.0]

    def stop(_: float) -> None:
        raise FatalError("lease lost")

    hook.before_write = stop
    server.script(Scripted())
    with pytest.raises(FatalError, match="lease lost"):
        hook.request("POST", "/a", body={})
    assert server.received == []


def test_the_servers_clock(hook: PlainHook, server: ScriptedServer) -> None:
    assert hook.clock_offset == 0.0

    def late(_: Any) -> Scripted:
        return Scripted(200, {}, {"Date": formatdate(time.time() - 3600, usegmt=True)})

    server.answer = late
    for _ in range(5):
        hook.request("GET", "/a")
    assert hook.clock_offset == pytest.approx(-3600, abs=1.1)


def test_another_host_is_refused(hook: PlainHook, server: ScriptedServer) -> None:
    with pytest.raises(FatalError, match="another host"):
        hook.request("GET", "http://evil.example/a")
    assert server.received == []


def test_a_missing_connection_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"connection nowhere does not exist; create it .* 'plain'"):
        PlainHook("nowhere").request("GET", "/a")


def test_session_takes_no_options(hook: PlainHook) -> None:
    assert isinstance(hook.get_conn().auth, AuthBase)
    with pytest.raises(FatalError):
        hook.get_conn({"X": "y"})
