"""What the demo prints: headings with the time that has passed, indented lines, tables."""

import time
from collections.abc import Iterable, Mapping, Sequence


class Page:
    """Standard output as a person watches it."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time since the demo began."""
        return time.monotonic() - self._begun

    def heading(self, text: str) -> None:
        """A new part of the story."""
        minutes, seconds = divmod(int(self.seconds), 60)
        print(f"\n== {minutes}:{seconds:02} == {text}", flush=True)

    def say(self, *lines: str) -> None:
        """Print lines below the heading."""
        for line in lines:
            print(f"   {line}".rstrip(), flush=True)

    def table(self, columns: Mapping[str, Mapping[str, str]]) -> None:
        """Print figures: one column for each title, one row for each figure that any of them has."""
        rows = _merged(columns.values())
        if not rows:
            return
        first = max(len(name) for name in rows)
        widths = [max(len(title), 9) for title in columns]
        self.say(_row("", columns, first, widths))
        for name in rows:
            self.say(_row(name, [figures.get(name, "") for figures in columns.values()], first, widths))


def _merged(columns: Iterable[Iterable[str]]) -> list[str]:
    """All names in one order that keeps, as far as can be, the order of each column."""
    merged: list[str] = []
    for names in columns:
        position = 0
        for name in names:
            if name not in merged:
                merged.insert(position, name)
            position = merged.index(name) + 1
    return merged


def _row(name: str, cells: Iterable[str], first: int, widths: Sequence[int]) -> str:
    shown = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{name:<{first}}{shown}"
