"""The documentation names what the code has, and the generated page is the one that the code generates."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from customerp_trello.flow import settings
from customerp_trello.flow.form import ACTIONS, DEFAULTS
from customerp_trello.hooks.connection import COMMON_KEYS
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.hooks.profile import Profile
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping import checks, model
from customerp_trello.state.location import STATE_CONNECTION
from customerp_trello.state.tables import metadata

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = sorted([REPOSITORY / "README.md", *DOCS.rglob("*.md")])


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def models_in(annotation: Any) -> set[type[BaseModel]]:
    """Every model that an annotation leads to, directly or inside lists, maps and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = (models_in(field.annotation) for field in annotation.model_fields.values())
        return {annotation}.union(*inner)
    return set().union(*(models_in(part) for part in get_args(annotation)), set())


def keys_of(root: type[BaseModel]) -> list[tuple[str, str]]:
    found = {(one.__name__, field.alias or name) for one in models_in(root) for name, field in one.model_fields.items()}
    return sorted(found)


def words_of(kind: Any) -> list[str]:
    return [word for word in get_args(kind) if isinstance(word, str)]


@pytest.mark.parametrize(("owner", "key"), keys_of(model.Mapping))
def test_every_key_of_a_mapping_is_explained(owner: str, key: str) -> None:
    assert f"`{key}`" in text("docs/mapping.md"), f"{owner}.{key}"


@pytest.mark.parametrize(("owner", "key"), keys_of(Profile))
def test_every_key_of_a_profile_is_explained(owner: str, key: str) -> None:
    assert f"`{key}`" in text("docs/profiles.md"), f"{owner}.{key}"


def test_the_models_lead_to_their_parts() -> None:
    assert {"OnUnlinked", "Scope", "ValueTable", "Guard"} <= {owner for owner, _ in keys_of(model.Mapping)}
    assert {"Cursor", "Since", "Entity", "ETag", "FieldErrors"} <= {owner for owner, _ in keys_of(Profile)}


@pytest.mark.parametrize(
    "words",
    [
        words_of(model.Type),
        words_of(model.Direction),
        words_of(model.Policy),
        words_of(model.OnGone),
        [field for fields in checks.TRELLO_FIELDS.values() for field in fields],
        [field for fields in checks.TRELLO_OWN.values() for field in fields],
    ],
)
def test_every_valid_word_of_a_mapping_is_explained(words: list[str]) -> None:
    assert words
    assert [word for word in words if f"`{word}`" not in text("docs/mapping.md")] == []


def test_every_kind_in_a_profile_is_explained() -> None:
    fields = (one.model_fields.get("kind") for one in models_in(Profile))
    kinds = {kind for field in fields if field for kind in words_of(field.annotation)}
    assert len(kinds) > 10
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in text("docs/profiles.md")] == []


def test_the_readme_explains_the_form_the_connections_and_the_top_of_a_mapping() -> None:
    readme = text("README.md")
    keys = {*DEFAULTS, *ACTIONS, *COMMON_KEYS, *CustomERPHook.extra_keys, *TrelloHook.extra_keys}
    keys |= set(model.Mapping.model_fields) - {"pair", "title", "customerp", "trello", "log"}
    assert [key for key in sorted(keys) if f"`{key}`" not in readme] == []


def test_the_readme_explains_where_state_and_tables_live_and_how_long() -> None:
    names = (STATE_CONNECTION, settings.STORAGE_VARIABLE, settings.RETENTION_VARIABLE)
    assert [name for name in names if f"`{name}`" not in text("README.md")] == []
    assert f"| `{settings.RETENTION_DAYS:.0f}` |" in text("README.md")


def test_the_architecture_names_every_table() -> None:
    assert [name for name in metadata.tables if f"`{name}`" not in text("docs/architecture.md")] == []


def test_the_contract_names_every_property() -> None:
    assert re.findall(r"^\| (P\d+) \|", text("docs/contract.md"), re.MULTILINE) == [f"P{n}" for n in range(1, 23)]


def write_pairs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_pairs", DOCS / "write_pairs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pairs_page_is_what_the_mappings_say_now() -> None:
    for name, page in write_pairs().pages().items():
        assert text(f"docs/{name}") == page, f"{name}: run .venv/bin/python docs/write_pairs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_target_of_make_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = {
        page.name: set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        for page in PAGES
    }
    assert {"demo", "test", "up", "down", "test-airflow", "test-distributed"} <= named["README.md"]
    assert {page: missing for page, found in named.items() if (missing := found - targets)} == {}
