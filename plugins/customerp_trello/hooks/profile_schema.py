"""The JSON Schema of profiles, for editors: ``python -m customerp_trello.hooks.profile_schema`` writes it anew."""

from __future__ import annotations

import json

from customerp_trello.hooks.profile import Profile
from customerp_trello.hooks.profile_file import profiles_folder

NAME = "profile.schema.json"


def text() -> str:
    """The schema as text: what a profile's file may hold, with the models' own descriptions."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Profile.model_json_schema()}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (profiles_folder() / NAME).write_text(text(), encoding="utf-8")
