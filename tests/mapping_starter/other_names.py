"""The sandbox's ERP as if its makers had called things otherwise."""

from __future__ import annotations

from typing import Any

import yaml

from customerp_trello.hooks.profile_file import profiles_folder

OTHER_NAMES: dict[str, dict[str, str]] = {
    "customer": {"kundennr": "number", "companyName": "name", "remarks": "description", "homepageAddress": "website"},
    "contact": {"partyRef": "customer_id", "givenName": "first_name", "surname": "last_name", "reachAt": "email"},
    "project": {
        "code": "number",
        "subject": "name",
        "stage": "status",
        "ownerId": "manager_id",
        "party": "customer_id",
    },
    "employee": {
        "staffNo": "employee_number",
        "mailAddress": "work_email",
        "forename": "first_name",
        "state": "status",
    },
}
"""Entity -> another ERP's name of a field -> the sandbox's."""


def under_other_names() -> dict[str, Any]:
    """The default profile of an ERP that calls fields otherwise and tells of no names nor numbers but the projects'."""
    content = yaml.safe_load((profiles_folder() / "default.yaml").read_text(encoding="utf-8"))
    for entity, names in OTHER_NAMES.items():
        kind = content["entities"][entity]
        ours = {theirs: name for name, theirs in names.items()}
        kind["fields"] = {name: {"of": theirs} for name, theirs in names.items()}
        kind["labels"] = [ours.get(label, label) for label in kind["labels"]]
        kind["filters"] = {ours.get(name, name): theirs for name, theirs in kind["filters"].items()}
        if "number" in kind:
            kind["number"] = ours.get(kind["number"], kind["number"])
    return content
