"""Write the pages that are made from the mappings: `.venv/bin/python docs/write_pairs.py`; a test compares them.

`pairs.md` is what each DAG shows as its documentation, `data-flow.rst` and `data-flow.html` are for a company's own.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils.core import publish_string

from customerp_trello.mapping.data_flow import data_flow
from customerp_trello.mapping.document import describe
from customerp_trello.mapping.load import load_mapping
from customerp_trello.mapping.model import Mapping

DOCS = Path(__file__).resolve().parent
FOLDER = DOCS.parent / "include" / "mappings"
_HEAD = """\
# The pairs, as their mappings describe them

Made from `include/mappings/*.yaml` by `docs/write_pairs.py`; do not edit this page. The same text is each DAG's
documentation in the Airflow UI.
"""


def pages() -> dict[str, str]:
    """File name -> text, from the mappings in the order of their names."""
    mappings = [load_mapping(path) for path in sorted(FOLDER.glob("*.yaml"))]
    flow = data_flow(mappings)
    return {"pairs.md": _markdown(mappings), "data-flow.rst": flow, "data-flow.html": html(flow)}


def _markdown(mappings: list[Mapping]) -> str:
    chapters = [re.sub(r"^#", "##", describe(mapping), flags=re.MULTILINE) for mapping in mappings]
    return "\n".join([_HEAD, *chapters])


def html(text: str) -> str:
    """A reStructuredText page as HTML that needs no other file; whatever is wrong with it is an error."""
    settings = {
        "stylesheet_path": str(DOCS / "data-flow.css"),
        "embed_stylesheet": True,
        "generator": False,
        "datestamp": "",
        "halt_level": 2,
        "output_encoding": "unicode",
        "language_code": "en",
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "toc_backlinks": False,
    }
    page = str(publish_string(text, writer="html5", settings_overrides=settings))
    # The program's version says nothing about the mappings.
    return re.sub(r'<meta name="generator"[^>]*/?>\n?', "", page)


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
