"""What holds for any value: normalising is done once, and no input breaks a server."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from customerp_checks import Refused, check
from customerp_entities import ENTITIES, Field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_client import Trello

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FIELDS = [(plural, field) for plural, entity in ENTITIES.items() for field in entity.fields]
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=30)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.lists(TEXTS, max_size=3),
    st.sampled_from(["2026-02-30", "http://[", "http://a b", "+49 30 123456", "de", "1e400", "Infinity", "\r\n x \r"]),
)


@given(VALUES, st.sampled_from([field for _, field in FIELDS if field.kind not in ("reference", "tags")]))
def test_normalising_twice_is_normalising_once(value: Any, field: Field) -> None:
    try:
        once = check(field, value)
    except Refused:
        return
    assert check(field, once) == once


@given(entry=st.sampled_from(FIELDS), value=VALUES)
@QUICK
def test_any_value_is_kept_or_refused_with_a_sentence(customerp_server: Any, entry: Any, value: Any) -> None:
    plural, field = entry
    good = {"name": "A", "last_name": "A", "first_name": "A", "status": "open" if plural == "projects" else "active"}
    required = {one.name: good[one.name] for one in ENTITIES[plural].fields if one.required}
    answer = requests.post(
        f"{customerp_server.url}/api/v1/{plural}",
        data=json.dumps({**required, field.name: value}),
        headers={"Authorization": f"Bearer {customerp_server.token}"},
        timeout=10,
    )
    if answer.status_code == 201:
        url = f"{customerp_server.url}{answer.headers['Location']}"
        headers = {"Authorization": f"Bearer {customerp_server.token}"}
        assert requests.get(url, headers=headers, timeout=10).json() == answer.json()
    else:
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {field.name}


@given(fields=st.dictionaries(st.sampled_from(["displayName", "desc", "website", "name"]), VALUES))
@QUICK
def test_any_workspace_is_made_or_refused(trello_server: Any, fields: dict[str, Any]) -> None:
    trello = Trello(trello_server)
    answer = trello("POST", "/organizations", json=fields)
    if answer.status_code == 200:
        made = answer.json()
        again = trello("PUT", f"/organizations/{made['id']}", json={name: made[name] for name in fields}).json()
        assert {name: again[name] for name in fields} == {name: made[name] for name in fields}
        trello.delete(f"/organizations/{made['id']}")
    else:
        assert answer.status_code == 400
        assert answer.text.startswith("invalid value for ")


@pytest.mark.parametrize("path", ["/cards/x/actions", "/organizations/%F0%9F%98%80", "/members/%00", "/batch?urls=::"])
def test_odd_paths_are_refused(trello_server: Any, path: str) -> None:
    answer = Trello(trello_server).get(path)
    assert answer.status_code in (400, 404) or "statusCode" in answer.text
