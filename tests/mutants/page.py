"""The page about the mutants: figures per module, and every survivor with the judgement of whoever looked at it.

Figures and survivors are written anew each time; a judgement is kept as long as its mutant changes the same words of
the same function. Numbers would not do: they move when a function gains a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from findings import Mutant

OPEN = "**to be judged**"
_HEAD = """\
# Mutants

`make mutants` changes the code of `mapping/` and `reconcile/` in one place at a time and runs the room's own tests
against each change. A change that no test notices is a survivor. The judgements are

- **same**: nothing that the function promises differs (an equivalent mutant);
- **words**: only the wording of a message or of a page for people differs;
- **gap**: behaviour that no test holds.

What mutmut does not change: what stands outside of functions (tables, patterns, defaults of models) and functions with
a decorator, such as properties and validators. A *timeout* counts as killed: its test never ended. *Not reached* counts
as survived.
"""
_ROW = re.compile(r"^\| `(?P<function>[^`]*)` \| (?P<before>.*?) \| (?P<after>.*?) \| (?P<judgement>.*) \|$")

Key = tuple[str, str, str, str]


def figures(mutants: Mapping[str, list[Mutant]]) -> list[str]:
    """The table of figures: a line per module, one per room, one for all."""
    lines = [
        "| module | mutants | killed | timeout | survived | not reached | share killed |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for room, found in mutants.items():
        for module in dict.fromkeys(mutant.module for mutant in found):
            lines.append(_line(f"{room}/{module}", [mutant for mutant in found if mutant.module == module]))
        lines.append(_line(f"**{room}**", found))
    return [*lines, _line("**all**", [mutant for found in mutants.values() for mutant in found])]


def _line(title: str, mutants: list[Mutant]) -> str:
    fates = [mutant.fate for mutant in mutants if mutant.fate != "not run"]
    counts = [fates.count(fate) for fate in ("killed", "timeout", "survived", "not reached")]
    share = (counts[0] + counts[1]) / len(fates) if fates else 0.0
    left = len(mutants) - len(fates)
    title = f"{title} ({left} not run)" if left else title
    return f"| {title} | {len(mutants):,} | {' | '.join(f'{count:,}' for count in counts)} | {share:.1%} |"


def write(page: Path, mutants: Mapping[str, list[Mutant]], changes: Mapping[str, tuple[str, str]]) -> int:
    """Write the page, keeping the judgements that still apply.

    Args:
        page: the Markdown file.
        mutants: by room.
        changes: before and after of those that were not killed.

    Returns:
        How many survivors nobody has judged yet.
    """
    judged = _judgements(page)
    lines: list[str] = []
    verdicts: Counter[str] = Counter()
    for room, found in mutants.items():
        for module in dict.fromkeys(mutant.module for mutant in found if mutant.name in changes):
            lines += ["", f"## {room}/{module}", "", "| function | before | after | judgement |", "|---|---|---|---|"]
            rows = [
                (mutant.function, *map(_cell, changes[mutant.name]))
                for mutant in found
                if mutant.module == module and mutant.name in changes
            ]
            for row, number in Counter(rows).items():
                judgement = judged.get((f"{room}/{module}", *row), OPEN)
                verdicts[judgement.partition(":")[0]] += number
                function, before, after = row
                lines.append(f"| `{function}` | {before} | {after} | {judgement} |")
    said = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common())
    head = [_HEAD, *figures(mutants), "", f"The survivors: {said or 'none'}."]
    page.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
    return verdicts[OPEN]


def _cell(code: str) -> str:
    return f"`` {code} ``".replace("|", "\\|") if code else "(gone)"


def _judgements(page: Path) -> dict[Key, str]:
    if not page.exists():
        return {}
    found: dict[Key, str] = {}
    module = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            module = line[3:]
        elif match := _ROW.match(line):
            found[module, match["function"], match["before"], match["after"]] = match["judgement"]
    return found


def summary(mutants: Mapping[str, Iterable[Mutant]]) -> str:
    """One sentence for the end of the command."""
    fates = [mutant.fate for found in mutants.values() for mutant in found]
    ran = [fate for fate in fates if fate != "not run"]
    killed = sum(fate in ("killed", "timeout") for fate in ran)
    return f"{killed:,} of {len(ran):,} mutants killed ({killed / max(len(ran), 1):.1%}); {len(fates):,} there are."
