"""ERPs that nobody here wrote, started on loopback with data that the tests make."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from erp_under_test import Erp

FOLDER = Path(__file__).parent
BIN = FOLDER / ".venv" / "bin"
LOGIN, PASSWORD = "sync@example.com", "opens-nothing-but-a-test"


class ErpProcess:
    """A server in a process of its own; ``url`` says where it is.

    Args:
        command: what to start; ``{port}`` is a free one.
        folder: where it keeps its files.
        ready: path that answers as soon as the server can be used.
        environment: variables beside ``PATH``.
    """

    def __init__(self, command: list[str], folder: Path, ready: str, **environment: str) -> None:
        self.port = int(environment.get("PORT", 0)) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            [part.replace("{port}", str(self.port)) for part in command],
            cwd=folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        )
        deadline = time.monotonic() + 60
        while not self._answers(ready):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _answers(self, ready: str) -> bool:
        try:
            urllib.request.urlopen(self.url + ready, timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ask(method: str, url: str, body: Any = None, **headers: str) -> Any:
    """A plain JSON request, past the package."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, method=method)
    for name, value in {"Content_Type": "application/json", **headers}.items():
        request.add_header(name.replace("_", "-"), value)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def installed(path: Path) -> Path:
    if not path.exists():
        raise RuntimeError(f"{path.name} is not installed; run the tests by `make test-erps`")
    return path


# -- Tryton ----------------------------------------------------------------------------------------------------------


TRYTON_MODULES = ("party", "company", "project")


def start_tryton(folder: Path) -> tuple[ErpProcess, Erp]:
    """trytond on SQLite with the modules party, company and project, and a key for its REST API."""
    empty, port = BIN.parent / "tryton.sqlite", free_port()
    (folder / "pass").write_text(PASSWORD)
    web = f"[web]\nlisten = 127.0.0.1:{port}\n"
    (folder / "conf").write_text(f"[database]\nuri = sqlite://\npath = {folder}\n{web}")
    if empty.exists():  # making the tables takes 20 seconds, so the empty database is kept beside the server
        shutil.copy(empty, folder / "erp.sqlite")
    else:
        (folder / "erp.sqlite").touch()
        command = [str(installed(BIN / "trytond-admin")), "-c", "conf", "-d", "erp", "-u", *TRYTON_MODULES]
        environment = {"PATH": os.environ["PATH"], "TRYTONPASSFILE": "pass"}
        subprocess.run(
            [*command, "--activate-dependencies", "--email", LOGIN],
            cwd=folder,
            check=True,
            capture_output=True,
            env=environment,
        )
        with sqlite3.connect(folder / "erp.sqlite") as made:
            made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(folder / "erp.sqlite", empty)
    process = ErpProcess([str(BIN / "trytond"), "-c", "conf", "-d", "erp"], folder, "/", PORT=str(port))
    return process, tryton_at(process.url)


def tryton_at(url: str) -> Erp:
    rpc = TrytonRpc(url)
    (application,) = rpc.call("model.res.user.application.create", [{"application": "rest", "user": rpc.user}])
    (record,) = rpc.call("model.res.user.application.read", [application], ["key"])

    def expire() -> None:
        rpc.call("model.res.user.application.write", [application], {"key": "another key"})

    def restore() -> None:
        rpc.call("model.res.user.application.write", [application], {"key": record["key"]})

    return Erp(
        "tryton",
        f"{url}/erp",
        "tryton",
        password=record["key"],
        expire=expire,
        restore=restore,
        refuses={"name": "x", "active": None},
    )


class TrytonRpc:
    """Tryton's own client protocol, as the administrator."""

    def __init__(self, url: str) -> None:
        self._url, self._headers = f"{url}/erp/rpc/", {}
        self.user, session, _ = self.call("common.db.login", "admin", {"password": PASSWORD}, "en", bare=True)
        text = base64.b64encode(f"admin:{self.user}:{session}".encode()).decode()
        self._headers = {"Authorization": f"Session {text}"}

    def call(self, method: str, *params: Any, bare: bool = False) -> Any:
        answer = ask(
            "POST",
            self._url,
            {"id": 1, "method": method, "params": [*params, *([] if bare else [{}])]},
            **self._headers,
        )
        if "error" in answer:
            raise RuntimeError(str(answer["error"])[:500])
        return answer["result"]


# -- PocketBase ------------------------------------------------------------------------------------------------------


def start_pocketbase(folder: Path) -> tuple[ErpProcess, Erp]:
    """PocketBase with customers that its staff may see and change, and strangers get an empty list of."""
    program = str(installed(BIN / "pocketbase"))
    data = ["--dir", str(folder / "data")]
    subprocess.run([program, "superuser", "upsert", LOGIN, PASSWORD, *data], check=True, capture_output=True)
    process = ErpProcess([program, "serve", "--http", "127.0.0.1:{port}", *data], folder, "/api/health")
    api = f"{process.url}/api/collections"
    login = {"identity": LOGIN, "password": PASSWORD}
    owner = {"Authorization": ask("POST", f"{api}/_superusers/auth-with-password", login)["token"]}
    known = '@request.auth.id != ""'
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), known)
    ask("POST", api, {"name": "staff", "type": "auth", "listRule": known, "viewRule": known}, **owner)
    texts = [{"name": name, "type": "text"} for name in ("number", "trello_id", "description")]
    fields = [
        {"name": "name", "type": "text", "required": True, "max": 80},
        {"name": "website", "type": "url"},
        {"name": "active", "type": "bool"},
        {"name": "created", "type": "autodate", "onCreate": True},
        {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
    ]
    ask("POST", api, {"name": "customers", "type": "base", "fields": [*fields, *texts], **rules}, **owner)
    person = {"email": LOGIN, "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": True}
    staff = ask("POST", f"{api}/staff/records", person, **owner)["id"]

    def expire() -> None:
        """Setting a password, even the same one, ends all tokens."""
        again = {"password": PASSWORD, "passwordConfirm": PASSWORD}
        ask("PATCH", f"{api}/staff/records/{staff}", again, **owner)

    erp = Erp(
        "pocketbase", process.url, "pocketbase", LOGIN, PASSWORD,
        expire=expire, renews=True, refuses={"name": "x", "website": "no URL at all"}, unknown="a" * 15,
    )  # fmt: skip
    return process, erp


# -- json-server -----------------------------------------------------------------------------------------------------


def start_json_server(folder: Path) -> tuple[ErpProcess, Erp]:
    """json-server, a plain REST API that asks nobody who he is."""
    program = installed(FOLDER / "node_modules" / "json-server" / "lib" / "cli" / "bin.js")
    kinds = ("customers", "contacts", "projects", "employees")
    (folder / "db.json").write_text(json.dumps({kind: [] for kind in kinds}))
    command = ["node", str(program), "--host", "127.0.0.1", "--port", "{port}", "db.json"]
    process = ErpProcess(command, folder, "/customers")
    erp = Erp(
        "json-server", process.url, "rest", password="nobody asks", since=False, versions="nobody", naive_loses=True
    )
    return process, erp


# -- Kinto -----------------------------------------------------------------------------------------------------------

KINTO = """
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.userid_hmac_secret = test
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy
kinto.includes = kinto.plugins.accounts
kinto.account_create_principals = system.Everyone
kinto.bucket_create_principals = system.Authenticated
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = ERROR
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
"""


def start_kinto(folder: Path) -> tuple[ErpProcess, Erp]:
    """Kinto in memory, with one account and a collection of customers that have a schema."""
    port = free_port()
    (folder / "kinto.ini").write_text(KINTO.replace("{port}", str(port)))
    command = [str(installed(BIN / "kinto")), "start", "--ini", "kinto.ini", "--port", str(port)]
    process = ErpProcess(command, folder, "/v1/", PORT=str(port))
    basic, changed = (
        {"Authorization": "Basic " + base64.b64encode(f"sync:{password}".encode()).decode()}
        for password in (PASSWORD, "changed by somebody")
    )
    ask("PUT", f"{process.url}/v1/accounts/sync", {"data": {"password": PASSWORD}})
    ask("PUT", f"{process.url}/v1/buckets/erp", {"data": {}}, **basic)
    ask("PUT", f"{process.url}/v1/buckets/erp/collections/customers", {"data": {}}, **basic)

    def expire() -> None:
        ask("PUT", f"{process.url}/v1/accounts/sync", {"data": {"password": "changed by somebody"}}, **basic)

    def restore() -> None:
        try:
            ask("PUT", f"{process.url}/v1/accounts/sync", {"data": {"password": PASSWORD}}, **changed)
        except urllib.error.HTTPError:
            return  # it was not changed

    erp = Erp(
        "kinto", process.url, "kinto", "sync", PASSWORD,
        expire=expire, restore=restore, versions="server", unknown="00000000-0000-4000-8000-000000000000",
    )  # fmt: skip
    return process, erp
