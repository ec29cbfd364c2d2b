"""The JSON Schema of mappings, for editors: ``python -m customerp_trello.mapping.schema`` writes it anew.

Every mapping names it in its first line, so that an editor completes and checks while somebody types. It knows keys,
types and valid words; what only makes sense together is checked by :mod:`customerp_trello.mapping.checks`.
"""

from __future__ import annotations

import json

from customerp_trello.mapping.load import mappings_folder
from customerp_trello.mapping.model import Mapping

NAME = "mapping.schema.json"


def text() -> str:
    """The schema as text: what a mapping's file may hold, with the models' own descriptions."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Mapping.model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (mappings_folder() / NAME).write_text(text(), encoding="utf-8")
