import pytest
from airflow.sdk import Connection

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.connection import check_fit_for_header, read_connection, texts, whole_number


def connection(**fields: object) -> Connection:
    return Connection(conn_id="c", **fields)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "erp.example.com"}, "https://erp.example.com"),
        ({"host": "erp.example.com", "schema": "http", "port": 8080}, "http://erp.example.com:8080"),
        ({"host": "http://127.0.0.1:9/base/"}, "http://127.0.0.1:9/base"),
        ({"host": "http://127.0.0.1/base", "port": 9}, "http://127.0.0.1:9/base"),
        ({"host": "http://[::1]:9"}, "http://[::1]:9"),
        ({}, "https://default.example"),
    ],
)
def test_base_url(fields: dict[str, object], url: str) -> None:
    assert read_connection(connection(**fields), keys=(), default_host="https://default.example").base_url == url


@pytest.mark.parametrize("host", ["ftp://x", "http://u:p@x", "https://x/?token=1", "http://x:port", "https://"])
def test_a_host_that_is_no_base_url_is_refused_and_not_repeated(host: str) -> None:
    with pytest.raises(ConfigurationError, match="connection c: host") as error:
        read_connection(connection(host=host), keys=())
    assert "u:p" not in str(error.value)


def test_an_unknown_extra_key_names_the_valid_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'profil' \(did you mean 'profile'\?\); valid keys: connect_timeout"):
        read_connection(connection(host="x", extra='{"profil": "a"}'), keys=("profile",))


@pytest.mark.parametrize("extra", ["[]", '{"read_timeout": 0}', '{"read_timeout": "soon"}', '{"verify": 1.5}'])
def test_a_wrong_extra_is_refused(extra: str) -> None:
    with pytest.raises(ConfigurationError, match="connection c"):
        read_connection(connection(host="x", extra=extra), keys=())


def test_what_the_form_leaves_empty_counts_as_absent() -> None:
    extra = '{"profile": "", "read_timeout": null, "verify": "false", "names": "a, b\\nc", "n": "7"}'
    settings = read_connection(connection(host="x", extra=extra), keys=("profile", "names", "n"))
    assert "profile" not in settings.extra
    assert (settings.connect_timeout, settings.read_timeout, settings.verify) == (10.0, 60.0, False)
    assert texts(settings, "names") == ["a", "b", "c"]
    assert whole_number(settings, "n", 1) == 7
    assert texts(settings, "absent") == []


def test_secrets_are_not_in_the_settings_text() -> None:
    settings = read_connection(connection(host="x", login="the-key", password="the-token"), keys=())
    assert "the-key" not in repr(settings)
    assert "the-token" not in repr(settings)


def test_white_space_that_was_copied_along_is_no_part_of_a_secret() -> None:
    settings = read_connection(connection(host="x", login=" k3y\r\n", password="ATTA9f3c two\n"), keys=())
    assert (settings.login, settings.password) == ("k3y", "ATTA9f3c two")


@pytest.mark.parametrize("field", ["login", "password"])
@pytest.mark.parametrize("text", ["ATTA\u200b", "AT\nTA", "\ufeffATTA", "AT\u00a0TA", "AT\u2028TA", "AT\x00TA"])
def test_a_secret_with_a_character_that_nobody_sees_names_the_field_alone(field: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"connection c: {field} holds a character that cannot be") as error:
        read_connection(connection(host="x", **{field: text}), keys=())
    assert "TA" not in str(error.value)


def test_a_secret_beyond_latin_1_is_for_bodies_only() -> None:
    settings = read_connection(connection(host="x", login="müller", password="zażółć"), keys=())
    assert settings.password == "zażółć"
    with pytest.raises(ConfigurationError, match="connection c: password holds a character that no HTTP") as error:
        check_fit_for_header(settings)
    assert "ż" not in str(error.value)
    check_fit_for_header(read_connection(connection(host="x", login="müller", password="x"), keys=()))
