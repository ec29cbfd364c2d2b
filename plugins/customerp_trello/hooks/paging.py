"""Pagers: each reads an answer and says what to ask for next. They do no I/O.

The end of a list is what the system says or an empty page, never "fewer than asked": servers cap page sizes. What
would cut a list short or go round in circles without anybody noticing is an error: a wrong path, the same page twice,
fewer records than the total, a link to another host.

People work while a list is read. A deleted record moves the ones behind it forward, past the place where the next page
begins, and so hides a live one. Three things are done against that: pages by offset overlap by a record, and where the
overlap does not fit the pager steps back; pages by id (`Keyset`) cannot move; in all other kinds a total that has
shrunk, or a record that comes twice, makes the pager read the list once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never
from urllib.parse import urljoin

from customerp_trello.errors import FatalError, RetriableError
from customerp_trello.hooks.answers import ABSENT, Answer, Path, at, origin
from customerp_trello.hooks.paging_signs import sign_of_more
from customerp_trello.hooks.profile_listing import (
    Cursor,
    Keyset,
    LinkHeader,
    Listing,
    NextHeader,
    NextLink,
    Offset,
    OnePage,
    PageNumber,
    Range,
    Sized,
)

PASSES = 5
"""How often a list that shrinks is read before it is left for later."""

OVERLAP = 1
"""Records that a page by offset has in common with the one before."""

STEPS_BACK = 50
"""How often a pager by offset steps back in one listing, each time twice as far until it stands on firm ground."""


@dataclass(frozen=True)
class Step:
    """What distinguishes one page's request from the next.

    Attributes:
        url: URL that a link names; "" for the list's own.
        place: parameter -> value.
        after: id that the condition ``after`` is about, "" for none.
        headers: headers of this page.
        bare: whether the parameters of paging are left out.
    """

    url: str = ""
    place: Mapping[str, Any] = field(default_factory=dict)
    after: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False


class Pager:
    """Walks one listing.

    Args:
        listing: how the profile says that lists work.
        id_field: field of a record's id, by which records are told apart.
        where: what is listed, for messages.
        proven: whether the way of paging has shown itself right before, so that nothing is asked to see that.
        whole: whether everything is listed; an empty list is doubted then.
    """

    def __init__(
        self, listing: Listing, *, id_field: str, where: str, proven: bool = False, whole: bool = False
    ) -> None:
        self._listing, self._where, self._id, self._whole = listing, where, id_field, whole
        self.proven = proven
        self._seen: set[str] = set()
        self._passes, self._steps_back, self._back = 0, 0, 0
        self._begin()

    def _begin(self) -> None:
        self._now: set[str] = set()
        self._pages: set[int] = set()
        self._asked: set[Any] = set()
        self._number = 0
        self._position = 0
        self._last_id: Any = ""
        self._total: int | None = None
        self._shrunk = self._repeated = self._probing = False

    @property
    def count(self) -> int:
        """Records told apart so far."""
        return len(self._seen | self._now) if self._passes else len(self._now)

    # -- what the hook calls -----------------------------------------------------------------------------------

    def first(self) -> Step:
        """Return the first step."""
        return self._step()

    def past_end(self) -> frozenset[int]:
        """Statuses that mean, of the page just asked for, that the list has ended before it."""
        if self._probing:
            return frozenset({400, 404, 416, 422, 500})
        statuses = getattr(self._listing.paging, "past_end", ())
        first = self._number == 0 and self._position == 0
        return frozenset(status for status in statuses if not first or status == 416)

    def read(self, answer: Answer, body: Any) -> tuple[list[dict[str, Any]], Step | None]:
        """Read a page.

        Args:
            answer: the page.
            body: its JSON; None where the status said that the list has ended.

        Returns:
            The page's records that had not come yet, and the next step; None at the end.

        Raises:
            FatalError: the list is not where the profile says, a record has no id, the page came before, the end cannot
                be told, or fewer records came than the total.
            RetriableError: the list goes on changing while it is read.
        """
        rows = [] if body is None and answer.status >= 400 else self._rows(body)
        if self._probing:
            self._judge(answer, rows)
            return [], None
        ids = [str(row[self._id]) for row in rows]
        if not self._fits_on(ids):
            return [], self._step_back()
        self._back = 0
        self._check_repeats(ids)
        self._watch_total(answer, body)
        fresh = [row for row, id_ in zip(rows, ids, strict=True) if id_ not in self._now and id_ not in self._seen]
        before = len(self._now)
        self._now.update(ids)
        step = self._next(answer, body, rows, len(self._now) - before)
        return fresh, step if step else self._end(answer, body, rows)

    # -- one page ----------------------------------------------------------------------------------------------

    def _rows(self, body: Any) -> list[dict[str, Any]]:
        rows = at(body, self._listing.records)
        if not isinstance(rows, list):
            raise FatalError(
                f"{self._where}: no list at {_named(self._listing.records)} of the answer; there is "
                f"{_keys(body)}. Correct `listing.records` in the profile."
            )
        if not all(isinstance(row, dict) and row.get(self._id) not in (None, "") for row in rows):
            raise FatalError(f"{self._where}: a record without {self._id!r}; correct the entity's `id` in the profile.")
        return rows

    def _check_repeats(self, ids: list[str]) -> None:
        if len(set(ids)) < len(ids):
            raise FatalError(f"{self._where}: a page holds a record twice, so it cannot be trusted; nothing is used.")
        page = hash(tuple(ids))
        if ids and page in self._pages and not (self._overlaps and len(ids) == 1):
            raise FatalError(
                f"{self._where}: the same page came twice, so the list cannot be trusted; nothing is used."
            )
        self._pages.add(page)
        repeats = sum(id_ in self._now for id_ in ids)
        if isinstance(self._listing.paging, Keyset):
            if repeats > self._listing.paging.included or not _ascending([self._last_id, *ids]):
                raise FatalError(
                    f"{self._where}: a record came again behind its own id, so the list is not sorted by id, or the "
                    "condition for the next page is not looked at; correct `listing.parameters` or `listing.paging`."
                )
        elif repeats and not self._overlaps:
            self._repeated = True

    @property
    def _overlaps(self) -> bool:
        return isinstance(self._listing.paging, Offset | Range | Keyset)

    def _fits_on(self, ids: list[str]) -> bool:
        """Whether a page by offset begins with a record that had come, so that none can be hidden between."""
        paging = self._listing.paging
        return not isinstance(paging, Offset | Range) or self._position == 0 or bool(ids and ids[0] in self._now)

    def _step_back(self) -> Step:
        self._steps_back, self._back = self._steps_back + 1, self._back + 1
        if self._steps_back > STEPS_BACK:
            raise RetriableError(f"{self._where}: the list goes on changing while it is read; try again later.")
        self._position = max(0, self._position - 2**self._back)
        self._pages.clear()
        return self._step()

    # -- totals ------------------------------------------------------------------------------------------------

    def _watch_total(self, answer: Answer, body: Any) -> None:
        total = None if body is None else self._told_total(answer, body)
        if isinstance(self._listing.paging, Keyset):  # its total is that of what lies behind the last id
            return
        self._shrunk |= total is not None and self._total is not None and total < self._total
        self._total = total if total is not None else self._total

    def _told_total(self, answer: Answer, body: Any) -> int | None:
        listing = self._listing
        if listing.total is not None:
            total, place = at(body, listing.total), f"at {_named(listing.total)} of the answer; there is {_keys(body)}"
        elif listing.total_header:
            total, place = answer.headers.get(listing.total_header), f"in the header {listing.total_header}"
        elif isinstance(listing.paging, Range):
            told = answer.headers.get("Content-Range", "").rpartition("/")[2]
            return int(told) if told.isdecimal() else None
        else:
            return None
        if isinstance(total, bool) or not str(total).isdecimal():
            raise FatalError(f"{self._where}: no number {place}. Correct `listing.total` in the profile.")
        return int(str(total))

    def _has_all(self) -> bool:
        return self._total is not None and len(self._now) >= self._total

    # -- the next page -----------------------------------------------------------------------------------------

    def _next(self, answer: Answer, body: Any, rows: list[dict[str, Any]], fresh: int) -> Step | None:
        paging = self._listing.paging
        match paging:
            case OnePage():
                return None
            case PageNumber():
                done = not rows or self._has_all() or (paging.last and at(body, paging.last) is True)
                self._number += 1
                return None if done else self._step()
            case Offset() | Range():
                if self._position + len(rows) >= (self._total or float("inf")) or (fresh == 0 and len(rows) < 2):
                    return None
                self._position += max(len(rows) - OVERLAP, 1)
                return self._step()
            case Keyset():
                if fresh == 0:
                    return None
                self._last_id = rows[-1][self._id]
                return self._step()
            case Cursor():
                cursor = self._told(body, paging.cursor, paging.absent_at_end, "cursor")
                return self._once(Step(place={paging.parameter: cursor})) if cursor else None
            case NextLink():
                return self._link(answer, self._told(body, paging.link, paging.absent_at_end, "link"))
            case LinkHeader():
                return self._link(answer, answer.next_link or "")
            case NextHeader():
                return self._link(answer, answer.headers.get(paging.header, ""))
            case _:
                assert_never(paging)

    def _step(self) -> Step:
        """The step for where the pager stands, in the kinds that count by themselves."""
        paging = self._listing.paging
        match paging:
            case PageNumber():
                return Step(place={paging.parameter: paging.first + self._number})
            case Offset():
                return Step(place={paging.parameter: self._position})
            case Range():
                end = self._position + paging.size - (paging.last == "included")
                return Step(headers={"Range": f"{paging.unit}={self._position}-{end}"})
            case Keyset() if self._last_id != "":
                return Step(place={paging.parameter: self._last_id}) if paging.parameter else Step(after=self._last_id)
        return Step()

    def _once(self, step: Step) -> Step:
        key = (step.url, repr(sorted(step.place.items())))
        if key in self._asked:
            raise FatalError(f"{self._where}: the listing goes round in circles; it cannot be trusted.")
        self._asked.add(key)
        return step

    def _told(self, body: Any, path: Path, absent_at_end: bool, key: str) -> str:
        value = at(body, path)
        if value is ABSENT and not absent_at_end:
            raise FatalError(
                f"{self._where}: nothing at {_named(path)} of the answer; there is {_keys(body)}. Correct "
                f"`listing.paging.{key}` in the profile, or set `absent_at_end` if it is left out on the last page."
            )
        return "" if value in (ABSENT, None, "", False) else str(value)

    def _link(self, answer: Answer, link: str) -> Step | None:
        if not link:
            return None
        url = urljoin(answer.url, link)
        if origin(url) != origin(answer.url):
            raise FatalError(f"{self._where}: the next page is said to be on another host; it is not followed.")
        return self._once(Step(url=url))

    # -- the end -----------------------------------------------------------------------------------------------

    def _end(self, answer: Answer, body: Any, rows: list[dict[str, Any]]) -> Step | None:
        if self._total is not None and self.count < self._total:
            raise FatalError(
                f"{self._where}: the list ended after {self.count} of {self._total} records; it is cut short and "
                "not used."
            )
        if not self._overlaps and (self._shrunk or (self._repeated and not self._has_all())):
            return self.again()
        return self._doubt(answer, body, rows)

    def _doubt(self, answer: Answer, body: Any, rows: list[dict[str, Any]]) -> Step | None:
        """Make sure that a list that ended at once has ended, where the end is only that a sign is not there."""
        paging = self._listing.paging
        if self._whole and self.count == 0 and not self._passes and not isinstance(paging, OnePage | Range):
            self._probing = True
            return Step(bare=True)
        told = self._total is not None or self.proven
        if isinstance(paging, PageNumber) and paging.first == 1 and self._now and not told:
            self._probing = True
            return Step(place={paging.parameter: 0})
        by_absence = isinstance(paging, OnePage | LinkHeader | NextHeader) or getattr(paging, "absent_at_end", False)
        if self._asked or not by_absence:
            self.proven = self.proven or bool(self._asked)
            return None
        if sign := sign_of_more(answer, body, len(self._now)):
            raise FatalError(f"{self._where}: the list ended although there is {sign}. Correct `listing.paging`.")
        if isinstance(paging, Sized) and paging.size_parameter and len(rows) > 1 and not told:
            self._probing = True
            return Step(place={paging.size_parameter: 1})
        return None

    def _judge(self, answer: Answer, rows: list[dict[str, Any]]) -> None:
        """Read the answer to a probe.

        It is an empty list asked for without paging, the page before the first one, or a page of one record, which must
        have a next.
        """
        paging, ids = self._listing.paging, {str(row[self._id]) for row in rows}
        if not self._now:
            if ids:
                raise FatalError(
                    f"{self._where}: it is empty with the parameters of paging and is not without them, so the ERP "
                    "takes them for something else. Correct `listing.paging`."
                )
            return
        if isinstance(paging, PageNumber):
            if ids - self._now:
                raise FatalError(f"{self._where}: there is a page before page 1; set `listing.paging.first` to 0.")
        elif len(ids) == 1 and not self._has_next(answer):
            raise FatalError(
                f"{self._where}: a page of one record names no next page though there are {len(self._now)} records; "
                "correct `listing.paging`."
            )
        self.proven = True

    def _has_next(self, answer: Answer) -> bool:
        paging = self._listing.paging
        if isinstance(paging, LinkHeader):
            return bool(answer.next_link)
        if isinstance(paging, NextHeader):
            return bool(answer.headers.get(paging.header))
        place = paging.cursor if isinstance(paging, Cursor) else getattr(paging, "link", ())
        return at(answer.json(), place) not in (ABSENT, None, "", False)

    def again(self) -> Step:
        """Return the first step of another reading of the whole list, of which only what had not come is new.

        Raises:
            RetriableError: it has been read so often enough.
        """
        self._passes += 1
        if self._passes >= PASSES:
            raise RetriableError(
                f"{self._where}: records came and went in each of {PASSES} readings of the list. Try again later; if "
                "it stays so, let the list be sorted by id (`listing.parameters` in the profile)."
            )
        self._seen |= self._now
        self._begin()
        return self.first()


def _ascending(ids: list[Any]) -> bool:
    """Whether ids are in order: as numbers, or as texts with or without regard to capitals, as databases differ."""
    told = [id_ for id_ in ids if id_ != ""]
    texts = [str(id_) for id_ in told]
    if all(text.isdecimal() for text in texts):
        numbers = [int(text) for text in texts]
        if numbers == sorted(numbers) or not all(isinstance(id_, str) for id_ in told):
            return numbers == sorted(numbers)
    return texts == sorted(texts) or [text.casefold() for text in texts] == sorted(text.casefold() for text in texts)


def _named(path: Path) -> str:
    return repr(".".join(path)) if path else "the top"


def _keys(body: Any) -> str:
    if isinstance(body, dict):
        return "an object with the keys " + (", ".join(sorted(map(str, body))[:12]) or "(none)")
    return f"a {type(body).__name__}"
