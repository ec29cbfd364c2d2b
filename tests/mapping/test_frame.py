"""The canonical frame: columns, types and order that everything behind it relies on."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from customerp_trello.mapping import frame
from customerp_trello.mapping.frame import META, conform, make_frame, make_record

DEFAULTS = {name: "" for name in META if name not in (frame.ID, frame.MODIFIED_AT)} | {frame.STATE: frame.LIVE}


def test_what_a_row_leaves_out_is_unknown_or_has_the_default():
    row = make_frame([{"_id": "1", "name": "Acme"}], ["name", "website"]).iloc[0].to_dict()
    assert pd.isna(row.pop("_modified_at"))
    assert pd.isna(row.pop("website"))
    assert row == {"_id": "1", "name": "Acme", **DEFAULTS}


def test_what_a_row_says_stays():
    said = {name: f"said {name}" for name in DEFAULTS}
    row = make_frame([{"_id": "1", **said}], []).iloc[0].to_dict()
    assert {name: row[name] for name in DEFAULTS} == said


def test_rows_come_in_the_order_of_their_ids_with_a_fresh_index():
    rows = [{"_id": "b", "name": "first"}, {"_id": "a", "name": "second"}, {"_id": "b", "name": "third"}]
    made = make_frame(rows, ["name"])
    assert made["_id"].tolist() == ["a", "b", "b"]
    assert made["name"].tolist() == ["second", "first", "third"]
    assert made.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize("rows", [[], [{"_id": "1", "name": None}]])
def test_columns_and_types_are_the_same_with_and_without_rows(rows):
    made = make_frame(rows, ["name"])
    assert made.columns.tolist() == [*META, "name"]
    assert made["_modified_at"].dtype == "datetime64[us, UTC]"
    assert {str(made[column].dtype) for column in made.columns.drop("_modified_at")} == {"str"}


def test_a_time_is_a_moment_whatever_its_spelling():
    told = ["2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00.000000Z", None]
    made = make_frame([{"_id": str(at), "_modified_at": time} for at, time in enumerate(told)], [])
    moment = pd.Timestamp(datetime(2026, 3, 1, 9, tzinfo=UTC))
    assert made["_modified_at"].tolist()[:3] == [moment] * 3
    assert made["_modified_at"].isna().tolist() == [False, False, False, True]


def test_conforming_drops_what_does_not_belong_and_changes_nothing_the_second_time():
    once = conform(pd.DataFrame({"name": ["x", None], "secret": ["y", "y"], "_id": ["2", "1"]}), ["name"])
    assert "secret" not in once
    assert once["name"].isna().tolist() == [True, False]
    pd.testing.assert_frame_equal(conform(once, ["name"]), once)


@pytest.mark.parametrize(
    "row",
    [
        {"_id": "1", "name": "Acme", "website": None},
        {"_id": 7, "name": "", "_state": "gone", "_reason": None, "_modified_at": datetime(2026, 3, 1, 9, tzinfo=UTC)},
        {"_id": "2", "website": float("nan"), "_modified_at": "2026-03-01T10:00:00.123456+01:00", "secret": "x"},
        {"_id": "3", "_modified_at": pd.NaT, "_by": "Anna"},
    ],
)
def test_a_record_is_the_row_of_a_frame(row):
    names = ["name", "website"]
    framed = make_frame([row], names).iloc[0]
    record = make_record(row, names)
    assert record.id == framed["_id"]
    assert record.values == {name: None if pd.isna(framed[name]) else framed[name] for name in names}
    assert record.meta == {n: None if framed[n] is pd.NaT else framed[n] for n in META if n != "_id"}


@pytest.mark.parametrize("told", ["2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00"])
def test_a_records_time_is_told_in_utc_as_a_frames_is(told):
    row = {"_id": "1", "_modified_at": told}
    at = make_record(row, []).meta["_modified_at"]
    assert (str(at), at.unit) == ("2026-03-01 09:00:00+00:00", "us")
    assert str(make_frame([row], []).iloc[0]["_modified_at"]) == str(at)


@pytest.mark.parametrize(
    ("wanted", "folded", "hit"),
    [
        ({"name": "Acme"}, (), [True, False, False, False]),
        ({"name": "ACME"}, (), [False, True, False, False]),
        ({"name": "aCmE"}, ("name",), [True, True, False, False]),
        ({"name": "acme", "website": "a"}, ("name",), [True, False, False, False]),
        ({"website": "a", "name": "ACME"}, ("name",), [True, False, False, False]),
        ({"website": "A", "name": "ACME"}, ("name",), [False, False, False, False]),
        ({}, (), [True, True, True, True]),
    ],
)
def test_a_record_bears_what_it_shows_in_every_wanted_property(wanted, folded, hit):
    rows = [("1", "Acme", "a"), ("2", "ACME", "b"), ("3", None, "a"), ("4", "Other", "a")]
    made = make_frame([{"_id": i, "name": name, "website": site} for i, name, site in rows], ["name", "website"])
    assert frame.bearing(made, wanted, folded).tolist() == hit
