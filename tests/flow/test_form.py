"""The trigger form: what is carried out, and the sentence that refuses the rest."""

from datetime import UTC, datetime

import pytest

from customerp_trello.errors import FormError
from customerp_trello.flow.form import ACTIONS, DEFAULTS, Form, asked, form_of, read_form

WINDOW = (datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC))


def test_the_form_opens_as_a_preview_of_everything():
    assert ACTIONS[0] == "preview"
    assert read_form({}, DEFAULTS) == Form("preview")
    assert not Form("preview").partial
    assert not Form().partial


@pytest.mark.parametrize("interval", [None, WINDOW])
@pytest.mark.parametrize("kind", ["scheduled", "asset_triggered", "asset_materialization", "operator_triggered"])
def test_what_nobody_started_by_hand_is_a_sync_of_everything(kind, interval):
    assert asked(kind, {}, DEFAULTS, interval) == Form("sync")


def test_a_run_by_hand_does_what_the_form_says_whatever_interval_the_form_gives_it():
    assert asked("manual", {}, DEFAULTS, WINDOW) == Form("preview")
    assert asked("manual", {"action": "sync"}, DEFAULTS | {"action": "sync"}, WINDOW) == Form("sync")


def test_a_backfill_is_a_sync_of_its_interval_unless_its_own_configuration_says_otherwise():
    assert asked("backfill", {}, DEFAULTS, WINDOW) == Form("sync", "", (), *WINDOW)
    conf = {"action": "preview"}
    assert asked("backfill", conf, DEFAULTS | conf, WINDOW) == Form("preview", "", (), *WINDOW)


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        ({"action": "full_resync"}, "goes with preview, sync, not with full_resync"),
        ({"action": "undo", "run": "0123"}, "goes with preview, sync, not with undo"),
        ({"changed_from": "2026-03-01"}, "A backfill's windows are its intervals"),
    ],
)
def test_a_backfill_that_makes_no_sense_is_refused(conf, sentence):
    with pytest.raises(FormError, match=sentence):
        asked("backfill", conf, DEFAULTS | conf, WINDOW)


def test_a_run_of_another_dag_does_what_its_configuration_says():
    conf = {"action": "full_resync"}
    assert asked("operator_triggered", conf, DEFAULTS | conf) == Form("full_resync")


def test_a_form_survives_its_json():
    form = Form("sync", "", ("C-1",), datetime(2026, 3, 1, tzinfo=UTC), None, 3)
    assert form_of(form.as_json()) == form
    assert form.partial
    assert form.windowed


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        ({"acton": "sync"}, "unknown key 'acton', did you mean action"),
        ({"action": "delete"}, "valid: preview, sync, full_resync, relink, let_through, apply_plan, undo"),
        ({"action": "let_through"}, "needs the digest of the held plan"),
        ({"action": "apply_plan"}, "needs the digest of the plan in `plan`"),
        ({"plan": "0123456789abcdef"}, "`plan` goes with let_through, apply_plan, not with preview"),
        ({"action": "let_through", "plan": "the first one"}, "valid: the plan's sixteen digits"),
        ({"action": "full_resync", "limit": 5}, "`limit` goes with preview, sync, undo, not with full_resync"),
        ({"action": "relink", "keys": ["C-1"]}, "`keys` goes with preview, sync, undo, not with relink"),
        ({"action": "apply_plan", "plan": "0123", "keys": ["C-1"]}, "not with apply_plan; leave it empty"),
        ({"action": "let_through", "plan": "0123", "changed_to": "2026-03-01"}, "not with let_through"),
        ({"changed_from": "2999-03-01"}, "is in the future"),
        ({"changed_from": "2026-03-02", "changed_to": "2026-03-01"}, "must be before"),
        ({"changed_from": "yesterday"}, "valid: a date and time"),
        ({"keys": "C-1"}, "must be a list of texts"),
        ({"action": "undo"}, "needs the run to undo"),
        ({"action": "sync", "run": "0123"}, "`run` goes with preview, undo, not with sync"),
        ({"action": "undo", "run": "0123", "changed_to": "2026-03-01"}, "`changed_to` goes with preview, sync, not"),
        ({"action": "preview", "run": "0123", "changed_to": "2026-03-01"}, "not of a window"),
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
