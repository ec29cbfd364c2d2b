"""The rest of what a profile can say: conditions, ranges, POST lists, answers to creates, errors and deletes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
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
    RetriableError,
    UnknownOutcome,
)

ROWS = [{"id": n, "name": f"n{n}"} for n in range(1, 8)]
SINCE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def query(received: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(received.target).query).items()}


# -- lists -----------------------------------------------------------------------------------------------------------


def ranged(received: Received) -> Scripted:
    begin, end = (int(place) for place in received.headers["Range"].partition("=")[2].split("-"))
    if begin >= len(ROWS):
        return Scripted(416)
    rows = ROWS[begin : end + 1]
    return Scripted(206, rows, {"Content-Range": f"items {begin}-{begin + len(rows) - 1}/*"})


def by_id(received: Received) -> Scripted:
    last = int(query(received).get("id_gt", 0))
    return Scripted(200, [row for row in ROWS if row["id"] > last][:3])


def posted(received: Received) -> Scripted:
    body = json.loads(received.body)
    return Scripted(200, {"rows": ROWS[body["page"]["skip"] :][: body["page"]["take"]]})


def numbered(received: Received) -> Scripted:
    page = int(query(received)["page"])
    rows = ROWS[(page - 1) * 3 : page * 3] if page else []
    return Scripted(200, rows) if rows else Scripted(404, {"detail": "Invalid page."})


def named(received: Received) -> Scripted:
    begin = int(query(received).get("token", 0))
    more = {"X-Next": f"/c?token={begin + 3}"} if begin + 3 < len(ROWS) else {}
    return Scripted(200, ROWS[begin : begin + 3], more)


LISTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "range": (ranged, {"paging": {"kind": "range", "size": 3}}),
    "keyset": (by_id, {"paging": {"kind": "keyset", "parameter": "id_gt"}}),
    "POST": (
        posted,
        {
            "method": "POST",
            "records": "rows",
            "body": {"page": {}},
            "paging": {"kind": "offset", "parameter": "page.skip", "size_parameter": "page.take", "size": 3},
        },
    ),
    "404 past the end": (numbered, {"paging": {"kind": "page", "parameter": "page", "past_end": [404]}}),
    "URL in a header": (named, {"paging": {"kind": "next_header", "header": "X-Next"}}),
}


@pytest.mark.parametrize("case", LISTS)
def test_every_list_is_read_to_its_end(erp: MakeHook, server: ScriptedServer, case: str) -> None:
    server.answer, listing = LISTS[case]
    assert list(erp(listing=listing).list_records("customer")) == ROWS


def test_a_404_for_the_first_page_is_a_wrong_path(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(404))
    with pytest.raises(ConfigurationError):
        list(erp({"kind": "page", "parameter": "page", "past_end": [404]}).list_records("customer"))


def test_not_modified_is_an_empty_list(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(304))
    since = {"header": "If-Modified-Since", "template": "{since:%a, %d %b %Y %H:%M:%S GMT}"}
    assert list(erp(listing={"since": since}).list_records("customer", since=SINCE)) == []
    assert server.received[0].headers["If-Modified-Since"] == "Sun, 01 Mar 2026 09:30:00 GMT"


CONDITIONS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "OData": (
        {
            "parameter": "$filter",
            "always": ["kind eq 'C'"],
            "equal": "{field} eq '{value}'",
            "since": "changed gt {since:%Y-%m-%dT%H:%M:%SZ}",
        },
        {},
        "kind eq 'C' and q eq 'O''Hara' and changed gt 2026-03-01T09:30:00Z",
    ),
    "JSON domain": (
        {
            "parameter": "$filter",
            "form": "json",
            "equal": ["{field}", "=", "{value}"],
            "since": ["changed", ">", "{since_value}"],
        },
        {"datetime": "%Y-%m-%d %H:%M:%S"},
        '[["q","=","O\'Hara"],["changed",">","2026-03-01 09:30:00"]]',
    ),
    "backslash": (
        {
            "parameter": "$filter",
            "join": " && ",
            "escape": "backslash",
            "equal": "{field} = '{value}'",
            "since": "t>{since_ms}",
        },
        {},
        "q = 'O\\'Hara' && t>1772357400000",
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_conditions_share_one_parameter(erp: MakeHook, server: ScriptedServer, case: str) -> None:
    conditions, values, sent = CONDITIONS[case]
    server.script(Scripted(200, []))
    hook = erp(listing={"conditions": conditions, "since": {}}, values=values)
    list(hook.list_records("customer", since=SINCE, filters={"name": "O'Hara"}))
    assert query(server.received[0])["$filter"] == sent
    assert "%20" in server.received[0].target or " " not in sent
    assert "+" not in unquote(urlsplit(server.received[0].target).query)


def test_conditions_in_base64(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, []))
    conditions = {"parameter": "d", "form": "json_base64", "since": ["t", ">", "{since_s}"]}
    list(erp(listing={"conditions": conditions, "since": {}}).list_records("customer", since=SINCE))
    assert json.loads(base64.urlsafe_b64decode(query(server.received[0])["d"])) == [["t", ">", 1772357400]]


@pytest.mark.parametrize(
    ("form", "sent"), [("comma", "f=a%2Cb"), ("json", "f=%5B%22a%22%2C%20%22b%22%5D"), ("repeat", "f=a&f=b")]
)
def test_columns(erp: MakeHook, server: ScriptedServer, form: str, sent: str) -> None:
    entities = {"customer": {"path": "/c", "record": "/c/{id}", "columns": ["a", "b"]}}
    hook = erp(listing={"columns": {"parameter": "f", "form": form}}, entities=entities)
    server.script(Scripted(200, []), Scripted(200, {"id": 1}))
    list(hook.list_records("customer"))
    hook.get_record("customer", "1")
    assert [urlsplit(one.target).query for one in server.received] == [sent, sent]


# -- while somebody works, without any server ------------------------------------------------------------------------


def test_a_total_that_shrinks_is_read_again(erp: MakeHook, server: ScriptedServer) -> None:
    """Record 2 is deleted after the first page: 4 moves to its place, where nobody looks again."""
    left = [row for row in ROWS if row["id"] != 2]

    def answer(received: Received) -> Scripted:
        page = int(query(received)["page"])
        rows = ROWS if len(server.received) == 1 else left
        return Scripted(200, {"rows": rows[(page - 1) * 3 : page * 3], "total": len(rows)})

    server.answer = answer
    listing = {"records": "rows", "total": "total", "paging": {"kind": "page", "parameter": "page"}}
    found = [row["id"] for row in erp(listing=listing).list_records("customer")]
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 7]  # 2 was there when the first page was read


def test_a_list_that_always_shrinks_is_left_for_later(erp: MakeHook, server: ScriptedServer) -> None:
    def answer(received: Received) -> Scripted:
        page = int(query(received)["page"])
        rows = [{"id": n} for n in range(1000 - len(server.received))]
        return Scripted(200, {"rows": rows[(page - 1) * 400 : page * 400], "total": len(rows)})

    server.answer = answer
    listing = {"records": "rows", "total": "total", "paging": {"kind": "page", "parameter": "page"}}
    with pytest.raises(RetriableError, match="came and went"):
        list(erp(listing=listing).list_records("customer"))


def test_an_offset_that_is_not_looked_at_is_an_error(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, ROWS))
    with pytest.raises(FatalError, match="same page came twice"):
        list(erp({"kind": "offset", "parameter": "o"}).list_records("customer"))


def test_a_page_before_the_first_is_an_error(erp: MakeHook, server: ScriptedServer) -> None:
    def answer(received: Received) -> Scripted:
        page = int(query(received)["page"])
        return Scripted(200, ROWS[page * 3 : page * 3 + 3])

    server.answer = answer
    with pytest.raises(FatalError, match=r"set `listing.paging.first` to 0"):
        list(erp({"kind": "page", "parameter": "page"}).list_records("customer"))
    hook = erp({"kind": "page", "parameter": "page", "first": 0})
    assert list(hook.list_records("customer")) == ROWS


def test_a_list_by_id_that_is_not_sorted_is_an_error(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, [{"id": 5}, {"id": 1}]), Scripted(200, [{"id": 5}, {"id": 7}]))
    with pytest.raises(FatalError, match="not sorted by id"):
        list(erp({"kind": "keyset", "parameter": "after"}).list_records("customer"))


def test_numbers_as_texts_may_be_sorted_as_texts(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, [{"id": "1000"}, {"id": "999"}]), Scripted(200, []))
    listed = erp({"kind": "keyset", "parameter": "after"}).list_records("customer")
    assert [one["id"] for one in listed] == ["1000", "999"]


SIGNS: dict[str, tuple[Any, dict[str, str]]] = {
    "a cursor": ({"data": ROWS, "next_cursor": "x"}, {}),
    "a nested cursor": ({"data": ROWS, "meta": {"nextPage": 2}}, {}),
    "a flag": ({"data": ROWS, "has_more": True}, {}),
    "an OData link": ({"data": ROWS, "@odata.nextLink": "/c?x"}, {}),
    "a total": ({"data": ROWS, "count": 99}, {}),
    "a header": ({"data": ROWS}, {"Next-Page": "/c?x"}),
    "a header with the total": ({"data": ROWS}, {"X-Total-Count": "99"}),
    "a Link": ({"data": ROWS}, {"Link": '</c?x>; rel="next"'}),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_a_list_without_paging_that_has_signs_of_more_is_an_error(
    erp: MakeHook, server: ScriptedServer, sign: str
) -> None:
    server.script(Scripted(200, *SIGNS[sign]))
    with pytest.raises(FatalError, match="the list ended although there is"):
        list(erp(listing={"records": "data"}).list_records("customer"))


def test_signs_of_the_end_are_none_of_more(erp: MakeHook, server: ScriptedServer) -> None:
    end = {"data": ROWS, "next": None, "has_more": False, "count": 7, "nextLink": ""}
    server.script(Scripted(200, end, {"X-Total-Count": "7"}))
    assert list(erp(listing={"records": "data"}).list_records("customer")) == ROWS


def test_an_erp_without_link_headers_is_found_out(erp: MakeHook, server: ScriptedServer) -> None:
    server.answer = lambda received: Scripted(200, ROWS[: int(query(received)["n"])])
    with pytest.raises(FatalError, match="a page of one record names no next page"):
        list(erp({"kind": "link_header", "size_parameter": "n", "size": 3}).list_records("customer"))


# -- single records --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("create", "answer"),
    [
        ({"answer": "id", "id": "0"}, Scripted(200, [7])),
        ({"answer": "id"}, Scripted(200, 7)),
        ({"answer": "location"}, Scripted(201, None, {"Location": "/c/7"})),
    ],
)
def test_a_create_that_gives_an_id_is_read_back(
    erp: MakeHook, server: ScriptedServer, create: dict[str, Any], answer: Scripted
) -> None:
    server.script(answer, Scripted(200, {"id": 7, "name": "stored"}))
    assert erp(create=create).create_record("customer", {"name": "sent"})[0] == {"id": 7, "name": "stored"}
    assert server.received[1].target == "/c/7"


def test_a_create_that_gives_nothing_is_found_by_its_key(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(create={"answer": "nothing", "find_by": ["name"]})
    server.script(Scripted(204), Scripted(200, [{"id": 7, "name": "x"}]), Scripted(200, {"id": 7, "name": "x"}))
    assert hook.create_record("customer", {"name": "x"})[0]["id"] == 7
    for found in ([], [{"id": 7, "name": "x"}, {"id": 8, "name": "x"}]):
        server.script(Scripted(204), Scripted(200, found))
        with pytest.raises(UnknownOutcome, match="look for the record"):
            hook.create_record("customer", {"name": "x"})


def test_defaults_and_ids_in_a_body(erp: MakeHook, server: ScriptedServer) -> None:
    customer = {"path": "/partner", "id_is": "integer", "defaults": {"company": True}, "columns": ["name"]}
    hook = erp(
        entities={"customer": customer},
        one_record={
            "method": "POST",
            "path": "{path}/read",
            "request": {"ids": "{ids}", "f": "{columns}"},
            "read": "0",
            "missing_if_empty": True,
        },
        create={"path": "{path}/create", "request": {"vals": ["{fields}"]}, "answer": "id", "id": "0"},
        update={
            "method": "POST",
            "path": "{path}/write",
            "request": {"id": "{id}", "vals": "{fields}"},
            "answer": "nothing",
        },
        delete={"kind": "hard", "method": "POST", "path": "{path}/unlink", "request": {"ids": "{ids}"}},
    )
    stored = Scripted(200, [{"id": 7, "name": "x"}])
    server.script(Scripted(200, [7]), stored)
    hook.create_record("customer", {"name": "x"})
    server.answers = [Scripted(200, True), stored]
    hook.update_record("customer", "7", {"name": "x"}, "")
    server.answers = [Scripted(200, True)]
    hook.delete_record("customer", "7")
    assert [(one.target, json.loads(one.body)) for one in server.received] == [
        ("/partner/create", {"vals": [{"company": True, "name": "x"}]}),
        ("/partner/read", {"ids": [7], "f": ["name"]}),
        ("/partner/write", {"id": 7, "vals": {"name": "x"}}),
        ("/partner/read", {"ids": [7], "f": ["name"]}),
        ("/partner/unlink", {"ids": [7]}),
    ]
    server.script(Scripted(200, []))
    with pytest.raises(RecordMissing):
        hook.get_record("customer", "8")


def test_a_lost_answer_to_a_reading_post_is_asked_for_again(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(listing={"method": "POST"})
    hook.before_write = lambda _: pytest.fail("a list asks for no lease")
    server.script(Scripted(drop=True), Scripted(503), Scripted(200, ROWS))
    assert list(hook.list_records("customer")) == ROWS


def test_a_field_that_the_erp_drops_in_silence_is_an_error(erp: MakeHook, server: ScriptedServer) -> None:
    server.script(Scripted(200, {"id": 1, "name": "x"}))
    with pytest.raises(RecordError, match="shows no nmae in it") as error:
        erp().update_record("customer", "1", {"nmae": "x"}, "")
    assert error.value.fields == {"nmae": "not kept"}


def test_if_match_is_looked_up_where_it_is_required(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(concurrency={"kind": "etag", "required": True})
    etag = {"ETag": 'W/"5"'}
    server.script(Scripted(200, {"id": 1}, etag), Scripted(200, {"id": 1, "name": "x"}, etag))
    hook.update_record("customer", "1", {"name": "x"}, "")
    assert server.received[1].headers["If-Match"] == 'W/"5"'
    server.script(Scripted(200, {"id": 1}, etag), Scripted(204))
    hook.delete_record("customer", "1")
    assert server.received[1].headers["If-Match"] == 'W/"5"'


def test_a_version_that_the_erp_does_not_look_at_is_compared_before_the_write(
    erp: MakeHook, server: ScriptedServer
) -> None:
    hook = erp(concurrency={"kind": "field", "field": "changed", "check": "before_write"})
    server.script(Scripted(200, {"id": 1, "changed": "b"}))
    with pytest.raises(RecordStale):
        hook.update_record("customer", "1", {"name": "x"}, "a")
    assert [one.method for one in server.received] == ["GET"]
    server.script(Scripted(200, {"id": 1, "changed": "a"}), Scripted(200, {"id": 1, "name": "x", "changed": "b"}))
    assert hook.update_record("customer", "1", {"name": "x"}, "a")[1] == "b"
    assert json.loads(server.received[1].body) == {"name": "x"}


def test_a_write_that_is_sent_once_more_is_compared_once_more(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(concurrency={"kind": "field", "field": "changed", "check": "before_write"})
    busy = Scripted(429, "busy", {"Retry-After": "0"})
    server.script(Scripted(200, {"id": 1, "changed": "a"}), busy, Scripted(200, {"id": 1, "changed": "b"}))
    with pytest.raises(RecordStale):
        hook.update_record("customer", "1", {"name": "x"}, "a")
    assert [one.method for one in server.received] == ["GET", "PATCH", "GET"]


def test_what_has_moved_after_a_lost_answer_may_be_our_own_write(erp: MakeHook, server: ScriptedServer) -> None:
    hook = erp(concurrency={"kind": "field", "field": "changed", "check": "before_write"})
    server.script(
        Scripted(200, {"id": 1, "changed": "a"}), Scripted(502, "?"), Scripted(200, {"id": 1, "changed": "b"})
    )
    with pytest.raises(UnknownOutcome):
        hook.update_record("customer", "1", {"name": "x"}, "a")


def test_nothing_can_be_deleted(erp: MakeHook, server: ScriptedServer) -> None:
    with pytest.raises(ConfigurationError, match="cannot delete a customer"):
        erp(delete={"kind": "none"}).delete_record("customer", "1")
    assert server.received == []


# -- errors ----------------------------------------------------------------------------------------------------------

CASES = {
    "cases": [
        {"at": "error.0", "matches": "Concurrency", "means": "stale"},
        {"at": "error.0", "matches": "Gone", "means": "missing"},
        {"at": "error.0", "matches": "User", "means": "refused"},
        {"at": "error.0", "matches": "Login", "means": "credentials"},
        {"at": "error.0", "matches": "Busy", "means": "later"},
    ],
    "messages": ["error.1"],
    "in_body": "error",
}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Concurrency", RecordStale),
        ("Gone", RecordMissing),
        ("UserError", RecordError),
        ("Login", ConfigurationError),
        ("Busy", RetriableError),
        ("Odd", FatalError),
    ],
)
def test_an_error_in_a_body_with_200(erp: MakeHook, server: ScriptedServer, name: str, error: type[Exception]) -> None:
    server.script(Scripted(200, {"error": [name, "It says."], "traceback": "never shown"}))
    with pytest.raises(error, match=r"It says\.") as said:
        erp(errors=CASES).update_record("customer", "1", {"name": "x"}, "")
    assert "traceback" not in str(said.value)


def test_a_create_that_may_go_through_later_is_not_repeated_after_an_error_of_the_server(
    erp: MakeHook, server: ScriptedServer
) -> None:
    cases = {"cases": [{"matches": "busy", "means": "later"}]}
    server.script(Scripted(503, "busy", {"Retry-After": "30"}))
    with pytest.raises(UnknownOutcome) as error:
        erp(errors=cases).create_record("customer", {"name": "x"})
    assert (len(server.received), error.value.retry_after) == (1, 30)


def test_messages_packed_as_text_are_unpacked(erp: MakeHook, server: ScriptedServer) -> None:
    packed = json.dumps([json.dumps({"message": "Name is too long"})])
    server.script(Scripted(422, {"_server_messages": packed, "exc": "Traceback"}))
    with pytest.raises(RecordError, match="Name is too long"):
        erp(errors={"messages": ["_server_messages.0.message"]}).create_record("customer", {"name": "x"})


# -- values ----------------------------------------------------------------------------------------------------------


def test_values_come_and_go_in_the_erps_own_forms(erp: MakeHook, server: ScriptedServer) -> None:
    fields = {
        "active": {"of": "disabled", "kind": "boolean", "when_true": 0, "when_false": 1},
        "credit_limit": "decimal",
        "start": "date",
        "manager_id": {"of": "manager", "kind": "reference", "id": "0"},
    }
    entity = {"path": "/c", "record": "/c/{id}", "active": "active", "modified": "changed", "fields": fields}
    hook = erp(
        entities={"customer": entity},
        values={
            "nulls": [False, "0001-01-01"],
            "empty": False,
            "decimal": {"t": "D", "v": "{value}"},
            "datetime": "milliseconds",
            "date": "%d.%m.%Y",
        },
    )
    raw = {
        "id": 1,
        "disabled": 1,
        "credit_limit": {"t": "D", "v": "12.50"},
        "changed": 1772357400123,
        "start": "01.03.2026",
        "manager": [7, "Anna"],
        "notes": False,
    }
    server.script(Scripted(200, raw))
    assert hook.get_record("customer", "1")[0] == {
        "id": 1,
        "active": False,
        "credit_limit": Decimal("12.50"),
        "changed": "2026-03-01T09:30:00.123000Z",
        "start": "2026-03-01",
        "manager_id": 7,
        "notes": None,
    }
    sent = {"active": True, "credit_limit": Decimal("0.1"), "start": "2026-12-31", "manager_id": None}
    hook.update_record("customer", "1", sent, "")
    assert json.loads(server.received[1].body) == {
        "disabled": 0,
        "credit_limit": {"t": "D", "v": "0.1"},
        "start": "31.12.2026",
        "manager": False,
    }
