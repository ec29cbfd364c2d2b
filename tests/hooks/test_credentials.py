"""Credentials that are fetched, renewed or sent in the query, over real HTTP; and that nothing of them is seen."""

from __future__ import annotations

import json
import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from dialects import MakeHook
from scripted_server import Received, Scripted, ScriptedServer

from customerp_trello.errors import ConfigurationError, RetriableError, UnknownOutcome

LOGIN = {"kind": "login", "path": "/login", "body": {"user": "{login}", "pass": "{password}"}, "token": "data.token"}
OAUTH = {"kind": "oauth2", "token_url": "/token", "scope": "all"}


class Gate:
    """An ERP that gives out numbered tokens, and forgets one when it is told to."""

    def __init__(self, server: ScriptedServer, carrier: str = "Authorization") -> None:
        self.server, self.carrier, self.logins, self.valid = server, carrier, 0, ""
        self.log_in_status = 200
        self.expires_in: int | None = None
        server.answer = self.answer

    def answer(self, received: Received) -> Scripted:
        path = urlsplit(received.target).path
        if path in ("/login", "/token"):
            return self.log_in()
        if self.valid and self.valid in received.headers.get(self.carrier, ""):
            return Scripted(201 if received.method == "POST" else 200, {"id": 1} if received.method == "POST" else [])
        return Scripted(401, {"message": "Token expired."})

    def log_in(self) -> Scripted:
        if self.log_in_status != 200:
            return Scripted(self.log_in_status, {"message": "No."})
        self.logins += 1
        self.valid = f"token-number-{self.logins}"
        body = {"data": {"token": self.valid}, "access_token": self.valid}
        if self.expires_in is not None:
            body["expires_in"] = self.expires_in  # type: ignore[assignment]
        cookies = f"SID={self.valid}; Path=/; HttpOnly, ROUTE=node1; Path=/"
        return Scripted(200, body, {"Set-Cookie": cookies})


def test_a_token_is_fetched_once_and_renewed_when_it_expires(erp: MakeHook, server: ScriptedServer) -> None:
    gate = Gate(server)
    hook = erp(auth=LOGIN)
    for _ in range(3):
        list(hook.list_records("customer"))
    assert gate.logins == 1
    assert json.loads(server.received[0].body) == {"user": "li", "pass": "pw"}
    assert "Authorization" not in server.received[0].headers
    gate.valid = "forgotten"
    list(hook.list_records("customer"))
    assert gate.logins == 2


def test_a_create_whose_token_has_expired_is_sent_again_once(erp: MakeHook, server: ScriptedServer) -> None:
    gate = Gate(server)
    hook = erp(auth=LOGIN)
    list(hook.list_records("customer"))
    gate.valid = "forgotten"
    server.received.clear()
    assert hook.create_record("customer", {"name": "x"})[0]["id"] == 1
    assert [urlsplit(one.target).path for one in server.received] == ["/c", "/login", "/c"]


def test_a_token_is_renewed_before_its_end(
    erp: MakeHook, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("customerp_trello.hooks.credentials.time.monotonic", lambda: now)
    gate = Gate(server)
    hook = erp(auth={**LOGIN, "lifetime_seconds": 300})
    list(hook.list_records("customer"))
    now += 269
    list(hook.list_records("customer"))
    assert gate.logins == 1
    now += 2
    list(hook.list_records("customer"))
    assert gate.logins == 2


@pytest.mark.parametrize("auth", [{"kind": "bearer"}, {"kind": "api_key"}])
def test_a_key_that_no_header_can_carry_is_not_told(
    erp: MakeHook, server: ScriptedServer, auth: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match="password holds a character that no HTTP header can carry") as error:
        list(erp(auth=auth, password="ATTA9f3cł").list_records("customer"))
    assert "ATTA" not in str(error.value)
    assert server.received == []


def test_a_password_in_any_script_logs_in(erp: MakeHook, server: ScriptedServer) -> None:
    Gate(server)
    list(erp(auth=LOGIN, password="zażółć").list_records("customer"))
    assert json.loads(server.received[0].body)["pass"] == "zażółć"
    server.answer = None
    server.script(Scripted(200, []))
    list(erp(auth={"kind": "basic"}, password="zażółć").list_records("customer"))
    assert server.received[0].headers["Authorization"] == "Basic bGk6emHFvMOzxYLEhw=="


@pytest.mark.parametrize("token", ["t0ken-number-1\nX", "t0ken-number-1\u200b"])
def test_a_fetched_token_that_no_header_can_carry_is_not_told(
    erp: MakeHook, server: ScriptedServer, token: str
) -> None:
    server.script(Scripted(200, {"data": {"token": token}}))
    with pytest.raises(ConfigurationError, match="GET /c: a header holds a character that HTTP does not") as error:
        list(erp(auth=LOGIN).list_records("customer"))
    assert "t0ken" not in str(error.value)
    assert error.value.__suppress_context__


def test_cookies(erp: MakeHook, server: ScriptedServer) -> None:
    gate = Gate(server, "Cookie")
    auth = {**LOGIN, "cookies": ["SID", "ROUTE"], "form": "form"}
    del auth["token"]
    list(erp(auth=auth).list_records("customer"))
    assert parse_qs(server.received[0].body.decode()) == {"user": ["li"], "pass": ["pw"]}
    assert server.received[1].headers["Cookie"] == f"SID={gate.valid}; ROUTE=node1"
    with pytest.raises(ConfigurationError, match="set no cookie 'SESSION'"):
        list(erp(auth={**auth, "cookies": ["SESSION"]}).list_records("customer"))


@pytest.mark.parametrize("client", ["body", "basic"])
def test_oauth_2_client_credentials(erp: MakeHook, server: ScriptedServer, client: str) -> None:
    gate = Gate(server)
    gate.expires_in = 3600
    list(erp(auth={**OAUTH, "client": client}).list_records("customer"))
    asked, used = server.received
    form = parse_qs(asked.body.decode())
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["all"]
    if client == "body":
        assert (form["client_id"], form["client_secret"]) == (["li"], ["pw"])
    else:
        assert asked.headers["Authorization"] == "Basic bGk6cHc="
        assert "client_secret" not in form
    assert used.headers["Authorization"] == f"Bearer {gate.valid}"


def test_the_connection_may_say_where_tokens_are_given(erp: MakeHook, server: ScriptedServer) -> None:
    gate = Gate(server)
    list(erp(auth={"kind": "oauth2"}, extra={"token_url": f"{server.url}/token"}).list_records("customer"))
    assert gate.logins == 1
    with pytest.raises(ConfigurationError, match="'oauth2' needs `token_url`"):
        list(erp(auth={"kind": "oauth2"}).list_records("customer"))


@pytest.mark.parametrize(
    ("status", "error"), [(400, ConfigurationError), (401, ConfigurationError), (503, RetriableError)]
)
def test_a_refused_log_in_says_so(erp: MakeHook, server: ScriptedServer, status: int, error: type[Exception]) -> None:
    Gate(server).log_in_status = status
    with pytest.raises(error, match=r"/login \(log-in\)") as refusal:
        erp(auth=LOGIN).create_record("customer", {"name": "x"})
    assert not isinstance(refusal.value, UnknownOutcome)  # the create itself was never sent


def test_a_token_that_is_not_there_is_a_wrong_profile(erp: MakeHook, server: ScriptedServer) -> None:
    Gate(server)
    with pytest.raises(ConfigurationError, match=r"without a token at 'token'; correct `auth`"):
        list(erp(auth={**LOGIN, "token": "token"}).list_records("customer"))


def test_a_token_that_is_refused_at_once_is_not_fetched_for_ever(erp: MakeHook, server: ScriptedServer) -> None:
    gate = Gate(server, "X-Elsewhere")
    with pytest.raises(ConfigurationError, match="credentials"):
        list(erp(auth=LOGIN).list_records("customer"))
    assert gate.logins == 2


def test_a_key_in_the_query_is_seen_by_the_erp_alone(
    erp: MakeHook, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    hook = erp({"kind": "link_header"}, auth={"kind": "query_key", "parameter": "api_key"}, password="s3cret key")
    caplog.set_level(logging.DEBUG)
    link = f"{server.url}/c?page=2&api_key=s3cret%20key"
    server.script(
        Scripted(200, [{"id": 1}], {"Link": f'<{link}>; rel="next"'}),
        Scripted(200, [{"id": 2}]),
        Scripted(400, {"message": "Bad key s3cret key at http://erp/c?api_key=s3cret%20key"}),
    )
    list(hook.list_records("customer"))
    assert [one.target for one in server.received] == ["/c?api_key=s3cret%20key", "/c?page=2&api_key=s3cret%20key"]
    with pytest.raises(ConfigurationError) as error:
        list(hook.list_records("customer"))
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    for text in (str(error.value), caplog.text):
        assert "s3cret" not in text


def test_a_fetched_token_is_masked_in_errors(erp: MakeHook, server: ScriptedServer) -> None:
    gate = Gate(server)
    hook = erp(auth=LOGIN)
    list(hook.list_records("customer"))
    server.answer = lambda received: Scripted(400, {"message": f"bad {gate.valid}"})
    with pytest.raises(ConfigurationError) as error:
        list(hook.list_records("customer"))
    assert gate.valid not in str(error.value)


CHECK = {"check": {"path": "/users", "shows": "0.id"}}


def test_an_empty_list_of_an_erp_that_does_not_know_us_is_an_error(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, []))
    with pytest.raises(ConfigurationError, match="/users shows nothing"):
        list(erp(**CHECK).list_records("customer"))
    server.script(Scripted(404, {}), Scripted(200, []))
    with pytest.raises(ConfigurationError, match="/users shows nothing"):
        erp(**CHECK).get_record("customer", "1")
    server.script(Scripted(200, []), Scripted(200, [{"id": 7}]))
    assert list(erp(**CHECK).list_records("customer")) == []
