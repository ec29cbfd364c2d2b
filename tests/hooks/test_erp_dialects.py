"""Other ERPs than the default one: each speaks its dialect over real HTTP, only the profile differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from dialects import MakeHook
from scripted_server import Received, Scripted, ScriptedServer

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RecordStale,
    UnknownOutcome,
)

ROWS = [{"id": n, "name": f"n{n}"} for n in range(1, 8)]


def pages(size: int, wrap: Callable[[list[Any], dict[str, str]], Scripted]) -> Callable[[Received], Scripted]:
    """Serve ROWS: *wrap* sees the parameters and turns a page into an answer."""

    def answer(received: Received) -> Scripted:
        query = {name: values[0] for name, values in parse_qs(urlsplit(received.target).query).items()}
        start = int(query.get("offset", 0)) or (int(query.get("page", 1)) - 1) * size
        return wrap(ROWS[start : start + size], {**query, "start": str(start)})

    return answer


def after(query: dict[str, str], size: int = 3) -> int | None:
    following = int(query["start"]) + size
    return following if following < len(ROWS) else None


DIALECTS: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[[list[Any], dict[str, str]], Scripted]]] = {
    "bare array, one page": ({"kind": "none"}, {}, lambda rows, q: Scripted(200, ROWS)),
    "page number until empty": ({"kind": "page", "parameter": "page"}, {}, lambda rows, q: Scripted(200, rows)),
    "page number with last flag": (
        {"kind": "page", "parameter": "page", "last": "meta.last"},
        {"records": "d.rows"},
        lambda rows, q: Scripted(200, {"d": {"rows": rows}, "meta": {"last": after(q) is None}}),
    ),
    "offset with total": (
        {"kind": "offset", "parameter": "offset"},
        {"records": "results", "total": "total"},
        lambda rows, q: Scripted(200, {"results": rows, "total": 7}),
    ),
    "cursor left out at the end": (
        {"kind": "cursor", "cursor": "next", "parameter": "offset", "absent_at_end": True},
        {"records": "items"},
        lambda rows, q: Scripted(200, {"items": rows, **({"next": after(q)} if after(q) else {})}),
    ),
    "next link, relative": (
        {"kind": "next_link", "link": ["@odata.nextLink"], "absent_at_end": True},
        {"records": "value"},
        lambda rows, q: Scripted(
            200, {"value": rows, **({"@odata.nextLink": f"c?offset={after(q)}"} if after(q) else {})}
        ),
    ),
    "link header": (
        {"kind": "link_header", "size_parameter": "per_page", "size": 3},
        {},
        lambda rows, q: Scripted(200, rows, {"Link": f'</c?offset={after(q)}>; rel="next"'} if after(q) else {}),
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_lists_every_record_once(erp: MakeHook, server: ScriptedServer, dialect: str) -> None:
    paging, listing, wrap = DIALECTS[dialect]
    server.answer = pages(3, wrap)
    assert list(erp(paging, listing).list_records("customer")) == ROWS


@pytest.mark.parametrize("kind", ["next_link", "link_header"])
def test_a_next_link_may_spell_the_host_otherwise(erp: MakeHook, server: ScriptedServer, kind: str) -> None:
    server.url = server.url.replace("127.0.0.1", "localhost")
    more = server.url.replace("localhost", "LocalHost")
    links = iter([f"{more}/c?page=2", ""])

    def answer(_: Received) -> Scripted:
        link = next(links)
        header = {"Link": f'<{link}>; rel="next"'} if link and kind == "link_header" else {}
        return Scripted(200, {"data": [{"id": 2 if not link else 1}], "next": link or None}, header)

    server.answer = answer
    paging = {"kind": kind, **({"link": "next"} if kind == "next_link" else {})}
    hook = erp(paging, {"records": "data"})
    assert [row["id"] for row in hook.list_records("customer")] == [1, 2]


def test_a_byte_order_mark_is_no_part_of_the_json(erp: MakeHook, server: ScriptedServer) -> None:
    body = '\ufeff{"data": [{"id": 1, "name": "\ufeffx"}]}'.encode()
    server.script(Scripted(200, body, {"Content-Type": "application/json"}))
    assert list(erp(listing={"records": "data"}).list_records("customer")) == [{"id": 1, "name": "\ufeffx"}]
    server.script(
        Scripted(422, '\ufeff{"message": "no"}'.encode(), {"Content-Type": "application/json; charset=utf-8"})
    )
    with pytest.raises(RecordError, match="HTTP 422: no"):
        erp().create_record("customer", {"name": "x"})


def test_a_server_that_caps_pages_is_read_to_its_end(erp: MakeHook, server: ScriptedServer) -> None:
    server.answer = pages(2, lambda rows, q: Scripted(200, rows))
    hook = erp({"kind": "offset", "parameter": "offset", "size_parameter": "limit", "size": 1000})
    assert len(list(hook.list_records("customer"))) == 7
    assert "limit=1000" in server.received[0].target


BROKEN: dict[str, tuple[dict[str, Any], dict[str, Any], Any, str]] = {
    "wrong list path": ({"kind": "none"}, {"records": "rows"}, {"data": []}, r"no list at 'rows'.*keys data"),
    "list where an object was due": ({"kind": "none"}, {"records": "rows"}, [], "there is a list"),
    "no id": ({"kind": "none"}, {}, [{"key": 1}], "without 'id'"),
    "the same page for ever": ({"kind": "page", "parameter": "page"}, {}, [{"id": 1}], "same page came twice"),
    "a record twice on a page": ({"kind": "none"}, {}, [{"id": 1}, {"id": 1}], "a record twice"),
    "cursor path wrong": (
        {"kind": "cursor", "cursor": "meta.next", "parameter": "c"},
        {"records": "data"},
        {"data": [{"id": 1}], "next": "x"},
        r"nothing at 'meta.next'",
    ),
    "cursor that stays": (
        {"kind": "cursor", "cursor": "next", "parameter": "c"},
        {"records": "data"},
        {"data": [], "next": "x"},
        "round in circles",
    ),
    "another host": (
        {"kind": "next_link", "link": "next"},
        {"records": "data"},
        {"data": [], "next": "http://evil.example/"},
        "another host",
    ),
    "the same host with a user": (
        {"kind": "next_link", "link": "next"},
        {"records": "data"},
        {"data": [], "next": "//user@127.0.0.1/"},
        "another host",
    ),
    "fewer than the total": (
        {"kind": "none"},
        {"records": "data", "total": "count"},
        {"data": [{"id": 1}], "count": 2},
        "ended after 1 of 2",
    ),
    "no total": ({"kind": "none"}, {"records": "data", "total": "n"}, {"data": []}, "no number at 'n'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_listing_that_cannot_be_trusted_is_an_error(erp: MakeHook, server: ScriptedServer, case: str) -> None:
    paging, listing, body, said = BROKEN[case]
    server.script(Scripted(200, body))
    with pytest.raises(FatalError, match=said):
        list(erp(paging, listing).list_records("customer"))


def test_a_row_that_moves_to_the_next_page_is_yielded_once(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, [{"id": 1}, {"id": 2}]), Scripted(200, [{"id": 2}, {"id": 3}]), Scripted(200, []))
    records = erp({"kind": "page", "parameter": "page"}).list_records("customer")
    assert [row["id"] for row in records] == [1, 2, 3]


def test_a_filter_that_the_server_ignores_does_no_harm(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, ROWS))
    hook = erp()
    assert list(hook.list_records("customer", filters={"name": "N3"})) == [{"id": 3, "name": "n3"}]
    assert server.received[0].target == "/c?q=N3"
    with pytest.raises(ConfigurationError, match="cannot be looked up by 'number'; valid: name"):
        list(hook.list_records("customer", filters={"number": "1"}))


def test_since_goes_out_with_its_overlap_and_fixed_parameters(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, []))
    since = {"parameter": "changed", "template": "{since:%Y-%m-%d %H:%M:%S}", "overlap_seconds": 60}
    hook = erp(listing={"since": since, "parameters": {"sort": "id"}})
    list(hook.list_records("customer", since=datetime(2026, 3, 1, tzinfo=UTC)))
    assert server.received[0].target == "/c?sort=id&changed=2026-02-28%2023%3A59%3A00"


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ({"datetime": "seconds"}, "1772323200"),
        ({"datetime": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}, "01.03.2026%2001%3A00"),
    ],
)
def test_since_may_go_out_as_the_erp_writes_moments(
    erp: MakeHook, server: ScriptedServer, values: dict[str, str], written: str
) -> None:
    server.script(Scripted(200, []))
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    for where in ("parameter", "header"):
        hook = erp(listing={"since": {where: "X-Since", "template": "{since_value}"}}, values=values)
        list(hook.list_records("customer", since=moment))
    assert server.received[0].target == f"/c?X-Since={written}"
    assert server.received[1].headers["X-Since"] == unquote(written)


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "none"}, "Authorization", None),
        ({"kind": "basic"}, "Authorization", "Basic bGk6cHc="),
        ({"kind": "bearer"}, "Authorization", "Bearer pw"),
        ({"kind": "api_key", "prefix": "token "}, "Authorization", "token li:pw"),
        ({"kind": "api_key", "header": "X-Api-Key"}, "X-Api-Key", "li:pw"),
    ],
)
def test_auth(erp: MakeHook, server: ScriptedServer, auth: dict[str, str], header: str, value: str | None) -> None:
    server.script(Scripted(200, []))
    hook = erp(auth=auth, headers={"X-Company": "7"})
    list(hook.list_records("customer"))
    assert server.received[0].headers.get(header) == value
    assert server.received[0].headers["X-Company"] == "7"


def test_a_wrapped_record_with_a_version_field(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(
        one_record={"read": "data.item", "write": "data"},
        concurrency={"kind": "field", "field": "rev"},
        update={"method": "PUT", "body": "changes"},
    )
    server.script(Scripted(200, {"data": {"item": {"id": "a/b", "rev": 5}}}))
    assert hook.get_record("customer", "a/b") == ({"id": "a/b", "rev": 5}, "5")
    assert server.received[0].target == "/c/a%2Fb"
    server.script(Scripted(200, {"data": {"item": {"id": "a/b", "name": "x", "rev": 6}}}))
    assert hook.update_record("customer", "a/b", {"name": "x"}, "5")[1] == "6"
    assert json.loads(server.received[0].body) == {"data": {"name": "x", "rev": 5}}


def test_a_server_that_wants_the_whole_record_loses_no_field(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(update={"method": "PUT", "body": "whole"}, concurrency={"kind": "field", "field": "rev"})
    server.script(
        Scripted(200, {"id": 1, "name": "a", "vat": "7", "rev": 1}), Scripted(200, {"id": 1, "name": "b", "rev": 2})
    )
    hook.update_record("customer", "1", {"name": "b"}, "1")
    assert json.loads(server.received[1].body) == {"id": 1, "name": "b", "vat": "7", "rev": 1}
    server.script(Scripted(200, {"id": 1, "rev": 3}))
    with pytest.raises(RecordStale):
        hook.update_record("customer", "1", {"name": "b"}, "1")


def test_an_update_answered_with_nothing_is_read_back(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(204), Scripted(200, {"id": 1, "name": "b"}))
    assert erp().update_record("customer", "1", {"name": "B "}, "") == ({"id": 1, "name": "b"}, "")


def test_a_create_that_was_accepted_without_a_record_is_looked_for(erp: MakeHook, server: ScriptedServer) -> None:
    for answer in (Scripted(204), Scripted(201, {"ok": True}), Scripted(201, b"<html>")):
        server.script(answer)
        with pytest.raises(UnknownOutcome, match="look for the record"):
            erp().create_record("customer", {"name": "x"})
        assert len(server.received) == 1


def test_deleting_by_field(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(delete={"kind": "field", "fields": {"disabled": True}})
    server.script(Scripted(200, {"id": 1}), Scripted(200, {"id": 1, "disabled": True}))
    hook.delete_record("customer", "1")
    assert (server.received[1].method, json.loads(server.received[1].body)) == ("PATCH", {"disabled": True})


def test_errors_are_worded_as_the_profile_says(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(
        errors={
            "messages": ["fault.text"],
            "fields": {"path": "fault.by_field"},
            "missing": [404, 403],
            "refused": [401],
        }
    )
    server.script(Scripted(422, {"fault": {"text": "No.", "by_field": {"name": ["too long", "odd"]}}}))
    with pytest.raises(RecordError, match=r"No\.") as error:
        hook.create_record("customer", {"name": "x" * 9})
    assert error.value.fields == {"name": "too long, odd"}
    server.script(Scripted(403, {}))
    with pytest.raises(RecordMissing):
        hook.get_record("customer", "1")
    server.script(Scripted(401, {}))
    with pytest.raises(RecordError):
        hook.get_record("customer", "1")
    with pytest.raises(ConfigurationError):
        list(hook.list_records("customer"))


def test_an_unknown_entity_names_the_valid_ones(erp: MakeHook) -> None:
    with pytest.raises(ConfigurationError, match="no entity 'order'; valid entities: customer"):
        erp().get_record("order", "1")
