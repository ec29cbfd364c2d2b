import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customerp_trello.errors import ConfigurationError, RecordError
from customerp_trello.sides.comment import MAX_LENGTH, Footer, Layout, Line, Moment, length, render
from customerp_trello.sides.comment_reading import Amendment, Canonical, Chatter, NewProject, Unparsable, parse

LAYOUT = Layout(
    number="number",
    title="name",
    lines=(
        Line("status", "Status"),
        Line("start_date", "Start date"),
        Line("end_date", "End date"),
        Line("manager", "Manager", reference=True),
        Line("customer", "Customer", reference=True),
    ),
    block="description",
)
NUMBERS = {"p-1007": "P-1007"}

NASTY = [
    "-",
    "?",
    "\\",
    "\\-",
    "**",
    "__init__",
    "a\\",
    "P-1 · x",
    " · ",
    "·",
    "⏎",
    "\\⏎",
    "Status: Open",
    "(E-1)",
    "a (b)",
    "name:Anna",
    "name:E-1",
    "x (E-1042)",
    "https://x.org/a_b_~c\\d",
    "_(CustomERP sync · project 17)_",
    "Description:",
    "Description: -",
    "a\u2028b",
    "a\u0085b",
    "a\nb",
    "```",
    "[x](y)",
    "# x",
    "> x",
    "- x",
    "**Status:** x",
    "١٢٣",
    "x\ud7ff",
    "\U0001f469‍\U0001f680",
    "a  b",
    "́",
    "≠",
    "CustomERP sync",
    "included a at b",
    "\x00",
    "\x1cx",
]


def tidy(text):
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    )


def pieces(*more):
    piece = st.one_of(st.sampled_from([*NASTY, *more, " ", "\n"]), st.text(max_size=12))
    return st.lists(piece, max_size=5).map(lambda parts: tidy("".join(parts))).map(lambda text: tidy(text))


VALUE = pieces()
BLOCK = st.lists(pieces("\n\n", "\nStatus: Done\n", "\nDescription:\n"), max_size=4).map(lambda p: tidy("\n".join(p)))
MAYBE = st.none() | VALUE
PROJECTS = st.fixed_dictionaries(
    {"number": MAYBE, "name": MAYBE, "description": st.none() | BLOCK} | {line.property: MAYBE for line in LAYOUT.lines}
).map(lambda values: {name: value for name, value in values.items() if value is not None})
FOOTERS = st.builds(
    Footer,
    marker=VALUE,
    included=st.none()
    | st.builds(Moment, at=st.just("2026-03-01T09:30:00.123000Z"), id=st.from_regex(r"[0-9a-f]{24}", fullmatch=True)),
    source=VALUE,
)
STORED = st.sampled_from(
    [
        str.strip,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: unicodedata.normalize("NFC", text),
        lambda text: f"\n {text} \n",
    ]
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values=PROJECTS, footer=FOOTERS, stored=STORED, label=VALUE)
def test_what_is_rendered_is_read_back(values, footer, stored, label):
    labels = dict.fromkeys(values.values(), label)
    rendered = render(LAYOUT, values, labels, footer)
    read = parse(LAYOUT, stored(rendered.text), NUMBERS)
    assert isinstance(read, Canonical)
    assert (read.values, read.footer) == (values, footer)
    again = render(LAYOUT, read.values, labels, read.footer)
    assert again.text == rendered.text


@settings(max_examples=500, deadline=None)
@given(values=PROJECTS, footer=FOOTERS)
def test_a_layout_without_title_and_block(values, footer):
    layout = Layout(number="number", lines=LAYOUT.lines)
    mapped = {name: text for name, text in values.items() if name not in ("name", "description")}
    read = parse(layout, render(layout, values, {}, footer).text)
    assert isinstance(read, Canonical)
    assert (read.values, read.footer) == (mapped, footer)


PEOPLE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "P-1007",
                "**P-1007 · New**",
                "P-1007: hi",
                "Status: Open",
                "status : -",
                "Manager: Anna Berg",
                "Description:",
                "- **Status:** Open",
                "New project: X",
                "# X",
                "Name: Y",
                "",
                "thanks!",
                "_(CustomERP sync · project 17)_",
                "**P-9 · x**",
            ]
        ),
        st.text(max_size=20),
    ),
    max_size=8,
).map("\n".join)


@settings(max_examples=500, deadline=None)
@given(text=PEOPLE)
def test_no_comment_makes_the_reader_fail(text):
    read = parse(LAYOUT, text, NUMBERS)
    if isinstance(read, Unparsable):
        assert "CustomERP sync" in text
        assert read.line >= 1
        assert read.reason
    if isinstance(read, Amendment):
        assert read.number
    if isinstance(read, NewProject):
        assert read.values["name"]
        assert "number" not in read.values


def test_the_comment_as_a_person_sees_it():
    values = {
        "number": "P-1007",
        "name": "Rollout *South*",
        "status": "Open",
        "start_date": "2026-03-01",
        "end_date": "",
        "manager": "E-1042",
        "customer": "C-7",
        "description": "First.\n\n- Second",
    }
    footer = Footer("17", Moment("2026-03-01T09:30:00.123000Z", "5f" * 12), "6a" * 12)
    assert render(LAYOUT, values, {"E-1042": "Anna Berg"}, footer).text == (
        "**P-1007 · Rollout \\*South\\***\n\n"
        "Status: Open\nStart date: 2026-03-01\nEnd date: -\nManager: Anna Berg (E-1042)\nCustomer: C-7\n\n"
        "Description:\nFirst.\n\n- Second\n\n"
        f"_(CustomERP sync · project 17 · included {'5f' * 12} at 2026-03-01T09:30:00.123000Z · from {'6a' * 12})_"
    )


@pytest.mark.parametrize(
    "text",
    [
        "P-1007\nstatus: Completed\nEND DATE: -\nManager: Anna Berg\nStart date:",
        "**P-1007**\n\n- **Status:** Completed\n- **End date**: -\n* Manager： Anna Berg\n",
        "P-1007: as agreed on the phone\nStatus: Completed\nthanks!\nEnd date: -\nManager: Anna Berg",
    ],
)
def test_amendment(text):
    read = parse(LAYOUT, text, NUMBERS)
    assert isinstance(read, Amendment)
    assert (read.number, read.problems) == ("P-1007", ())
    assert read.values == {"status": "Completed", "end_date": "", "manager": "name:Anna Berg"}


@pytest.mark.parametrize("head", ["P-4711", "**P-4711**", "P-4711 · Rollout"])
def test_a_number_that_nobody_on_the_card_has_makes_no_new_project(head):
    """Its comment was deleted, or is not in sight; a second project would be a duplicate."""
    read = parse(LAYOUT, f"{head}\nName: Rollout\nStatus: Open", NUMBERS)
    assert isinstance(read, Amendment)
    assert read.number == "P-4711"


@pytest.mark.parametrize("head", ["Name:Rollout4711", "Hello everybody, we have a 2nd one", "New"])
def test_a_first_line_that_is_no_number(head):
    read = parse(LAYOUT, f"{head}\n{'Name: Rollout' if not head.startswith('Name') else ''}\nStatus: Open", NUMBERS)
    assert isinstance(read, NewProject)


def test_amendment_with_a_new_name_and_description():
    read = parse(LAYOUT, "p-1007 · New name\nDescription: one\ntwo\nStatus: text", NUMBERS)
    assert isinstance(read, Amendment)
    assert read.values == {"name": "New name", "description": "one\ntwo\nStatus: text"}


def test_a_repeated_property_is_a_problem_of_that_property():
    read = parse(LAYOUT, "P-1007\nStatus: Open\nStatus: Completed\nEnd date: -", NUMBERS)
    assert isinstance(read, Amendment)
    assert read.values == {"end_date": ""}
    assert read.problems == ((3, "Status is already on line 2; keep one of the two"),)


@pytest.mark.parametrize(
    "head", ["New project: Rollout", "project: Rollout", "**Rollout**", "## Rollout", "Name: Rollout"]
)
def test_new_project(head):
    read = parse(LAYOUT, f"{head}\nStatus: Open\n\nDescription:\nx", NUMBERS)
    assert isinstance(read, NewProject)
    assert read.values == {"name": "Rollout", "status": "Open", "description": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rollout\nStatus: Open",
        "P-1007 is late",
        "P-1007",
        "**Rollout**",
        "Name: Rollout",
        "Status: Open",
        "**Rollout**\nbudget: 7",
    ],
)
def test_chatter(text):
    assert parse(LAYOUT, text, NUMBERS) == Chatter()


def test_an_unknown_number_never_makes_a_new_project():
    read = parse(LAYOUT, "**P-9999 · Rollout**\nStatus: Open", NUMBERS)
    assert isinstance(read, Amendment)
    assert read.number == "P-9999"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("hello\nStatus: Open\n_(CustomERP sync · project 17)_", 1, "**<number> · <name>**"),
        ("_(CustomERP sync · project 17)_", 1, "**<number>"),
        ("**P-1 · x**\nStaus: Open\n_(CustomERP sync · project 17)_", 2, "did you mean 'Status'"),
        ("**P-1 · x**\nStatus: Open\nStatus: -\n_(CustomERP sync · project 17)_", 3, "already on line 2"),
        ("**P-1 · x**\njust words\n_(CustomERP sync · project 17)_", 2, "no property line"),
        ("**P-1 · x**\n_(CustomERP sync · project 17)_\nhello", 3, "follows"),
    ],
)
def test_unparsable(text, line, reason):
    read = parse(LAYOUT, text, NUMBERS)
    assert isinstance(read, Unparsable)
    assert read.line == line
    assert reason in read.reason


def test_the_line_of_a_property_that_left_the_mapping_is_passed_over():
    read = parse(LAYOUT, "**P-1 · x**\nBudget: 7\nStatus: Open\n_(CustomERP sync · project 17)_")
    assert isinstance(read, Canonical)
    assert read.values == {"number": "P-1", "name": "x", "status": "Open"}


def test_too_long_leaves_the_description_out():
    values = {"number": "P-1", "name": "x", "status": "Open", "description": "ü" * MAX_LENGTH}
    rendered = render(LAYOUT, values, {}, Footer("17"))
    assert rendered.left_out
    assert length(rendered.text) <= MAX_LENGTH
    read = parse(LAYOUT, rendered.text)
    assert isinstance(read, Canonical)
    assert read.footer.left_out
    assert read.values == {"number": "P-1", "name": "x", "status": "Open"}
    with pytest.raises(RecordError, match="without the description"):
        render(LAYOUT, values | {"name": "x" * MAX_LENGTH}, {}, Footer("17"))


@pytest.mark.parametrize("label", ["", "a:b", "- x", "**x**", "x ", "_x_"])
def test_labels_that_cannot_begin_a_line_are_refused(label):
    with pytest.raises(ConfigurationError, match="label"):
        Layout(number="number", lines=(Line("x", label),))


def test_labels_that_look_the_same_are_refused():
    with pytest.raises(ConfigurationError, match="same label"):
        Layout(number="number", title="name", lines=(Line("x", "NAME"),))


@pytest.mark.parametrize("text", [
    "see you tomorrow\n" + " " * 16_000 + "\nbye", "a" + " " * 16_000 + "b", "# a" + " " * 16_000 + "b\nx",
    "- " * 8_000 + "\nx", "**" * 8_000 + "\nx", "Status" + " " * 16_000 + ": Open", "a" + " " * 16_000 + "b:\nx",
])  # fmt: skip
@pytest.mark.timeout(5)
def test_p15_no_text_keeps_the_reader_busy(text):
    """Anybody who may comment on the card can write such a text, and all runs of the pair would wait for it."""
    parse(LAYOUT, text, NUMBERS)
