"""Changes over time as a picture that needs no script: stacked bars in SVG, coloured by the page's own style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

KINDS = ("to CustomERP", "to Trello", "linked", "conflicts")
"""What a bar is made of, from below."""

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 1060, 190, 44, 14, 24, 12


@dataclass(frozen=True)
class Span:
    """How far back, and in what steps."""

    name: str
    label: str
    step: timedelta
    bars: int

    def begins(self, now: datetime) -> datetime:
        """The first bar's moment."""
        size = int(self.step.total_seconds())
        last = datetime.fromtimestamp(int(now.timestamp()) // size * size, UTC)
        return last - self.step * (self.bars - 1)


SPANS = {
    "day": Span("day", "24 hours", timedelta(hours=1), 24),
    "month": Span("month", "30 days", timedelta(days=1), 30),
}


@dataclass
class Bar:
    """One step of time.

    Attributes:
        at: its beginning.
        counts: changes per kind.
        runs, failed: how many runs ended well or otherwise, and how many of them failed.
    """

    at: datetime
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    runs: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All changes."""
        return sum(self.counts.values())


def bars_of(runs: Iterable[tuple[datetime, str, Mapping[str, Any]]], span: Span, now: datetime) -> list[Bar]:
    """Sum up the runs' own figures (see :func:`customerp_trello.flow.report.report`) per step of time."""
    begin = span.begins(now)
    bars = [Bar(begin + span.step * place) for place in range(span.bars)]
    for at, status, counts in runs:
        place = (at - begin) // span.step
        if not 0 <= place < len(bars):
            continue
        bar = bars[place]
        bar.runs += 1
        bar.failed += status == "failed"
        if status in _WROTE:
            for name, number in counts.items():
                kind = _kind(name)
                if kind and number:
                    bar.counts[kind] += int(number)
    return bars


_WROTE = ("success", "failed")
"""What the others would have done (previews, held plans) is no change."""


@cache
def _kind(figure: str) -> str:
    """Which part of a bar a figure of a run's report belongs to, "" if to none."""
    if figure.endswith(" in customerp"):
        return "to CustomERP"
    if figure.endswith(" in trello"):
        return "to Trello"
    return {"newly linked": "linked", "relinked": "linked", "unlinked": "linked", "conflicts": "conflicts"}.get(
        figure, ""
    )


@dataclass(frozen=True)
class Rectangle:
    """A part of a bar, in the picture's units."""

    kind: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """What the template draws.

    Attributes:
        lines: (y, number) of the scale.
        labels: (x, text) below the bars.
        failures: (x, how many) of bars with failed runs.
    """

    bars: list[Bar]
    rectangles: list[Rectangle]
    lines: list[tuple[float, int]]
    labels: list[tuple[float, str]]
    failures: list[tuple[float, int]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(bar.total or bar.failed for bar in self.bars)


def draw(bars: list[Bar], span: Span) -> Drawing:
    """Lay the bars out."""
    top = _round_up(max((bar.total for bar in bars), default=0))
    room = (WIDTH - LEFT - RIGHT) / len(bars)
    floor, scale = HEIGHT - BOTTOM, (HEIGHT - BOTTOM - TOP) / top
    rectangles, labels, failures = [], [], []
    for place, bar in enumerate(bars):
        x, y = LEFT + place * room, float(floor)
        for kind, name in enumerate(KINDS):
            height = bar.counts[name] * scale
            if height:
                y -= height
                rectangles.append(
                    Rectangle(kind, round(x + room * 0.15, 1), round(y, 1), round(room * 0.7, 1), round(height, 1))
                )
        if bar.failed:
            failures.append((round(x + room / 2, 1), bar.failed))
        if (len(bars) - 1 - place) % (len(bars) // 6) == 0:
            labels.append(
                (round(x + room / 2, 1), f"{bar.at:%H:%M}" if span.step < timedelta(days=1) else f"{bar.at:%d %b}")
            )
    lines = [(round(floor - top * part / 2 * scale, 1), top * part // 2) for part in (0, 1, 2)]
    return Drawing(bars, rectangles, lines, labels, failures)


def _round_up(number: int) -> int:
    """The end of the scale: the next even digit and noughts, so that its half is a round number too."""
    step = int(10 ** max(0, len(str(number)) - 1))
    return next(lead * step for lead in (2, 4, 6, 8, 10) if lead * step >= number)
