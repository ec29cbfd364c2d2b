"""Write docs/pairs.md from the mappings: `.venv/bin/python docs/write_pairs.py`; a test compares the two."""

from __future__ import annotations

import re
from pathlib import Path

from customerp_trello.mapping.document import describe
from customerp_trello.mapping.load import load_mapping

FOLDER = Path(__file__).resolve().parents[1] / "include" / "mappings"
PAGE = Path(__file__).resolve().with_name("pairs.md")
_HEAD = """\
# The pairs, as their mappings describe them

Made from `include/mappings/*.yaml` by `docs/write_pairs.py`; do not edit this page. The same text is each DAG's
documentation in the Airflow UI.
"""


def page() -> str:
    """The page's text, one chapter for each mapping in the order of their names."""
    chapters = [describe(load_mapping(path)) for path in sorted(FOLDER.glob("*.yaml"))]
    return "\n".join([_HEAD, *(re.sub(r"^#", "##", chapter, flags=re.MULTILINE) for chapter in chapters)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
