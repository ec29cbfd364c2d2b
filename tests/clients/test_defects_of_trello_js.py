"""Where trello.js falls short; ``tests/hooks/test_defects_of_other_clients.py`` shows that ours does not."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from client_processes import TrelloJsProcess
from trello_js_client import TrelloJs, TrelloJsError

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("status", [449, 500, 503, 504])
def test_it_retries_429_only(js: TrelloJs, trello_server: Any, status: int) -> None:
    trello_server.fault("GET /1/members/{id}", f"status:{status}")
    with pytest.raises(TrelloJsError, match=f"Request failed: {status}"):
        js.members.getMember(id="me")
    trello_server.fault("GET /1/members/{id}", "status:429")
    assert js.members.getMember(id="me")["username"] == "erp_sync"  # two seconds later


def test_it_has_no_pager(js: TrelloJs) -> None:
    id_org = js.organizations.createOrganization(displayName="Acme")["id"]
    for number in range(51):
        js.organizations.updateOrganization(id=id_org, desc=f"version {number}")
    assert len(js.organizations.getOrganizationActions(id=id_org)) == 50


def test_it_puts_credentials_and_texts_into_the_url(trello_js_process: TrelloJsProcess) -> None:
    targets: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            targets.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    where = SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", key="k3y", token="t0ken")
    with pytest.raises(TrelloJsError, match="404"):
        TrelloJs(trello_js_process, where).cards.createCardComment(id="c", text="hello")
    thread.join()
    server.server_close()
    assert targets == ["/1/cards/c/actions/comments?text=hello&key=k3y&token=t0ken"]


def test_it_drops_the_parameters_of_a_batch(js: TrelloJs) -> None:
    (me,) = js.batch(("members.getMember", {"id": "me", "fields": "username"}))
    assert "fullName" in me


def test_it_loses_a_batch_by_one_failure(js: TrelloJs) -> None:
    with pytest.raises(TrelloJsError, match="Batch request failed"):
        js.batch(("members.getMember", {"id": "me"}), ("members.getMember", {"id": "nobody"}))


def test_it_refuses_a_member_without_a_picture(js: TrelloJs) -> None:
    with pytest.raises(TrelloJsError, match="expected string, received null"):
        js.members.getMember(id="carlamunoz")
