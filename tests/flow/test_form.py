"""The trigger form: what is carried out, and the sentence that refuses the rest."""

from datetime import UTC, datetime

import pytest

from customerp_trello.errors import FormError
from customerp_trello.flow.form import DEFAULTS, Form, form_of, read_form


def test_an_empty_form_is_a_plain_sync():
    assert read_form({}, DEFAULTS) == Form()
    assert not Form().partial


def test_a_form_survives_its_json():
    form = Form("sync", "", ("C-1",), datetime(2026, 3, 1, tzinfo=UTC), None, 3)
    assert form_of(form.as_json()) == form
    assert form.partial
    assert form.windowed


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        ({"acton": "sync"}, "unknown key 'acton', did you mean action"),
        ({"action": "delete"}, "valid: sync, preview, full_resync, let_through, undo"),
        ({"action": "let_through"}, "needs the digest of the held plan"),
        ({"plan": "0123456789abcdef"}, "goes with action let_through only"),
        ({"action": "full_resync", "limit": 5}, "takes everything"),
        ({"action": "full_resync", "keys": ["C-1"]}, "takes everything"),
        ({"changed_from": "2026-03-02", "changed_to": "2026-03-01"}, "must be before"),
        ({"changed_from": "yesterday"}, "valid: a date and time"),
        ({"keys": "C-1"}, "must be a list of texts"),
        ({"action": "undo"}, "needs the run to undo"),
        ({"run": "0123"}, "goes with action undo, or preview of an undo"),
        ({"action": "undo", "run": "0123", "changed_to": "2026-03-01"}, "not of a window"),
        ({"limit": 0}, "a whole number from 1"),
        ({"limit": True}, "a whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(conf, sentence):
    with pytest.raises(FormError, match=sentence):
        read_form(conf, DEFAULTS | conf)


def test_all_that_is_wrong_is_said_at_once():
    conf = {"action": "full_resync", "plan": "abc", "limit": 1, "colour": "red"}
    with pytest.raises(FormError) as told:
        read_form(conf, DEFAULTS | conf)
    assert str(told.value).count(";") >= 2


def test_a_moment_without_a_zone_is_utc():
    assert read_form({}, DEFAULTS | {"changed_from": "2026-03-01T10:00"}).changed_from == datetime(
        2026, 3, 1, 10, tzinfo=UTC
    )
