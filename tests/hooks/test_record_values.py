"""Values between an ERP's JSON and ours."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerp_trello.hooks.profile import Entity
from customerp_trello.hooks.profile_values import Values
from customerp_trello.hooks.record_values import Codec

PARTS = {part: f"{{{part}}}" for part in ("year", "month", "day", "hour", "minute", "second", "microsecond")}


def codec(kind: Any, **values: Any) -> Codec:
    return Codec(Values(**values), Entity(path="/c", record="/c/{id}", fields={"x": kind}))


@pytest.mark.parametrize(
    ("form", "raw", "ours"),
    [
        ("iso", "2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z"),
        ("iso", "2026-03-01 09:30:00", "2026-03-01T09:30:00Z"),
        ("iso", "2026-03-01T10:30:00+01:00", "2026-03-01T09:30:00Z"),
        ("seconds", 1772357400, "2026-03-01T09:30:00Z"),
        ("milliseconds", "1772357400000", "2026-03-01T09:30:00Z"),
        ("%d/%m/%Y %H:%M", "01/03/2026 09:30", "2026-03-01T09:30:00Z"),
        (
            PARTS,
            {"year": 2026, "month": 3, "day": 1, "hour": 9, "minute": 30, "second": 0, "microsecond": 0},
            "2026-03-01T09:30:00Z",
        ),
        ("iso", "yesterday", "yesterday"),
        ("seconds", "soon", "soon"),
        (PARTS, "soon", "soon"),
        ("iso", None, None),
    ],
)
def test_times(form: Any, raw: Any, ours: Any) -> None:
    assert codec("datetime", datetime=form).decode({"x": raw}) == {"x": ours}


def test_times_without_a_zone_are_the_erps() -> None:
    zurich = codec("datetime", datetime="%Y-%m-%d %H:%M:%S", zone="Europe/Zurich")
    assert zurich.decode({"x": "2026-07-01 12:00:00"}) == {"x": "2026-07-01T10:00:00Z"}
    assert zurich.encode({"x": "2026-07-01T10:00:00Z"}) == {"x": "2026-07-01 12:00:00"}
    assert zurich.moment(datetime(2026, 1, 1, 11, tzinfo=UTC)) == "2026-01-01 12:00:00"


@pytest.mark.parametrize(
    ("zone", "raw", "ours"),
    [
        ("Europe/Berlin", "2026-03-30T22:00:00Z", "2026-03-31"),
        ("Europe/Berlin", "2026-01-30T22:00:00Z", "2026-01-30"),
        ("Europe/Berlin", "2026-03-31T00:00:00+02:00", "2026-03-31"),
        ("America/New_York", "2026-03-31T04:00:00.000Z", "2026-03-31"),
        ("America/New_York", "2026-03-31T00:00:00Z", "2026-03-31"),
        ("America/New_York", "2026-03-31 22:30:00-04:00", "2026-03-31"),
        ("UTC", "2026-03-30T22:00:00Z", "2026-03-30"),
        ("Europe/Berlin", "2026-03-31", "2026-03-31"),
        ("Europe/Berlin", "2026-03-31T22:00:00", "2026-03-31T22:00:00"),
        ("Europe/Berlin", "0001-01-01T00:30:00+14:00", "0001-01-01T00:30:00+14:00"),
        ("Europe/Berlin", "soon", "soon"),
        ("Europe/Berlin", 20260331, 20260331),
    ],
)
def test_the_day_of_a_time_is_the_day_where_the_erp_is(zone: str, raw: Any, ours: Any) -> None:
    assert codec("date", zone=zone).decode({"x": raw}) == {"x": ours}


@pytest.mark.parametrize("raw", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"])
def test_a_time_that_stands_for_none_stops_nothing(raw: str) -> None:
    assert codec("datetime", zone="Europe/Berlin").decode({"x": raw}) == {"x": raw}


@given(st.integers(40_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_a_time_comes_back_as_it_went(moment: datetime) -> None:
    for form in ("iso", "seconds", "milliseconds", "%Y-%m-%d %H:%M:%S", PARTS):
        one = codec("datetime", datetime=form)
        text = moment.isoformat().replace("+00:00", "Z")
        assert one.decode(one.encode({"x": text})) == {"x": text}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_decimal_comes_back_as_it_went(number: Decimal) -> None:
    for form in ("number", "text", {"__class__": "Decimal", "decimal": "{value}"}):
        one = codec("decimal", decimal=form)
        assert one.decode(one.encode({"x": number})) == {"x": number}


@pytest.mark.parametrize(
    ("raw", "ours"), [(1, True), (0, False), ("1", "1"), (None, None), (True, True), (False, False)]
)
def test_booleans_by_number(raw: Any, ours: Any) -> None:
    kind = {"kind": "boolean", "when_true": 1, "when_false": 0}
    assert codec(kind).decode({"x": raw}) == {"x": ours}


def test_false_is_nothing_in_a_text_and_false_in_a_boolean() -> None:
    assert codec("boolean", nulls=[False]).decode({"x": False, "y": False, "z": 0}) == {"x": False, "y": None, "z": 0}


def test_a_missing_field_stays_missing() -> None:
    assert codec("datetime", nulls=[""]).decode({"y": ""}) == {"y": None}


@pytest.mark.parametrize(
    "wrong",
    [{"decimal": "float"}, {"datetime": "tomorrow"}, {"date": {"y": "{jahr}"}}, {"zone": "Europe/Nowhere"}],
)
def test_a_wrong_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|unknown placeholder|no time zone"):
        Values(**wrong)
