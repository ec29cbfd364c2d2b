"""Tells people what they have to look at: guard stops, a pair that keeps failing, a run that does not end, an audit.

By mail through Airflow's connection ``smtp_default`` where that says who mails come from, or by any other notifier of
Airflow that the variable ``customerp_trello_notify`` names. Where neither is there, nothing is sent. A notice says
which run, why, and what to do; errors of this package hold neither secrets nor personal data.
"""

from __future__ import annotations

import html
import json
import pkgutil
from asyncio import to_thread
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog
from airflow.sdk import BaseNotifier, Connection, Variable
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from customerp_trello.errors import AuditError, ConfigurationError, FormError, GuardError, SyncError

NOTIFY_VARIABLE = "customerp_trello_notify"
SMTP_CONNECTION = "smtp_default"
NOBODY = (
    f"no connection {SMTP_CONNECTION} with a from_email or a login, which mails come from, and no other notifier in "
    f"{NOTIFY_VARIABLE}"
)

log = structlog.get_logger("customerp_trello")


@dataclass(frozen=True)
class Message:
    """What people are told.

    Attributes:
        subject: one line.
        text: sentences.
        link: address of the run in Airflow.
    """

    subject: str
    text: str
    link: str


class Notice(BaseNotifier):
    """On a task's failure: says so if a person has to act and has not been told yet.

    Args:
        every: tell every failure, of a DAG that runs too seldom to wait for a second one.
    """

    def __init__(self, *, every: bool = False) -> None:
        super().__init__()
        self.every = every

    def notify(self, context: Any) -> None:
        """Send what is worth it; called by Airflow in the task's process when no retry is left."""
        dag_run, error = context["dag_run"], context.get("exception")
        try:
            text = _worth_telling(context, error, every=self.every)
        except SyncError as away:
            text = _told_nowhere(context, error, away)
        if text:
            subject = f"{dag_run.dag_id}: {_kind(error)}"
            send(Message(subject, text, _address(dag_run.dag_id, dag_run.run_id)))


async def tell_late(context: Mapping[str, Any]) -> None:
    """On a missed deadline: says that a run has not succeeded in time.

    Airflow calls it in the triggerer: a callback in an executor may read neither connections nor variables (3.3.2).
    """
    run = context["dag_run"]
    text = (
        f"The run {run['dag_run_id']} was queued at {run['queued_at']} and has not succeeded in time; it is "
        f"{run['state']}. Look at its tasks: acquire_lease says whom it waits for, the others say how far they are."
    )
    # In a thread: the triggerer's loop must not wait for a mail server.
    await to_thread(send, Message(f"{run['dag_id']}: late", text, _address(run["dag_id"], run["dag_run_id"])))


def send(message: Message) -> None:
    """Hand a message to the notifier that is configured, if any.

    Raises:
        ConfigurationError: the variable names no notifier.
    """
    chosen = _notifier(message)
    if chosen is None:
        log.info("no notice was sent", reason=NOBODY)
        return
    chosen.notify({})
    log.info("notice", subject=message.subject, by=type(chosen).__name__)


def _worth_telling(context: Any, error: BaseException | None, *, every: bool) -> str:
    """The sentence to send; "" if a person knows already, or need not know."""
    if isinstance(error, FormError):
        return ""  # whoever filled in the form sees it
    said, pair, instance = _said(error), context["dag_run"].dag_id, context["ti"]
    if every or isinstance(error, AuditError):
        return said
    if isinstance(error, GuardError):
        return said if _is_new(pair) else ""
    count = _failures(pair)
    if instance.task.is_teardown:  # the run is closed, and counts as it ended before
        before = instance.get_previous_ti()
        told = before is not None and before.state == "failed"
        return "" if told else f"The run is over, but {instance.task_id} failed. {said}"
    return f"Failed {count} times in a row. {said}" if _again(count) else ""


def _said(error: BaseException | None) -> str:
    if error is None:  # Airflow tells of a task that was killed without any exception
        return "A task was killed or lost its worker; see its log."
    return str(error) if isinstance(error, SyncError) else f"{type(error).__name__}; see the task's log."


def _told_nowhere(context: Any, error: BaseException | None, away: SyncError) -> str:
    """The sentence to send while the state database, which counts failures, is away: once, by what Airflow knows."""
    instance = context["ti"]
    before = instance.get_previous_dagrun()
    # A teardown fails after the task that has told it.
    if instance.task.is_teardown or (before is not None and before.state == "failed"):
        return ""
    return f"{_said(error)} Nobody is told again before a run has succeeded, since nothing counts failures: {away}"


def _again(count: int) -> bool:
    """The second failure, then the 4th, 8th, 16th...: a night without the ERP is not a hundred mails."""
    return count >= 2 and count & (count - 1) == 0


def _failures(pair: str) -> int:
    from customerp_trello.flow.tasks import open_store
    from customerp_trello.state.health import failed_in_a_row

    with open_store().read() as tx:
        return failed_in_a_row(tx, pair) + 1  # this run is not closed yet


def _is_new(pair: str) -> bool:
    """Whether the plan that is held now is another one than the one before it."""
    from customerp_trello.flow.tasks import open_store
    from customerp_trello.state.plans import latest_holds

    with open_store().read() as tx:
        digests = latest_holds(tx, pair, 2)
    return len(digests) < 2 or digests[0] != digests[1]


def _kind(error: BaseException | None) -> str:
    if isinstance(error, GuardError):
        return "a plan is held"
    return "the audit has found something" if isinstance(error, AuditError) else "it keeps failing"


def _address(dag_id: str, run_id: str) -> str:
    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return f"{base}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def _notifier(message: Message) -> BaseNotifier | None:
    said = (Variable.get(NOTIFY_VARIABLE, default=None) or "").strip()
    if said.startswith("{"):
        return _named(said, message)
    sender = _sender()
    if sender is None:
        return None
    to = [address.strip() for address in said.split(",") if address.strip()] or [sender]
    return _mail(message, sender, to)


def _mail(message: Message, sender: str, to: list[str]) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    # The notifier takes both for templates; what a system wrote into an error must stay text.
    body = html.escape(message.text).replace("{", "&#123;")
    link = html.escape(message.link).replace("{", "&#123;")
    return SmtpNotifier(
        to=to,
        from_email=sender,
        subject=message.subject.replace("{", "("),
        html_content=f'<p>{body}</p><p><a href="{link}">{link}</a></p>',
        smtp_conn_id=SMTP_CONNECTION,
    )


def _sender() -> str | None:
    """Who mails come from; None where no mail can be sent."""
    try:
        connection = Connection.get(SMTP_CONNECTION)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None
    return str(connection.extra_dejson.get("from_email") or connection.login or "") or None


def _named(said: str, message: Message) -> BaseNotifier:
    """The notifier that the variable describes: ``notifier`` is its class, the rest its arguments."""
    try:
        wish = json.loads(said)
        kind = pkgutil.resolve_name(wish.pop("notifier"))
        if not issubclass(kind, BaseNotifier):
            raise TypeError
    except (ValueError, KeyError, ImportError, AttributeError, TypeError):
        raise ConfigurationError(
            f"Airflow variable {NOTIFY_VARIABLE} names no notifier; valid: addresses with commas between, or "
            '{"notifier": "<module>.<class of a notifier>", "<argument>": "... {subject} ... {text} ... {link} ..."}.'
        ) from None
    parts = {"subject": message.subject, "text": message.text, "link": message.link}
    made: BaseNotifier = kind(**{name: _filled(value, parts) for name, value in wish.items()})
    return made


def _filled(value: Any, parts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in parts.items():
            value = value.replace("{" + name + "}", text)
    return value
