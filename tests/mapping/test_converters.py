"""Converters as lenses (contract, P21): what is read can be written, and what did not change is not touched."""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customerp_trello.errors import RecordError
from customerp_trello.mapping.conditions import hold, holds
from customerp_trello.mapping.converters import ACTIVE, converter_for, fields_frame, raw_text
from customerp_trello.mapping.directory import Directory
from customerp_trello.mapping.model import Condition, Property
from customerp_trello.mapping.person_name import split
from customerp_trello.mapping.short_name import short_name
from customerp_trello.mapping.values import normalise_one

ANY = st.text(st.characters(), max_size=12)
WORDS = st.lists(
    st.sampled_from(["Anna", "van", "Berg", "de", "la", "Jr.", "Berg,", "Dr.", "王", "\u0301x"]), max_size=5
)
NAMES = ANY | WORDS.map(" ".join) | WORDS.map("  ".join)
OLD = st.fixed_dictionaries({}, optional={"first_name": st.none() | NAMES, "last_name": st.none() | NAMES})


def prop(**settings):
    return Property.model_validate({"name": "it", "customerp": ["field"], "trello": "x", "type": "string", **settings})


def person(one_word_to="last_name"):
    convert = {"using": "person_name", "one_word_to": one_word_to}
    return converter_for(prop(customerp=["first_name", "last_name"], convert=convert))


STATUS = {"open": "Open", "on_hold": "On hold", "cancelled": "Cancelled"}
STAFF = Directory.of([(7, "E-7", "Anna Berg"), (8, "E-8", "Jo Doe"), (9, "E-9", "Jo Doe"), (10, None, "Nobody")])


# --- laws


@pytest.mark.parametrize("one_word_to", ["first_name", "last_name"])
@given(name=NAMES, old=OLD)
@settings(max_examples=150, deadline=None)
def test_a_full_name_that_is_written_reads_back(one_word_to, name, old):
    name = normalise_one(name, "string")
    lens = person(one_word_to)
    new = {**old, **lens.put(name, old)}
    assert lens.get(new) == name
    if name and lens.get(old) != name:
        assert normalise_one(new[one_word_to] or "", "string"), "the part that the ERP requires is never left empty"


@given(old=OLD)
@settings(max_examples=100, deadline=None)
def test_an_unchanged_full_name_touches_nothing(old):
    name = person().get(old)
    assert (name is None) == (len(old) < 2)
    if name is not None:
        assert person().put(name, old) == {}


@given(given_name=NAMES, family=NAMES, new=NAMES)
@settings(max_examples=100, deadline=None)
def test_a_part_that_still_matches_is_kept(given_name, family, new):
    given_name, family, new = (normalise_one(text, "string") for text in (given_name, family, new))
    if not (given_name and family and new):
        return
    old = {"first_name": given_name, "last_name": family}
    assert "last_name" not in person().put(f"{new} {family}", old) or f"{new} {family}" == family


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("string", ANY),
        ("text", ANY),
        ("integer", st.integers().map(str)),
        ("decimal", st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000).map(str)),
        ("boolean", st.sampled_from(["true", "false"])),
        ("tags", st.lists(st.text("abc ä")).map(", ".join)),
    ],
)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_plain_value_that_is_written_reads_back(kind, values, data):
    lens = converter_for(prop(type=kind))
    text = normalise_one(data.draw(values), kind)
    old = {"field": data.draw(st.none() | st.booleans() | st.integers() | ANY)}
    assert lens.get({**old, **lens.put(text, old)}) == text
    assert lens.put(lens.get(old), old) == {}


@given(new=st.sampled_from(["", *STATUS.values()]), old=st.sampled_from([None, "", *STATUS]))
@settings(deadline=None)
def test_a_table_leads_back(new, old):
    lens = converter_for(prop(type="enum", convert={"using": "value_table", "values": STATUS}))
    record = {"field": old}
    assert lens.get({**record, **lens.put(new, record)}) == new
    assert lens.put(lens.get(record), record) == {}


@given(new=st.sampled_from(["", "E-7", "E-8", "E-9"]), old=st.sampled_from([None, 7, 8, 9]))
@settings(deadline=None)
def test_a_reference_leads_back(new, old):
    lens = converter_for(reference(), STAFF)
    record = {"field": old}
    assert lens.get({**record, **lens.put(new, record)}) == new
    assert lens.put(lens.get(record), record) == {}


# --- person names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna Berg", {}),
        ("Anne Berg", {"first_name": "Anne"}),
        ("Anna Maria Berg", {"first_name": "Anna Maria"}),
        ("Anna Stein", {"last_name": "Stein"}),
        ("Anna Maria Stein", {"last_name": "Maria Stein"}),  # so does the given name
        ("Anna van der Berg", {"first_name": "Anna van der"}),  # the family name still matches, so it stays
        ("Anna van der Stein", {"last_name": "van der Stein"}),
        ("Juan de la Vega", {"first_name": "Juan", "last_name": "de la Vega"}),
        ("Sam Davis Jr.", {"first_name": "Sam", "last_name": "Davis Jr."}),
        ("Davis, Sam", {"first_name": None, "last_name": "Davis, Sam"}),
        ("Cher", {"first_name": None, "last_name": "Cher"}),
        ("Anna", {"first_name": None, "last_name": "Anna"}),
        ("王小明", {"first_name": None, "last_name": "王小明"}),
        ("Eva  Braun", {"first_name": None, "last_name": "Eva  Braun"}),  # two spaces: no split joins to this again
    ],
)
def test_how_a_full_name_is_split(name, expected):
    assert person().put(name, {"first_name": "Anna", "last_name": "Berg"}) == expected


@pytest.mark.parametrize(
    ("full", "old", "expected"),
    [
        ("Anna Maria Berg", ("Anna Maria", "Stein"), ("Anna Maria", "Berg")),
        ("Anna Maria Berg", ("Anna", "Stein"), ("Anna", "Maria Berg")),  # the given name still matches, so it stays
        ("Anna  Maria Berg", ("Anna", ""), ("Anna  Maria", "Berg")),  # it would not join to the same name
        ("Anna Maria  Berg", ("", "Berg"), ("Anna", "Maria  Berg")),
        ("Berg, Anna Maria", ("", ""), ("", "Berg, Anna Maria")),
        ("x " * 99 + "ab", ("", ""), ("x " * 98 + "x", "ab")),
        ("x, " + "y" * 198, ("", ""), ("x,", "y" * 198)),  # too long to be looked at closely
        ("x, " + "y" * 197, ("", ""), ("", "x, " + "y" * 197)),
        ("Anna Berg Jr.", ("", ""), ("Anna", "Berg Jr.")),
        ("( x )", ("", ""), ("( x", ")")),
    ],
)
def test_a_split_keeps_what_still_matches_and_joins_to_the_same_name(full, old, expected):
    assert split(full, old, one_word_to=1) == expected
    assert " ".join(part for part in expected if part) == full


def test_one_word_goes_to_the_required_field():
    assert person("first_name").put("Cher", {}) == {"first_name": "Cher", "last_name": None}
    assert person("last_name").put("Cher", {}) == {"first_name": None, "last_name": "Cher"}


def test_a_name_with_an_unknown_part_is_unknown():
    frame = fields_frame([{"first_name": "Anna"}, {"first_name": None, "last_name": "Berg"}, {}], person().fields)
    assert person().get_column(frame).tolist()[1] == "Berg"
    assert person().get_column(frame).isna().tolist() == [True, False, True]


# --- columns


def test_null_is_empty_and_a_missing_key_is_unknown():
    lens = converter_for(prop())
    texts = lens.get_column(fields_frame([{"field": None}, {}, {"field": ""}, {"field": " x "}], ["field"]))
    assert texts.dtype == "str"
    assert texts.isna().tolist() == [False, True, False, False]
    assert texts.fillna("?").tolist() == ["", "?", "", "x"]
    assert lens.get_column(pd.DataFrame(index=range(2))).isna().all()


def test_an_empty_listing_has_columns_too():
    for lens in (converter_for(prop()), person(), converter_for(reference(), STAFF), membership()):
        assert len(lens.get_column(fields_frame([], lens.fields))) == 0
        assert len(lens.problems(fields_frame([], lens.fields))) == 0
        assert lens.get_column(fields_frame([], lens.fields)).dtype == "str"
        assert lens.problems(fields_frame([], lens.fields)).dtype == "str"


def test_a_column_keeps_its_rows_whatever_their_index():
    records = [{"field": 7, "first_name": "Anna", "last_name": None, ACTIVE: True}, {}, {"field": None}]
    for lens in (converter_for(prop()), person(), converter_for(reference(), STAFF), membership()):
        frame = fields_frame(records, lens.fields)
        assert frame.index.tolist() == [0, 1, 2]
        moved = frame.rename(lambda row: row + 7)
        assert lens.get_column(moved).index.tolist() == [7, 8, 9]
        assert lens.problems(moved).index.tolist() == [7, 8, 9]
        assert lens.get_column(moved).fillna("?").tolist() == lens.get_column(frame).fillna("?").tolist()


def test_a_field_that_no_record_has_is_unknown_in_every_row():
    lens = converter_for(prop())
    absent = lens.get_column(pd.DataFrame({"other": ["a", "b"]}, index=[5, 6]))
    assert absent.isna().to_dict() == {5: True, 6: True}


def test_a_column_without_any_text_is_a_column_of_texts():
    for fields in (fields_frame([{}, {}], ["field"]), fields_frame([], ["field"]), fields_frame([{}], [])):
        texts = raw_text(fields, "field")
        assert texts.dtype == "str"
        assert texts.isna().all()


def test_records_without_fields_are_still_rows():
    assert len(fields_frame([{"a": 1}, {"a": 2}], [])) == 2


def test_a_number_of_the_erp_is_no_missing_value():
    lens = converter_for(prop(type="decimal"))
    assert lens.get({"field": 1.5}) == "1.5"
    assert lens.get({"field": float("nan")}) is None
    assert lens.put("1.5", {"field": 1.5}) == {}
    assert lens.put("2.5", {"field": 1.5}) == {"field": Decimal("2.5")}


@pytest.mark.parametrize(
    ("settings", "raw", "text", "sent"),
    [
        ({"type": "enum", "values": ["Open"]}, "OPEN", "Open", "Open"),
        ({"type": "date"}, "2026-3-1", "2026-03-01", "2026-03-01"),
        ({"type": "boolean"}, "yes", "true", True),
        ({"type": "integer"}, "007", "7", 7),
        ({"type": "tags"}, ["b", "a"], "a, b", ["a", "b"]),
    ],
)
def test_a_plain_value_has_the_propertys_type_on_both_ways(settings, raw, text, sent):
    lens = converter_for(prop(**settings))
    assert lens.get({"field": raw}) == text
    assert lens.put(text, {"field": None}) == {"field": sent}
    assert lens.put(text, {"field": raw}) == {}


def test_tags_that_an_erp_keeps_as_a_text_stay_one():
    lens = converter_for(prop(type="tags"))
    assert lens.put("a, b, c", {"field": "a, b"}) == {"field": "a, b, c"}


def test_a_part_of_a_name_that_is_gone_is_empty_and_one_that_is_unknown_is_written():
    lens = person()
    assert lens.put("Anna Berg", {"first_name": "Anna"}) == {"last_name": "Berg"}
    assert lens.put("Anna Berg", {"last_name": "Berg"}) == {"first_name": "Anna"}
    assert lens.put("Anna Berg", {"first_name": None, "last_name": "Berg"}) == {"first_name": "Anna"}
    assert lens.put("Berg", {"first_name": "Anna", "last_name": "Berg"}) == {"first_name": None}
    assert lens.put("Berg", {"last_name": "Berg"}) == {"first_name": None}


def test_a_plain_value_has_no_problem():
    frame = fields_frame([{"field": "x"}, {"field": None}, {}], ["field"]).rename(lambda row: row + 7)
    for lens in (converter_for(prop()), person()):
        problems = lens.problems(frame)
        assert problems.tolist() == ["", "", ""]
        assert problems.index.equals(frame.index)


# --- value tables


def membership():
    convert = {"using": "value_table", "values": {True: "active"}, "inactive": "none"}
    values = ["active", "pending", "deactivated", "none"]
    return converter_for(prop(type="enum", values=values, direction="to_trello", convert=convert))


def test_a_record_that_is_switched_off_has_the_text_for_it():
    lens = membership()
    frame = fields_frame([{"field": True, ACTIVE: True}, {"field": False, ACTIVE: False}, {ACTIVE: True}], lens.fields)
    assert lens.fields == ("field", ACTIVE)
    assert lens.get_column(frame).fillna("?").tolist() == ["active", "none", "?"]
    assert lens.problems(frame).tolist() == ["", "", ""]


def test_null_may_have_a_text_and_is_not_overwritten_with_it():
    convert = {"using": "value_table", "values": {"normal": "normal", "admin": "admin"}, "empty": "normal"}
    lens = converter_for(prop(type="enum", convert=convert))
    assert lens.get({"field": None}) == "normal"
    assert lens.put("normal", {"field": None}) == {}
    assert lens.put("Normal", {"field": "admin"}) == {"field": "normal"}


def test_json_types_survive_the_way_back():
    lens = converter_for(prop(convert={"using": "value_table", "values": {True: "Yes", False: "No"}}))
    assert lens.put("No", {"field": True}) == {"field": False}
    lens = converter_for(prop(convert={"using": "value_table", "values": {1: "Low", 2: "High"}}))
    assert lens.get({"field": 2}) == "High"
    assert lens.put("Low", {"field": 2}) == {"field": 1}


def test_a_code_that_the_table_lacks_is_a_problem_of_that_record():
    lens = converter_for(prop(type="enum", convert={"using": "value_table", "values": STATUS}))
    frame = fields_frame([{"field": "open"}, {"field": "secret"}], ["field"])
    assert lens.get_column(frame).isna().tolist() == [False, True]
    assert lens.problems(frame).tolist() == [
        "",
        "field holds a value that the mapping's table for 'it' lacks; it has: open, on_hold, cancelled",
    ]
    with pytest.raises(RecordError) as caught:
        lens.put("Paused", {"field": "open"})
    assert str(caught.value) == "CustomERP has no value for this It. Valid: Open, On hold, Cancelled."
    assert caught.value.fields == {"field": "not in the value table"}


@pytest.mark.parametrize(
    ("settings", "code", "text"),
    [
        ({"type": "boolean", "convert": {"values": {"J": "Yes", "N": "No"}}}, "J", "true"),
        ({"type": "boolean", "convert": {"values": {"J": "Yes", "N": "No"}}}, "N", "false"),
        ({"type": "boolean", "convert": {"values": {"J": "Yes"}, "empty": "No"}}, None, "false"),
        ({"type": "enum", "values": ["On Hold", "Open"], "convert": {"values": {1: "on hold", 2: "open"}}}, 2, "Open"),
        (
            {"type": "enum", "values": ["Normal", "Admin"], "convert": {"values": {9: "admin"}, "empty": "normal"}},
            9,
            "Admin",
        ),
        (
            {"type": "enum", "values": ["Normal", "Admin"], "convert": {"values": {9: "admin"}, "empty": "normal"}},
            None,
            "Normal",
        ),
    ],
)
def test_the_words_of_a_table_are_texts_of_the_propertys_type(settings, code, text):
    convert = {"using": "value_table", **settings["convert"]}
    lens = converter_for(prop(**{**settings, "convert": convert}))
    assert lens.get({"field": code}) == text
    assert lens.put(text, {"field": "other"}) == {"field": code}
    assert lens.put(text, {"field": code}) == {}


def test_a_table_without_a_word_for_null_takes_empty_for_it():
    for empty in ({}, {"empty": "none"}):
        lens = converter_for(prop(convert={"using": "value_table", "values": STATUS, **empty}))
        assert lens.put("", {"field": "open"}) == {"field": None}


@pytest.mark.parametrize("code", ["open      ", " open", "\ufeffopen\u3000", "open"])
def test_blanks_that_fill_a_code_up_do_not_count(code):
    lens = converter_for(prop(type="enum", convert={"using": "value_table", "values": {" open ": "Open", "x": "X"}}))
    frame = fields_frame([{"field": code}, {"field": "   "}], ["field"])
    assert lens.get_column(frame).tolist() == ["Open", ""]
    assert lens.problems(frame).tolist() == ["", ""]
    assert lens.put("Open", {"field": code}) == {}
    assert lens.put("Open", {"field": "x"}) == {"field": "open"}


# --- references


def reference(by="number"):
    return prop(type="reference", convert={"using": "reference", "references": "employee", "by": by})


def test_a_reference_shows_the_number_and_writes_the_id():
    lens = converter_for(reference(), STAFF)
    frame = fields_frame([{"field": 7}, {"field": None}, {}, {"field": 99}], ["field"])
    assert lens.get_column(frame).fillna("?").tolist() == ["E-7", "", "?", "?"]
    lost = "field refers to a record of 'employee' that does not exist or has no number"
    assert lens.problems(frame).tolist() == ["", "", "", lost]
    assert lens.put("E-8", {"field": 7}) == {"field": 8}
    assert lens.put("", {"field": 7}) == {"field": None}
    assert STAFF.labels["E-7"] == "Anna Berg"


def test_a_bare_name_counts_if_only_one_bears_it():
    lens = converter_for(reference(), STAFF)
    assert lens.put("Anna Berg", {"field": 8}) == {"field": 7}
    for nobody, why in (
        ("Jo Doe", "more than one record has this name or number"),
        ("E-99", "no record has it"),
        ("Nobody", "no record has it"),
    ):
        with pytest.raises(RecordError) as caught:
            lens.put(nobody, {"field": 8})
        assert str(caught.value) == (
            f"It refers to no single record of CustomERP: {why}. Valid: a number, or a unique name."
        )


def test_a_number_that_two_bear_means_neither():
    lens = converter_for(reference(), Directory.of([("a", "E-1", "A"), ("b", "E-1", "B")]))
    assert lens.get({"field": "b"}) == "E-1"
    for text in ("E-1", "A"):
        with pytest.raises(RecordError, match="more than one record has this name or number"):
            lens.put(text, {"field": None})


def test_a_directory_knows_the_number_of_everybody_by_canonical_text():
    directory = Directory.of(
        [(7, " E-7 ", "Anna  Berg "), ("x", 8, None), (9, "", "Nobody"), (10, "E-10", "Anna  Berg")]
    )
    assert directory.numbers == {"7": "E-7", "x": "8", "10": "E-10"}
    assert directory.ids == {"E-7": 7, "8": "x", "E-10": 10}
    assert directory.labels == {"E-7": "Anna  Berg", "8": "", "E-10": "Anna  Berg"}
    assert directory.named == {"Anna  Berg": ("E-7", "E-10"), "": ("8",)}
    assert Directory.of([]) == Directory()


def test_blanks_that_fill_an_id_up_do_not_count():
    lens = converter_for(
        reference(), Directory.of([("a7  ", "E-7  ", "Anna"), ("b8\ufeff", "E-8", "Bo"), (" c9", "E-9", "Cy")])
    )
    frame = fields_frame([{"field": id_} for id_ in ("a7", "a7  ", "b8\u3000", "c9 ", "  ", "d")], ["field"])
    assert lens.get_column(frame).fillna("?").tolist() == ["E-7", "E-7", "E-8", "E-9", "", "?"]
    assert [bool(problem) for problem in lens.problems(frame)] == [False] * 5 + [True]
    assert lens.put("E-7", {"field": "b8"}) == {"field": "a7  "}, "as the ERP wrote it"
    assert lens.put("E-8", {"field": "b8   "}) == {}


def test_a_number_comes_before_a_name():
    directory = Directory.of([(1, "Berg", "Stein"), (2, "Stein", "Berg")])
    assert directory.find("Berg", "Manager") == 1
    assert directory.find("Stein", "Manager") == 2


def test_a_reference_by_id_needs_no_directory():
    lens = converter_for(reference(by="id"))
    assert lens.get({"field": "7f"}) == "7f"
    assert lens.put("8f", {"field": "7f"}) == {"field": "8f"}


# --- short names


@given(st.text(max_size=20))
@settings(deadline=None)
def test_trello_takes_every_short_name(number):
    name = short_name(number)
    assert name == "" or len(name) >= 3
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_short_names():
    assert [short_name(number) for number in ("C-1042", "Ü 12/b", "7", "", "顧客", "A_b")] == [
        *("c1042", "u12b", "no_7", "", "", "a_b"),
    ]
    lens = converter_for(prop(convert={"using": "short_name"}, direction="to_trello", create_only=True))
    assert lens.get({"field": "C-1042"}) == "c1042"
    assert lens.get({}) is None
    with pytest.raises(RecordError) as caught:
        lens.put("c1", {"field": "C-1"})
    assert str(caught.value) == "It goes to Trello only; a short name cannot be turned back into a number."


# --- conditions


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"field": "type", "in": ["company"]}, [True, False, False, False]),
        ({"field": "active", "in": [True]}, [True, False, False, True]),
        ({"field": "type", "empty": True}, [False, False, True, False]),
        ({"field": "type", "empty": False}, [True, True, False, False]),
    ],
)
def test_conditions_hold_for_columns_as_for_records(condition, expected):
    records = [
        {"type": "company", "active": True},
        {"type": "person", "active": False},
        {"type": None},
        {"active": True},
    ]
    conditions = (Condition.model_validate(condition),)
    assert hold(conditions, fields_frame(records, ["type", "active"])).tolist() == expected
    assert [holds(conditions, record) for record in records] == expected


def test_all_conditions_have_to_hold():
    both = tuple(Condition.model_validate({"field": name, "empty": False}) for name in ("a", "b"))
    assert not holds(both, {"a": 1})
    assert holds(both, {"a": 1, "b": 2})
    assert holds((), {})
    assert not hold(both, pd.DataFrame({"a": [1]}, dtype=object)).any()
    frame = fields_frame([{"a": 1}, {"b": 1}, {"a": 1, "b": 1}, {}], ["a", "b"]).rename(lambda row: row + 5)
    assert hold(both, frame).to_dict() == {5: False, 6: False, 7: True, 8: False}


def test_a_field_that_no_record_has_is_unknown_and_not_empty():
    frame = fields_frame([{"a": 1}, {"a": 2}], ["a"]).rename(lambda row: row + 5)
    for condition in ({"field": "b", "empty": True}, {"field": "b", "empty": False}, {"field": "b", "in": [""]}):
        assert hold((Condition.model_validate(condition),), frame).to_dict() == {5: False, 6: False}


@pytest.mark.parametrize("blank", ["", "  ", "\ufeff\u3000", None])
def test_a_blank_field_is_empty_and_blanks_around_a_value_do_not_count(blank):
    empty = (Condition.model_validate({"field": "a", "empty": True}),)
    staff = (Condition.model_validate({"field": "a", "in": ["staff"]}),)
    assert hold(empty, fields_frame([{"a": blank}], ["a"])).tolist() == [True]
    assert holds(empty, {"a": blank})
    text = f"{blank or ''}staff{blank or ''}"
    assert hold(staff, fields_frame([{"a": text}], ["a"])).tolist() == [True]
    assert holds(staff, {"a": text})
