from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.profile import Profile
from customerp_trello.hooks.profile_file import load_profile
from customerp_trello.hooks.profile_listing import Since

DEFAULT = Path(__file__).resolve().parents[2] / "include" / "customerp" / "default.yaml"


def write(folder: Path, **changes: object) -> Path:
    content = {**yaml.safe_load(DEFAULT.read_text()), **changes}
    (folder / "mine.yaml").write_text(yaml.safe_dump(content))
    return folder


def test_the_shipped_profiles_load() -> None:
    for file in DEFAULT.parent.glob("*.yaml"):
        assert load_profile(file.stem).title
    profile = load_profile("default")
    assert set(profile.entities) == {"contact", "customer", "project", "employee"}
    assert profile.entities["customer"].marker == "trello_id"


def test_a_profile_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_profile("default").title = "x"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["nope", "../secrets", "", "default.yaml"])
def test_an_unknown_profile_names_folder_and_choices(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is not in .*include/customerp \(found: .*default"):
        load_profile(name)


def test_the_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMERP_TRELLO_PROFILES", str(write(tmp_path, title="Mine")))
    assert load_profile("mine").title == "Mine"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pageing": {}}, r"mine\.yaml: \(top\): unknown key 'pageing'; valid keys: auth, "),
        ({"auth": {"kind": "bearer", "tokn": "x"}}, r"auth\.bearer: unknown key 'tokn'; valid keys: kind"),
        ({"auth": {"kind": "magic"}}, "auth: 'magic' is not a kind; valid kinds: 'none', 'basic', 'bearer', 'api_key'"),
        ({"auth": {}}, "auth: needs a `kind`"),
        ({"delete": {"kind": "field", "fields": {}}}, r"delete\.field\.fields: dictionary should have at least 1"),
        ({"update": {"method": "DELETE"}}, r"update\.method: input should be 'PATCH', 'PUT' or 'POST'"),
        ({"errors": {"refused": [404]}}, r"errors\.refused\[0\]: input should be 401 or 403"),
        ({"entities": {}}, "entities: "),
        (
            {"entities": {"customer": {"path": "/c", "record": "/c"}}},
            r"entities\.customer\.record: must hold \{id\} once",
        ),
        ({"entities": {"customer": {"path": "/c"}}}, r"entities\.customer\.record: is missing; add it"),
        (
            {"listing": {"paging": {"kind": "none"}, "since": {"parameter": "s", "template": "{then}"}}},
            r"listing\.since\.template: cannot be filled in",
        ),
        (
            {"listing": {"paging": {"kind": "none"}, "since": {"parameter": "s", "template": "now"}}},
            r"listing\.since\.template: holds no place",
        ),
        (
            {"listing": {"paging": {"kind": "none"}, "since": {"parameter": "s", "template": "{since_value:%Y}"}}},
            r"listing\.since\.template: cannot be filled in",
        ),
        (
            {
                "listing": {"paging": {"kind": "none"}, "since": {"parameter": "s", "template": "{since_value}"}},
                "values": {"datetime": {"year": "{year}", "month": "{month}", "day": "{day}"}},
            },
            r"listing\.since\.template: \{since_value\} is an object here",
        ),
    ],
)
def test_an_error_names_file_place_and_what_is_valid(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_profile("mine", write(tmp_path, **changes))


@pytest.mark.parametrize(
    ("yaml_text", "said"),
    [
        ("2026-01-01", r"YAML reads 2026-01-01 as a date, and JSON has none; put it in quotes"),
        ("2026-01-01T10:00:00Z", r"YAML reads 2026-01-01 10:00:00\+00:00 as a date"),
        (".nan", "is no JSON value; use a text, a number, true"),
        ("!!set {a}", "is no JSON value"),
        ("!!binary aGk=", "is no JSON value"),
    ],
)
def test_what_no_request_could_carry_is_told_with_its_place(tmp_path: Path, yaml_text: str, said: str) -> None:
    text = DEFAULT.read_text()
    assert "    path: /api/v1/contacts\n" in text
    defaults = (
        f"    defaults: {{active: true, n: 1.5, since: [null, {{x: {yaml_text}}}]}}\n    path: /api/v1/contacts\n"
    )
    (tmp_path / "mine.yaml").write_text(text.replace("    path: /api/v1/contacts\n", defaults))
    with pytest.raises(ConfigurationError, match=rf"mine\.yaml: entities\.contact\.defaults\.since\[1\]\.x: {said}"):
        load_profile("mine", tmp_path)
    (tmp_path / "mine.yaml").write_text(
        text.replace("    path: /api/v1/contacts\n", defaults).replace(yaml_text, "'1'")
    )
    assert load_profile("mine", tmp_path).entities["contact"].defaults["since"] == [None, {"x": "1"}]


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_profile("mine", write(tmp_path, auth={}, concurrency={"kind": "luck"}))
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "said"), [("a: [", "line"), ("title: x\ntitle: y", "line 2: key 'title' stands there twice")]
)
def test_broken_yaml_names_the_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load_profile("mine", tmp_path)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{since:%Y-%m-%dT%H:%M:%SZ}", "2026-03-01T09:30:00Z"),
        ("modified gt {since:%Y-%m-%d}", "modified gt 2026-03-01"),
        ("{since_ms}", "1772357400000"),
        ("{since_s}", "1772357400"),
        ("{since_value}", "01.03.2026 10:30"),
        (">{since_value}", ">01.03.2026 10:30"),
    ],
)
def test_since_templates(template: str, value: str) -> None:
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert Since(parameter="s", template=template).value(moment, "01.03.2026 10:30") == value


def test_a_place_may_be_dotted_text_or_a_list() -> None:
    content = yaml.safe_load(DEFAULT.read_text())
    content["listing"] = {"records": "a.b", "paging": {"kind": "next_link", "link": ["@odata.nextLink"]}}
    listing = Profile.model_validate(content).listing
    assert listing.records == ("a", "b")
    assert listing.paging.link == ("@odata.nextLink",)  # type: ignore[union-attr]
