"""The Node process in which trello.js runs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


class TrelloJsProcess:
    """Answers one JSON line with another (see ``bridge.mjs``).

    ``TRELLO_STRICT_SCHEMAS`` is trello.js's own switch for audits: an undocumented field in an answer, or a value that
    is not in its lists, fails like a wrong type. Without it such a field would be dropped in silence.
    """

    def __init__(self, *, strict: bool = True) -> None:
        if not (FOLDER / "node_modules" / "trello.js").is_dir():
            raise RuntimeError("trello.js is not installed; run the tests by `make test-clients`")
        self._process = subprocess.Popen(
            ["node", str(FOLDER / "bridge.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "TRELLO_STRICT_SCHEMAS": str(strict).lower()},
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply: ``value``, or ``error`` and ``message``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process by the end of its input."""
        self._process.communicate(timeout=10)
