"""What lies between us and a system: proxies, and TLS with certificates; over real sockets."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from forward_proxy import ForwardProxy
from scripted_server import Scripted, ScriptedServer

from customerp_trello.errors import ConfigurationError, RetriableError, UnknownOutcome
from customerp_trello.hooks.http import SyncHttpHook

Connect = Callable[..., str]


class PlainHook(SyncHttpHook):
    conn_type = "plain"


@dataclass
class Certificate:
    """A certificate that signs itself: the file to trust, and what a server needs."""

    file: Path
    context: ssl.SSLContext


class BrokenTls:
    """Hangs up on the first bytes; with a *context* only after the request, and not in a way that TLS knows."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, args=(context,), daemon=True).start()

    def _serve(self, context: ssl.SSLContext | None) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError), connection:
                self._break(connection, context)

    def _break(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        if context is None:
            connection.recv(65536)
            return
        secure = context.wrap_socket(connection, server_side=True)
        secure.recv(65536)
        os.write(secure.fileno(), b"no record of TLS")
        while os.read(secure.fileno(), 65536):  # to hang up on unread bytes would be a reset
            pass
        secure.close()

    def close(self) -> None:
        self._socket.close()


def certificate_for(address: str, folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "far end")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, private = folder / f"{address}.pem", folder / f"{address}.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return Certificate(file, context)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return certificate_for("127.0.0.1", tmp_path)


@pytest.fixture
def secure(certificate: Certificate) -> Iterator[ScriptedServer]:
    """The scripted server, with TLS."""
    server = ScriptedServer(tls=certificate.context)
    yield server
    server.close()


@pytest.fixture(autouse=True)
def environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def open_hook(connect: Connect) -> Iterator[Callable[..., PlainHook]]:
    made: list[PlainHook] = []

    def make(host: str, **extra: object) -> PlainHook:
        connect("plain", host=host, extra={"read_timeout": 5, **extra})
        made.append(PlainHook("plain_default"))
        return made[-1]

    yield make
    for hook in made:
        hook.close()


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[ScriptedServer], ForwardProxy]]:
    """``proxied(server)`` puts a proxy before *server* and tells the environment of it."""
    made: list[ForwardProxy] = []

    def put(server: ScriptedServer) -> ForwardProxy:
        made.append(ForwardProxy(server.url))
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, made[-1].url)
        return made[-1]

    yield put
    for proxy in made:
        proxy.close()


@pytest.fixture
def broken(certificate: Certificate) -> Iterator[Callable[[bool], BrokenTls]]:
    made: list[BrokenTls] = []

    def start(shakes_hands: bool) -> BrokenTls:
        made.append(BrokenTls(certificate.context if shakes_hands else None))
        return made[-1]

    yield start
    for server in made:
        server.close()


OpenHook = Callable[..., PlainHook]
Proxied = Callable[[ScriptedServer], ForwardProxy]


def test_a_post_whose_answer_is_lost_behind_a_plain_proxy_is_sent_once(
    open_hook: OpenHook, server: ScriptedServer, proxied: Proxied
) -> None:
    proxy = proxied(server)
    hook = open_hook(server.url)
    server.script(Scripted(201, {"id": 1}))
    assert hook.request("POST", "/r", body={}).json() == {"id": 1}
    server.script(Scripted(drop=True))
    with pytest.raises(UnknownOutcome, match="look before writing"):
        hook.request("POST", "/r", body={})
    assert len(server.received) == 1
    assert proxy.asked == [f"POST {server.url}/r"]  # the first connection was kept


def test_a_post_whose_answer_is_lost_behind_a_tunnel_is_sent_once(
    open_hook: OpenHook, secure: ScriptedServer, certificate: Certificate, proxied: Proxied
) -> None:
    proxy = proxied(secure)
    hook = open_hook(secure.url, verify=str(certificate.file))
    secure.script(Scripted(drop=True))
    with pytest.raises(UnknownOutcome, match="look before writing"):
        hook.request("POST", "/r", body={})
    assert len(secure.received) == 1
    assert proxy.asked == [f"CONNECT {secure.url.removeprefix('https://')}"]


def test_a_post_may_go_again_when_the_proxy_opened_no_tunnel(
    open_hook: OpenHook, secure: ScriptedServer, certificate: Certificate, proxied: Proxied
) -> None:
    proxy = proxied(secure)
    proxy.refuses = "503 Service Unavailable"
    hook = open_hook(secure.url, verify=str(certificate.file))
    with pytest.raises(RetriableError) as error:
        hook.request("POST", "/r", body={})
    assert not isinstance(error.value, UnknownOutcome)
    assert len(proxy.asked) == hook.attempts
    assert secure.received == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_post_may_go_again_when_there_is_no_proxy(
    open_hook: OpenHook, server: ScriptedServer, proxied: Proxied, scheme: str
) -> None:
    proxied(server).close()
    hook = open_hook(server.url.replace("http", scheme))
    with pytest.raises(RetriableError) as error:
        hook.request("POST", "/r", body={})
    assert not isinstance(error.value, UnknownOutcome)
    assert hook.requests_made == hook.attempts


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_connections_verify_goes_before_the_environments_bundle(
    open_hook: OpenHook,
    secure: ScriptedServer,
    certificate: Certificate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, str(certificate_for("127.0.0.2", tmp_path).file))
    with pytest.raises(ConfigurationError, match="see `verify`"):
        open_hook(secure.url).request("GET", "/a")
    open_hook(secure.url, verify=str(certificate.file)).request("GET", "/a")
    open_hook(secure.url, verify=False).request("GET", "/a")
    monkeypatch.setenv(variable, str(certificate.file))
    open_hook(secure.url).request("GET", "/a")
    assert len(secure.received) == 3


def test_a_bundle_that_is_not_there_is_a_matter_of_the_connection(
    open_hook: OpenHook, secure: ScriptedServer, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file with certificates.* `verify`"):
        open_hook(secure.url, verify=str(tmp_path / "nowhere.pem")).request("GET", "/a")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_handshake_that_is_cut_off_may_go_through_later(
    open_hook: OpenHook, broken: Callable[[bool], BrokenTls], method: str
) -> None:
    server = broken(False)
    hook = open_hook(server.url)
    with pytest.raises(RetriableError, match="SSLError") as error:
        hook.request(method, "/r")
    assert not isinstance(error.value, UnknownOutcome)
    assert server.connections == hook.attempts


def test_a_post_is_sent_once_when_tls_breaks_behind_the_handshake(
    open_hook: OpenHook, broken: Callable[[bool], BrokenTls], certificate: Certificate
) -> None:
    server = broken(True)
    hook = open_hook(server.url, verify=str(certificate.file))
    with pytest.raises(UnknownOutcome, match="SSLError"):
        hook.request("POST", "/r", body={})
    assert server.connections == 1
    with pytest.raises(RetriableError, match="SSLError"):
        hook.request("GET", "/r")
    assert server.connections == 1 + hook.attempts


def test_a_certificate_of_another_host_and_a_bundle_without_any_are_matters_of_the_connection(
    open_hook: OpenHook, tmp_path: Path
) -> None:
    elsewhere = certificate_for("127.0.0.2", tmp_path)
    server = ScriptedServer(tls=elsewhere.context)
    with pytest.raises(ConfigurationError, match=r"\(CERTIFICATE_VERIFY_FAILED\).* `verify`"):
        open_hook(server.url, verify=str(elsewhere.file)).request("POST", "/r", body={})
    (tmp_path / "empty.pem").write_text("none")
    with pytest.raises(ConfigurationError, match=r"\(NO_CERTIFICATE_OR_CRL_FOUND\).* `verify`"):
        open_hook(server.url, verify=str(tmp_path / "empty.pem")).request("POST", "/r", body={})
    server.close()
    assert server.received == []
