"""What a real Airflow mails about a held plan and a late run, and what an audit says of what is in sync."""

from __future__ import annotations

import re
from email import message_from_string
from email.header import decode_header, make_header

import pytest
from live_airflow import CONTACTS, CUSTOMERS, LiveAirflow, correct, wait_for
from mailbox_server import Mailbox

from customerp_trello.flow.audit_dag import AUDIT
from customerp_trello.state.plans import plans
from demo.processes import members
from demo.systems import CustomERP

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(420)]

LATE = f"{CUSTOMERS}: late"
HELD = f"{CUSTOMERS}: a plan is held"


@pytest.fixture(scope="module")
def mailbox():
    with Mailbox() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def live(tmp_path_factory, mailbox):
    """Customers of whom not one may be created without a person, and whose runs are late after a minute."""
    live = LiveAirflow(tmp_path_factory.mktemp("live"), connections={"smtp_default": mailbox.connection})
    mapping = live.mappings / f"{CUSTOMERS}.yaml"
    mapping.write_text(mapping.read_text().replace("first_run: apply", "first_run: apply\nlate_after_minutes: 1"))
    mapping.write_text(re.sub(r"(create_(?:share|count)): [^,}]+", r"\1: 0", mapping.read_text()))
    correct(live.mappings / f"{CONTACTS}.yaml")
    with live.stack:
        api = live.api()
        api.wait_for_dags([CUSTOMERS, AUDIT])
        yield live
    live.state.close()
    assert members(str(live.stack.layout.home)) == []


def subjects(mailbox):
    """Of the mails that have arrived."""
    return [str(make_header(decode_header(message_from_string(mail)["Subject"]))) for mail in mailbox.mails]


def text_of(mailbox, subject):
    """What the first mail of a subject says."""
    mail = message_from_string(mailbox.mails[subjects(mailbox).index(subject)])
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/html"]
    return part.get_payload(decode=True).decode()


def test_a_held_plan_and_a_run_that_is_late_are_mailed_with_the_runs_address(live, mailbox):
    api = live.api()
    api.set_paused(CUSTOMERS, False)
    first = api.trigger(CUSTOMERS, {"action": "sync"})
    assert api.wait(CUSTOMERS, first, 240).state == "success"
    CustomERP(live.stack.systems["customerp"]["url"]).create("customers", name="One more AG", type="company")
    run = api.trigger(CUSTOMERS, {"action": "sync"})
    assert api.wait(CUSTOMERS, run, 240).state == "failed"
    assert api.task_states(CUSTOMERS, run)["guard"] == "failed"
    wait_for(lambda: HELD in subjects(mailbox), "the mail about the held plan", 60)
    wait_for(lambda: LATE in subjects(mailbox), "the mail about the late run", 150)
    for subject in (HELD, LATE):
        assert f"/dags/{CUSTOMERS}/runs/" in text_of(mailbox, subject)


def test_an_audit_of_what_is_in_sync_is_green_and_mails_nothing(live, mailbox):
    api = live.api()
    with live.state.read() as tx:
        held = plans(tx, CUSTOMERS)[0]
    run = api.trigger(CUSTOMERS, {"action": "let_through", "plan": held.digest})
    assert api.wait(CUSTOMERS, run, 240).state == "success"
    before = subjects(mailbox)
    api.set_paused(AUDIT, False)
    audit = api.trigger(AUDIT)
    assert api.wait(AUDIT, audit, 240).state == "success", api.task_states(AUDIT, audit)
    assert [one for one in subjects(mailbox)[len(before) :] if one != LATE] == []
