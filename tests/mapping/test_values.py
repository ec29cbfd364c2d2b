"""Canonical text: laws for every type, and the spellings that people and servers really use."""

from decimal import Decimal
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customerp_trello.errors import RecordError
from customerp_trello.mapping.model import Type
from customerp_trello.mapping.validity import invalid, invalid_one
from customerp_trello.mapping.values import (
    WHITESPACE,
    clean,
    from_text,
    normalise,
    normalise_one,
    per_value,
    to_arrow,
    to_text,
)

TYPES = get_args(Type)
STATUS = ("Open", "On hold", "Cancelled")

# Plain random text rarely looks like a number or a date, so half of the texts are made of their characters.
WILD = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LIKELY = st.text("0123456789.-+eE:TZ/@, ()abAB\r\n\u00a0éÉ", max_size=30)
PHRASES = st.sampled_from(
    [
        "2026-3-1",
        "2026-03-01T10:00:00+02:00",
        "+49 (0)30 123456",
        "On HOLD",
        "1e5",
        "-0.0",
        "A@B.C",
        "//x",
        "TRUE",
        "b;a",
    ]
)
TEXTS = st.lists(st.none() | WILD | LIKELY | PHRASES, max_size=12)


def column(*texts):
    return pd.Series(texts, dtype="str")


@pytest.mark.parametrize("kind", TYPES)
@given(texts=TEXTS)
@settings(max_examples=60, deadline=None)
def test_normalising_twice_is_normalising_once(kind, texts):
    once = normalise(column(*texts), kind, STATUS)
    assert normalise(once, kind, STATUS).equals(once)


@pytest.mark.parametrize("kind", TYPES)
@given(texts=TEXTS)
@settings(max_examples=30, deadline=None)
def test_unknown_stays_unknown_and_nothing_else_becomes_so(kind, texts):
    series = pd.Series(texts, dtype="str", index=range(100, 100 + len(texts)))
    result = normalise(series, kind, STATUS)
    assert result.dtype == "str"
    assert result.index.equals(series.index)
    assert result.isna().tolist() == series.isna().tolist()


@pytest.mark.parametrize("kind", TYPES)
@given(texts=TEXTS)
@settings(max_examples=20, deadline=None)
def test_a_value_alone_reads_as_it_does_in_a_column(kind, texts):
    together = normalise(column(*texts), kind, STATUS)
    alone = column(*(normalise_one(text, kind, STATUS) for text in texts))
    assert alone.equals(together)


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
@settings(deadline=None)
def test_a_decimal_keeps_every_digit(number):
    text = normalise_one(to_text(number, "decimal"), "decimal")
    assert invalid_one(text, "decimal") == ""
    assert Decimal(text) == number
    assert "e" not in text.lower()


@given(number=st.integers())
@settings(deadline=None)
def test_an_integer_comes_back(number):
    assert from_text(normalise_one(to_text(number), "integer"), "integer") == number


@given(tags=st.lists(st.text("abcÄß ", min_size=1), max_size=6))
@settings(deadline=None)
def test_the_order_of_tags_means_nothing(tags):
    assert normalise_one(to_text(tags, "tags"), "tags") == normalise_one(to_text(tags[::-1], "tags"), "tags")


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("string", "\ufeff Müller\u3000", "Müller"),
        ("string", "Mu\u0308ller", "Müller"),
        ("string", "   ", ""),
        ("text", "a\r\nb\rc\n", "a\nb\nc"),
        ("integer", "+007", "7"),
        ("integer", "42.0", "42"),
        ("integer", "-0", "0"),
        ("integer", "-00.0", "0"),
        ("integer", "-07.", "-7"),
        ("integer", "100", "100"),
        ("integer", "1.5", "1.5"),
        ("integer", "+-1", "+-1"),
        ("integer", "٣", "٣"),
        ("integer", "a few", "a few"),
        ("decimal", "0012.500", "12.5"),
        ("decimal", "-0.00", "0"),
        ("decimal", "1.2E3", "1200"),
        ("decimal", "100", "100"),
        ("decimal", ".5", "0.5"),
        ("decimal", "+.5", "0.5"),
        ("decimal", "-.50", "-0.5"),
        ("decimal", "1.", "1"),
        ("decimal", ".", "."),
        ("decimal", "-1.50e-3", "-0.0015"),
        ("decimal", ".5E+1", "5"),
        ("decimal", "-0e5", "0"),
        ("decimal", "1e40", "1" + "0" * 40),  # written out up to forty places
        ("decimal", "1e-40", "0." + "0" * 39 + "1"),
        ("decimal", "1e41", "1E+41"),
        ("decimal", "1e-41", "1E-41"),
        ("decimal", "1e999999", "1e999999"),
        ("decimal", "12,5", "12,5"),
        ("boolean", "YES", "true"),
        ("boolean", "y", "true"),
        ("boolean", "On", "true"),
        ("boolean", "1", "true"),
        ("boolean", "n", "false"),
        ("boolean", "no", "false"),
        ("boolean", "OFF", "false"),
        ("boolean", "0", "false"),
        ("boolean", "Maybe", "Maybe"),
        ("date", "2026-3-1", "2026-03-01"),
        ("date", "1. 3. 2026", "2026-03-01"),
        ("date", "2026-03-01T00:00:00Z", "2026-03-01"),
        ("date", "31.12.2026", "2026-12-31"),
        ("date", "2026/3/10", "2026-03-10"),
        ("date", "2026.12.1", "2026-12-01"),
        ("date", "2026-3-1 10:00:00,5", "2026-03-01"),
        ("date", "2026-03-31T22:00", "2026-03-31"),
        ("date", "2026-3-1 00:00:00.0 +02:00", "2026-03-01"),
        ("date", "2026-03-01T00:00+0530", "2026-03-01"),
        ("date", "2026-03-01T00:00-05", "2026-03-01"),
        ("date", "2026-03-30T22:00:00Z", "2026-03-30T22:00:00Z"),
        ("date", "2026-03-30T00:00:01Z", "2026-03-30T00:00:01Z"),
        ("date", "2026-3-1 10:00:00.5 +02:00", "2026-3-1 10:00:00.5 +02:00"),
        ("date", "2026-02-30", "2026-02-30"),
        ("date", "20260301", "20260301"),
        ("date", "next week", "next week"),
        ("datetime", "2026-03-01T10:30:00+01:00", "2026-03-01T09:30:00Z"),
        ("datetime", "2026-03-01 09:30", "2026-03-01T09:30:00Z"),
        ("datetime", "2026-03-01T09:30:00.120Z", "2026-03-01T09:30:00.12Z"),
        ("datetime", "2026-03-01T23:30:00-0130", "2026-03-02T01:00:00Z"),
        ("datetime", "2026-03-01T10:00:10Z", "2026-03-01T10:00:10Z"),
        ("datetime", "2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00Z"),
        ("datetime", "2026-03-01T10:00:00.123456789Z", "2026-03-01T10:00:00.123456Z"),
        ("datetime", "2026-03-01", "2026-03-01T00:00:00Z"),
        ("datetime", "2026-02-30T10:00:00Z", "2026-02-30T10:00:00Z"),
        ("datetime", "2026-03-01T10:00:00 Z", "2026-03-01T10:00:00 Z"),
        ("datetime", "now", "now"),
        ("enum", " on HOLD ", "On hold"),
        ("enum", "Paused", "Paused"),
        ("email", " Anna.Berg@EXAMPLE.Com", "Anna.Berg@example.com"),
        ("email", '"A@B"@EXAMPLE.com', '"A@B"@example.com'),
        ("email", "Anna@ EXAMPLE.com", "Anna@example.com"),
        ("email", "Anna@\nEXAMPLE.com", "Anna@example.com"),
        ("email", "ANNA", "ANNA"),
        ("phone", "0049 30 123456", "+4930123456"),
        ("phone", "+49 (0)30 123456", "+4930123456"),
        ("phone", "030 123456", "030 123456"),
        ("phone", "+49 30 123456 ext. 7", "+49 30 123456 ext. 7"),
        ("phone", "+49 30 123456~7", "+49 30 123456~7"),
        ("phone", "+49 30 123456#7", "+49 30 123456#7"),
        ("phone", "+49 30 123456;7", "+49 30 123456;7"),
        ("phone", "+49 30 123456,,7", "+49 30 123456,,7"),
        ("phone", "+1-800-FLOWERS", "+1-800-FLOWERS"),
        ("phone", "+49", "+49"),
        ("phone", "+1 555", "+1 555"),
        ("phone", "+49 30 12345678901234567", "+49 30 12345678901234567"),
        ("phone", "00", "00"),
        ("url", "Example.com/Über", "https://example.com/Über"),
        ("url", "HTTP://EXAMPLE.com", "http://example.com"),
        ("url", "HTTPS://EXAMPLE.com?Q=A", "https://example.com?Q=A"),
        ("url", "HTTPS://EXAMPLE.com#Top", "https://example.com#Top"),
        ("url", "//EXAMPLE.com/A", "https://example.com/A"),
        ("url", "example.com//a", "https://example.com//a"),
        ("url", "HTTP://User:Pass@EXAMPLE.com", "HTTP://User:Pass@EXAMPLE.com"),
        ("url", "User:Pass@EXAMPLE.com", "https://User:Pass@EXAMPLE.com"),
        ("url", "HTTPS://EXAMPLE.com/A\nB", "https://example.com/A\nB"),
        ("url", "Svn+SSH://EXAMPLE.com", "svn+ssh://example.com"),
        ("url", "", ""),
        ("tags", "b, a;b\nc,,", "a, b, c"),
        ("tags", "\ufeff b\u3000,a", "a, b"),
        ("tags", "b,\ufeffa", "a, b"),
        ("tags", ";", ""),
        ("reference", " E-1042 ", "E-1042"),
    ],
)
def test_spellings(kind, raw, expected):
    assert normalise_one(raw, kind, STATUS) == expected


def test_times_of_several_spellings_share_a_column():
    spellings = column("2026-03-01T10:30:00+01:00", "2026-03-01 09:30", "2026-03-01", "2026-03-01T09:30:00.5Z")
    assert normalise(spellings, "datetime").tolist() == [
        "2026-03-01T09:30:00Z",
        "2026-03-01T09:30:00Z",
        "2026-03-01T00:00:00Z",
        "2026-03-01T09:30:00.5Z",
    ]


@pytest.mark.parametrize("kind", TYPES)
def test_a_column_put_together_from_two_reads_as_one(kind):
    texts = [" +49 30 123456 ", "b; a", None, "2026-3-1"]
    together = pd.concat([column(*texts[:2]), column(*texts[2:])], ignore_index=True)
    assert normalise(together, kind, STATUS).equals(normalise(column(*texts), kind, STATUS))
    assert invalid(together, kind, STATUS).equals(invalid(column(*texts), kind, STATUS))


def test_a_column_holds_no_nul():
    assert normalise(column("nul\x00l", "\x00"), "string").tolist() == ["null", ""]


def test_an_enum_without_values_takes_any_text_as_it_is():
    assert normalise_one(" on HOLD ", "enum") == "on HOLD"
    assert invalid_one("on HOLD", "string") == ""


REASONS = {
    "integer": "is no whole number",
    "decimal": "is no number such as 12.5",
    "boolean": "is neither yes nor no",
    "date": "is no date such as 2026-03-01",
    "datetime": "is no time such as 2026-03-01T09:30:00Z",
    "enum": "is none of: Open, On hold, Cancelled",
    "email": "is no e-mail address",
    "url": "is no web address such as https://example.com",
}


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", ["-42", "0"], ["4.2", "a4", "4a"]),
        ("decimal", ["12.5", "-0.5", "0"], ["12,5", "1e41", "x1", "1x"]),
        ("boolean", ["true", "false"], ["maybe", "untrue", "falsey"]),
        ("date", ["2024-02-29", "9999-12-31"], ["2026-02-29", "2026-W10-1", "2026-03", "10000-01-01"]),
        (
            "datetime",
            ["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.5Z"],
            ["2026-13-01", "2026-03-01", "2026-02-30T00:00:00Z", "2026-03-01T24:00:00Z", "10000-01-01T00:00:00Z"],
        ),
        ("enum", ["Open", "On hold"], ["Paused", "open"]),
        ("email", ["anna@example.com"], ["anna at example.com", "@x", "x@", "a b@c", "a@b@c"]),
        ("url", ["https://example.com", "ftp://x/y?z"], ["https://a b", "://x", "http://", "x https://x"]),
    ],
)
def test_what_does_not_fit_its_type_is_said_without_repeating_it(kind, good, bad):
    reasons = invalid(column(*good, "", None, *bad).rename(lambda row: row + 50), kind, STATUS)
    assert reasons.tolist() == [""] * (len(good) + 2) + [REASONS[kind]] * len(bad)
    assert reasons.index[0] == 50
    assert reasons.dtype == "str"
    assert [invalid_one(text, kind, STATUS) for text in (*good, "", None, bad[0])][len(good) :] == [
        "",
        "",
        REASONS[kind],
    ]


@pytest.mark.parametrize("kind", sorted(set(TYPES) - set(REASONS)))
def test_any_text_fits_the_other_types(kind):
    assert invalid(column("any", "", None), kind).tolist() == ["", "", ""]


def test_the_values_of_an_enum_are_told_apart_in_their_composed_form():
    written_apart = ("Cafe\u0301", "Bar")
    assert normalise_one("CAFÉ", "enum", written_apart) == "Café"
    assert invalid_one("Café", "enum", written_apart) == ""


def test_an_empty_column_stays_a_column_of_texts():
    nothing = column()
    for kind in TYPES:
        assert normalise(nothing, kind, STATUS).dtype == "str"
        assert invalid(nothing, kind, STATUS).dtype == "str"


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "string", ""),
        (True, "boolean", "true"),
        (False, "string", "false"),
        (17, "string", "17"),
        (Decimal("12.50"), "decimal", "12.50"),
        (Decimal("1E+3"), "decimal", "1000"),
        (0.1, "decimal", "0.1"),
        (1e30, "decimal", "1" + "0" * 30),
        (1e-7, "string", "0.0000001"),
        (float("inf"), "decimal", "Infinity"),
        (["b", None, 1.5], "tags", "b, , 1.5"),
        (["b", "a"], "string", '["b", "a"]'),
        ([Decimal("1.5")], "string", '["1.5"]'),
        (["b", "a"], "tags", "b, a"),
        ({"b": 1, "a": "ü"}, "string", '{"a": "ü", "b": 1}'),
        ("nul\x00l", "string", "null"),
        ("half \ud83d", "string", "half \ufffd"),
        ("whole \ud83d\ude00", "string", "whole 😀"),
    ],
)
def test_json_values_as_text(value, kind, expected):
    assert to_text(value, kind) == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("", "integer", None),
        ("", "string", None),
        ("42", "integer", 42),
        ("12.5", "decimal", Decimal("12.5")),
        ("true", "boolean", True),
        ("false", "boolean", False),
        ("a, b", "tags", ["a", "b"]),
        ("a", "tags", ["a"]),
        ("Open", "enum", "Open"),
        ("2026-03-01", "date", "2026-03-01"),
    ],
)
def test_text_as_json_value(text, kind, expected):
    assert from_text(text, kind) == expected
    assert type(from_text(text, kind)) is type(expected)


@pytest.mark.parametrize(
    ("kind", "text"), [("integer", "a few"), ("integer", "1.5"), ("decimal", "a few"), ("boolean", "a few")]
)
def test_text_that_does_not_fit_is_not_sent(kind, text):
    with pytest.raises(RecordError) as caught:
        from_text(text, kind)
    assert str(caught.value) == f"A value is no {kind}; correct it in the system that it comes from."


def test_one_idea_of_white_space():
    assert all(char.isspace() or char == "\ufeff" for char in WHITESPACE)
    assert normalise_one(WHITESPACE + "x" + WHITESPACE, "string") == "x"


@given(st.text(st.characters()))
@settings(deadline=None)
def test_any_python_text_can_be_stored(text):
    assert "\x00" not in clean(text)
    clean(text).encode()


def test_python_sees_a_text_once_however_many_rows_have_it():
    seen = []
    shouted = per_value(to_arrow(column("a", "b", None, "a", "b", "a")), lambda text: seen.append(text) or text.upper())
    assert shouted.to_pylist() == ["A", "B", None, "A", "B", "A"]
    assert seen == ["a", "b"]
