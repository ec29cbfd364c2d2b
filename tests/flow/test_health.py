"""Figures that leave the process as StatsD packets, notices that leave it as mail, and the audit that calls for one."""

from __future__ import annotations

import asyncio
import email
import json
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
import structlog
from airflow.sdk import BaseNotifier
from airflow.sdk._shared.observability.metrics import stats as stats_module
from airflow.sdk._shared.observability.metrics.statsd_logger import get_statsd_logger
from engine import CONTACTS, CUSTOMERS, erp_edit
from mailbox_server import Mailbox
from sqlalchemy import select, update
from statsd import StatsClient

from customerp_trello.errors import AuditError, ConfigurationError, FormError, GuardError, RetriableError
from customerp_trello.flow.audit import behind, compare, judge, late_pairs
from customerp_trello.flow.metrics import send_audit, send_health, send_run
from customerp_trello.flow.notices import Message, Notice, send, tell_late
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.load import FOLDER_VARIABLE, mappings_folder
from customerp_trello.state.conflicts import Conflict, record_conflict
from customerp_trello.state.health import failed_in_a_row, health_of
from customerp_trello.state.plans import HELD, Plan, save_plan
from customerp_trello.state.runs import end_run, start_run
from customerp_trello.state.tables import link, watermark
from customerp_trello.state.work import Work, note_failure, note_work


@pytest.fixture
def packets():
    """StatsD's server: what Airflow's own metrics send to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.5)
        port = server.getsockname()[1]
        made = partial(get_statsd_logger, stats_class=StatsClient, host="127.0.0.1", port=port, prefix="airflow")
        stats_module.initialize(factory=made, export_legacy_names=False)

        def received():
            found = []
            while True:
                try:
                    found.append(server.recv(1024).decode())
                except TimeoutError:
                    return found

        yield received
    stats_module.initialize(factory=stats_module.NoStatsLogger, export_legacy_names=False)


def test_a_run_and_a_pairs_health_leave_as_packets_with_the_pair_in_their_names(customers_loaded, packets):
    with customers_loaded.store.read() as tx:
        health = health_of(tx, CUSTOMERS)
    send_health(CUSTOMERS, health)
    send_run(CUSTOMERS, "success", {"requests": 12, "rate limited": 3, "seconds": 1.5})
    send_audit(CUSTOMERS, {"unexplained": 2})
    found = packets()
    name = f"airflow.customerp_trello.{CUSTOMERS}"
    assert f"{name}.linked:{health.linked}|g" in found
    assert f"{name}.in_sync:{health.in_sync}|g" in found
    assert f"{name}.conflicts:0|g" in found
    assert f"{name}.requests:12|c" in found
    assert f"{name}.rate_limited:3|c" in found
    assert f"{name}.runs.success:1|c" in found
    assert f"{name}.audit.unexplained:2|g" in found
    assert [one for one in found if one.startswith(f"{name}.lag_seconds:")]
    assert [one for one in found if one.startswith(f"{name}.run:1500.0")]


def test_every_report_sends_them_and_counts_refusals_for_going_too_fast(customers_loaded, packets):
    customers_loaded.fault("trello", match="GET /1/members/me/organizations", kind="status:429", times=1)
    ran = customers_loaded.run(CUSTOMERS)
    assert "rate limited" in ran.text
    found = packets()
    assert f"airflow.customerp_trello.{CUSTOMERS}.rate_limited:1|c" in found
    assert f"airflow.customerp_trello.{CUSTOMERS}.runs.success:1|c" in found


class Undone(Exception):
    """Takes a transaction back."""


def test_health_counts_what_is_not_in_sync(customers_loaded):
    """Each link once, whatever there is about it, and a record without a link among none of them."""
    asked, refused, both = (customers_loaded.fresh_link(CUSTOMERS) for _ in range(3))
    with suppress(Undone), customers_loaded.store.begin() as tx:
        before = health_of(tx, CUSTOMERS)
        run = start_run(tx, CUSTOMERS, dag_id=CUSTOMERS, airflow_run_id="counted")
        for name in ("name", "website"):
            record_conflict(tx, CUSTOMERS, run, Conflict(int(asked["link"]), name, "old", "old", "one", "other"))
        note_failure(tx, CUSTOMERS, Work("trello", refused["trello_id"], "quarantined", "customerp: refused"))
        for side in ("customerp", "trello"):
            note_work(tx, CUSTOMERS, Work(side, both[f"{side}_id"], "deferred", "moved"))
        note_work(tx, CUSTOMERS, Work("customerp", "no link", "quarantined", "cannot be read"))
        save_plan(tx, Plan(run, CUSTOMERS, "counted", status=HELD))
        found = health_of(tx, CUSTOMERS)
        other = health_of(tx, CONTACTS)
        raise Undone
    assert before.linked >= before.in_sync > 10
    assert 0 <= before.lag < 3600
    changed = {"in_sync": before.in_sync - 3, "conflicts": before.conflicts + 2, "held": before.held + 1}
    assert found == replace(before, quarantined=before.quarantined + 2, **changed)
    assert (other.conflicts, other.quarantined, other.held) == (0, 0, 0)


def audited(engine):
    mapping = engine.mapping(CUSTOMERS)
    opened = engine.sides(SimpleNamespace(store=engine.store, mapping=mapping))
    return compare(mapping, engine.store, opened)


def test_the_audit_finds_what_no_sync_can_see_and_writes_nothing(customers_loaded):
    assert customers_loaded.run(CUSTOMERS).writes() == []
    before = customers_loaded.links(CUSTOMERS)
    assert audited(customers_loaded)["drift"] == 0
    one = customers_loaded.fresh_link(CUSTOMERS)
    old = one["t.name"]
    TrelloHook().update_organization(one["trello_id"], displayName="Drifted")
    bases = json.dumps({name: one[f"t.{name}"] for name in customers_loaded.mapping(CUSTOMERS).names if one[f"t.{name}"]
                        == one[f"t.{name}"]} | {"name": "Drifted"})  # fmt: skip
    with customers_loaded.store.begin() as tx:
        tx.execute(update(link).where(link.c.id == int(one["link"])).values(base_trello=json.loads(bases)))
    assert customers_loaded.run(CUSTOMERS).writes() == []  # a sync sees no change
    found = audited(customers_loaded)
    assert (found["drift"], found["unexplained"]) == (1, 1)
    with pytest.raises(AuditError, match=f"{CUSTOMERS}: 1 linked records differ without a reason") as raised:
        judge([found], [], 24)
    assert "full_resync of the pair's DAG mends what is late; of what is unexplained, edit" in str(raised.value)
    TrelloHook().update_organization(one["trello_id"], displayName=old)
    with customers_loaded.store.begin() as tx:
        same = json.loads(bases) | {"name": old}
        tx.execute(update(link).where(link.c.id == int(one["link"])).values(base_trello=same))
    assert audited(customers_loaded)["drift"] == 0
    assert customers_loaded.links(CUSTOMERS)["link"].tolist() == before["link"].tolist()


def test_an_edit_that_waits_for_the_next_run_is_no_drift(customers_loaded):
    one = customers_loaded.fresh_link(CUSTOMERS)
    erp_edit("customer", one["customerp_id"], name="Edited a moment ago")
    found = audited(customers_loaded)
    assert (found["waiting"], found["drift"]) == (1, 0)
    customers_loaded.run(CUSTOMERS)


def test_a_pair_that_has_not_been_in_sync_for_long_is_found_from_state_whether_its_dag_runs_or_not(customers_loaded):
    mapping, store = customers_loaded.mapping(CUSTOMERS), customers_loaded.store
    assert behind(mapping, store, 24) == ""
    with store.begin() as tx:
        kept = tx.execute(watermark.select().where(watermark.c.pair == CUSTOMERS)).mappings().all()
        tx.execute(update(watermark).values(read_at=tx.now - timedelta(hours=30)))
    assert "was last in sync at" in behind(mapping, store, 24)
    assert behind(mapping, store, 48) == ""
    with pytest.raises(AuditError, match="was last in sync at"):
        judge([{"pair": CUSTOMERS, "drift": 0}], [behind(mapping, store, 24)], 24)
    assert behind(mapping.model_copy(update={"pair": "never__started"}), store, 24) == ""
    with store.begin() as tx:
        for row in kept:
            mine = (watermark.c.pair == CUSTOMERS) & (watermark.c.side == row["side"])
            tx.execute(update(watermark).where(mine).values(read_at=row["read_at"]))


def test_a_pair_that_could_not_be_compared_is_said():
    with pytest.raises(AuditError, match="1 pairs could not be compared"):
        judge([{"pair": "a", "drift": 0}, None], [], 24)
    assert judge([{"pair": "a", "drift": 0}], [], 24).startswith("1 pairs: all linked records agree")


def test_a_broken_mapping_is_said_and_hides_no_other_pair(customers_loaded, tmp_path, monkeypatch):
    for file in mappings_folder().glob("*.yaml"):
        text = file.read_text()
        (tmp_path / file.name).write_text(text + "surplus: 1\n" if file.stem == CONTACTS else text)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with customers_loaded.store.begin() as tx:
        mine = watermark.c.pair == CUSTOMERS
        kept = {row.side: row.read_at for row in tx.execute(select(watermark).where(mine))}
        tx.execute(update(watermark).where(mine).values(read_at=tx.now - timedelta(hours=30)))
    broken, late = late_pairs([CONTACTS, CUSTOMERS], customers_loaded.store, 24)
    assert broken.startswith(f"{CONTACTS} cannot run: Mapping")
    assert "was last in sync at" in late
    with customers_loaded.store.begin() as tx:
        for side, at in kept.items():
            tx.execute(update(watermark).where(mine, watermark.c.side == side).values(read_at=at))


@pytest.fixture
def mailbox(monkeypatch):
    with Mailbox() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(server.connection))
        yield server
        server.shutdown()


def failure(error, pair=CUSTOMERS, *, notice=None, teardown=False, before=None):
    task = SimpleNamespace(
        task_id="forget" if teardown else "load_trello",
        task=SimpleNamespace(is_teardown=teardown),
        get_previous_ti=lambda: before and SimpleNamespace(state=before),
        get_previous_dagrun=lambda: before and SimpleNamespace(state=before),
    )
    run = SimpleNamespace(dag_id=pair, run_id="scheduled__1")
    (notice or Notice())({"dag_run": run, "exception": error, "ti": task})


@pytest.fixture
def own_state(engine, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE", engine.store.url.render_as_string(hide_password=False))
    return engine


def body_of(mail):
    return email.message_from_string(mail).get_payload(0).get_payload(decode=True).decode()


def ended(engine, status, digest="", pair=CUSTOMERS, action="sync"):
    with engine.store.begin() as tx:
        run = start_run(tx, pair, dag_id=pair, airflow_run_id="x", action=action)
        if digest:
            save_plan(tx, Plan(run, pair, digest, status=HELD))
        else:
            end_run(tx, run, status, {})


def test_a_guard_stop_is_mailed_once_per_plan(own_state, mailbox):
    ended(own_state, "", "aaaa")
    failure(GuardError(f"{CUSTOMERS}: the guard holds plan aaaa: {{{{ 7 * 7 }}}} <b>"))
    (mail,) = mailbox.mails
    assert f"{CUSTOMERS}: a plan is held" in mail.replace("\n ", " ")
    assert "sync@company.example" in mail
    # What a system wrote stays text: neither markup nor a template.
    text = f"{CUSTOMERS}: the guard holds plan aaaa: &#123;&#123; 7 * 7 }}}} &lt;b&gt;"
    assert f"<p>{text}</p>" in body_of(mail)
    assert f'/dags/{CUSTOMERS}/runs/scheduled__1">' in body_of(mail)
    ended(own_state, "", "aaaa")
    failure(GuardError("the same plan in the next run"))
    assert len(mailbox.mails) == 1
    ended(own_state, "", "bbbb")
    failure(GuardError("another one"))
    assert len(mailbox.mails) == 2


def test_a_preview_of_the_plan_keeps_nobody_from_being_told_that_it_is_held(own_state, mailbox):
    ended(own_state, "", "cccc", action="preview")
    ended(own_state, "", "cccc")
    failure(GuardError("the guard holds plan cccc"))
    assert len(mailbox.mails) == 1


def test_while_the_state_database_is_away_a_failure_is_mailed_once(mailbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CUSTOMERP_TRELLO_STATE", "postgresql://nobody:nothing@127.0.0.1:9/none")
    failure(RetriableError("State database: away"), before="success")
    failure(RetriableError("State database: away"), before="success", teardown=True)
    failure(RetriableError("State database: away"), before="failed")
    (mail,) = mailbox.mails
    text = body_of(mail)
    assert "State database: away Nobody is told again before a run has succeeded" in text


def test_repeated_failure_is_mailed_at_the_second_fourth_eighth_time(own_state, mailbox):
    told = []
    for count in range(1, 10):
        failure(RetriableError("CustomERP was away"))
        told.append(len(mailbox.mails))
        ended(own_state, "failed")
        with own_state.store.read() as tx:
            assert failed_in_a_row(tx, CUSTOMERS) == count
    assert told == [0, 1, 1, 2, 2, 2, 2, 3, 3]
    ended(own_state, "success")
    failure(RetriableError("again"))
    assert len(mailbox.mails) == 3


def test_what_fails_after_a_run_that_went_through_is_mailed_until_it_has_been_told(own_state, mailbox):
    ended(own_state, "success")
    wrong = ConfigurationError("Airflow variable customerp_trello_retention_days is '90d'")
    for before in (None, "success", "failed"):
        failure(wrong, teardown=True, before=before)
    assert len(mailbox.mails) == 2
    text = body_of(mailbox.mails[0])
    assert "The run is over, but forget failed. Airflow variable" in text


def test_a_task_that_was_killed_is_told_in_words(own_state, mailbox):
    failure(None, notice=Notice(every=True))
    text = body_of(mailbox.mails[0])
    assert "A task was killed or lost its worker; see its log." in text


def test_a_mistake_in_the_form_is_mailed_to_nobody_and_an_audits_finding_at_once(own_state, mailbox):
    failure(FormError("no"))
    assert mailbox.mails == []
    failure(AuditError("2 linked records differ"), "customerp_trello__audit")
    assert len(mailbox.mails) == 1
    failure(RetriableError("the state was away"), "customerp_trello__audit", notice=Notice(every=True))
    assert len(mailbox.mails) == 2, "it runs once a night, so that nobody would hear of a second failure in time"


def test_a_late_run_is_mailed_with_its_state(mailbox):
    run = {"dag_id": CUSTOMERS, "dag_run_id": "scheduled__1", "queued_at": "2026-03-01T09:00:00Z", "state": "running"}
    asyncio.run(tell_late({"dag_run": run}))
    (mail,) = mailbox.mails
    assert f"Subject: {CUSTOMERS}: late" in mail.replace("\n ", " ")


def test_without_a_connection_nothing_is_sent_and_nothing_fails(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    send(Message("subject", "text", "link"))


def test_without_a_sender_no_mail_is_sent_to_anybody_and_the_log_says_so(mailbox, monkeypatch):
    nameless = {**mailbox.connection, "extra": {"disable_ssl": True, "disable_tls": True}}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(nameless))
    monkeypatch.setenv("AIRFLOW_VAR_CUSTOMERP_TRELLO_NOTIFY", "eva@company.example")
    with structlog.testing.capture_logs() as logs:
        send(Message("subject", "text", "link"))
    assert mailbox.mails == []
    assert "smtp_default with a from_email or a login" in logs[0]["reason"]


def test_addresses_and_another_notifier_are_a_matter_of_configuration(mailbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_CUSTOMERP_TRELLO_NOTIFY", "eva@company.example, ole@company.example")
    send(Message("subject", "text", "link"))
    assert "eva@company.example" in mailbox.mails[0]
    assert "ole@company.example" in mailbox.mails[0]
    named = {"notifier": f"{Kept.__module__}.Kept", "words": "{subject}: {text} at {link}"}
    monkeypatch.setenv("AIRFLOW_VAR_CUSTOMERP_TRELLO_NOTIFY", json.dumps(named))
    monkeypatch.setitem(__import__("sys").modules, Kept.__module__, SimpleNamespace(Kept=Kept))
    send(Message("a", "b", "c"))
    assert Kept.kept == ["a: b at c"]
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("said", ['{"notifier": "os.path.join"}', '{"to": "x"}', '{"notifier": "no.such"}', "{broken"])
def test_a_variable_that_names_no_notifier_is_refused_with_what_is_valid(monkeypatch, said):
    monkeypatch.setenv("AIRFLOW_VAR_CUSTOMERP_TRELLO_NOTIFY", said)
    with pytest.raises(ConfigurationError, match="addresses with commas between"):
        send(Message("subject", "text", "link"))


class Kept(BaseNotifier):
    """Another notifier than mail."""

    kept: list[str] = []  # noqa: RUF012 - a test's notebook

    def __init__(self, words):
        super().__init__()
        self.words = words

    def notify(self, context):
        self.kept.append(self.words)
