"""What a module imports, as its text says it: what is loaded already costs nothing, and would not be seen."""

from __future__ import annotations

import ast
from pathlib import Path


def imported_packages(file: Path) -> set[str]:
    """Top-level packages that a module imports when it is loaded (not inside functions, not for type checks)."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found
