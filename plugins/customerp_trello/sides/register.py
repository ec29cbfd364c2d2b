"""The register card's comments, sorted out: projects, amendments, new projects, and what cannot be read.

No I/O. Which comment is what depends on its author, on the other comments, and on what our state already knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from customerp_trello.sides.base import Known
from customerp_trello.sides.comment import Footer, Layout, Moment
from customerp_trello.sides.comment_layout import Texts
from customerp_trello.sides.comment_reading import Amendment, Canonical, NewProject, Parsed, Unparsable, parse
from customerp_trello.sides.comment_text import fold
from customerp_trello.sides.rows import moment, rfc3339


@dataclass(frozen=True)
class Comment:
    """One comment as Trello gave it.

    Attributes:
        at: when it was last edited, else written (server's clock).
        written: when it was written.
    """

    id: str
    author: str
    text: str
    at: Moment
    written: Moment
    raw: dict[str, Any]

    @classmethod
    def of(cls, action: dict[str, Any]) -> Comment:
        """Read an action of type ``commentCard``."""
        data, id_ = action.get("data") or {}, str(action["id"])
        written = moment(action.get("date"))
        edited = moment(data.get("dateLastEdited"))
        last = max((time for time in (written, edited) if time), default=None)
        return cls(
            id=id_,
            author=str(action.get("idMemberCreator") or (action.get("memberCreator") or {}).get("id") or ""),
            text=str(data.get("text") or ""),
            at=Moment(rfc3339(last) if last else "", id_),
            written=Moment(rfc3339(written) if written else "", id_),
            raw=action,
        )

    def since(self, footer: Footer) -> Moment:
        """Amendments later than this are not in a comment of ours that ends so."""
        return footer.included or self.written


@dataclass(frozen=True)
class Amended:
    """An amendment with its values in canonical form, and what of it is refused: (line, reason)."""

    comment: Comment
    values: dict[str, str]
    refused: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Project:
    """A canonical comment with what amends it.

    Attributes:
        comment: the comment.
        parsed: what it says.
        values: the same in canonical form.
        problem: why it cannot be used, "" if it can.
        pending: amendments that it does not include yet, in order.
        ours: whether the token's member wrote it, so that we may edit it.
    """

    comment: Comment
    parsed: Canonical
    values: dict[str, str]
    problem: str
    pending: tuple[Amended, ...]
    ours: bool

    def up_to(self, last: Moment | None) -> dict[str, str]:
        """The values with the pending amendments up to *last* laid over (None: without any)."""
        values = dict(self.values)
        for amended in self.pending:
            if last is not None and amended.comment.at <= last:
                values.update(amended.values)
        return values


@dataclass
class Register:
    """All comments of the card, sorted out.

    Attributes:
        projects: canonical comments by id, each project once.
        heirs: comments of ours by id, posted in place of another account's comment that is still the project's.
        born: comments in the form of a new project, by id: (comment, values, problem).
        broken: comments of ours that cannot be read, by id: (comment, problem).
        notes: what a person should know of other comments (comment id, what).
        newest: the last comment that may be an amendment: all but our canonical ones.
    """

    layout: Layout
    texts: Texts
    me: str
    known: Known
    projects: dict[str, Project] = field(default_factory=dict)
    heirs: dict[str, Project] = field(default_factory=dict)
    born: dict[str, tuple[Comment, dict[str, str], str]] = field(default_factory=dict)
    broken: dict[str, tuple[Comment, str]] = field(default_factory=dict)
    notes: list[dict[str, str]] = field(default_factory=list)
    amendments: dict[str, list[Amended]] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    newest: Moment | None = None

    @classmethod
    def of(cls, layout: Layout, texts: Texts, me: str, known: Known, actions: Iterable[dict[str, Any]]) -> Register:
        """Sort out the comments in *actions*, in any order."""
        register = cls(layout, texts, me, known, numbers={fold(number): number for number in known.numbers})
        comments = sorted((Comment.of(action) for action in actions), key=lambda comment: comment.written)
        read = [(comment, parse(layout, comment.text)) for comment in comments]
        theirs = (comment for comment, parsed in read if comment.author != me or not isinstance(parsed, Canonical))
        register.newest = max((comment.at for comment in theirs), default=None)
        canonical = [(comment, parsed) for comment, parsed in read if isinstance(parsed, Canonical)]
        sources = known.consumed_sources | {parsed.footer.source for _, parsed in canonical}
        old = known.consumed_sources - known.ids
        canonical = [(comment, parsed) for comment, parsed in canonical if comment.id not in old]
        chosen = register._choose(canonical)
        for comment, parsed in canonical:
            if comment.id not in chosen:
                register._superseded(comment, parsed, chosen)
        for comment, other in read:
            if not isinstance(other, Canonical):
                now = parse(layout, comment.text, register.numbers)
                # whose project was made from it may still make an amendment of it, by writing the number above
                if comment.id not in sources or isinstance(now, Amendment):
                    register._take(comment, now)
        for comment, parsed in chosen.values():
            register.projects[comment.id] = register.project(comment, parsed)
        return register

    def project(self, comment: Comment, parsed: Canonical) -> Project:
        """A canonical comment with its pending amendments."""
        values, bad = self.texts.read(parsed.values, parsed.places)
        problem = "; ".join(f"line {line}: {reason}" for line, reason in bad)
        included = comment.since(parsed.footer)
        mine = self.amendments.get(fold(values.get(self.layout.number, "")), [])
        pending = tuple(sorted((one for one in mine if one.comment.at > included), key=lambda one: one.comment.at))
        return Project(comment, parsed, values, problem, pending, ours=comment.author == self.me)

    def refresh(self, action: dict[str, Any]) -> None:
        """Take a comment's newest state, leaving all others as they were read."""
        comment = Comment.of(action)
        self.projects.pop(comment.id, None)
        self.born.pop(comment.id, None)
        self.broken.pop(comment.id, None)
        parsed = parse(self.layout, comment.text, self.numbers)
        if isinstance(parsed, Canonical):
            self.projects[comment.id] = self.project(comment, parsed)
        elif isinstance(parsed, NewProject):
            self._take(comment, parsed)
        else:
            self.broken[comment.id] = comment, _why_not(parsed)

    def _choose(self, canonical: list[tuple[Comment, Canonical]]) -> dict[str, tuple[Comment, Canonical]]:
        """One canonical comment per project: the linked one, else ours, else the oldest of another author.

        Two of ours for one project, neither linked, are both kept: that is for the matching to say.
        """
        chosen: dict[str, tuple[Comment, Canonical]] = {}
        taken: set[str] = set()
        for rank in range(3):
            names: set[str] = set()
            for comment, parsed in canonical:
                name = self._name(parsed)
                if rank and fold(parsed.values.get(self.layout.number, "")) in self.numbers:
                    continue  # a copy of a linked project's comment: it amends that, also while that is not there
                if self._rank(comment) != rank or name in taken or (rank == 2 and name in names):
                    continue
                chosen[comment.id] = comment, parsed
                names.add(name)
            taken |= names
        for _, parsed in chosen.values():
            number = parsed.values.get(self.layout.number, "")
            if number:
                self.numbers[fold(number)] = number
        return chosen

    def _rank(self, comment: Comment) -> int:
        return 0 if comment.id in self.known.ids else 1 if comment.author == self.me else 2

    def _name(self, parsed: Canonical) -> str:
        number = parsed.values.get(self.layout.number, "")
        return f"number {fold(number)}" if number else f"marker {parsed.footer.marker}"

    def _superseded(self, comment: Comment, parsed: Canonical, chosen: dict[str, tuple[Comment, Canonical]]) -> None:
        """Another comment in our form: an old one is history, a later one is our heir or a person's edited copy."""
        number = parsed.values.get(self.layout.number, "")
        rivals = [one for one, other in chosen.values() if self._name(other) == self._name(parsed)]
        first = min(rivals, key=lambda one: one.written, default=None)
        if first is not None and comment.written <= first.written:
            return
        if comment.author == self.me and (first is None or first.author != self.me):
            self.heirs[comment.id] = self.project(comment, parsed)  # what an interrupted write may have posted
        elif number:
            self._amend(comment, Amendment(number, parsed.values, parsed.places))

    def _take(self, comment: Comment, parsed: Parsed) -> None:
        if comment.id in self.known.ids and not isinstance(parsed, NewProject):
            self.broken[comment.id] = comment, _why_not(parsed)
        elif isinstance(parsed, Amendment):
            self._amend(comment, parsed)
        elif isinstance(parsed, NewProject):
            values, bad = self.texts.read(parsed.values, parsed.places)
            reasons = "; ".join(f"line {line}: {reason}" for line, reason in sorted((*parsed.problems, *bad)))
            self.born[comment.id] = comment, values, reasons
        elif isinstance(parsed, Unparsable):
            if comment.author == self.me:
                self.broken[comment.id] = comment, _why_not(parsed)
            else:
                self.notes.append({"comment": comment.id, "what": f"not read: {_why_not(parsed)}"})

    def _amend(self, comment: Comment, parsed: Amendment) -> None:
        values, bad = self.texts.read(parsed.values, parsed.places)
        values.pop(self.layout.number, None)
        if fold(parsed.number) not in self.numbers:
            what = "amends a project of which there is no comment on the card; its first line names none that has one"
            self.notes.append({"comment": comment.id, "what": what})
            return
        refused = tuple(sorted((*parsed.problems, *bad)))
        self.amendments.setdefault(fold(parsed.number), []).append(Amended(comment, values, refused))
        for line, reason in refused:
            what = f"amendment of {parsed.number} refused, line {line}: {reason}"
            self.notes.append({"comment": comment.id, "what": what})


def _why_not(parsed: Parsed) -> str:
    if isinstance(parsed, Unparsable):
        return f"line {parsed.line}: {parsed.reason}"
    return "the integration's last line is missing; put it back (Trello's history of the comment has it)"
