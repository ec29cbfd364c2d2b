"""What mutmut found out in a workshop: every mutant with its fate, and what it changed."""

from __future__ import annotations

import ast
import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

_FATES = {0: "survived", 1: "killed", 33: "not reached", -signal.SIGALRM: "timeout", None: "not run"}


@dataclass(frozen=True)
class Mutant:
    """One changed function.

    Attributes:
        module: the module's name inside its room.
        name: what mutmut calls it.
        function: the function, with its class if it is a method.
        fate: killed, survived, timeout, not reached (no test calls the function), not run, or what else happened.
    """

    module: str
    name: str
    function: str
    fate: str


def findings(workshop: Path) -> list[Mutant]:
    """All mutants of a workshop, module by module."""
    return [mutant for file in _metas(workshop) for mutant in _of_module(file)]


def changes(workshop: Path, mutants: list[Mutant]) -> dict[str, tuple[str, str]]:
    """The lines before and after, by the mutant's name, each joined to one line."""
    found: dict[str, tuple[str, str]] = {}
    for module in dict.fromkeys(mutant.module for mutant in mutants):
        file = next(file for file in _metas(workshop) if _module(file) == module).with_suffix("")
        functions = _functions(file)
        for mutant in mutants:
            if mutant.module == module:
                generated = mutant.name.rpartition(".")[2]
                stem, _, number = generated.rpartition("_")
                found[mutant.name] = _change(functions[f"{stem}_orig"], functions[f"{stem}_{number}"])
    return found


def _metas(workshop: Path) -> list[Path]:
    return sorted(workshop.glob(f"mutants/src/customerp_trello/{workshop.name}/*.py.meta"))


def _module(meta: Path) -> str:
    return meta.name.partition(".")[0]


def _of_module(meta: Path) -> Iterator[Mutant]:
    codes: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    for name, code in codes.items():
        fate = _FATES.get(code, f"ended with {code}")
        function = name.rpartition(".")[2].partition("__mutmut_")[0]
        readable = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        yield Mutant(_module(meta), name, readable, fate)


def _functions(file: Path) -> dict[str, list[str]]:
    """The lines of every generated function, without its first one, in which it has a name of its own."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    return {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }


def _change(before: list[str], after: list[str]) -> tuple[str, str]:
    before, after = ([re.sub(r"def x\w+__mutmut_\w+", "def _", lines[0]), *lines[1:]] for lines in (before, after))
    diff = [line for line in unified_diff(before, after, n=0, lineterm="") if not line.startswith(("---", "+++"))]
    return tuple(" ".join(line[1:].strip() for line in diff if line[0] == sign) for sign in "-+")  # type: ignore[return-value]
