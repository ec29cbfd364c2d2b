import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerp_trello.hooks.answers import ABSENT, Answer, at, origin, to_json


def answer(text: str, **headers: str) -> Answer:
    return Answer(200, headers, "http://127.0.0.1/x", text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.integers() | st.text())
def test_numbers_and_texts_go_out_and_come_back_unchanged(value: object) -> None:
    assert answer(to_json({"v": value}).decode()).json()["v"] == value


def test_a_decimal_is_a_number_with_its_own_digits() -> None:
    assert to_json({"v": Decimal("12345678901234567890.10")}) == b'{"v": 12345678901234567890.10}'


@pytest.mark.parametrize("value", [Decimal("NaN"), float("inf"), object()])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        to_json({"v": value})


def test_fractions_are_decimals_and_an_empty_body_is_none() -> None:
    assert answer('{"v": 0.1}').json() == {"v": Decimal("0.1")}
    assert answer(" ").json() is None
    with pytest.raises(ValueError, match="NaN"):
        answer("[NaN]").json()


def test_a_path_that_leads_nowhere_is_absent_and_null_is_not() -> None:
    body = {"a": {"b": None}}
    assert at(body, ("a", "b")) is None
    assert at(body, ("a", "c")) is ABSENT
    assert at(body, ("a", "b", "c")) is ABSENT
    assert at(json.loads("[1]"), ()) == [1]


def test_html_is_recognised_by_type_or_by_look() -> None:
    assert answer("<!doctype html><p>x").is_html
    assert answer("x", **{"Content-Type": "text/html"}).is_html
    assert not answer("{}").is_html


@pytest.mark.parametrize(
    "same",
    [
        "https://ERP.example.com/c",
        "HTTPS://erp.example.com:443/c?page=2",
        "https://erp.example.com",
        "https://erp.example.com:",
    ],
)
def test_one_host_has_several_spellings(same: str) -> None:
    assert origin(same) == origin("https://erp.example.com/api")


@pytest.mark.parametrize(
    "other",
    [
        "http://erp.example.com/api",
        "https://erp.example.com:80/api",
        "https://erp.example.com.evil.example/api",
        "https://erp.example.com@evil.example/api",
        "https://user:pw@erp.example.com/api",
        "https://erp.example.com:port/api",
        "https://[erp.example.com/api",
        "/api",
        "",
    ],
)
def test_what_is_another_host_or_none(other: str) -> None:
    assert origin(other) != origin("https://erp.example.com/api")
