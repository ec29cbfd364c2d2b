"""Who gets in: every route of the app's own list, asked by everybody who has no right to it."""

from __future__ import annotations

import re

import pytest
from airflow_here import HOST
from company_state import CONTACTS, CUSTOMERS, RUN, fill
from fastapi.routing import APIRoute

from customerp_trello.review.app import PREFIX, build_app

VALUES = {"pair": CUSTOMERS, "link": "1", "work": "1", "run": RUN, "kind": "waiting", "name": "review.css"}


def routes(app):
    """Method and path of each route."""
    found = [
        (method, re.sub(r"{(\w+)}", lambda match: VALUES[match[1]], route.path), "{pair}" in route.path)
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]
    assert len(found) > 20
    return found


@pytest.fixture
def asked(app, browse, store, clock):
    """``asked(name)``: (method, path, whether it is a pair's) -> status, each route asked once by that person."""
    fill(store, clock)

    def ask(browser, headers=None):
        return {
            route: browser.request(route[0], PREFIX + route[1], headers=headers or {}, data={}).status_code
            for route in routes(app)
        }

    return ask


def test_nobody_gets_in_without_a_login(asked, browse):
    assert set(asked(browse()).values()) == {401}


def test_forged_tokens_get_nobody_in(asked, browse):
    forged = browse()
    head = browse("anna").cookies["_token"].rpartition(".")[0]
    for token in ("no token", f"{head}.forged", f"{head}."):
        forged.cookies.set("_token", token)
        assert set(asked(forged).values()) <= {401, 403}
        plain = browse()
        assert set(asked(plain, {"Authorization": f"Bearer {token}"}).values()) <= {401, 403}


def test_without_a_right_to_the_dag_nothing_of_the_pair_is_shown(asked, browse):
    for route, status in asked(browse("nora")).items():
        assert status == 403 or not route[2], route


def test_a_right_to_another_dag_is_none_to_this_one(browse, asked):
    olga = browse("olga")
    assert olga.see(f"/pair/{CUSTOMERS}").status_code == 200
    assert olga.see(f"/pair/{CONTACTS}").status_code == 403
    # whether there is such a pair is not told to her
    assert olga.see("/pair/no_such__pair").status_code == 403
    assert browse("anna").see("/pair/no_such__pair").status_code == 404
    assert CONTACTS not in olga.see("/").text
    assert CONTACTS in browse("anna").see("/").text


def test_a_right_to_start_another_dag_is_none_to_start_this_one(browse, asked):
    rita = browse("rita")
    assert "Start a run now" in rita.see(f"/pair/{CUSTOMERS}").text
    looked_at = rita.see(f"/pair/{CONTACTS}")
    assert looked_at.status_code == 200
    assert "Start a run now" not in looked_at.text
    assert rita.press(f"/pair/{CUSTOMERS}/start").status_code == 303
    assert rita.press(f"/pair/{CONTACTS}/start").status_code == 403


def test_rows_of_another_pair_are_not_there(browse, asked, store):
    with store.read() as tx:
        from customerp_trello.state.links import link_ids

        (number,) = link_ids(tx, CONTACTS)["link"]
    anna = browse("anna")
    assert anna.see(f"/pair/{CONTACTS}/record/{number}").status_code == 200
    assert anna.see(f"/pair/{CUSTOMERS}/record/{number}").status_code == 404
    assert anna.see(f"/pair/{CONTACTS}/run/{RUN}").status_code == 404
    assert anna.see(f"/pair/{CONTACTS}/run/{RUN}/changes.csv").status_code == 404


def test_who_may_only_look_can_do_nothing(app, browse, asked):
    vera = browse("vera")
    assert vera.see(f"/pair/{CUSTOMERS}").status_code == 200
    assert "Start a run now" in browse("ulf").see(f"/pair/{CUSTOMERS}").text
    assert "Start a run now" not in vera.see(f"/pair/{CUSTOMERS}").text
    acts = [path for method, path, of_pair in routes(app) if method == "POST" and of_pair]
    assert len(acts) >= 7
    for path in acts:
        assert vera.press(path).status_code == 403, path


def test_a_form_of_another_site_does_nothing(app, browse, asked, store):
    anna = browse("anna")
    token = anna.token()
    other_login = browse("ulf").token()
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": HOST}
    foreign = [
        (token, {"Sec-Fetch-Site": "cross-site", "Origin": HOST}),
        (token, {"Sec-Fetch-Site": "same-site", "Origin": HOST}),
        (token, {"Origin": "https://evil.example"}),
        (token, {"Origin": "null"}),
        (token, {}),
        ("", ours),
        ("forged", ours),
        (other_login, ours),
    ]
    for method, path, _ in routes(app):
        if method != "POST":
            continue
        for given, headers in foreign:
            refused = anna.post(PREFIX + path, data={"token": given}, headers=headers)
            assert refused.status_code == 403, (path, given, headers)
    assert anna.post(f"{PREFIX}/search", data={"token": token, "text": "x"}, headers=ours).status_code == 200
    assert (
        anna.post(f"{PREFIX}/search", data={"token": token, "text": "x"}, headers={"Origin": HOST}).status_code == 200
    )


def test_a_bearer_token_needs_no_form(browse, asked):
    token = browse("ulf").cookies["_token"]
    plain = browse()
    headers = {"Authorization": f"Bearer {token}"}
    assert plain.post(f"{PREFIX}/pair/{CUSTOMERS}/start", headers=headers).status_code == 303


def test_no_schema_and_no_docs_page_is_public(browse):
    app = build_app()
    assert (app.openapi_url, app.docs_url, app.redoc_url) == (None, None, None)
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert browse("anna").see(path).status_code == 404


def test_every_page_forbids_what_it_does_not_need(browse, asked):
    answer = browse("anna").see("/")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    refused = browse().see("/")
    assert "default-src 'none'" in refused.headers["content-security-policy"]
