import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerp_trello.hooks.redaction import LONGEST, Redactor, redact_url


def test_a_url_keeps_its_path_and_loses_what_is_secret() -> None:
    url = "https://anna:pw@erp.example.com:8443/api/v1/contacts?email=a%40b.de&cursor=x#top"
    assert redact_url(url) == "https://erp.example.com:8443/api/v1/contacts?email=***&cursor=***"


def test_short_secrets_are_masked_as_words_and_long_ones_everywhere() -> None:
    redactor = Redactor(["ab", "long-secret-1", ""])
    assert redactor.text("ab is not table; xlong-secret-1y") == "*** is not table; x***y"


def test_what_we_sent_is_masked_in_the_answer() -> None:
    sent = {"name": "Acme GmbH", "status": "lost", "nested": [{"city": "Bonn"}], "n": 5}
    said = Redactor().text("Acme GmbH of Bonn: status 'lost' is none of open, on_hold (5)", sent=sent)
    assert said == "*** of ***: status '***' is none of open, on_hold (5)"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Bad request [see https://docs.erp.example]", "Bad request [see ***"),
        ("Invalid website: http://[acme", "Invalid website: ***"),
        ("help is at https://[tenant].erp.example/help", "help is at ***"),
    ],
)
def test_what_looks_like_a_url_and_is_none_is_masked_whole(said: str, told: str) -> None:
    assert Redactor().text(said) == told


@pytest.mark.parametrize("note", ["Anna Berg, anna@firma.de, allergic to nuts", "see https://x.de/a?note=nuts, Anna"])
def test_a_sent_text_with_an_address_in_it_is_masked_whole(note: str) -> None:
    assert Redactor().text(f"bio '{note}' is too long", sent={"bio": note}) == "bio '***' is too long"


def test_addresses_and_phone_numbers_are_masked() -> None:
    said = Redactor().text("duplicate of anna.berg@firma.de, call +49 (228) 123-456\nor see http://x.de/a?mail=b@c.de")
    assert "anna" not in said
    assert "123" not in said
    assert "b@c.de" not in said
    assert "\n" not in said


def test_long_texts_are_cut() -> None:
    assert len(Redactor().text("x" * 5000)) == LONGEST


def test_its_own_text_shows_nothing() -> None:
    assert repr(Redactor(["secret-1"])) == "Redactor()"


@given(st.text(min_size=8, max_size=30).filter(lambda text: text.strip() == text and "*" not in text), st.text())
def test_a_secret_never_survives(secret: str, around: str) -> None:
    said = Redactor([secret]).text(f"{around}{secret}{around}")
    assert secret not in said or secret in around


@given(st.text(alphabet="ab[]:/@?#% ", max_size=12))
def test_no_text_of_another_system_is_too_odd(text: str) -> None:
    assert isinstance(Redactor(["secret-1"]).text(f"http://{text} https://[{text}", sent=[text]), str)


@given(st.text(alphabet="abcäß ", min_size=2, max_size=12).filter(lambda text: len(text.strip()) > 1))
def test_a_sent_value_never_survives_as_a_word(value: str) -> None:
    assert f"'{value.strip()}'" not in Redactor().text(f"'{value.strip()}' is taken", sent={"name": value})
