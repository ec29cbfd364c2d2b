"""Laws of the project's comment over ten thousand generated texts each, with the shipped mapping's own layout.

The texts are drawn from a seeded generator, so that every run sees the same ones; what is small and shrinks well is
left to Hypothesis in ``test_comment.py``.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from customerp_trello.errors import RecordError
from customerp_trello.mapping.load import load_mapping
from customerp_trello.mapping.values import WHITESPACE
from customerp_trello.sides.base import Known
from customerp_trello.sides.comment import MAX_LENGTH, Footer, Moment, length, render
from customerp_trello.sides.comment_layout import Texts, layout_of
from customerp_trello.sides.comment_reading import Amendment, Canonical, Chatter, NewProject, Unparsable, parse
from customerp_trello.sides.register import Comment, Project, Register

MAPPING = load_mapping(next((Path(__file__).parents[2] / "include" / "mappings").glob("custom_project*.yaml")))
LAYOUT = layout_of(MAPPING)
ONE_LINE = [LAYOUT.number, LAYOUT.title, *(line.property for line in LAYOUT.lines)]
TITLES = [LAYOUT.title_label, LAYOUT.block_label, *(line.label for line in LAYOUT.lines)]
PARTS, EACH = 20, 500

SPECIALS = [
    *"-?\\*_`~[]()<>#+!|:·⏎␍.=&@%$'\"",
    *("**", "__", "~~", "```", "- ", "* ", "1. ", "> ", "# ", "---", "===", "![a](b)", "[x](https://x.example)", "<b>"),
    *(" · ", "\\·", "\\\\", "name:", "(E-1042)", "Anna Berg (E-1042)", "P-1007", "**P-1007 · Rollout**", ": ", "："),
    *("_(CustomERP sync)_", "_(CustomERP sync · project 17)_", "CustomERP sync", "https://a.example/b_c~d?e=*f*"),
    *("New project: ", "Description:", "Description: -", *(f"{title}: x" for title in TITLES)),
    *("\u0301", "\u202e", "\u200b", "\u200d", "\ufeff", "\u2028", "\u2029", "\x85", "\x1c", "\x00", "\x7f", "\ufffd"),
    *("ß", "İ", "ﬁ", "≠", "가", "१२३", "👩‍🚀", "𝒳", "مرحبا", "שלום", "  ", "\t"),
]


def canonical(text: str) -> str:
    """As the sides hold every text: NFC, without NUL, trimmed."""
    return unicodedata.normalize("NFC", text.replace("\x00", "")).strip(WHITESPACE)


class Generator(random.Random):
    """Draws texts."""

    def character(self, *, half: bool = False) -> str:
        """Any Unicode character; half a surrogate pair only where asked for."""
        while True:
            ends = self.choice(((0, 0x7F), (0, 0x24F), (0x250, 0xFFFF), (0x10000, 0x10FFFF)))
            code = self.randint(*ends)
            if half or not 0xD800 <= code < 0xE000:
                return chr(code)

    def text(self, longest: int = 8, *more: str, half: bool = False) -> str:
        """A few pieces, special ones and others."""
        return "".join(
            self.choice((*SPECIALS, *more)) if self.random() < 0.6 else self.character(half=half)
            for _ in range(self.randint(0, longest))
        )

    def project(self) -> dict[str, str]:
        """Canonical values as the sides hold them; some empty, some unknown."""
        values: dict[str, str] = {}
        for name in ONE_LINE:
            if self.random() < 0.9:
                values[name] = self.value(self.text(8, "\n", "\r"))
        if self.random() < 0.9:
            values[LAYOUT.block] = self.value(self.text(20, "\n", "\n\n").replace("\r", "\n"))
        return values

    def value(self, text: str) -> str:
        return "" if self.random() < 0.15 else canonical(text)

    def id(self) -> str:
        return f"{self.getrandbits(96):024x}"

    def moment(self) -> Moment:
        return Moment(f"2026-03-01T09:{self.randrange(60):02}:00.{self.randrange(1000):03}000Z", self.id())

    def footer(self) -> Footer:
        return Footer(
            marker=self.choice(("17", "", self.value(self.text()))),
            included=self.choice((None, self.moment())),
            source=self.choice(("", self.id())),
        )

    def stored(self, text: str) -> str:
        """What Trello may make of a text."""
        return self.choice((text, text.replace("\n", "\r\n"), f" \n{text}\n "))


# --- what is written reads back


@pytest.mark.parametrize("part", range(PARTS))
def test_p21_ten_thousand_projects_read_back_as_they_were_written(part):
    draw = Generator(f"projects {part}")
    for number in range(EACH):
        values, footer = draw.project(), draw.footer()
        labels = {value: draw.text() for value in values.values()}
        rendered = render(LAYOUT, values, labels, footer)
        read = parse(LAYOUT, draw.stored(rendered.text))
        assert isinstance(read, Canonical), (part, number, values, rendered.text)
        assert (read.values, read.footer) == (values, footer), (part, number, rendered.text)


@pytest.mark.parametrize("part", range(4))
def test_p21_a_text_of_any_length_is_written_left_out_or_refused(part):
    """At most 16,384 UTF-16 units: the description alone is left out and said to be; else the error says what to do."""
    draw, seen = Generator(f"lengths {part}"), set()
    for _ in range(60):
        values = {LAYOUT.number: "P-1007", LAYOUT.title: "x", LAYOUT.block: "y"}
        name, sign = draw.choice((LAYOUT.title, LAYOUT.block)), canonical(draw.choice(("x", "ü", "𝒳", "*", "a\u0323")))
        least = length(render(LAYOUT, values | {name: sign}, {}, Footer("17")).text)
        each = length(render(LAYOUT, values | {name: sign * 2}, {}, Footer("17")).text) - least
        fits = 1 + (MAX_LENGTH - least) // each  # so many signs fill the comment
        count = fits + draw.choice((-3000, -1, 0, 1, 2, 5000))
        values[name] = canonical(sign * count)
        if count > fits and name == LAYOUT.title:
            seen.add("refused")
            with pytest.raises(RecordError, match=f"at most {MAX_LENGTH} are possible; shorten") as caught:
                render(LAYOUT, values, {}, Footer("17"))
            assert values[name] not in str(caught.value)
            continue
        rendered = render(LAYOUT, values, {}, Footer("17"))
        seen.add("left out" if rendered.left_out else "whole")
        assert length(rendered.text) <= MAX_LENGTH
        assert rendered.left_out == (count > fits)
        read = parse(LAYOUT, rendered.text)
        assert isinstance(read, Canonical)
        assert read.footer.left_out == rendered.left_out
        assert read.values == {key: value for key, value in values.items() if count <= fits or key != LAYOUT.block}
    assert seen == {"whole", "left out", "refused"}


# --- whatever people write


class Scribbler(Generator):
    """Draws comments that people and programs might leave on the card."""

    def comment(self) -> str:
        return self.choice((self.noise, self.damaged, self.damaged, self.typed))()

    def noise(self) -> str:
        return self.text(30, "\n", "\r\n", "\n\n", half=True)

    def damaged(self) -> str:
        """Our own form, with a few lines lost, doubled, moved or scribbled into."""
        lines = render(LAYOUT, self.project(), {}, self.footer()).text.split("\n")
        for _ in range(self.randint(0, 3)):
            at = self.randrange(len(lines))
            change = self.randrange(5)
            if change == 0 and len(lines) > 1:
                del lines[at]
            elif change == 1:
                lines.insert(at, lines[at])
            elif change == 2:
                lines.insert(self.randrange(len(lines)), lines.pop(at))
            elif change == 3:
                cut = self.randint(0, len(lines[at]))
                lines[at] = lines[at][:cut] + self.text(3, half=True) + lines[at][cut + self.randint(0, 3) :]
            else:
                lines.insert(at, self.text(6, half=True))
        return "\n".join(lines)

    def typed(self) -> str:
        """A person's amendment or new project, more or less in the form."""
        head = self.choice(("P-1007", "P-9", "p-1007: hi", "New project: X", "**X**", "# X", "Name: X", self.text()))
        bullets, ends = ("", "- ", "* ", "**"), (": ", ":", "：", " : ", ":** ")
        lines = [
            f"{self.choice(bullets)}{self.choice(TITLES)}{self.choice(ends)}"
            f"{self.choice(('Open', '-', '', '2026-03-01', '30.2.2026', 'Anna Berg (E-1042)', self.text(half=True)))}"
            for _ in range(self.randint(0, 5))
        ]
        return "\n".join([head, *lines])


@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_comments_are_a_project_or_told_with_line_and_reason(part):
    draw = Scribbler(f"comments {part}")
    kinds = set()
    for number in range(EACH):
        text = draw.comment()
        read = parse(LAYOUT, text, {"p-1007": "P-1007"})
        lines = text.replace("\r\n", "\n").replace("\r", "\n").strip().count("\n") + 1
        kinds.add(type(read))
        where = (part, number, text)
        if isinstance(read, Unparsable):
            assert 1 <= read.line <= lines, where
            assert read.reason, where
        elif not isinstance(read, Chatter):
            assert set(read.values) <= {*ONE_LINE, LAYOUT.block}, where
            assert set(read.values) <= set(read.places), where
            assert all(1 <= place <= lines for place in read.places.values()), where
            assert all(1 <= line <= lines and reason for line, reason in getattr(read, "problems", ())), where
        if isinstance(read, Canonical):
            values = {name: canonical(value) for name, value in read.values.items()}
            again = parse(LAYOUT, render(LAYOUT, values, {}, read.footer).text)
            assert isinstance(again, Canonical), where
            assert (again.values, again.footer.marker) == (values, read.footer.marker), where
        elif isinstance(read, NewProject):
            assert read.values[LAYOUT.title], where
            assert LAYOUT.number not in read.values, where
        elif isinstance(read, Amendment):
            assert read.number, where
    assert kinds == {Canonical, Amendment, NewProject, Unparsable, Chatter}


ME, ANNA = "5a" * 12, "5b" * 12


@pytest.mark.parametrize("part", range(10))
def test_a_card_full_of_scribble_is_sorted_out(part):
    """Whatever is no chatter is a project, a new project or an amendment, or it is told with its line."""
    draw = Scribbler(f"card {part}")
    for _ in range(10):
        texts = [draw.comment() for _ in range(20)]
        actions = [
            {
                "id": f"{place:024x}",
                "idMemberCreator": draw.choice((ME, ANNA)),
                "date": f"2026-03-01T09:{place:02}:00.000Z",
                "data": {"text": text},
            }
            for place, text in enumerate(texts)
        ]
        linked = frozenset(action["id"] for action in actions if draw.random() < 0.2)
        register = Register.of(LAYOUT, Texts(MAPPING), ME, Known(ids=linked), actions)
        amendments = {one.comment.id for many in register.amendments.values() for one in many}
        told = {note["comment"] for note in register.notes}
        for action, text in zip(actions, texts, strict=True):
            read, id_ = parse(LAYOUT, text, register.numbers), action["id"]
            found = id_ in {*register.projects, *register.heirs, *register.born, *register.broken, *amendments, *told}
            if isinstance(read, Unparsable | NewProject | Amendment) or id_ in linked:
                assert found, text
            if isinstance(read, Unparsable) and action["idMemberCreator"] == ME:
                assert register.broken[id_][1].startswith(f"line {read.line}: "), text
        for comment, problem in register.broken.values():
            assert problem, comment.text
        for project in register.projects.values():
            assert project.problem == "" or project.problem.startswith("line "), project.comment.text


# --- amendments

NUMBERS = ("P-1007", "P-8")
STAMPS = [f"2026-03-01T09:00:{second:02}.000000Z" for second in range(6)]
"""Few moments, so that many comments share one and their ids decide."""

AMENDED = {
    "status": ("Status", [("Open", "Open"), ("on hold", "On hold"), ("Completed", "Completed")]),
    "end_date": ("End date", [("-", ""), ("2026-05-01", "2026-05-01"), ("1.6.2026", "2026-06-01")]),
    "manager": ("Manager", [("-", ""), ("Anna Berg (E-1042)", "E-1042"), ("Boris", "name:Boris")]),
    "name": ("Name", [("Rollout", "Rollout"), ("\\*New\\*", "*New*")]),
}


@dataclass
class Scribe:
    """A person's comments as the card shows them, beside what they mean."""

    draw: Generator
    actions: list[dict[str, Any]] = field(default_factory=list)
    meant: list[tuple[tuple[str, str], str, dict[str, str]]] = field(default_factory=list)

    def write(self, number: str) -> None:
        chosen = self.draw.sample(sorted(AMENDED), self.draw.randint(1, len(AMENDED)))
        spelled = {name: self.draw.choice(AMENDED[name][1]) for name in chosen}
        lines = [f"{AMENDED[name][0]}: {shown}" for name, (shown, _) in spelled.items()]
        id_, written = self.draw.id(), self.draw.choice(STAMPS)
        edited = self.draw.choice([None, *STAMPS])
        data = {"text": "\n".join([number, *lines])} | ({"dateLastEdited": edited} if edited else {})
        self.actions.append({"id": id_, "idMemberCreator": self.draw.choice((ME, ANNA)), "date": written, "data": data})
        values = {name: value for name, (_, value) in spelled.items()}
        self.meant.append(((max(written, edited or ""), id_), number, values))

    def overlaid(
        self, values: dict[str, str], since: tuple[str, str], until: tuple[str, str] | None = None
    ) -> dict[str, str]:
        """The model: a dict, with every later amendment laid over in the order of (last edit, id)."""
        for at, number, amended in sorted(self.meant, key=lambda one: one[0]):
            if number == values["number"] and at > since and (until is None or at <= until):
                values = values | amended
        return values


def ours(values: dict[str, str], included: Moment | None, id_: str, written: str) -> dict[str, Any]:
    text = render(LAYOUT, values, {}, Footer("17", included)).text
    return {"id": id_, "idMemberCreator": ME, "date": written, "data": {"text": text}}


def shown(actions: list[dict[str, Any]], id_: str) -> tuple[Project, dict[str, str]]:
    """The project of a comment, and its values with all that amends it."""
    project = Register.of(LAYOUT, Texts(MAPPING), ME, Known(ids=frozenset({id_})), actions).projects[id_]
    return project, project.up_to(project.pending[-1].comment.at if project.pending else None)


@pytest.mark.parametrize("part", range(10))
def test_amendments_are_a_dict_overlaid_in_the_order_of_last_edit_and_id(part):
    draw = Generator(f"amendments {part}")
    for _ in range(50):
        values = {"number": "P-1007", "name": "x", "status": "Open", "end_date": "", "manager": "E-1"}
        id_, written = draw.id(), draw.choice(STAMPS)
        scribe = Scribe(draw)
        for _ in range(draw.randint(0, 8)):
            scribe.write(draw.choice(NUMBERS))
        other = ours({"number": "P-8", "name": "y"}, None, draw.id(), STAMPS[0])
        comments = draw.sample([*scribe.actions, other], len(scribe.actions) + 1)

        project, seen = shown([*comments, ours(values, None, id_, written)], id_)
        everything = scribe.overlaid(values, since=(written, id_))
        assert seen == everything

        # Written with any of them included, the project says the same, and those are not asked any more.
        if project.pending:
            last = draw.choice(project.pending).comment.at
            so_far = scribe.overlaid(values, (written, id_), (last.at, last.id))
            assert project.up_to(last) == so_far
            included = ours(so_far, last, id_, written)
            project, seen = shown([*comments, included], id_)
            assert seen == everything
            assert all(amended.comment.at > last for amended in project.pending)
            kept = [one for one in scribe.actions if Comment.of(one).at > last]
            assert shown([*kept, other, included], id_)[1] == everything  # whoever deletes what is included
